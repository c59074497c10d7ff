"""A simulated shop being served, and adapters for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.woocommerce.adapter import WooCommerceStore
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator


@dataclass(frozen=True)
class Stand:
    shop: WooCommerceSimulator
    faulty: FaultySimulator
    values: dict[str, Any]
    tools: Tools

    def settings(self, **changes: object) -> WooCommerceSettings:
        return WooCommerceSettings.model_validate({**self.values, **changes})

    def open(self, **changes: object) -> WooCommerceStore:
        return WooCommerceStore(self.settings(**changes), self.tools)

    def order(self, order_id: str, **changes: object) -> Order:
        answer = self.answer(order_id, **changes)
        assert isinstance(answer, Order), answer
        return answer

    def answer(self, order_id: str, **changes: object) -> Order | SyncError:
        return self.open(**changes).read_orders([SourceId(order_id)])[SourceId(order_id)]

    def fault(self, kind: FaultKind, operation: str, **more: Any) -> Fault:
        escaped = operation.replace("{id}", r"\{id\}")
        return self.faulty.add(Fault(kind, escaped, **more))

    def calls(self, operation: str) -> int:
        return self.faulty.operations.get(operation, 0)


@contextmanager
def stand(tools: Tools, simulator: WooCommerceSimulator | None = None, **options: object) -> Iterator[Stand]:
    """`options` are the simulator's, where none is given."""
    simulator = simulator or WooCommerceSimulator(**options)  # type: ignore[arg-type]
    with serve({"shop": simulator}) as served:
        values = {**served["shop"].settings, "settle_seconds": 1, "requests_per_second": 1000}
        yield Stand(simulator, served["shop"].faulty, values, tools)
