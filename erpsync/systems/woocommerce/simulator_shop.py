"""What the simulated shop holds: products, orders, customers, webhooks. Not thread-safe by itself."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal(0)
RATE_ID = 1
UNCATEGORIZED = 15


@dataclass
class Attribute:
    """Of a product with all its `options`, of a variation with its one. `id` is that of an attribute of the whole shop, 0:
    the product's own."""

    id: int
    name: str
    options: list[str]
    position: int = 0
    visible: bool = False
    variation: bool = False


@dataclass
class Product:
    """A simple product, one with variations (`type` "variable"), or a variation of `parent_id`. `images` are ids of
    attachments."""

    id: int
    sku: str
    name: str
    modified_at: datetime
    created_at: datetime
    type: str = "simple"
    parent_id: int = 0
    status: str = "publish"
    regular_price: str = ""
    sale_price: str = ""
    sale_from: datetime | None = None
    sale_to: datetime | None = None
    manage_stock: bool | str = True
    stock: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    description: str = ""
    weight: str = ""
    gtin: str = ""
    categories: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    meta: list[dict[str, Any]] = field(default_factory=list)

    def in_stock(self) -> bool:
        return (self.stock or 0) > 0 if self.manage_stock is True else self.stock_status == "instock"


@dataclass
class Category:
    id: int
    name: str
    parent: int = 0


@dataclass
class Line:
    """Amounts without tax and unrounded. `product` is None where it was deleted."""

    id: int
    product_id: int
    variation_id: int
    sku: str
    name: str
    quantity: int
    subtotal: Decimal
    total: Decimal
    taxed: bool = True


@dataclass
class Charge:
    """A shipping line or a fee. Fees may be below zero."""

    id: int
    name: str
    method: str
    total: Decimal
    taxed: bool = True


@dataclass
class Refund:
    """`quantities` by line; amounts positive here."""

    id: int
    created_at: datetime
    amount: Decimal
    lines: dict[int, tuple[int, Decimal, Decimal]]
    reason: str = ""


@dataclass
class Order:
    id: int
    created_at: datetime
    modified_at: datetime
    status: str
    lines: list[Line]
    shipping: list[Charge]
    fees: list[Charge]
    billing: dict[str, str]
    customer_id: int = 0
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    payment_method: str = "bacs"
    note: str = ""
    currency: str = "EUR"
    prices_include_tax: bool = False
    round_at_subtotal: bool = False
    rate: Decimal = Decimal("0.19")
    refunds: list[Refund] = field(default_factory=list)
    meta: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    gift_cards: list[Decimal] = field(default_factory=list)

    def tax_of(self, amount: Decimal, taxed: bool) -> Decimal:
        return amount * self.rate if taxed else ZERO

    @property
    def cart_tax(self) -> Decimal:
        lines = [(line.total, line.taxed) for line in self.lines]
        return self._sum(lines + [(fee.total, fee.taxed) for fee in self.fees])

    @property
    def shipping_tax(self) -> Decimal:
        return self._sum([(line.total, line.taxed) for line in self.shipping])

    @property
    def total(self) -> Decimal:
        """What is left to pay: gift cards have paid their part."""
        goods = [line.total for line in self.lines] + [charge.total for charge in (*self.shipping, *self.fees)]
        whole = cents(sum(map(cents, goods), ZERO)) if not self.round_at_subtotal else cents(sum(goods, ZERO))
        return whole + self.cart_tax + self.shipping_tax - sum(self.gift_cards, ZERO)

    def _sum(self, amounts: Sequence[tuple[Decimal, bool]]) -> Decimal:
        taxes = [self.tax_of(amount, taxed) for amount, taxed in amounts]
        return cents(sum(taxes, ZERO)) if self.round_at_subtotal else sum(map(cents, taxes), ZERO)


@dataclass
class Customer:
    id: int
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    modified_at: datetime | None
    role: str = "customer"
    company: str = ""


@dataclass
class Webhook:
    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str
    created_at: datetime
    failures: int = 0


class Shop:
    """Times have whole seconds. `told` is called with what happened to which order."""

    def __init__(self, clock: Callable[[], datetime], told: Callable[[str, int], None]) -> None:
        self._clock = clock
        self._told = told
        self._ids = itertools.count(701)
        self.products: dict[int, Product] = {}
        self.categories: dict[int, Category] = {UNCATEGORIZED: Category(UNCATEGORIZED, "Uncategorized")}
        self.attributes: dict[int, str] = {6: "Material"}
        self.attachments: dict[int, str] = {}
        """The media library: the address that each image was fetched from."""
        self.orders: dict[int, Order] = {}
        self.customers: dict[int, Customer] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.currency = "EUR"
        self.prices_include_tax = False
        self.round_at_subtotal = False
        self.manage_stock = True
        self.weight_unit = "kg"
        self._fill()

    def now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def next_id(self) -> int:
        return next(self._ids)

    def by_sku(self, sku: str) -> Product:
        return next(product for product in self.products.values() if product.sku == sku)

    def variations(self, parent_id: int) -> list[Product]:
        return [product for product in self.products.values() if parent_id and product.parent_id == parent_id]

    def place(
        self,
        quantities: Mapping[str, int],
        *,
        email: str = "",
        at: datetime | None = None,
        status: str = "processing",
        **fields: Any,
    ) -> Order:
        """A new order. `fields` are those of Order."""
        at = at or self.now()
        order_id = self.next_id()
        order = Order(
            id=order_id,
            created_at=at,
            modified_at=at,
            status=status,
            lines=[],
            shipping=[Charge(self.next_id(), "Flat rate", "flat_rate", Decimal("4.90"))],
            fees=[],
            billing=_billing(email or f"buyer-{order_id}@example.com"),
            paid_at=at if status in ("processing", "completed") else None,
            currency=self.currency,
            prices_include_tax=self.prices_include_tax,
            round_at_subtotal=self.round_at_subtotal,
        )
        for name, value in fields.items():
            setattr(order, name, value)
        order.lines = [self.line(self.by_sku(sku), quantity, order) for sku, quantity in quantities.items()]
        self.orders[order_id] = order
        for sku, quantity in quantities.items():
            product = self.by_sku(sku)
            if product.manage_stock is True:
                # A sale moves the stock and leaves the product's time of change as it was.
                product.stock = (product.stock or 0) - quantity
        self._told("order.created", order_id)
        self._told("order.updated", order_id)
        return order

    def line(self, product: Product, quantity: int, order: Order) -> Line:
        price = Decimal(product.sale_price or product.regular_price)
        net = price / (1 + order.rate) if order.prices_include_tax else price
        parent = product.parent_id or product.id
        variation = product.id if product.parent_id else 0
        amount = net * quantity
        return Line(self.next_id(), parent, variation, product.sku, product.name, quantity, amount, amount)

    def edit(self, order: Order, quantities: Mapping[str, int]) -> None:
        for sku, quantity in quantities.items():
            found = next((line for line in order.lines if line.sku == sku), None)
            if found is None:
                order.lines.append(self.line(self.by_sku(sku), quantity, order))
            elif quantity == 0:
                order.lines.remove(found)
            else:
                found.subtotal, found.total = (
                    amount / found.quantity * quantity for amount in (found.subtotal, found.total)
                )
                found.quantity = quantity
        self.touch(order)

    def set_status(self, order: Order, status: str) -> None:
        if status == order.status:
            return
        order.status = status
        if status == "completed":
            order.completed_at = self.now()
        if status in ("processing", "completed") and order.paid_at is None:
            order.paid_at = self.now()

    def refund(self, order: Order, quantities: Mapping[str, int], extra: Decimal = ZERO, reason: str = "") -> Refund:
        """Gives back that much of each SKU with its tax, and `extra` besides. In full: the order is refunded."""
        lines: dict[int, tuple[int, Decimal, Decimal]] = {}
        for line in order.lines:
            quantity = quantities.get(line.sku, 0)
            if quantity:
                net = cents(line.total / line.quantity * quantity)
                lines[line.id] = (quantity, net, cents(order.tax_of(net, line.taxed)))
        amount = sum((net + tax for _, net, tax in lines.values()), extra)
        refund = Refund(self.next_id(), self.now(), amount, lines, reason)
        order.refunds.append(refund)
        if sum((each.amount for each in order.refunds), ZERO) >= order.total:
            order.status = "refunded"
        self.touch(order)
        return refund

    def touch(self, order: Order) -> None:
        """Every save does so, an empty one too, and a webhook follows."""
        order.modified_at = self.now()
        self._told("order.updated", order.id)

    def trash(self, order: Order, *, force: bool = False) -> None:
        order.status = "trash"
        order.modified_at = self.now()
        if force:
            del self.orders[order.id]
        self._told("order.deleted", order.id)

    def set_meta(self, record: Order | Product, key: str, value: Any) -> None:
        """By key: changed where it is there, taken away by None."""
        there = [meta for meta in record.meta if meta["key"] == key]
        if value is None:
            record.meta = [meta for meta in record.meta if meta["key"] != key]
        elif there:
            there[0]["value"] = value
        else:
            record.meta.append({"id": self.next_id(), "key": key, "value": value})

    def _fill(self) -> None:
        """SKU-0001 to SKU-0050, of which 5, 6 and 31 to 50 are variations; one whose stock is not counted (SKU-0060), and
        one whose parent's is (SKU-0061)."""
        parents = {numbers: self._product("", "T-shirt", "variable") for numbers in ((5, 7), (31, 41), (41, 51))}
        for number in range(1, 51):
            parent = next((one for (low, high), one in parents.items() if low <= number < high), None)
            self._sold(number, parent)
        self._sold(60, None).manage_stock = False
        self._sold(61, parents[5, 7]).manage_stock = "parent"
        for number in range(1, 4):
            at = self.now()
            customer_id = self.next_id()
            self.customers[customer_id] = Customer(
                customer_id, f"customer-{number}@example.com", "Customer", f"No{number}", at, None
            )

    def _sold(self, number: int, parent: Product | None) -> Product:
        kind = "variation" if parent else "simple"
        product = self._product(f"SKU-{number:04d}", f"Item {number}", kind, parent.id if parent else 0)
        product.regular_price = f"{Decimal(number) + Decimal('0.90'):.2f}"
        product.stock = 10
        return product

    def _product(self, sku: str, name: str, kind: str, parent_id: int = 0) -> Product:
        product = Product(self.next_id(), sku, name, self.now(), self.now(), kind, parent_id)
        product.manage_stock = kind != "variable"
        product.categories = [] if kind == "variation" else [UNCATEGORIZED]
        self.products[product.id] = product
        return product


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _billing(email: str) -> dict[str, str]:
    return {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "company": "",
        "address_1": "Hauptstraße 1",
        "address_2": "",
        "city": "Berlin",
        "state": "BE",
        "postcode": "10115",
        "country": "DE",
        "email": email,
        "phone": "+49 30 1234567",
    }
