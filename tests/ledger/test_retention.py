"""Old deliveries go, but none that a job or an open dead letter still needs."""

from datetime import timedelta

import pytest

from erpsync.domain.errors import Problem
from erpsync.domain.states import JobState
from erpsync.ledger import dead_letters, inbox, retention
from erpsync.ledger.inbox import InboxState, Settled
from tests.ledger.desk import Desk


def purge(desk: Desk) -> dict[str, int]:
    with desk.database.begin() as connection:
        return retention.purge(connection, desk.now - timedelta(days=30))


def settle(desk: Desk, inbox_id: int, state: InboxState) -> None:
    with desk.database.begin() as connection:
        inbox.settle(connection, [Settled(inbox_id, state)], desk.now)


def test_settled_deliveries_go_when_they_are_old(desk: Desk) -> None:
    for state in (InboxState.APPLIED, InboxState.STALE, InboxState.IGNORED):
        settle(desk, desk.delivery(), state)
    desk.advance(30 * 86_400)
    assert purge(desk)["deliveries"] == 0
    desk.advance(1)
    assert purge(desk)["deliveries"] == 3


def test_no_more_than_a_batch_goes_at_once_and_the_oldest_goes_first(desk: Desk) -> None:
    """A month after a catalogue was loaded, one statement over all of it would take longer than a statement may."""
    kept = [desk.delivery() for _ in range(5)]
    for inbox_id in kept:
        settle(desk, inbox_id, InboxState.APPLIED)
    for number in range(5):
        desk.finish(desk.claim_one(desk.ready(str(number))))
    desk.advance(31 * 86_400)
    before = desk.now - timedelta(days=30)
    left = []
    for _ in range(3):
        with desk.database.begin() as connection:
            purged = retention.purge(connection, before, limit=2)
        left.append((purged["deliveries"], purged["runs"]))
        rows = [row["id"] for row in desk.rows("SELECT id FROM inbox ORDER BY id")]
        assert rows == kept[-len(rows) :] or rows == []
    assert left == [(2, 2), (2, 2), (1, 1)]


def test_what_was_not_read_is_kept_however_old(desk: Desk) -> None:
    desk.delivery()
    settle(desk, desk.delivery(), InboxState.UNREADABLE)
    desk.advance(400 * 86_400)
    assert purge(desk)["deliveries"] == 0


@pytest.mark.parametrize("state", ["ready", "running", "dead", "done", "skipped"])
def test_the_delivery_that_carries_a_jobs_state_is_kept_while_the_job_is_open(desk: Desk, state: str) -> None:
    inbox_id = desk.delivery()
    settle(desk, inbox_id, InboxState.APPLIED)
    _, job_id = desk.want("1", inbox_id=inbox_id)
    if state != "ready":
        claim = desk.claim_one(job_id)
        if state == "dead":
            desk.bury(claim)
        elif state != "running":
            desk.finish(claim, JobState(state))
    desk.advance(31 * 86_400)
    closed = state in ("done", "skipped")
    assert purge(desk)["deliveries"] == (1 if closed else 0)
    assert desk.job(job_id)["state_inbox_id"] == (None if closed else inbox_id)
    assert desk.job(job_id)["state"] == state


def test_the_delivery_of_an_open_dead_letter_is_kept(desk: Desk) -> None:
    inbox_id = desk.delivery()
    settle(desk, inbox_id, InboxState.IGNORED)
    with desk.database.begin() as connection:
        letter = dead_letters.add(
            connection, Problem("odd", "erp", "It is odd.", "Look."), subject="x", now=desk.now, inbox_id=inbox_id
        )
    desk.advance(31 * 86_400)
    assert purge(desk)["deliveries"] == 0
    with desk.database.begin() as connection:
        dead_letters.close(connection, letter, "discarded", "ada", desk.now)
    assert purge(desk)["deliveries"] == 1


def test_ended_runs_go_and_jobs_links_and_letters_stay(desk: Desk) -> None:
    job_id, _ = desk.dead("1")
    running = desk.claim_one(desk.ready("2"))
    desk.advance(31 * 86_400)
    assert purge(desk)["runs"] == 1
    assert [row["job_id"] for row in desk.rows("SELECT job_id FROM runs")] == [running.job_id]
    assert desk.job(job_id)["state"] == "dead"
    assert len(desk.rows("SELECT 1 FROM dead_letters")) == 1
