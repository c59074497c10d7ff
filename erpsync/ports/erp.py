"""The ERP's side of a sync. Only domain records cross it, so mappers number stores + ERPs, never stores x ERPs.

Every bulk method answers per record: a returned error concerns that record alone, a raised one the whole call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.ports.checks import Check


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


@dataclass(frozen=True)
class OrderDraft:
    """A sales order to be made. `reference` is ours, stable, unique per store order, and what it is found by."""

    reference: str
    order: Order
    customer_id: TargetId


Written: TypeAlias = RecordRef | SyncError


class Erp(Protocol):
    """An ERP as the flows see it. Methods block; all may raise Transient errors, and Rejected for the whole call only
    where the configuration or the credentials are at fault."""

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
        """Makes each sales order. One bad record fails alone. Raises OutcomeUnknown when the reply is lost."""
        ...

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        """Makes existing sales orders equal their drafts: lines added, changed and removed."""
        ...

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Cancels, or closes where the ERP has no cancellation. An order already cancelled is a success; one that has
        been shipped or invoiced is Rejected with what to do."""
        ...
