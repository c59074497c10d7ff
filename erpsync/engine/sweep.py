"""Finds what messages lost: new deliveries nobody took in, due jobs nobody woke, claims whose worker is gone, backfills
that nobody reads on, dead letters nobody announced. Safe to run anywhere, any number of times at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from erpsync.domain.retry import Outcome, worker_died
from erpsync.engine import backfill, breaker, intake
from erpsync.engine.attempt import attempt
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backlog, dead_letters, runs
from erpsync.ledger.session import is_unreachable
from erpsync.ports.runtime import JobCall

log = structlog.get_logger()

# A message that was not answered by a claim for this long is taken for lost.
WOKEN_SECONDS = 30.0
ROUTED_SECONDS = 60.0
# Enough to keep every worker busy until the next sweep: each run takes a whole batch and wakes the next.
CALLS = 100
ABANDONED = 500


@dataclass(frozen=True)
class Swept:
    """What a sweep found. `unheard` are due jobs that the broker did not take: the caller may run them itself."""

    deliveries: int
    abandoned: int
    woken: int
    resumed: int
    unheard: tuple[JobCall, ...]


def sweep(runtime: Runtime) -> Swept:
    """Does all parts, whatever becomes of each. Raises only what the ledger raises, and at once where it is away."""
    abandoned = _part("abandoned", 0, lambda: _release_abandoned(runtime))
    deliveries = _part("intake", 0, lambda: intake.take_in(runtime))
    _part("backfills", 0, lambda: backfill.look_after(runtime))
    resumed = _part("probe", 0, lambda: len(breaker.probe(runtime)))
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        calls = backlog.due(connection, CALLS, now - timedelta(seconds=WOKEN_SECONDS), now)
        letters = dead_letters.unrouted(connection, CALLS, now - timedelta(seconds=ROUTED_SECONDS), now)
    heard = runtime.wake.jobs(calls) if calls else True
    if letters:
        runtime.wake.dead_letters(letters)
    return Swept(deliveries, abandoned, len(calls), resumed, () if heard else tuple(calls))


def _part(name: str, nothing: int, work: Callable[[], int]) -> int:
    """One part of a sweep; its trouble is logged and keeps none of the others from their work. Without the ledger there is
    none to be done."""
    result = attempt(work)
    if isinstance(result, Exception) and is_unreachable(result):
        raise result
    if isinstance(result, Exception):
        log.error("sweep.part_failed", part=name, exc_info=result)
        return nothing
    return result


def _release_abandoned(runtime: Runtime) -> int:
    now = runtime.clock.now()
    letters = []
    with runtime.database.begin() as connection:
        claims = runs.abandoned(connection, ABANDONED, now)
        for claim in sorted(claims, key=lambda claim: claim.job_id):
            verdict = worker_died(claim.attempt, runtime.jitter(), runtime.settle_seconds(claim.target))
            if verdict.outcome is Outcome.DEAD:
                letters.append(runs.bury(connection, claim, verdict.problem, now, settle_seconds=verdict.delay_seconds))
            else:
                runs.put_back(connection, claim, verdict, now)
            log.warning("job.abandoned", job_id=claim.job_id, flow=claim.flow, attempt=claim.attempt)
    route(runtime, [letter for letter in letters if letter is not None])
    return len(claims)
