"""The ERP's side of a sync. Only domain records cross it, so mappers number stores + ERPs, never stores x ERPs.

Every bulk method answers per record: a returned error concerns that record alone, a raised one the whole call.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from erpsync.domain.ids import TargetId
from erpsync.ports.checks import Check
from erpsync.ports.erp_changes import ErpChanges
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft, Written


class Erp(ErpChanges, Protocol):
    """An ERP as the flows see it. Methods block; all may raise Transient errors, and Rejected for the whole call only
    where the configuration or the credentials are at fault.

    A method whose Ability is in `Capabilities.missing` raises Rejected with that sentence.
    """

    def ping(self) -> None:
        """The cheapest authenticated read. Returns when the ERP answers; the breaker's probe."""
        ...

    def check(self) -> Sequence[Check]:
        """Reachability, credentials, permissions, clock skew, company and configured lookups, a `Check` each.
        Raises nothing that a remote can cause."""
        ...

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        """All matches per `reference`: by our reference first, else by e-mail address. Empty tuple: none."""
        ...

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        """Makes each customer, or updates the one that has this reference. Never a second one for a reference where the
        ERP enforces unique references (`Capabilities.unique_references`)."""
        ...

    def find_orders(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        """All sales orders per reference, in as few calls as the ERP allows. Empty tuple: none."""
        ...

    def create_orders(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        """Makes each sales order. One bad record fails alone. Raises OutcomeUnknown when the reply is lost; where the
        calls of a batch ended differently, each order is answered for itself. One whose customer is not there is Rejected
        as CUSTOMER_GONE: the customer is looked for anew before it is tried again."""
        ...

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        """Makes existing sales orders equal their drafts: lines added, changed and removed."""
        ...

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Cancels, or closes where the ERP has no cancellation. An order already cancelled is a success; one that has
        been shipped or invoiced is Rejected with what to do."""
        ...

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Closes what will not be delivered any more; what was delivered stays. Closed already is a success."""
        ...

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        """A credit memo or return each, by `reference`, for what the buyer received back to the cent. Posting again under
        the same reference never makes a second one, by the same rules as for orders."""
        ...

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        """A customer deposit or payment each, by `reference`, by the same rules."""
        ...

    def preview_order(self, draft: OrderDraft) -> object:
        """What `create_orders` would send for this draft, as plain JSON values, and nothing is written. Raises Rejected as
        `create_orders` would return it."""
        ...
