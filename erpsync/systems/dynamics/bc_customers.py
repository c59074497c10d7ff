"""Customers in Business Central, known by a number made from our reference, else by e-mail address."""

from collections.abc import Mapping, Sequence
from typing import cast

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import TargetId
from erpsync.ports.erp import CustomerDraft, RecordRef, Written
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.client import Call
from erpsync.systems.dynamics.lookups import Company
from erpsync.systems.dynamics.mapper import customer_number, customer_record
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

_MAX_EMAIL = 80


class Customers:
    def __init__(self, company: Company, settings: DynamicsSettings) -> None:
        self._company = company
        self._settings = settings

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        ours = self._ours(drafts)
        found = {reference: (_ref(row),) for reference, row in ours.items()}
        unknown = [draft for draft in drafts if draft.reference not in found and _email(draft)]
        by_email = self._by_email(unknown)
        return {draft.reference: found.get(draft.reference) or by_email.get(_email(draft), ()) for draft in drafts}

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        known = self._ours(drafts)
        results: dict[str, Written] = {}
        calls: dict[str, Call] = {}
        for draft in drafts:
            row = known.get(draft.reference)
            try:
                record = cast(Row, customer_record(draft, self._settings, is_new=row is None))
            except Rejected as error:
                results[draft.reference] = error
                continue
            if row is None:
                calls[draft.reference] = Call("POST", self._company.at("customers", select="id,number"), record)
            else:
                path = self._company.at(f"customers({row['id']})", select="id,number")
                calls[draft.reference] = Call("PATCH", path, record, row["@odata.etag"])
        answers = self._company.odata.batch(list(calls.values()), write=True)
        for reference, answer in zip(calls, answers, strict=True):
            if answer.ok:
                results[reference] = _ref(answer.body)
            else:
                record_name = f"customer {reference}"
                results[reference] = refusals.of_answer(answer.status, answer.body, record=record_name, write=True)
        return results

    def _ours(self, drafts: Sequence[CustomerDraft]) -> dict[str, Row]:
        """The customers that have our number, by reference."""
        if self._settings.customer_numbers == "series":
            return {}
        numbers = {draft.reference: customer_number(draft.reference) for draft in drafts}
        rows = {row["number"]: row for row in self._company.found("customers", "number", numbers.values(), select="id,number")}
        return {reference: rows[number] for reference, number in numbers.items() if number in rows}

    def _by_email(self, drafts: Sequence[CustomerDraft]) -> dict[str, tuple[RecordRef, ...]]:
        # A text filter is case-sensitive, and people write addresses both ways.
        spellings = {spelling for draft in drafts for spelling in (draft.customer.email.strip(), _email(draft))}
        found: dict[str, dict[str, RecordRef]] = {}
        for row in self._company.found("customers", "email", spellings, select="id,number,email"):
            found.setdefault(str(row["email"]).strip().lower(), {})[row["id"]] = _ref(row)
        return {email: tuple(refs.values()) for email, refs in found.items()}


def _email(draft: CustomerDraft) -> str:
    email = draft.customer.email.strip().lower()
    return email if len(email) <= _MAX_EMAIL else ""


def _ref(row: Row) -> RecordRef:
    return RecordRef(TargetId(row["id"]), row["number"])
