"""The order flow through every real adapter: in bulk, and never twice."""

import re
from collections.abc import Mapping

import pytest

from erpsync.testing import samples
from erpsync.testing.erp_contract import line
from tests.contract.rig import Rig

ORDERS = 1000
BUYERS = 10


def calls(at_work: Rig, pattern: str) -> int:
    counted: Mapping[str, int] = at_work.stage.calls()
    return sum(number for operation, number in counted.items() if re.fullmatch(pattern, operation))


def place(at_work: Rig, *numbers: int, sku: str = "SKU-0001") -> None:
    for number in numbers:
        buyer = samples.guest(f"buyer-{number % BUYERS}@example.com", f"Buyer {number % BUYERS}")
        at_work.bench.deliver(samples.order(f"{number:04}", lines=(line(sku, "2"),), customer=buyer))
    at_work.take_in()


def booked(at_work: Rig, number: int) -> int:
    return len(at_work.stage.controls.booked(f"shop-{number:04}"))


def test_a_backlog_goes_in_full_batches_and_one_bad_order_fails_alone(at_work: Rig) -> None:
    batch = at_work.stage.capabilities.order_batch
    orders = ORDERS if batch > 1 else 60
    bad = orders // 2
    place(at_work, *(number for number in range(orders) if number != bad))
    place(at_work, bad, sku="SKU-9999")
    finds, creates = calls(at_work, at_work.stage.finds), calls(at_work, at_work.stage.creates)
    at_work.work()
    at_work.go_on(120)
    assert at_work.states() == {"done": orders - 1, "dead": 1}
    (letter,) = at_work.bench.letters()
    assert "SKU-9999" in letter.problem
    assert [booked(at_work, number) for number in range(orders)] == [int(number != bad) for number in range(orders)]
    fewest = -(-orders // batch)
    allowed = max(fewest * 1.1, fewest + 1)
    found = (calls(at_work, at_work.stage.finds) - finds) / at_work.stage.finds_per_batch
    assert fewest <= found <= allowed
    assert fewest - 1 <= calls(at_work, at_work.stage.creates) - creates <= allowed


@pytest.mark.parametrize("late_seconds", [0.0, 0.7], ids=["lost reply", "late commit"])
def test_a_create_that_nobody_heard_of_is_never_done_again(at_work: Rig, late_seconds: float) -> None:
    place(at_work, *range(5))
    fired = at_work.stage.lose_reply("create", late_seconds)
    at_work.work()
    assert fired() == 1
    at_work.stage.wait_for_late()
    at_work.go_on(240)
    assert at_work.states() == {"done": 5}
    assert [booked(at_work, number) for number in range(5)] == [1] * 5


def test_one_buyer_in_the_hands_of_two_workers_is_one_customer(at_work: Rig) -> None:
    place(at_work, *range(0, 10 * BUYERS, BUYERS))
    with at_work.bench.database.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET alone = true")
    at_work.work()
    at_work.go_on(60)
    assert at_work.states() == {"done": 10}
    assert at_work.bench.rows("SELECT count(DISTINCT target_id) AS n FROM links WHERE kind = 'customer'")[0]["n"] == 1
