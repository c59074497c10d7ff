"""Jobs: one per flow and source record, claimed by one worker at a time, recorded only by the worker that holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.ledger.texts import storable
from erpsync.ports.runtime import JobCall

# Due, and not held with the backfill that moved it.
_DUE_AND_FREE = """j.state = 'ready' AND j.due_at <= :now AND NOT (j.background AND EXISTS (
    SELECT 1 FROM backfills b WHERE b.id = j.backfill_id AND b.state = 'paused'))"""
# And neither end of its route is paused or has asked to be left alone. Used by every query that hands work out.
_WORKABLE = f"""{_DUE_AND_FREE} AND NOT EXISTS (
    SELECT 1 FROM connections c WHERE c.name IN (j.source, j.target)
    AND (c.paused_at IS NOT NULL OR c.quiet_until > :now))"""


# A record that moves on and fails as before needs no second word to people within this time.
_SAME_LETTER = timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """A record at a version that a target is to follow. `inbox_id` is the delivery that says so, and `carries_state`
    whether its body is the record. `polled`: a poll says so, which tells the same version again and again. `backfill_id`:
    a backfill says so, and it may wait until nothing live is due."""

    flow: str
    source: ConnectionName
    target: ConnectionName
    source_id: SourceId
    number: str
    version: datetime
    inbox_id: int | None
    carries_state: bool
    polled: bool = False
    backfill_id: int | None = None


class Moved(StrEnum):
    CREATED = "created"
    ADVANCED = "advanced"
    STALE = "stale"
    PREFERRED = "preferred"
    """The version was known from a backfill, behind which the record does not wait any more."""
    DISCARDED = "discarded"
    """A person decided that this record is not synced; only a replay changes that."""


@dataclass(frozen=True)
class Claim:
    """The right to run one job, until `lease_until` and as long as nobody claims it anew."""

    job_id: JobId
    fence: int
    flow: str
    source: ConnectionName
    target: ConnectionName
    source_id: SourceId
    number: str
    attempt: int
    revision: int
    state_inbox_id: int | None
    background: bool = False


def advance(connection: Connection, wanted: Wanted, now: datetime) -> tuple[Moved, JobId]:
    """Moves the record's job forward to `wanted`, or makes it. An older version changes nothing.

    Two different deliveries of one version do not tell which is the later: then the state is read from the source. A poll
    that tells the version that is known moves the job only where its last run may have been within that version's second,
    for stores count in seconds.
    """
    row = connection.execute(_ADVANCE, {**_values(wanted), "now": now}).one_or_none()
    if row is not None:
        if not row.created:
            _supersede(connection, row.id, now)
        return (Moved.CREATED if row.created else Moved.ADVANCED), JobId(row.id)
    existing = connection.execute(_EXISTING, _values(wanted)).one()
    if existing.background and wanted.backfill_id is None and connection.execute(_PREFER, {"id": existing.id}).rowcount:
        return Moved.PREFERRED, JobId(existing.id)
    moved = Moved.DISCARDED if existing.state == JobState.DISCARDED else Moved.STALE
    return moved, JobId(existing.id)


def lock(connection: Connection, wanted: Sequence[Wanted]) -> None:
    """Locks the jobs of these records that exist, in the order of their ids, and keeps other intakes out until the
    transaction ends: two that make new jobs in different orders would wait for one another."""
    keys = {(one.flow, one.source, one.target, one.source_id) for one in wanted}
    columns = dict(zip(("flows", "sources", "targets", "source_ids"), map(list, zip(*keys, strict=True)), strict=False))
    if keys:
        connection.execute(_ONE_INTAKE)
        connection.execute(_LOCK, columns)


def route_of(connection: Connection, job_id: JobId) -> tuple[str, ConnectionName, ConnectionName] | None:
    """The flow, source and target of a job; None where there is no such job."""
    row = connection.execute(_ROUTE, {"id": job_id}).one_or_none()
    return None if row is None else (row.flow, ConnectionName(row.source), ConnectionName(row.target))


def claim(
    connection: Connection, job_id: JobId, *, worker: str, batch: int, lease: timedelta, now: datetime
) -> list[Claim]:
    """Claims the job and takes along up to `batch - 1` other due jobs of its route and flow: a live one live ones alone,
    that no backfill makes its batch long, one of a backfill such ones alone.

    Empty where it is not due, is claimed, or a connection of its route is paused. Every claim spends an attempt, which
    is given back when the record is not to blame. A job that must run alone takes none along and is taken along by none.
    """
    rows = connection.execute(
        _CLAIM, {"id": job_id, "more": batch - 1, "worker": worker, "lease_until": now + lease, "now": now}
    ).all()
    claims = [_claim_of(row) for row in rows]
    return sorted(claims, key=lambda claim: (claim.job_id != job_id, claim.job_id))


def finish(
    connection: Connection,
    claim: Claim,
    state: JobState,
    note: Problem | None,
    note_text: str,
    now: datetime,
    version: datetime | None = None,
) -> bool:
    """Records that a claimed run ended well (DONE) or with nothing to do (SKIPPED); a record that moved meanwhile is ready
    again. `version` is the state that was reached; deliveries of older ones are stale from now on.

    False where the claim was lost: nothing is recorded then.
    """
    found = connection.execute(
        _FINISH,
        {
            "id": claim.job_id,
            "fence": claim.fence,
            "state": state,
            "now": now,
            "version": version,
            "code": note.code if note else None,
            "what": storable(note.what) if note else None,
        },
    ).one_or_none()
    if found is not None:
        _end_run(connection, claim, state, note.code if note else None, note_text, now)
    return found is not None


def put_back(connection: Connection, claim: Claim, verdict: Verdict, now: datetime) -> bool:
    """Records a run that failed and is tried again from `verdict.delay_seconds` on. False where the claim was lost."""
    found = connection.execute(
        _PUT_BACK,
        {
            "id": claim.job_id,
            "fence": claim.fence,
            "due_at": now + timedelta(seconds=verdict.delay_seconds),
            "give_back": 0 if verdict.spends_attempt else 1,
            "alone": verdict.alone,
            "now": now,
            **_problem(verdict.problem),
        },
    ).one_or_none()
    if found is not None:
        outcome = Outcome.RETRY if verdict.outcome is Outcome.RETRY else Outcome.WAIT
        _end_run(connection, claim, outcome, verdict.problem.code, str(verdict.problem), now)
    return found is not None


def bury(
    connection: Connection, claim: Claim, problem: Problem, now: datetime, *, settle_seconds: float = 0.0
) -> int | None:
    """Closes the job as a dead letter, whose id is returned for the caller to route to the queue. A newer version of the
    record does not run before `settle_seconds` are over. What failed in the same way a day ago or less is the same dead
    letter again, and not announced anew.

    None where there is none: the claim was lost, or the record moved meanwhile and its new version is tried first.
    """
    found = connection.execute(
        _BURY,
        {
            "id": claim.job_id,
            "fence": claim.fence,
            "now": now,
            "due_at": now + timedelta(seconds=settle_seconds),
            **_problem(problem),
        },
    ).one_or_none()
    if found is None:
        return None
    _end_run(connection, claim, Outcome.DEAD, problem.code, str(problem), now)
    if found.state != JobState.DEAD:
        return None
    values = {"id": claim.job_id, "subject": f"{claim.flow} {claim.number}", "attempts": claim.attempt, "now": now}
    values |= {"again_since": now - _SAME_LETTER, **_problem(problem)}
    return int(connection.execute(_DEAD_LETTER, values).scalar_one())


def abandoned(connection: Connection, limit: int, now: datetime) -> list[Claim]:
    """Claims whose lease is over: their worker is gone. Locked until the transaction ends; put each back or bury it."""
    rows = connection.execute(_ABANDONED, {"limit": limit, "now": now}).all()
    return [_claim_of(row) for row in rows]


def due(connection: Connection, limit: int, woken_before: datetime, now: datetime) -> list[JobCall]:
    """Up to `limit` workable jobs of each route and flow that nobody was called to since `woken_before`, live ones first;
    marks them called now. Each route has its own limit, and so have its backfills, so that none with a long backlog starves
    another."""
    rows = connection.execute(_DUE, {"limit": limit, "woken_before": woken_before, "now": now}).all()
    return sorted(map(_call_of, rows), key=lambda call: (call.background, call.job_id))


def next_due(connection: Connection, claim: Claim, now: datetime) -> JobCall | None:
    """The next workable job of a claim's route and flow, live ones first, so that a backlog drains without waiting for the
    sweep."""
    values = {"flow": claim.flow, "source": claim.source, "target": claim.target, "now": now}
    row = connection.execute(_NEXT_DUE, values).one_or_none()
    return None if row is None else _call_of(row)


def calls(connection: Connection, ids: Sequence[JobId], now: datetime) -> list[JobCall]:
    """What messages to these jobs need; marks them called now."""
    rows = connection.execute(_CALLS, {"ids": list(ids), "now": now}).all()
    return [_call_of(row) for row in rows]


def again(connection: Connection, job_id: JobId) -> None:
    """The run under way leaves something to do: the job is ready again when it ends."""
    connection.execute(_AGAIN, {"id": job_id})


def of_route(connection: Connection, flow: str, source: ConnectionName, target: ConnectionName) -> JobId | None:
    """The job of a flow that has one for the whole route."""
    values = {"flow": flow, "source": source, "target": target}
    job_id = connection.execute(_OF_ROUTE, values).scalar()
    return None if job_id is None else JobId(job_id)


def run_again(connection: Connection, job_id: JobId, now: datetime) -> None:
    """The job is to run now, whatever it did last, and once more if it runs."""
    if not reopen(connection, job_id, now):
        again(connection, job_id)


def hold(connection: Connection, job_id: JobId) -> None:
    """Locks a job. Whoever changes a job and its dead letter takes them in this order: the job first."""
    connection.execute(_HOLD, {"id": job_id})


def unheard(connection: Connection, ids: Sequence[JobId]) -> None:
    """Forgets that these jobs were called: the broker did not take the messages."""
    connection.execute(_UNHEARD, {"ids": list(ids)})


def reopen(connection: Connection, job_id: JobId, now: datetime, *, fresh: bool = True) -> bool:
    """Makes a closed job ready again with all its attempts, reading the source afresh; with the delivery that it has where
    the source cannot be read. False where it is not closed."""
    return connection.execute(_REOPEN, {"id": job_id, "now": now, "fresh": fresh}).rowcount == 1


def discard(connection: Connection, job_id: JobId, now: datetime) -> bool:
    """Decides that the record is not synced. False where it is neither dead nor ready."""
    return connection.execute(_DISCARD, {"id": job_id, "now": now}).rowcount == 1


def _call_of(row: Row[Any]) -> JobCall:
    return JobCall(JobId(row.id), row.flow, f"{row.source} {row.number}", row.background)


def _claim_of(row: Row[Any]) -> Claim:
    return Claim(
        job_id=JobId(row.id),
        fence=row.fence,
        flow=row.flow,
        source=ConnectionName(row.source),
        target=ConnectionName(row.target),
        source_id=SourceId(row.source_id),
        number=row.number,
        attempt=row.attempts,
        revision=row.claimed_revision,
        state_inbox_id=row.state_inbox_id,
        background=row.background,
    )


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "flow": wanted.flow,
        "source": wanted.source,
        "target": wanted.target,
        "source_id": wanted.source_id,
        "number": wanted.number,
        "version": wanted.version,
        "state_inbox_id": wanted.inbox_id if wanted.carries_state else None,
        "polled": wanted.polled,
        "backfill_id": wanted.backfill_id,
    }


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "problem": storable(_sentence(problem)),
        "next_step": storable(problem.next_step),
    }


def _sentence(problem: Problem) -> str:
    return f"{problem.record}: {problem.what}" if problem.record else problem.what


def _supersede(connection: Connection, job_id: int, now: datetime) -> None:
    connection.execute(_SUPERSEDE, {"id": job_id, "now": now})


def _end_run(connection: Connection, claim: Claim, outcome: str, code: str | None, note: str, now: datetime) -> None:
    connection.execute(
        _END_RUN,
        {
            "id": claim.job_id,
            "fence": claim.fence,
            "outcome": outcome,
            "code": code,
            "note": storable(note),
            "now": now,
        },
    )


_ADVANCE = text("""
    INSERT INTO jobs AS j
        (flow, source, target, source_id, number, wanted_version, state_inbox_id, backfill_id,
        due_at, created_at, updated_at)
    VALUES (:flow, :source, :target, :source_id, :number, :version, :state_inbox_id, :backfill_id, :now, :now, :now)
    ON CONFLICT (flow, source, target, source_id) DO UPDATE SET
        number = excluded.number,
        wanted_version = excluded.wanted_version,
        wanted_revision = j.wanted_revision + 1,
        state_inbox_id = CASE WHEN excluded.wanted_version > j.wanted_version THEN excluded.state_inbox_id END,
        backfill_id = CASE WHEN j.state NOT IN ('ready', 'running') OR j.background THEN excluded.backfill_id END,
        state = CASE WHEN j.state = 'running' THEN 'running' ELSE 'ready' END,
        attempts = CASE WHEN j.state = 'running' THEN j.attempts ELSE 0 END,
        due_at = CASE WHEN j.state = 'running' THEN j.due_at ELSE GREATEST(j.due_at, excluded.due_at) END,
        woken_at = NULL, problem_code = NULL, problem = NULL, next_step = NULL, updated_at = excluded.updated_at
    WHERE excluded.wanted_version >= j.wanted_version AND j.state <> 'discarded' AND (
        NOT :polled OR excluded.wanted_version > j.wanted_version
        OR (j.state IN ('done', 'skipped') AND j.updated_at < j.wanted_version + interval '2 seconds')
    )
    RETURNING id, (wanted_revision = 1) AS created
""")

_ONE_INTAKE = text("SELECT pg_advisory_xact_lock(hashtext('erpsync.intake'))")

_LOCK = text("""
    SELECT j.id FROM jobs j
    JOIN unnest(CAST(:flows AS text[]), CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:source_ids AS text[]))
        AS w (flow, source, target, source_id) USING (flow, source, target, source_id)
    ORDER BY j.id FOR UPDATE OF j
""")

_ROUTE = text("SELECT flow, source, target FROM jobs WHERE id = :id")

_EXISTING = text("""
    SELECT id, state, background FROM jobs
    WHERE flow = :flow AND source = :source AND target = :target AND source_id = :source_id
""")

_PREFER = text("""
    UPDATE jobs SET backfill_id = NULL, woken_at = NULL WHERE id = :id AND state IN ('ready', 'running')
""")

_CLAIM = text(f"""
    WITH asked AS (
        SELECT j.* FROM jobs j WHERE j.id = :id AND {_WORKABLE} FOR UPDATE OF j SKIP LOCKED
    ), company AS (
        SELECT j.id FROM jobs j JOIN asked a ON j.flow = a.flow AND j.source = a.source AND j.target = a.target
        WHERE j.id <> a.id AND j.background = a.background AND NOT j.alone AND NOT a.alone AND {_DUE_AND_FREE}
        ORDER BY j.due_at, j.id LIMIT :more FOR UPDATE OF j SKIP LOCKED
    ), claimed AS (
        UPDATE jobs SET state = 'running', fence = fence + 1, attempts = attempts + 1, claimed_by = :worker,
            claimed_revision = wanted_revision, lease_until = :lease_until, updated_at = :now
        WHERE id IN (SELECT id FROM asked UNION ALL SELECT id FROM company)
        RETURNING *
    ), started AS (
        INSERT INTO runs (job_id, fence, attempt, worker, started_at)
        SELECT id, fence, attempts, claimed_by, CAST(:now AS timestamptz) FROM claimed
    )
    SELECT * FROM claimed
""")

_HELD = "id = :id AND fence = :fence AND state = 'running'"

_FINISH = text(f"""
    UPDATE jobs SET
        done_revision = claimed_revision,
        wanted_version = GREATEST(wanted_version, CAST(:version AS timestamptz)),
        state = CASE WHEN wanted_revision > claimed_revision THEN 'ready' ELSE :state END,
        due_at = CASE WHEN wanted_revision > claimed_revision THEN :now ELSE due_at END,
        attempts = 0, alone = false, woken_at = NULL, claimed_by = NULL, lease_until = NULL,
        problem_code = :code, problem = :what, next_step = NULL, updated_at = :now
    WHERE {_HELD} RETURNING state
""")

_PUT_BACK = text(f"""
    UPDATE jobs SET state = 'ready', due_at = :due_at, attempts = attempts - :give_back, alone = alone OR :alone,
        woken_at = NULL, claimed_by = NULL, lease_until = NULL,
        problem_code = :code, problem = :problem, next_step = :next_step, updated_at = :now
    WHERE {_HELD} RETURNING id
""")

_BURY = text(f"""
    UPDATE jobs SET
        state = CASE WHEN wanted_revision > claimed_revision THEN 'ready' ELSE 'dead' END,
        due_at = :due_at, woken_at = NULL, claimed_by = NULL, lease_until = NULL,
        attempts = CASE WHEN wanted_revision > claimed_revision THEN 0 ELSE attempts END,
        problem_code = :code, problem = :problem, next_step = :next_step, updated_at = :now
    WHERE {_HELD} RETURNING state
""")

_DEAD_LETTER = text("""
    WITH again AS (
        UPDATE dead_letters SET closed_at = NULL, closed_as = NULL, closed_by = NULL, attempts = :attempts
        WHERE id = (SELECT max(id) FROM dead_letters WHERE job_id = :id)
            AND closed_as = 'superseded' AND closed_at >= :again_since AND code = :code AND problem = :problem
        RETURNING id
    ), made AS (
        INSERT INTO dead_letters (job_id, subject, code, problem, next_step, attempts, created_at)
        SELECT :id, :subject, :code, :problem, :next_step, :attempts, :now WHERE NOT EXISTS (SELECT 1 FROM again)
        RETURNING id
    )
    SELECT id FROM again UNION ALL SELECT id FROM made
""")

_SUPERSEDE = text("""
    UPDATE dead_letters SET closed_at = :now, closed_as = 'superseded', closed_by = 'erpsync'
    WHERE job_id = :id AND closed_at IS NULL
""")

_ABANDONED = text("""
    SELECT * FROM jobs WHERE state = 'running' AND lease_until <= :now
    ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
""")

# What another sweep has just marked is seen by the outer conditions alone: after a wait for its lock, PostgreSQL looks at
# the row again and not at the subquery.
_DUE = text(f"""
    UPDATE jobs SET woken_at = :now WHERE id IN (
        SELECT id FROM jobs
        WHERE state = 'ready' AND (woken_at IS NULL OR woken_at < :woken_before) AND id IN (
            SELECT id FROM (
                SELECT j.id, row_number() OVER (
                    PARTITION BY j.flow, j.source, j.target, j.background ORDER BY j.due_at, j.id
                ) AS place
                FROM jobs j WHERE {_WORKABLE} AND (j.woken_at IS NULL OR j.woken_at < :woken_before)
            ) AS queued WHERE place <= :limit
        ) FOR UPDATE SKIP LOCKED
    ) RETURNING id, flow, source, number, background
""")

_NEXT_DUE = text(f"""
    SELECT j.id, j.flow, j.source, j.number, j.background FROM jobs j
    WHERE j.flow = :flow AND j.source = :source AND j.target = :target AND {_WORKABLE}
    ORDER BY j.background, j.due_at, j.id LIMIT 1
""")

_CALLS = text("UPDATE jobs SET woken_at = :now WHERE id = ANY(:ids) RETURNING id, flow, source, number, background")

_AGAIN = text("UPDATE jobs SET wanted_revision = wanted_revision + 1 WHERE id = :id AND state = 'running'")

_OF_ROUTE = text("""
    SELECT id FROM jobs WHERE flow = :flow AND source = :source AND target = :target ORDER BY id LIMIT 1
""")

_HOLD = text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE")

# Waits for nobody: a job that another transaction has in hand is looked after there, and else the two could deadlock.
_UNHEARD = text("""
    UPDATE jobs SET woken_at = NULL WHERE id IN (
        SELECT id FROM jobs WHERE id = ANY(:ids) AND state = 'ready' FOR UPDATE SKIP LOCKED
    )
""")

_REOPEN = text("""
    UPDATE jobs SET state = 'ready', attempts = 0, due_at = :now, woken_at = NULL,
        state_inbox_id = CASE WHEN :fresh THEN NULL ELSE state_inbox_id END, backfill_id = NULL,
        wanted_revision = wanted_revision + 1, problem_code = NULL, problem = NULL, next_step = NULL, updated_at = :now
    WHERE id = :id AND state IN ('dead', 'discarded', 'skipped', 'done')
""")

_DISCARD = text("""
    UPDATE jobs SET state = 'discarded', updated_at = :now WHERE id = :id AND state IN ('dead', 'ready')
""")

_END_RUN = text("""
    UPDATE runs SET ended_at = :now, outcome = :outcome, problem_code = :code, note = :note
    WHERE job_id = :id AND fence = :fence
""")
