"""No two transactions of the ledger's own ever wait for one another."""

import threading

from sqlalchemy.exc import OperationalError

from erpsync.domain.states import JobState
from erpsync.ledger import backlog, connections, inbox, jobs, runs
from erpsync.ledger.inbox import InboxState, Settled
from erpsync.ledger.runs import Claim
from erpsync.testing.barrier import Flag, Meeting, Turns, together
from tests.ledger.desk import ERP, LEASE, PROBLEM, SHOP, Desk

ORDERS = 60
INTAKES = 4
TURNS = 12
RECORDED = 400


def test_intakes_that_meet_new_records_in_different_stages_do_not_deadlock(desk: Desk) -> None:
    """One intake has made order 1 and is about to move order 2, which another has just made; a third wants both."""
    first_made = Flag("order 1 is made")
    # Not strict: a ledger that lets one intake in at a time keeps them apart, which is as good.
    second_locked = Meeting(2, seconds=1, strict=False)
    both = [desk.wanted("1", 1), desk.wanted("2", 1)]

    def slow_intake() -> None:
        with desk.database.begin() as connection:
            jobs.lock(connection, both)
            jobs.advance(connection, both[0], desk.now)
            first_made.hoist()
            second_locked.arrive()
            jobs.advance(connection, both[1], desk.now)

    def quick_intakes() -> None:
        first_made.wait()
        desk.want("2", 0)
        with desk.database.begin() as connection:
            jobs.lock(connection, both)
            second_locked.arrive()
            for one in both:
                jobs.advance(connection, one, desk.now)

    for future in together(slow_intake, quick_intakes):
        future.result()
    assert len(desk.rows("SELECT 1 FROM jobs")) == 2


def test_a_healthy_connections_row_is_locked_by_no_success(desk: Desk) -> None:
    """Else every run waits for every other run on its ERP, and two ends locked in either order are a deadlock."""
    desk.see(ERP, "erp")
    with desk.database.connect() as holder, desk.database.connect() as worker:
        holder.exec_driver_sql("SELECT 1 FROM connections FOR UPDATE")
        worker.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
        try:
            assert not connections.succeeded(worker, ERP)
            waited = False
        except OperationalError:
            waited = True
    assert not waited


def test_intake_and_recording_under_stress_never_deadlock(desk: Desk) -> None:
    """200 deliveries an intake over few orders, so that all of them meet, while batches are claimed and recorded.

    It lasts until all have had their turns, and an intake's next one waits for a claim: however slow the machine, there is
    always one to record beside the intakes.
    """
    desk.see(SHOP, "store")
    desk.see(ERP, "erp")
    turns = Turns({**{f"intake {n}": TURNS for n in range(INTAKES)}, "recorded": RECORDED})
    claimed = threading.Semaphore(0)

    def take_in(seed: int) -> None:
        turn = 0
        while turns.go_on():
            turn += 1
            numbers = [(seed * 31 + turn * 17 + n * 7) % ORDERS for n in range(200)]
            wanted = sorted((desk.wanted(f"{n:03}", turn) for n in set(numbers)), key=lambda one: one.source_id)
            with desk.database.begin() as connection:
                jobs.lock(connection, wanted)
                for one in wanted:
                    jobs.advance(connection, one, desk.now)
            turns.took(f"intake {seed}")
            while turns.go_on() and not claimed.acquire(timeout=0.1):
                continue

    def record() -> None:
        while turns.go_on():
            claims = _claim_some(desk)
            if claims:
                claimed.release(INTAKES)
            with desk.database.begin() as connection:
                for number, claim in enumerate(sorted(claims, key=lambda claim: claim.job_id)):
                    if number % 5 == 4:
                        runs.bury(connection, claim, PROBLEM, desk.now)
                    else:
                        runs.finish(connection, claim, JobState.DONE, None, "", desk.now)
            # Which of the three records is chance: whoever claims first leaves the others nothing for that moment.
            turns.took("recorded", len(claims))

    for future in together(*[lambda n=n: take_in(n) for n in range(INTAKES)], record, record, record):
        future.result()


def test_storing_and_settling_deliveries_at_once_never_deadlocks(desk: Desk) -> None:
    def store(thread: int) -> None:
        for n in range(60):
            with desk.database.begin() as connection:
                inbox.store(connection, SHOP, f"{(n * 7 + thread) % 40}", "t", {}, b"", desk.now)

    def settle() -> None:
        for _ in range(30):
            with desk.database.begin() as connection:
                rows = inbox.take_new(connection, 10)
                inbox.settle(connection, [Settled(row.id, InboxState.APPLIED) for row in rows], desk.now)

    for future in together(*[lambda n=n: store(n) for n in range(4)], settle, settle):
        future.result()
    assert len(desk.rows("SELECT 1 FROM inbox")) == 40


def _claim_some(desk: Desk) -> list[Claim]:
    with desk.database.begin() as connection:
        calls = backlog.due(connection, 1, desk.now, desk.now)
    claimed: list[Claim] = []
    for call in calls:
        with desk.database.begin() as connection:
            claimed += runs.claim(connection, call.job_id, worker="w", batch=20, lease=LEASE, now=desk.now)
    return claimed
