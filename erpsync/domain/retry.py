"""When a failed run is tried again: the one function that says so, for the ledger and for Celery alike."""

from dataclasses import dataclass, replace
from enum import StrEnum

from erpsync.domain.errors import OutcomeUnknown, Problem, Rejected, Skip, SyncError, TookTooLong, Transient

MAX_ATTEMPTS = 5
FIRST_DELAY_SECONDS = 5.0
MAX_DELAY_SECONDS = 80.0
# A wait that is not the record's fault: long enough not to hammer, short enough to notice the recovery soon.
WAIT_SECONDS = 5.0
# Longer waits stay in the ledger's due_at; Celery countdowns must remain far below the visibility timeout.
MAX_COUNTDOWN_SECONDS = 120.0
# No remote may park a record for longer than this with one Retry-After.
MAX_RETRY_AFTER_SECONDS = 3600.0


class Outcome(StrEnum):
    RETRY = "retry"
    WAIT = "wait"
    SKIPPED = "skipped"
    DEAD = "dead"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a job whose run raised. `spends_attempt` is False where the record is not to blame."""

    outcome: Outcome
    problem: Problem
    delay_seconds: float = 0.0
    spends_attempt: bool = True
    alone: bool = False
    """Run without company next time: this run failed in a way that could be any record of its batch."""


def backoff_seconds(attempt: int, jitter: float) -> float:
    """The delay after the failed `attempt` (from 1): 5, 10, 20, 40, 80 s, less up to a quarter by `jitter` in [0, 1)."""
    full: float = min(FIRST_DELAY_SECONDS * 2.0 ** (max(attempt, 1) - 1), MAX_DELAY_SECONDS)
    return full * (1 - 0.25 * jitter)


def judge(error: Exception, attempt: int, jitter: float) -> Verdict:
    """The verdict on `error`, raised by the run that was the record's `attempt`-th (from 1)."""
    if isinstance(error, Skip):
        return Verdict(Outcome.SKIPPED, error.problem)
    if isinstance(error, Transient):
        return _judge_transient(error, attempt, jitter)
    if isinstance(error, Rejected):
        return Verdict(Outcome.DEAD, error.problem)
    problem = error.problem if isinstance(error, SyncError) else _unexpected(error)
    return _again_or_dead(problem, attempt, backoff_seconds(attempt, jitter), alone=True)


def worker_died(attempt: int, jitter: float, settle_seconds: float = 0.0) -> Verdict:
    """The verdict on a run whose worker vanished: the record may be what killed it, so it runs alone from now on, and not
    before the remote has settled what the worker may have sent."""
    problem = Problem(
        code="worker-died",
        system="erpsync",
        what=f"The worker ended before the run was recorded (attempt {attempt}).",
        next_step="Look in the worker's log at that time for memory or time limits, then replay.",
    )
    delay = max(settle_seconds, backoff_seconds(attempt, jitter))
    return _again_or_dead(problem, attempt, delay, alone=True, settle_seconds=settle_seconds)


def _judge_transient(error: Transient, attempt: int, jitter: float) -> Verdict:
    asked = min(error.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS)
    if not error.counts_as_attempt:
        return Verdict(
            Outcome.WAIT, error.problem, max(asked, WAIT_SECONDS * (1 - 0.25 * jitter)), spends_attempt=False
        )
    delay = max(asked, backoff_seconds(attempt, jitter))
    if isinstance(error, TookTooLong):
        return _again_or_dead(error.problem, attempt, delay, alone=True, settle_seconds=error.settle_seconds)
    if isinstance(error, OutcomeUnknown):
        return _again_or_dead(error.problem, attempt, delay, alone=attempt > 1, settle_seconds=error.settle_seconds)
    return _again_or_dead(error.problem, attempt, delay, alone=False)


def _again_or_dead(
    problem: Problem, attempt: int, delay: float, *, alone: bool, settle_seconds: float = 0.0
) -> Verdict:
    """Even a dead one keeps the remote's time to settle, lest a new version of the record runs into it."""
    if attempt >= MAX_ATTEMPTS:
        return Verdict(Outcome.DEAD, _exhausted(problem, attempt), settle_seconds)
    return Verdict(Outcome.RETRY, problem, delay, alone=alone)


def _exhausted(problem: Problem, attempt: int) -> Problem:
    """While it is tried again nobody need do anything; once it is not, somebody must."""
    if not problem.next_step.startswith("Nothing"):
        return problem
    return replace(
        problem,
        next_step=f"It failed {attempt} times. Look in the system itself and with `erpsync doctor` for the cause,"
        " mend it, then replay.",
    )


def _unexpected(error: Exception) -> Problem:
    return Problem(
        code="unexpected-error",
        system="erpsync",
        what=f"The run failed in a way erpsync does not know ({type(error).__name__}).",
        next_step="Find the trace in the worker's log by the job's number; report it, then replay.",
    )
