"""Customer cards, made under numbers of ours: a customer's number is its primary key, so there is never a second one.

The number series of customers must allow manual numbers:
https://learn.microsoft.com/dynamics365/business-central/ui-create-number-series
"""

from collections.abc import Sequence
from typing import Any

from erpsync.domain.errors import Rejected, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.systems.dynamics.business_central import mapper
from erpsync.systems.dynamics.business_central.client import Answer, BusinessCentral, Request, one_of
from erpsync.systems.dynamics.business_central.differences import differing
from erpsync.systems.dynamics.business_central.references import NUMBER_LENGTH, code_of
from erpsync.systems.dynamics.business_central.refusals import EXISTS, error_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import Payload


class Customers:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings) -> None:
        self._client = client
        self._settings = settings

    def find(self, drafts: Sequence[CustomerDraft]) -> dict[str, tuple[RecordRef, ...]]:
        """By number first; those that have none of ours by e-mail address, whose capitals do not count."""
        numbers = {draft.reference: code_of(draft.reference, NUMBER_LENGTH) for draft in drafts}
        by_number = {row["number"]: row for row in self._rows("number", list(numbers.values()))}
        found: dict[str, tuple[RecordRef, ...]] = {
            reference: (_ref(by_number[number]),) for reference, number in numbers.items() if number in by_number
        }
        addresses = {
            draft.reference: draft.customer.email
            for draft in drafts
            if draft.reference not in found and draft.customer.email
        }
        spellings = dict.fromkeys(spelt for email in addresses.values() for spelt in (email, email.lower()))
        rows = self._rows("email", list(spellings))
        for draft in drafts:
            email = addresses.get(draft.reference, "").casefold()
            matches = {row["id"]: _ref(row) for row in rows if email and row["email"].casefold() == email}
            found.setdefault(draft.reference, tuple(matches.values()))
        return found

    def upsert(self, drafts: Sequence[CustomerDraft]) -> dict[str, Written]:
        written: dict[str, Written] = {}
        payloads: dict[str, Payload] = {}
        for draft in drafts:
            try:
                payloads[draft.reference] = mapper.customer_payload(draft, self._settings)
            except Rejected as refusal:
                written[draft.reference] = refusal
        present = {row["number"]: row for row in self._rows("number", [one["number"] for one in payloads.values()])}
        requests: dict[str, Request] = {}
        for reference, payload in payloads.items():
            record = f"customer {reference}"
            row = present.get(payload["number"])
            if row is None:
                requests[reference] = Request("POST", "customers", body=payload, record=record)
            elif changes := differing(payload, row):
                path = f"customers({row['id']})"
                requests[reference] = Request("PATCH", path, body=changes, etag=row["@odata.etag"], record=record)
            else:
                written[reference] = _ref(row)
        answers = self._client.batch(list(requests.values()))
        return written | {reference: _written(answer) for reference, answer in zip(requests, answers, strict=True)}

    def _rows(self, field: str, values: Sequence[str]) -> list[Any]:
        requests = [Request("GET", "customers", {"$filter": some}) for some in one_of(field, values)]
        return [row for answer in self._client.batch(requests) for row in answer.rows]


def _ref(row: Any) -> RecordRef:
    return RecordRef(TargetId(row["id"]), row["number"])


def _written(answer: Answer) -> Written:
    if answer.error is None:
        return _ref(answer.body)
    if error_of(answer.body)[0] == EXISTS:
        what = "Somebody else made this customer in the meantime."
        return Transient("made-meanwhile", system=SYSTEM, record=answer.error.problem.record, what=what)
    return answer.error
