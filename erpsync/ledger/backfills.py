"""Backfills and their chunks: claimed by one worker at a time, read on from where the last page ended.

Locks are taken in this order: the backfill, its chunk, then jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName
from erpsync.ledger.texts import storable
from erpsync.ports.backfill import Past

PAGE = 50


class BackfillState(StrEnum):
    RUNNING = "running"
    """Its chunks are being read, or jobs that it moved are on their way."""
    PAUSED = "paused"
    """No chunk is read, and none of its jobs runs."""
    DONE = "done"
    FAILED = "failed"
    """It ended, but for chunks that could not be read; these can be read again."""
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Chunk:
    """The right to read one chunk on from `cursor`, until its lease is over and as long as nobody claims it anew."""

    id: int
    backfill_id: int
    fence: int
    attempt: int
    past: Past
    cursor: str | None
    dry_run: bool


@dataclass(frozen=True)
class Counts:
    """What a page brought: records read, jobs moved, records that the target has already, and unreadable ones."""

    read: int
    moved: int
    known: int
    unreadable: int


@dataclass(frozen=True)
class Progress:
    """How far a backfill is. `waiting`: jobs that it moved and that are on their way; `dead`: those that need a person."""

    id: int
    flow: str
    source: str
    target: str | None
    begins_at: datetime | None
    ends_at: datetime
    dry_run: bool
    state: str
    concurrency: int
    asked_by: str
    created_at: datetime
    ended_at: datetime | None
    chunks: int
    chunks_done: int
    chunks_running: int
    chunks_failed: int
    read: int
    moved: int
    known: int
    unreadable: int
    waiting: int
    dead: int

    @property
    def errors(self) -> int:
        return self.unreadable + self.dead + self.chunks_failed


@dataclass(frozen=True)
class ChunkRow:
    """A chunk that could not be read."""

    ordinal: int
    begins_at: datetime | None
    ends_at: datetime
    problem_code: str
    problem: str
    next_step: str


def create(
    connection: Connection,
    past: Past,
    windows: Sequence[tuple[datetime | None, datetime]],
    *,
    dry_run: bool,
    concurrency: int,
    actor: str,
    now: datetime,
) -> int:
    """Keeps a backfill with a chunk for each window; it counts as called to now."""
    values = {
        "flow": past.flow,
        "source": past.source,
        "target": past.target,
        "begin": past.begin,
        "end": past.end,
        "dry_run": dry_run,
        "concurrency": concurrency,
        "actor": actor,
        "now": now,
    }
    backfill_id = int(connection.execute(_CREATE, values).scalar_one())
    connection.execute(
        _CREATE_CHUNK,
        [
            {"backfill_id": backfill_id, "ordinal": ordinal, "begin": begin, "end": end, "now": now}
            for ordinal, (begin, end) in enumerate(windows, 1)
        ],
    )
    return backfill_id


def claim(connection: Connection, backfill_id: int, *, worker: str, lease: timedelta, now: datetime) -> Chunk | None:
    """Claims the first chunk that is ready. None where there is none, as many as allowed are in hand, or the backfill or
    its source is paused."""
    held = connection.execute(_HOLD_RUNNING, {"id": backfill_id, "now": now}).one_or_none()
    if held is None:
        return None
    values = {"id": backfill_id, "concurrency": held.concurrency, "worker": worker, "until": now + lease, "now": now}
    claimed = connection.execute(_CLAIM, values).one_or_none()
    return None if claimed is None else _chunk(connection, claimed.id)


def hold(connection: Connection, chunk: Chunk) -> bool:
    """Locks a claimed chunk, before its page is taken in: until the transaction ends its backfill is neither paused nor
    cancelled. False where it is so by now, or the claim was lost."""
    running = connection.execute(_SHARE, {"id": chunk.backfill_id}).scalar() == BackfillState.RUNNING
    return running and connection.execute(_HOLD_CHUNK, {"id": chunk.id, "fence": chunk.fence}).one_or_none() is not None


def turn(
    connection: Connection, chunk: Chunk, cursor: str | None, counts: Counts, lease_until: datetime, now: datetime
) -> None:
    """Keeps that a page is taken in: the chunk goes on at `cursor`, and is done without one."""
    values = {"id": chunk.id, "fence": chunk.fence, "cursor": cursor, "until": lease_until, "now": now}
    connection.execute(_TURN, values | vars(counts))


def put_back(
    connection: Connection,
    chunk: Chunk,
    due_at: datetime,
    now: datetime,
    *,
    spent: bool,
    problem: Problem | None = None,
) -> None:
    """Lets go of a chunk, which is read on from `due_at`. `spent`: the claim counts as one that brought no page."""
    values = {"id": chunk.id, "fence": chunk.fence, "due_at": due_at, "give_back": 0 if spent else 1, "now": now}
    connection.execute(_PUT_BACK, values | _said(problem))


def fail(connection: Connection, chunk: Chunk, problem: Problem, now: datetime) -> bool:
    """Gives a chunk up until a person resumes its backfill. False where the claim was lost."""
    values = {"id": chunk.id, "fence": chunk.fence, "now": now}
    return connection.execute(_FAIL, values | _said(problem)).rowcount == 1


def abandoned(connection: Connection, limit: int, now: datetime) -> list[Chunk]:
    """Chunks whose lease is over: their worker is gone. Locked until the transaction ends; put each back or fail it."""
    rows = connection.execute(_ABANDONED, {"limit": limit, "now": now}).all()
    return [_chunk(connection, row.id) for row in rows]


def due(connection: Connection, woken_before: datetime, now: datetime) -> list[int]:
    """Running backfills that nobody was called to since `woken_before`, each as often as chunks of it can be read now;
    marks them called now."""
    rows = connection.execute(_DUE, {"woken_before": woken_before, "now": now}).all()
    return [int(row.id) for row in rows for _ in range(row.free)]


def close(connection: Connection, now: datetime) -> list[tuple[int, str]]:
    """Ends the backfills of which nothing is left to be read or on its way; their ids and states."""
    return [(int(row.id), str(row.state)) for row in connection.execute(_CLOSE, {"now": now})]


def move(
    connection: Connection, backfill_id: int, states: Sequence[BackfillState], following: BackfillState, now: datetime
) -> bool:
    """Moves a backfill on; False where it is in none of these states."""
    values = {"id": backfill_id, "states": [str(state) for state in states], "state": str(following), "now": now}
    return connection.execute(_MOVE, values).rowcount == 1


def retry_failed(connection: Connection, backfill_id: int, now: datetime) -> None:
    """Makes the chunks ready again that could not be read, at their cursors."""
    connection.execute(_RETRY_FAILED, {"id": backfill_id, "now": now})


def withdraw(connection: Connection, backfill_id: int) -> int:
    """Takes away the jobs that it made, that nobody has begun and that nothing else has told of: as if it had not read
    their records. How many."""
    return connection.execute(_WITHDRAW, {"id": backfill_id}).rowcount


def progress(connection: Connection, backfill_id: int) -> Progress | None:
    row = connection.execute(text(f"{_PROGRESS} WHERE b.id = :id"), {"id": backfill_id}).one_or_none()
    return None if row is None else Progress(**row._mapping)


def everyone(connection: Connection, *, only_open: bool = False, limit: int = PAGE) -> list[Progress]:
    """Newest first."""
    condition = "WHERE b.ended_at IS NULL" if only_open else ""
    rows = connection.execute(text(f"{_PROGRESS} {condition} ORDER BY b.id DESC LIMIT :limit"), {"limit": limit})
    return [Progress(**row._mapping) for row in rows]


def failed_chunks(connection: Connection, backfill_id: int) -> list[ChunkRow]:
    return [ChunkRow(**row._mapping) for row in connection.execute(_FAILED_CHUNKS, {"id": backfill_id})]


def _chunk(connection: Connection, chunk_id: int) -> Chunk:
    row: Row[Any] = connection.execute(_CHUNK, {"id": chunk_id}).one()
    target = None if row.target is None else ConnectionName(row.target)
    past = Past(row.flow, ConnectionName(row.source), target, row.begins_at, row.ends_at)
    return Chunk(row.id, row.backfill_id, row.fence, row.attempts, past, row.cursor, row.dry_run)


def _said(problem: Problem | None) -> dict[str, str | None]:
    if problem is None:
        return {"code": None, "problem": None, "next_step": None}
    return {"code": problem.code, "problem": storable(problem.what), "next_step": storable(problem.next_step)}


_CREATE = text("""
    INSERT INTO backfills
        (flow, source, target, begins_at, ends_at, dry_run, concurrency, asked_by, woken_at, created_at)
    VALUES (:flow, :source, :target, :begin, :end, :dry_run, :concurrency, :actor, :now, :now) RETURNING id
""")

_CREATE_CHUNK = text("""
    INSERT INTO backfill_chunks (backfill_id, ordinal, begins_at, ends_at, due_at, updated_at)
    VALUES (:backfill_id, :ordinal, :begin, :end, :now, :now)
""")

_SOURCE_ANSWERS = """NOT EXISTS (
    SELECT 1 FROM connections c WHERE c.name = b.source AND (c.paused_at IS NOT NULL OR c.quiet_until > :now))"""

# One claim of a backfill at a time, so that all together keep to its concurrency.
_HOLD_RUNNING = text(f"""
    SELECT b.concurrency FROM backfills b WHERE b.id = :id AND b.state = 'running' AND {_SOURCE_ANSWERS}
    FOR NO KEY UPDATE OF b
""")

_CLAIM = text("""
    UPDATE backfill_chunks SET state = 'running', fence = fence + 1, attempts = attempts + 1, claimed_by = :worker,
        lease_until = :until, updated_at = :now
    WHERE id = (
        SELECT id FROM backfill_chunks WHERE backfill_id = :id AND state = 'ready' AND due_at <= :now AND :concurrency > (
            SELECT count(*) FROM backfill_chunks WHERE backfill_id = :id AND state = 'running'
        ) ORDER BY ordinal LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id
""")

_CHUNK = text("""
    SELECT c.id, c.backfill_id, c.fence, c.attempts, c.begins_at, c.ends_at, c.cursor, b.flow, b.source, b.target, b.dry_run
    FROM backfill_chunks c JOIN backfills b ON b.id = c.backfill_id WHERE c.id = :id
""")

_HELD = "id = :id AND fence = :fence AND state = 'running'"

_SHARE = text("SELECT state FROM backfills WHERE id = :id FOR SHARE")

_HOLD_CHUNK = text(f"SELECT 1 FROM backfill_chunks WHERE {_HELD} FOR UPDATE")

_TURN = text(f"""
    UPDATE backfill_chunks SET cursor = :cursor, attempts = 0, read = read + :read,
        moved = moved + :moved, known = known + :known, unreadable = unreadable + :unreadable,
        state = CASE WHEN CAST(:cursor AS text) IS NULL THEN 'done' ELSE 'running' END,
        lease_until = CASE WHEN CAST(:cursor AS text) IS NOT NULL THEN CAST(:until AS timestamptz) END,
        problem_code = NULL, problem = NULL, next_step = NULL, updated_at = :now
    WHERE {_HELD}
""")

_PUT_BACK = text(f"""
    UPDATE backfill_chunks SET state = 'ready', due_at = :due_at, attempts = GREATEST(attempts - :give_back, 0),
        claimed_by = NULL, lease_until = NULL,
        problem_code = :code, problem = :problem, next_step = :next_step, updated_at = :now
    WHERE {_HELD}
""")

_FAIL = text(f"""
    UPDATE backfill_chunks SET state = 'failed', claimed_by = NULL, lease_until = NULL,
        problem_code = :code, problem = :problem, next_step = :next_step, updated_at = :now
    WHERE {_HELD}
""")

_ABANDONED = text("""
    SELECT id FROM backfill_chunks WHERE state = 'running' AND lease_until <= :now
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_DUE = text(f"""
    WITH called AS (
        SELECT b.id, LEAST(
            (SELECT count(*) FROM backfill_chunks c WHERE c.backfill_id = b.id AND c.state = 'ready' AND c.due_at <= :now),
            b.concurrency - (SELECT count(*) FROM backfill_chunks c WHERE c.backfill_id = b.id AND c.state = 'running')
        ) AS free
        FROM backfills b
        WHERE b.state = 'running' AND (b.woken_at IS NULL OR b.woken_at < :woken_before) AND {_SOURCE_ANSWERS}
        FOR NO KEY UPDATE OF b SKIP LOCKED
    )
    UPDATE backfills b SET woken_at = :now FROM called WHERE b.id = called.id AND called.free > 0
    RETURNING b.id, called.free
""")

_CLOSE = text("""
    UPDATE backfills b SET ended_at = :now, state = CASE WHEN EXISTS (
            SELECT 1 FROM backfill_chunks c WHERE c.backfill_id = b.id AND c.state = 'failed'
        ) THEN 'failed' ELSE 'done' END
    WHERE b.state = 'running'
        AND NOT EXISTS (SELECT 1 FROM backfill_chunks c WHERE c.backfill_id = b.id AND c.state IN ('ready', 'running'))
        AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.backfill_id = b.id AND j.state IN ('ready', 'running'))
    RETURNING b.id, b.state
""")

_MOVE = text("""
    UPDATE backfills SET state = :state, woken_at = :now,
        ended_at = CASE WHEN :state IN ('running', 'paused') THEN NULL ELSE CAST(:now AS timestamptz) END
    WHERE id = :id AND state = ANY(:states)
""")

_RETRY_FAILED = text("""
    UPDATE backfill_chunks SET state = 'ready', attempts = 0, due_at = :now, problem_code = NULL, problem = NULL,
        next_step = NULL, updated_at = :now
    WHERE backfill_id = :id AND state = 'failed'
""")

# Waits for nobody: a job that another transaction has in hand is begun there, or told of by something live.
_WITHDRAW = text("""
    DELETE FROM jobs WHERE id = ANY (ARRAY(
        SELECT id FROM jobs WHERE backfill_id = :id AND state = 'ready' AND claimed_revision = 0 AND wanted_revision = 1
        ORDER BY id FOR UPDATE SKIP LOCKED
    ))
""")

_PROGRESS = """
    SELECT b.id, b.flow, b.source, b.target, b.begins_at, b.ends_at, b.dry_run, b.state, b.concurrency, b.asked_by,
        b.created_at, b.ended_at, c.*, j.*
    FROM backfills b
    CROSS JOIN LATERAL (
        SELECT count(*) AS chunks, count(*) FILTER (WHERE state = 'done') AS chunks_done,
            count(*) FILTER (WHERE state = 'running') AS chunks_running,
            count(*) FILTER (WHERE state = 'failed') AS chunks_failed,
            CAST(coalesce(sum(read), 0) AS bigint) AS read, CAST(coalesce(sum(moved), 0) AS bigint) AS moved,
            CAST(coalesce(sum(known), 0) AS bigint) AS known, CAST(coalesce(sum(unreadable), 0) AS bigint) AS unreadable
        FROM backfill_chunks WHERE backfill_id = b.id
    ) c
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state IN ('ready', 'running')) AS waiting,
            count(*) FILTER (WHERE state = 'dead') AS dead
        FROM jobs WHERE backfill_id = b.id AND state IN ('ready', 'running', 'dead')
    ) j
"""

_FAILED_CHUNKS = text("""
    SELECT ordinal, begins_at, ends_at, problem_code, problem, next_step FROM backfill_chunks
    WHERE backfill_id = :id AND state = 'failed' ORDER BY ordinal
""")
