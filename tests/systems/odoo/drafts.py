"""Orders and customers to send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine, OrderStatus, ShippingLine, TaxLine
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft

CENT = Decimal("0.01")
HOME = Address(
    first_name="Customer", last_name="One", line1="Street 1", city="Berlin", postal_code="10115", country="DE"
)
ELSEWHERE = Address(first_name="Other", line1="Road 2", line2="Yard", city="Wien", postal_code="1010", country="AT")
ORDERED_AT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def eur(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def item(
    sku: str,
    quantity: str = "1",
    price: str = "10.00",
    *,
    discount: str = "0",
    rate: str | None = None,
    tax: str | None = None,
    included: bool = True,
    source_id: str = "",
) -> OrderLine:
    """A line. Its tax is worked out per line and rounded, as stores do, unless `tax` says otherwise."""
    net = Decimal(price) * Decimal(quantity) - Decimal(discount)
    return OrderLine(
        source_id=SourceId(source_id or f"line-{sku}"),
        sku=Sku(sku),
        title=f"Title of {sku}",
        quantity=Decimal(quantity),
        unit_price=eur(price),
        discount=eur(discount),
        taxes=taxed(net, rate, tax, included),
    )


def shipping(price: str, *, rate: str | None = None, included: bool = True) -> ShippingLine:
    taxes = taxed(Decimal(price), rate, None, included)
    return ShippingLine(
        source_id=SourceId("ship"), code="std", title="Standard", price=eur(price), discount=eur("0"), taxes=taxes
    )


def taxed(net: Decimal, rate: str | None, tax: str | None, included: bool) -> tuple[TaxLine, ...]:
    if rate is None and tax is None:
        return ()
    share = Decimal(rate or 0) / (1 + Decimal(rate or 0)) if included else Decimal(rate or 0)
    amount = Decimal(tax) if tax is not None else (net * share).quantize(CENT, ROUND_HALF_UP)
    return (TaxLine(title="VAT", amount=eur(amount), rate=Decimal(rate) if rate else None),)


def order(lines: Sequence[OrderLine], number: str = "#1001", *, included: bool = True, **changes: Any) -> Order:
    """An order that adds up, unless `total` is given."""
    shipped: Sequence[ShippingLine] = changes.pop("shipping_lines", ())
    extras = {name: eur(changes.pop(name, "0")) for name in ("tip", "duties", "fees", "rounding")}
    charged: list[OrderLine | ShippingLine] = [*lines, *shipped]
    parts = [line.net.amount for line in charged] + [extra.amount for extra in extras.values()]
    if not included:
        parts += [tax.amount.amount for line in charged for tax in line.taxes]
    total = changes.pop("total", None) or sum(parts, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    values = {
        "source_id": SourceId(f"s-{number}"),
        "number": number,
        "created_at": ORDERED_AT,
        "updated_at": ORDERED_AT,
        "status": OrderStatus.OPEN,
        "currency": "EUR",
        "taxes_included": included,
        "customer": Customer(source_id=SourceId("c1"), email="customer-1@example.com"),
        "lines": tuple(lines),
        "shipping_lines": tuple(shipped),
        "total": eur(total),
        **extras,
        **changes,
    }
    return Order(**values)


def draft(reference: str, made: Order, customer_id: TargetId | str) -> OrderDraft:
    return OrderDraft(reference, made, TargetId(str(customer_id)))


def buyer(reference: str, email: str, **changes: Any) -> CustomerDraft:
    """`changes`: billing, shipping, or fields of the customer."""
    billing, delivery = changes.pop("billing", HOME), changes.pop("shipping", None)
    values = {"source_id": SourceId(reference), "email": email, "first_name": "Customer", "last_name": "One"}
    return CustomerDraft(reference, Customer(**{**values, **changes}), billing, delivery, "EUR")
