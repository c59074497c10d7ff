"""Many records in one call, with one bad record failing alone.

load() writes all of its records or none, and a record whose external id exists is updated. Lines need external ids too, or
a repeat adds them again. Of two calls that make one external id at once, the later gets "could not serialize" for all.

Source: `load` in odoo/orm/models.py and https://www.odoo.com/documentation/19.0/applications/essentials/export_import_data.html
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.systems.odoo import refusals
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.failures import conflict, is_conflict, permission_missing
from erpsync.systems.odoo.settings import SYSTEM
from erpsync.systems.odoo.wire import LoadMessage

Cells = Mapping[str, str]
_DELIVERED = "below the amount already delivered"


@dataclass(frozen=True)
class Record:
    """One record for load(): its own cells, and those of its lines. `label` names it in errors."""

    label: str
    cells: Cells
    lines: tuple[Cells, ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        of_lines = dict.fromkeys(column for line in self.lines for column in line)
        return tuple(self.cells), tuple(of_lines)

    def rows(self, columns: tuple[tuple[str, ...], tuple[str, ...]]) -> list[list[str]]:
        """The first line stands beside the record's own cells, each further one below, beside empty cells."""
        own, of_lines = columns
        lines = self.lines or ({},)
        return [
            [self.cells[column] if number == 0 else "" for column in own]
            + [line.get(column, "") for column in of_lines]
            for number, line in enumerate(lines)
        ]


def load_each(
    client: OdooClient,
    model: str,
    records: Mapping[str, Record],
    *,
    rounds: int = 1,
    context: Mapping[str, object] | None = None,
) -> dict[str, int | SyncError]:
    """The database id of each record, or why it was refused. `rounds`: how often to try where calls of others interfere."""
    load = partial(_load, client, model, context)
    answers: dict[str, int | SyncError] = {}
    pending = dict(records)
    for _ in range(rounds):
        for group in _alike(pending):
            answers |= load({key: pending[key] for key in group})
        pending = {key: record for key, record in pending.items() if _met_another(answers[key])}
        if not pending:
            break
    return answers


def all_or_each(
    ids: Sequence[int], act: Callable[[list[int]], object], label: Callable[[int], str]
) -> dict[int, SyncError]:
    """`act` on all at once; where Odoo refuses that, on one after the other. Returns those that failed, and why; `label`
    names them."""
    if not ids:
        return {}
    try:
        act(list(ids))
    except SyncError as error:
        if not _is_about_records(error):
            raise
        if len(ids) == 1:
            return {ids[0]: _about(error, label(ids[0]))}
    else:
        return {}
    failed: dict[int, SyncError] = {}
    for number in ids:
        failed |= all_or_each([number], act, label)
    return failed


def _alike(records: Mapping[str, Record]) -> list[list[str]]:
    """Keys of records that fill the same columns: an empty cell would erase what Odoo has, or would choose itself."""
    groups: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    for key, record in records.items():
        own, of_lines = record.columns
        groups[frozenset(own), frozenset(of_lines)].append(key)
    return list(groups.values())


def _load(
    client: OdooClient, model: str, context: Mapping[str, object] | None, records: Mapping[str, Record]
) -> dict[str, int | SyncError]:
    columns = next(iter(records.values())).columns
    rows = [row for record in records.values() for row in record.rows(columns)]
    load = partial(_load, client, model, context)
    try:
        reply = client.load(model, [*columns[0], *columns[1]], rows, context)
    except SyncError as error:
        if not _is_about_records(error):
            raise
        if len(records) == 1 or error.code == "write-conflict":
            return {key: _about(error, record.label) for key, record in records.items()}
        return _apart(load, records, set())
    if reply.ids and len(reply.ids) == len(records):
        return dict(zip(records, reply.ids, strict=True))
    errors = [message for message in reply.messages if message.type == "error"]
    if any(is_conflict(message.message) for message in errors):
        return {key: conflict(record.label) for key, record in records.items()}
    if not any(message.field for message in errors) and not _may_write(client, model):
        return {key: permission_missing(f"write {model}", record.label) for key, record in records.items()}
    if len(records) == 1:
        [(key, record)] = records.items()
        return {key: _refusal(model, record.label, errors)}
    return _apart(load, records, {message.record for message in errors})


def _apart(
    load: Callable[[Mapping[str, Record]], dict[str, int | SyncError]],
    records: Mapping[str, Record],
    blamed: set[int | None],
) -> dict[str, int | SyncError]:
    """Loads the blamed records one by one and the others together. Where the blame says nothing: all one by one."""
    keys = list(records)
    alone = [key for number, key in enumerate(keys) if number in blamed] or keys
    together = [key for key in keys if key not in alone]
    answers: dict[str, int | SyncError] = {}
    if together:
        answers |= load({key: records[key] for key in together})
    for key in alone:
        answers |= load({key: records[key]})
    return answers


def _may_write(client: OdooClient, model: str) -> bool:
    """Asked only after a failure: load() answers a missing right like any bad value, in words."""
    return client.may(model, "create") and client.may(model, "write")


def _refusal(model: str, label: str, errors: list[LoadMessage]) -> SyncError:
    fields = sorted({message.field for message in errors if message.field})
    if any(_DELIVERED in message.message for message in errors):
        return refusals.already_delivered(label)
    where = f" because of its {', '.join(fields)}" if fields else ""
    return Rejected(
        "refused",
        system=SYSTEM,
        record=label,
        what=f"Odoo's import refused the {model} record{where}.",
        next_step="Enter the same by hand in Odoo to read why, or look in its log; correct that, then replay.",
    )


def _is_about_records(error: SyncError) -> bool:
    """Whether it may be one record's doing, and nothing was written."""
    if isinstance(error, Rejected):
        return error.code not in ("permission-missing", "configuration")
    return error.code in ("odoo-failed", "write-conflict")


def _about(error: SyncError, record: str) -> SyncError:
    problem = error.problem
    kind = Rejected if isinstance(error, Rejected) else Transient
    return kind(problem.code, system=SYSTEM, record=record, what=problem.what, next_step=problem.next_step)


def _met_another(answer: int | SyncError) -> bool:
    return isinstance(answer, SyncError) and answer.code == "write-conflict"
