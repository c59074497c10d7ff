"""Writing to SAP: rows in one call, one answer per record, totals held against the store's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.money import Money
from erpsync.ports.erp_records import RecordRef, Written
from erpsync.systems.sap.soap import refusals
from erpsync.systems.sap.soap.client import Reply, Wrapper
from erpsync.systems.sap.soap.rows import shown
from erpsync.systems.sap.soap.wire import ReadRow, Row

log = structlog.get_logger()
Key = TypeVar("Key", bound=str)
Draft = TypeVar("Draft")
BATCH = 100
"""Records that the wrapper takes in a call, each of them committed by itself."""


@dataclass(frozen=True)
class Entry:
    """One record to be written: its rows by table, and what to hold the answer against."""

    record: str
    tables: Mapping[str, Sequence[Row]]
    materials: Mapping[int, str] = field(default_factory=dict)
    total: Money | None = None
    kind: str = "Sales order"


def write(
    wrapper: Wrapper, function: str, entries: Mapping[Key, Entry], existed: set[str] | None = None
) -> dict[Key, Written]:
    """Writes all entries, keyed by the REFERENCE of their rows, at most `BATCH` a call. Raises what concerns the whole
    call; where there are several calls, an error of one is that of its records only. `existed` takes the keys of
    records that were there already; their totals are then not looked at."""
    keys = list(entries)
    parts = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    answers: dict[Key, Written] = {}
    for part in parts:
        try:
            answers |= _call(wrapper, function, {key: entries[key] for key in part}, existed)
        except SyncError as error:
            if len(parts) == 1:
                raise
            answers |= dict.fromkeys(part, error)
    return answers


def mapped(
    drafts: Mapping[Key, Draft], make: Callable[[Key, Draft], Entry]
) -> tuple[dict[Key, Entry], dict[Key, Written]]:
    """What `make` makes of each draft, and the refusals of those of which it makes nothing."""
    made: dict[Key, Entry] = {}
    refused: dict[Key, Written] = {}
    for key, draft in drafts.items():
        try:
            made[key] = make(key, draft)
        except SyncError as error:
            refused[key] = error
    return made, refused


def _call(
    wrapper: Wrapper, function: str, entries: Mapping[Key, Entry], existed: set[str] | None
) -> dict[Key, Written]:
    tables: dict[str, list[Row]] = defaultdict(list)
    for entry in entries.values():
        for name, rows in entry.tables.items():
            tables[name] += rows
    reply = wrapper.call(function, tables, write=True)
    messages = _messages(reply)
    results = {row["REFERENCE"]: row for row in reply.rows("ET_RESULT")}
    errors = [message for found in messages.values() for message in found if refusals.is_error(message)]
    if errors and not any(row["DOCUMENT"] for row in results.values()) and all(map(refusals.lacks_right, errors)):
        raise refusals.no_right("The connection's user may not do this")
    if existed is not None:
        existed |= {key for key, row in results.items() if row["EXISTED"]}
    return {
        key: _written(
            replace(entry, total=None) if key in (existed or ()) else entry,
            results.get(key),
            messages[key],
            wrapper.settle_seconds,
        )
        for key, entry in entries.items()
    }


def _written(entry: Entry, result: ReadRow | None, messages: Sequence[ReadRow], settle_seconds: float) -> Written:
    if any(refusals.is_error(message) for message in messages):
        return refusals.of_messages(messages, entry.record, entry.materials)
    if result is None or not result["DOCUMENT"]:
        return refusals.no_answer(entry.record, settle_seconds)
    if entry.total is not None:
        wrong = _difference(entry, entry.total, result)
        if wrong is not None:
            return wrong
    warnings = refusals.warnings(messages, entry.materials)
    if warnings:
        log.info("SAP warns", record=entry.record, document=result["DOCUMENT"], messages=warnings)
    return RecordRef(TargetId(result["DOCUMENT"]), shown(result["DOCUMENT"]))


def _difference(entry: Entry, wanted: Money, result: ReadRow) -> SyncError | None:
    net = Money(amount=result["NET"] or 0, currency=wanted.currency)
    tax = Money(amount=result["TAX"] or 0, currency=wanted.currency)
    if (net + tax).rounded() == wanted.rounded():
        return None
    return refusals.total_differs(
        wanted=wanted,
        net=net,
        tax=tax,
        document=result["DOCUMENT"],
        blocked=bool(result["BLOCKED"]),
        record=entry.record,
        kind=entry.kind,
    )


def _messages(reply: Reply) -> dict[str, list[ReadRow]]:
    found: dict[str, list[ReadRow]] = defaultdict(list)
    for message in reply.rows("ET_RETURN"):
        found[message["REFERENCE"]].append(message)
    return found
