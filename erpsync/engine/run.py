"""Claim, run, record: the one place where whatever a run raises becomes a verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import Problem, Skip
from erpsync.domain.ids import JobId
from erpsync.domain.retry import Outcome, Verdict, judge
from erpsync.domain.states import JobState
from erpsync.engine import breaker
from erpsync.engine.runtime import Runtime
from erpsync.ledger import inbox, jobs
from erpsync.ledger.jobs import Claim
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.runtime import JobCall

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """What became of the job that was asked for: `ran` how many jobs the run took; `again_in_seconds` when it shall be
    tried again, `dead` why never."""

    ran: int
    again_in_seconds: float | None = None
    again_code: str = ""
    dead: Problem | None = None


def run(runtime: Runtime, job_id: JobId) -> Report:
    """Runs the job, and with it other due jobs of its kind up to the remote's bulk size. Nothing to do is a Report of 0.

    Raises only what the ledger raises: then nothing is recorded, and the lease brings the jobs back.
    """
    with runtime.database.begin() as connection:
        route = jobs.route_of(connection, job_id)
        if route is None:
            return Report(0)
        flow = attempt(lambda: runtime.flow(*route))
        batch = 1 if isinstance(flow, Exception) else flow.batch
        claims = jobs.claim(
            connection, job_id, worker=runtime.worker, batch=batch, lease=runtime.lease, now=runtime.clock.now()
        )
        bodies = inbox.body_of(connection, [claim.state_inbox_id for claim in claims if claim.state_inbox_id])
    if not claims:
        return Report(0)
    items = [
        Item(claim.job_id, claim.source_id, claim.number, bodies.get(claim.state_inbox_id or 0)) for claim in claims
    ]
    ended = flow if isinstance(flow, Exception) else attempt(lambda: flow(items))
    results: Mapping[JobId, Ended] = (
        {claim.job_id: ended for claim in claims} if isinstance(ended, Exception) else ended
    )
    return _record(runtime, claims, results)


def attempt(work: Callable[[], T]) -> T | Exception:
    """What `work` returns, or what it raised, with its trace in the log where it is none of ours."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the one place: every error becomes a verdict, none is silent
        return error


def _record(runtime: Runtime, claims: list[Claim], results: Mapping[JobId, Ended]) -> Report:
    verdicts: dict[JobId, Verdict] = {}
    letters: list[int] = []
    later: list[tuple[float, JobCall]] = []
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        for claim in sorted(claims, key=lambda claim: claim.job_id):
            result = results.get(claim.job_id, KeyError("the flow gave no answer for this record"))
            verdict = None if isinstance(result, Done) else judge(result, claim.attempt, runtime.jitter())
            if verdict is not None:
                verdicts[claim.job_id] = verdict
            letter = _record_one(runtime, connection, claim, result, verdict)
            letters += [letter] if letter else []
            _log(claim, result, verdict)
        breaker.observe(connection, claims[0].source, claims[0].target, list(results.values()), now)
        following = jobs.next_due(connection, claims[0], now)
        for claim in claims[1:]:
            verdict = verdicts.get(claim.job_id)
            if verdict is not None and verdict.outcome in (Outcome.RETRY, Outcome.WAIT):
                later.append((verdict.delay_seconds, JobCall(claim.job_id, claim.flow, _label(claim))))
    for delay, call in later:
        runtime.wake.jobs([call], delay)
    if following is not None:
        runtime.wake.jobs([following])
    if letters:
        runtime.wake.dead_letters(letters)
    return _report(len(claims), verdicts.get(claims[0].job_id))


def _record_one(
    runtime: Runtime, connection: Connection, claim: Claim, result: Ended, verdict: Verdict | None
) -> int | None:
    now = runtime.clock.now()
    if isinstance(result, Done):
        jobs.finish(connection, claim, JobState.DONE, None, result.note, now)
    elif isinstance(result, Skip):
        jobs.finish(connection, claim, JobState.SKIPPED, result.problem, result.problem.what, now)
    elif verdict is not None and verdict.outcome is Outcome.DEAD:
        return jobs.bury(connection, claim, verdict.problem, now)
    elif verdict is not None:
        jobs.put_back(connection, claim, verdict, now)
    return None


def _report(ran: int, verdict: Verdict | None) -> Report:
    if verdict is None or verdict.outcome is Outcome.SKIPPED:
        return Report(ran)
    if verdict.outcome is Outcome.DEAD:
        return Report(ran, dead=verdict.problem)
    return Report(ran, again_in_seconds=verdict.delay_seconds, again_code=verdict.problem.code)


def _label(claim: Claim) -> str:
    return f"{claim.source} {claim.number}"


def _log(claim: Claim, result: Ended, verdict: Verdict | None) -> None:
    fields = {"job_id": claim.job_id, "flow": claim.flow, "connection": claim.target, "attempt": claim.attempt}
    if verdict is None:
        log.info("job.done", **fields)
        return
    unexpected = isinstance(result, Exception) and verdict.problem.code == "unexpected-error"
    log.warning(
        f"job.{verdict.outcome}",
        **fields,
        code=verdict.problem.code,
        delay_seconds=round(verdict.delay_seconds, 1),
        exc_info=result if unexpected else None,
    )
