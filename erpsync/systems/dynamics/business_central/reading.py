"""Reads what changed in pages: by a record's number, which never shifts, and from a time that covers late commits.

lastModifiedDateTime is set while a transaction runs and seen when it ends, so each read starts before the one before by
more than the longest transaction: 8 minutes of operation limit, within a gateway that waits 10.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.ports.pages import Since
from erpsync.systems.dynamics.business_central.client import BusinessCentral, text
from erpsync.systems.dynamics.business_central.settings import SYSTEM

OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True)
class Place:
    """Where a read stands. `start` is the watermark it began from, `watermark` the one it ends with, `phase` and `after`
    the collection and the number read last."""

    start: str = ""
    watermark: str = ""
    phase: int = 0
    after: str = ""

    def as_cursor(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def place_of(since: Since) -> Place:
    """Raises Rejected where the cursor is none of this adapter's."""
    if since.cursor is None:
        return Place(start=since.watermark or (written_time(since.begin) if since.begin else ""))
    try:
        return Place(**json.loads(since.cursor))
    except (TypeError, ValueError):
        raise strange_place() from None


def strange_place() -> Rejected:
    """For a watermark or a cursor that is none of this adapter's."""
    return Rejected(
        "place-unreadable",
        system=SYSTEM,
        what="The place where the last read stopped cannot be understood.",
        next_step="Remove the stored place of this read, so that it starts over; if that happens again, report it.",
    )


def read_changed(
    client: BusinessCentral, entity: str, params: dict[str, str], place: Place, page_size: int
) -> tuple[list[Any], Place]:
    """The next rows of a collection whose records have numbers, and the place behind them. Fewer rows than `page_size`
    are the last."""
    conditions = []
    if place.start:
        conditions.append(f"lastModifiedDateTime gt {place.start}")
    if place.after:
        conditions.append(f"number gt {text(place.after)}")
    if conditions:
        params = {**params, "$filter": " and ".join(conditions)}
    rows = client.read(entity, {**params, "$orderby": "number", "$top": str(page_size)}, page_size=page_size)
    watermark = place.watermark or written_time(client.asked_at - OVERLAP)
    after = rows[-1]["number"] if rows else place.after
    return rows, replace(place, watermark=watermark, after=after)


def written_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unreadable(kind: str, row: Any, error: Exception) -> Rejected:
    """For a row that the mapper could not understand; named by its number only."""
    number = row.get("number", "?") if isinstance(row, dict) else "?"
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"{kind} {number}",
        what=f"A field of the record is not as API v2.0 describes it ({type(error).__name__}: {_field(error)}).",
        next_step="Look at the record in Business Central; if nothing is strange there, report this.",
    )


BAD_ROW = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What a mapper raises over a row that is not as described."""


def _field(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else "value"
