"""Refunds as credit memos or return authorizations, payments as customer deposits, by REST."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from erpsync.domain.errors import Rejected, Skip
from erpsync.ports.erp_records import PaymentDraft, RefundDraft
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite.credit_lines import named
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.mapper import credit_record, deposit_record
from erpsync.systems.netsuite.rest_orders import RestOrders
from erpsync.systems.netsuite.rest_writing import RestWriting, refs
from erpsync.systems.netsuite.settings import NetSuiteSettings

Draft = TypeVar("Draft", RefundDraft, PaymentDraft)
_CREDITS = {"credit_memo": "creditMemo", "return_authorization": "returnAuthorization"}
_DEPOSIT = "customerDeposit"


class RestAfterSale:
    """What is posted once the order is there. What is there already is left as it is: people may have applied it."""

    def __init__(self, orders: RestOrders, writing: RestWriting, settings: NetSuiteSettings) -> None:
        self._orders = orders
        self._writing = writing
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Answer]:
        kind = _CREDITS[self._settings.refund_as]
        results, new = self._known(kind, {draft.reference: draft for draft in drafts})
        if not new:
            return results
        sold = self._writing.by_id("salesOrder", [draft.order_id for draft in new])
        items = self._orders.items(line.sku for draft in new for line in draft.refund.lines)
        records: dict[str, Mapping[str, Any]] = {}
        for draft in new:
            try:
                if draft.order_id not in sold or not sold[draft.order_id].customer_id:
                    raise _order_gone(draft)
                records[draft.reference] = credit_record(draft, sold[draft.order_id].customer_id, items, self._settings)
            except (Rejected, Skip) as error:
                results[draft.reference] = error
        names = {draft.reference: named(draft) for draft in new}
        return results | refs(self._writing.create(kind, records, names))

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Answer]:
        results, new = self._known(_DEPOSIT, {draft.reference: draft for draft in drafts})
        records: dict[str, Mapping[str, Any]] = {}
        for draft in new:
            try:
                records[draft.reference] = deposit_record(draft, self._settings)
            except Rejected as error:
                results[draft.reference] = error
        names = {draft.reference: f"payment {draft.reference}" for draft in new}
        return results | refs(self._writing.create(_DEPOSIT, records, names))

    def _known(self, kind: str, drafts: Mapping[str, Draft]) -> tuple[dict[str, Answer], list[Draft]]:
        found = self._writing.by_reference(kind, list(drafts))
        results: dict[str, Answer] = {key: records[0].ref for key, records in found.items() if records}
        return results, [draft for key, draft in drafts.items() if key not in results]


def _order_gone(draft: RefundDraft) -> Rejected:
    return Rejected(
        "order-not-found",
        system=SYSTEM,
        record=named(draft),
        what=f"The sales order of {draft.order_reference} is not in NetSuite any more.",
        next_step="Credit the customer in NetSuite by hand, then discard this job.",
    )
