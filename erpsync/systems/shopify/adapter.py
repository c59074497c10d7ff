"""A Shopify store, as the flows see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from erpsync.domain.errors import SyncError
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
from erpsync.systems.shopify import checks
from erpsync.systems.shopify.bodies import read_object
from erpsync.systems.shopify.catalogue import VariantChanges
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.customers import CustomerChanges
from erpsync.systems.shopify.lists import ListReader
from erpsync.systems.shopify.mapper import read_order
from erpsync.systems.shopify.nodes import NodeReader
from erpsync.systems.shopify.notes import OrderNotes
from erpsync.systems.shopify.order_changes import OrderChanges
from erpsync.systems.shopify.order_reads import OrderReader
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.prices import PriceWriter
from erpsync.systems.shopify.products import ProductWriter
from erpsync.systems.shopify.reach import Reach
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.shipments import Shipments
from erpsync.systems.shopify.skus import Skus
from erpsync.systems.shopify.stock import StockWriter
from erpsync.systems.shopify.subscriptions import Subscriptions


class ShopifyStore:
    """The Store port. Not shared between threads or processes."""

    def __init__(self, settings: ShopifySettings, tools: Tools) -> None:
        self._settings = settings
        self._client = client = ShopifyClient(settings, tools)
        lists = ListReader(client)
        self._places = places = Places(lists)
        skus, reach = Skus(lists), Reach(client)
        self._orders = OrderReader(NodeReader(client, settings.currency), reach, settings.currency)
        self._changes = OrderChanges(lists, reach, settings.page_size)
        self._customers = CustomerChanges(lists, settings.page_size)
        self._variants = VariantChanges(lists, places, settings, tools.pause)
        self._subscriptions = Subscriptions(lists, settings)
        self._notes = OrderNotes(client, reach, settings)
        self._shipments = Shipments(lists, reach, settings.write_back_namespace)
        self._stock = StockWriter(client, skus, places, tools.nonce, activate=settings.activate_stock)
        self._prices = PriceWriter(lists, skus, places)
        self._products = ProductWriter(lists, skus, places, settings, tools.pause)

    def ping(self) -> None:
        self._client.call("Ping")

    def check(self) -> Sequence[Check]:
        return checks.inspect(self._client, self._subscriptions, self._places, self._settings)

    def order_from_event(self, body: bytes) -> Order:
        return read_order(read_object(body), self._settings.currency)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return self._orders.orders(source_ids)

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        return self._orders.money(source_ids)

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        return self._notes.write_back(notes)

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        return self._notes.mark(marks)

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        return self._shipments.make(drafts)

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        return self._stock.put(changes)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        return self._products.put(drafts)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        return self._prices.put(changes)

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._changes.changed(since)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        return self._changes.between(start, end, cursor)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        return self._customers.changed(since)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        return self._variants.changed(since)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        return self._subscriptions.at(address)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        return self._subscriptions.subscribe(address)
