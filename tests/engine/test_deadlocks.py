"""People, deliveries and runs meet on one job in every order, and none of them waits for ever."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from erpsync.domain.ids import SourceId
from erpsync.engine import intake, operations, run
from erpsync.engine.operations import NotPossible
from erpsync.engine.runtime import Runtime
from erpsync.ledger import dead_letters, jobs
from erpsync.ledger.jobs import Wanted
from erpsync.testing import samples
from erpsync.testing.barrier import SECONDS, Flag, NobodyCame, Turns, together
from erpsync.testing.bench import ERP, SHOP, Bench
from tests.engine.script import Script, rejected, run_job, wanted

Act = Callable[[Runtime, int, str], None]


@pytest.mark.parametrize("act", [operations.replay_dead_letter, operations.discard_dead_letter])
def test_a_person_and_a_newer_version_at_once_do_not_deadlock(bench: Bench, script: Script, act: Act) -> None:
    """The delivery has the job in hand when the person takes hold of its dead letter."""
    script.ends["1"] = rejected()
    wanted(bench, "1")
    run_job(bench, "1")
    (letter,) = bench.letters()
    locked = Flag("the intake has locked the job")
    newest = Wanted("orders", SHOP, ERP, SourceId("1"), "#1", samples.order(version=9).version, None, False)

    def take_in() -> None:
        with bench.database.begin() as connection:
            jobs.lock(connection, [newest])
            locked.hoist()
            _until_waiting(bench, 1)
            jobs.advance(connection, newest, bench.clock.now())

    def decide() -> bool:
        locked.wait()
        try:
            act(bench.runtime, letter.id, "ada")
        except NotPossible:
            return False
        return True

    taken, decided = together(take_in, decide)
    taken.result()
    decided.result()
    assert bench.letters() == []
    assert bench.job("1")["state"] in ("ready", "discarded")


def test_newer_versions_and_the_routing_of_their_dead_letters_do_not_deadlock(bench: Bench, script: Script) -> None:
    """An intake closes dead letters in the order of its jobs, whatever the order in which they were made."""
    script.batch = 1
    script.ends |= {"1": rejected(), "2": rejected()}
    wanted(bench, "1", "2")
    run_job(bench, "2")
    run_job(bench, "1")
    letters = sorted(letter.id for letter in bench.letters())
    newest = [
        Wanted("orders", SHOP, ERP, SourceId(one), f"#{one}", samples.order(version=9).version, None, False)
        for one in ("1", "2")
    ]
    closed_first = Flag("the intake has closed the dead letter that was made last")
    routed = threading.Event()

    def take_in() -> None:
        with bench.database.begin() as connection:
            jobs.lock(connection, newest)
            jobs.advance(connection, newest[0], bench.clock.now())
            closed_first.hoist()
            _until_waiting(bench, 1, unless=routed)
            jobs.advance(connection, newest[1], bench.clock.now())

    def route() -> None:
        closed_first.wait()
        with bench.database.begin() as connection:
            dead_letters.routed(connection, letters, bench.clock.now())
        routed.set()

    for future in together(take_in, route):
        future.result()
    assert len(letters) == 2
    assert bench.letters() == []


def test_deliveries_runs_and_people_under_stress_never_deadlock(bench: Bench, script: Script) -> None:
    """Intakes of 40 deliveries over 60 orders in four threads, runs of whole batches, sweeps, and a person, until all have
    had their turns. One order is told of no more: whatever the others supersede, the person has its dead letter."""
    script.batch = 20
    for n in ("alone", *range(0, 60, 7)):
        script.ends[str(n)] = rejected()
    wanted(bench, "alone")
    run_job(bench, "alone")
    turns = Turns({**{f"intake {n}": 4 for n in range(4)}, "a": 20, "b": 20, "sweeps": 10, "decisions": 5})

    def deliver(thread: int) -> None:
        turn = 0
        while turns.go_on():
            turn += 1
            changes = [
                samples.order(str((thread + turn + n) % 60), version=turn * 10 + thread) for n in range(0, 200, 5)
            ]
            for order in changes:
                bench.deliver(order, carries_state=False, key=f"{thread}-{turn}-{order.source_id}")
            intake.take_in(bench.worker(f"intake-{thread}"))
            turns.took(f"intake {thread}")

    def work(name: str) -> None:
        worker = bench.worker(name)
        while turns.go_on():
            for call in bench.wake.take_jobs():
                turns.took(name, run.run(worker, call.job_id).ran)

    def sweep() -> None:
        while turns.go_on():
            bench.sweep()
            turns.took("sweeps")

    def decide() -> None:
        while turns.go_on():
            for letter in bench.letters():
                with suppress(NotPossible):  # a newer version was there first
                    operations.replay_dead_letter(bench.runtime, letter.id, "ada")
                    turns.took("decisions")

    threads = [lambda n=n: deliver(n) for n in range(4)]
    for future in together(*threads, lambda: work("a"), lambda: work("b"), sweep, decide):
        future.result()


def _until_waiting(bench: Bench, transactions: int, unless: threading.Event | None = None) -> None:
    """Returns when that many transactions wait for a lock, or `unless` says that they do not. Raises NobodyCame."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + SECONDS
    while bench.rows(waiting)[0]["count"] < transactions:
        if unless is not None and unless.is_set():
            return
        if time.monotonic() > deadline:
            raise NobodyCame(f"fewer than {transactions} transactions waited for a lock")
        time.sleep(0.01)
