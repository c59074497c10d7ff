"""People are told of a dead letter once, and nothing waits while they are told."""

import pytest

from erpsync.domain.errors import Transient
from erpsync.domain.ids import ConnectionName
from erpsync.engine import letters, operations
from erpsync.engine.sweep import ROUTED_SECONDS
from erpsync.ledger import reservations
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.reservations import Room
from erpsync.testing.barrier import together
from erpsync.testing.bench import LEASE, Bench


def routed(bench: Bench, seconds: float) -> list[int]:
    """The letters that the sweep routes after that time."""
    bench.clock.advance(seconds)
    bench.sweep()
    return bench.wake.take_dead_letters()


def test_a_letter_is_told_of_once_however_many_messages_ask(bench: Bench, letter: int) -> None:
    told: list[DeadLetter] = []
    for future in together(*[lambda: letters.announce(bench.runtime, letter, told.append)] * 4):
        future.result()
    letters.announce(bench.runtime, letter, told.append)
    assert [(one.id, one.code) for one in told] == [(letter, "refused")]
    assert routed(bench, ROUTED_SECONDS + 1) == []
    assert bench.rows("SELECT 1 FROM reservations") == []


def test_one_that_is_closed_meanwhile_is_told_of_no_more(bench: Bench, letter: int) -> None:
    operations.discard_dead_letter(bench.runtime, letter, "ada")
    told: list[DeadLetter] = []
    letters.announce(bench.runtime, letter, told.append)
    assert told == []


def test_a_person_may_close_it_while_the_alert_is_on_its_way(bench: Bench, letter: int) -> None:
    """The address may take its time: no transaction stays open for it."""
    letters.announce(bench.runtime, letter, lambda _: operations.discard_dead_letter(bench.runtime, letter, "ada"))
    assert bench.letters() == []


def test_an_alert_that_nobody_takes_is_sent_again(bench: Bench, letter: int) -> None:
    def refuse(_: DeadLetter) -> None:
        raise Transient("alert-refused", system="alerts", what="The alert address answered 500.")

    with pytest.raises(Transient):
        letters.announce(bench.runtime, letter, refuse)
    assert routed(bench, ROUTED_SECONDS + 1) == [letter]
    told: list[DeadLetter] = []
    letters.announce(bench.runtime, letter, told.append)
    assert len(told) == 1


def test_a_worker_that_dies_over_it_leaves_it_to_another(bench: Bench, letter: int) -> None:
    now = bench.clock.now()
    with bench.database.begin() as connection:
        room = Room("announcement", ConnectionName("erpsync"))
        assert reservations.take(connection, room, [str(letter)], "a worker that died", now + LEASE, now)
    told: list[DeadLetter] = []
    letters.announce(bench.runtime, letter, told.append)
    assert told == []
    assert routed(bench, LEASE.total_seconds() + 1) == [letter]
    letters.announce(bench.runtime, letter, told.append)
    assert len(told) == 1
