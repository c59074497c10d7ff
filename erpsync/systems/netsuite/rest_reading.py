"""How far a read of changes has come, and in which time zone SuiteQL tells times.

A watermark is NetSuite's own clock in UTC. SuiteQL compares and shows times without a zone, as the account or the user
has it set, and no document says which. So it is measured: the record service tells the same record's time in UTC
(https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157305090645.html).
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from erpsync.ports.pages import Since
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_sql import Moment
from erpsync.systems.netsuite.watermarks import time_of, watermark_of

# Where clocks were put back or forward between the record that was measured by and the rows that are read.
_SUMMER_TIME = timedelta(hours=1)
# The earliest time zone there is: nothing is left out where none could be measured.
_EARLIEST = timedelta(hours=-12)
_QUARTER = timedelta(minutes=15)
_KEEP = timedelta(hours=1)
_FORMAT = "%Y-%m-%d %H:%M:%S"
BEGINNING = "1970-01-01 00:00:00"

_NEWEST = (
    "SELECT c.id AS id, TO_CHAR(c.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS changed_at FROM customer c "
    "WHERE c.id = (SELECT MAX(x.id) FROM customer x)"
)


@dataclass(frozen=True)
class Reading:
    """One read: rows changed since `bound` (a time as SuiteQL compares it), of which those up to `after` were told."""

    bound: str
    watermark: str
    after: tuple[int, ...] = ()

    @property
    def since(self) -> Moment:
        return Moment(self.bound)

    @property
    def cursor(self) -> str:
        return json.dumps([self.bound, self.watermark, *self.after])

    def beyond(self, *after: int) -> "Reading":
        return replace(self, after=after)


class Readings:
    """Begins and resumes reads. Not for use by several threads at once."""

    def __init__(self, client: RestClient) -> None:
        self._client = client
        self._offset = _EARLIEST
        self._measured_at: datetime | None = None

    def at(self, since: Since) -> Reading:
        """The read that `since` stands in. A cursor or watermark that is not of this adapter's making, as the cursor
        after a change of `transport`, reads everything."""
        resumed = _resumed(since.cursor) if since.cursor is not None else None
        if resumed is not None:
            return resumed
        now = self._client.server_time()
        watermark = watermark_of(now)
        before = time_of(since.watermark) if since.cursor is None else None
        if before is None:
            return Reading(BEGINNING, watermark)
        bound = before.astimezone(UTC) + self._utc_offset(now) - _SUMMER_TIME
        return Reading(bound.strftime(_FORMAT), watermark)

    def _utc_offset(self, now: datetime) -> timedelta:
        if self._measured_at is None or now - self._measured_at > _KEEP:
            self._offset, self._measured_at = self._measured(), now
        return self._offset

    def _measured(self) -> timedelta:
        """Asked before and after, lest somebody changes the record in between."""
        for _ in range(3):
            before = self._client.rows(_NEWEST)
            if not before or "changed_at" not in before[0]:
                return _EARLIEST
            record = self._client.get("customer", before[0]["id"], fields="lastModifiedDate") or {}
            if self._client.rows(_NEWEST) != before or "lastModifiedDate" not in record:
                continue
            in_utc = datetime.fromisoformat(str(record["lastModifiedDate"]).replace("Z", "+00:00"))
            told = datetime.strptime(before[0]["changed_at"], _FORMAT).replace(tzinfo=in_utc.tzinfo)
            return round((told - in_utc) / _QUARTER) * _QUARTER
        return _EARLIEST


def _resumed(cursor: str) -> Reading | None:
    try:
        bound, watermark, *after = json.loads(cursor)
        datetime.strptime(bound, _FORMAT)  # noqa: DTZ007 - has no zone by design
        return Reading(bound, str(watermark), tuple(int(key) for key in after))
    except (ValueError, TypeError):
        return None
