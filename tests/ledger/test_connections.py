"""The breaker's rows: failures counted in a row, one probe at a time."""

from datetime import timedelta

from erpsync.domain.ids import ConnectionName
from erpsync.ledger import connections
from erpsync.ledger.connections import ConnectionRow
from erpsync.testing.barrier import Meeting, together
from tests.ledger.desk import ERP, PROBLEM, Desk

TWO = timedelta(seconds=2)


def fail(desk: Desk, name: ConnectionName = ERP) -> bool:
    with desk.database.begin() as connection:
        return connections.failed(connection, name, PROBLEM, threshold=3, probe_in=TWO, now=desk.now)


def succeed(desk: Desk) -> bool:
    with desk.database.begin() as connection:
        return connections.succeeded(connection, ERP)


def row(desk: Desk) -> ConnectionRow:
    with desk.database.begin() as connection:
        (found,) = connections.everyone(connection)
        return found


def test_the_third_failure_in_a_row_pauses_and_says_so_once(desk: Desk) -> None:
    desk.see(ERP, "erp")
    assert [fail(desk) for _ in range(5)] == [False, False, True, False, False]
    found = row(desk)
    assert (found.paused_at, found.probe_at, found.failures) == (desk.now, desk.now + TWO, 5)
    assert (found.problem_code, found.problem, found.next_step) == ("odd", "It is odd.", "Look at it.")


def test_a_success_between_failures_starts_the_count_anew(desk: Desk) -> None:
    desk.see(ERP, "erp")
    assert [fail(desk), fail(desk), succeed(desk), fail(desk), fail(desk)] == [False] * 5
    assert row(desk).paused_at is None
    assert fail(desk)


def test_many_failures_at_once_are_all_counted_and_pause_once(desk: Desk) -> None:
    desk.see(ERP, "erp")
    assert sorted(future.result() for future in together(*[lambda: fail(desk)] * 6)) == [False] * 5 + [True]
    assert row(desk).failures == 6


def test_a_success_ends_the_pause_and_says_so_once(desk: Desk) -> None:
    desk.see(ERP, "erp")
    for _ in range(3):
        fail(desk)
    assert [succeed(desk), succeed(desk)] == [True, False]
    found = row(desk)
    assert (found.paused_at, found.probe_at, found.failures, found.probes, found.problem) == (None, None, 0, 0, None)


def test_one_worker_at_a_time_takes_a_probe(desk: Desk) -> None:
    desk.see(ERP, "erp")
    for _ in range(3):
        fail(desk)
    desk.advance(2)
    meeting = Meeting(4)

    def take() -> bool:
        with desk.database.begin() as connection:
            meeting.arrive()
            return connections.take_probe(connection, timedelta(seconds=60), desk.now) is not None

    assert sorted(future.result() for future in together(take, take, take, take)) == [False] * 3 + [True]
    assert row(desk).probes == 1


def test_a_connection_that_is_seen_again_keeps_its_breaker(desk: Desk) -> None:
    desk.see(ERP, "erp")
    for _ in range(3):
        fail(desk)
    before = row(desk)
    desk.advance(5)
    desk.see(ERP, "erp")
    assert row(desk) == before


def test_a_probe_is_not_set_for_a_connection_that_works(desk: Desk) -> None:
    desk.see(ERP, "erp")
    with desk.database.begin() as connection:
        connections.set_probe(connection, ERP, desk.now)
    assert row(desk).probe_at is None
