"""Refunds as credit notes: made once each under an external id, made equal to what the buyer received, and posted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from decimal import Decimal

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.money import Money
from erpsync.ports.erp_records import RecordRef, RefundDraft, Written
from erpsync.systems.odoo import names, refusals
from erpsync.systems.odoo.booking import Catalogue
from erpsync.systems.odoo.bulk import Record, all_or_each, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.making import make_once
from erpsync.systems.odoo.planning import number
from erpsync.systems.odoo.refunding import RefundedOrder, credit_lines, rounding_line
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, MoveDocumentRow, ProgressRow, TaxRow

_MODEL = MoveDocumentRow.MODEL


class Refunds:
    """The refunds' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def post(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in sorted(drafts, key=lambda each: each.reference)}
        by_name = {names.refund_name(reference): reference for reference in by_reference}
        known = self._lookups.by_external_name(_MODEL, by_name)
        missing = {each: by_reference[each] for name, each in by_name.items() if name not in known}
        catalogue = self._catalogue(list(by_reference.values()))
        records, answers = self._planned(missing, catalogue)
        made, failed = make_once(
            self._client,
            self._lookups,
            _MODEL,
            {reference: names.refund_name(reference) for reference in by_reference if reference not in answers},
            lambda reference: records[reference],
            known=known,
        )
        return answers | failed | self._finished({made[each]: by_reference[each] for each in made}, catalogue)

    def _catalogue(self, drafts: Sequence[RefundDraft]) -> Catalogue:
        skus = {line.sku for draft in drafts for line in draft.refund.lines if line.sku}
        return self._lookups.products(skus | set(self._settings.service_products.values()))

    def _planned(
        self, drafts: Mapping[str, RefundDraft], catalogue: Catalogue
    ) -> tuple[dict[str, Record], dict[str, Written]]:
        orders = self._orders({number(draft.order_id) for draft in drafts.values()})
        tax_ids = {each for order in orders.values() for line in order.lines.values() for each in line.tax_ids}
        taxes = {row.id: row for row in self._client.search_in(TaxRow, "id", sorted(tax_ids))}
        currencies = self._lookups.currencies({draft.refund.total.currency for draft in drafts.values()})
        records: dict[str, Record] = {}
        refused: dict[str, Written] = {}
        for reference, draft in drafts.items():
            order, currency = orders.get(number(draft.order_id)), draft.refund.total.currency
            label = f"refund {reference}"
            if not draft.refund.total.amount:
                refused[reference] = Skip("nothing-refunded", what="The buyer received nothing back.", record=label)
            elif order is None:
                refused[reference] = refusals.order_gone(label)
            elif currency not in currencies:
                refused[reference] = refusals.currency_inactive(label, currency)
            else:
                try:
                    lines = credit_lines(draft, order, catalogue, taxes, self._settings)
                except Rejected as error:
                    refused[reference] = error
                    continue
                cells = _cells(draft, order, currencies[currency])
                records[reference] = Record(label, cells, tuple(line.cells() for line in lines))
        return records, refused

    def _orders(self, ids: Collection[int]) -> dict[int, RefundedOrder]:
        rows = {row.id: row for row in self._client.search_in(ProgressRow, "id", sorted(ids))}
        lines = self._client.search_in(LineRow, "order_id", sorted(rows))
        named = self._lookups.external_names(LineRow.MODEL, [line.id for line in lines])
        documents = {each for row in rows.values() for each in row.invoice_ids}
        posted = {
            document.id
            for document in self._client.search_in(MoveDocumentRow, "id", sorted(documents))
            if document.move_type == "out_invoice" and document.state == "posted"
        }
        orders = {}
        for row in rows.values():
            own = {named.get(line.id, f"#{line.id}"): line for line in lines if line.order_id == row.id}
            invoices = [each for each in row.invoice_ids if each in posted]
            orders[row.id] = RefundedOrder(row, own, invoices[0] if len(invoices) == 1 else None)
        return orders

    def _finished(self, drafts: Mapping[int, RefundDraft], catalogue: Catalogue) -> dict[str, Written]:
        """Brings drafts to the amount that the buyer received, and posts them. What is posted belongs to Odoo's users."""
        labels = {document: f"refund {draft.reference}" for document, draft in drafts.items()}
        rows = self._rows(drafts)
        outcome: dict[int, Written] = {}
        for document in drafts:
            if document not in rows:
                outcome[document] = refusals.document_gone(labels[document])
            elif rows[document].state == "cancel":
                outcome[document] = refusals.refund_cancelled(labels[document])
        unposted = [each for each, row in rows.items() if row.state == "draft"]
        outcome |= self._balanced({each: drafts[each] for each in unposted}, rows, catalogue)
        ready = [each for each in unposted if each not in outcome and self._settings.confirm_refunds]
        failed = all_or_each(
            ready, lambda ids: self._client.call(_MODEL, "action_post", write=True, ids=ids), lambda each: labels[each]
        )
        if ready:
            rows |= self._rows(ready)
        outcome |= {each: error for each, error in failed.items() if rows[each].state == "draft"}
        outcome |= {each: _ref(row) for each, row in rows.items() if each not in outcome}
        return {draft.reference: outcome[each] for each, draft in drafts.items()}

    def _balanced(
        self, drafts: Mapping[int, RefundDraft], rows: Mapping[int, MoveDocumentRow], catalogue: Catalogue
    ) -> dict[int, SyncError]:
        """Books the cents by which Odoo's total differs; refuses what rounding does not explain."""
        refused: dict[int, SyncError] = {}
        records: dict[str, Record] = {}
        for document, draft in drafts.items():
            lacking = _lacking(draft, rows[document])
            label = f"refund {draft.reference}"
            if not lacking:
                continue
            if abs(lacking) > self._settings.rounding_limit:
                advice = f"the difference exceeds rounding_limit ({self._settings.rounding_limit})."
                refused[document] = _differs(draft, rows[document], advice)
                continue
            try:
                line = rounding_line(draft, lacking, catalogue, self._settings)
            except Rejected as error:
                refused[document] = error
                continue
            records[str(document)] = Record(label, {".id": str(document)}, (line.cells(),))
        loaded = load_each(self._client, _MODEL, records, rounds=3)
        refused |= {int(key): answer for key, answer in loaded.items() if isinstance(answer, SyncError)}
        mended = [int(key) for key, answer in loaded.items() if isinstance(answer, int)]
        for document, row in self._rows(mended).items():
            if _lacking(drafts[document], row):
                refused[document] = _differs(drafts[document], row, "the rounding line did not help.")
        return refused

    def _rows(self, ids: Collection[int]) -> dict[int, MoveDocumentRow]:
        return {row.id: row for row in self._client.search_in(MoveDocumentRow, "id", sorted(ids))}


def _cells(draft: RefundDraft, order: RefundedOrder, currency_id: int) -> dict[str, str]:
    partner = order.row.partner_invoice_id or order.row.partner_id
    cells = {
        "id": names.qualified(names.refund_name(draft.reference)),
        "move_type": "out_refund",
        "partner_id/.id": str(partner or ""),
        "currency_id/.id": str(currency_id),
        "invoice_date": f"{draft.refund.created_at.astimezone(UTC):%Y-%m-%d}",
        "ref": draft.reference,
        "invoice_origin": order.row.name,
    }
    return cells if order.invoice_id is None else {**cells, "reversed_entry_id/.id": str(order.invoice_id)}


def _lacking(draft: RefundDraft, row: MoveDocumentRow) -> Decimal:
    """Odoo's amounts come as binary fractions."""
    booked = Money(amount=row.amount_total, currency=draft.refund.total.currency)
    return (draft.refund.total.rounded() - booked.rounded()).amount


def _differs(draft: RefundDraft, row: MoveDocumentRow, advice: str) -> Rejected:
    booked = Money(amount=row.amount_total, currency=draft.refund.total.currency).rounded().amount
    return refusals.refund_differs(f"refund {draft.reference}", booked, draft.refund.total.rounded().amount, advice)


def _ref(row: MoveDocumentRow) -> RecordRef:
    """A draft has no number yet; Odoo 14 to 16 call it "/"."""
    return RecordRef(TargetId(str(row.id)), row.name.strip("/ ") or f"credit note {row.id}")
