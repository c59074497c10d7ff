"""A shop whose webhooks are off is noticed and repaired, and a person hears of it."""

from erpsync.engine import subscriptions
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.faults import FaultKind

ADDRESS = "https://erpsync.example.com/webhooks/shop"


def look_after(bench: Bench) -> int:
    return len(subscriptions.look_after(bench.runtime, SHOP, bench.store, ADDRESS))


def test_webhooks_are_made_at_first_and_nobody_is_troubled(bench: Bench) -> None:
    assert look_after(bench) == 2
    assert look_after(bench) == 0
    assert bench.letters() == []
    assert len(bench.rows("SELECT * FROM audit WHERE action = 'subscribe'")) == 1


def test_webhooks_that_the_shop_has_dropped_are_repaired_and_a_person_is_told_once(bench: Bench) -> None:
    look_after(bench)
    for _ in range(2):
        del bench.store.shop.subscriptions["orders/updated"]
        assert look_after(bench) == 1
    assert bench.store.shop.subscriptions["orders/updated"] == ADDRESS
    (letter,) = bench.letters()
    assert (letter.subject, letter.code) == ("shop webhooks", "webhooks-repaired")
    assert "orders/updated" in letter.problem
    assert bench.wake.take_dead_letters() == [letter.id]


def test_a_shop_that_has_dropped_all_its_webhooks_is_not_taken_for_a_new_one(bench: Bench) -> None:
    look_after(bench)
    bench.store.shop.subscriptions.clear()
    assert look_after(bench) == 2
    assert [letter.code for letter in bench.letters()] == ["webhooks-repaired"]


def test_webhooks_that_deliver_elsewhere_are_moved(bench: Bench) -> None:
    look_after(bench)
    bench.store.shop.subscriptions["orders/updated"] = "https://old.example.com/webhooks/shop"
    assert look_after(bench) == 1
    assert set(bench.store.shop.subscriptions.values()) == {ADDRESS}


def test_a_shop_that_does_not_answer_is_looked_after_later(bench: Bench) -> None:
    down = bench.store.faults.add(FaultKind.UNAVAILABLE, "subscriptions")
    assert look_after(bench) == 0
    assert (down.fired, bench.letters()) == (1, [])
    assert look_after(bench) == 2
