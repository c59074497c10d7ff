"""A shop's past reaches the ERP: every order once, whatever is killed, and behind what is live."""

from contextlib import suppress
from datetime import timedelta

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.engine import backfill, intake, operations, polling, run
from erpsync.engine.backfill import SLICE_SECONDS, WOKEN_SECONDS
from erpsync.engine.operations import NotPossible
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backfills
from erpsync.ports.limits import in_background
from erpsync.testing import samples
from erpsync.testing.barrier import Meeting, Turns, together
from erpsync.testing.bench import LEASE, SHOP, Bench
from erpsync.testing.fakes import change_of
from erpsync.testing.faults import FaultKind, WorkerKilled
from tests.engine.pasts import begun, placed, reader, shown
from tests.engine.script import Script, skip

READ = "orders_changed"


def states(bench: Bench) -> dict[str, str]:
    return {row["source_id"]: row["state"] for row in bench.rows("SELECT source_id, state FROM jobs")}


def chunks(bench: Bench) -> list[str]:
    return [row["state"] for row in bench.rows("SELECT state FROM backfill_chunks ORDER BY ordinal")]


def ran(script: Script) -> list[str]:
    return sorted(one for batch in script.together for one in batch)


def test_every_order_of_the_range_reaches_the_erp_and_no_other(bench: Bench) -> None:
    ids = placed(bench, 20)
    bench.store.put(samples.order("younger"))
    backfill_id = begun(bench)
    bench.work()
    bench.sweep()
    assert states(bench) == dict.fromkeys(ids, "done")
    assert len(bench.erp.books.orders) == 20
    assert chunks(bench) == ["done"] * 4
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.read, progress.moved, progress.waiting, progress.errors) == ("done", 20, 20, 0, 0)


@pytest.mark.parametrize("kind", [FaultKind.KILLED_BEFORE, FaultKind.KILLED_AFTER])
@pytest.mark.parametrize("page", range(8))
def test_a_worker_killed_at_any_page_loses_no_order_and_no_page_is_taken_in_twice(
    bench: Bench, script: Script, kind: FaultKind, page: int
) -> None:
    ids = placed(bench, 20)
    killed = bench.store.faults.add(kind, READ, skip=page)
    backfill_id = begun(bench)
    bench.work()
    bench.go_on(LEASE.total_seconds() + 120)
    assert killed.fired == 1
    assert ran(script) == ids
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.read, progress.moved) == ("done", 20, 20)


def test_a_chunk_is_read_on_where_its_worker_was_killed(bench: Bench, script: Script) -> None:
    placed(bench, 12)
    bench.store.faults.add(FaultKind.KILLED_BEFORE, READ, skip=2)
    begun(bench, chunks=1)
    with pytest.raises(WorkerKilled):
        backfill.read_on(bench.runtime, 1)
    assert len(states(bench)) == 6
    bench.clock.advance(LEASE.total_seconds())
    bench.sweep()
    bench.clock.advance(WOKEN_SECONDS + 1)
    reading = backfill.read_on(bench.runtime, 1)
    assert reading is not None
    assert (reading.records, reading.done) == (6, True)


def test_a_worker_that_was_overtaken_takes_nothing_in(bench: Bench, script: Script) -> None:
    """It hangs at its second page until its lease is over; another reads the chunk to its end meanwhile."""
    ids = placed(bench, 6)
    backfill_id = begun(bench, chunks=1)
    other = reader(bench, "worker-2")
    arrivals: list[str] = []

    def hang(operation: str) -> None:
        arrivals.append(operation)
        if len(arrivals) == 2:
            bench.clock.advance(LEASE.total_seconds() + 1)
            backfill.look_after(other)
            bench.clock.advance(60)
            backfill.read_on(other, backfill_id)

    bench.store.faults.on_arrival = hang
    reading = backfill.read_on(bench.runtime, backfill_id)
    assert reading is not None
    assert (reading.pages, reading.done) == (1, False)
    assert len(arrivals) == 3
    assert shown(bench, backfill_id).read == 6
    assert sorted(states(bench)) == ids
    assert chunks(bench) == ["done"]


def test_two_workers_never_read_one_chunk(bench: Bench, script: Script) -> None:
    placed(bench, 6)
    backfill_id = begun(bench, chunks=1)
    meeting = Meeting(2, seconds=1, strict=False)
    bench.store.faults.on_arrival = lambda _: meeting.arrive()
    workers = [reader(bench, name) for name in ("a", "b")]
    futures = together(*(lambda worker=worker: backfill.read_on(worker, backfill_id) for worker in workers))
    readings = [future.result() for future in futures]
    assert readings.count(None) == 1
    assert shown(bench, backfill_id).read == 6


def test_no_more_chunks_are_in_hand_than_was_asked_for(bench: Bench) -> None:
    placed(bench, 6)
    backfill_id = begun(bench, chunks=10, concurrency=3)

    def claim() -> backfills.Chunk | None:
        with bench.database.begin() as connection:
            return backfills.claim(connection, backfill_id, worker="w", lease=LEASE, now=bench.clock.now())

    claims = [future.result() for future in together(*[claim] * 8)]
    held = [one for one in claims if one is not None]
    assert len(held) == 3
    assert len({one.id for one in held}) == 3
    assert shown(bench, backfill_id).chunks_running == 3


def test_a_worker_lets_go_of_a_long_chunk_after_a_few_seconds(bench: Bench, script: Script) -> None:
    placed(bench, 12)
    begun(bench, chunks=1)
    bench.store.faults.on_arrival = lambda _: bench.clock.advance(SLICE_SECONDS)
    bench.wake.lose_everything()
    for _ in range(4):
        reading = backfill.read_on(bench.runtime, 1)
        assert reading is not None
        assert reading.pages == 1
        assert bench.wake.take_backfills() == [1], "a message keeps the chunk going"
    assert reading.done


def test_messages_that_a_broker_lost_are_sent_again_as_many_as_chunks_can_be_read(bench: Bench, script: Script) -> None:
    placed(bench, 20)
    begun(bench, chunks=5, concurrency=3)
    assert bench.wake.take_backfills() == [1, 1, 1]
    bench.sweep()
    assert bench.wake.take_backfills() == [], "the first ones may still come"
    bench.clock.advance(WOKEN_SECONDS + 1)
    bench.sweep()
    bench.sweep()
    assert bench.wake.take_backfills() == [1, 1, 1]


def test_only_a_few_messages_are_sent_for_a_page_and_every_job_runs_all_the_same(bench: Bench, script: Script) -> None:
    ids = placed(bench, 100, page_size=100)
    begun(bench, chunks=1)
    assert backfill.read_on(bench.runtime, 1) is not None
    calls = bench.wake.take_jobs()
    assert len(calls) == backfill.CALLS
    assert all(call.background for call in calls)
    bench.wake.jobs(calls[:1])
    bench.work()
    assert ran(script) == ids


def test_reading_and_running_leave_a_share_of_the_limits_to_live_traffic(bench: Bench, script: Script) -> None:
    placed(bench, 3)
    seen: list[bool] = []
    bench.store.faults.on_arrival = lambda _: seen.append(in_background())
    script.during = lambda: seen.append(in_background())
    begun(bench, chunks=1)
    bench.work()
    assert seen == [True, True]
    bench.deliver(samples.order("live"))
    bench.sweep()
    bench.work()
    assert seen[2:] == [False]


def test_a_live_order_overtakes_a_thousand_of_a_backfill(bench: Bench, script: Script) -> None:
    placed(bench, 1_000, page_size=1_000)
    begun(bench, chunks=1)
    backfill.read_on(bench.runtime, 1)
    bench.clock.advance(60)
    bench.deliver(samples.order("live"))
    intake.take_in(bench.runtime)
    bench.wake.lose_everything()
    bench.clock.advance(60)
    calls = [call for call in _swept(bench) if call.flow == "orders"]
    assert not calls[0].background
    assert all(call.background for call in calls[1:])
    run.run(bench.runtime, calls[1].job_id)
    assert "live" not in script.together[0], "a batch of a backfill makes nothing live wait for it"
    (following,) = bench.wake.take_jobs()
    assert not following.background
    run.run(bench.runtime, following.job_id)
    assert script.together[1] == ["live"], "no batch of a backfill is taken along with it"


def test_what_something_live_tells_of_does_not_wait_any_more(bench: Bench, script: Script) -> None:
    placed(bench, 3)
    begun(bench, chunks=1)
    backfill.read_on(bench.runtime, 1)
    bench.wake.take_jobs()
    told = bench.store.orders[samples.order("0001").source_id]
    bench.deliver(told, carries_state=False)
    intake.take_in(bench.runtime)
    (call,) = bench.wake.take_jobs()
    assert (call.job_id, call.background) == (bench.job_id("0001"), False)
    assert shown(bench, 1).waiting == 2


def test_a_poll_of_the_version_that_a_backfill_told_takes_the_record_out_of_it(bench: Bench, script: Script) -> None:
    placed(bench, 1)
    begun(bench, chunks=1)
    backfill.read_on(bench.runtime, 1)
    bench.wake.lose_everything()
    bench.store.touch("order", "0000")
    polled = polling.poll(bench.runtime, SHOP, "orders")
    assert polled.moved == 1
    (call,) = bench.wake.take_jobs()
    assert not call.background
    assert bench.job("0000")["wanted_revision"] == 1


def test_a_backfill_takes_nothing_live_into_the_background(bench: Bench, script: Script) -> None:
    placed(bench, 1)
    bench.deliver(bench.store.orders[samples.order("0000").source_id], carries_state=False)
    intake.take_in(bench.runtime)
    begun(bench, chunks=1)
    backfill.read_on(bench.runtime, 1)
    assert not bench.job("0000")["background"]


def test_a_paused_backfill_reads_nothing_and_none_of_its_jobs_runs(bench: Bench, script: Script) -> None:
    ids = placed(bench, 12)
    backfill_id = begun(bench, chunks=1)
    arrivals: list[str] = []

    def pause(operation: str) -> None:
        arrivals.append(operation)
        if len(arrivals) == 2:
            operations.pause_backfill(bench.runtime, backfill_id, "ada")

    bench.store.faults.on_arrival = pause
    bench.work()
    bench.go_on(120)
    assert len(arrivals) == 2
    assert script.together == []
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.read, progress.waiting) == ("paused", 3, 3)
    operations.resume_backfill(bench.runtime, backfill_id, "ada")
    bench.work()
    bench.go_on(60)
    assert ran(script) == ids
    assert shown(bench, backfill_id).state == "done"
    audited = [(row["action"], row["subject"]) for row in bench.rows("SELECT * FROM audit ORDER BY id")]
    assert audited == [("start", "backfill 1"), ("pause", "backfill 1"), ("resume", "backfill 1")]


def test_a_cancelled_backfill_takes_back_what_nobody_has_begun(bench: Bench, script: Script) -> None:
    ids = placed(bench, 12)
    backfill_id = begun(bench, chunks=1)
    backfill.read_on(bench.runtime, backfill_id)
    script.batch = 5
    run.run(bench.runtime, bench.wake.take_jobs()[0].job_id)
    assert operations.cancel_backfill(bench.runtime, backfill_id, "ada") == 7
    bench.go_on(120)
    assert len(ran(script)) == 5
    assert shown(bench, backfill_id).state == "cancelled"
    with pytest.raises(NotPossible, match="is cancelled"):
        operations.resume_backfill(bench.runtime, backfill_id, "ada")
    again = begun(bench, chunks=1)
    bench.go_on(120)
    assert ran(script) == ids
    assert shown(bench, again).state == "done"


@pytest.mark.parametrize("cancelled", ["the first", "the second"])
def test_what_two_backfills_have_read_arrives_though_one_of_them_is_cancelled(
    bench: Bench, script: Script, cancelled: str
) -> None:
    """Somebody asks for a month, thinks better of it, and asks for the year."""
    ids = placed(bench, 6)
    first = begun(bench, chunks=2)
    assert backfill.read_on(bench.runtime, first) is not None
    second = begun(bench, chunks=1)
    assert backfill.read_on(bench.runtime, second) is not None
    bench.wake.lose_everything()
    operations.cancel_backfill(bench.runtime, first if cancelled == "the first" else second, "ada")
    bench.go_on(120)
    assert ran(script) == ids


def test_a_backfill_brings_what_the_route_has_skipped_before(bench: Bench, script: Script) -> None:
    """The route's rules may be others by now: it sends older orders, or another currency."""
    ids = placed(bench, 3)
    script.ends = {one: skip() for one in ids}
    begun(bench)
    bench.go_on(60)
    assert set(states(bench).values()) == {"skipped"}
    script.ends.clear()
    begun(bench)
    bench.go_on(60)
    assert set(states(bench).values()) == {"done"}


def test_a_page_on_its_way_when_the_backfill_is_cancelled_moves_nothing(bench: Bench, script: Script) -> None:
    placed(bench, 3)
    backfill_id = begun(bench, chunks=1)
    bench.store.faults.on_arrival = lambda _: _quietly_cancel(bench, backfill_id)
    backfill.read_on(bench.runtime, backfill_id)
    assert states(bench) == {}
    assert shown(bench, backfill_id).read == 0


def test_a_row_that_cannot_be_read_is_told_once_and_stops_no_other(bench: Bench, script: Script) -> None:
    ids = placed(bench, 6)
    odd = bench.store.orders[samples.order("0002").source_id]
    bench.store.orders[odd.source_id] = odd.model_copy(update={"number": ""})
    for _ in range(2):
        begun(bench)
        bench.go_on(60)
    assert sorted(states(bench)) == [one for one in ids if one != "0002"]
    (letter,) = bench.letters()
    assert (letter.subject, letter.code) == ("shop backfill", "delivery-unreadable")
    assert shown(bench, 1).unreadable == 1


def test_a_dry_run_counts_and_moves_nothing(bench: Bench) -> None:
    """Two orders are linked, one the ERP alone knows of: the reply that made it was lost."""
    placed(bench, 12)
    for number in ("0001", "0002", "0003"):
        bench.deliver(bench.store.orders[samples.order(number).source_id])
    bench.go_on(30)
    with bench.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM links WHERE source_id = '0003'")
    before = _everything(bench)
    backfill_id = begun(bench, dry_run=True)
    bench.go_on(60)
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.read, progress.known, progress.moved) == ("done", 12, 3, 0)
    assert _everything(bench) == before


def test_a_chunk_that_is_refused_stops_no_other_and_is_read_once_a_person_has_mended_it(
    bench: Bench, script: Script
) -> None:
    ids = placed(bench, 20)
    backfill_id = begun(bench)
    refusal = Rejected("no-permission", system="shop", what="It may not read orders.", next_step="Grant read_orders.")
    arrivals: list[str] = []

    def refuse(operation: str) -> None:
        arrivals.append(operation)
        if len(arrivals) == 3:
            raise refusal

    bench.store.faults.on_arrival = refuse
    bench.work()
    bench.sweep()
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.chunks_done, progress.chunks_failed, progress.errors) == ("failed", 3, 1, 1)
    (letter,) = bench.letters()
    assert (letter.code, letter.subject) == ("no-permission", "shop backfill")
    assert f"erpsync backfill resume {backfill_id}" in letter.next_step
    operations.resume_backfill(bench.runtime, backfill_id, "ada")
    bench.work()
    bench.sweep()
    assert shown(bench, backfill_id).state == "done"
    assert ran(script) == ids


def test_a_shop_that_is_down_is_waited_for(bench: Bench, script: Script) -> None:
    ids = placed(bench, 20)
    down = bench.store.faults.add(FaultKind.UNAVAILABLE, READ, times=None, skip=2)
    backfill_id = begun(bench)
    bench.store.faults.add(FaultKind.UNAVAILABLE, "ping", times=None)
    bench.go_on(300)
    assert 3 <= down.fired <= 6, "it is paused after three failures, and not asked again"
    assert shown(bench, backfill_id).chunks_failed == 0
    bench.store.faults.clear()
    bench.go_on(200)
    assert ran(script) == ids
    assert shown(bench, backfill_id).state == "done"


def test_a_chunk_that_kills_its_workers_is_given_up(bench: Bench, script: Script) -> None:
    placed(bench, 3)
    killed = bench.store.faults.add(FaultKind.KILLED_BEFORE, READ, times=None)
    backfill_id = begun(bench, chunks=1)
    bench.go_on(8 * (LEASE.total_seconds() + 120))
    assert killed.fired == 5
    assert shown(bench, backfill_id).state == "failed"
    assert [letter.code for letter in bench.letters()] == ["worker-died"]


def test_pages_deliveries_runs_and_people_at_once_never_deadlock(bench: Bench, script: Script) -> None:
    """Three readers of many small chunks, an intake of the same orders, runs, sweeps, and a person who cannot decide, until
    all have had their turns."""
    ids = placed(bench, 300)
    script.batch = 20
    begun(bench, chunks=40, concurrency=3)
    turns = Turns({"pages": 60, "deliveries": 100, "runs": 100, "decisions": 10})

    def read(worker: Runtime) -> None:
        while turns.go_on():
            reading = backfill.read_on(worker, 1)
            turns.took("pages", reading.pages if reading else 0)

    def deliver() -> None:
        delivered = 0
        while turns.go_on():
            for one in ids[delivered % 290 : delivered % 290 + 10]:
                order = bench.store.orders[SourceId(one)]
                changed = order.model_copy(update={"updated_at": order.updated_at + timedelta(seconds=delivered)})
                bench.receive(bench.delivery([change_of(changed, carries_state=False)], None))
            intake.take_in(bench.worker("intake"))
            delivered += 10
            turns.took("deliveries", 10)

    def work() -> None:
        while turns.go_on():
            for call in bench.wake.take_jobs():
                turns.took("runs", run.run(bench.runtime, call.job_id).ran)
            bench.sweep()

    def decide() -> None:
        while turns.go_on():
            with suppress(NotPossible):  # it may have ended
                operations.pause_backfill(bench.runtime, 1, "ada")
                operations.resume_backfill(bench.runtime, 1, "ada")
            with bench.database.begin() as connection:
                backfills.withdraw(connection, 1)
            turns.took("decisions")

    readers = [reader(bench, f"reader-{n}") for n in range(3)]
    works = [*(lambda one=one: read(one) for one in readers), deliver, work, decide]
    for future in together(*works):
        future.result()


def _swept(bench: Bench) -> list:
    bench.sweep()
    return bench.wake.take_jobs()


def _quietly_cancel(bench: Bench, backfill_id: int) -> None:
    bench.store.faults.on_arrival = None
    operations.cancel_backfill(bench.runtime, backfill_id, "ada")


def _everything(bench: Bench) -> list[list[dict]]:
    tables = ("jobs", "runs", "inbox", "links", "dead_letters", "checkpoints")
    return [[dict(row) for row in bench.rows(f"SELECT * FROM {table} ORDER BY 1")] for table in tables]  # noqa: S608
