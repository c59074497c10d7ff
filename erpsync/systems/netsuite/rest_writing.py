"""Records found and written by REST, each answered for itself."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Unavailable
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef, Written
from erpsync.systems.netsuite import rest_jobs
from erpsync.systems.netsuite import rest_refusals as refusals
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.rest_client import RestClient, accepted, id_in
from erpsync.systems.netsuite.rest_mapper import SUITE_TAX, replaced, spelled, with_tax
from erpsync.systems.netsuite.rest_sql import ids
from erpsync.systems.netsuite.rest_wire import Json, Row
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.transport.http import Reply

Key = TypeVar("Key", bound=Hashable)
TYPES = {
    "salesOrder": "SalesOrd",
    "creditMemo": "CustCred",
    "returnAuthorization": "RtnAuth",
    "customerDeposit": "CustDep",
}
"""What SuiteQL calls the kinds of transactions."""

# One record is written while the caller waits, which is answered exactly; more are handed over as a job.
_JOB_FROM = 2
# Expressions in a list; Oracle takes 1000.
_AT_ONCE = 500
_TAXED = frozenset({"salesOrder", "creditMemo", "returnAuthorization"})
_CUSTOMERS = "SELECT c.id AS id, c.entityid AS display, c.externalid AS externalid FROM customer c WHERE "
_TRANSACTIONS = (
    "SELECT t.id AS id, t.tranid AS display, t.externalid AS externalid, t.foreigntotal AS total, t.entity AS entity "
    "FROM transaction t WHERE t.type = :type AND "
)
_QUERIES = {
    ("customer", "externalid"): f"{_CUSTOMERS} c.externalid IN :keys",
    ("customer", "id"): f"{_CUSTOMERS} c.id IN :keys",
    ("transaction", "externalid"): f"{_TRANSACTIONS} t.externalid IN :keys",
    ("transaction", "id"): f"{_TRANSACTIONS} t.id IN :keys",
}


@dataclass(frozen=True)
class Found:
    """A record that is there. `total` and `customer_id` of a transaction."""

    ref: RecordRef
    total: Decimal | None = None
    customer_id: str = ""


Outcome: TypeAlias = Found | SyncError


class RestWriting:
    """One account. Not for use by several threads at once."""

    def __init__(self, client: RestClient, settings: NetSuiteSettings) -> None:
        self._client = client
        self._settings = settings
        self._tax_types: dict[str, str] | None = None

    def by_reference(self, kind: str, references: Sequence[str]) -> dict[str, tuple[Found, ...]]:
        """All records of a kind with each reference."""
        found: dict[str, tuple[Found, ...]] = dict.fromkeys(references, ())
        for row in self._rows(kind, "externalid", list(found)):
            if row["externalid"] in found:
                found[row["externalid"]] = (*found[row["externalid"]], _found(row))
        return found

    def by_id(self, kind: str, target_ids: Sequence[str]) -> dict[str, Found]:
        """The records of a kind that have these ids."""
        return {row["id"]: _found(row) for row in self._rows(kind, "id", ids(list(dict.fromkeys(target_ids))))}

    def body(self, kind: str, record: Mapping[str, Any], name: str) -> Json:
        """The record as this account takes it by REST. Raises Rejected where it has tax that REST cannot carry."""
        if kind not in _TAXED:
            return spelled(record)
        suite_tax = SUITE_TAX in self._client.fields(kind)
        types = self._types_of_tax() if suite_tax else {}
        return with_tax(spelled(record), suite_tax=suite_tax, tax_types=types, settings=self._settings, name=name)

    def create(
        self, kind: str, records: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
    ) -> dict[str, Outcome]:
        """Makes records by their references, or makes those that are there equal to what is given."""
        results, bodies = self._bodies(kind, records, names)
        left = list(bodies)
        if len(bodies) >= _JOB_FROM:
            new = [reference for reference, found in self.by_reference(kind, left).items() if not found]
            if len(new) >= _JOB_FROM:
                job = {reference: bodies[reference] for reference in new}
                rest_jobs.create(self._client, kind, job, timeout_seconds=self._settings.timeout_seconds)
                made = self.by_reference(kind, new)
                results |= {reference: found[0] for reference, found in made.items() if found}
        # What a job left out is written by itself, so that NetSuite says what is wrong with it.
        left = [reference for reference in left if reference not in results]
        answers = _singly(
            left,
            lambda reference: self._client.upsert(
                kind, reference, bodies[reference], _lists(records[reference], bodies[reference])
            ),
            names,
        )
        return results | self._named(kind, answers)

    def update(
        self, kind: str, records: Mapping[TargetId, Mapping[str, Any]], names: Mapping[TargetId, str]
    ) -> dict[TargetId, Outcome]:
        """Changes records by their ids."""
        results, bodies = self._bodies(kind, records, names)
        answers = _singly(
            list(bodies),
            lambda key: self._client.update(kind, key, bodies[key], _lists(records[key], bodies[key])),
            names,
        )
        known = self.by_id(kind, [key for key, answer in answers.items() if not isinstance(answer, SyncError)])
        for key, answer in answers.items():
            results[key] = answer if isinstance(answer, SyncError) else known.get(key, _numbered(key))
        return results

    def _bodies(
        self, kind: str, records: Mapping[Key, Mapping[str, Any]], names: Mapping[Key, str]
    ) -> tuple[dict[Key, Outcome], dict[Key, Json]]:
        results: dict[Key, Outcome] = {}
        bodies: dict[Key, Json] = {}
        for key, record in records.items():
            try:
                bodies[key] = self.body(kind, record, names[key])
            except Rejected as error:
                results[key] = error
        return results, bodies

    def _named(self, kind: str, answers: Mapping[str, Reply | SyncError]) -> dict[str, Outcome]:
        """Asks how NetSuite calls what it took."""
        taken = [reference for reference, answer in answers.items() if not isinstance(answer, SyncError)]
        known = self.by_reference(kind, taken) if taken else {}
        results: dict[str, Outcome] = {}
        for reference, answer in answers.items():
            if isinstance(answer, SyncError):
                results[reference] = answer
            elif known[reference]:
                results[reference] = known[reference][0]
            elif id_in(answer):
                results[reference] = _numbered(id_in(answer))
            else:
                what = "NetSuite took the record, and does not find it."
                results[reference] = OutcomeUnknown("reply-incomplete", system=SYSTEM, record=reference, what=what)
        return results

    def _rows(self, kind: str, column: str, keys: Sequence[str] | Sequence[int]) -> list[Row]:
        table = "customer" if kind == "customer" else "transaction"
        rows: list[Row] = []
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            rows += self._client.rows(_QUERIES[(table, column)], type=TYPES.get(kind, ""), keys=part)
        return rows

    def _types_of_tax(self) -> dict[str, str]:
        """The tax type of each configured tax code. Asked once; nothing where lines carry no tax."""
        if self._tax_types is None:
            codes = {self._settings.tax_code, *self._settings.tax_codes.values()} - {""}
            if self._settings.tax_handling != "lines":
                codes = set()
            self._tax_types = {code: self.tax_type(code) for code in sorted(codes)}
        return self._tax_types

    def tax_type(self, code: str) -> str:
        """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0814121722.html. Raises Unavailable where
        there is no such tax code: every order would need it."""
        record = self._client.get("salesTaxItem", code) or {}
        told = record.get("taxType") or {}
        type_ = told.get("id", "") if isinstance(told, Mapping) else str(told)
        if not type_:
            raise Unavailable(
                "tax-code-unknown",
                system=SYSTEM,
                what=f"NetSuite has no tax code with internal id {code}, or tells no tax type of it.",
                next_step="Correct `tax_codes` and `tax_code` of this connection, restart the workers and run `erpsync "
                "doctor`; waiting records then go on by themselves.",
            )
        return str(type_)


def refs(outcomes: Mapping[Key, Outcome]) -> dict[Key, Written]:
    """The outcomes as the port has them."""
    return {key: one.ref if isinstance(one, Found) else one for key, one in outcomes.items()}


def _singly(
    keys: Sequence[Key], write: Callable[[Key], Reply], names: Mapping[Key, str]
) -> dict[Key, Reply | SyncError]:
    """One call each. Where the connection fails, those that are left share its error; where no call got through, or all
    lack the permission, the error is raised."""
    answers: dict[Key, Reply | SyncError] = {}
    failed: SyncError | None = None
    for key in keys:
        if failed is None:
            try:
                reply = write(key)
                answers[key] = reply if accepted(reply) else refusals.of_write(reply, record=names[key])
                continue
            except (Throttled, Unavailable) as error:
                failed = error
            except SyncError as error:
                answers[key] = error
                continue
        answers[key] = failed
    if failed is not None and all(answer is failed for answer in answers.values()):
        raise failed
    codes = {answer.code if isinstance(answer, SyncError) else "" for answer in answers.values()}
    if codes and codes <= refusals.NO_PERMISSION_CODES:
        raise refusals.no_permission(sorted(codes)[0])
    return answers


def _lists(record: Mapping[str, Any], body: Json) -> str:
    """The lists that are replaced as a whole: of tax details too, where there are any."""
    names = [replaced(record), "taxDetails" if "taxDetails" in body else ""]
    return ",".join(name for name in names if name)


def _numbered(internal_id: str) -> Found:
    """A record of which no more is known than its id."""
    return Found(RecordRef(TargetId(internal_id), internal_id))


def _found(row: Row) -> Found:
    total = abs(Decimal(row["total"])) if "total" in row else None
    return Found(RecordRef(TargetId(row["id"]), row.get("display") or row["id"]), total, row.get("entity", ""))
