"""What messages lose, the sweep finds; the broker is a convenience."""

from dataclasses import replace

import structlog
from sqlalchemy.exc import OperationalError

from erpsync.domain.ids import ConnectionName, JobId
from erpsync.engine import run
from erpsync.engine.attempt import attempt
from erpsync.engine.sweep import CALLS, ROUTED_SECONDS, WOKEN_SECONDS, sweep
from erpsync.ledger import session
from erpsync.testing import samples
from erpsync.testing.barrier import together
from erpsync.testing.bench import LEASE, SWEEP_SECONDS, Bench
from erpsync.testing.fakes import change_of
from erpsync.testing.faults import WorkerKilled
from tests.engine.script import Script, rejected, run_job, throttled, wanted


def called(bench: Bench) -> list[JobId]:
    return [call.job_id for call in bench.wake.take_jobs()]


def test_deliveries_that_nobody_was_told_of_are_taken_in_and_run(bench: Bench, script: Script) -> None:
    bench.deliver(samples.order("1"))
    assert bench.sweep().deliveries == 1
    bench.work()
    assert bench.job("1")["state"] == "done"


def test_messages_that_a_broker_lost_are_sent_again(bench: Bench, script: Script) -> None:
    ids = wanted(bench, "1", "2", "3")
    assert bench.sweep().woken == 0, "their first messages may still come"
    bench.clock.advance(WOKEN_SECONDS + 1)
    assert bench.sweep().woken == 3
    assert sorted(called(bench)) == ids


def test_a_wait_that_is_too_long_for_a_message_ends_with_a_sweep(bench: Bench, script: Script) -> None:
    (job_id,) = wanted(bench, "1")
    script.raises["1"] = throttled(900)
    run_job(bench, "1")
    bench.clock.advance(899)
    assert bench.sweep().woken == 0
    bench.clock.advance(1)
    assert bench.sweep().woken == 1
    assert called(bench) == [job_id]


def test_where_the_broker_is_down_the_sweep_hands_the_due_jobs_to_its_caller(bench: Bench, script: Script) -> None:
    ids = wanted(bench, "1", "2")
    bench.wake.up = False
    bench.clock.advance(WOKEN_SECONDS + 1)
    swept = bench.sweep()
    assert sorted(call.job_id for call in swept.unheard) == ids
    assert {call.flow for call in swept.unheard} == {"orders"}


def test_where_the_broker_takes_the_messages_none_is_handed_out(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    bench.clock.advance(WOKEN_SECONDS + 1)
    swept = bench.sweep()
    assert (swept.woken, swept.unheard) == (1, ())


def test_a_new_delivery_does_not_wait_for_a_broker_that_is_down(bench: Bench, script: Script) -> None:
    """The sweep that takes it in is the one that hands it out: nobody else can have been told."""
    bench.wake.up = False
    bench.deliver(samples.order("1"))
    swept = bench.sweep()
    assert [call.job_id for call in swept.unheard] == [bench.job_id("1")]


def test_everything_goes_on_while_the_broker_stays_down(bench: Bench, script: Script) -> None:
    bench.wake.up = False
    script.batch = 3
    for n in range(20):
        bench.deliver(samples.order(str(n)))
    for _ in range(12):
        for call in bench.sweep().unheard:
            run.run(bench.runtime, call.job_id)
        bench.clock.advance(SWEEP_SECONDS)
    assert {bench.job(str(n))["state"] for n in range(20)} == {"done"}


def test_two_sweeps_at_once_find_each_thing_once(bench: Bench, script: Script) -> None:
    stuck = wanted(bench, *[f"s{n}" for n in range(10)])
    for job_id in stuck:
        script.raises[_source_of(bench, job_id)] = WorkerKilled()
    script.batch = 1
    for job_id in stuck:
        try:
            run_job(bench, _source_of(bench, job_id))
        except WorkerKilled:
            continue
    due = wanted(bench, *[f"d{n}" for n in range(10)])
    bench.clock.advance(LEASE.total_seconds())
    for n in range(10):
        bench.deliver(samples.order(f"n{n}"))
    futures = together(lambda: sweep(bench.runtime), lambda: sweep(bench.worker("worker-2")))
    one, other = (future.result() for future in futures)
    assert one.deliveries + other.deliveries == 10
    assert one.abandoned + other.abandoned == 10
    assert one.woken + other.woken == 10
    found = called(bench)
    assert len(found) == len(set(found)) == 20
    assert set(due) <= set(found)


def test_a_second_sweep_has_nothing_left_to_do(bench: Bench, script: Script) -> None:
    bench.deliver(samples.order("1"))
    bench.sweep()
    bench.wake.take_jobs()
    swept = bench.sweep()
    assert (swept.deliveries, swept.abandoned, swept.woken, swept.resumed) == (0, 0, 0, 0)
    assert called(bench) == []


def test_the_queue_of_dead_letters_is_rebuilt_from_the_table(bench: Bench, script: Script) -> None:
    script.ends = {"1": rejected(), "2": rejected()}
    wanted(bench, "1", "2")
    run_job(bench, "1")
    letters = [letter.id for letter in bench.letters()]
    bench.sweep()
    bench.wake.lose_everything()
    bench.sweep()
    assert bench.wake.take_dead_letters() == []
    bench.clock.advance(ROUTED_SECONDS + 1)
    bench.sweep()
    assert sorted(bench.wake.take_dead_letters()) == letters


def test_one_slow_route_does_not_starve_another_ones_lost_messages(bench: Bench, script: Script) -> None:
    """A backlog of 500 at one ERP, which nobody works off, and one order for another ERP whose message was lost."""
    wanted(bench, *[str(n) for n in range(5 * CALLS)])
    bench.clock.advance(1)
    bench.targets = (ConnectionName("erp2"),)
    (other,) = wanted(bench, "other")
    found: list[JobId] = []
    for _ in range(12):
        bench.clock.advance(SWEEP_SECONDS)
        bench.sweep()
        found += called(bench)
    assert other in found


def test_trouble_with_one_part_of_a_sweep_does_not_keep_it_from_the_others(bench: Bench, script: Script) -> None:
    """A table that is locked for long, a delivery that cannot be stored: jobs still come back from dead workers."""
    wanted(bench, "1")
    script.raises["1"] = WorkerKilled()
    try:
        run_job(bench, "1")
    except WorkerKilled:
        del script.raises["1"]
    bench.clock.advance(LEASE.total_seconds())
    unstorable = samples.order("2").model_copy(update={"number": "#2\x00"})
    bench.receive(bench.delivery([change_of(unstorable, carries_state=False)], None))
    swept = attempt(bench.sweep)
    assert bench.job("1")["state"] == "ready"
    assert not isinstance(swept, Exception)


def test_a_sweep_without_a_database_ends_at_once_and_logs_no_part(bench: Bench, script: Script) -> None:
    nowhere = session.open_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with structlog.testing.capture_logs() as logs:
        swept = attempt(lambda: sweep(replace(bench.runtime, database=nowhere)))
    nowhere.dispose()
    assert isinstance(swept, OperationalError)
    assert logs == []


def _source_of(bench: Bench, job_id: JobId) -> str:
    return str(bench.rows(f"SELECT source_id FROM jobs WHERE id = {job_id}")[0]["source_id"])  # noqa: S608 - a number
