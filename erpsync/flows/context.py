"""What a flow works with: both ends of a route, the ledger, and the route's rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import ConnectionName, Sku, TargetId
from erpsync.domain.money import Money
from erpsync.flows.price_rules import PriceRules
from erpsync.flows.stock_rules import StockRules
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Clock
from erpsync.ports.spec import Capabilities
from erpsync.ports.stock_cache import NoCache, StockCache
from erpsync.ports.store import Store
from erpsync.ports.store_records import ProductField

_PLAIN_PRICES = PriceRules()
_PLAIN_STOCK = StockRules()
_NO_CACHE = NoCache()
# A store that rounds tax by line and states it by order is off by half a cent a line at most.
ROUNDING_TOLERANCE = 5
# What a thing is called, is, and weighs is the ERP's to say. How a shop presents it is the work of those who sell: an ERP
# seldom knows more of it than a code, and would wipe out what took them months.
PRODUCT_FIELDS = frozenset(
    {ProductField.TITLE, ProductField.OPTIONS, ProductField.BARCODE, ProductField.WEIGHT, ProductField.STATUS}
)


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
class ProductRules:
    """How a route treats products: see `[[routes]]` in the README."""

    fields: frozenset[ProductField] = PRODUCT_FIELDS
    """Those that the ERP owns of products that the store has already."""
    create: bool = True
    """Whether products and variants are made that the store does not have."""
    create_where: str = ""
    """Of which products: a condition in the words of `erpsync.mapping`."""


@dataclass(frozen=True)
class CustomerRules:
    """How a route treats the accounts that people have with the store: see `[[routes]]` in the README."""

    everyone: bool = False
    """Whether those are sent who have not ordered yet."""
    currency: str = ""
    """What customers are made with whom no order has made: an account has no currency of its own."""


def _no_store(name: ConnectionName) -> Store:
    raise KeyError(f"{name} is not configured")


def _no_prices(_: Sequence[Sku]) -> Mapping[Sku, Money]:
    return {}


@dataclass(frozen=True)
class FlowContext:
    """One route at work. `store` and `erp` block on the network and are never called inside a transaction.

    `settle_seconds`: how long the ERP may be at work on a request whose reply was lost; `reservation_seconds`: after
    which nothing that a worker has begun can still be under way, should it die now. `stores`, for polls: those of all
    routes that take the flow from the same source, which is asked once for all of them. `prices` are the base prices, as
    the store shall have them, that are known of these SKUs; `store_of` gives another store that is configured, or
    raises KeyError. `price_rules`, `stock` and `stock_cache` are for the flows of
    those names.
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
    stores: tuple[ConnectionName, ...] = ()
    product_rules: ProductRules = ProductRules()
    customer_rules: CustomerRules = CustomerRules()
    prices: Callable[[Sequence[Sku]], Mapping[Sku, Money]] = _no_prices
    price_rules: PriceRules = _PLAIN_PRICES
    store_of: Callable[[ConnectionName], Store] = _no_store
    stock: StockRules = _PLAIN_STOCK
    stock_cache: StockCache = _NO_CACHE

    @contextmanager
    def calling(self, connection: ConnectionName) -> Iterator[None]:
        """Marks errors raised inside with the connection in use, so that the right breaker hears of them."""
        try:
            yield
        except SyncError as error:
            error.connection = error.connection or connection
            raise
