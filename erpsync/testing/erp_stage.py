"""What an ERP's contract suite is given to work on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Customer
from erpsync.ports.erp import Erp
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef, Written
from erpsync.ports.simulator import Booked, ErpControls
from erpsync.ports.spec import Ability, Capabilities
from erpsync.testing import samples

# More than any overlap between two reads makes needless, less than the longest transaction that an overlap must cover.
LATE_SECONDS = 20.0
NOBODY = TargetId("99999999")


@dataclass(frozen=True)
class Stage:
    """An ERP to practise on. `open` gives a fresh adapter, as another worker has one, with settings changed by name.

    `lose_reply` arms one lost reply to a request that writes ("create", "customer", "refund" or "payment"): it is done,
    with a second argument that many seconds later, and the answer never comes. What it returns tells how often that
    fired; `wait_for_late` returns when what was to be done later is done. `settle_seconds` is what the adapter must
    then ask for, 0 where the ERP keeps references unique. `calls` counts the requests that arrived, by operation; `finds`
    and `creates` are regular expressions for the operations that look up and make sales orders. `tag` makes references
    unique on a system that is kept.
    """

    open: Callable[..., Erp]
    controls: ErpControls
    capabilities: Capabilities
    lose_reply: Callable[..., Callable[[], int]]
    calls: Callable[[], Mapping[str, int]]
    finds: str
    creates: str
    settle_seconds: float = 0.0
    tag: str = "shop"
    finds_per_batch: int = 1
    """Look-ups that finding and making one full batch of orders takes."""
    nobody: TargetId = NOBODY
    """What no customer has for an id."""
    wait_for_late: Callable[[], None] = lambda: None

    def lacks(self, ability: Ability, call: Callable[[], object]) -> bool:
        """Whether the ERP lacks the ability; then `call` must be refused with the declared sentence."""
        sentence = self.capabilities.missing.get(ability)
        if sentence is None:
            return False
        with pytest.raises(Rejected) as refused:
            call()
        if refused.value.problem.what != sentence:
            raise AssertionError(f"refused with {refused.value.problem.what!r} instead of {sentence!r}")
        return True

    def customer(self, erp: Erp, name: str = "1") -> TargetId:
        draft = self.customer_draft(name)
        return written(erp.upsert_customers([draft])[draft.reference]).target_id

    def customer_draft(self, name: str = "1", **changes: str) -> CustomerDraft:
        fields = {"email": f"{self.tag}-{name}@example.com", "first_name": "Ada", "last_name": f"Byron {name}"}
        customer = Customer.model_validate({"source_id": SourceId(name), **fields, **changes})
        billing = samples.order().billing
        return CustomerDraft(f"{self.tag}-customer-{name}", customer, billing, billing, "EUR")

    def draft(self, customer_id: TargetId, order: Order) -> OrderDraft:
        return OrderDraft(f"{self.tag}-{order.source_id}", order, customer_id)

    def make(self, erp: Erp, order: Order) -> RecordRef:
        """The sales order of a new customer's order."""
        draft = self.draft(self.customer(erp), order)
        return written(erp.create_orders([draft])[draft.reference])

    def the_order(self, source_id: str) -> Booked:
        [found] = self.controls.booked(f"{self.tag}-{source_id}")
        return found


def written(answer: Written) -> RecordRef:
    """The record, or the error it ended with."""
    if isinstance(answer, SyncError):
        raise AssertionError(f"{answer.code}: {answer}") from answer
    return answer
