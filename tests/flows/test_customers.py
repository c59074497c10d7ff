"""The ERP's customer of an order: one person, one record."""

import pytest

from erpsync.domain.parties import Customer
from erpsync.engine import operations
from erpsync.testing import samples
from erpsync.testing.barrier import Meeting, together
from erpsync.testing.bench import LEASE, Bench
from erpsync.testing.faults import FaultKind
from tests.flows.conftest import MakeBench
from tests.flows.sight import count, refused, run_job, sales_order, send, state


def customers(bench: Bench) -> list[str]:
    return [account.reference for account in bench.erp.books.customers.values()]


def test_two_orders_of_one_guest_in_one_batch_make_one_customer(bench: Bench) -> None:
    first = samples.order("1001", customer=samples.guest("Grace@Example.com "))
    second = samples.order("1002", customer=samples.guest("grace@example.com"))
    send(bench, first, second)
    run_job(bench)
    assert (state(bench, "1001"), state(bench, "1002")) == ("done", "done")
    assert len(customers(bench)) == 1
    assert sales_order(bench, "1001").customer_id == sales_order(bench, "1002").customer_id


def test_two_orders_of_one_account_make_one_customer_whenever_they_come(bench: Bench) -> None:
    send(bench, samples.order("1001"))
    run_job(bench, "1001")
    send(bench, samples.order("1002"), samples.order("1003"))
    run_job(bench, "1002")
    assert customers(bench) == ["shop-customer-77"]


def test_the_ledger_holds_no_e_mail_address_of_a_guest(bench: Bench) -> None:
    send(bench, samples.order(customer=samples.guest("grace@example.com")))
    run_job(bench)
    rows = [*bench.rows("SELECT * FROM links"), *bench.rows("SELECT * FROM jobs"), *bench.rows("SELECT * FROM runs")]
    assert "grace@example.com" not in str(rows)


def test_a_customer_that_the_erp_knows_by_address_is_used(bench: Bench) -> None:
    known = bench.erp.books.add_customer("made by hand", "Ada", "ADA@example.com")
    send(bench, samples.order())
    run_job(bench)
    assert sales_order(bench).customer_id == known.ref.target_id
    assert customers(bench) == ["made by hand"]


def test_our_own_reference_counts_for_more_than_an_address(bench: Bench) -> None:
    ours = bench.erp.books.add_customer("shop-customer-77", "Ada", "old@example.com")
    bench.erp.books.add_customer("somebody else's", "Ada", "ada@example.com")
    send(bench, samples.order())
    run_job(bench)
    assert sales_order(bench).customer_id == ours.ref.target_id


@pytest.mark.parametrize("survivor", [True, False])
def test_an_order_whose_customer_the_erp_has_no_longer_is_replayed_with_another(bench: Bench, survivor: bool) -> None:
    send(bench, samples.order("1001", customer=samples.guest("grace@example.com")))
    run_job(bench, "1001")
    merged = sales_order(bench, "1001").customer_id
    del bench.erp.books.customers[merged]
    if survivor:
        bench.erp.books.add_customer("", "Grace Hopper", "grace@example.com")

    send(bench, samples.order("1002", customer=samples.guest("grace@example.com")))
    run_job(bench, "1002")
    (letter,) = bench.letters()
    assert letter.code == "customer-gone"
    operations.replay_dead_letter(bench.runtime, letter.id, "an operator")
    run_job(bench, "1002")
    assert state(bench, "1002") == "done"
    (customer_id,) = bench.erp.books.customers
    assert sales_order(bench, "1002").customer_id == customer_id != merged


def test_an_address_that_two_customers_have_needs_a_person(bench: Bench) -> None:
    for name in ("Ada Lovelace", "Augusta King"):
        bench.erp.books.add_customer("", name, "ada@example.com")
    send(bench, samples.order("1001"), samples.order("1002", customer=samples.guest("grace@example.com")))
    run_job(bench, "1001")
    assert (state(bench, "1001"), state(bench, "1002"), count(bench)) == ("dead", "done", 0)
    assert bench.letters()[0].code == "ambiguous-customer"


def test_a_dead_letter_names_customers_by_their_ids_and_no_person(bench: Bench) -> None:
    ids = [
        bench.erp.books.add_customer("", name, "ada@example.com").ref.target_id
        for name in ("Ada Lovelace", "Augusta King")
    ]
    send(bench, samples.order())
    run_job(bench)
    (letter,) = bench.letters()
    for personal in ("Lovelace", "Augusta", "ada@"):
        assert personal not in letter.problem
    for target_id in ids:
        assert target_id in letter.problem


def test_an_order_of_nobody_needs_a_person_where_the_route_names_no_customer_for_it(bench: Bench) -> None:
    nobody = samples.KNOWN_CUSTOMER.model_copy(update={"source_id": None, "email": ""})
    send(bench, samples.order("1001", customer=nobody), samples.order("1002"))
    run_job(bench)
    assert (state(bench, "1001"), state(bench, "1002")) == ("dead", "done")
    (letter,) = bench.letters()
    assert letter.code == "no-customer"
    assert "guest_customer" in letter.next_step


def test_a_customer_that_the_erp_refuses_stops_its_own_order_only(bench: Bench) -> None:
    fault = bench.erp.faults.refuse("upsert_customers", "shop-customer-77", refused("no-country"))
    send(bench, samples.order("1001"), samples.order("1002", customer=samples.guest("grace@example.com")))
    run_job(bench)
    assert fault.fired == 1
    assert (state(bench, "1001"), state(bench, "1002")) == ("dead", "done")
    assert bench.letters()[0].code == "no-country"


def test_a_lost_reply_does_not_make_a_second_customer(bench: Bench) -> None:
    lost = bench.erp.faults.add(FaultKind.LOST_REPLY, "upsert_customers", seconds=bench.settle_seconds)
    send(bench, samples.order())
    run_job(bench)
    bench.go_on(200)
    assert lost.fired == 1
    assert (len(customers(bench)), count(bench), state(bench)) == (1, 1, "done")


def test_a_guest_and_an_account_of_one_address_are_one_customer_one_after_the_other(bench: Bench) -> None:
    send(bench, samples.order("1001", customer=samples.guest("ada@example.com")))
    run_job(bench, "1001")
    send(bench, samples.order("1002"))
    run_job(bench, "1002")
    assert len(customers(bench)) == 1


def test_a_guest_and_an_account_of_one_address_are_one_customer_in_one_batch_too(bench: Bench) -> None:
    send(bench, samples.order("1001", customer=samples.guest("ada@example.com")), samples.order("1002"))
    run_job(bench)
    assert (state(bench, "1001"), state(bench, "1002")) == ("done", "done")
    assert len(customers(bench)) == 1


@pytest.mark.parametrize("second", [samples.guest("ada@example.com"), samples.KNOWN_CUSTOMER], ids=["guest", "account"])
def test_two_workers_with_orders_of_one_person_make_one_customer(bench: Bench, second: Customer) -> None:
    """Both have looked for their orders before either goes on to the customer: one makes it, the other waits for that."""
    meeting = Meeting(2)
    bench.erp.faults.on_arrival = lambda operation: meeting.arrive() if operation == "find_orders" else None
    send(bench, samples.order("1001", customer=samples.guest("ada@example.com")))
    send(bench, samples.order("1002", customer=second))
    with bench.database.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET alone = true")
    for future in together(lambda: run_job(bench, "1001"), lambda: run_job(bench, "1002")):
        future.result()
    bench.erp.faults.on_arrival = None
    bench.go_on(60)
    assert (state(bench, "1001"), state(bench, "1002")) == ("done", "done")
    assert len(customers(bench)) == 1
    assert bench.rows("SELECT * FROM reservations") == []


def test_a_customer_that_the_erp_may_still_be_making_is_made_by_nobody_else(make_bench: MakeBench) -> None:
    """The reply is lost and the ERP commits a minute later; meanwhile another order of the buyer comes."""
    bench = make_bench(unique_references=False, settle_seconds=60)
    late = bench.erp.faults.add(FaultKind.LATE, "upsert_customers", seconds=60)
    send(bench, samples.order("1001"))
    run_job(bench, "1001")
    bench.clock.advance(5)
    send(bench, samples.order("1002", customer=samples.guest("ada@example.com")))
    run_job(bench, "1002")
    assert (late.fired, len(customers(bench)), state(bench, "1002")) == (1, 0, "ready")
    bench.go_on(300)
    assert (state(bench, "1001"), state(bench, "1002")) == ("done", "done")
    assert len(customers(bench)) == 1


@pytest.mark.parametrize("operation", ["upsert_customers", "create_orders"])
def test_what_a_dead_worker_may_have_sent_is_waited_out(make_bench: MakeBench, operation: str) -> None:
    """The worker dies in the call, at the very end of its lease, and the ERP commits a minute after that."""
    bench = make_bench(unique_references=False, settle_seconds=90)
    seconds = LEASE.total_seconds() + 60
    late = bench.erp.faults.add(FaultKind.KILLED_LATE, operation, seconds=seconds)
    bench.deliver(samples.order("1001"))
    bench.go_on(5)
    assert (late.fired, state(bench, "1001")) == (1, "running")
    bench.go_on(seconds + 120)
    assert (state(bench, "1001"), count(bench, "1001"), len(customers(bench))) == ("done", 1, 1)
