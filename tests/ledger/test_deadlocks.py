"""No two transactions of the ledger's own ever wait for one another."""

import threading

from sqlalchemy.exc import OperationalError

from erpsync.ledger import connections, inbox, jobs
from erpsync.ledger.inbox import InboxState, Settled
from erpsync.ledger.jobs import Claim
from erpsync.testing.barrier import Flag, Meeting, together
from tests.ledger.desk import ERP, LEASE, PROBLEM, SHOP, Desk

ORDERS = 60
INTAKES = 4
SECONDS = 4.0


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

    An intake's next turn waits for a claim: however slow the machine, there is always one to record beside the intakes.
    """
    desk.see(SHOP, "store")
    desk.see(ERP, "erp")
    over = threading.Event()
    timer = threading.Timer(SECONDS, over.set)
    claimed = threading.Semaphore(0)

    def take_in(seed: int) -> int:
        turns = 0
        while not over.is_set():
            turns += 1
            numbers = [(seed * 31 + turns * 17 + n * 7) % ORDERS for n in range(200)]
            wanted = sorted((desk.wanted(f"{n:03}", turns) for n in set(numbers)), key=lambda one: one.source_id)
            with desk.database.begin() as connection:
                jobs.lock(connection, wanted)
                for one in wanted:
                    jobs.advance(connection, one, desk.now)
            claimed.acquire(timeout=SECONDS)
        return turns

    def record() -> int:
        recorded = 0
        while not over.is_set():
            claims = _claim_some(desk)
            if claims:
                claimed.release(INTAKES)
            with desk.database.begin() as connection:
                for number, claim in enumerate(sorted(claims, key=lambda claim: claim.job_id)):
                    if number % 5 == 4:
                        jobs.bury(connection, claim, PROBLEM, desk.now)
                    else:
                        jobs.finish(connection, claim, jobs.JobState.DONE, None, "", desk.now)
                recorded += len(claims)
        return recorded

    timer.start()
    futures = together(*[lambda n=n: take_in(n) for n in range(INTAKES)], record, record, record)
    turns = [future.result() for future in futures]
    assert min(turns[:INTAKES]) > 0, "some intake never got its turn"
    # Which of the three records is chance: whoever claims first leaves the others nothing for that moment.
    assert sum(turns[INTAKES:]) > 0, "nothing was ever recorded"


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
        calls = jobs.due(connection, 1, desk.now, desk.now) or []
    claimed: list[Claim] = []
    for call in calls:
        with desk.database.begin() as connection:
            claimed += jobs.claim(connection, call.job_id, worker="w", batch=20, lease=LEASE, now=desk.now)
    return claimed
