"""What a backfill reads."""

from dataclasses import dataclass
from datetime import datetime

from erpsync.domain.ids import ConnectionName


@dataclass(frozen=True)
class Past:
    """The records of a flow that a connection has from `begin` on and before `end`: orders by when they were placed, other
    records by when they last changed, as far as they tell. `begin` None: from the first on. `target` None: on their way to
    every target that a route of the flow has."""

    flow: str
    source: ConnectionName
    target: ConnectionName | None
    begin: datetime | None
    end: datetime
