"""Which flow a word in `[[routes]] flows = [...]` means, and which way it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from erpsync.flows import catalogue, customer_sync, fulfilments, prices, products, stock
from erpsync.flows.context import FlowContext
from erpsync.flows.customer_sync import CustomerFlow
from erpsync.flows.fulfilments import FulfilmentFlow
from erpsync.flows.orders import OrderFlow
from erpsync.flows.prices import PriceFlow
from erpsync.flows.products import ProductFlow
from erpsync.flows.stock import StockFlow
from erpsync.ports.flow import Flow
from erpsync.ports.pages import Page, Since
from erpsync.ports.spec import Ability, StoreAbility
from erpsync.ports.webhooks import Change


@dataclass(frozen=True)
class Kind:
    """A flow. `backwards`: from the route's target to its source. `changes` is what a poll reads; `full_every` how often it
    reads everything; `reads_catalogue`: the store's catalogue is polled for it. What it needs of either end is checked when
    the configuration is loaded."""

    build: Callable[[FlowContext], Flow]
    changes: Callable[[FlowContext, Since], Page[Change]]
    backwards: bool = False
    full_every: timedelta | None = None
    reads_catalogue: bool = False
    needs_of_erp: tuple[Ability, ...] = ()
    needs_of_store: tuple[StoreAbility, ...] = ()


def _orders_changed(context: FlowContext, since: Since) -> Page[Change]:
    with context.calling(context.source):
        return context.store.orders_changed(since)


KINDS = {
    "orders": Kind(OrderFlow, _orders_changed),
    customer_sync.FLOW: Kind(CustomerFlow, customer_sync.changes, needs_of_store=(StoreAbility.CUSTOMERS_CHANGED,)),
    fulfilments.FLOW: Kind(
        FulfilmentFlow,
        fulfilments.changes,
        backwards=True,
        needs_of_erp=(Ability.PROGRESS,),
        needs_of_store=(StoreAbility.FULFIL,),
    ),
    products.FLOW: Kind(
        ProductFlow,
        products.changes,
        backwards=True,
        reads_catalogue=True,
        needs_of_erp=(Ability.PRODUCTS_CHANGED,),
        needs_of_store=(StoreAbility.PRODUCTS,),
    ),
    stock.FLOW: Kind(
        StockFlow,
        stock.changes,
        backwards=True,
        reads_catalogue=True,
        full_every=timedelta(days=1),
        needs_of_erp=(Ability.STOCK_LEVELS,),
        needs_of_store=(StoreAbility.VARIANTS, StoreAbility.STOCK),
    ),
    prices.FLOW: Kind(
        PriceFlow,
        prices.changes,
        backwards=True,
        reads_catalogue=True,
        full_every=timedelta(days=1),
        needs_of_erp=(Ability.PRICES_CHANGED,),
        needs_of_store=(StoreAbility.VARIANTS, StoreAbility.BASE_PRICES),
    ),
}
FLOWS = tuple(KINDS)


def changes(name: str, context: FlowContext, since: Since) -> Page[Change]:
    """What a poll reads for a flow, or of the store's catalogue. Raises KeyError for a name that is neither."""
    return catalogue.changes(context, since) if name == catalogue.NAME else KINDS[name].changes(context, since)


def full_every(name: str) -> timedelta | None:
    """How often a poll reads everything; None for only once."""
    return timedelta(days=1) if name == catalogue.NAME else KINDS[name].full_every


def build(name: str, context: FlowContext) -> Flow:
    """The flow of that name. Raises KeyError for a name that is not in FLOWS."""
    return KINDS[name].build(context)
