"""The backlog: which jobs may run now, and which of them workers were called to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from erpsync.domain.ids import ConnectionName, JobId
from erpsync.ports.runtime import JobCall

# Due, and not held with the backfill that moved it.
DUE_AND_FREE = """j.state = 'ready' AND j.due_at <= :now AND NOT (j.background AND EXISTS (
    SELECT 1 FROM backfills b WHERE b.id = j.backfill_id AND b.state = 'paused'))"""
# And neither end of its route is paused or has asked to be left alone. Used by every query that hands work out.
WORKABLE = f"""{DUE_AND_FREE} AND NOT EXISTS (
    SELECT 1 FROM connections c WHERE c.name IN (j.source, j.target)
    AND (c.paused_at IS NOT NULL OR c.quiet_until > :now))"""


def due(connection: Connection, limit: int, woken_before: datetime, now: datetime) -> list[JobCall]:
    """Up to `limit` workable jobs of each route and flow that nobody was called to since `woken_before`, live ones first;
    marks them called now. Each route has its own limit, and so have its backfills, so that none with a long backlog starves
    another."""
    rows = connection.execute(_DUE, {"limit": limit, "woken_before": woken_before, "now": now}).all()
    return sorted(map(_call_of, rows), key=lambda call: (call.background, call.job_id))


def next_due(
    connection: Connection, flow: str, source: ConnectionName, target: ConnectionName, now: datetime
) -> JobCall | None:
    """The next workable job of a route and flow, live ones first: a backlog drains without waiting for the sweep."""
    values = {"flow": flow, "source": source, "target": target, "now": now}
    row = connection.execute(_NEXT_DUE, values).one_or_none()
    return None if row is None else _call_of(row)


def calls(connection: Connection, ids: Sequence[JobId], now: datetime) -> list[JobCall]:
    """What messages to these jobs need, in their order; marks them called now."""
    rows = {row.id: row for row in connection.execute(_CALLS, {"ids": list(ids), "now": now})}
    return [_call_of(rows[job_id]) for job_id in dict.fromkeys(ids) if job_id in rows]


def unheard(connection: Connection, ids: Sequence[JobId]) -> None:
    """Forgets that these jobs were called: the broker did not take the messages."""
    connection.execute(_UNHEARD, {"ids": list(ids)})


def _call_of(row: Row[Any]) -> JobCall:
    return JobCall(JobId(row.id), row.flow, f"{row.source} {row.number}", row.background)


# What another sweep has just marked is seen by the outer conditions alone: PostgreSQL looks at a row that was changed
# meanwhile again, and not at the subquery. Here as in all of the ledger, ARRAY has a subquery run once: as a part of a join
# it may run for each row, where statistics are old, which takes minutes and locks more than was asked for.
_DUE = text(f"""
    UPDATE jobs SET woken_at = :now WHERE id = ANY (ARRAY(
        SELECT id FROM jobs
        WHERE state = 'ready' AND (woken_at IS NULL OR woken_at < :woken_before) AND id = ANY (ARRAY(
            SELECT id FROM (
                SELECT j.id, row_number() OVER (
                    PARTITION BY j.flow, j.source, j.target, j.background ORDER BY j.due_at, j.id
                ) AS place
                FROM jobs j WHERE {WORKABLE} AND (j.woken_at IS NULL OR j.woken_at < :woken_before)
            ) AS queued WHERE place <= :limit
        )) FOR UPDATE SKIP LOCKED
    )) RETURNING id, flow, source, number, background
""")

_NEXT_DUE = text(f"""
    SELECT j.id, j.flow, j.source, j.number, j.background FROM jobs j
    WHERE j.flow = :flow AND j.source = :source AND j.target = :target AND {WORKABLE}
    ORDER BY j.background, j.due_at, j.id LIMIT 1
""")

_CALLS = text("UPDATE jobs SET woken_at = :now WHERE id = ANY(:ids) RETURNING id, flow, source, number, background")

# Waits for nobody: a job that another transaction has in hand is looked after there, and else the two could deadlock.
_UNHEARD = text("""
    UPDATE jobs SET woken_at = NULL WHERE id = ANY (ARRAY(
        SELECT id FROM jobs WHERE id = ANY(:ids) AND state = 'ready' FOR UPDATE SKIP LOCKED
    ))
""")
