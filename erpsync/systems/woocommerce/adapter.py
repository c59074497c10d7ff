"""A WooCommerce shop, as the flows see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import simplejson

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
from erpsync.systems.woocommerce import checks
from erpsync.systems.woocommerce.catalogue import Catalogue
from erpsync.systems.woocommerce.changes import Changes
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.mapper import read_order, unreadable
from erpsync.systems.woocommerce.orders import OrderReader
from erpsync.systems.woocommerce.products import Products
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.systems.woocommerce.shipments import Shipments
from erpsync.systems.woocommerce.subscriptions import Subscriptions


class WooCommerceStore:
    """The Store port. Not shared between threads or processes."""

    def __init__(self, settings: WooCommerceSettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._client = WooCommerceClient(settings, tools)
        self._orders = OrderReader(self._client, settings)
        self._catalogue = Catalogue(self._client, settings, tools.clock)
        self._products = Products(self._client, settings.meta_prefix, self._catalogue.currency)
        self._changes = Changes(self._client, self._catalogue, settings.page_size)
        self._shipments = Shipments(self._client, self._orders, settings, tools.clock)
        self._subscriptions = Subscriptions(self._client, settings)

    def ping(self) -> None:
        self._client.clock()

    def check(self) -> Sequence[Check]:
        return checks.inspect(self._client, self._subscriptions, self._settings, self._clock)

    def order_from_event(self, body: bytes) -> Order:
        """See the port. Webhooks of this store never say that they carry the order's state."""
        try:
            payload = simplejson.loads(body, use_decimal=True)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise unreadable("order", "of the body", "is not JSON")
        return read_order(payload, self._settings)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return self._orders.read(source_ids)

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        return self._orders.money(source_ids)

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        """Two custom fields on the order: the number that the ERP's users know, and its id."""
        prefix = self._settings.meta_prefix
        return self._orders.write_meta(
            {
                note.source_id: {
                    f"{prefix}_{note.erp}_order": note.display,
                    f"{prefix}_{note.erp}_order_id": note.target_id,
                }
                for note in notes
            }
        )

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        """A custom field with the problem's code, taken away again with the problem."""
        key = f"{self._settings.meta_prefix}_hold"
        return self._orders.write_meta({mark.source_id: {key: mark.code or None} for mark in marks})

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        return self._shipments.fulfil(drafts)

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        return self._catalogue.set_stock(changes)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        return self._products.put(drafts)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        return self._catalogue.set_base_prices(changes)

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._changes.orders(since)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        return self._changes.orders_between(start, end, cursor)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        return self._changes.customers(since)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        return self._changes.variants(since)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        return self._subscriptions.now(address)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        return self._subscriptions.make(address)
