"""Customers: found by our reference or their e-mail address, made, changed, and told of."""

from collections.abc import Mapping, Sequence
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.ports.pages import Page, Since
from erpsync.systems.dynamics.finance_operations import query, reading, refusals
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read, Write
from erpsync.systems.dynamics.finance_operations.mapper import customer_row, customer_told, kept_reference
from erpsync.systems.dynamics.finance_operations.numbers import number_for
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import CUSTOMERS, Row

# What a person may have filled in better since, and what F&O does not let be changed.
_ONLY_WHEN_MADE = frozenset({"PartyType", "CustomerGroupId", "SalesCurrencyCode"})


class Customers:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings) -> None:
        self._client = client
        self._settings = settings
        self._ours = settings.customer_accounts == "ours"

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        """By reference first; for those that have none, by e-mail address. One request."""
        emails = [email for draft in drafts if (email := _email(draft))]
        references = [draft.reference for draft in drafts]
        reads: list[Read[Any]] = [*self._by_reference(references), *self._by_email(emails)]
        rows = [row for found in self._client.read_many(reads) for row in found]
        unique = {row["CustomerAccount"]: row for row in rows}.values()
        return {draft.reference: self._matches(draft, list(unique)) for draft in drafts}

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        results: dict[str, Written] = {}
        rows: dict[str, Row] = {}
        for draft in drafts:
            try:
                rows[draft.reference] = customer_row(draft, self._settings)
            except Rejected as error:
                results[draft.reference] = error
        known = self._known(list(rows), rows)
        made = self._make({reference: row for reference, row in rows.items() if reference not in known})
        # One that is there already was made meanwhile, by a request whose reply was lost or by another worker.
        refused = (
            [reference for reference, answer in made.items() if isinstance(answer, Rejected)] if self._ours else []
        )
        appeared = self._known(refused, rows) if refused else {}
        changed = self._change({**known, **appeared}, rows)
        return {**results, **made, **changed}

    def changed(self, since: Since) -> Page[ErpCustomer]:
        """All customers of the company, by account: the entity has no time of change."""
        field = self._settings.customer_reference_field
        page = reading.page(self._client, CUSTOMERS, since, self._settings.page_size, also=(field,))
        return reading.told(page, lambda row: customer_told(row, row.get(field) or ""), "customer", "CustomerAccount")

    def _by_reference(self, references: Sequence[str]) -> list[Read[Any]]:
        field = self._settings.customer_reference_field
        kept = [kept_reference(reference) for reference in references]
        reads = [Read(CUSTOMERS, query.either(field, chunk), also=(field,)) for chunk in query.chunks(kept)]
        if self._ours:
            accounts = [number_for(reference) for reference in references]
            reads += [
                Read(CUSTOMERS, query.either("CustomerAccount", chunk), also=(field,))
                for chunk in query.chunks(accounts)
            ]
        return reads

    def _by_email(self, emails: Sequence[str]) -> list[Read[Any]]:
        field = self._settings.customer_reference_field
        return [
            Read(CUSTOMERS, query.either("PrimaryContactEmail", chunk), also=(field,)) for chunk in query.chunks(emails)
        ]

    def _is_of(self, row: Row, reference: str) -> bool:
        kept = row.get(self._settings.customer_reference_field)
        if kept:
            return bool(kept == kept_reference(reference))
        return self._ours and bool(row["CustomerAccount"].lower() == number_for(reference).lower())

    def _matches(self, draft: CustomerDraft, rows: Sequence[Row]) -> tuple[RecordRef, ...]:
        own = [row for row in rows if self._is_of(row, draft.reference)]
        email = _email(draft)
        alike = [row for row in rows if email and row["PrimaryContactEmail"].strip().lower() == email]
        return tuple(_ref(row, "") for row in sorted(own or alike, key=lambda row: str(row["CustomerAccount"])))

    def _known(self, references: Sequence[str], rows: Mapping[str, Row]) -> dict[str, Row]:
        """Those that F&O has, with the fields that are to be compared."""
        fields = tuple(sorted({name for row in rows.values() for name in row}))
        reads = [Read(read.entity, read.filter, also=fields) for read in self._by_reference(references)]
        found = [row for answer in self._client.read_many(reads) for row in answer]
        known: dict[str, Row] = {}
        for reference in references:
            row = next((row for row in found if self._is_of(row, reference)), None)
            if row is not None:
                known[reference] = row
        return known

    def _make(self, rows: Mapping[str, Row]) -> dict[str, Written]:
        changes = []
        for reference, row in rows.items():
            account = {"CustomerAccount": number_for(reference)} if self._ours else {}
            changes.append([Write("POST", CUSTOMERS, {**account, **row})])
        answers = self._client.write(changes, unique=self._ours)
        return {
            reference: refusals.about(answer, f"customer {reference}")
            if isinstance(answer, SyncError)
            else _ref(answer[0] or {}, number_for(reference))
            for reference, answer in zip(rows, answers, strict=True)
        }

    def _change(self, known: Mapping[str, Row], rows: Mapping[str, Row]) -> dict[str, Written]:
        changes = {reference: _changes(known[reference], rows[reference]) for reference in known}
        work = {reference: body for reference, body in changes.items() if body}
        writes = [
            [Write("PATCH", CUSTOMERS, body, (known[reference]["CustomerAccount"],))]
            for reference, body in work.items()
        ]
        answers = dict(zip(work, self._client.write(writes, unique=True), strict=True))
        results: dict[str, Written] = {}
        for reference, row in known.items():
            answer = answers.get(reference, [])
            if isinstance(answer, SyncError):
                results[reference] = refusals.about(answer, f"customer {reference}")
            else:
                results[reference] = _ref(row, "")
        return results


def _changes(known: Row, row: Row) -> Row:
    """A person stays a person: names of the other kind are not written."""
    kind = str(known["PartyType"])
    other = "Organization" if kind == "Person" else "Person"
    return {
        name: value
        for name, value in row.items()
        if name not in _ONLY_WHEN_MADE and not name.startswith(other) and known.get(name) != value
    }


def _email(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower()


def _ref(row: Row, account: str) -> RecordRef:
    number = str(row.get("CustomerAccount") or account)
    names = (row.get("PersonFirstName"), row.get("PersonLastName"))
    name = " ".join(part for part in names if part) or row.get("OrganizationName") or number
    return RecordRef(TargetId(number), str(name))
