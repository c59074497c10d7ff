"""Reading what changed: from a time of Odoo's clock, in pages by id.

Odoo dates a change by the start of its transaction and drops microseconds over the API, so that a row may appear behind a
time that has been read already: each read begins `overlap_seconds` before the one before it. Pages go by id, which an edit
does not move.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo.client import Fetched, OdooClient
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import TIME_FORMAT, Row

ALL = {"active_test": False}
"""The context in which archived records are found too."""

T = TypeVar("T")
R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Reading:
    """One read, as far as it has come. `since`: from when on, in Odoo's words; empty: everything. `after`: the last id
    that was told. `part`: which of several lists it is in."""

    since: str
    watermark: str
    after: int = 0
    part: str = ""

    @classmethod
    def of(cls, since: Since, client: OdooClient, settings: OdooSettings) -> "Reading":
        """The read that a cursor continues, else a new one by Odoo's clock."""
        if since.cursor is not None:
            return cls(**json.loads(since.cursor))
        start = client.now() - timedelta(seconds=settings.overlap_seconds)
        return cls(since.watermark or "", start.strftime(TIME_FORMAT))

    def further(self, after: int, part: str = "") -> str:
        """The cursor of the page after this one."""
        values = {"since": self.since, "watermark": self.watermark, "after": after, "part": part or self.part}
        return json.dumps(values)

    def changed(self, *paths: str) -> list[object]:
        """The terms for records of which one of `paths` is a time since then, and that are not told yet."""
        rest: list[object] = [["id", ">", self.after]]
        if not self.since:
            return rest
        return [*rest, *["|"] * (len(paths) - 1), *([path, ">=", self.since] for path in paths)]


def told(reading: Reading, fetched: Fetched[R], records: Iterable[T | SyncError], *, next_part: str = "") -> Page[T]:
    """The page of what was fetched. After the last one of its list the read goes on with `next_part`, if there is one."""
    unreadable = list(fetched.broken)
    good: list[T] = []
    for record in records:
        if isinstance(record, SyncError):
            unreadable.append(record)
        else:
            good.append(record)
    cursor: str | None = None
    if fetched.is_full and fetched.last:
        cursor = reading.further(fetched.last)
    elif next_part:
        cursor = reading.further(0, next_part)
    return Page(tuple(good), cursor, reading.watermark, tuple(unreadable))


def each_read(rows: Iterable[R], read: Callable[[R], T | None], label: Callable[[R], str]) -> list[T | SyncError]:
    """What `read` makes of each row; where that is no valid record, an error that names the row. None is left out."""
    made: list[T | SyncError] = []
    for row in rows:
        try:
            record = read(row)
        except (ValidationError, ValueError, ArithmeticError) as error:
            made.append(_unreadable(label(row), error))
            continue
        if record is not None:
            made.append(record)
    return made


def _unreadable(record: str, error: Exception) -> Rejected:
    """Which fields, never what is in them."""
    fields = ""
    if isinstance(error, ValidationError):
        fields = ", ".join(sorted({str(each["loc"][-1]) for each in error.errors() if each["loc"]}))
    return Rejected(
        "record-unreadable",
        system=SYSTEM,
        record=record,
        what=f"It cannot be told as it is in Odoo: {fields or 'an amount'} is not valid.",
        next_step="Correct it in Odoo and save it; it is read again by itself.",
    )
