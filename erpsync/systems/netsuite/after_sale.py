"""Refunds as credit memos or return authorizations, payments as customer deposits."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from erpsync.domain.errors import Rejected, Skip
from erpsync.ports.erp_records import PaymentDraft, RefundDraft
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.credit_lines import named
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.mapper import credit_record, deposit_record
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord, Ref, Written
from erpsync.systems.netsuite.writing import Writing, ref

Draft = TypeVar("Draft", RefundDraft, PaymentDraft)
_CREDITS = {"credit_memo": "creditMemo", "return_authorization": "returnAuthorization"}


class AfterSale:
    """What is posted to an account once the order is there. What is there already is left as it is: people may have
    applied it meanwhile."""

    def __init__(self, client: SuiteTalk, writing: Writing, items: Items, settings: NetSuiteSettings) -> None:
        self._client = client
        self._writing = writing
        self._items = items
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Answer]:
        record_type = _CREDITS[self._settings.refund_as]
        results, new = self._known(record_type, {draft.reference: draft for draft in drafts})
        orders = self._client.get_list([Ref(internalId=draft.order_id, type="salesOrder") for draft in new])
        items = self._items.find(line.sku for draft in new for line in draft.refund.lines)
        records: dict[str, Written] = {}
        for draft, order in zip(new, orders, strict=True):
            try:
                records[draft.reference] = credit_record(draft, _customer_of(draft, order), items, self._settings)
            except (Rejected, Skip) as error:
                results[draft.reference] = error
        names = {draft.reference: named(draft) for draft in new}
        return results | self._writing.upsert(record_type, records, names)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Answer]:
        results, new = self._known("customerDeposit", {draft.reference: draft for draft in drafts})
        records: dict[str, Written] = {}
        for draft in new:
            try:
                records[draft.reference] = deposit_record(draft, self._settings)
            except Rejected as error:
                results[draft.reference] = error
        names = {draft.reference: f"payment {draft.reference}" for draft in new}
        return results | self._writing.upsert("customerDeposit", records, names)

    def _known(self, record_type: str, drafts: Mapping[str, Draft]) -> tuple[dict[str, Answer], list[Draft]]:
        found = self._writing.by_external_id(record_type, list(drafts))
        results: dict[str, Answer] = {key: ref(record) for key, record in found.items() if record is not None}
        return results, [draft for key, draft in drafts.items() if key not in results]


def _customer_of(draft: RefundDraft, order: ReadRecord | None) -> str:
    entity = order and order["entity"]
    if not entity or not entity["internalId"]:
        raise Rejected(
            "order-not-found",
            system=SYSTEM,
            record=named(draft),
            what=f"The sales order of {draft.order_reference} is not in NetSuite any more.",
            next_step="Credit the customer in NetSuite by hand, then discard this job.",
        )
    return entity["internalId"]
