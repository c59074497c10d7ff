"""Deliveries as they came: kept whole before anything is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from erpsync.domain.ids import ConnectionName
from erpsync.ledger.tables import inbox, refusals


class InboxState(StrEnum):
    NEW = "new"
    APPLIED = "applied"
    """It moved a job's wanted version forward, or made a poll due."""
    STALE = "stale"
    """Older than, or the same as, what is already known."""
    IGNORED = "ignored"
    """Nothing that a route syncs."""
    UNREADABLE = "unreadable"
    """Kept for a person; see its dead letter."""


@dataclass(frozen=True)
class InboxRow:
    id: int
    connection: ConnectionName
    topic: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Settled:
    """What became of a delivery, and which record it was about."""

    id: int
    state: InboxState
    note: str = ""
    source_id: str = ""


def store(
    connection: Connection,
    name: ConnectionName,
    delivery_key: str,
    topic: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> int | None:
    """Keeps a delivery. None where this delivery is here already: a repeat, however concurrent, is one row."""
    row = insert(inbox).values(
        connection=name, delivery_key=delivery_key, topic=topic, headers=dict(headers), body=body, received_at=now
    )
    kept = row.on_conflict_do_nothing(index_elements=["connection", "delivery_key"]).returning(inbox.c.id)
    return connection.execute(kept).scalar()


def keep(
    connection: Connection,
    name: ConnectionName,
    delivery_key: str,
    topic: str,
    body: bytes,
    source_id: str,
    now: datetime,
) -> int | None:
    """Keeps what a poll has read of a record, as a delivery that is taken in already. None where the same is here."""
    row = insert(inbox).values(
        connection=name,
        delivery_key=delivery_key,
        topic=topic,
        headers={},
        body=body,
        source_id=source_id,
        state=InboxState.APPLIED,
        received_at=now,
        taken_at=now,
    )
    kept = row.on_conflict_do_nothing(index_elements=["connection", "delivery_key"]).returning(inbox.c.id)
    return connection.execute(kept).scalar()


def kept(connection: Connection, name: ConnectionName, delivery_key: str) -> int:
    """The delivery of that key, which is here."""
    found = select(inbox.c.id).where(inbox.c.connection == name, inbox.c.delivery_key == delivery_key)
    return int(connection.execute(found).scalar_one())


def take_new(connection: Connection, limit: int) -> list[InboxRow]:
    """Locks and returns new deliveries, oldest first; those that another worker has in hand are left to it."""
    rows = connection.execute(
        select(inbox.c.id, inbox.c.connection, inbox.c.topic, inbox.c.headers, inbox.c.body, inbox.c.received_at)
        .where(inbox.c.state == InboxState.NEW)
        .order_by(inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [InboxRow(row.id, ConnectionName(row.connection), *row[2:]) for row in rows]


def settle(connection: Connection, outcomes: Sequence[Settled], now: datetime) -> None:
    """Records what became of taken deliveries."""
    if not outcomes:
        return
    statement = (
        update(inbox)
        .where(inbox.c.id == bindparam("row_id"))
        .values(state=bindparam("new_state"), note=bindparam("new_note"), source_id=bindparam("about"), taken_at=now)
    )
    connection.execute(
        statement,
        [{"row_id": one.id, "new_state": one.state, "new_note": one.note, "about": one.source_id} for one in outcomes],
    )


def body_of(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """The raw bodies of deliveries that are still kept."""
    rows = connection.execute(select(inbox.c.id, inbox.c.body).where(inbox.c.id.in_(ids)))
    return {row.id: bytes(row.body) for row in rows}


def refuse(connection: Connection, name: str, reason: str, now: datetime) -> None:
    """Counts a delivery that was not let in."""
    row = insert(refusals).values(connection=name, reason=reason, count=1, first_at=now, last_at=now)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["connection", "reason"], set_={"count": refusals.c.count + 1, "last_at": now}
        )
    )


def count_new(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(inbox.c.state == InboxState.NEW)).scalar_one()


def reopen(connection: Connection, inbox_id: int) -> bool:
    """Makes an unreadable delivery new again, so that it is read once more."""
    found = connection.execute(
        text("UPDATE inbox SET state = 'new', note = '', taken_at = NULL WHERE id = :id AND state = 'unreadable'"),
        {"id": inbox_id},
    )
    return found.rowcount == 1
