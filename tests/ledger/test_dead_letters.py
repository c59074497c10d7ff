"""Dead letters are found until somebody has been told, and told of once."""

from datetime import timedelta

from erpsync.ledger import dead_letters
from erpsync.testing.barrier import Meeting, together
from tests.ledger.desk import PROBLEM, Desk


def unrouted(desk: Desk, seconds: float = 60, limit: int = 100) -> list[int]:
    with desk.database.begin() as connection:
        return dead_letters.unrouted(connection, limit, desk.now - timedelta(seconds=seconds), desk.now)


def announced(desk: Desk, letter_id: int) -> bool:
    with desk.database.begin() as connection:
        return dead_letters.announced(connection, letter_id, desk.now)


def test_a_dead_letter_is_routed_until_it_is_announced(desk: Desk) -> None:
    _, letter = desk.dead("1")
    assert unrouted(desk) == [letter]
    assert unrouted(desk) == []
    desk.advance(61)
    assert unrouted(desk) == [letter]
    assert announced(desk, letter)
    desk.advance(1000)
    assert unrouted(desk) == []


def test_a_dead_letter_is_announced_once_however_many_messages_come(desk: Desk) -> None:
    _, letter = desk.dead("1")
    told = [future.result() for future in together(*[lambda: announced(desk, letter)] * 6)]
    assert sorted(told) == [False] * 5 + [True]


def test_an_announcement_that_fails_is_not_marked(desk: Desk) -> None:
    _, letter = desk.dead("1")
    with desk.database.connect() as connection:
        assert dead_letters.announced(connection, letter, desk.now)
        connection.rollback()
    desk.advance(61)
    assert unrouted(desk) == [letter]
    assert announced(desk, letter)


def test_a_closed_dead_letter_is_neither_routed_nor_announced(desk: Desk) -> None:
    _, letter = desk.dead("1")
    with desk.database.begin() as connection:
        assert dead_letters.close(connection, letter, "discarded", "ada", desk.now)
    assert unrouted(desk) == []
    assert not announced(desk, letter)


def test_a_dead_letter_is_closed_once(desk: Desk) -> None:
    _, letter = desk.dead("1")

    def close(actor: str) -> bool:
        with desk.database.begin() as connection:
            return dead_letters.close(connection, letter, "discarded", actor, desk.now)

    assert sorted(future.result() for future in together(lambda: close("ada"), lambda: close("grace"))) == [False, True]


def test_two_sweeps_at_once_route_different_letters(desk: Desk) -> None:
    letters = [desk.dead(str(n))[1] for n in range(20)]
    meeting = Meeting(2)

    def route() -> list[int]:
        with desk.database.begin() as connection:
            found = dead_letters.unrouted(connection, 10, desk.now, desk.now)
            meeting.arrive()
            return found

    one, other = (future.result() for future in together(route, route))
    assert sorted(one + other) == letters


def test_letters_without_a_job_stand_for_deliveries_and_for_tasks(desk: Desk) -> None:
    inbox_id = desk.delivery()
    with desk.database.begin() as connection:
        of_delivery = dead_letters.add(connection, PROBLEM, subject="shop delivery", now=desk.now, inbox_id=inbox_id)
        of_task = dead_letters.add(connection, PROBLEM, subject="task x", now=desk.now, task="x")
        first, second = dead_letters.get(connection, of_delivery), dead_letters.get(connection, of_task)
    assert first is not None
    assert second is not None
    assert (first.inbox_id, first.job_id, first.code) == (inbox_id, None, "odd")
    assert (second.inbox_id, second.task) == (None, "x")
    assert sorted(unrouted(desk)) == [of_delivery, of_task]
