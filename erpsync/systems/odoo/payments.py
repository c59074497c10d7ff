"""Payments of customers, each on the journal of its method. Reconciling them with invoices is for Odoo's users."""

from collections.abc import Mapping, Sequence
from datetime import UTC

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import PaymentDraft, RecordRef, Written
from erpsync.systems.odoo import names, refusals
from erpsync.systems.odoo.bulk import Record, all_or_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.making import make_once
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import MemoRow, PaymentRow


class Payments:
    """The payments' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def post(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in sorted(drafts, key=lambda each: each.reference)}
        answers: dict[str, Written] = {}
        records: dict[str, Record] = {}
        currencies = self._lookups.currencies({draft.payment.amount.currency for draft in drafts})
        for reference, draft in by_reference.items():
            planned = self._record(draft, currencies)
            if isinstance(planned, SyncError):
                answers[reference] = planned
            else:
                records[reference] = planned
        made, failed = make_once(
            self._client,
            self._lookups,
            PaymentRow.MODEL,
            {reference: names.payment_name(reference) for reference in records},
            lambda reference: records[reference],
        )
        return answers | failed | self._posted(made)

    def _record(self, draft: PaymentDraft, currencies: Mapping[str, int]) -> Record | SyncError:
        payment, label = draft.payment, f"payment {draft.reference}"
        journal = self._settings.payment_methods.get(payment.method, self._settings.default_payment_journal)
        if journal is None:
            return refusals.payment_method_unknown(label, payment.method)
        if payment.amount.currency not in currencies:
            return refusals.currency_inactive(label, payment.amount.currency)
        if payment.amount.amount <= 0:
            return refusals.payment_not_positive(label)
        memo = self._client.spelling(MemoRow).get("memo", "memo")
        return Record(
            label,
            {
                "id": names.qualified(names.payment_name(draft.reference)),
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id/.id": str(draft.customer_id),
                "amount": f"{payment.amount.amount:f}",
                "currency_id/.id": str(currencies[payment.amount.currency]),
                "date": f"{payment.paid_at.astimezone(UTC):%Y-%m-%d}",
                "journal_id/.id": str(journal),
                memo: draft.reference,
            },
        )

    def _posted(self, made: Mapping[str, int]) -> dict[str, Written]:
        """What counts is the state afterwards, whoever posted."""
        labels = {number: f"payment {reference}" for reference, number in made.items()}
        rows = self._rows(labels)
        drafts = [number for number, row in rows.items() if row.state == "draft" and self._settings.confirm_payments]
        failed = all_or_each(
            drafts,
            lambda ids: self._client.call(PaymentRow.MODEL, "action_post", write=True, ids=ids),
            lambda number: labels[number],
        )
        if drafts:
            rows |= self._rows(drafts)
        answers: dict[str, Written] = {}
        for reference, number in made.items():
            if number not in rows:
                answers[reference] = refusals.document_gone(labels[number])
            elif number in failed and rows[number].state == "draft":
                answers[reference] = failed[number]
            else:
                answers[reference] = RecordRef(TargetId(str(number)), rows[number].name or f"payment {number}")
        return answers

    def _rows(self, ids: Sequence[int] | Mapping[int, str]) -> dict[int, PaymentRow]:
        return {row.id: row for row in self._client.search_in(PaymentRow, "id", sorted(ids))}
