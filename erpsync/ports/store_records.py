"""What crosses a store's port besides orders: what it tells of its catalogue, and what is set in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from erpsync.domain.errors import SyncError
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.parties import Address, Customer
from erpsync.domain.payments import Payment, Refund
from erpsync.domain.products import Product


@dataclass(frozen=True)
class OrderNote:
    """What is written back on a store's order once the ERP has it."""

    source_id: SourceId
    erp: str
    target_id: TargetId
    display: str


@dataclass(frozen=True)
class OrderMark:
    """Whether an order waits for a person, for the store's users to see. `code` is the problem's, empty where none is."""

    source_id: SourceId
    code: str


@dataclass(frozen=True)
class OrderMoney:
    """What came in for an order and what went back."""

    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()


@dataclass(frozen=True)
class StoreCustomer:
    """A customer as the store has it, with the addresses it has by default."""

    customer: Customer
    billing: Address | None
    shipping: Address | None
    changed_at: datetime


@dataclass(frozen=True)
class StorePrice:
    """What a variant costs: `base` without any promotion, `promotion` what the buyer pays where one is set, whether it is
    running by the store's clock or not. A time that is None has no end on that side."""

    base: Money
    promotion: Money | None = None
    promotion_from: datetime | None = None
    promotion_until: datetime | None = None


@dataclass(frozen=True)
class StoreVariant:
    """One thing with a SKU in the store. `tracked` says that the store counts its stock; `stock` is by location."""

    sku: Sku
    id: SourceId
    product_id: SourceId
    title: str
    price: StorePrice
    tracked: bool
    active: bool
    stock: Mapping[str, int] = field(default_factory=dict)
    changed_at: datetime | None = None


@dataclass(frozen=True)
class StockChange:
    """What a location shall have of a SKU. `was` is what we believe it has: if it has anything else, nothing is changed and
    the answer is Stale. A store that cannot compare by itself is read just before. None: set in any case."""

    sku: Sku
    location: str
    quantity: int
    was: int | None = None


@dataclass(frozen=True)
class Stale:
    """A refused comparison: the store has `actual`, None where it does not tell. Nothing was changed."""

    actual: int | None


StockAnswer: TypeAlias = Stale | SyncError | None
"""None: it is set."""


@dataclass(frozen=True)
class PriceChange:
    """The base price that a SKU shall have in the store's own currency, or in a price list."""

    sku: Sku
    price: Money
    price_list: str = ""


@dataclass(frozen=True)
class Staged:
    """The base price was not set, for the store cannot hold it beside the promotion that runs. Try again at `until`; None
    where the promotion has no end."""

    until: datetime | None


PriceAnswer: TypeAlias = Staged | SyncError | None
"""None: it is set, and no promotion was touched."""


class ProductField(StrEnum):
    """What an ERP may own of a product that the store has already; prices and stock are never among it."""

    TITLE = "title"
    DESCRIPTION = "description"
    OPTIONS = "options"
    BARCODE = "barcode"
    WEIGHT = "weight"
    IMAGES = "images"
    CATEGORIES = "categories"
    STATUS = "status"


@dataclass(frozen=True)
class ProductDraft:
    """A product as the store shall have it.

    `id` is the store's product and `variants` are its variants by SKU, where they are known; the rest is to be made.
    `fields` are those that the ERP owns: others are set when a thing is made, and left alone from then on. What is empty in
    the product wipes nothing. `prices` are base prices for variants that are made; one that is there keeps its own.
    """

    product: Product
    id: SourceId | None = None
    variants: Mapping[Sku, SourceId] = field(default_factory=dict)
    prices: Mapping[Sku, Money] = field(default_factory=dict)
    fields: frozenset[ProductField] = frozenset(ProductField)


@dataclass(frozen=True)
class StoreProduct:
    """A product as the store has it now, with its variants by SKU. `notes` say what the store could not hold."""

    id: SourceId
    variants: Mapping[Sku, SourceId]
    notes: tuple[str, ...] = ()


ProductAnswer: TypeAlias = StoreProduct | SyncError


@dataclass(frozen=True)
class FulfilledLine:
    """How much of an order line is in a shipment. `line_source_id` is the line in the store, None where unknown."""

    line_source_id: SourceId | None
    sku: Sku
    quantity: Decimal


@dataclass(frozen=True)
class FulfilmentDraft:
    """A shipment to be made known in the store. `reference` is ours, stable and unique per ERP shipment."""

    reference: str
    order_id: SourceId
    lines: tuple[FulfilledLine, ...]
    parcels: tuple[Parcel, ...]
    notify: bool
    location: str = ""


@dataclass(frozen=True)
class StoreRef:
    """A record in the store."""

    source_id: SourceId
    display: str


StoreWritten: TypeAlias = StoreRef | SyncError


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    EXPIRING = "expiring"
    """It delivers, and ends by itself unless it is renewed soon."""
    DISABLED = "disabled"
    """The store has switched it off, after failures or by a person."""
    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    """It is there and delivers to another address."""


@dataclass(frozen=True)
class Subscription:
    """One topic that erpsync needs to hear of, and how the remote has it."""

    topic: str
    address: str
    state: SubscriptionState
    detail: str = ""

    @property
    def delivers(self) -> bool:
        return self.state in (SubscriptionState.ACTIVE, SubscriptionState.EXPIRING)
