"""An outage is not the order's failure: jobs wait, one probe tests the way, the backlog drains."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import ConnectionName
from erpsync.engine import breaker
from erpsync.engine.sweep import WOKEN_SECONDS
from erpsync.ledger import connections
from erpsync.ledger.connections import ConnectionRow
from erpsync.ports.flow import Done
from erpsync.testing.barrier import SECONDS, together
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.faults import FaultKind
from tests.engine.script import Script, of_source, rejected, run_job, transient, unavailable, unknown, wanted


def breaker_of(bench: Bench, name: str = ERP) -> ConnectionRow:
    with bench.database.connect() as connection:
        return {row.name: row for row in connections.everyone(connection)}[ConnectionName(name)]


def paused(bench: Bench, name: str = ERP) -> bool:
    return breaker_of(bench, name).paused_at is not None


def break_down(bench: Bench, script: Script, *source_ids: str) -> None:
    """The ERP is down, and that has been noticed."""
    script.raises = dict.fromkeys(source_ids, unavailable())
    for source_id in source_ids[:3]:
        run_job(bench, source_id)
    assert paused(bench)


@pytest.fixture
def one_by_one(script: Script) -> Script:
    script.batch = 1
    return script


def test_the_third_failure_in_a_row_pauses_the_connection(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    one_by_one.raises = dict.fromkeys("123", unavailable())
    states = []
    for source_id in "123":
        run_job(bench, source_id)
        states.append(paused(bench))
    assert states == [False, False, True]
    row = breaker_of(bench)
    assert (row.problem_code, row.problem, row.next_step) == ("down", "It does not answer.", "Start it.")


def test_an_outage_spends_no_attempt_however_long_it_lasts(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3", "4")
    bench.erp.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    break_down(bench, one_by_one, "1", "2", "3", "4")
    bench.go_on(3600)
    assert [bench.job(n)["attempts"] for n in "1234"] == [0, 0, 0, 0]
    assert {bench.job(n)["state"] for n in "1234"} == {"ready"}
    assert bench.letters() == []
    assert len(one_by_one.together) == 3, "nothing is tried while the connection is paused"


def test_the_backlog_drains_when_the_connection_is_back(bench: Bench, one_by_one: Script) -> None:
    down = bench.erp.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    ids = [str(n) for n in range(30)]
    wanted(bench, *ids)
    break_down(bench, one_by_one, *ids)
    bench.go_on(60)
    assert down.fired > 0
    one_by_one.raises.clear()
    bench.erp.faults.clear()
    bench.go_on(90)
    assert not paused(bench)
    assert {bench.job(n)["state"] for n in ids} == {"done"}


def test_a_batch_that_fails_as_one_is_one_failure(bench: Bench, script: Script) -> None:
    wanted(bench, *"12345")
    script.raises["1"] = unavailable()
    run_job(bench, "1")
    assert breaker_of(bench).failures == 1


def test_probes_come_after_2_4_8_seconds_up_to_a_minute(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    down = bench.erp.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    break_down(bench, one_by_one, "1", "2", "3")
    times = [0]
    for second in range(1, 300):
        bench.clock.advance(1)
        before = down.fired
        assert breaker.probe(bench.runtime) == []
        times += [second] * (down.fired - before)
    assert [later - earlier for earlier, later in pairwise(times)] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert paused(bench)


def test_the_first_probe_that_is_answered_ends_the_pause(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    break_down(bench, one_by_one, "1", "2", "3")
    bench.clock.advance(1)
    assert breaker.probe(bench.runtime) == []
    bench.clock.advance(1)
    assert breaker.probe(bench.runtime) == [ERP]
    row = breaker_of(bench)
    assert (row.paused_at, row.probe_at, row.failures, row.probes, row.problem) == (None, None, 0, 0, None)


def test_of_two_sweeps_at_once_one_probes(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    down = bench.erp.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    break_down(bench, one_by_one, "1", "2", "3")
    bench.clock.advance(2)
    for future in together(lambda: breaker.probe(bench.runtime), lambda: breaker.probe(bench.runtime)):
        assert future.result() == []
    assert down.fired == 1


def test_a_success_in_between_is_no_outage(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, *"12345")
    one_by_one.raises = dict.fromkeys("1245", unavailable())
    for source_id in "12345":
        run_job(bench, source_id)
    assert not paused(bench)


@pytest.mark.parametrize("error", [transient(), rejected(), ValueError("x")], ids=lambda error: type(error).__name__)
def test_what_is_one_records_fault_never_pauses_a_connection(
    bench: Bench, one_by_one: Script, error: Exception
) -> None:
    wanted(bench, *"123456")
    one_by_one.raises = dict.fromkeys("123456", error)
    for source_id in "123456":
        run_job(bench, source_id)
    assert breaker_of(bench).failures == 0


def test_lost_replies_in_a_row_pause_too(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    one_by_one.raises = dict.fromkeys("123", unknown())
    for source_id in "123":
        run_job(bench, source_id)
    assert paused(bench)


def test_a_store_that_is_down_pauses_the_store_and_not_the_erp(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    one_by_one.raises = dict.fromkeys("123", of_source(unavailable(), SHOP))
    for source_id in "123":
        run_job(bench, source_id)
    assert (paused(bench, SHOP), paused(bench, ERP)) == (True, False)


def test_a_run_that_was_under_way_and_succeeds_ends_the_pause(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3", "4")
    one_by_one.raises = dict.fromkeys("123", unavailable())

    def meanwhile() -> None:
        one_by_one.during = None
        for source_id in "123":
            run_job(bench, source_id)
        assert paused(bench)

    one_by_one.during = meanwhile
    run_job(bench, "4")
    assert not paused(bench)


def test_a_paused_connection_that_is_configured_no_more_lets_its_jobs_go_to_their_verdict(
    bench: Bench, one_by_one: Script
) -> None:
    wanted(bench, "1", "2", "3")
    gone = ConnectionName("old-erp")
    with bench.database.begin() as connection:
        connections.see(connection, gone, "fake-erp", "erp", bench.clock.now())
        problem = unavailable().problem
        assert connections.failed(
            connection, gone, problem, threshold=1, probe_in=timedelta(seconds=2), now=bench.clock.now()
        )
    bench.clock.advance(2)
    assert breaker.probe(bench.runtime) == [gone]


@pytest.mark.parametrize(
    "kind", [FaultKind.BUG, FaultKind.UNAVAILABLE], ids=["the ping has a bug", "the ping is refused"]
)
def test_a_probe_that_fails_in_any_way_does_not_keep_the_sweep_from_its_other_work(
    bench: Bench, one_by_one: Script, kind: FaultKind
) -> None:
    wanted(bench, "1", "2", "3")
    break_down(bench, one_by_one, "1", "2", "3")
    fault = bench.erp.faults.add(kind, "ping", times=None)
    bench.targets = (ConnectionName("other-erp"),)
    (elsewhere,) = wanted(bench, "99")
    bench.clock.advance(WOKEN_SECONDS + 1)
    bench.sweep()
    assert fault.fired == 1
    assert paused(bench)
    assert [call.job_id for call in bench.wake.take_jobs()] == [elsewhere]


def test_a_probe_that_takes_longer_than_the_wait_for_the_next_keeps_to_the_schedule(
    bench: Bench, one_by_one: Script
) -> None:
    """A remote that hangs is probed with the same patience as one that refuses."""
    wanted(bench, "1", "2", "3")
    fault = bench.erp.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    break_down(bench, one_by_one, "1", "2", "3")
    bench.erp.faults.on_arrival = lambda operation: bench.clock.advance(10) if operation == "ping" else None
    bench.clock.advance(2)
    breaker.probe(bench.runtime)
    assert fault.fired == 1
    row = breaker_of(bench)
    assert row.probes == 1
    assert row.probe_at is not None
    assert (row.probe_at - bench.clock.now()).total_seconds() <= 4


def test_the_only_answer_that_counts_is_an_authenticated_one(bench: Bench, one_by_one: Script) -> None:
    wanted(bench, "1", "2", "3")
    break_down(bench, one_by_one, "1", "2", "3")

    def refuse(operation: str) -> None:
        raise Rejected("no-access", system="erp", what="The key is revoked.", next_step="Make a new one.")

    bench.erp.faults.on_arrival = refuse
    bench.clock.advance(2)
    assert breaker.probe(bench.runtime) == []
    assert paused(bench)


def test_two_runs_that_blame_different_ends_do_not_deadlock(bench: Bench) -> None:
    """One has trouble with the ERP and praises the shop, the other the reverse; both record at once."""
    with bench.database.begin() as connection:
        # Both ends have failed before, so that praise has something to forget.
        for name in (SHOP, ERP):
            connections.failed(
                connection, name, unavailable().problem, threshold=9, probe_in=timedelta(1), now=bench.clock.now()
            )

    def observe(error: SyncError) -> None:
        with bench.database.begin() as connection:
            breaker.observe(connection, SHOP, ERP, [error, Done("done")], bench.clock.now())

    def observe_second() -> None:
        _until_waiting(bench, 1)
        observe(of_source(unavailable(), SHOP))

    with bench.database.connect() as holder:
        holder.exec_driver_sql("SELECT 1 FROM connections WHERE name = 'erp' FOR UPDATE")

        def let_go() -> None:
            _until_waiting(bench, 2)
            holder.rollback()

        futures = together(lambda: observe(unavailable()), observe_second, let_go)
    for future in futures:
        future.result()
    assert [breaker_of(bench, name).failures for name in (SHOP, ERP)].count(1) >= 1


def _until_waiting(bench: Bench, transactions: int) -> None:
    """Returns when that many transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + SECONDS
    while bench.rows(waiting)[0]["count"] < transactions:
        assert time.monotonic() < deadline, "nobody waited"
        time.sleep(0.01)
