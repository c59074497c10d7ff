"""What a flow works with: both ends of a route, the ledger, and the route's rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import ConnectionName, Sku, TargetId
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Clock
from erpsync.ports.spec import Capabilities
from erpsync.ports.store import Store

# A store that rounds tax by line and states it by order is off by half a cent a line at most.
ROUNDING_TOLERANCE = 5


@dataclass(frozen=True)
class OrderRules:
    """How a route treats the orders that are not plain: see `[[routes]]` in the README."""

    send_test_orders: bool = False
    guest_customer: TargetId | None = None
    """The ERP's customer for orders that name neither a customer nor an e-mail address, such as till sales."""
    send_closed_orders: bool = True
    """Whether an order is sent that the store had closed before the ERP ever saw it."""
    orders_from: datetime | None = None
    """Orders placed before are not sent, though they be edited; those that the ERP has are kept up to date."""
    currencies: tuple[str, ...] = ()
    """Orders in other currencies are not sent; empty: the ERP's connection decides."""
    product_gone_sku: Sku = Sku("")  # noqa: RUF009 - a NewType of text
    """The SKU that stands for lines whose product the store has deleted, and which have none any more."""
    notify_buyers: bool = True
    """Whether the store tells buyers of shipments."""
    rounding_tolerance: int = ROUNDING_TOLERANCE
    """By how many minor units (cents) an order's parts may differ from its total and be sent all the same, the
    difference booked as rounding."""


@dataclass(frozen=True)
class FlowContext:
    """One route at work. `store` and `erp` block on the network and are never called inside a transaction.

    `settle_seconds`: how long the ERP may be at work on a request whose reply was lost; `reservation_seconds`: after
    which nothing that a worker has begun can still be under way, should it die now.
    """

    database: Engine
    clock: Clock
    source: ConnectionName
    target: ConnectionName
    store: Store
    erp: Erp
    erp_title: str
    capabilities: Capabilities
    store_capabilities: Capabilities
    settle_seconds: float
    reservation_seconds: float
    rules: OrderRules

    @contextmanager
    def calling(self, connection: ConnectionName) -> Iterator[None]:
        """Marks errors raised inside with the connection in use, so that the right breaker hears of them."""
        try:
            yield
        except SyncError as error:
            error.connection = error.connection or connection
            raise
