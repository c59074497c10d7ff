"""An order from the shop to the ERP: once, whatever happens on the way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import Skip
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import OrderStatus
from erpsync.engine import operations
from erpsync.flows.context import OrderRules
from erpsync.ports.spec import Ability, Capabilities
from erpsync.testing import samples
from erpsync.testing.bench import Bench, reference_of
from erpsync.testing.fakes import change_of
from erpsync.testing.faults import FaultKind
from tests.flows.conftest import MakeBench
from tests.flows.sight import count, did, down, hiccup, refused, run_job, sales_order, send, state, told

CANCELLED = {"status": OrderStatus.CANCELLED}


def test_an_order_is_made_in_the_erp_and_the_shop_is_told(bench: Bench) -> None:
    order = samples.order()
    send(bench, order)
    run_job(bench)
    made = sales_order(bench)
    assert (made.order, made.reference, made.cancelled) == (order, "shop-1001", False)
    assert bench.erp.books.customers[made.customer_id].reference == "shop-customer-77"
    assert (state(bench), told(bench), did(bench)) == ("done", made.ref.display, f"created: {made.ref.display}")


def test_an_order_whose_state_no_delivery_carries_is_read_from_the_shop(bench: Bench) -> None:
    bench.deliver(samples.order(note="as the shop has it"), carries_state=False)
    bench.sweep()
    bench.work()
    assert sales_order(bench).order.note == "as the shop has it"


def test_an_order_that_the_shop_no_longer_has_is_skipped(bench: Bench) -> None:
    bench.deliver(samples.order(), carries_state=False)
    bench.store.orders.clear()
    bench.sweep()
    bench.work()
    assert (state(bench), bench.job()["problem_code"], count(bench)) == ("skipped", "order-gone", 0)


def test_a_lost_reply_does_not_create_a_second_order(bench: Bench) -> None:
    lost = bench.erp.faults.add(FaultKind.LOST_REPLY, "create_orders", seconds=bench.settle_seconds)
    send(bench, samples.order())
    run_job(bench)
    assert (lost.fired, count(bench), state(bench)) == (1, 1, "ready")
    bench.go_on(120)
    assert (count(bench), state(bench), told(bench)) == (1, "done", sales_order(bench).ref.display)


def test_a_write_that_the_erp_still_works_on_is_waited_out(make_bench: MakeBench) -> None:
    """The ERP commits a minute after the client gave up: who looks earlier sees nothing and makes a second one."""
    bench = make_bench(unique_references=False, settle_seconds=60)
    late = bench.erp.faults.add(FaultKind.LATE, "create_orders", seconds=60)
    send(bench, samples.order())
    run_job(bench)
    assert (late.fired, count(bench)) == (1, 0)
    bench.go_on(300)
    assert (count(bench), state(bench)) == (1, "done")


def test_an_edit_during_that_wait_does_not_cut_it_short(make_bench: MakeBench) -> None:
    bench = make_bench(unique_references=False, settle_seconds=60)
    late = bench.erp.faults.add(FaultKind.LATE, "create_orders", seconds=60)
    send(bench, samples.order())
    run_job(bench)
    bench.clock.advance(5)
    edited = samples.order(version=5, note="ring twice")
    send(bench, edited)
    run_job(bench)
    bench.go_on(300)
    assert late.fired == 1
    assert (count(bench), state(bench)) == (1, "done")
    assert sales_order(bench).order == edited


def test_an_edit_after_the_last_attempt_does_not_cut_that_wait_short_either(make_bench: MakeBench) -> None:
    bench = make_bench(unique_references=False, settle_seconds=60)
    lost = [bench.erp.faults.add(FaultKind.LATE, "find_orders", seconds=60) for _ in range(4)]
    late = bench.erp.faults.add(FaultKind.LATE, "create_orders", seconds=60)
    send(bench, samples.order())
    for _ in range(20):
        run_job(bench)
        if state(bench) == "dead":
            break
        bench.clock.advance(61)
        # Five lost replies in a row pause the connection too; the sweep's probe opens it again.
        bench.sweep()
        bench.wake.lose_everything()
    assert [fault.fired for fault in (*lost, late)] == [1] * 5
    assert state(bench) == "dead"
    bench.clock.advance(5)
    send(bench, samples.order(version=400, note="ring twice"))
    bench.erp.faults.clear()
    run_job(bench)
    bench.go_on(300)
    assert (count(bench), state(bench)) == (1, "done")


@pytest.mark.parametrize("kind", [FaultKind.KILLED_BEFORE, FaultKind.KILLED_AFTER])
@pytest.mark.parametrize(
    "operation", ["find_orders", "find_customers", "upsert_customers", "create_orders", "amend_orders", "write_back"]
)
def test_a_worker_that_dies_anywhere_leaves_one_order_in_the_end(bench: Bench, operation: str, kind: FaultKind) -> None:
    side = bench.store if operation == "write_back" else bench.erp
    if operation == "amend_orders":
        bench.deliver(samples.order())
        bench.go_on(20)
    killed = side.faults.add(kind, operation)
    latest = samples.order(version=9, note="ring twice")
    bench.deliver(latest)
    bench.go_on(600)
    assert killed.fired == 1
    made = sales_order(bench)
    assert (made.order, state(bench), told(bench)) == (latest, "done", made.ref.display)
    assert len(bench.erp.books.customers) == 1


def test_an_order_that_is_found_is_made_equal(bench: Bench) -> None:
    """Somebody entered it by hand, or an earlier run did and could not say so."""
    there = bench.erp.books.add_order(reference_of("1001"), samples.order(note="old"))
    order = samples.order(version=7, note="new")
    send(bench, order)
    run_job(bench)
    made = sales_order(bench)
    assert (made.ref, made.order, state(bench)) == (there.ref, order, "done")
    assert did(bench) == f"found and amended: {there.ref.display}"


def test_two_matches_stop_and_name_both(bench: Bench) -> None:
    for _ in range(2):
        bench.erp.books.add_order(reference_of("1001"), samples.order())
    send(bench, samples.order(), samples.order("1002"))
    run_job(bench)
    assert (count(bench), state(bench), state(bench, "1002")) == (2, "dead", "done")
    (letter,) = bench.letters()
    assert letter.code == "found-twice"
    assert "SO1" in letter.problem
    assert "SO2" in letter.problem
    assert "shop-1001" in letter.problem


def test_a_person_who_removes_the_double_and_replays_goes_on(bench: Bench) -> None:
    first, second = (bench.erp.books.add_order(reference_of("1001"), samples.order()) for _ in range(2))
    send(bench, samples.order())
    run_job(bench)
    del bench.erp.books.orders[second.ref.target_id]
    bench.clock.advance(5)
    operations.replay_dead_letter(bench.runtime, bench.letters()[0].id, "ada")
    bench.go_on(20)
    assert (state(bench), sales_order(bench).ref) == ("done", first.ref)


def test_a_sales_order_of_another_order_is_never_taken_over(bench: Bench) -> None:
    send(bench, samples.order("1001"))
    run_job(bench, "1001")
    taken = sales_order(bench, "1001")
    bench.erp.books.orders[taken.ref.target_id] = replace(taken, reference=reference_of("1002"))
    send(bench, samples.order("1002"))
    run_job(bench, "1002")
    (letter,) = bench.letters()
    assert (letter.code, state(bench, "1002")) == ("target-taken", "dead")
    assert taken.ref.display in letter.problem


def test_an_echo_of_our_own_write_back_does_nothing(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    written = dict(bench.erp.books.orders)
    touched = bench.erp.faults.add(FaultKind.BUG, "amend_orders", times=None)
    again = bench.store.faults.add(FaultKind.BUG, "write_back", times=None)
    send(bench, samples.order(version=30))
    run_job(bench)
    assert (state(bench), did(bench)) == ("done", f"unchanged: {sales_order(bench).ref.display}")
    assert (bench.erp.books.orders, touched.fired, again.fired) == (written, 0, 0)


def test_an_edit_is_amended(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    edited = samples.order(version=60, lines=(samples.line("MUG", "1"), samples.line("CUP", "3", "4.50")))
    send(bench, edited)
    run_job(bench)
    made = sales_order(bench)
    assert (made.order, state(bench), did(bench)) == (edited, "done", f"amended: {made.ref.display}")


def test_a_cancellation_is_carried_out_once(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    send(bench, samples.order(version=60, **CANCELLED))
    run_job(bench)
    made = sales_order(bench)
    assert (made.cancelled, state(bench), did(bench)) == (True, "done", f"cancelled: {made.ref.display}")
    again = bench.erp.faults.add(FaultKind.BUG, "cancel_orders", times=None)
    send(bench, samples.order(version=61, **CANCELLED))
    run_job(bench)
    assert (state(bench), again.fired) == ("done", 0)


def test_an_order_cancelled_before_it_was_sent_is_not_sent(bench: Bench) -> None:
    send(bench, samples.order(**CANCELLED))
    run_job(bench)
    assert (count(bench), state(bench), bench.job()["problem_code"]) == (0, "skipped", "cancelled-before-sent")


def test_an_order_cancelled_while_its_creation_was_in_doubt_is_found_and_cancelled(bench: Bench) -> None:
    lost = bench.erp.faults.add(FaultKind.LOST_REPLY, "create_orders", seconds=60)
    send(bench, samples.order())
    run_job(bench)
    send(bench, samples.order(version=9, **CANCELLED))
    bench.go_on(120)
    assert lost.fired == 1
    assert (sales_order(bench).cancelled, state(bench)) == (True, "done")


def test_an_order_cancelled_after_it_was_shipped_needs_a_person(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    bench.erp.books.ship(sales_order(bench).ref.target_id)
    send(bench, samples.order(version=9, **CANCELLED))
    run_job(bench)
    (letter,) = bench.letters()
    assert (letter.code, sales_order(bench).cancelled) == ("order-shipped", False)


def test_an_order_that_does_not_balance_can_still_be_cancelled(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    send(bench, samples.order(version=9, off_by="1.00", **CANCELLED))
    run_job(bench)
    assert (sales_order(bench).cancelled, state(bench)) == (True, "done")


def test_test_orders_stay_out(plain: Bench) -> None:
    send(plain, samples.order(test=True))
    run_job(plain)
    assert (count(plain), state(plain), plain.job()["problem_code"]) == (0, "skipped", "test-order")


def test_test_orders_go_where_the_route_says_so(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(send_test_orders=True))
    send(bench, samples.order(test=True))
    run_job(bench)
    assert (count(bench), state(bench)) == (1, "done")


def test_an_order_that_does_not_add_up_shows_its_arithmetic_and_is_not_sent(plain: Bench) -> None:
    send(plain, samples.order(off_by="0.06"), samples.order("1002"))
    run_job(plain)
    assert (count(plain), state(plain), state(plain, "1002")) == (0, "dead", "done")
    (letter,) = plain.letters()
    assert letter.code == "does-not-balance"
    for part in ("#1001", "20.00 EUR", "4.90 EUR", "3.80 EUR", "28.70 EUR", "28.76 EUR", "0.06 EUR"):
        assert part in letter.problem


@pytest.mark.parametrize("off_by", ["0.05", "-0.05"])
def test_a_difference_that_rounding_explains_is_booked_as_rounding_and_told(plain: Bench, off_by: str) -> None:
    order = samples.order(off_by=off_by)
    send(plain, order)
    run_job(plain)
    booked = sales_order(plain).order
    assert (booked.rounding.amount, booked.total) == (Decimal(off_by), order.total)
    assert f"{Decimal(off_by)} EUR booked as rounding" in (did(plain) or "")
    send(plain, samples.order(off_by=off_by, version=3))
    run_job(plain)
    assert did(plain) == f"unchanged: {sales_order(plain).ref.display}"


def test_a_route_may_allow_no_rounding_at_all(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(rounding_tolerance=0))
    send(bench, samples.order(off_by="0.01"))
    run_job(bench)
    assert (count(bench), bench.letters()[0].code) == (0, "does-not-balance")


def test_an_order_without_lines_is_not_sent(plain: Bench) -> None:
    send(plain, samples.order(lines=(), shipping_lines=()))
    run_job(plain)
    assert (count(plain), state(plain), plain.job()["problem_code"]) == (0, "skipped", "no-lines")


def test_an_order_that_lost_all_its_lines_after_it_was_sent_is_not_left_to_be_shipped(plain: Bench) -> None:
    """The buyer took everything out; an ERP that never hears of it ships it all the same."""
    send(plain, samples.order())
    run_job(plain)
    send(plain, samples.order(version=9, lines=(), shipping_lines=()))
    run_job(plain)
    made = sales_order(plain)
    assert made.cancelled or not made.order.lines or plain.letters()


def test_an_order_with_a_gift_card_tip_duties_and_rounding_adds_up_and_goes(plain: Bench) -> None:
    def euros(amount: str) -> Money:
        return Money(amount=Decimal(amount), currency="EUR")

    lines = (samples.line("GIFT", "1", "50.00", taxes=(), gift_card=True, requires_shipping=False), samples.line())
    order = samples.order(lines=lines, tip=euros("2.00"), duties=euros("3.10"), rounding=euros("-0.03"))
    send(plain, order)
    run_job(plain)
    assert sales_order(plain).order == order


def test_a_refused_record_leaves_its_neighbours(bench: Bench) -> None:
    fault = bench.erp.faults.refuse("create_orders", reference_of("1002"), refused())
    send(bench, *[samples.order(str(n)) for n in (1001, 1002, 1003)])
    run_job(bench)
    assert fault.fired == 1
    assert [state(bench, n) for n in ("1001", "1002", "1003")] == ["done", "dead", "done"]
    assert [count(bench, n) for n in ("1001", "1002", "1003")] == [1, 0, 1]
    assert [letter.job_id for letter in bench.letters()] == [bench.job_id("1002")]


@pytest.mark.parametrize("operation", ["amend_orders", "cancel_orders"])
def test_a_refused_change_leaves_its_neighbours(bench: Bench, operation: str) -> None:
    numbers = ("1001", "1002", "1003")
    send(bench, *[samples.order(n) for n in numbers])
    run_job(bench)
    fault = bench.erp.faults.refuse(operation, reference_of("1002"), refused())
    change = CANCELLED if operation == "cancel_orders" else {"note": "ring twice"}
    send(bench, *[samples.order(n, version=9, **change) for n in numbers])
    run_job(bench)
    assert fault.fired == 1
    assert [state(bench, n) for n in numbers] == ["done", "dead", "done"]


def test_an_order_that_cannot_be_read_leaves_its_neighbours(bench: Bench) -> None:
    order = samples.order("1001")
    bench.receive(bench.delivery([change_of(order)], None))
    send(bench, samples.order("1002"))
    run_job(bench, "1002")
    assert (state(bench, "1001"), state(bench, "1002")) == ("dead", "done")
    assert bench.letters()[0].code == "order-unreadable"


def test_an_order_that_the_shop_refuses_to_read_leaves_its_neighbours(bench: Bench) -> None:
    skip = Skip("archived", what="It is archived.")
    fault = bench.store.faults.refuse("read_orders", "1001", skip)
    bench.deliver(samples.order("1001"), carries_state=False)
    bench.deliver(samples.order("1002"), carries_state=False)
    bench.sweep()
    bench.work()
    assert fault.fired == 1
    assert (state(bench, "1001"), state(bench, "1002")) == ("skipped", "done")


def test_a_note_that_the_shop_did_not_take_is_repeated_and_nothing_else(bench: Bench) -> None:
    fault = bench.store.faults.refuse("write_back", "1001", hiccup(), times=2)
    send(bench, samples.order("1001"), samples.order("1002"))
    run_job(bench)
    assert (state(bench, "1001"), state(bench, "1002"), told(bench, "1001")) == ("ready", "done", None)
    writes = [
        bench.erp.faults.add(FaultKind.BUG, operation, times=None)
        for operation in ("create_orders", "amend_orders", "cancel_orders", "upsert_customers")
    ]
    bench.go_on(60)
    assert fault.fired == 2
    assert [write.fired for write in writes] == [0, 0, 0, 0]
    assert (count(bench), state(bench), told(bench)) == (1, "done", sales_order(bench).ref.display)


@pytest.mark.parametrize("kind", [FaultKind.UNAVAILABLE, FaultKind.THROTTLED, FaultKind.LOST_REPLY, FaultKind.BUG])
def test_a_shop_that_fails_when_it_is_told_leaves_one_order(bench: Bench, kind: FaultKind) -> None:
    fault = bench.store.faults.add(kind, "write_back")
    send(bench, samples.order())
    run_job(bench)
    assert (fault.fired, count(bench), state(bench)) == (1, 1, "ready")
    bench.go_on(60)
    assert (count(bench), state(bench), told(bench)) == (1, "done", sales_order(bench).ref.display)


def test_a_shop_that_answers_each_note_with_an_outage_is_the_one_that_is_paused(plain: Bench) -> None:
    """The ERP did all it was asked; pausing it would stop every other shop's orders."""
    for number in ("1001", "1002", "1003"):
        fault = plain.store.faults.refuse("write_back", number, down())
        send(plain, samples.order(number))
        run_job(plain, number)
        assert fault.fired == 1
    paused = {row["name"] for row in plain.rows("SELECT name FROM connections WHERE paused_at IS NOT NULL")}
    assert paused == {"shop"}


@pytest.mark.parametrize("operation", ["find_orders", "find_customers", "upsert_customers", "create_orders"])
@pytest.mark.parametrize("kind", [FaultKind.UNAVAILABLE, FaultKind.THROTTLED])
def test_an_erp_that_goes_down_in_the_middle_costs_time_and_nothing_else(
    bench: Bench, operation: str, kind: FaultKind
) -> None:
    fault = bench.erp.faults.add(kind, operation, times=4, seconds=20)
    send(bench, *[samples.order(str(n)) for n in range(1001, 1006)])
    bench.clock.advance(31)
    bench.go_on(300)
    assert fault.fired == 4
    for n in range(1001, 1006):
        assert (count(bench, str(n)), state(bench, str(n)), bench.job(str(n))["attempts"]) == (1, "done", 0)
    assert len(bench.erp.books.customers) == 1
    assert bench.letters() == []


def test_what_was_settled_before_the_erp_went_down_stays_settled(plain: Bench) -> None:
    send(plain, samples.order("1001", off_by="5"), samples.order("1002", test=True), samples.order("1003"))
    fault = plain.erp.faults.add(FaultKind.UNAVAILABLE, "create_orders")
    run_job(plain)
    assert fault.fired == 1
    assert [state(plain, n) for n in ("1001", "1002", "1003")] == ["dead", "skipped", "ready"]


def test_an_order_deleted_in_the_erp_after_it_was_sent_needs_a_person(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    bench.erp.books.orders.clear()
    send(bench, samples.order(version=9, note="ring twice"))
    run_job(bench)
    assert (state(bench), bench.letters()[0].code, count(bench)) == ("dead", "order-gone", 0)


def test_the_state_that_was_read_is_never_overwritten_by_an_older_delivery(bench: Bench) -> None:
    """A replay read the shop at its third version; the second version's delivery comes late, the third's never."""
    send(bench, samples.order(version=1))
    run_job(bench)
    latest = samples.order(version=3, note="third")
    bench.store.put(latest)
    operations.replay_job(bench.runtime, bench.job_id(), "ada")
    bench.go_on(20)
    assert sales_order(bench).order == latest
    second = samples.order(version=2, note="second")
    bench.receive(bench.delivery([change_of(second)], second))
    bench.go_on(20)
    assert sales_order(bench).order == latest


def test_the_ledger_remembers_which_is_which(bench: Bench) -> None:
    send(bench, samples.order())
    run_job(bench)
    made = sales_order(bench)
    links = {row["kind"]: row for row in bench.rows("SELECT * FROM links")}
    assert (links["order"]["source_id"], links["order"]["target_id"]) == ("1001", made.ref.target_id)
    assert links["order"]["display"] == made.ref.display
    assert links["order"]["noted_at"] == bench.clock.now()
    assert (links["customer"]["source_id"], links["customer"]["target_id"]) == ("77", made.customer_id)


def test_a_guest_customer_of_the_route_is_used_as_it_is(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(guest_customer=TargetId("1")))
    till = bench.erp.books.add_customer("the till", "Till")
    assert till.ref.target_id == "1"
    nobody = samples.KNOWN_CUSTOMER.model_copy(update={"source_id": None, "email": ""})
    send(bench, samples.order(customer=nobody))
    run_job(bench)
    assert sales_order(bench).customer_id == "1"
    assert list(bench.erp.books.customers) == ["1"]
    assert SourceId("1001") in bench.store.notes


@pytest.mark.parametrize(
    ("rules", "order", "code"),
    [
        (OrderRules(send_closed_orders=False), {"status": OrderStatus.CLOSED}, "closed-before-sent"),
        (OrderRules(orders_from=samples.PLACED_AT + timedelta(seconds=1)), {}, "before-start"),
        (OrderRules(currencies=("EUR", "GBP")), {"currency": "USD"}, "other-currency"),
    ],
)
def test_what_a_route_keeps_out_is_skipped_with_its_reason(
    make_bench: MakeBench, rules: OrderRules, order: dict[str, object], code: str
) -> None:
    bench = make_bench(rules)
    send(bench, samples.order("1001", **order))
    run_job(bench)
    assert (count(bench), state(bench), bench.job()["problem_code"]) == (0, "skipped", code)


def test_what_the_erp_has_follows_the_store_whatever_the_route_keeps_out(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(orders_from=samples.PLACED_AT, send_closed_orders=False))
    send(bench, samples.order())
    run_job(bench)
    edited = samples.order(version=9, note="ring twice", status=OrderStatus.CLOSED)
    send(bench, edited)
    run_job(bench)
    assert sales_order(bench).order == edited


def test_closed_orders_in_any_currency_are_sent_where_no_rule_says_otherwise(plain: Bench) -> None:
    send(plain, samples.order(status=OrderStatus.CLOSED, currency="USD"))
    run_job(plain)
    assert (count(plain), state(plain)) == (1, "done")


def test_a_line_of_a_deleted_product_gets_the_routes_sku_for_it(make_bench: MakeBench) -> None:
    bench = make_bench(OrderRules(product_gone_sku=Sku("MISC")))
    send(bench, samples.order(lines=(samples.line("MUG"), samples.line(""))))
    run_job(bench)
    assert [line.sku for line in sales_order(bench).order.lines] == ["MUG", "MISC"]


def test_an_order_that_the_store_closes_after_it_was_shipped_is_left_alone(bench: Bench) -> None:
    """The ERP would refuse to change what has been shipped; nothing of it is to be changed."""
    send(bench, samples.order())
    run_job(bench)
    bench.erp.books.ship(sales_order(bench).ref.target_id)
    send(bench, samples.order(version=9, status=OrderStatus.CLOSED, paid=True))
    run_job(bench)
    assert (state(bench), bench.letters()) == ("done", [])
    assert did(bench) == f"unchanged: {sales_order(bench).ref.display}"


@pytest.mark.parametrize(
    ("ability", "after"),
    [(Ability.AMEND_ORDERS, {"note": "ring twice"}), (Ability.CANCEL_ORDERS, CANCELLED)],
)
def test_what_the_erp_cannot_do_goes_to_a_person_and_holds_up_nobody(
    make_bench: MakeBench, ability: Ability, after: dict[str, object]
) -> None:
    sentence = "The ERP takes no changes; they are made there by hand."
    bench = make_bench(capabilities=Capabilities(order_batch=10, unique_references=True, missing={ability: sentence}))
    send(bench, samples.order("1001"))
    run_job(bench, "1001")
    send(bench, samples.order("1001", version=9, **after), samples.order("1002"))
    run_job(bench, "1001")
    assert (state(bench, "1001"), state(bench, "1002")) == ("dead", "done")
    assert told(bench, "1002") == sales_order(bench, "1002").ref.display
    (letter,) = bench.letters()
    assert sentence in letter.problem
    assert sales_order(bench, "1001").ref.display in letter.next_step
