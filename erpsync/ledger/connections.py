"""Connections seen, and their breakers: a connection that is down pauses its jobs instead of failing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName
from erpsync.ledger.tables import connections
from erpsync.ledger.texts import storable


@dataclass(frozen=True)
class ConnectionRow:
    name: ConnectionName
    system: str
    role: str
    failures: int
    probes: int
    paused_at: datetime | None
    probe_at: datetime | None
    problem_code: str | None
    problem: str | None
    next_step: str | None
    quiet_until: datetime | None


def see(connection: Connection, name: ConnectionName, system: str, role: str, now: datetime) -> None:
    """Makes the connection known."""
    row = insert(connections).values(name=name, system=system, role=role, seen_at=now)
    connection.execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"system": system, "role": role, "seen_at": now})
    )


def succeeded(connection: Connection, name: ConnectionName) -> bool:
    """Forgets failures; True where this ends a pause."""
    ended = connection.execute(_RESUME, {"name": name}).one_or_none()
    return ended is not None and ended.was_paused


def failed(
    connection: Connection,
    name: ConnectionName,
    problem: Problem,
    *,
    threshold: int,
    probe_in: timedelta,
    now: datetime,
) -> bool:
    """Counts a failure; True where it is the one that pauses the connection."""
    row = connection.execute(
        _FAIL,
        {
            "name": name,
            "threshold": threshold,
            "now": now,
            "probe_at": now + probe_in,
            "code": problem.code,
            "what": storable(problem.what),
            "next_step": storable(problem.next_step),
        },
    ).one_or_none()
    return row is not None and row.paused_now


def leave_alone(connection: Connection, name: ConnectionName, until: datetime) -> None:
    """Hands out none of the connection's jobs before that time: it asked for patience."""
    connection.execute(_LEAVE_ALONE, {"name": name, "until": until})


def is_paused(connection: Connection, name: ConnectionName) -> bool:
    """Whether its breaker is open; False for one that is not known."""
    return connection.execute(_PAUSED, {"name": name}).scalar() is True


def take_probe(
    connection: Connection, next_probe: timedelta, now: datetime, *, besides: Sequence[ConnectionName] = ()
) -> ConnectionRow | None:
    """One paused connection whose probe is due and that is not `besides`, with its next probe set, so that one worker at
    a time tests the way."""
    values = {"now": now, "next": now + next_probe, "besides": list(besides)}
    row = connection.execute(_TAKE_PROBE, values).one_or_none()
    return None if row is None else ConnectionRow(**row._mapping)


def set_probe(connection: Connection, name: ConnectionName, at: datetime) -> None:
    connection.execute(_SET_PROBE, {"name": name, "at": at})


def everyone(connection: Connection) -> list[ConnectionRow]:
    rows = connection.execute(text(f"SELECT {_COLUMNS} FROM connections ORDER BY name"))
    return [ConnectionRow(**row._mapping) for row in rows]


_COLUMNS = "name, system, role, failures, probes, paused_at, probe_at, problem_code, problem, next_step, quiet_until"

_RESUME = text("""
    UPDATE connections AS c SET failures = 0, probes = 0, paused_at = NULL, probe_at = NULL,
        problem_code = NULL, problem = NULL, next_step = NULL
    FROM (
        SELECT name, paused_at IS NOT NULL AS was_paused FROM connections
        WHERE name = :name AND (failures > 0 OR paused_at IS NOT NULL) FOR UPDATE
    ) old
    WHERE c.name = old.name RETURNING old.was_paused
""")

_FAIL = text("""
    UPDATE connections AS c SET failures = c.failures + 1,
        paused_at = CASE WHEN c.failures + 1 >= :threshold THEN coalesce(c.paused_at, :now) END,
        probe_at = CASE WHEN c.failures + 1 >= :threshold THEN coalesce(c.probe_at, :probe_at) END,
        problem_code = :code, problem = :what, next_step = :next_step
    FROM (SELECT name, paused_at IS NULL AS was_open FROM connections WHERE name = :name FOR UPDATE) old
    WHERE c.name = old.name RETURNING old.was_open AND c.paused_at IS NOT NULL AS paused_now
""")

_LEAVE_ALONE = text("""
    UPDATE connections SET quiet_until = :until WHERE name = :name AND coalesce(quiet_until, '-infinity') < :until
""")

_TAKE_PROBE = text(f"""
    UPDATE connections SET probe_at = :next, probes = probes + 1 WHERE name = (
        SELECT name FROM connections WHERE probe_at <= :now AND name <> ALL(CAST(:besides AS text[]))
        ORDER BY probe_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING {_COLUMNS}
""")

_PAUSED = text("SELECT paused_at IS NOT NULL FROM connections WHERE name = :name")

_SET_PROBE = text("UPDATE connections SET probe_at = :at WHERE name = :name AND paused_at IS NOT NULL")
