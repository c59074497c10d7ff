"""Refunds as credit memos or return authorizations, payments as customer deposits."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from erpsync.ports.erp_records import PaymentDraft, RefundDraft
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.credit_lines import named
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.mapper import credit_record, deposit_record
from erpsync.systems.netsuite.order_rules import CREDITS, order_gone
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord, Ref
from erpsync.systems.netsuite.writing import Writing, ref

Draft = TypeVar("Draft", RefundDraft, PaymentDraft)


class AfterSale:
    """What is posted to an account once the order is there. What is there already is left as it is: people may have
    applied it meanwhile."""

    def __init__(self, client: SuiteTalk, writing: Writing, items: Items, settings: NetSuiteSettings) -> None:
        self._client = client
        self._writing = writing
        self._items = items
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Answer]:
        record_type = CREDITS[self._settings.refund_as]
        results, new = self._known(record_type, {draft.reference: draft for draft in drafts})
        sold = self._client.get_list([Ref(internalId=draft.order_id, type="salesOrder") for draft in new.values()])
        orders = dict(zip(new, sold, strict=True))
        items = self._items.find(line.sku for draft in new.values() for line in draft.refund.lines)
        records, refused = drafted(
            new, lambda key, draft: credit_record(draft, _customer_of(draft, orders[key]), items, self._settings)
        )
        names = {reference: named(draft) for reference, draft in new.items()}
        return results | refused | self._writing.upsert(record_type, records, names)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Answer]:
        results, new = self._known("customerDeposit", {draft.reference: draft for draft in drafts})
        records, refused = drafted(new, lambda _, draft: deposit_record(draft, self._settings))
        names = {reference: f"payment {reference}" for reference in new}
        return results | refused | self._writing.upsert("customerDeposit", records, names)

    def _known(self, record_type: str, drafts: Mapping[str, Draft]) -> tuple[dict[str, Answer], dict[str, Draft]]:
        found = self._writing.by_external_id(record_type, list(drafts))
        results: dict[str, Answer] = {key: ref(record) for key, record in found.items() if record is not None}
        return results, {key: draft for key, draft in drafts.items() if key not in results}


def _customer_of(draft: RefundDraft, order: ReadRecord | None) -> str:
    entity = order and order["entity"]
    if not entity or not entity["internalId"]:
        raise order_gone(draft)
    return entity["internalId"]
