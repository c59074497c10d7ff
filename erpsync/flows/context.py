"""What a flow works with: both ends of a route, the ledger, and the route's rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import ConnectionName, TargetId
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Clock
from erpsync.ports.spec import Capabilities
from erpsync.ports.store import Store


@dataclass(frozen=True)
class OrderRules:
    """How a route treats the orders that are not plain: see `[[routes]]` in the README."""

    send_test_orders: bool = False
    guest_customer: TargetId | None = None
    """The ERP's customer for orders that name neither a customer nor an e-mail address, such as till sales."""


@dataclass(frozen=True)
class FlowContext:
    """One route at work. `store` and `erp` block on the network and are never called inside a transaction."""

    database: Engine
    clock: Clock
    source: ConnectionName
    target: ConnectionName
    store: Store
    erp: Erp
    erp_title: str
    capabilities: Capabilities
    rules: OrderRules

    @contextmanager
    def calling(self, connection: ConnectionName) -> Iterator[None]:
        """Marks errors raised inside with the connection in use, so that the right breaker hears of them."""
        try:
            yield
        except SyncError as error:
            error.connection = error.connection or connection
            raise
