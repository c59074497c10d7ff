"""What the fake ERP holds, and the rules by which it takes or refuses a record."""

from dataclasses import dataclass, replace

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.orders import Order
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef, Written
from erpsync.testing.faults import Faults

NOBODY = TargetId("")


@dataclass(frozen=True)
class SalesOrder:
    """An order as the ERP has it."""

    ref: RecordRef
    reference: str
    order: Order
    customer_id: TargetId
    cancelled: bool = False
    shipped: bool = False


@dataclass(frozen=True)
class Account:
    """A customer as the ERP has it. Its users call it by its name."""

    ref: RecordRef
    reference: str
    email: str


class Books:
    """The ERP's records. Refuses a customer it does not know, and to touch what is shipped, cancelled or not there."""

    def __init__(self, system: str, faults: Faults, *, unique_references: bool) -> None:
        self.unique_references = unique_references
        self.orders: dict[TargetId, SalesOrder] = {}
        self.customers: dict[TargetId, Account] = {}
        self._system = system
        self._faults = faults
        self._last = 0

    def add_order(self, reference: str, order: Order, customer_id: TargetId = NOBODY) -> SalesOrder:
        """An order that is there already, whoever made it."""
        number = self._number()
        made = SalesOrder(RecordRef(TargetId(str(number)), f"SO{number}"), reference, order, customer_id)
        self.orders[made.ref.target_id] = made
        return made

    def add_customer(self, reference: str, name: str, email: str = "") -> Account:
        """A customer that is there already, whoever made it."""
        made = Account(RecordRef(TargetId(str(self._number())), name), reference, email.strip().lower())
        self.customers[made.ref.target_id] = made
        return made

    def ship(self, target_id: TargetId) -> None:
        """From now on the order can be neither changed nor cancelled."""
        self.orders[target_id] = replace(self.orders[target_id], shipped=True)

    def orders_of(self, reference: str) -> list[SalesOrder]:
        return [order for order in self.orders.values() if order.reference == reference]

    def customer_references(self) -> set[str]:
        return {account.reference for account in self.customers.values()}

    def customers_like(self, draft: CustomerDraft) -> tuple[RecordRef, ...]:
        """By reference, else by e-mail address."""
        accounts = list(self.customers.values())
        email = draft.customer.email.strip().lower()
        known = [account.ref for account in accounts if account.reference == draft.reference]
        return tuple(known or (account.ref for account in accounts if email and account.email == email))

    def keep_customer(self, draft: CustomerDraft, seen: set[str] | None) -> Written:
        """Makes the customer, unless its reference is there; where `seen` is given, unless it is among those."""
        error = self._faults.refusal_of("upsert_customers", draft.reference)
        if error is not None:
            return error
        known = [account for account in self.customers.values() if account.reference == draft.reference]
        if known and (seen is None or draft.reference in seen):
            return known[0].ref
        return self.add_customer(draft.reference, draft.customer.full_name, draft.customer.email).ref

    def create_order(self, draft: OrderDraft) -> Written:
        error = self._faults.refusal_of("create_orders", draft.reference)
        if error is not None:
            return error
        if draft.customer_id not in self.customers:
            return self._refused("customer-unknown", f"There is no customer {draft.customer_id}.")
        known = self.orders_of(draft.reference)
        if known and self.unique_references:
            return self.amend_order(known[0].ref.target_id, draft)
        return self.add_order(draft.reference, draft.order, draft.customer_id).ref

    def amend_order(self, target_id: TargetId, draft: OrderDraft) -> Written:
        error = self._faults.refusal_of("amend_orders", draft.reference) or self._closed(target_id)
        if error is not None:
            return error
        self.orders[target_id] = replace(self.orders[target_id], order=draft.order, customer_id=draft.customer_id)
        return self.orders[target_id].ref

    def cancel_order(self, target_id: TargetId) -> Written:
        known = self.orders.get(target_id)
        error: SyncError | None = self._faults.refusal_of("cancel_orders", known.reference if known else "")
        if error is None and (known is None or not known.cancelled):
            error = self._closed(target_id)
        if error is not None:
            return error
        self.orders[target_id] = replace(self.orders[target_id], cancelled=True)
        return self.orders[target_id].ref

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _closed(self, target_id: TargetId) -> Rejected | None:
        order = self.orders.get(target_id)
        if order is None:
            return self._refused("order-gone", f"There is no sales order {target_id}.")
        if order.shipped or order.cancelled:
            state = "shipped" if order.shipped else "cancelled"
            return self._refused(f"order-{state}", f"Sales order {order.ref.display} is {state}.")
        return None

    def _refused(self, code: str, what: str) -> Rejected:
        return Rejected(code, system=self._system, what=what, next_step="Settle it by hand, then replay or discard.")
