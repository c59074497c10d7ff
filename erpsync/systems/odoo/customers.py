"""Customers as contacts: found by our external id, else by e-mail address; made and updated by the external id alone."""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.mapping import customer_values
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.systems.odoo import mapper, names
from erpsync.systems.odoo.bulk import Record, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.fields import cells_of
from erpsync.systems.odoo.lookups import AddressUse, Lookups
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import PartnerRow
from erpsync.systems.odoo.wire_catalogue import TaggedRow

# Contacts that are only an address of another one.
_ADDRESSES = ["type", "not in", ["invoice", "delivery", "other"]]
# With it a contact that is made counts as a customer, as one made under Sales > Customers does.
_AS_CUSTOMERS = {"res_partner_search_mode": "customer"}


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
        tags = self._tags(own)
        answers: dict[str, int | SyncError] = {}
        records: dict[str, Record] = {}
        # In order, so that two calls with the same customers wait for each other instead of locking each other out.
        for reference in sorted(own):
            draft = own[reference]
            try:
                further = cells_of(customer_values(self._settings.customer_fields, draft, system=SYSTEM))
            except Rejected as error:
                answers[reference] = error
                continue
            cells = mapper.customer_cells(draft, countries, states) | self._group_cells(
                draft, tags.get(reference, set())
            )
            records[reference] = Record(_label(reference), cells | further)
        answers |= load_each(self._client, "res.partner", records, rounds=3, context=_AS_CUSTOMERS)
        return {reference: refs[0] for reference, refs in guest.items()} | self._with_delivery(own, answers)

    def _tags(self, drafts: Mapping[str, CustomerDraft]) -> dict[str, set[int]]:
        """The tags that customers have who are there already; asked for only where the settings give any."""
        if not self._managed_tags:
            return {}
        known = self._lookups.by_external_name("res.partner", [_name(reference) for reference in drafts])
        rows = {row.id: row for row in self._client.search_in(TaggedRow, "id", sorted(known.values()))}
        ids = {reference: known.get(_name(reference), 0) for reference in drafts}
        return {reference: set(rows[each].category_id) for reference, each in ids.items() if each in rows}

    def _group_cells(self, draft: CustomerDraft, tags: set[int]) -> dict[str, str]:
        """Tags and price list by the customer's groups. Tags that the settings do not name are for Odoo's users."""
        groups, settings = draft.customer.groups, self._settings
        cells = {}
        if self._managed_tags:
            chosen = {settings.customer_groups[group] for group in groups if group in settings.customer_groups}
            if not chosen and settings.default_customer_group:
                chosen = {settings.default_customer_group}
            wanted = (tags - self._managed_tags) | chosen
            cells["category_id/.id"] = ",".join(map(str, sorted(wanted)))
        price_list = next((number for group, number in settings.customer_pricelists.items() if group in groups), None)
        return cells if price_list is None else {**cells, "property_product_pricelist/.id": str(price_list)}

    @property
    def _managed_tags(self) -> set[int]:
        default = self._settings.default_customer_group
        return {*self._settings.customer_groups.values(), *([default] if default else [])}

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
