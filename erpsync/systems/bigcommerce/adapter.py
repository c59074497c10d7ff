"""A BigCommerce store, as the flows see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import (
    FulfilmentDraft,
    OrderMark,
    OrderMoney,
    OrderNote,
    PriceAnswer,
    PriceChange,
    ProductAnswer,
    ProductDraft,
    StockAnswer,
    StockChange,
    StoreCustomer,
    StoreVariant,
    StoreWritten,
    Subscription,
)
from erpsync.ports.webhooks import Change
from erpsync.systems.bigcommerce import checks
from erpsync.systems.bigcommerce.catalogue import Catalogue
from erpsync.systems.bigcommerce.changes import Changes
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.hooks import Hooks
from erpsync.systems.bigcommerce.order_notes import OrderNotes
from erpsync.systems.bigcommerce.orders import OrderReader
from erpsync.systems.bigcommerce.prices import Prices
from erpsync.systems.bigcommerce.products import Products
from erpsync.systems.bigcommerce.refusals import SYSTEM
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.shipments import Shipments
from erpsync.systems.bigcommerce.stock import Stock


class BigCommerceStore:
    """The Store port: each method is a part's. Not shared between threads or processes."""

    def __init__(self, settings: BigCommerceSettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._client = BigCommerceClient(settings, tools)
        self._catalogue = Catalogue(self._client)
        self._orders = OrderReader(self._client, settings)
        self._notes = OrderNotes(self._client, self._orders, settings)
        self._changes = Changes(self._client, self._catalogue, settings)
        self._hooks = Hooks(self._client, settings)

    def ping(self) -> None:
        checks.ping(self._client)

    def check(self) -> Sequence[Check]:
        return checks.inspect(self._client, self._catalogue, self._hooks, self._settings, self._clock)

    def order_from_event(self, body: bytes) -> Order:  # noqa: ARG002 - no delivery carries an order
        raise Rejected(
            "event-without-order",
            system=SYSTEM,
            what="A delivery of BigCommerce's carries no order.",
            next_step="Discard this: the order is read from the store.",
        )

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return self._orders.read(source_ids)

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        return self._orders.read_money(source_ids)

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        return self._notes.write_back(notes)

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        return self._notes.mark(marks)

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        return Shipments(self._client, self._orders, self._settings).fulfil(drafts)

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        return Stock(self._client, self._catalogue).set(changes)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        return Products(self._client, self._catalogue).put(drafts)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        return Prices(self._client, self._catalogue).set(changes)

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._changes.orders(since)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        return self._changes.orders_between(start, end, cursor)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        return self._changes.customers(since)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        return self._changes.variants(since)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        return self._hooks.subscriptions(address)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        return self._hooks.subscribe(address)
