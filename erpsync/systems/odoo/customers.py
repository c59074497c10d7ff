"""Customers as contacts: found by our external id, else by e-mail address; made and updated by the external id alone."""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.systems.odoo import mapper, names
from erpsync.systems.odoo.bulk import Record, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import AddressUse, Lookups
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import PartnerRow

# Contacts that are only an address of another one.
_ADDRESSES = ["type", "not in", ["invoice", "delivery", "other"]]


class Customers:
    """The customers' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        found: dict[str, tuple[RecordRef, ...]] = {draft.reference: () for draft in drafts}
        guest = self._guests(drafts)
        own = {draft.reference: draft for draft in drafts if draft.reference not in guest}
        known = self._lookups.by_external_name("res.partner", [_name(reference) for reference in own])
        existing = self._lookups.partners(list(known.values()))
        unknown = []
        for reference, draft in own.items():
            partner_id = known.get(_name(reference))
            if partner_id in existing:
                found[reference] = (_ref(existing[partner_id].id),)
            elif draft.customer.email.strip():
                unknown.append(draft)
        return found | guest | self._by_email(unknown)

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        guest = self._guests(drafts)
        own = {draft.reference: draft for draft in drafts if draft.reference not in guest}
        countries, states = self._lookups.places([draft.billing for draft in own.values() if draft.billing])
        # In order, so that two calls with the same customers wait for each other instead of locking each other out.
        records = {
            reference: Record(_label(reference), mapper.customer_cells(own[reference], countries, states))
            for reference in sorted(own)
        }
        written = load_each(self._client, "res.partner", records, rounds=3)
        return {reference: refs[0] for reference, refs in guest.items()} | self._with_delivery(own, written)

    def _with_delivery(
        self, drafts: Mapping[str, CustomerDraft], written: Mapping[str, int | SyncError]
    ) -> dict[str, Written]:
        """Adds the delivery address below each customer where it is not the customer's own."""
        uses = {}
        for reference, answer in written.items():
            draft = drafts[reference]
            elsewhere = draft.shipping != draft.billing and mapper.has_place(draft.shipping)
            if isinstance(answer, int) and draft.shipping and elsewhere:
                uses[reference] = AddressUse(str(answer), "delivery", draft.shipping, _label(reference))
        contacts = self._lookups.contacts(uses.values())
        answers: dict[str, Written] = {}
        for reference, answer in written.items():
            if isinstance(answer, SyncError):
                answers[reference] = answer
                continue
            contact = contacts[uses[reference].name] if reference in uses else answer
            answers[reference] = contact if isinstance(contact, SyncError) else _ref(answer)
        return answers

    def _by_email(self, drafts: Sequence[CustomerDraft]) -> dict[str, tuple[RecordRef, ...]]:
        """Odoo keeps each address in lower case and without its display name, in a column of its own."""
        emails = sorted({_email(draft) for draft in drafts})
        rows = self._client.search_in(PartnerRow, "email_normalized", emails, _ADDRESSES)
        return {
            draft.reference: tuple(_ref(row.id) for row in rows if row.email_normalized == _email(draft))
            for draft in drafts
        }

    def _guests(self, drafts: Sequence[CustomerDraft]) -> dict[str, tuple[RecordRef, ...]]:
        if self._settings.guest_partner is None:
            return {}
        ref = _ref(self._settings.guest_partner)
        return {draft.reference: (ref,) for draft in drafts if draft.customer.source_id is None}


def _ref(partner_id: int) -> RecordRef:
    """People's names stay in Odoo: the ledger and the errors know a contact by its number."""
    return RecordRef(TargetId(str(partner_id)), f"contact {partner_id}")


def _name(reference: str) -> str:
    return names.external_name("partner", reference)


def _label(reference: str) -> str:
    return f"customer {reference}"


def _email(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower()
