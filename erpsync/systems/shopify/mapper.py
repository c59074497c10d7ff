"""Shopify's order, from a webhook or from GraphQL, as the canonical order. Pure.

The order is read as it stands now: `current_total_price` leaves out what was refunded or removed by an edit, and so do
the lines (see `order_lines`).
"""

import re
from collections.abc import Mapping

from pydantic import ValidationError

from erpsync.domain.ids import SourceId
from erpsync.domain.money import Money, minor_unit, total, zero
from erpsync.domain.orders import Order, OrderLine, OrderStatus, balance
from erpsync.domain.parties import Address, Customer
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import Amounts, Side, unreadable
from erpsync.systems.shopify.order_lines import order_lines, shipping_lines

_CURRENCY = re.compile(r"[A-Z]{3}")
_PAID = frozenset({"paid", "partially_refunded", "refunded"})


def read_order(payload: Mapping[str, object], side: Side) -> Order:
    """The canonical order. Raises Rejected "order-unreadable" naming the field. Whether it adds up is for the flow."""
    record = f"order {str(payload.get('name') or payload.get('id') or 'without a number')[:40]}"
    try:
        order = wire.Order.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        raise unreadable(record, _path(first["loc"]), _complaint(first["type"], first["msg"])) from None
    currency = order.presentment_currency or order.currency if side == "presentment" else order.currency
    if not _CURRENCY.fullmatch(currency):
        raise unreadable(record, "currency", "is not a currency's three letters")
    amounts = Amounts(record, side, currency)
    return _balanced(_order(order, amounts), _discrepancy(order, amounts), _cents(order, amounts))


def _order(order: wire.Order, amounts: Amounts) -> Order:
    lines, tip = _lines_and_tip(order, amounts)
    shipping = shipping_lines(order, amounts)
    taxed = [line.taxes for line in lines] + [line.taxes for line in shipping]
    duties, fees = _duties_and_fees(order, amounts, [tax.amount for taxes in taxed for tax in taxes])
    rounding = _rounding(order, amounts)
    stated = order.current_total_price_set or order.total_price_set
    if stated is None:
        raise unreadable(amounts.record, "current_total_price_set", "is missing")
    return Order(
        source_id=SourceId(order.id),
        number=order.name,
        created_at=order.created_at,
        updated_at=order.updated_at,
        status=_status(order),
        test=order.test,
        currency=amounts.currency,
        taxes_included=order.taxes_included,
        customer=_customer(order),
        billing=read_address(order.billing_address),
        shipping=read_address(order.shipping_address),
        lines=lines,
        shipping_lines=shipping,
        tip=tip,
        duties=duties,
        fees=fees,
        rounding=rounding,
        total=amounts.of(stated, "current_total_price_set") + rounding,
        paid=order.financial_status.lower() in _PAID,
        # Gift cards are here too: they pay for an order, they do not make it cheaper.
        payment_methods=tuple(dict.fromkeys(order.payment_gateway_names)),
        note=order.note,
    )


def _balanced(order: Order, discrepancy: Money, cents: Money) -> Order:
    """The order with the two differences explained that are Shopify's way of counting; any other is left to be seen.

    Money given back without goods is an adjustment of the payment, not of what was ordered; where Shopify's total
    counts it, it is put back (https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderAdjustment). Where units
    went, each share of discount and tax was rounded: as many `cents` may be over or missing, and are called rounding.
    """
    residual = balance(order).residual
    if residual.amount and residual == discrepancy.rounded():
        return order.model_copy(update={"total": order.total - discrepancy})
    if residual.amount and abs(residual.amount) <= cents.amount:
        return order.model_copy(update={"rounding": order.rounding + residual})
    return order


def _cents(order: wire.Order, amounts: Amounts) -> Money:
    """One minor unit for each share that had to be rounded."""
    lines = [line for line in order.line_items if line.current_quantity not in (None, line.quantity)]
    refunded = [line for refund in order.refunds for line in refund.refund_line_items]
    shipping = [line for refund in order.refunds for line in refund.refund_shipping_lines]
    unit = Money(amount=minor_unit(amounts.currency), currency=amounts.currency)
    return unit * (max(len(lines), len(refunded)) + len(shipping))


def _status(order: wire.Order) -> OrderStatus:
    if order.cancelled_at:
        return OrderStatus.CANCELLED
    return OrderStatus.CLOSED if order.closed_at else OrderStatus.OPEN


def _lines_and_tip(order: wire.Order, amounts: Amounts) -> tuple[tuple[OrderLine, ...], Money]:
    """The lines of goods, and the tip. A tip may be a line too, and is then not counted twice."""
    lines = order_lines(order, amounts)
    tip = _tip(order, amounts)
    if not tip.amount:
        return lines, tip
    could_be = [line for line in lines if not (line.sku or line.requires_shipping or line.gift_card or _taxed(line))]
    tips = next(([line] for line in reversed(could_be) if line.net == tip), could_be)
    if total([line.net for line in tips], amounts.currency) != tip:
        return lines, tip
    return tuple(line for line in lines if line not in tips), tip


def _taxed(line: OrderLine) -> bool:
    return any(tax.amount.amount for tax in line.taxes)


def _tip(order: wire.Order, amounts: Amounts) -> Money:
    if order.total_tip_received_set is not None:
        return amounts.of(order.total_tip_received_set, "total_tip_received_set")
    if order.total_tip_received and amounts.currency != order.currency:
        raise unreadable(amounts.record, "total_tip_received", "is not in the customer's currency in a webhook")
    return amounts.exactly(order.total_tip_received)


def _duties_and_fees(order: wire.Order, amounts: Amounts, taxes: list[Money]) -> tuple[Money, Money]:
    """Duties and additional fees with the taxes on them: the canonical order has taxes on lines and shipping alone.

    Duties that the prices contain (`duties_included`) are no charge of their own.
    """
    duties = amounts.maybe(order.current_total_duties_set, "current_total_duties_set")
    if order.duties_included:
        duties = zero(amounts.currency)
    fees = amounts.maybe(order.current_total_additional_fees_set, "current_total_additional_fees_set")
    if order.taxes_included or order.current_total_tax_set is None or not (duties.amount or fees.amount):
        return duties, fees
    rest = amounts.of(order.current_total_tax_set, "current_total_tax_set") - total(taxes, amounts.currency)
    if rest.amount <= 0:
        return duties, fees
    return (duties + rest, fees) if duties.amount else (duties, fees + rest)


def _rounding(order: wire.Order, amounts: Amounts) -> Money:
    """What rounding to coins added to what was paid, less what it added to what was paid back.

    It applies to the payment, not to Shopify's total (https://shopify.dev/docs/api/admin-graphql/2026-10/objects/CashRoundingAdjustment).
    """
    if order.total_cash_rounding is not None:
        paid, back = order.total_cash_rounding.payment_set, order.total_cash_rounding.refund_set
        return amounts.of(paid, "total_cash_rounding.payment_set") - amounts.of(back, "total_cash_rounding.refund_set")
    field = "total_cash_rounding_{}_adjustment_set"
    return amounts.maybe(order.total_cash_rounding_payment_adjustment_set, field.format("payment")) - amounts.maybe(
        order.total_cash_rounding_refund_adjustment_set, field.format("refund")
    )


def _discrepancy(order: wire.Order, amounts: Amounts) -> Money:
    """What was paid back beyond (negative) or below what the refunded goods came to."""
    if order.refund_discrepancy_set is not None:
        return amounts.of(order.refund_discrepancy_set, "refund_discrepancy_set")
    found = zero(amounts.currency)
    for i, refund in enumerate(order.refunds):
        for j, adjustment in enumerate(refund.order_adjustments):
            if adjustment.kind != "shipping_refund":
                field = f"refunds[{i}].order_adjustments[{j}]"
                found = found + amounts.of(adjustment.amount_set, f"{field}.amount_set")
                found = found + amounts.maybe(adjustment.tax_amount_set, f"{field}.tax_amount_set")
    return found


def _customer(order: wire.Order) -> Customer:
    """Who ordered. The order's own e-mail address comes first: it is what the customer gave this time."""
    known = order.customer
    billing = order.billing_address or order.shipping_address or wire.Address()
    shipping = order.shipping_address or billing
    if known is None:
        return Customer(
            email=order.email or order.contact_email,
            first_name=billing.first_name,
            last_name=billing.last_name,
            company=billing.company or shipping.company,
            phone=order.phone,
        )
    named = known if known.first_name or known.last_name else billing
    return Customer(
        source_id=SourceId(known.id),
        email=order.email or known.email or (known.default_email.email if known.default_email else ""),
        first_name=named.first_name,
        last_name=named.last_name,
        company=billing.company or shipping.company,
        phone=known.phone or (known.default_phone.phone if known.default_phone else "") or order.phone,
    )


def read_address(address: wire.Address | None) -> Address | None:
    if address is None:
        return None
    return Address(
        first_name=address.first_name,
        last_name=address.last_name,
        company=address.company,
        line1=address.address1,
        line2=address.address2,
        city=address.city,
        region=address.province,
        region_code=address.province_code,
        postal_code=address.zip,
        country=address.country_code,
        phone=address.phone,
    )


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


def _complaint(kind: str, message: str) -> str:
    """pydantic's words for what is wrong, which say what was expected and never what was there."""
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return f"cannot be read ({message[0].lower()}{message[1:]})"
