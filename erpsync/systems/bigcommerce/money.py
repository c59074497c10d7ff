"""Payments and refunds of an order. Pure.

https://developer.bigcommerce.com/docs/store-operations/orders/refunds and the reference of order transactions.
"""

from collections.abc import Sequence
from decimal import Decimal

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, total, zero
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.order_lines import Basis

# An authorization and a pending transaction are promises; "settled" tells that a pending one came in.
_MONEY_IN = frozenset({"purchase", "capture", "settled"})


def payments(transactions: Sequence[wire.Transaction]) -> tuple[Payment, ...]:
    """What came in, gift certificates and store credit included. A transaction that confirms one counted is not counted."""
    counted: set[int] = set()
    found: list[Payment] = []
    for one in sorted(transactions, key=lambda each: each.id):
        if one.event not in _MONEY_IN or one.status not in ("ok", "") or not one.amount:
            continue
        if one.event == "settled" and one.reference_transaction_id in counted:
            continue
        counted.add(one.id)
        found.append(
            Payment(
                source_id=SourceId(str(one.id)),
                method=one.method if one.method in ("gift_certificate", "store_credit") else one.gateway or one.method,
                amount=Basis(one.currency, included=False).money(one.amount),
                paid_at=one.date_created,
            )
        )
    return tuple(found)


def whole_payment(order: wire.Order) -> tuple[Payment, ...]:
    """For an order that is paid and has no transaction: paid by a way that BigCommerce only writes down."""
    if not order.total_inc_tax:
        return ()
    amount = Basis(order.currency, included=False).money(order.total_inc_tax)
    return (
        Payment(
            source_id=SourceId(f"order-{order.id}"),
            method=order.payment_method or "manual",
            amount=amount,
            paid_at=order.date_created,
        ),
    )


def refund(found: wire.Refund, lines: Sequence[wire.Line], basis: Basis) -> Refund:
    """What was given back. The tax of a refund is told as one sum: product lines take their share by their own tax, as far
    as it goes. What neither lines nor shipping explain is the adjustment, so that the parts come to the total."""
    by_id = {line.id: line for line in lines}
    left = basis.money(found.total_tax)
    products: list[RefundLine] = []
    for item in found.items:
        line = by_id.get(item.item_id)
        if item.item_type == "PRODUCT" and line is not None and line.quantity:
            mapped = _line(item, line, left, basis)
            left = left - mapped.tax
            products.append(mapped)
    carriage = [
        item.requested_amount or Decimal(0) for item in found.items if item.item_type in ("SHIPPING", "HANDLING")
    ]
    shipping = total([basis.money(amount) for amount in carriage], basis.currency)
    if carriage and not basis.included:
        shipping = shipping + left
    whole = basis.money(found.total_amount)
    gross = [line.amount if basis.included else line.amount + line.tax for line in products]
    return Refund(
        source_id=SourceId(str(found.id)),
        order_source_id=SourceId(str(found.order_id)),
        created_at=found.created,
        lines=tuple(products),
        shipping=shipping,
        adjustment=whole - total(gross, basis.currency) - shipping,
        total=whole,
        reason=found.reason,
    )


def _line(item: wire.RefundItem, line: wire.Line, tax_left: Money, basis: Basis) -> RefundLine:
    share = item.quantity / line.quantity
    discount = sum((one.amount for one in line.applied_discounts), Decimal(0))
    own = (line.total_inc_tax if basis.included else line.total_ex_tax) - discount
    # Told for products as well, and by the documents without meaning: it may be missing or nothing.
    amount = basis.money(item.requested_amount) if item.requested_amount else basis.cents(own * share)
    tax = basis.cents(line.total_tax * share)
    within = min(tax.amount, max(tax_left.amount, zero(basis.currency).amount))
    # The quantity comes without a word on stock: https://developer.bigcommerce.com/docs/store-operations/orders/refunds#faq
    return RefundLine(
        line_source_id=SourceId(str(line.id)),
        sku=Sku(line.sku),
        quantity=item.quantity,
        amount=amount,
        tax=Money(amount=within, currency=basis.currency),
        restocked=False,
    )
