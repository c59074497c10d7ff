"""What becomes of a failed run, as a table and as laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erpsync.domain.errors import (
    OutcomeUnknown,
    Rejected,
    Skip,
    SyncError,
    Throttled,
    TookTooLong,
    Transient,
    Unavailable,
)
from erpsync.domain.retry import (
    MAX_ATTEMPTS,
    MAX_RETRY_AFTER_SECONDS,
    Outcome,
    backoff_seconds,
    judge,
    worker_died,
)

JITTERS = st.floats(min_value=0, max_value=1, exclude_max=True)
ATTEMPTS = st.integers(min_value=1, max_value=20)


def transient(retry_after_seconds: float | None = None) -> Transient:
    return Transient("hiccup", system="erp", what="It hiccuped.", retry_after_seconds=retry_after_seconds)


def throttled(retry_after_seconds: float | None = None) -> Throttled:
    return Throttled("throttled", system="erp", what="Too fast.", retry_after_seconds=retry_after_seconds)


def unavailable() -> Unavailable:
    return Unavailable("down", system="erp", what="It does not answer.")


def unknown(settle_seconds: float = 0.0) -> OutcomeUnknown:
    return OutcomeUnknown("no-reply", system="erp", what="The reply was lost.", settle_seconds=settle_seconds)


def rejected() -> Rejected:
    return Rejected("refused", system="erp", what="It refuses.", next_step="Correct it.")


EVERY_ERROR = [
    transient(),
    throttled(60),
    unavailable(),
    unknown(30),
    rejected(),
    TookTooLong(30),
    Skip("no", what="No."),
    ValueError(),
]

# error, attempt -> outcome, delay without jitter, spends an attempt, alone
TABLE = [
    (transient(), 1, Outcome.RETRY, 5.0, True, False),
    (transient(), 2, Outcome.RETRY, 10.0, True, False),
    (transient(), 3, Outcome.RETRY, 20.0, True, False),
    (transient(), 4, Outcome.RETRY, 40.0, True, False),
    (transient(), 5, Outcome.DEAD, 0.0, True, False),
    (transient(30), 1, Outcome.RETRY, 30.0, True, False),
    (transient(7), 3, Outcome.RETRY, 20.0, True, False),
    (throttled(), 1, Outcome.WAIT, 5.0, False, False),
    (throttled(90), 4, Outcome.WAIT, 90.0, False, False),
    (throttled(90), 5, Outcome.WAIT, 90.0, False, False),
    (throttled(10**9), 1, Outcome.WAIT, MAX_RETRY_AFTER_SECONDS, False, False),
    (unavailable(), 1, Outcome.WAIT, 5.0, False, False),
    (unavailable(), 99, Outcome.WAIT, 5.0, False, False),
    (unknown(), 1, Outcome.RETRY, 5.0, True, False),
    (unknown(120), 1, Outcome.RETRY, 120.0, True, False),
    (unknown(120), 2, Outcome.RETRY, 120.0, True, True),
    (unknown(), 5, Outcome.DEAD, 0.0, True, False),
    (TookTooLong(), 1, Outcome.RETRY, 5.0, True, True),
    (TookTooLong(120), 1, Outcome.RETRY, 120.0, True, True),
    (TookTooLong(120), 5, Outcome.DEAD, 120.0, True, False),
    (rejected(), 1, Outcome.DEAD, 0.0, True, False),
    (Skip("nothing", what="Nothing to do."), 1, Outcome.SKIPPED, 0.0, True, False),
    (ZeroDivisionError("oops"), 1, Outcome.RETRY, 5.0, True, True),
    (ZeroDivisionError("oops"), 4, Outcome.RETRY, 40.0, True, True),
    (ZeroDivisionError("oops"), 5, Outcome.DEAD, 0.0, True, False),
]


@pytest.mark.parametrize(("error", "attempt", "outcome", "delay", "spends", "alone"), TABLE)
def test_the_verdict_on_an_error(
    error: Exception, attempt: int, outcome: Outcome, delay: float, spends: bool, alone: bool
) -> None:
    verdict = judge(error, attempt, jitter=0.0)
    assert (verdict.outcome, verdict.delay_seconds) == (outcome, delay)
    assert (verdict.spends_attempt, verdict.alone) == (spends, alone)


@given(ATTEMPTS, JITTERS)
def test_the_backoff_is_never_more_than_its_step_nor_less_than_three_quarters(attempt: int, jitter: float) -> None:
    step = min(5.0 * 2 ** (attempt - 1), 80.0)
    assert 0.75 * step <= backoff_seconds(attempt, jitter) <= step


def test_the_five_steps_of_the_backoff() -> None:
    assert [backoff_seconds(attempt, 0.0) for attempt in range(1, 7)] == [5, 10, 20, 40, 80, 80]


@given(st.sampled_from(EVERY_ERROR), ATTEMPTS, JITTERS)
def test_no_record_is_tried_for_ever_on_its_own_account(error: Exception, attempt: int, jitter: float) -> None:
    verdict = judge(error, attempt, jitter)
    if verdict.outcome is Outcome.RETRY:
        assert attempt < MAX_ATTEMPTS
        assert verdict.spends_attempt
    if verdict.outcome is Outcome.WAIT:
        assert not verdict.spends_attempt


@given(st.floats(min_value=0, max_value=10_000), st.integers(1, 4), JITTERS)
def test_a_write_of_unknown_outcome_is_never_looked_up_before_it_has_settled(
    settle: float, attempt: int, jitter: float
) -> None:
    verdict = judge(unknown(settle), attempt, jitter)
    assert verdict.delay_seconds >= min(settle, MAX_RETRY_AFTER_SECONDS)


@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
def test_a_record_whose_worker_died_runs_alone_from_then_on(attempt: int) -> None:
    verdict = worker_died(attempt, 0.0)
    assert (verdict.outcome, verdict.alone) == (Outcome.RETRY, True)
    assert verdict.delay_seconds == backoff_seconds(attempt, 0.0)


def test_a_record_that_killed_five_workers_is_dead() -> None:
    verdict = worker_died(5, 0.0)
    assert (verdict.outcome, verdict.problem.code) == (Outcome.DEAD, "worker-died")


@pytest.mark.parametrize(
    "error", [transient(), unknown(), TookTooLong(), ValueError("x"), rejected()], ids=lambda one: type(one).__name__
)
def test_what_is_dead_never_tells_a_person_that_nothing_is_to_be_done(error: Exception) -> None:
    verdict = judge(error, MAX_ATTEMPTS, 0.0)
    assert verdict.outcome is Outcome.DEAD
    assert "Nothing" not in verdict.problem.next_step
    assert "again by itself" not in verdict.problem.next_step


def test_the_text_of_an_unexpected_error_is_not_shown_since_it_may_hold_anything() -> None:
    problem = judge(ValueError("ada@example.com has the password 1234"), 1, 0.0).problem
    assert "ada" not in str(problem)
    assert "ValueError" in problem.what


def test_an_error_of_ours_in_no_family_is_treated_as_a_bug() -> None:
    verdict = judge(SyncError("odd", system="erp", what="Odd.", next_step="Look."), 1, 0.0)
    assert (verdict.outcome, verdict.alone, verdict.problem.code) == (Outcome.RETRY, True, "odd")
