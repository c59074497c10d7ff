"""Reads of what changed: from which time on, in pages that leave nothing out, in any process.

SuiteTalk tells no order of its results, and it runs a search again for each page, so that a row which moves or vanishes
meanwhile shifts the pages (https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3523074.html).
A page is therefore all that matches between two internal ids, which never change. Nothing that was edited can fall out:
a search "modified on or after" has no upper end.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from erpsync.domain.errors import SyncError
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.queries import deleted, search_page
from erpsync.systems.netsuite.watermarks import time_of, watermark_of
from erpsync.systems.netsuite.wire import DeletedRecord, ReadRecord

T = TypeVar("T")


@dataclass(frozen=True)
class Position:
    """Where a read stands: what changed `since` (None: everything), `after` which id it goes on, or at what was
    `deleted`. `watermark` is where the next read starts."""

    since: datetime | None
    watermark: str
    after: int = 0
    deleted: bool = False

    @property
    def cursor(self) -> str:
        since = self.since.isoformat() if self.since else None
        return json.dumps([since, self.watermark, self.after, self.deleted])

    def page(
        self, records: tuple[T, ...], unreadable: tuple[SyncError, ...], following: "Position | None"
    ) -> "Page[T]":
        return Page(records, following.cursor if following else None, self.watermark, unreadable)


def position(since: Since, remote_time: Callable[[], datetime]) -> Position:
    """Where to go on. A watermark or cursor that is not of this adapter's making, as after a change of `transport`,
    reads everything."""
    if since.cursor is not None:
        try:
            told, watermark, after, deleted = json.loads(since.cursor)
            return Position(time_of(told), str(watermark), int(after), bool(deleted))
        except (ValueError, TypeError):
            return Position(None, watermark_of(remote_time()))
    return Position(time_of(since.watermark), watermark_of(remote_time()))


def rows(
    client: SuiteTalk,
    record_type: str,
    criteria: Mapping[str, object],
    at: Position,
    size: int,
    *,
    body_only: bool = True,
) -> tuple[list[ReadRecord], Position | None]:
    """The next up to `size` records that match, and where to go on, None at the end."""
    after: int = at.after
    until: int | None = None
    while True:
        window = {**criteria, "internalIdNumber": _window(after, until)}
        found, total = search_page(client, record_type, window, size, body_only=body_only)
        if total > size:
            until = _nearer(after, until, [int(record["internalId"]) for record in found])
        elif until is None:
            return found, None
        elif found:
            return found, replace(at, after=until)
        else:
            after, until = until, None


def modified(field: str, since: datetime | None) -> dict[str, object]:
    """The criterion for what changed since, none where everything is wanted."""
    return {} if since is None else {field: {"operator": "onOrAfter", "searchValue": since}}


def deletions(client: SuiteTalk, at: Position, record_types: tuple[str, ...]) -> list[DeletedRecord]:
    """What was deleted meanwhile. A first read asks nothing: nobody knows yet what is gone."""
    return [] if at.since is None else deleted(client, record_types, at.since)


def to_deleted(at: Position, following: Position | None) -> Position | None:
    """Where to go on where deleted records are told last."""
    if following is not None:
        return following
    return None if at.since is None else replace(at, deleted=True)


def _window(after: int, until: int | None) -> dict[str, object]:
    if until is None:
        return {"operator": "greaterThan", "searchValue": after}
    return {"operator": "between", "searchValue": after + 1, "searchValue2": until}


def _nearer(after: int, until: int | None, found: list[int]) -> int:
    """A nearer end, for a window that holds more than a page: the page's last id where results happen to come by id,
    which makes a full page at the second attempt; else, and always at last, half the way."""
    last = max(found)
    if found == sorted(found) and (until is None or last < until):
        return last
    return after + max(1, (min(last, until or last) - after) // 2)
