"""How a system presents itself to the rest: one SPEC a folder, found by the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks


class Role(StrEnum):
    STORE = "store"
    ERP = "erp"


@dataclass(frozen=True)
class Capabilities:
    """What a system can do, read by flows and `doctor` alike; never an `if name ==` elsewhere.

    `order_batch`: orders that one call may carry. `unique_references`: the remote itself refuses a second record with
    our reference, so that writing again after a lost reply is harmless. `settle_seconds`: where it does not, how long
    the remote may still be at work on a request whose reply was lost.
    """

    order_batch: int = 1
    unique_references: bool = False
    settle_seconds: float = 0.0


@dataclass(frozen=True)
class SystemSpec:
    """A system as the registry knows it. Importing it imports no driver: the factories do, when they are called.

    `settings` is a frozen pydantic model; fields of type SecretStr are accepted only as references to the environment
    or to a file. `open_store`, `open_erp`: the adapter for one connection, by role.
    """

    name: str
    title: str
    role: Role
    settings: type[BaseModel]
    capabilities: Capabilities
    open_store: Callable[[ConnectionName, Any, Tools], Store] | None = None
    open_erp: Callable[[ConnectionName, Any, Tools], Erp] | None = None
    open_webhooks: Callable[[ConnectionName, Any], Webhooks] | None = None
    open_simulator: Callable[[], Simulator] | None = None
