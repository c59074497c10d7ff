"""What came in for an order and what went back. Pure.

WooCommerce keeps no list of payments: an order that is paid has been so in full, by its payment method. Refunds are records
of their own with negative lines; the line that each is about is in its meta `_refunded_item_id`.
Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#order-refund-properties.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pydantic import ValidationError

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, total
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.mapper import GIFT_CARD, money, unreadable


def read_money(order: wire.Order, refunds: Iterable[Mapping[str, object]], *, restock: bool) -> OrderMoney:
    """Raises Rejected naming the field of a refund that cannot be read."""
    return OrderMoney(
        payments=_payments(order), refunds=tuple(_refund(order, refund, restock=restock) for refund in refunds)
    )


def refunded(order: wire.Order, refunds: Iterable[Mapping[str, object]]) -> dict[str, Decimal]:
    """How many of each order line were given back, by the line's id."""
    counts: dict[str, Decimal] = {}
    for refund in refunds:
        for line in _parsed(order, refund).line_items:
            key = _line_id(line)
            counts[key] = counts.get(key, Decimal(0)) + abs(line.quantity)
    return counts


def _payments(order: wire.Order) -> tuple[Payment, ...]:
    paid_at = order.date_paid_gmt
    if paid_at is None:
        return ()
    amounts = {
        order.payment_method: order.total,
        GIFT_CARD: sum((card.amount for card in order.gift_cards), Decimal(0)),
    }
    return tuple(
        Payment(
            source_id=SourceId(order.id if method != GIFT_CARD else f"{order.id}-{GIFT_CARD}"),
            method=method,
            amount=money(amount, order.currency),
            paid_at=paid_at,
        )
        for method, amount in amounts.items()
        if amount
    )


def _refund(order: wire.Order, payload: Mapping[str, object], *, restock: bool) -> Refund:
    refund = _parsed(order, payload)
    lines = tuple(_line(order, line, restock=restock) for line in refund.line_items if line.quantity or line.total)
    shipping = money(sum((-line.total - line.total_tax for line in refund.shipping_lines), Decimal(0)), order.currency)
    whole = money(refund.amount, order.currency)
    goods = [line.amount if order.prices_include_tax else line.amount + line.tax for line in lines]
    return Refund(
        source_id=SourceId(refund.id),
        order_source_id=SourceId(order.id),
        created_at=refund.date_created_gmt,
        lines=lines,
        shipping=shipping,
        adjustment=whole - total(goods, order.currency) - shipping,
        total=whole,
        reason=refund.reason,
    )


def _line(order: wire.Order, line: wire.Line, *, restock: bool) -> RefundLine:
    tax = _money(-line.total_tax, order)
    amount = _money(-line.total, order)
    return RefundLine(
        line_source_id=SourceId(_line_id(line)),
        sku=Sku(line.sku.strip() or _sku(order, line)),
        quantity=abs(line.quantity),
        amount=amount + tax if order.prices_include_tax else amount,
        tax=tax,
        restocked=restock and bool(line.quantity),
    )


def _line_id(line: wire.Line) -> str:
    return next((str(meta.value) for meta in line.meta_data if meta.key == "_refunded_item_id"), "")


def _sku(order: wire.Order, line: wire.Line) -> str:
    """A deleted product leaves the refund's line without its SKU."""
    of = _line_id(line)
    return next((each.sku.strip() for each in order.line_items if each.id == of), "")


def _parsed(order: wire.Order, payload: Mapping[str, object]) -> wire.Refund:
    try:
        return wire.Refund.model_validate(payload)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise unreadable(f"order {order.number[:40]}", f"refunds.{field}", "cannot be read") from None


def _money(amount: Decimal, order: wire.Order) -> Money:
    return money(amount, order.currency)
