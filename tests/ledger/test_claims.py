"""One worker at a time, as much as it can carry, and nothing recorded by one that lost its claim."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.ledger import backlog, connections, jobs, runs
from erpsync.ledger.runs import Claim
from erpsync.testing.barrier import Meeting, together
from tests.ledger.desk import ERP, LEASE, PROBLEM, SHOP, Desk


@contextmanager
def locked(desk: Desk, job_id: JobId) -> Iterator[None]:
    """Another transaction has the job's row in hand."""
    with desk.database.connect() as connection:
        connection.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": job_id})
        yield
        connection.rollback()


def pause(desk: Desk, name: ConnectionName) -> None:
    with desk.database.begin() as connection:
        connections.failed(connection, name, PROBLEM, threshold=1, probe_in=LEASE, now=desk.now)


def test_a_due_job_is_claimed_with_an_attempt_a_fence_and_a_lease(desk: Desk) -> None:
    job_id = desk.ready("1")
    claim = desk.claim_one(job_id, worker="worker-7")
    assert (claim.attempt, claim.fence, claim.revision, claim.source_id) == (1, 1, 1, "1")
    row = desk.job(job_id)
    assert (row["state"], row["claimed_by"], row["lease_until"]) == ("running", "worker-7", desk.now + LEASE)
    started = desk.one("SELECT * FROM runs")
    assert (started["job_id"], started["fence"], started["attempt"], started["worker"]) == (job_id, 1, 1, "worker-7")
    assert started["ended_at"] is None


@pytest.mark.parametrize("state", ["running", "done", "skipped", "dead", "discarded"])
def test_only_a_ready_job_is_claimed(desk: Desk, state: str) -> None:
    job_id = desk.ready("1")
    claim = desk.claim_one(job_id)
    if state in ("done", "skipped"):
        assert desk.finish(claim, JobState(state))
    elif state in ("dead", "discarded"):
        desk.bury(claim)
    if state == "discarded":
        with desk.database.begin() as connection:
            assert jobs.discard(connection, job_id, desk.now)
    assert desk.job(job_id)["state"] == state
    assert desk.claim(job_id) == []


def test_a_job_is_not_claimed_before_it_is_due(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id), delay=5)
    desk.advance(4.9)
    assert desk.claim(job_id) == []
    desk.advance(0.1)
    assert desk.claim_one(job_id).attempt == 2


def test_no_job_no_claim(desk: Desk) -> None:
    assert desk.claim(JobId(12345)) == []


def test_of_many_workers_at_once_one_gets_the_job(desk: Desk) -> None:
    job_id = desk.ready("1")
    meeting = Meeting(8)

    def claim(worker: str) -> list[Claim]:
        with desk.database.begin() as connection:
            meeting.arrive()
            return runs.claim(connection, job_id, worker=worker, batch=1, lease=LEASE, now=desk.now)

    answers = [future.result() for future in together(*[lambda n=n: claim(f"w{n}") for n in range(8)])]
    assert sorted(map(len, answers)) == [0] * 7 + [1]
    assert desk.job(job_id)["attempts"] == 1
    assert len(desk.rows("SELECT 1 FROM runs")) == 1


def test_a_worker_does_not_wait_for_a_job_that_another_is_claiming(desk: Desk) -> None:
    job_id = desk.ready("1")
    with locked(desk, job_id):
        assert desk.claim(job_id) == []
    assert len(desk.claim(job_id)) == 1


def test_company_that_another_worker_has_in_hand_is_left_to_it(desk: Desk) -> None:
    ids = [desk.ready(str(n)) for n in range(4)]
    with locked(desk, ids[2]):
        assert [claim.job_id for claim in desk.claim(ids[0], batch=10)] == [ids[0], ids[1], ids[3]]


def test_a_job_takes_along_the_oldest_due_ones_up_to_the_batch(desk: Desk) -> None:
    ids = []
    for n in range(5):
        ids.append(desk.ready(str(n)))
        desk.advance(1)
    assert [claim.job_id for claim in desk.claim(ids[3], batch=3)] == [ids[3], ids[0], ids[1]]
    assert [claim.job_id for claim in desk.claim(ids[4], batch=3)] == [ids[4], ids[2]]
    assert desk.claim(ids[2], batch=3) == []


def test_two_workers_share_a_backlog_without_a_job_in_common(desk: Desk) -> None:
    ids = [desk.ready(str(n)) for n in range(40)]
    taken = together(*[lambda n=n: desk.claim(ids[n], batch=10) for n in range(4)])
    claimed = [claim.job_id for future in taken for claim in future.result()]
    assert len(claimed) == len(set(claimed))
    assert set(ids[:4]) <= set(claimed)


def test_company_is_of_the_same_route_and_flow_and_due(desk: Desk) -> None:
    asked = desk.ready("1")
    elsewhere = desk.want("1", source="shop2")[1]
    later = desk.ready("2")
    desk.put_back(desk.claim_one(later), delay=60)
    with desk.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO jobs (flow, source, target, source_id, number, wanted_version, due_at)"
                " VALUES ('stock', 'shop', 'erp', '1', '#1', :now, :now), ('orders', 'shop', 'erp2', '1', '#1', :now, :now)"
            ),
            {"now": desk.now},
        )
    assert [claim.job_id for claim in desk.claim(asked, batch=10)] == [asked]
    assert desk.job(elsewhere)["state"] == "ready"


def test_a_job_that_must_run_alone_takes_none_along_and_is_taken_along_by_none(desk: Desk) -> None:
    alone, other, third = (desk.ready(str(n)) for n in range(3))
    desk.put_back(desk.claim_one(alone), alone=True)
    assert [claim.job_id for claim in desk.claim(other, batch=10)] == [other, third]
    fourth = desk.ready("4")
    assert [claim.job_id for claim in desk.claim(alone, batch=10)] == [alone]
    assert desk.job(fourth)["state"] == "ready"


def test_a_job_that_ended_well_alone_has_company_again(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id), alone=True)
    desk.finish(desk.claim_one(job_id))
    other = desk.ready("2")
    desk.want("1", 1)
    assert {claim.job_id for claim in desk.claim(other, batch=2)} == {job_id, other}


@pytest.mark.parametrize("paused", [SHOP, ERP])
def test_a_pause_at_either_end_holds_the_job(desk: Desk, paused: ConnectionName) -> None:
    desk.see(SHOP, "store")
    desk.see(ERP, "erp")
    job_id, other = desk.ready("1"), desk.ready("2")
    pause(desk, paused)
    assert desk.claim(job_id) == []
    with desk.database.begin() as connection:
        assert backlog.due(connection, 10, desk.now, desk.now) == []
        assert connections.succeeded(connection, paused)
    assert {claim.job_id for claim in desk.claim(job_id, batch=2)} == {job_id, other}


def test_a_pause_elsewhere_holds_nothing(desk: Desk) -> None:
    desk.see("shop2", "store")
    pause(desk, ConnectionName("shop2"))
    assert len(desk.claim(desk.ready("1"))) == 1
    assert desk.claim(desk.want("9", source="shop2")[1]) == []


@pytest.mark.parametrize("outcome", ["finish", "skip", "put_back", "bury"])
def test_a_lost_claim_records_nothing(desk: Desk, outcome: str) -> None:
    job_id = desk.ready("1")
    lost = desk.claim_one(job_id, worker="slow")
    desk.advance(LEASE.total_seconds())
    with desk.database.begin() as connection:
        (stale,) = runs.abandoned(connection, 10, desk.now)
        assert runs.put_back(connection, stale, _at_once(), desk.now)
    held = desk.claim_one(job_id, worker="quick")
    before = dict(desk.job(job_id))
    answer = {
        "finish": lambda: desk.finish(lost),
        "skip": lambda: desk.finish(lost, JobState.SKIPPED),
        "put_back": lambda: desk.put_back(lost),
        "bury": lambda: desk.bury(lost),
    }[outcome]()
    assert not answer
    assert dict(desk.job(job_id)) == before
    assert desk.rows("SELECT 1 FROM dead_letters") == []
    assert desk.finish(held)
    outcomes = [row["outcome"] for row in desk.rows("SELECT outcome FROM runs ORDER BY id")]
    assert outcomes == ["retry", "done"]


@pytest.mark.parametrize("released", ["put back", "done", "dead"])
def test_a_claim_that_was_released_records_nothing_although_nobody_claimed_anew(desk: Desk, released: str) -> None:
    job_id = desk.ready("1")
    claim = desk.claim_one(job_id)
    {"put back": desk.put_back, "done": desk.finish, "dead": desk.bury}[released](claim)
    before = dict(desk.job(job_id))
    assert not desk.finish(claim)
    assert not desk.put_back(claim)
    assert desk.bury(claim) is None
    assert dict(desk.job(job_id)) == before


def test_of_an_outcome_recorded_twice_at_once_one_counts(desk: Desk) -> None:
    claim = desk.claim_one(desk.ready("1"))
    answers = [future.result() for future in together(lambda: desk.finish(claim), lambda: desk.put_back(claim))]
    assert sorted(answers) == [False, True]


def test_a_lease_is_over_when_its_time_has_come_and_not_before(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.claim_one(job_id)
    with desk.database.begin() as connection:
        nearly = desk.now + LEASE - (LEASE / 1000)
        assert runs.abandoned(connection, 10, nearly) == []
        (claim,) = runs.abandoned(connection, 10, desk.now + LEASE)
    assert (claim.job_id, claim.fence, claim.attempt) == (job_id, 1, 1)


def test_an_abandoned_claim_is_released_by_one_sweep_only(desk: Desk) -> None:
    for n in range(20):
        desk.claim_one(desk.ready(str(n)))
    desk.advance(LEASE.total_seconds())
    meeting = Meeting(3)

    def release() -> int:
        with desk.database.begin() as connection:
            meeting.arrive()
            claims = runs.abandoned(connection, 10, desk.now)
            return sum(runs.put_back(connection, claim, _at_once(), desk.now) for claim in claims)

    released = [future.result() for future in together(release, release, release)]
    again = release_rest(desk)
    assert sum(released) + again == 20
    assert {row["state"] for row in desk.rows("SELECT state FROM jobs")} == {"ready"}


def release_rest(desk: Desk) -> int:
    with desk.database.begin() as connection:
        claims = runs.abandoned(connection, 100, desk.now)
        return sum(runs.put_back(connection, claim, _at_once(), desk.now) for claim in claims)


def test_the_next_due_job_of_a_route_is_the_oldest(desk: Desk) -> None:
    first = desk.ready("1")
    desk.advance(1)
    desk.ready("2")
    elsewhere = desk.want("9", source="shop2")[1]
    claim = desk.claim_one(elsewhere)
    with desk.database.begin() as connection:
        assert backlog.next_due(connection, claim.flow, claim.source, claim.target, desk.now) is None
    mine = desk.claim_one(desk.ready("3"))
    with desk.database.begin() as connection:
        call = backlog.next_due(connection, mine.flow, mine.source, mine.target, desk.now)
    assert call is not None
    assert (call.job_id, call.flow, call.label) == (first, "orders", "shop #1")


def test_a_job_that_was_called_is_not_called_again_until_the_call_is_taken_for_lost(desk: Desk) -> None:
    job_id = desk.ready("1")

    def called(woken_before: float) -> list[JobId]:
        with desk.database.begin() as connection:
            calls = backlog.due(
                connection, 10, desk.now.fromtimestamp(desk.now.timestamp() - woken_before, desk.now.tzinfo), desk.now
            )
            return [call.job_id for call in calls]

    assert called(30) == [job_id]
    desk.advance(30)
    assert called(30) == []
    desk.advance(1)
    assert called(30) == [job_id]


def _at_once() -> Verdict:
    return Verdict(Outcome.RETRY, Problem("worker-died", "erpsync", "It died.", "Look."))
