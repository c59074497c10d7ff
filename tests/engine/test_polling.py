"""What webhooks failed to tell, a poll finds: once, resumably, and by one worker at a time."""

from datetime import timedelta

import pytest
import structlog

from erpsync.domain.errors import TimeUp
from erpsync.engine import polling
from erpsync.testing import samples
from erpsync.testing.barrier import Meeting, together
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.fake_store import FakeStore
from erpsync.testing.faults import FaultKind
from tests.engine.script import Script

EVERY = timedelta(minutes=5)


def poll(bench: Bench) -> polling.Polled:
    return polling.poll(bench.runtime, SHOP, "orders")


def place(bench: Bench, *numbers: str, version: int = 0) -> None:
    """Orders of which no webhook tells. The bench's clock stands an hour after they were placed."""
    for number in numbers:
        bench.store.put(samples.order(number, version=3600 + version))


def states(bench: Bench) -> dict[str, str]:
    return {row["source_id"]: row["state"] for row in bench.rows("SELECT source_id, state FROM jobs")}


def test_an_order_of_which_no_webhook_told_is_found(bench: Bench, script: Script) -> None:
    place(bench, "1", "2")
    assert poll(bench).moved == 2
    bench.work()
    assert states(bench) == {"1": "done", "2": "done"}


def test_what_is_told_again_by_the_overlap_moves_nothing(bench: Bench, script: Script) -> None:
    place(bench, "1", "2")
    poll(bench)
    bench.clock.advance(5)
    bench.work()
    runs = len(bench.rows("SELECT * FROM runs"))
    again = poll(bench)
    assert (again.read, again.moved) == (2, 0)
    bench.work()
    assert len(bench.rows("SELECT * FROM runs")) == runs


def test_a_later_version_is_found_by_the_next_poll(bench: Bench, script: Script) -> None:
    place(bench, "1")
    poll(bench)
    bench.work()
    bench.clock.advance(400)
    place(bench, "1", version=400)
    assert poll(bench).read == 1
    bench.work()
    assert len(bench.rows("SELECT * FROM runs")) == 2


def test_a_poll_that_dies_goes_on_at_its_next_page(bench: Bench, script: Script) -> None:
    place(bench, *[f"{number:02}" for number in range(10)])
    bench.runtime = bench.worker("worker-1", store=FakeStore(bench.clock, page_size=3, of=bench.store))
    down = bench.store.faults.add(FaultKind.UNAVAILABLE, "orders_changed", skip=2)
    assert poll(bench).trouble == "unavailable"
    assert down.fired == 1
    assert len(states(bench)) == 6
    assert polling.is_due(bench.runtime, SHOP, "orders", EVERY), "it was cut short"
    assert poll(bench).read == 4
    assert len(states(bench)) == 10
    assert not polling.is_due(bench.runtime, SHOP, "orders", EVERY)
    bench.clock.advance(EVERY.total_seconds())
    assert polling.is_due(bench.runtime, SHOP, "orders", EVERY)


def test_two_workers_do_not_poll_one_connection_at_once(bench: Bench, script: Script) -> None:
    place(bench, "1")
    meeting = Meeting(2, seconds=1, strict=False)
    bench.store.faults.on_arrival = lambda operation: meeting.arrive() if operation == "orders_changed" else None
    futures = together(*(lambda name=name: polling.poll(bench.worker(name), SHOP, "orders") for name in ("a", "b")))
    polled = [future.result() for future in futures]
    assert sorted(one.busy for one in polled) == [False, True] or sum(one.read for one in polled) == 2
    assert bench.rows("SELECT * FROM reservations") == []


def test_a_connection_that_is_down_is_paused_by_its_polls_and_then_not_polled(bench: Bench, script: Script) -> None:
    bench.store.faults.add(FaultKind.UNAVAILABLE, "orders_changed", times=None)
    for _ in range(3):
        assert poll(bench).trouble == "unavailable"
    assert not polling.is_due(bench.runtime, SHOP, "orders", EVERY)


def test_the_first_poll_does_not_read_the_shops_whole_history(bench: Bench, script: Script) -> None:
    bench.store.put(samples.order("old"), seconds_ago=86_400)
    bench.store.put(samples.order("new", version=3600), seconds_ago=60)
    poll(bench)
    assert list(states(bench)) == ["new"]


def test_a_webhook_and_a_poll_of_one_version_are_one_job(bench: Bench, script: Script) -> None:
    order = samples.order("1", version=3600)
    bench.deliver(order)
    bench.sweep()
    bench.work()
    bench.clock.advance(30)
    poll(bench)
    bench.work()
    assert states(bench) == {"1": "done"}


def test_two_edits_in_one_second_of_which_the_second_was_not_told_are_found(bench: Bench, script: Script) -> None:
    """Stores count in seconds: the poll tells the version that is known, and yet the order is another one."""
    bench.deliver(samples.order("1", version=3600))
    bench.sweep()
    bench.work()
    bench.store.put(samples.order("1", version=3600, note="edited within the second"))
    bench.clock.advance(30)
    assert poll(bench).moved == 1
    bench.work()
    assert len(script.together) == 2
    bench.clock.advance(5)
    assert poll(bench).moved == 0


def test_an_edit_within_the_second_of_a_webhook_is_found_although_its_job_ran_late(
    bench: Bench, script: Script
) -> None:
    """The delivery says how the order was in that second, however late it is worked off."""
    bench.deliver(samples.order("1", version=3600))
    bench.sweep()
    bench.clock.advance(30)
    bench.work()
    bench.store.put(samples.order("1", version=3600, note="edited within the second"))
    assert poll(bench).moved == 1
    bench.work()
    assert len(script.together) == 2
    assert poll(bench).moved == 0


@pytest.mark.parametrize("when", ["while it waits", "while it runs", "when it is over"])
def test_an_edit_within_the_second_of_a_run_is_found_although_the_run_took_long(
    bench: Bench, script: Script, when: str
) -> None:
    """The run has read the order when it began, not when it ended."""
    bench.deliver(samples.order("1", version=3600), carries_state=when == "while it waits")
    bench.sweep()

    def edit_and_poll() -> None:
        script.during = None
        bench.store.put(samples.order("1", version=3600, note="edited within the second"))
        bench.clock.advance(30)
        if when != "when it is over":
            assert poll(bench).moved == 1

    if when == "while it waits":
        edit_and_poll()
        assert bench.job("1")["state_inbox_id"] is None, "it is read anew"
    else:
        script.during = edit_and_poll
    bench.work()
    if when == "when it is over":
        assert poll(bench).moved == 1
    bench.work()
    assert len(script.together) == (1 if when == "while it waits" else 2)
    assert poll(bench).moved == 0


def test_what_ends_every_poll_is_told_to_a_person_once(bench: Bench, script: Script) -> None:
    bench.store.faults.add(FaultKind.BUG, "orders_changed", times=2)
    assert [poll(bench).trouble for _ in range(2)] == ["unexpected-error", "unexpected-error"]
    (letter,) = bench.letters()
    assert (letter.subject, letter.code) == ("shop poll", "unexpected-error")
    place(bench, "1")
    assert poll(bench).moved == 1


def test_a_poll_whose_time_is_up_says_so_in_one_line_and_is_gone_on_with(bench: Bench, script: Script) -> None:
    place(bench, "1")
    bench.store.faults.on_arrival = _time_up
    with structlog.testing.capture_logs() as logs:
        assert poll(bench).trouble == "took-too-long"
    assert [(line["event"], line["exc_info"]) for line in logs] == [("poll.failed", None)]
    assert bench.letters() == []
    bench.store.faults.on_arrival = None
    assert poll(bench).moved == 1


def test_a_row_that_cannot_be_read_is_told_once_and_stops_no_other(bench: Bench, script: Script) -> None:
    place(bench, "1", "3")
    bench.store.put(samples.order("2", version=3600, number=""))
    for _ in range(2):
        poll(bench)
    assert states(bench).keys() == {"1", "3"}
    (letter,) = bench.letters()
    assert letter.code == "delivery-unreadable"


def _time_up(_operation: str) -> None:
    raise TimeUp
