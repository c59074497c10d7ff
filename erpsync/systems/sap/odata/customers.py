"""Customers: business partners with the role of a customer.

Our reference is BusinessPartnerIDByExtSystem, the field that SAP has for another system's number: it can be filtered,
people do not search or change it as they do SearchTerm1, and it needs no customizing as an identification type would. It
has 20 characters, in capitals, and is not unique, so every write looks first. The target id is the customer number, which
orders take.
"""

from collections.abc import Iterable, Mapping, Sequence

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import any_of, query
from erpsync.systems.sap.odata.partners import changes, partner_entity, stored_reference
from erpsync.systems.sap.odata.revising import post
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import PARTNERS, Row, text
from erpsync.systems.sap.odata.writing import Changed, write_all
from erpsync.transport.batch import Request

_ADDRESS = "to_BusinessPartnerAddress"
WITH_ADDRESS = f"{_ADDRESS}/to_EmailAddress,{_ADDRESS}/to_PhoneNumber"
# What SAP itself searches e-mail addresses by: the first 20 characters, in capitals.
_SEARCHED = 20
# Business partners in one request: each is made with its customer, which takes SAP about a second.
_BATCH = 20


class Customers:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings) -> None:
        self._gateway = gateway
        self._settings = settings

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        ours = self._by_reference([draft.reference for draft in drafts])
        strangers = {_email(draft) for draft in drafts if not ours[draft.reference]} - {""}
        by_email = self._by_email(strangers)
        return {
            draft.reference: tuple(map(ref, ours[draft.reference])) or by_email.get(_email(draft), ())
            for draft in drafts
        }

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        known = self._by_reference(list(by_reference), expand=WITH_ADDRESS)
        results: dict[str, Written] = {}
        writes: dict[str, Sequence[Request]] = {}
        for reference, draft in by_reference.items():
            try:
                requests = self._requests(draft, known[reference])
            except Rejected as error:
                results[reference] = error
                continue
            if requests:
                writes[reference] = requests
            else:
                results[reference] = ref(known[reference][0])
        outcomes = write_all(
            self._gateway,
            PARTNERS,
            writes,
            lambda reference: f"customer {reference}",
            _BATCH,
            self._settings.settle_seconds,
        )
        for reference, outcome in outcomes.items():
            results[reference] = self._written(reference, outcome, known[reference])
        return results

    def _requests(self, draft: CustomerDraft, known: Sequence[Row]) -> Sequence[Request]:
        if len(known) > 1:
            raise _twice(draft.reference, known)
        if known:
            return changes(known[0], draft, self._settings)
        return [post("A_BusinessPartner", partner_entity(draft, self._settings))]

    def _written(self, reference: str, outcome: Row | SyncError | Changed, known: Sequence[Row]) -> Written:
        if isinstance(outcome, Changed):
            what = "It was changed in SAP while it was written."
            return Transient("changed-meanwhile", system=SYSTEM, record=f"customer {reference}", what=what)
        if isinstance(outcome, SyncError):
            return outcome
        if known:
            return ref(known[0])
        if text(outcome, "Customer"):
            return ref(outcome)
        # The customer of a new business partner may come into being a moment after it.
        rows = self._by_reference([reference])[reference]
        return ref(rows[0]) if rows else self._no_customer(reference)

    def _no_customer(self, reference: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            "no-customer-number",
            system=SYSTEM,
            record=f"customer {reference}",
            what="SAP made a business partner without a customer so far.",
            settle_seconds=self._settings.settle_seconds,
            next_step="If it stays so, check customer_grouping and the customer's roles in SAP (transaction BP).",
        )

    def _by_reference(self, references: Sequence[str], expand: str = "") -> dict[str, list[Row]]:
        """Customers per reference, by exact equality."""
        stored = {reference: stored_reference(reference) for reference in references}
        rows = self._partners("BusinessPartnerIDByExtSystem", stored.values(), expand)
        return {
            reference: [row for row in rows if text(row, "BusinessPartnerIDByExtSystem") == value]
            for reference, value in stored.items()
        }

    def _by_email(self, emails: Iterable[str]) -> dict[str, tuple[RecordRef, ...]]:
        """Customers per e-mail address, whatever its case."""
        wanted = set(emails)
        addresses: dict[str, set[str]] = {}
        searched = sorted({email[:_SEARCHED].upper() for email in wanted})
        options = {"select": "AddressID,Person,OrdinalNumber,EmailAddress"}
        for row in self._rows("A_AddressEmailAddress", "SearchEmailAddress", searched, options):
            email = text(row, "EmailAddress").lower()
            if email in wanted:
                addresses.setdefault(text(row, "AddressID"), set()).add(email)
        owners: dict[str, set[str]] = {}
        options = {"select": "BusinessPartner,AddressID"}
        for row in self._rows("A_BusinessPartnerAddress", "AddressID", sorted(addresses), options):
            owners.setdefault(text(row, "BusinessPartner"), set()).update(addresses.get(text(row, "AddressID"), ()))
        found: dict[str, tuple[RecordRef, ...]] = {}
        for row in self._partners("BusinessPartner", sorted(owners)):
            for email in owners[text(row, "BusinessPartner")]:
                found[email] = (*found.get(email, ()), ref(row))
        return found

    def _partners(self, field: str, values: Iterable[str], expand: str = "") -> list[Row]:
        """Business partners that are customers and not to be archived."""
        options = {"expand": expand, "orderby": "BusinessPartner"}
        rows = self._rows("A_BusinessPartner", field, values, options)
        return [row for row in rows if text(row, "Customer") and not row.get("IsMarkedForArchiving")]

    def _rows(self, entities: str, field: str, values: Iterable[str], options: Mapping[str, str]) -> list[Row]:
        queries = [query(entities, {"filter": chain, **options}) for chain, _ in any_of(field, values)]
        return [row for answer in self._gateway.rows_of(PARTNERS, queries) for row in answer]


def ref(row: Row) -> RecordRef:
    return RecordRef(TargetId(text(row, "Customer")), text(row, "BusinessPartner"))


def _email(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower()


def _twice(reference: str, rows: Sequence[Row]) -> Rejected:
    numbers = ", ".join(text(row, "BusinessPartner") for row in rows[:5])
    return Rejected(
        "customer-twice",
        system=SYSTEM,
        record=f"customer {reference}",
        what=f"{len(rows)} business partners have this customer's number of the store: {numbers}.",
        next_step="Clear the external number of all but one in SAP (transaction BP, Identification), then replay.",
    )
