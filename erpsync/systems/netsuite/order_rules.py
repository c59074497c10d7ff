"""What holds for orders, and for what follows them, by either transport. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.ports.erp_records import OrderDraft, RecordRef, RefundDraft
from erpsync.systems.netsuite.credit_lines import named as named_refund
from erpsync.systems.netsuite.lines import SYSTEM, named, ordered
from erpsync.systems.netsuite.settings import NetSuiteSettings

CREDITS = {"credit_memo": "creditMemo", "return_authorization": "returnAuthorization"}
"""The type of record that each `refund_as` makes."""


def skus(drafts: Iterable[OrderDraft]) -> list[Sku]:
    """Those of all lines that are sold."""
    return [line.sku for draft in drafts for line in ordered(draft.order)]


def invoiced(number: str, amount: Decimal, currency_id: str, settings: NetSuiteSettings) -> Money:
    """An invoice's total. Raises Rejected for a currency that is not configured."""
    currency = settings.currency_of(currency_id)
    if not currency:
        raise Rejected(
            "currency-not-mapped",
            system=SYSTEM,
            record=f"invoice {number}",
            what="The invoice is in a currency that is not configured for this connection.",
            next_step="Add the currency with its internal id to `currencies` of this connection.",
        )
    return Money(amount=amount, currency=currency)


def total_differs(order: Order, made: RecordRef, total: Decimal) -> Rejected:
    """For an order of which NetSuite makes another total, as of tax that the account adds."""
    return Rejected(
        "total-differs",
        system=SYSTEM,
        record=named(order),
        what=f"NetSuite has it as {made.display} and adds it up to {total:f} {order.currency}, not to {order.total}.",
        next_step=f"Look at {made.display} in NetSuite for tax or charges that the account adds by itself, turn that off "
        "for these customers or items, then replay: the order is written again.",
    )


def too_late(display: str) -> Rejected:
    """For an order to be cancelled of which something was delivered or billed."""
    return Rejected(
        "order-already-fulfilled",
        system=SYSTEM,
        record=f"sales order {display}",
        what="The sales order has been fulfilled or billed, at least in part, and can no longer be cancelled.",
        next_step="Make a return authorization or close what is left of it in NetSuite by hand, then discard this job.",
    )


def order_deleted() -> Skip:
    """For an order to be cancelled or closed that is gone."""
    return Skip("order-deleted", what="The sales order was deleted in NetSuite already.")


def order_gone(draft: RefundDraft) -> Rejected:
    """For a refund of an order that is gone: nobody is known to credit it to."""
    return Rejected(
        "order-not-found",
        system=SYSTEM,
        record=named_refund(draft),
        what=f"The sales order of {draft.order_reference} is not in NetSuite any more.",
        next_step="Credit the customer in NetSuite by hand, then discard this job.",
    )


def status_unknown(display: str, status: str) -> Rejected:
    """For an order that was read with a status that erpsync has no word for."""
    return Rejected(
        "order-status-unknown",
        system=SYSTEM,
        record=f"sales order {display}",
        what=f"NetSuite gives the sales order the status {status}, which erpsync does not know.",
        next_step="Look at the sales order in NetSuite; report this if its status there is an ordinary one.",
    )
