"""What is refused for a person to settle, in words that name the record and the next step."""

from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order, balance
from erpsync.ports import erp_records
from erpsync.systems.odoo.settings import SYSTEM
from erpsync.systems.odoo.wire import OrderRow


def label(order: Order) -> str:
    return f"order {order.number}"


def order_gone(record: str) -> Rejected:
    return _rejected(
        "record-gone",
        record,
        "The sales order is not in Odoo any more, or not in a company that the user may see.",
        "If it was deleted there on purpose, discard this; else restore it, then replay.",
    )


def customer_gone(order: Order, customer_id: str) -> Rejected:
    what = f"There is no contact {customer_id} in Odoo any more; it may have been archived, merged or deleted."
    return erp_records.customer_gone(system=SYSTEM, record=label(order), what=what)


def order_cancelled(record: str, row: OrderRow) -> Rejected:
    return _rejected(
        "order-cancelled",
        record,
        f"{row.name} was cancelled in Odoo, and the store has a newer version of the order.",
        "Set it back to a quotation in Odoo and replay, or cancel the order in the store too.",
    )


def order_locked(record: str, row: OrderRow) -> Rejected:
    return _rejected("order-locked", record, f"{row.name} is locked in Odoo.", "Unlock it there, then replay.")


def order_not_ours(record: str, row: OrderRow) -> Rejected:
    return _rejected(
        "order-not-ours",
        record,
        f"{row.name} carries the order's reference but was entered by hand, with a total of {row.amount_total}.",
        "Correct it in Odoo and discard this; or cancel it there, clear its Customer Reference, and replay.",
    )


def already_delivered(record: str) -> Rejected:
    return _rejected(
        "already-delivered",
        record,
        "More has been delivered than the store's order asks for now.",
        "Make a return for the difference on the delivery in Odoo, then replay.",
    )


def order_shipped(row: OrderRow) -> Rejected:
    return _rejected(
        "order-shipped",
        f"sales order {row.name}",
        "Goods have left; Odoo would cancel the order and leave the delivery as it is.",
        "Make a return, and a credit note where there is an invoice; then cancel the order in Odoo and replay.",
    )


def order_invoiced(row: OrderRow) -> Rejected:
    return _rejected(
        "order-invoiced",
        f"sales order {row.name}",
        "An invoice has been posted for it.",
        "Make a credit note in Odoo and cancel the order there, then replay.",
    )


def not_cancelled(row: OrderRow) -> Rejected:
    return _rejected(
        "refused",
        f"sales order {row.name}",
        f"Odoo left it in the state {row.state}.",
        "Cancel it by hand in Odoo to read why it would not, then replay.",
    )


def total_differs(order: Order, row: OrderRow, lacking: Decimal, advice: str) -> Rejected:
    remains = "It stays a quotation." if row.state in ("draft", "sent") else "It has been changed so far."
    return _rejected(
        "total-differs",
        label(order),
        f"{row.name} comes to {row.amount_untaxed} + tax {row.amount_tax} = {row.amount_total} {row.currency_id} in Odoo, "
        f"a difference of {lacking}: {balance(order)}. {remains}",
        f"Compare the taxes of Odoo and of the store, and lines added by hand in Odoo; {advice} Then replay.",
    )


def currency_differs(order: Order, row: OrderRow) -> Rejected:
    return _rejected(
        "currency-differs",
        label(order),
        f"{row.name} is in {row.currency_id} in Odoo, the store's order in {order.currency}. It stays a quotation.",
        f"Add a price list for {order.currency} to `pricelists` of the Odoo connection, then replay.",
    )


def sku_not_unique(sku: str, count: int) -> Rejected:
    return _rejected(
        "ambiguous-sku",
        f"product {sku}",
        f"{count} products in Odoo have the internal reference {sku}, so that its stock is not told.",
        "Archive or rename all but one of them in Odoo; it is read again by itself.",
    )


def payment_method_unknown(record: str, method: str) -> Rejected:
    return _rejected(
        "payment-method-unknown",
        record,
        f'No journal is given for the payment method "{method}".',
        "Add it to payment_methods of the Odoo connection, or set default_payment_journal; restart the workers and replay.",
    )


def payment_not_positive(record: str) -> Rejected:
    return _rejected(
        "payment-not-positive",
        record,
        "The payment's amount is not above zero, and Odoo keeps no such payment.",
        "Enter it by hand in Odoo if it is right, then discard this.",
    )


def currency_inactive(record: str, currency: str) -> Rejected:
    return _rejected(
        "currency-differs",
        record,
        f"The currency {currency} is not active in Odoo.",
        "Activate it under Accounting > Configuration > Currencies, then replay.",
    )


def document_gone(record: str) -> Rejected:
    return _rejected(
        "record-gone",
        record,
        "It was made in Odoo, and is not there any more or not in a company that the user may see.",
        "If it was deleted there on purpose, discard this; else restore it, then replay.",
    )


def refund_line_unknown(record: str, sku: str) -> Rejected:
    return _rejected(
        "refund-line-unknown",
        record,
        f"The sales order in Odoo has no line with the product {sku}, which the refund pays back.",
        "Enter the credit note by hand in Odoo and discard this; or correct the sales order, then replay.",
    )


def refund_differs(record: str, booked: Decimal, received: Decimal, advice: str) -> Rejected:
    return _rejected(
        "total-differs",
        record,
        f"The credit note comes to {booked} in Odoo, and the buyer received {received}. It stays a draft.",
        f"Compare the taxes of Odoo and of the store; {advice} Then replay, or correct the draft and post it by hand.",
    )


def refund_cancelled(record: str) -> Rejected:
    return _rejected(
        "refund-cancelled",
        record,
        "Its credit note was cancelled in Odoo.",
        "Set it back to draft in Odoo and replay, or discard this.",
    )


def product_not_set(record: str, setting: str) -> Rejected:
    return _rejected(
        "product-not-set",
        record,
        f"It has an amount that needs {setting}, which is not set.",
        f"Set {setting} of the Odoo connection to a service product's internal reference, then replay.",
    )


def product_unknown(record: str, setting: str, code: str) -> Rejected:
    return _rejected(
        "unknown-sku",
        record,
        f"Not exactly one product in Odoo has the internal reference {code}, which {setting} names.",
        "Create the service product in Odoo, or correct the setting, then replay.",
    )


def _rejected(code: str, record: str, what: str, next_step: str) -> Rejected:
    return Rejected(code, system=SYSTEM, record=record, what=what, next_step=next_step)
