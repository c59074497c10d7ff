"""Claim, run, record: where whatever a run raises becomes a verdict."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import Problem, Skip
from erpsync.domain.ids import JobId
from erpsync.domain.retry import Outcome, Verdict, judge
from erpsync.domain.states import JobState
from erpsync.engine import breaker
from erpsync.engine.attempt import attempt, attempt_run
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backlog, inbox, jobs, runs
from erpsync.ledger.runs import Claim
from erpsync.ports import limits
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.runtime import JobCall

log = structlog.get_logger()


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
        way = jobs.route_of(connection, job_id)
        if way is None:
            return Report(0)
        flow = attempt(lambda: runtime.flow(*way))
        batch = 1 if isinstance(flow, Exception) else flow.batch
        claims = runs.claim(
            connection, job_id, worker=runtime.worker, batch=batch, lease=runtime.lease, now=runtime.clock.now()
        )
        bodies = inbox.body_of(connection, [claim.state_inbox_id for claim in claims if claim.state_inbox_id])
    if not claims:
        return Report(0)
    items = [
        Item(claim.job_id, claim.source_id, claim.number, bodies.get(claim.state_inbox_id or 0)) for claim in claims
    ]
    settle_seconds = runtime.settle_seconds(claims[0].target)
    with limits.background() if claims[0].background else nullcontext():
        ended = flow if isinstance(flow, Exception) else attempt_run(lambda: flow(items), settle_seconds)
    results: Mapping[JobId, Ended] = (
        {claim.job_id: ended for claim in claims} if isinstance(ended, Exception) else ended
    )
    return _record(runtime, claims, results)


def _record(runtime: Runtime, claims: list[Claim], results: Mapping[JobId, Ended]) -> Report:
    verdicts: dict[JobId, Verdict] = {}
    letters: list[int] = []
    later: list[tuple[float, JobCall]] = []
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        for claim in sorted(claims, key=lambda claim: claim.job_id):
            result = results.get(claim.job_id, KeyError("the flow gave no answer for this record"))
            verdict = None if isinstance(result, Done) else judge(result, claim.attempt, runtime.jitter())
            recorded, letter = _record_one(runtime, connection, claim, result, verdict)
            letters += [letter] if letter else []
            # What another worker holds by now, or what moved on meanwhile, is not for this run to report.
            if verdict is not None and recorded:
                verdicts[claim.job_id] = verdict
            _log(claim, result, verdict, recorded=recorded)
        breaker.observe(connection, claims[0].source, claims[0].target, list(results.values()), now)
        asked = claims[0]
        following = backlog.next_due(connection, asked.flow, asked.source, asked.target, now)
        for claim in claims[1:]:
            kept = verdicts.get(claim.job_id)
            if kept is not None and kept.outcome in (Outcome.RETRY, Outcome.WAIT):
                later.append((kept.delay_seconds, JobCall(claim.job_id, claim.flow, _label(claim), claim.background)))
    for delay, call in later:
        runtime.wake.jobs([call], delay)
    if following is not None:
        runtime.wake.jobs([following])
    route(runtime, letters)
    return _report(len(claims), verdicts.get(claims[0].job_id))


def _record_one(
    runtime: Runtime, connection: Connection, claim: Claim, result: Ended, verdict: Verdict | None
) -> tuple[bool, int | None]:
    """Whether the outcome stands, and the dead letter it left."""
    now = runtime.clock.now()
    if isinstance(result, Done) or verdict is None:
        note = result.note if isinstance(result, Done) else ""
        version = result.version if isinstance(result, Done) else None
        return runs.finish(connection, claim, JobState.DONE, None, note, now, version), None
    if isinstance(result, Skip):
        return runs.finish(connection, claim, JobState.SKIPPED, result.problem, result.problem.what, now), None
    if verdict.outcome is Outcome.DEAD:
        letter = runs.bury(connection, claim, verdict.problem, now, settle_seconds=verdict.delay_seconds)
        return letter is not None, letter
    return runs.put_back(connection, claim, verdict, now), None


def _report(ran: int, verdict: Verdict | None) -> Report:
    if verdict is None or verdict.outcome is Outcome.SKIPPED:
        return Report(ran)
    if verdict.outcome is Outcome.DEAD:
        return Report(ran, dead=verdict.problem)
    return Report(ran, again_in_seconds=verdict.delay_seconds, again_code=verdict.problem.code)


def _label(claim: Claim) -> str:
    return f"{claim.source} {claim.number}"


def _log(claim: Claim, result: Ended, verdict: Verdict | None, *, recorded: bool) -> None:
    fields = {"job_id": claim.job_id, "flow": claim.flow, "connection": claim.target, "attempt": claim.attempt}
    if not recorded:
        log.warning("job.overtaken", **fields)
        return
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
