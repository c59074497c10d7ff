"""Where a read stands, as text that another process can go on from."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import simplejson

from erpsync.domain.errors import Transient
from erpsync.ports.pages import Since
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.settings import LONGEST_REQUEST_SECONDS, SYSTEM, SapODataSettings

# SAP writes a row's change time when its transaction works on it, and the row is seen when that commits.
_MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Position:
    """`since`: what changed from then on, None for everything. `phase` and `after` are the read's own place."""

    since: datetime | None
    watermark: str
    phase: int = 0
    after: str = ""

    @property
    def start(self) -> datetime:
        """`since`, or the beginning of time."""
        return self.since or datetime(1970, 1, 1, tzinfo=UTC)

    def at(self, after: str) -> str:
        """The cursor of the rows behind `after`."""
        return replace(self, after=after).text()

    def next_phase(self) -> str:
        return replace(self, phase=self.phase + 1, after="").text()

    def text(self) -> str:
        since = None if self.since is None else self.since.isoformat()
        return str(simplejson.dumps({**asdict(self), "since": since}, separators=(",", ":")))


def position(since: Since, gateway: Gateway, settings: SapODataSettings) -> Position:
    """Where this page starts. At the start of a read the watermark is SAP's own clock, less its longest transaction."""
    try:
        if since.cursor is not None:
            fields = simplejson.loads(since.cursor)
            return Position(
                None if fields["since"] is None else datetime.fromisoformat(fields["since"]),
                str(fields["watermark"]),
                int(fields["phase"]),
                str(fields["after"]),
            )
        start = None if since.watermark is None else datetime.fromisoformat(since.watermark).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        raise Transient(
            "cursor-unreadable",
            system=SYSTEM,
            what="The stored place of this read is not one of this connection.",
            next_step="Clear the checkpoint of this poll, so that it reads everything once.",
        ) from None
    overlap = max(LONGEST_REQUEST_SECONDS, settings.settle_seconds) + _MARGIN_SECONDS
    now = gateway.ping() - timedelta(seconds=overlap)
    return Position(start, now.replace(microsecond=0).isoformat())
