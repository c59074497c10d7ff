"""Where a read of what changed stands: its cursor, and the watermark that the next one starts from.

The watermark is Shopify's own clock at the read's first page, less an overlap: what is searched is an index, which
follows the records a little later.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Clock
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import Answer

# Shopify gives no figure for how far its search is behind; answers seconds old are usual.
OVERLAP = timedelta(seconds=120)


class Position(BaseModel):
    """What a cursor holds. `begun` is where the read started, None for everything; the rest is how far it is, each kind of
    read having its own way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begun: AwareDatetime | None
    watermark: str = ""
    at: AwareDatetime | None = None
    after: str | None = None
    last_id: int = 0
    bulk: str = ""
    looks: int = 0
    offset: int = 0

    def moved(self, **changes: object) -> "Position":
        return self.model_copy(update=changes)

    def cursor(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


def position(since: Since) -> Position:
    """Where to read on. Raises Rejected for a cursor or a watermark that is not ours."""
    try:
        if since.cursor is not None:
            return Position.model_validate_json(since.cursor)
        begun = since.begin if since.watermark is None else datetime.fromisoformat(since.watermark)
        return Position(begun=begun)
    except (ValidationError, ValueError):
        raise Rejected(
            "checkpoint-unreadable",
            system=SYSTEM,
            what="The poll's checkpoint is not one of this version.",
            next_step="Run a backfill from the last day that is surely complete; it sets a new checkpoint.",
        ) from None


def with_watermark(place: Position, answer: Answer, clock: Clock) -> Position:
    """The position with the watermark that this read leaves, taken at its first page."""
    if place.watermark:
        return place
    try:
        now = parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        now = clock.now()
    return place.moved(watermark=(now - OVERLAP).isoformat())


def after_id(place: Position, page: wire.Page) -> str | None:
    """The cursor after a page of a list that is in the order of ids, which never change."""
    if not page.info.has_next or not page.nodes:
        return None
    return place.moved(last_id=int(str(page.nodes[-1]["id"]).rpartition("/")[2])).cursor()


def since_term(name: str, moment: datetime | None) -> str:
    """The search term for records from that moment on; empty for all."""
    return "" if moment is None else f"{name}:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
