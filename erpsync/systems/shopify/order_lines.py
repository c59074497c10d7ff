"""The lines of an order as they stand now: what refunds and edits took off is taken off.

`current_quantity` leaves out what was refunded or removed by an edit. Discounts and taxes of a line are for all of it,
so the part of the units that went is taken off: to the cent by what the refunds say, else in proportion. A line without
units left is no line.
Sources: https://shopify.dev/changelog/addition-of-lineitem-current_quantity-on-admin-rest-api and the fields' own
words in https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem.
"""

from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, total, zero
from erpsync.domain.orders import OrderLine, ShippingLine, TaxLine
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import Amounts


@dataclass(frozen=True)
class Gone:
    """What refunds took off one line."""

    quantity: int
    net: Money
    tax: Money


def order_lines(order: wire.Order, amounts: Amounts) -> tuple[OrderLine, ...]:
    gone = _gone_lines(order, amounts)
    mapped = (_line(line, f"line_items[{i}]", gone.get(line.id), amounts) for i, line in enumerate(order.line_items))
    return tuple(line for line in mapped if line is not None)


def shipping_lines(order: wire.Order, amounts: Amounts) -> tuple[ShippingLine, ...]:
    gone = _gone_shipping(order, amounts)
    return tuple(
        _shipping_line(line, f"shipping_lines[{i}]", gone.get(line.id or ""), amounts)
        for i, line in enumerate(order.shipping_lines)
        if not line.is_removed
    )


def _line(line: wire.LineItem, field: str, gone: Gone | None, amounts: Amounts) -> OrderLine | None:
    current = line.current_quantity
    if current is None:
        current = max(line.quantity - (gone.quantity if gone else 0), 0)
    if current == 0:
        return None
    unit_price = amounts.of(line.price_set, f"{field}.price_set")
    discount = amounts.sum([part.amount_set for part in line.discount_allocations], f"{field}.discount_allocations")
    taxes = _taxes(line.tax_lines, field, amounts)
    if current < line.quantity:
        discount, taxes = _of_what_is_left(line.quantity, current, unit_price, discount, taxes, gone)
    return OrderLine(
        source_id=SourceId(line.id),
        sku=Sku(line.sku.strip()),
        title=line.name or line.title,
        quantity=Decimal(current),
        unit_price=unit_price,
        discount=discount,
        taxes=taxes,
        requires_shipping=line.requires_shipping,
        gift_card=line.gift_card,
    )


def _of_what_is_left(
    quantity: int, current: int, unit_price: Money, discount: Money, taxes: tuple[TaxLine, ...], gone: Gone | None
) -> tuple[Money, tuple[TaxLine, ...]]:
    """Discount and taxes of the units that are left. Exact where the refunds explain all that went."""
    tax = total([line.amount for line in taxes], unit_price.currency)
    if gone is not None and gone.quantity == quantity - current:
        net = unit_price * quantity - discount - gone.net
        left_discount, left_tax = unit_price * current - net, tax - gone.tax
        if left_discount.amount >= 0 and left_tax.amount >= 0:
            return left_discount, _scaled(taxes, left_tax)
    share = Decimal(current) / Decimal(quantity)
    return (discount * share).rounded(), _scaled(taxes, (tax * share).rounded())


def _scaled(taxes: tuple[TaxLine, ...], left: Money) -> tuple[TaxLine, ...]:
    """The taxes, scaled to sum up to `left`; the last one takes what rounding leaves."""
    whole = total([tax.amount for tax in taxes], left.currency)
    if not whole.amount or whole == left:
        return taxes
    scaled = [(tax.amount * (left.amount / whole.amount)).rounded() for tax in taxes]
    scaled[-1] = left - total(scaled[:-1], left.currency)
    return tuple(tax.model_copy(update={"amount": amount}) for tax, amount in zip(taxes, scaled, strict=True))


def _shipping_line(line: wire.ShippingLine, field: str, gone: Gone | None, amounts: Amounts) -> ShippingLine:
    price = amounts.of(line.price_set, f"{field}.price_set")
    discount = amounts.sum([part.amount_set for part in line.discount_allocations], f"{field}.discount_allocations")
    net = price - discount - (gone.net if gone else zero(amounts.currency))
    if line.current_discounted_price_set is not None:
        net = amounts.of(line.current_discounted_price_set, f"{field}.current_discounted_price_set")
    taxes = _taxes(line.tax_lines, field, amounts)
    if gone is not None:
        taxes = _scaled(taxes, total([tax.amount for tax in taxes], amounts.currency) - gone.tax)
    return ShippingLine(
        source_id=SourceId(line.id or ""),
        code=line.code or line.title,
        title=line.title,
        price=net + discount,
        discount=discount,
        taxes=taxes,
    )


def _taxes(lines: tuple[wire.TaxLine, ...], field: str, amounts: Amounts) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(
            title=line.title,
            amount=amounts.of(line.price_set, f"{field}.tax_lines[{i}].price_set"),
            rate=None if line.rate is None else line.rate.normalize() + Decimal(0),
        )
        for i, line in enumerate(lines)
    )


def _gone_lines(order: wire.Order, amounts: Amounts) -> dict[str, Gone]:
    gone: dict[str, Gone] = {}
    for i, refund in enumerate(order.refunds):
        for j, line in enumerate(refund.refund_line_items):
            field = f"refunds[{i}].refund_line_items[{j}]"
            net = amounts.of(line.subtotal_set, f"{field}.subtotal_set")
            tax = amounts.of(line.total_tax_set, f"{field}.total_tax_set")
            gone[line.of] = _more(gone.get(line.of), line.quantity, net, tax)
    return gone


def _gone_shipping(order: wire.Order, amounts: Amounts) -> dict[str, Gone]:
    gone: dict[str, Gone] = {}
    for i, refund in enumerate(order.refunds):
        for j, line in enumerate(refund.refund_shipping_lines):
            field = f"refunds[{i}].refund_shipping_lines[{j}]"
            net = amounts.of(line.subtotal_amount_set, f"{field}.subtotal_amount_set")
            tax = amounts.maybe(line.tax_amount_set, f"{field}.tax_amount_set")
            gone[line.of] = _more(gone.get(line.of), 1, net, tax)
    return gone


def _more(before: Gone | None, quantity: int, net: Money, tax: Money) -> Gone:
    if before is None:
        return Gone(quantity, net, tax)
    return Gone(before.quantity + quantity, before.net + net, before.tax + tax)
