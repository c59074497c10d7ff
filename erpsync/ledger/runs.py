"""Runs: a due job is claimed by one worker at a time, and its outcome recorded only by the worker that holds it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.ledger.backlog import DUE_AND_FREE, WORKABLE
from erpsync.ledger.texts import storable

# A record that moves on and fails as before needs no second word to people within this time.
_SAME_LETTER = timedelta(days=1)


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


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "problem": storable(_sentence(problem)),
        "next_step": storable(problem.next_step),
    }


def _sentence(problem: Problem) -> str:
    return f"{problem.record}: {problem.what}" if problem.record else problem.what


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


_CLAIM = text(f"""
    WITH asked AS (
        SELECT j.* FROM jobs j WHERE j.id = :id AND {WORKABLE} FOR UPDATE OF j SKIP LOCKED
    ), company AS (
        SELECT j.id FROM jobs j JOIN asked a ON j.flow = a.flow AND j.source = a.source AND j.target = a.target
        WHERE j.id <> a.id AND j.background = a.background AND NOT j.alone AND NOT a.alone AND {DUE_AND_FREE}
        ORDER BY j.due_at, j.id LIMIT :more FOR UPDATE OF j SKIP LOCKED
    ), claimed AS (
        UPDATE jobs SET state = 'running', fence = fence + 1, attempts = attempts + 1, claimed_by = :worker,
            claimed_revision = wanted_revision, lease_until = :lease_until, updated_at = :now
        WHERE id = ANY (ARRAY(SELECT id FROM asked UNION ALL SELECT id FROM company))
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

_ABANDONED = text("""
    SELECT * FROM jobs WHERE state = 'running' AND lease_until <= :now
    ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_END_RUN = text("""
    UPDATE runs SET ended_at = :now, outcome = :outcome, problem_code = :code, note = :note
    WHERE job_id = :id AND fence = :fence
""")
