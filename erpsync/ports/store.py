"""The store's side of a sync. Bulk methods answer per record: a returned error concerns that record alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.pages import Page, Since
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
)
from erpsync.ports.subscriptions import Subscriptions
from erpsync.ports.webhooks import Change


class StoreChanges(Protocol):
    """What changed in the store, in pages of up to 250 records from a watermark on (see `ports.pages`).

    A method whose StoreAbility is in `Capabilities.missing` raises Rejected with that sentence.
    """

    def orders_changed(self, since: Since) -> Page[Change]:
        """Orders whose state may have changed: never `carries_state`, for the flow reads them in bulk. What the store's
        webhooks failed to tell is found here."""
        ...

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        """Orders placed from `start` on and before `end`, for backfills; the watermark says nothing."""
        ...

    def customers_changed(self, since: Since) -> Page[StoreCustomer]: ...

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        """Variants with their prices and what each location has of them."""
        ...


class Store(StoreChanges, Subscriptions, Protocol):
    """A store as the flows see it. Methods block; all may raise Transient errors.

    A method whose StoreAbility is in `Capabilities.missing` raises Rejected with that sentence.
    """

    def ping(self) -> None:
        """The cheapest authenticated read. Returns when the store answers."""
        ...

    def check(self) -> Sequence[Check]:
        """Reachability, credentials, permissions, webhooks and clock skew, a `Check` each. Raises nothing that a remote
        can cause."""
        ...

    def order_from_event(self, body: bytes) -> Order:
        """The order that a verified webhook's raw body carries. Pure. Raises Rejected naming the field it could not read.
        Called only for changes that say `carries_state`."""
        ...

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        """The latest state of each order. An order that no longer exists is a Skip."""
        ...

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        """What was paid and refunded of each order so far."""
        ...

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        """Writes the ERP's id and number on each order, where the store's users see it. Writing twice is harmless."""
        ...

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        """Shows the store's users which orders wait for a person, by a tag or a note, and takes it away again. Other tags
        and notes stay as they are; marking twice is harmless."""
        ...

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        """Makes each shipment known, with its tracking, and tells the buyer where `notify` says so. Never a second one for
        a reference, and never a second message to the buyer."""
        ...

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        """Sets stock in the store's bulk call, by SKU and location; compares first where the store can
        (`Capabilities.compares_stock`)."""
        ...

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        """Makes and changes products with their variants, by the ERP's id of the product.

        One that is to be made is looked up by its SKUs first: the product that has them is changed instead, so that a lost
        reply makes no second; SKUs found in several products are Rejected, naming them. A product that is not active is
        hidden from buyers, never deleted; variants that the draft does not name stay as they are.
        """
        ...

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        """Sets base prices. A promotion that the store has set is never changed, ended or hidden by it."""
        ...
