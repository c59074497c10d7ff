"""How far a poll has read, kept in the same transaction as what it read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from erpsync.domain.ids import ConnectionName
from erpsync.ledger.tables import checkpoints


def get(connection: Connection, name: ConnectionName, kind: str) -> Any:
    """The value last set (JSON), None where there is none."""
    return connection.execute(
        select(checkpoints.c.value).where(checkpoints.c.connection == name, checkpoints.c.kind == kind)
    ).scalar()


def put(connection: Connection, name: ConnectionName, kind: str, value: Any, now: datetime) -> None:
    row = insert(checkpoints).values(connection=name, kind=kind, value=value, updated_at=now)
    connection.execute(
        row.on_conflict_do_update(index_elements=["connection", "kind"], set_={"value": value, "updated_at": now})
    )


def nudge(connection: Connection, name: ConnectionName, flow: str, inbox_id: int, now: datetime) -> None:
    """Remembers the delivery that asked for a poll, the latest alone."""
    put(connection, name, _nudge(flow), inbox_id, now)


def nudged(connection: Connection, name: ConnectionName, flow: str) -> int | None:
    """The delivery that last asked for a poll of this flow. A poll that began when it was another has not seen what this
    one tells of: no clocks are compared, and none that comes while a poll is at work is lost."""
    found: int | None = get(connection, name, _nudge(flow))
    return found


def _nudge(flow: str) -> str:
    return f"{flow} nudged"
