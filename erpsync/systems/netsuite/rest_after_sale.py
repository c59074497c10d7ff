"""Refunds as credit memos or return authorizations, payments as customer deposits, by REST."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from erpsync.ports.erp_records import PaymentDraft, RefundDraft
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite.credit_lines import named
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.mapper import credit_record, deposit_record
from erpsync.systems.netsuite.order_rules import CREDITS, order_gone
from erpsync.systems.netsuite.rest_orders import RestOrders
from erpsync.systems.netsuite.rest_writing import Found, RestWriting, refs
from erpsync.systems.netsuite.settings import NetSuiteSettings

Draft = TypeVar("Draft", RefundDraft, PaymentDraft)
_DEPOSIT = "customerDeposit"


class RestAfterSale:
    """What is posted once the order is there. What is there already is left as it is: people may have applied it."""

    def __init__(self, orders: RestOrders, writing: RestWriting, settings: NetSuiteSettings) -> None:
        self._orders = orders
        self._writing = writing
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Answer]:
        kind = CREDITS[self._settings.refund_as]
        results, new = self._known(kind, {draft.reference: draft for draft in drafts})
        if not new:
            return results
        sold = self._writing.by_id("salesOrder", [draft.order_id for draft in new.values()])
        items = self._orders.items(line.sku for draft in new.values() for line in draft.refund.lines)
        records, refused = drafted(
            new, lambda _, draft: credit_record(draft, _customer_of(draft, sold), items, self._settings)
        )
        names = {reference: named(draft) for reference, draft in new.items()}
        return results | refused | refs(self._writing.create(kind, records, names))

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Answer]:
        results, new = self._known(_DEPOSIT, {draft.reference: draft for draft in drafts})
        records, refused = drafted(new, lambda _, draft: deposit_record(draft, self._settings))
        names = {reference: f"payment {reference}" for reference in new}
        return results | refused | refs(self._writing.create(_DEPOSIT, records, names))

    def _known(self, kind: str, drafts: Mapping[str, Draft]) -> tuple[dict[str, Answer], dict[str, Draft]]:
        found = self._writing.by_reference(kind, list(drafts))
        results: dict[str, Answer] = {key: records[0].ref for key, records in found.items() if records}
        return results, {key: draft for key, draft in drafts.items() if key not in results}


def _customer_of(draft: RefundDraft, sold: Mapping[str, Found]) -> str:
    order = sold.get(draft.order_id)
    if order is None or not order.customer_id:
        raise order_gone(draft)
    return order.customer_id
