"""The canonical order: what every store's order becomes, and every ERP's sales order is made from."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, minor_unit, total, zero
from erpsync.domain.parties import Address, Customer


class OrderStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class TaxLine(BaseModel):
    """One tax on a line. `rate` is a fraction (0.19 for 19 %), None where the store does not tell."""

    model_config = ConfigDict(frozen=True)

    title: str
    amount: Money
    rate: Decimal | None = None


class OrderLine(BaseModel):
    """One item of an order. `unit_price` is before `discount`, which is for the whole line.

    Prices contain the tax where the order says `taxes_included`.
    """

    model_config = ConfigDict(frozen=True)

    source_id: SourceId
    sku: Sku
    title: str
    quantity: Decimal
    unit_price: Money
    discount: Money
    taxes: tuple[TaxLine, ...] = ()
    requires_shipping: bool = True
    gift_card: bool = False

    @property
    def net(self) -> Money:
        """What the line costs after its discount, tax as the order has it."""
        return self.unit_price * self.quantity - self.discount


class ShippingLine(BaseModel):
    """One shipping charge. `code` is the store's name of the method, which the ERP's tables are keyed by."""

    model_config = ConfigDict(frozen=True)

    source_id: SourceId
    code: str
    title: str
    price: Money
    discount: Money
    taxes: tuple[TaxLine, ...] = ()

    @property
    def net(self) -> Money:
        return self.price - self.discount


class Order(BaseModel):
    """An order at one version. Immutable: a later version is another Order."""

    model_config = ConfigDict(frozen=True)

    source_id: SourceId
    number: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    status: OrderStatus
    test: bool = False
    currency: str
    taxes_included: bool
    customer: Customer
    billing: Address | None = None
    shipping: Address | None = None
    lines: tuple[OrderLine, ...]
    shipping_lines: tuple[ShippingLine, ...] = ()
    tip: Money
    duties: Money
    fees: Money
    rounding: Money
    total: Money
    paid: bool = False
    payment_methods: tuple[str, ...] = ()
    note: str = ""

    @property
    def tax(self) -> Money:
        taxes = [*(line.taxes for line in self.lines), *(line.taxes for line in self.shipping_lines)]
        return total([tax.amount for of_line in taxes for tax in of_line], self.currency)

    @property
    def version(self) -> datetime:
        return self.updated_at

    def content_hash(self) -> str:
        """Equal for two versions that would be written to an ERP alike: an echo of our own write changes only times, and a
        store that closes an order which has been shipped, or marks it as paid, changes nothing that was ordered."""
        written = self.model_dump(exclude={"updated_at", "paid", "status"})
        content = _canonical(written | {"cancelled": self.status is OrderStatus.CANCELLED})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Balance(BaseModel):
    """The arithmetic of an order, shown to a person when it does not come out."""

    model_config = ConfigDict(frozen=True)

    lines: Money
    shipping: Money
    tax: Money
    extras: Money
    computed: Money
    stated: Money

    @property
    def residual(self) -> Money:
        return self.stated - self.computed

    def __str__(self) -> str:
        but = "but" if self.residual.amount else "and"
        return (
            f"lines {self.lines} + shipping {self.shipping} + tax {self.tax} + tip, duties, fees and rounding {self.extras}"
            f" = {self.computed}, {but} the store says {self.stated}"
        )


def tax_percent(taxes: Iterable[TaxLine]) -> Decimal | None:
    """What the taxes of one line come to together, in percent: 19 for a rate of 0.19, 0 where there are none.

    None where the store does not tell the rate of a tax that it charges; one that charges nothing may go without a rate.
    """
    percent = Decimal(0)
    for tax in taxes:
        if tax.rate is not None:
            percent += tax.rate * 100
        elif tax.amount.amount:
            return None
    return percent


def balance(order: Order) -> Balance:
    """Adds the order up from its parts. Tax counts only where prices do not contain it already."""
    lines = total([line.net for line in order.lines], order.currency)
    shipping = total([line.net for line in order.shipping_lines], order.currency)
    tax = zero(order.currency) if order.taxes_included else order.tax
    extras = order.tip + order.duties + order.fees + order.rounding
    return Balance(
        lines=lines,
        shipping=shipping,
        tax=tax,
        extras=extras,
        computed=(lines + shipping + tax + extras).rounded(),
        stated=order.total.rounded(),
    )


@dataclass(frozen=True)
class Rounded:
    """An order that adds up, and how it came to: `cause` is empty where it did by itself."""

    order: Order
    cause: str


def rounded(order: Order, tolerance: int) -> Rounded | Balance:
    """The order with a residual of up to `tolerance` minor units put into its `rounding`; its Balance where the residual is
    larger, for then something is missing or wrong rather than rounded."""
    sums = balance(order)
    residual = sums.residual
    if residual.amount == 0:
        return Rounded(order, "")
    if abs(residual.amount) > tolerance * minor_unit(order.currency):
        return sums
    cause = f"{residual} booked as rounding: the store's parts come to {sums.computed}, its total is {sums.stated}"
    return Rounded(order.model_copy(update={"rounding": order.rounding + residual}), cause)


def _canonical(value: object) -> object:
    """Equal for equal content: 10.0 is 10.00, and noon in Vienna is eleven in Greenwich."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value
