"""Payments, as lines of customer payment journals.

Nothing in F&O keeps a payment's reference unique, so each is looked for before it is entered. Its journal is posted in F&O:
the data entities publish no posting.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import PaymentDraft, RecordRef, Written
from erpsync.systems.dynamics.finance_operations import query, refusals
from erpsync.systems.dynamics.finance_operations.client import FoClient, Write
from erpsync.systems.dynamics.finance_operations.mapper import REFERENCE_LENGTH, payment_method
from erpsync.systems.dynamics.finance_operations.numbers import number_for
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import JOURNALS, PAYMENTS, Row


class Payments:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings) -> None:
        self._client = client
        self._settings = settings

    def post(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        """One journal takes all of them that are new."""
        results: dict[str, Written] = dict(self._known([draft.reference for draft in drafts]))
        rows: dict[str, Row] = {}
        for draft in drafts:
            if draft.reference in results:
                continue
            try:
                rows[draft.reference] = self._row(draft)
            except Rejected as error:
                results[draft.reference] = error
        if not rows:
            return results
        journal = self._journal(next(iter(rows)))
        if isinstance(journal, SyncError):
            return {**results, **{reference: refusals.about(journal, f"payment {reference}") for reference in rows}}
        return {**results, **self._enter(journal, rows)}

    def _known(self, references: Sequence[str]) -> Mapping[str, RecordRef]:
        numbers = {number_for(reference): reference for reference in references}
        found = self._client.read_in(PAYMENTS, "PaymentReference", list(numbers))
        return {
            numbers[row["PaymentReference"]]: _ref(row["JournalBatchNumber"], row["LineNumber"])
            for row in found
            if row["PaymentReference"] in numbers
        }

    def _row(self, draft: PaymentDraft) -> Row:
        settings, payment, record = self._settings, draft.payment, f"payment {draft.reference}"
        if not settings.payment_journal:
            raise refusals.setting_missing(record, "payment_journal", "No journal is set for payments.")
        if payment.amount.currency not in settings.currencies:
            raise refusals.currency_unknown(record, payment.amount.currency)
        method = payment_method((payment.method,), settings)
        if not method:
            what = f'There is no method of payment for "{payment.method}".'
            raise refusals.setting_missing(record, "payment_methods", what)
        return {
            "AccountType": "Cust",
            "AccountDisplayValue": draft.customer_id,
            "CurrencyCode": payment.amount.currency,
            "CreditAmount": payment.amount.amount,
            "TransactionDate": query.date_of(payment.paid_at, settings.zone),
            "PaymentMethodName": method,
            "PaymentReference": number_for(draft.reference),
            "TransactionText": f"{draft.order_id} {draft.reference}"[:REFERENCE_LENGTH],
        }

    def _journal(self, reference: str) -> str | SyncError:
        """A journal of its own: one that people have open is not written into."""
        body = {"JournalName": self._settings.payment_journal, "Description": f"erpsync {reference}"[:REFERENCE_LENGTH]}
        [answer] = self._client.write([[Write("POST", JOURNALS, body)]], unique=False)
        return answer if isinstance(answer, SyncError) else str(answer[0]["JournalBatchNumber"])

    def _enter(self, journal: str, rows: Mapping[str, Row]) -> dict[str, Written]:
        changes = [
            [Write("POST", PAYMENTS, {"JournalBatchNumber": journal, "LineNumber": Decimal(number), **row})]
            for number, row in enumerate(rows.values(), 1)
        ]
        answers = self._client.write(changes, unique=False)
        return {
            reference: refusals.about(answer, f"payment {reference}")
            if isinstance(answer, SyncError)
            else _ref(journal, Decimal(number))
            for number, (reference, answer) in enumerate(zip(rows, answers, strict=True), 1)
        }


def _ref(journal: str, line: Decimal) -> RecordRef:
    return RecordRef(TargetId(f"{journal}/{line.normalize():f}"), journal)
