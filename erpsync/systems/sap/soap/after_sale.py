"""Refunds as credit memo requests, and incoming payments: each posted once per reference."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from erpsync.ports.erp_records import PaymentDraft, RefundDraft, Written
from erpsync.systems.sap.soap import finding, mapper, wire
from erpsync.systems.sap.soap.booking import Entry, mapped, write
from erpsync.systems.sap.soap.client import Wrapper
from erpsync.systems.sap.soap.settings import SapSoapSettings

T = TypeVar("T")
# Z_ERPSYNC_REFUND takes neither addresses, which are the order's, nor fields of the merchant's own.
_NOT_OF_REFUNDS = ("IT_ADDRESS", "IT_EXTRA")


class AfterSale:
    """The Erp port's part that comes after the sale."""

    def __init__(self, wrapper: Wrapper, settings: SapSoapSettings) -> None:
        self._wrapper = wrapper
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._posted(finding.REFUND, wire.REFUND, {draft.reference: draft for draft in drafts}, self._refund)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._posted(finding.PAYMENT, wire.PAYMENT, {draft.reference: draft for draft in drafts}, self._payment)

    def _posted(
        self, kind: str, function: str, drafts: Mapping[str, T], entry: Callable[[str, T], Entry]
    ) -> dict[str, Written]:
        there = finding.already(self._wrapper, self._settings, kind, list(drafts))
        entries, refused = mapped({key: one for key, one in drafts.items() if key not in there}, entry)
        return {**there, **refused, **write(self._wrapper, function, entries)}

    def _refund(self, _: str, draft: RefundDraft) -> Entry:
        document = mapper.refund(draft, self._settings)
        tables = {name: rows for name, rows in document.tables().items() if name not in _NOT_OF_REFUNDS}
        label = mapper.refund_label(draft)
        return Entry(label, tables, document.materials, draft.refund.total, "Credit memo request")

    def _payment(self, _: str, draft: PaymentDraft) -> Entry:
        return Entry(mapper.payment_label(draft), {"IT_PAYMENT": [mapper.payment(draft, self._settings)]})
