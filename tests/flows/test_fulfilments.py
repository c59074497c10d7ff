"""Shipments from the ERP to the shop: each once, with its tracking, and the buyer told once."""

from decimal import Decimal

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import Parcel, ShippedLine
from erpsync.domain.ids import Sku
from erpsync.engine import operations, polling
from erpsync.flows.context import OrderRules
from erpsync.testing import samples
from erpsync.testing.bench import ERP, Bench
from erpsync.testing.faults import FaultKind
from tests.flows.conftest import MakeBench
from tests.flows.sight import run_job, sales_order, send


def shipped(bench: Bench, number: str, quantity: str = "1", source_id: str = "1001") -> None:
    """The ERP's users ship that much of the order's mugs."""
    line = ShippedLine(sku=Sku("MUG"), quantity=Decimal(quantity))
    parcel = Parcel(carrier="DHL", number=number)
    bench.erp.books.add_shipment(sales_order(bench, source_id).ref.target_id, (line,), parcel)


def poll(bench: Bench) -> polling.Polled:
    polled = polling.poll(bench.runtime, ERP, "fulfilments")
    bench.work()
    return polled


def known(bench: Bench) -> list[tuple[str, str, bool]]:
    """What the shop knows: of which order, under which number, and whether the buyer was told."""
    return [(one.order_id, one.parcels[0].number, one.notify) for one in bench.store.shop.shipments.values()]


@pytest.fixture
def sent(plain: Bench) -> Bench:
    """An order of two mugs that the ERP has."""
    send(plain, samples.order("1001"))
    run_job(plain)
    return plain


def test_a_shipment_is_made_known_with_its_tracking(sent: Bench) -> None:
    shipped(sent, "00340")
    assert poll(sent).moved == 1
    assert known(sent) == [("1001", "00340", True)]


def test_what_is_told_again_by_the_overlap_is_not_sent_again(sent: Bench) -> None:
    shipped(sent, "00340")
    poll(sent)
    runs = len(sent.rows("SELECT * FROM runs"))
    again = poll(sent)
    assert (again.read, again.moved) == (1, 0)
    assert len(sent.rows("SELECT * FROM runs")) == runs


def test_a_second_shipment_of_the_order_is_the_only_one_that_is_added(sent: Bench) -> None:
    shipped(sent, "00340")
    poll(sent)
    sent.clock.advance(300)
    shipped(sent, "00341")
    poll(sent)
    assert known(sent) == [("1001", "00340", True), ("1001", "00341", True)]


def test_a_lost_reply_makes_no_second_shipment(sent: Bench) -> None:
    lost = sent.store.faults.add(FaultKind.LOST_REPLY, "fulfil")
    shipped(sent, "00340")
    poll(sent)
    sent.go_on(120)
    assert lost.fired == 1
    assert known(sent) == [("1001", "00340", True)]
    assert {row["state"] for row in sent.rows("SELECT state FROM jobs WHERE flow = 'fulfilments'")} == {"done"}


def test_a_worker_that_dies_in_the_call_leaves_one_shipment(sent: Bench) -> None:
    killed = sent.store.faults.add(FaultKind.KILLED_AFTER, "fulfil")
    shipped(sent, "00340")
    poll(sent)
    sent.go_on(600)
    assert (killed.fired, known(sent)) == (1, [("1001", "00340", True)])


def test_orders_that_came_from_elsewhere_are_left_alone(sent: Bench) -> None:
    elsewhere = sent.erp.books.add_order("by hand", samples.order("77"))
    sent.erp.books.ship(elsewhere.ref.target_id)
    assert poll(sent).moved == 0
    assert sent.rows("SELECT 1 FROM jobs WHERE flow = 'fulfilments'") == []


def test_a_shipment_of_an_order_that_is_not_linked_yet_waits_for_the_link(sent: Bench) -> None:
    """Its reply was lost, and the ERP's users were quick: the order is found, and then its shipment sent."""
    made = sent.erp.books.add_order("shop-1002", samples.order("1002"))
    shipped(sent, "00345", source_id="1002")
    poll(sent)
    [job] = sent.rows("SELECT state, problem_code FROM jobs WHERE flow = 'fulfilments'")
    assert (job["state"], job["problem_code"]) == ("ready", "order-not-linked")
    send(sent, samples.order("1002"))
    run_job(sent, "1002")
    sent.go_on(400)
    assert known(sent) == [("1002", "00345", True)]
    assert made.ref.target_id in {row["target_id"] for row in sent.rows("SELECT target_id FROM links")}


def test_an_order_of_which_nothing_was_shipped_asks_for_nothing(sent: Bench) -> None:
    assert poll(sent).moved == 0


def test_what_the_shop_refuses_is_a_dead_letter_and_is_replayed_from_what_was_told(sent: Bench) -> None:
    """More was shipped than the buyer has ordered: somebody corrects the order in the shop, then replays."""
    shipped(sent, "00340", quantity="3")
    poll(sent)
    (letter,) = sent.letters()
    assert (letter.code, letter.subject) == ("too-much", f"fulfilments {sales_order(sent).ref.display}")
    poll(sent)
    assert len(sent.letters()) == 1, "the next poll tells the same and revives nothing"
    sent.store.put(samples.order("1001", version=9, lines=(samples.line(quantity="3"),)))
    operations.replay_dead_letter(sent.runtime, letter.id, "olga")
    sent.work()
    assert (known(sent), sent.letters()) == ([("1001", "00340", True)], [])


def test_one_shipment_that_the_shop_refuses_keeps_none_of_the_others_back(sent: Bench) -> None:
    shipped(sent, "00340")
    shipped(sent, "00341")
    first = next(iter(sales_order(sent).shipments))
    problem = Rejected("refused", system="shop", what="No.", next_step="Mend it.")
    refused = sent.store.faults.refuse("fulfil", f"erp-{first.id}", problem, times=1)
    poll(sent)
    assert (refused.fired, known(sent)) == (1, [("1001", "00341", True)])
    (letter,) = sent.letters()
    operations.replay_dead_letter(sent.runtime, letter.id, "olga")
    sent.work()
    assert sorted(number for _, number, _ in known(sent)) == ["00340", "00341"]


def test_a_route_may_leave_it_to_others_to_tell_the_buyer(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(notify_buyers=False))
    send(bench, samples.order("1001"))
    run_job(bench)
    shipped(bench, "00340")
    poll(bench)
    assert known(bench) == [("1001", "00340", False)]
