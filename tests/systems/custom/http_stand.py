"""The simulated shop, served, with adapters and faults for tests."""

from dataclasses import dataclass
from typing import Any

from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import Served
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.simulator import CustomShop


@dataclass
class Stand:
    shop: CustomShop
    served: Served
    tools: Tools

    def open(self, **changes: object) -> HttpStore:
        return HttpStore(CustomSettings.model_validate({**self.served.settings, **changes}), self.tools)

    def fault(self, kind: FaultKind, operation: str, **more: Any) -> Fault:
        return self.served.faulty.add(Fault(kind, operation, **more))
