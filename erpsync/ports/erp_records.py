"""What crosses the ERP's port: drafts of what is to be made, and references to what is there."""

from dataclasses import dataclass
from typing import TypeAlias

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.domain.payments import Payment, Refund


@dataclass(frozen=True)
class RecordRef:
    """A record in the ERP: `target_id` is its key, `display` what its users call it (the sales order's number)."""

    target_id: TargetId
    display: str


@dataclass(frozen=True)
class CustomerDraft:
    """A customer to be found or made. `reference` is ours, stable and unique per store customer."""

    reference: str
    customer: Customer
    billing: Address | None
    shipping: Address | None
    currency: str


CUSTOMER_GONE = "customer-gone"
"""The code of the answer to an order whose customer the ERP does not have, or no longer."""


def customer_gone(*, system: str, record: str, what: str) -> Rejected:
    return Rejected(
        CUSTOMER_GONE,
        system=system,
        record=record,
        what=what,
        next_step="Restore the customer if it was deleted, archived or closed by mistake. Then replay: the order's customer"
        " is looked for anew, by reference and e-mail address, and made if it is not there.",
    )


@dataclass(frozen=True)
class OrderDraft:
    """A sales order to be made. `reference` is ours, stable, unique per store order, and what it is found by."""

    reference: str
    order: Order
    customer_id: TargetId


@dataclass(frozen=True)
class RefundDraft:
    """A refund to be posted for a sales order. `reference` is ours, stable and unique per store refund."""

    reference: str
    order_id: TargetId
    order_reference: str
    refund: Refund


@dataclass(frozen=True)
class PaymentDraft:
    """A payment to be posted for a sales order. `reference` is ours, stable and unique per store payment."""

    reference: str
    order_id: TargetId
    customer_id: TargetId
    payment: Payment


Written: TypeAlias = RecordRef | SyncError
