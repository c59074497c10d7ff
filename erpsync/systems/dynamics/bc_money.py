"""What is posted after the sale in Business Central: credit memos for refunds, payment journal lines for payments."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import cast

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp import RecordRef, Written
from erpsync.ports.erp_changes import PaymentDraft, RefundDraft
from erpsync.systems.dynamics import refusals, wire
from erpsync.systems.dynamics.bc_refunds import refund_lines
from erpsync.systems.dynamics.client import Answer, Call
from erpsync.systems.dynamics.lookups import Company
from erpsync.systems.dynamics.mapper import currency_code, payment_record, sales_line
from erpsync.systems.dynamics.names import NUMBER_LENGTH, SYSTEM, stored_reference
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

_MEMO = "id,number,externalDocumentNumber,status"


class Money:
    def __init__(self, company: Company, settings: DynamicsSettings) -> None:
        self._company = company
        self._settings = settings

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        """A credit memo each, found again by its external document number whether it is posted or not."""
        stored = {draft.reference: stored_reference(draft.reference) for draft in drafts}
        rows = self._company.found("salesCreditMemos", "externalDocumentNumber", stored.values(), select=_MEMO)
        known = {row["externalDocumentNumber"]: row for row in rows}
        memos = {reference: known[key] for reference, key in stored.items() if key in known}
        new = [draft for draft in drafts if draft.reference not in memos]
        results: dict[str, Written] = {}
        calls: dict[str, Call] = {}
        buyers = self._buyers([draft.order_id for draft in new])
        skus = [line.sku for draft in new for line in draft.refund.lines]
        for draft in new:
            try:
                record = self._memo(draft, buyers.get(draft.order_id, ""), skus)
                calls[draft.reference] = Call("POST", self._company.at("salesCreditMemos", select=_MEMO), cast(Row, record))
            except Rejected as error:
                results[draft.reference] = error
        answers = self._company.odata.batch(list(calls.values()), write=True)
        for reference, answer in zip(calls, answers, strict=True):
            if answer.ok:
                memos[reference] = answer.body
            else:
                results[reference] = _refused(answer, f"refund {reference}")
        return results | self._posted(memos)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        """A line of the method's payment journal each. A person or a job queue there posts the journal."""
        codes = {code for draft in drafts if (code := self._journal_code(draft))}
        journals = {
            row["code"]: row["id"]
            for row in self._company.found("customerPaymentJournals", "code", codes, select="id,code")
        }
        results: dict[str, Written] = {}
        calls: dict[str, Call] = {}
        for draft in drafts:
            code, record = self._journal_code(draft), f"payment {draft.reference}"
            if not code:
                results[draft.reference] = refusals.missing_entry("payment_journals", draft.payment.method, record)
            elif code not in journals:
                table = "customerPaymentJournals in Business Central"
                results[draft.reference] = refusals.missing_entry(table, code, record)
            else:
                path = self._company.at(f"customerPaymentJournals({journals[code]})/customerPayments")
                calls[draft.reference] = Call("POST", path, cast(Row, payment_record(draft)))
        known = self._payments_known([draft for draft in drafts if draft.reference in calls], journals)
        results |= known
        wanted = {reference: call for reference, call in calls.items() if reference not in known}
        answers = self._company.odata.batch(list(wanted.values()), write=True)
        for reference, answer in zip(wanted, answers, strict=True):
            ref = RecordRef(TargetId(str(answer.body.get("id", ""))), stored_reference(reference, NUMBER_LENGTH))
            results[reference] = ref if answer.ok else _refused(answer, f"payment {reference}")
        return results

    def _memo(self, draft: RefundDraft, customer_id: str, skus: Sequence[str]) -> wire.SalesCreditMemo:
        settings, record = self._settings, f"refund {draft.reference}"
        if not customer_id:
            raise Rejected(
                "order-gone",
                system=SYSTEM,
                record=record,
                what="Neither the sales order nor an invoice of it is in Business Central any more.",
                next_step="Make the credit memo by hand in Business Central, then discard this job.",
            )
        refund = draft.refund
        lines = refund_lines(refund, settings, record)
        lookups = self._company.lookups((), [settings.refund_charge])
        lookups = type(lookups)(self._company.item_ids(skus), lookups.accounts, lookups.shipment_methods)
        return wire.SalesCreditMemo(
            externalDocumentNumber=stored_reference(draft.reference),
            creditMemoDate=refund.created_at.astimezone(UTC).date().isoformat(),
            customerId=customer_id,
            currencyCode=currency_code(refund.total.currency, settings, record),
            salesCreditMemoLines=[sales_line(line, lookups, settings, record) for line in lines],
        )

    def _buyers(self, order_ids: Sequence[TargetId]) -> dict[str, str]:
        """The customer's id by the order's, from the order or from an invoice of it."""
        if not order_ids:
            return {}
        unique = list(dict.fromkeys(order_ids))
        calls = []
        for id_ in unique:
            calls.append(Call("GET", self._company.at(f"salesOrders({id_})", select="id,customerId")))
            options = {"filter": f"orderId eq {id_}", "select": "id,customerId", "top": "1"}
            calls.append(Call("GET", self._company.at("salesInvoices", **options)))
        answers = self._company.odata.batch(calls, write=False)
        buyers: dict[str, str] = {}
        for id_, order, invoices in zip(unique, answers[::2], answers[1::2], strict=True):
            if order.ok:
                buyers[id_] = order.body["customerId"]
            elif order.status == 404 and invoices.ok and invoices.body["value"]:
                buyers[id_] = invoices.body["value"][0]["customerId"]
            elif order.status != 404:
                raise refusals.of_answer(order.status, order.body, record=f"sales order {id_}", write=False)
        return buyers

    def _posted(self, memos: Mapping[str, Row]) -> dict[str, Written]:
        """The credit memos, posted where the settings want it and they are not yet."""
        results: dict[str, Written] = {
            reference: RecordRef(TargetId(memo["id"]), memo["number"]) for reference, memo in memos.items()
        }
        drafts = [reference for reference, memo in memos.items() if memo.get("status") == "Draft"]
        if not self._settings.post_credit_memos or not drafts:
            return results
        calls = [
            Call("POST", self._company.at(f"salesCreditMemos({memos[reference]['id']})/Microsoft.NAV.post"))
            for reference in drafts
        ]
        for reference, answer in zip(drafts, self._company.odata.batch(calls, write=True), strict=True):
            if not answer.ok:
                results[reference] = _refused(answer, f"credit memo {memos[reference]['number']}")
        return results

    def _payments_known(self, drafts: Sequence[PaymentDraft], journals: Mapping[str, str]) -> dict[str, Written]:
        """Those that lie in their journal, or have been posted from it: a posted line leaves the journal."""
        numbers = {stored_reference(draft.reference, NUMBER_LENGTH): draft.reference for draft in drafts}
        wanted = [
            (f"customerPaymentJournals({id_})/customerPayments", "documentNumber", {"select": "id,documentNumber"})
            for id_ in journals.values()
        ]
        wanted.append(("generalLedgerEntries", "documentNumber", {"select": "id,documentNumber"}))
        if not numbers:
            return {}
        results: dict[str, Written] = {}
        for rows in self._company.found_in(wanted, numbers):
            for row in rows:
                number = row["documentNumber"]
                results.setdefault(numbers[number], RecordRef(TargetId(str(row["id"])), number))
        return results

    def _journal_code(self, draft: PaymentDraft) -> str:
        settings = self._settings
        return settings.payment_journals.get(draft.payment.method, settings.default_payment_journal)


def _refused(answer: Answer, record: str) -> SyncError:
    return refusals.of_answer(answer.status, answer.body, record=record, write=True)
