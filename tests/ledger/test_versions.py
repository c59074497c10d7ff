"""A record moves forward only, whatever order its deliveries come in, and never stays behind."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpsync.domain.ids import JobId
from erpsync.domain.states import JobState
from erpsync.ledger import jobs
from erpsync.ledger.jobs import Moved
from erpsync.testing.barrier import together
from erpsync.testing.databases import empty
from tests.ledger.desk import NOON, Desk


def test_the_first_delivery_makes_the_job(desk: Desk) -> None:
    inbox_id = desk.delivery()
    moved, job_id = desk.want("1", 5, inbox_id=inbox_id)
    row = desk.job(job_id)
    assert moved is Moved.CREATED
    assert (row["state"], row["wanted_revision"], row["state_inbox_id"], row["due_at"]) == (
        "ready",
        1,
        inbox_id,
        desk.now,
    )


def test_a_newer_version_moves_the_job_and_brings_its_state(desk: Desk) -> None:
    desk.want("1", 5, inbox_id=desk.delivery())
    newer = desk.delivery()
    moved, job_id = desk.want("1", 6, inbox_id=newer)
    row = desk.job(job_id)
    assert moved is Moved.ADVANCED
    assert (row["wanted_revision"], row["state_inbox_id"]) == (2, newer)


@pytest.mark.parametrize("state", ["ready", "running", "done", "skipped", "dead"])
def test_an_older_version_is_never_applied(desk: Desk, state: str) -> None:
    kept = desk.delivery()
    _, job_id = desk.want("1", 5, inbox_id=kept)
    _bring_to(desk, job_id, state)
    before = dict(desk.job(job_id))
    moved, same = desk.want("1", 4.999999, inbox_id=desk.delivery())
    assert (moved, same) == (Moved.STALE, job_id)
    assert dict(desk.job(job_id)) == before


def test_two_deliveries_of_one_version_have_the_state_read_from_the_source(desk: Desk) -> None:
    desk.want("1", 5, inbox_id=desk.delivery())
    moved, job_id = desk.want("1", 5, inbox_id=desk.delivery())
    row = desk.job(job_id)
    assert moved is Moved.ADVANCED
    assert (row["state_inbox_id"], row["wanted_revision"]) == (None, 2)
    newer = desk.delivery()
    desk.want("1", 6, inbox_id=newer)
    assert desk.job(job_id)["state_inbox_id"] == newer


def test_a_change_without_state_has_it_read_from_the_source(desk: Desk) -> None:
    desk.want("1", 5, inbox_id=desk.delivery())
    _, job_id = desk.want("1", 6)
    assert desk.job(job_id)["state_inbox_id"] is None


@pytest.mark.parametrize("ended", [JobState.DONE, JobState.SKIPPED])
def test_a_newer_version_during_a_run_makes_the_job_ready_again_when_it_ends(desk: Desk, ended: JobState) -> None:
    job_id = desk.ready("1", 5)
    claim = desk.claim_one(job_id)
    newer = desk.delivery()
    assert desk.want("1", 6, inbox_id=newer)[0] is Moved.ADVANCED
    assert desk.job(job_id)["state"] == "running"
    assert desk.finish(claim, ended)
    row = desk.job(job_id)
    assert (row["state"], row["state_inbox_id"], row["attempts"], row["due_at"]) == ("ready", newer, 0, desk.now)
    again = desk.claim_one(job_id)
    assert (again.revision, again.state_inbox_id) == (2, newer)
    assert desk.finish(again, ended)
    assert desk.job(job_id)["state"] == ended


def test_a_newer_version_during_a_run_that_is_rejected_is_tried_before_anybody_is_troubled(desk: Desk) -> None:
    job_id = desk.ready("1", 5)
    claim = desk.claim_one(job_id)
    desk.want("1", 6)
    assert desk.bury(claim) is None
    row = desk.job(job_id)
    assert (row["state"], row["attempts"]) == ("ready", 0)
    assert desk.rows("SELECT 1 FROM dead_letters") == []
    assert desk.bury(desk.claim_one(job_id)) is not None


def test_a_newer_version_of_a_dead_job_supersedes_its_dead_letter(desk: Desk) -> None:
    job_id, letter = desk.dead("1", 5)
    desk.advance(100)
    assert desk.want("1", 6)[0] is Moved.ADVANCED
    row = desk.job(job_id)
    assert (row["state"], row["attempts"], row["problem"]) == ("ready", 0, None)
    closed = desk.one("SELECT * FROM dead_letters WHERE id = :id", id=letter)
    assert (closed["closed_as"], closed["closed_by"], closed["closed_at"]) == ("superseded", "erpsync", desk.now)


def test_a_discarded_record_stays_discarded_whatever_comes(desk: Desk) -> None:
    job_id, _ = desk.dead("1", 5)
    with desk.database.begin() as connection:
        assert jobs.discard(connection, job_id, desk.now)
    before = dict(desk.job(job_id))
    for version in (4, 5, 6):
        assert desk.want("1", version) == (Moved.DISCARDED, job_id)
    assert dict(desk.job(job_id)) == before


def test_a_replayed_job_reads_its_source_with_all_attempts_before_it(desk: Desk) -> None:
    _, job_id = desk.want("1", 5, inbox_id=desk.delivery())
    desk.bury(desk.claim_one(job_id))
    desk.advance(50)
    with desk.database.begin() as connection:
        assert jobs.reopen(connection, job_id, desk.now)
    row = desk.job(job_id)
    assert (row["state"], row["attempts"], row["state_inbox_id"], row["due_at"]) == ("ready", 0, None, desk.now)


@pytest.mark.parametrize("state", ["ready", "running"])
def test_a_job_that_is_not_closed_is_not_reopened(desk: Desk, state: str) -> None:
    job_id = desk.ready("1")
    _bring_to(desk, job_id, state)
    with desk.database.begin() as connection:
        assert not jobs.reopen(connection, job_id, desk.now)


@pytest.mark.parametrize("state", ["running", "done", "skipped"])
def test_what_is_neither_dead_nor_waiting_is_not_discarded(desk: Desk, state: str) -> None:
    job_id = desk.ready("1")
    _bring_to(desk, job_id, state)
    with desk.database.begin() as connection:
        assert not jobs.discard(connection, job_id, desk.now)
    assert desk.job(job_id)["state"] == state


def test_a_newer_version_does_not_cut_short_the_wait_that_an_unknown_outcome_needs(desk: Desk) -> None:
    """The write may still be under way at the remote: looking before it has settled is how a second order is made."""
    job_id = desk.ready("1", 5)
    desk.put_back(desk.claim_one(job_id), delay=120)
    settled_at = desk.job(job_id)["due_at"]
    desk.advance(1)
    desk.want("1", 6)
    assert desk.job(job_id)["due_at"] >= settled_at
    assert desk.claim(job_id) == []


def test_many_versions_at_once_leave_one_job_at_the_latest(desk: Desk) -> None:
    versions = [3, 1, 7, 7, 2, 6, 5, 4]
    moves = together(*[lambda v=v: desk.want("1", v) for v in versions])
    assert sum(future.result()[0] is Moved.CREATED for future in moves) == 1
    row = desk.one("SELECT * FROM jobs")
    assert row["wanted_version"].timestamp() == NOON.timestamp() + 7


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["deliver", "claim", "finish", "fail", "die"])), max_size=25)
)
def test_however_deliveries_and_runs_mix_the_job_follows_its_latest_version(
    desk: Desk, steps: list[tuple[int, str]]
) -> None:
    empty(desk.database)
    _, job_id = desk.want("1", 0)
    latest, claims = 0, []
    for version, action in steps:
        if action == "deliver":
            desk.want("1", version, inbox_id=desk.delivery())
            latest = max(latest, version)
        elif action == "claim":
            claims += desk.claim(job_id)
        elif claims and action == "finish":
            desk.finish(claims.pop())
        elif claims and action == "fail":
            desk.put_back(claims.pop())
        elif claims and action == "die":
            desk.bury(claims.pop())
    row = desk.job(job_id)
    assert row["wanted_version"].timestamp() == NOON.timestamp() + latest
    # Closed well means: a run that began after the last delivery has ended.
    if row["state"] == "done":
        assert row["done_revision"] == row["wanted_revision"] == row["claimed_revision"]
    open_letters = desk.rows("SELECT 1 FROM dead_letters WHERE closed_at IS NULL")
    assert len(open_letters) == (1 if row["state"] == "dead" else 0)


def _bring_to(desk: Desk, job_id: JobId, state: str) -> None:
    if state == "ready":
        return
    claim = desk.claim_one(job_id)
    if state in ("done", "skipped"):
        desk.finish(claim, JobState(state))
    elif state == "dead":
        desk.bury(claim)
    assert desk.job(job_id)["state"] == state
