"""What came in for an order and what went back, from its transactions.

What counts is what happened: sales and captures that succeeded, refunds that succeeded. A gift card or store credit that
pays is a payment. A refund without money is an edit or a cancellation, and is told by the order itself.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic import ValidationError

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, total, zero
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.shopify import wire_money as wire
from erpsync.systems.shopify.amounts import Amounts, Side, unreadable
from erpsync.systems.shopify.nodes import Node
from erpsync.systems.shopify.wire import RefundShippingLine

_CAME_IN = frozenset({"SALE", "CAPTURE"})


def read_money(node: Node, refunds: Sequence[Node], side: Side) -> OrderMoney:
    """The order's money. Raises Rejected "order-unreadable" naming the field. Pure."""
    record = f"order {str(node.get('name') or node.get('id'))[:40]}"
    try:
        order = wire.Payments.model_validate(node)
        found = [wire.Refund.model_validate(refund) for refund in refunds]
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise unreadable(record, field, "cannot be read") from None
    currency = order.presentment_currency or order.currency if side == "presentment" else order.currency
    amounts = Amounts(record, side, currency)
    given_back = [_refund(order, refund, amounts) for refund in found]
    return OrderMoney(
        payments=tuple(_payments(order, amounts)),
        refunds=tuple(refund for refund in given_back if refund.total.amount > 0),
    )


def _payments(order: wire.Payments, amounts: Amounts) -> list[Payment]:
    change = _change(order, amounts)
    payments: list[Payment] = []
    for i, transaction in enumerate(order.transactions):
        if transaction.kind not in _CAME_IN or not transaction.succeeded:
            continue
        amount = _amount(transaction, f"transactions[{i}]", amounts)
        amount = amount - change.get(transaction.id, zero(amounts.currency))
        at = transaction.processed_at or transaction.created_at
        if at is None:
            raise unreadable(amounts.record, f"transactions[{i}].created_at", "is missing")
        payments.append(
            Payment(source_id=SourceId(transaction.id), method=transaction.gateway, amount=amount, paid_at=at)
        )
    return [payment for payment in payments if payment.amount.amount]


def _change(order: wire.Payments, amounts: Amounts) -> Mapping[str, Money]:
    """What was handed back at a till of each payment in cash, by the payment's id, where payments are told before it.

    Whether a sale is told with what was handed over or with what was due is not documented; what Shopify says was received
    in all decides.
    """
    came_in = [each.amount_set for each in order.transactions if each.kind in _CAME_IN and each.succeeded]
    received = amounts.of(order.total_received_set, "total_received_set")
    if amounts.sum(came_in, "transactions").amount <= received.amount:
        return {}
    found: dict[str, Money] = {}
    for i, transaction in enumerate(order.transactions):
        if transaction.kind == "CHANGE" and transaction.succeeded and transaction.parent and transaction.parent.id:
            amount = _amount(transaction, f"transactions[{i}]", amounts)
            known = found.get(transaction.parent.id)
            found[transaction.parent.id] = amount if known is None else known + amount
    return found


def _amount(transaction: wire.Transaction, field: str, amounts: Amounts) -> Money:
    """With what rounding to coins changed, which Shopify tells apart."""
    rounding = amounts.maybe(transaction.rounding_set, f"{field}.rounding_set")
    return amounts.of(transaction.amount_set, f"{field}.amount_set") + rounding


def _refund(order: wire.Payments, refund: wire.Refund, amounts: Amounts) -> Refund:
    """One refund. `adjustment` is what the buyer received beyond the goods and the shipping: duties, goodwill, less of both
    where less was paid back."""
    field = f"refund {refund.id}"
    lines = tuple(_line(line, f"{field}.refund_line_items[{i}]", amounts)
                  for i, line in enumerate(refund.refund_line_items))  # fmt: skip
    shipping = total(
        [_shipping(order, each, field, amounts) for each in refund.refund_shipping_lines], amounts.currency
    )
    paid = [each for each in refund.transactions.nodes if each.kind == "REFUND" and each.succeeded]
    received = total([_amount(each, f"{field}.transactions", amounts) for each in paid], amounts.currency)
    goods = total([line.amount if order.taxes_included else line.amount + line.tax for line in lines], amounts.currency)
    return Refund(
        source_id=SourceId(refund.id),
        order_source_id=SourceId(order.id),
        created_at=refund.created_at or refund.updated_at,
        lines=lines,
        shipping=shipping,
        adjustment=received - goods - shipping,
        total=received,
        reason=refund.note,
    )


def _line(line: wire.RefundLineItem, field: str, amounts: Amounts) -> RefundLine:
    return RefundLine(
        line_source_id=SourceId(line.line_item.id),
        sku=Sku(line.line_item.sku.strip()),
        quantity=Decimal(line.quantity),
        amount=amounts.of(line.subtotal_set, f"{field}.subtotal_set"),
        tax=amounts.of(line.total_tax_set, f"{field}.total_tax_set"),
        restocked=line.restocked,
    )


def _shipping(order: wire.Payments, line: RefundShippingLine, field: str, amounts: Amounts) -> Money:
    """What of the shipping went back, its tax included."""
    net = amounts.of(line.subtotal_amount_set, f"{field}.refund_shipping_lines")
    tax = amounts.maybe(line.tax_amount_set, f"{field}.refund_shipping_lines")
    return net if order.taxes_included else net + tax
