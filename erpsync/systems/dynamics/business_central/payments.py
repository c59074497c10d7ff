"""Payments as lines of a cash receipt journal, which a bookkeeper posts: API v2.0 has no action that posts one line.

A line's document number is made from our reference and outlives the posting, after which it is found among the general
ledger entries. The journal batch must have no number series, which would give numbers of its own.
Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_customerpayment
"""

from collections.abc import Sequence

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import PaymentDraft, RecordRef, Written
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request, text
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.references import NUMBER_LENGTH, code_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import CustomerPayment, LedgerEntry, Payload, select


class Payments:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def post(self, drafts: Sequence[PaymentDraft]) -> dict[str, Written]:
        """Looks for all of them in one request, then makes those that are not there in another."""
        written: dict[str, Written] = {}
        journals: dict[str, str] = {}
        for draft in drafts:
            try:
                journals[draft.reference] = self._journal(draft)
            except Rejected as refusal:
                written[draft.reference] = refusal
        ready = [draft for draft in drafts if draft.reference in journals]
        there = self._there(ready, journals)
        absent = [draft for draft in ready if draft.reference not in there]
        requests = [
            Request("POST", _lines(journals[draft.reference]), body=self._payload(draft), record=_record(draft))
            for draft in absent
        ]
        for draft, answer in zip(absent, self._client.batch(requests), strict=True):
            written[draft.reference] = answer.error or _ref(draft)
        return written | {draft.reference: _ref(draft) for draft in ready if draft.reference in there}

    def _there(self, drafts: Sequence[PaymentDraft], journals: dict[str, str]) -> set[str]:
        """The references of payments that stand in their journal, or were posted from it."""
        requests = []
        for draft in drafts:
            where = {"$filter": f"documentNumber eq {text(_number(draft))}"}
            path = _lines(journals[draft.reference])
            requests.append(Request("GET", path, {"$select": select(CustomerPayment), **where}))
            requests.append(
                Request("GET", "generalLedgerEntries", {"$select": select(LedgerEntry), "$top": "1", **where})
            )
        answers = iter(self._client.batch(requests))
        found = set()
        for draft in drafts:
            if [*next(answers).rows, *next(answers).rows]:
                found.add(draft.reference)
        return found

    def _journal(self, draft: PaymentDraft) -> str:
        payment = draft.payment
        own = self._settings.iso_currency(self._lookups.local_currency())
        if payment.amount.currency != own:
            raise Rejected(
                "payment-currency",
                system=SYSTEM,
                record=_record(draft),
                what=f"The payment is in {payment.amount.currency}; API v2.0 takes payments in the company's {own} only.",
                next_step="Enter the payment by hand in Business Central's cash receipt journal, then discard this job.",
            )
        code = self._settings.payment_methods.get(payment.method, self._settings.default_payment_journal)
        if not code:
            raise Rejected(
                "payment-method-not-mapped",
                system=SYSTEM,
                record=_record(draft),
                what=f'No cash receipt journal batch is configured for payment method "{payment.method}".',
                next_step="Add it to `payment_methods` of this connection, or set `default_payment_journal`; then replay.",
            )
        return self._lookups.journal_id(code, _record(draft))

    def _payload(self, draft: PaymentDraft) -> Payload:
        """What comes in from a customer is negative in a journal."""
        return {
            "customerId": draft.customer_id,
            "postingDate": draft.payment.paid_at.astimezone(self._settings.zone).date().isoformat(),
            "documentNumber": _number(draft),
            "externalDocumentNumber": code_of(draft.reference),
            "amount": -draft.payment.amount.amount,
            "comment": f"Sales order {draft.order_id}",
        }


def _lines(journal_id: str) -> str:
    return f"customerPaymentJournals({journal_id})/customerPayments"


def _number(draft: PaymentDraft) -> str:
    return code_of(draft.reference, NUMBER_LENGTH)


def _ref(draft: PaymentDraft) -> RecordRef:
    return RecordRef(TargetId(_number(draft)), _number(draft))


def _record(draft: PaymentDraft) -> str:
    return f"payment {draft.reference}"
