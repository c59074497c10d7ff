"""What polls have last told of records, of those that bring the record along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, SourceId


@dataclass(frozen=True)
class Told:
    """`id` is larger than that of whatever was told before; `at` is when it was told first."""

    id: int
    body: bytes
    at: datetime


def last(
    connection: Connection, name: ConnectionName, topic: str, source_ids: Sequence[SourceId]
) -> dict[SourceId, Told]:
    """The last that is still kept, of each of these records that has any."""
    rows = connection.execute(_LAST, {"name": name, "topic": topic, "ids": list(source_ids)})
    return {SourceId(row.source_id): Told(row.id, bytes(row.body), row.received_at) for row in rows}


_LAST = text("""
    SELECT DISTINCT ON (source_id) source_id, id, body, received_at FROM inbox
    WHERE connection = :name AND source_id = ANY(:ids) AND topic = :topic ORDER BY source_id, id DESC
""")
