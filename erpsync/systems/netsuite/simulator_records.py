"""The simulated account's records as it keeps them, and the lists that every account has. No protocol is known here."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

Values: TypeAlias = dict[str, Any]
"""What was written of a record, by SuiteTalk's field names. References are {"internalId": ...}, amounts Decimal."""

SUBSIDIARIES = {"1": "Parent Company"}
LOCATIONS = {"1": "Main Warehouse", "2": "Second Warehouse"}
CURRENCIES = {"1": "EUR", "2": "USD", "3": "GBP"}
TAX_CODES = {"5": "0 %", "6": "19 %", "7": "7 %"}
TAX_RATES = {"5": Decimal(0), "6": Decimal("0.19"), "7": Decimal("0.07")}
PRICE_LEVELS = {"1": "Base Price", "2": "Wholesale", "5": "Online Price"}
PAYMENT_METHODS = {"1": "Cash", "5": "Card"}
CATEGORIES = {"1": "Retail", "2": "Wholesale"}
ACCOUNTS = {"10": "Checking"}
SHIP_METHODS = {"3": "Standard", "4": "Express"}
CUSTOM_FIELDS = {
    "transactionBodyCustomField": ("custbody_gift_note", "custbody_vip", "custbody_channel", "custbody_payment"),
    "transactionColumnCustomField": ("custcol_engraving",),
    "entityCustomField": ("custentity_loyalty", "custentity_vip"),
}

GOODS = frozenset({"InventoryItem", "NonInventorySaleItem", "KitItem", "AssemblyItem"})
"""Kinds of items that are fulfilled."""
STOCKED = frozenset({"InventoryItem", "AssemblyItem"})
"""Kinds of items that locations hold."""


@dataclass
class Stock:
    """What a location holds of an item. `promised` is what orders ask for; as much of it as is there is committed."""

    on_hand: Decimal = Decimal(0)
    promised: Decimal = Decimal(0)

    @property
    def committed(self) -> Decimal:
        return max(min(self.promised, self.on_hand), Decimal(0))


@dataclass
class Item:
    """An item that can be sold. `kind` is its record type in the schema; `prices` are steps of (from quantity, price) by
    price level and currency; `stock` is by location. `options` are a matrix child's values by the option's script id,
    `members` a kit's components, (item id, quantity)."""

    internal_id: str
    sku: str
    kind: str
    modified_at: datetime
    stock_changed_at: datetime
    external_id: str | None = None
    title: str = ""
    description: str = ""
    barcode: str = ""
    weight: Decimal | None = None
    weight_unit: str = "_kg"
    inactive: bool = False
    parent_id: str | None = None
    matrix: str = ""
    options: dict[str, str] = field(default_factory=dict)
    prices: dict[tuple[str, str], list[tuple[Decimal, Decimal]]] = field(default_factory=dict)
    stock: dict[str, Stock] = field(default_factory=dict)
    members: list[tuple[str, Decimal]] = field(default_factory=list)

    @property
    def price(self) -> Decimal:
        """The base price of one, in EUR."""
        steps = self.prices.get(("1", "1"))
        return steps[0][1] if steps else Decimal(0)


@dataclass
class Customer:
    internal_id: str
    external_id: str | None
    values: Values
    modified_at: datetime


@dataclass
class Line:
    """A line of a transaction. `line` is the key that NetSuite gives it and never changes."""

    line: int
    item: Item
    quantity: Decimal
    amount: Decimal
    rate: Decimal | None = None
    tax: Decimal = Decimal(0)
    tax_code: str | None = None
    description: str | None = None
    closed: bool = False
    fulfilled: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)
    custom: Values = field(default_factory=dict)

    @property
    def is_goods(self) -> bool:
        return self.item.kind in GOODS

    @property
    def undelivered(self) -> Decimal:
        return Decimal(0) if self.closed or not self.is_goods else max(self.quantity - self.fulfilled, Decimal(0))


@dataclass
class Transaction:
    """A sales order, credit memo or return authorization. `kind` is "salesOrder", "creditMemo" or
    "returnAuthorization"; `status` that of a sales order. `added_tax` is what the account charged by itself."""

    kind: str
    internal_id: str
    external_id: str | None
    number: str
    created_at: datetime
    modified_at: datetime
    status: str = ""
    values: Values = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    added_tax: Decimal = Decimal(0)

    @property
    def subtotal(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), self.added_tax)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax + (self.values.get("shippingCost") or Decimal(0))


@dataclass
class Deposit:
    """A customer deposit."""

    internal_id: str
    external_id: str | None
    number: str
    created_at: datetime
    modified_at: datetime
    values: Values


@dataclass
class Package:
    tracking: str
    description: str = ""


@dataclass
class Fulfilment:
    """An item fulfilment of a sales order; `lines` are (order line, item, quantity). `status` is _picked, _packed or
    _shipped."""

    internal_id: str
    number: str
    order_id: str
    created_at: datetime
    modified_at: datetime
    lines: list[tuple[int, Item, Decimal]]
    packages: list[Package]
    carrier: str = ""
    status: str = "_shipped"


@dataclass
class Invoice:
    internal_id: str
    number: str
    order_id: str
    created_at: datetime
    modified_at: datetime
    total: Decimal
    currency_id: str


@dataclass(frozen=True)
class Deleted:
    """What is left of a deleted record."""

    kind: str
    internal_id: str
    external_id: str | None
    name: str
    deleted_at: datetime
