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
