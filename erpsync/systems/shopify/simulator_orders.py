"""The simulated store's own orders: neither REST nor GraphQL, but what both are views of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

# Turns an amount in the store's currency into one of the currency that is looked at.
Convert: TypeAlias = Callable[[Decimal], Decimal]
CENT = Decimal("0.01")
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Tax:
    title: str
    rate: Decimal
    amount: Decimal


@dataclass
class Line:
    id: int
    sku: str | None
    title: str
    quantity: int
    unit_price: Decimal
    discounts: list[Decimal] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    removed: int = 0
    requires_shipping: bool = True
    taxable: bool = True
    gift_card: bool = False

    @property
    def current(self) -> int:
        return self.quantity - self.removed


@dataclass
class Shipping:
    id: int
    code: str
    title: str
    price: Decimal
    discounts: list[Decimal] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    removed: bool = False


@dataclass
class RefundedLine:
    id: int
    line: Line
    quantity: int
    net: Decimal
    tax: Decimal
    restock: str


@dataclass
class RefundedShipping:
    id: int
    shipping: Shipping
    net: Decimal
    tax: Decimal


@dataclass
class Refund:
    id: int
    created_at: datetime
    lines: list[RefundedLine] = field(default_factory=list)
    shipping: list[RefundedShipping] = field(default_factory=list)
    adjustments: list[tuple[int, Decimal]] = field(default_factory=list)
    paid_back: Decimal = ZERO

    @property
    def all(self) -> list[RefundedLine | RefundedShipping]:
        return [*self.lines, *self.shipping]


@dataclass
class Person:
    id: int
    email: str
    first_name: str
    last_name: str
    phone: str
    updated_at: datetime | None = None
    tags: list[str] = field(default_factory=list)
    address: "Place | None" = None


@dataclass
class Place:
    id: int
    first_name: str
    last_name: str
    company: str
    address1: str
    city: str
    province: str
    province_code: str
    zip: str
    country: str
    country_code: str
    phone: str = ""


@dataclass
class Transaction:
    """Money that moved. `rounding` is what rounding to coins added; `parent` is the id of the one it belongs to."""

    id: int
    kind: str
    gateway: str
    amount: Decimal
    at: datetime
    status: str = "SUCCESS"
    rounding: Decimal = ZERO
    parent: int | None = None
    refund: int | None = None


@dataclass
class ToShip:
    """A line of a fulfilment order: how much of an order's line is still to be shipped by it."""

    id: int
    line: Line
    total: int
    remaining: int


@dataclass
class FulfilmentOrder:
    id: int
    location: int
    lines: list[ToShip] = field(default_factory=list)
    status: str = "OPEN"
    hold: str = ""
    delivery: str = "SHIPPING"


@dataclass
class Fulfilment:
    id: int
    name: str
    created_at: datetime
    location: int
    lines: list[tuple[int, Line, int]]
    numbers: list[str]
    urls: list[str]
    company: str
    notified: bool
    status: str = "SUCCESS"


@dataclass
class Order:
    id: int
    number: int
    created_at: datetime
    updated_at: datetime
    currency: str
    presentment_currency: str
    rate: Decimal
    taxes_included: bool
    lines: list[Line]
    shipping: list[Shipping]
    customer: Person | None
    email: str
    billing: Place | None
    shipping_address: Place | None
    financial_status: str = "PAID"
    gateways: list[str] = field(default_factory=lambda: ["bogus"])
    tip: Decimal = ZERO
    tip_is_a_line: bool = False
    duties: Decimal = ZERO
    duties_tax: Decimal = ZERO
    duties_included: bool = False
    fees: Decimal = ZERO
    fees_tax: Decimal = ZERO
    rounding_paid: Decimal = ZERO
    rounding_back: Decimal = ZERO
    adjustments_count: bool = False
    """Whether the store's current total counts money given back without goods."""
    refunds: list[Refund] = field(default_factory=list)
    note: str | None = None
    test: bool = False
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    metafields: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfilment_orders: list[FulfilmentOrder] = field(default_factory=list)
    fulfilments: list[Fulfilment] = field(default_factory=list)

    @property
    def received(self) -> Decimal:
        """What the buyer has paid, what was handed back at the till taken off."""
        signs = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1}
        done = [each for each in self.transactions if each.status == "SUCCESS"]
        return sum((each.amount * signs.get(each.kind, 0) for each in done), ZERO)

    @property
    def messages(self) -> int:
        """How often the buyer was told of a shipment."""
        return sum(each.notified for each in self.fulfilments)

    @property
    def name(self) -> str:
        return f"#{self.number}"

    def refunded(self, line: Line) -> Iterator[RefundedLine]:
        return (each for refund in self.refunds for each in refund.lines if each.line is line)

    def refunded_shipping(self, shipping: Shipping) -> Iterator[RefundedShipping]:
        return (each for refund in self.refunds for each in refund.shipping if each.shipping is shipping)


def line_net(line: Line, convert: Convert) -> Decimal:
    """What all of the line's units came to when ordered."""
    return convert(line.unit_price) * line.quantity - sum(map(convert, line.discounts), ZERO)


def shipping_now(order: Order, shipping: Shipping, convert: Convert) -> Decimal:
    back = sum((convert(each.net) for each in order.refunded_shipping(shipping)), ZERO)
    return convert(shipping.price) - sum(map(convert, shipping.discounts), ZERO) - back


def totals(order: Order, convert: Convert) -> Mapping[str, Decimal]:
    """The order's sums as they stand now ("current") and as ordered ("original")."""
    shipping = [each for each in order.shipping if not each.removed]
    lines_then = sum((line_net(line, convert) for line in order.lines), ZERO)
    lines_back = sum((convert(each.net) for refund in order.refunds for each in refund.lines), ZERO)
    shipping_then = sum((convert(s.price) - sum(map(convert, s.discounts), ZERO) for s in shipping), ZERO)
    shipping_current = sum((shipping_now(order, each, convert) for each in shipping), ZERO)
    sold: list[Line | Shipping] = [*order.lines, *shipping]
    back = [each for refund in order.refunds for each in refund.all]
    taxes = [convert(tax.amount) for each in sold for tax in each.taxes]
    tax_then = sum(taxes, ZERO) + convert(order.duties_tax) + convert(order.fees_tax)
    tax_back = sum((convert(each.tax) for each in back), ZERO)
    extras = convert(order.fees) + (ZERO if order.duties_included else convert(order.duties))
    extras += ZERO if order.tip_is_a_line else convert(order.tip)
    adjusted = sum((convert(amount) for refund in order.refunds for _, amount in refund.adjustments), ZERO)
    tax_counts = not order.taxes_included
    return {
        "lines": lines_then,
        "current_lines": lines_then - lines_back,
        "discounts": sum((convert(part) for each in sold for part in each.discounts), ZERO),
        "shipping": shipping_then,
        "current_shipping": shipping_current,
        "tax": tax_then,
        "current_tax": tax_then - tax_back,
        "total": lines_then + shipping_then + extras + (tax_then if tax_counts else ZERO),
        "current_total": lines_then
        - lines_back
        + shipping_current
        + extras
        + (tax_then - tax_back if tax_counts else ZERO)
        + (adjusted if order.adjustments_count else ZERO),
        "paid_back": sum((convert(refund.paid_back) for refund in order.refunds), ZERO),
        "adjusted": adjusted,
    }


def part_of(line: Line, order: Order, quantity: int) -> tuple[Decimal, Decimal]:
    """Net and tax of `quantity` more units going: what is left keeps its share, rounded, and the last ones take all."""
    gone = list(order.refunded(line))
    net = line_net(line, lambda amount: amount) - sum((each.net for each in gone), ZERO)
    tax = sum((tax.amount for tax in line.taxes), ZERO) - sum((each.tax for each in gone), ZERO)
    if quantity == line.current:
        return net, tax
    share = Decimal(quantity) / Decimal(line.current)
    return cents(net * share), cents(tax * share)


def in_shop_money(amount: Decimal) -> Decimal:
    return amount


def in_presentment_money(order: Order) -> Convert:
    """Each amount is converted and rounded by itself, and sums are sums of those."""
    return lambda amount: cents(amount * order.rate)


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"
