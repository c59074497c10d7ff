"""Reservations: the sole right to do something, kept in the ledger so that it outlasts the worker that holds it.

A job is claimed by one worker, but two jobs may need one customer: only the holder of the reservation may make it, until
the record is linked, or until `until`, when whatever the holder sent has surely been done or not. In the same way one
worker at a time polls a connection.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName


@dataclass(frozen=True)
class Room:
    """What is reserved: something of a kind in a connection."""

    kind: str
    target: ConnectionName


def take(
    connection: Connection, room: Room, keys: Collection[str], holder: str, until: datetime, now: datetime
) -> set[str]:
    """Reserves those of `keys` that nobody holds, and returns them."""
    # In one order, so that two workers with the same keys wait for one another at most for a transaction.
    values = {
        "kind": room.kind,
        "target": room.target,
        "keys": sorted(keys),
        "holder": holder,
        "until": until,
        "now": now,
    }
    return set(connection.execute(_TAKE, values).scalars())


def keep(connection: Connection, room: Room, keys: Collection[str], holder: str, until: datetime) -> bool:
    """Moves the end of what `holder` holds: until then nobody else does these. False where another has taken one."""
    values = {"kind": room.kind, "target": room.target, "keys": list(keys), "holder": holder, "until": until}
    return connection.execute(_KEEP, values).rowcount == len(keys)


def release(connection: Connection, room: Room, keys: Collection[str], holder: str) -> None:
    values = {"kind": room.kind, "target": room.target, "keys": list(keys), "holder": holder}
    connection.execute(_RELEASE, values)


_TAKE = text("""
    INSERT INTO reservations AS r (kind, target, key, holder, until)
    SELECT :kind, :target, key, :holder, :until FROM unnest(CAST(:keys AS text[])) AS key
    ON CONFLICT (kind, target, key) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE r.until <= :now RETURNING key
""")

_KEEP = text("""
    UPDATE reservations SET until = :until
    WHERE kind = :kind AND target = :target AND key = ANY(:keys) AND holder = :holder
""")

_RELEASE = text("""
    DELETE FROM reservations WHERE kind = :kind AND target = :target AND key = ANY(:keys) AND holder = :holder
""")
