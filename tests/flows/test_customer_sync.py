"""Accounts of the shop in the ERP: one person, one record, kept as the shop last told it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.parties import Address, Customer
from erpsync.engine import operations, polling
from erpsync.engine.polling import FIRST_LOOK_BACK
from erpsync.flows import history
from erpsync.flows.context import CustomerRules
from erpsync.ports.backfill import Past
from erpsync.ports.store_records import StoreCustomer
from erpsync.testing import samples
from erpsync.testing.barrier import Flag, together
from erpsync.testing.bench import LEASE, SHOP, Bench
from erpsync.testing.books import Account
from erpsync.testing.faults import FaultKind
from tests.engine.pasts import shown
from tests.flows.conftest import MakeBench
from tests.flows.sight import refused, run_job, sales_order, send

EVERYONE = CustomerRules(everyone=True, currency="EUR")
HOME = Address(first_name="Ada", last_name="Lovelace", line1="St James's Square 12", country="GB")


@pytest.fixture(params=[True, False], ids=["unique references", "no unique references"])
def bench(request: pytest.FixtureRequest, database: Engine) -> Bench:
    """Where every account is sent."""
    unique = bool(request.param)
    return Bench(database, unique_references=unique, settle_seconds=0 if unique else 60, customer_rules=EVERYONE)


@pytest.fixture
def open_shop(make_bench: MakeBench) -> Bench:
    """Where every account is sent, and the ERP makes no difference."""
    return make_bench(customer_rules=EVERYONE)


def tell(bench: Bench, source_id: str = "77", *, earlier: float = 0.0, **changes: Any) -> None:
    """The shop has that account, of Ada unless `changes` say otherwise, as of so many seconds before now."""
    fields = {"source_id": source_id, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
    customer = Customer.model_validate(fields | changes)
    at = bench.clock.now() - timedelta(seconds=earlier)
    bench.store.shop.customers[SourceId(source_id)] = StoreCustomer(customer, HOME, HOME, at)
    bench.store.touch("customer", source_id)


def poll(bench: Bench) -> polling.Polled:
    """As beat does, some minutes after the last time."""
    bench.clock.advance(300)
    polled = polling.poll(bench.runtime, SHOP, "customers")
    bench.work()
    return polled


def accounts(bench: Bench) -> list[Account]:
    return list(bench.erp.books.customers.values())


def one(bench: Bench) -> Account:
    [account] = accounts(bench)
    return account


def ended(bench: Bench, source_id: str = "77") -> tuple[str, str | None]:
    """How the account's job stands, and the code of why."""
    [row] = [row for row in jobs(bench) if row["source_id"] == source_id]
    return row["state"], row["problem_code"]


def jobs(bench: Bench) -> list[Any]:
    return list(bench.rows("SELECT * FROM jobs WHERE flow = 'customers' ORDER BY source_id"))


def ordered(bench: Bench, source_id: str = "1001", customer: Customer = samples.KNOWN_CUSTOMER) -> None:
    """An order that the ERP has."""
    send(bench, samples.order(source_id, customer=customer))
    run_job(bench, source_id)


# -- who is sent


def test_an_account_becomes_a_customer(bench: Bench) -> None:
    tell(bench, phone="+44 20 1", company="Analytical Engines")
    assert poll(bench).moved == 1
    assert (one(bench).reference, one(bench).customer.company) == ("shop-customer-77", "Analytical Engines")
    assert ended(bench) == ("done", None)


def test_who_has_not_ordered_is_not_sent_and_not_even_kept_unless_the_route_says_so(plain: Bench) -> None:
    tell(plain)
    assert poll(plain).moved == 0
    assert (accounts(plain), plain.rows("SELECT * FROM inbox"), jobs(plain)) == ([], [], [])


def test_a_buyer_is_kept_up_to_date(plain: Bench) -> None:
    ordered(plain)
    tell(plain, last_name="King")
    poll(plain)
    assert (one(plain).reference, one(plain).customer.last_name) == ("shop-customer-77", "King")
    assert ended(plain) == ("done", None)


def test_a_guest_who_made_an_account_is_one_record_and_kept_up_to_date(plain: Bench) -> None:
    ordered(plain, customer=samples.guest("Ada@Example.com"))
    made = one(plain).ref
    tell(plain, last_name="King")
    poll(plain)
    tell(plain, last_name="Byron", email="ada@elsewhere.example")
    poll(plain)
    assert (one(plain).ref, one(plain).customer.last_name) == (made, "Byron")
    ordered(plain, "1002")
    assert sales_order(plain, "1002").customer_id == made.target_id


def test_who_has_ordered_for_another_erp_only_is_no_buyer_of_this_one(plain: Bench) -> None:
    ordered(plain)
    with plain.database.begin() as connection:
        connection.exec_driver_sql("UPDATE links SET target = 'elsewhere'")
    tell(plain, last_name="King")
    poll(plain)
    assert ended(plain) == ("skipped", "no-buyer")
    assert one(plain).customer.last_name == "Lovelace"


def test_nobody_is_made_of_an_account_without_name_and_address(open_shop: Bench) -> None:
    tell(open_shop, email="", first_name="", last_name="")
    poll(open_shop)
    assert (ended(open_shop), accounts(open_shop)) == (("skipped", "nameless-customer"), [])


def test_who_is_deleted_in_the_shop_stays_in_the_erp(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    open_shop.store.shop.customers.clear()
    poll(open_shop)
    assert one(open_shop).reference == "shop-customer-77"


# -- what is written


def test_what_is_told_again_by_the_overlap_is_not_run_again(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    open_shop.store.touch("customer", "77")
    again = poll(open_shop)
    assert (again.read, again.moved, len(open_shop.rows("SELECT * FROM runs"))) == (1, 0, 1)


def test_a_change_of_nothing_that_is_written_costs_the_erp_nothing(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    at = dict(open_shop.erp.books.changed_at)
    down = open_shop.erp.faults.add(FaultKind.UNAVAILABLE, times=None)
    tell(open_shop)
    assert poll(open_shop).moved == 1
    assert (ended(open_shop), down.fired, open_shop.erp.books.changed_at) == (("done", None), 0, at)


def test_what_an_order_has_made_is_not_written_again_where_the_account_says_the_same(plain: Bench) -> None:
    send(plain, samples.order("1001", billing=HOME, shipping=HOME))
    run_job(plain)
    at = plain.erp.books.changed_at["customer", one(plain).ref.target_id]
    tell(plain)
    poll(plain)
    assert ended(plain) == ("done", None)
    assert plain.erp.books.changed_at["customer", one(plain).ref.target_id] == at


def test_a_later_order_does_not_change_the_account(open_shop: Bench) -> None:
    """Whom it names is whom that parcel went to."""
    tell(open_shop, phone="+44 20 1")
    poll(open_shop)
    ordered(open_shop, customer=samples.KNOWN_CUSTOMER.model_copy(update={"first_name": "Annabella"}))
    tell(open_shop, phone="+44 20 1")
    poll(open_shop)
    assert (one(open_shop).customer.first_name, one(open_shop).customer.phone) == ("Ada", "+44 20 1")


def test_an_older_state_that_comes_late_is_not_written(open_shop: Bench) -> None:
    tell(open_shop, last_name="King")
    poll(open_shop)
    tell(open_shop, earlier=3600, last_name="Byron")
    assert poll(open_shop).moved == 0
    assert one(open_shop).customer.last_name == "King"


def test_of_two_states_of_one_second_the_one_told_last_counts(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    tell(open_shop, earlier=300, last_name="King")
    assert poll(open_shop).moved == 1
    assert one(open_shop).customer.last_name == "King"


def test_one_bad_account_stops_itself_alone_and_is_replayed_as_it_was_told_last(open_shop: Bench) -> None:
    refusal = open_shop.erp.faults.refuse("upsert_customers", "shop-customer-78", refused("no-country"), times=1)
    tell(open_shop)
    tell(open_shop, "78", email="grace@example.com", first_name="Grace", last_name="Hopper")
    poll(open_shop)
    assert refusal.fired == 1
    assert (ended(open_shop), ended(open_shop, "78")) == (("done", None), ("dead", "no-country"))
    operations.replay_dead_letter(open_shop.runtime, open_shop.letters()[0].id, "ada")
    open_shop.work()
    assert ended(open_shop, "78") == ("done", None)
    assert {account.customer.last_name for account in accounts(open_shop)} == {"Lovelace", "Hopper"}


def test_what_is_not_kept_any_more_says_how_to_hear_of_it_again(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    with open_shop.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    operations.replay_job(open_shop.runtime, jobs(open_shop)[0]["id"], "ada")
    open_shop.work()
    assert ended(open_shop) == ("dead", "customer-not-kept")
    assert "backfill customers" in open_shop.letters()[0].next_step


def test_no_table_but_the_inbox_holds_anything_of_a_person(open_shop: Bench) -> None:
    open_shop.erp.books.add_customer("", "Somebody Else", "grace@example.com")
    open_shop.erp.books.add_customer("", "Somebody Else", "grace@example.com")
    tell(open_shop, phone="+44 20 1")
    tell(open_shop, "78", email="grace@example.com", first_name="Grace", last_name="Hopper")
    poll(open_shop)
    tables = ("jobs", "runs", "links", "dead_letters", "reservations", "checkpoints")
    kept = str([open_shop.rows(f"SELECT * FROM {table}") for table in tables])  # noqa: S608 - names of tables
    for personal in ("Lovelace", "Ada", "+44", "example.com", "Grace", "Hopper", "Somebody", "James"):
        assert personal not in kept


# -- whose record it is


def test_a_customer_that_the_erp_s_people_have_made_is_linked_and_left_to_them(open_shop: Bench) -> None:
    theirs = open_shop.erp.books.add_customer("by hand", "Countess of Lovelace", "ada@example.com")
    tell(open_shop)
    poll(open_shop)
    assert (one(open_shop), ended(open_shop)) == (theirs, ("skipped", "made-by-others"))
    ordered(open_shop)
    assert sales_order(open_shop).customer_id == theirs.ref.target_id


def test_an_address_that_two_customers_have_needs_a_person(open_shop: Bench) -> None:
    for name in ("Ada Lovelace", "Augusta King"):
        open_shop.erp.books.add_customer("", name, "ada@example.com")
    tell(open_shop)
    poll(open_shop)
    assert ended(open_shop) == ("dead", "ambiguous-customer")
    assert len(accounts(open_shop)) == 2


def test_a_reference_that_two_customers_bear_needs_a_person(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    open_shop.erp.books.add_customer("shop-customer-77", "Ada's double")
    tell(open_shop, last_name="King")
    poll(open_shop)
    assert ended(open_shop) == ("dead", "customer-twice")
    assert {account.customer.last_name for account in accounts(open_shop)} == {"Lovelace", "Ada's double"}


def test_a_record_that_a_merge_has_taken_our_reference_to_is_the_customer_from_then_on(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    books = open_shop.erp.books
    survivor = books.add_customer("by hand", "Ada Lovelace")
    del books.customers[one_with(open_shop, "shop-customer-77").ref.target_id]
    books.customers[survivor.ref.target_id] = replace(survivor, reference="shop-customer-77")
    tell(open_shop, last_name="King")
    poll(open_shop)
    ordered(open_shop)
    assert (one(open_shop).customer.last_name, sales_order(open_shop).customer_id) == ("King", survivor.ref.target_id)


def test_a_record_of_ours_that_is_gone_needs_a_person_and_goes_on_as_the_one_that_gets_its_reference(
    open_shop: Bench,
) -> None:
    """The ERP's people have merged it into one of their own, and the reference was lost."""
    tell(open_shop)
    poll(open_shop)
    books = open_shop.erp.books
    books.customers.clear()
    survivor = books.add_customer("by hand", "Ada Lovelace")
    tell(open_shop, last_name="King")
    poll(open_shop)
    assert ended(open_shop) == ("dead", "customer-gone")
    (letter,) = open_shop.letters()
    assert "give the reference shop-customer-77 to" in letter.next_step
    books.customers[survivor.ref.target_id] = replace(survivor, reference="shop-customer-77")
    operations.replay_dead_letter(open_shop.runtime, letter.id, "ada")
    open_shop.work()
    ordered(open_shop)
    assert (one(open_shop).customer.last_name, sales_order(open_shop).customer_id) == ("King", survivor.ref.target_id)


def one_with(bench: Bench, reference: str) -> Account:
    [account] = [account for account in accounts(bench) if account.reference == reference]
    return account


def test_two_accounts_of_one_address_are_one_record_that_the_first_alone_changes(open_shop: Bench) -> None:
    tell(open_shop, "77")
    tell(open_shop, "78", last_name="King")
    poll(open_shop)
    first, other = ("77", "78") if one(open_shop).reference == "shop-customer-77" else ("78", "77")
    assert one(open_shop).customer.last_name == {"77": "Lovelace", "78": "King"}[first]
    assert (ended(open_shop, first), ended(open_shop, other)) == (("done", None), ("skipped", "made-by-others"))


def test_two_accounts_of_one_guest_are_written_one_after_the_other(plain: Bench) -> None:
    ordered(plain, customer=samples.guest("ada@example.com"))
    tell(plain, "77")
    tell(plain, "78", last_name="King")
    poll(plain)
    plain.go_on(120)
    assert (ended(plain, "77"), ended(plain, "78")) == (("done", None), ("done", None))
    [later] = plain.rows(
        "SELECT j.source_id FROM runs r JOIN jobs j ON j.id = r.job_id WHERE r.problem_code = 'customer-under-way'"
    )
    assert one(plain).customer.last_name == {"77": "Lovelace", "78": "King"}[later["source_id"]]


# -- once, whatever happens


@pytest.mark.parametrize("kind", [FaultKind.LOST_REPLY, FaultKind.LATE])
def test_a_lost_reply_makes_no_second_customer(bench: Bench, kind: FaultKind) -> None:
    lost = bench.erp.faults.add(kind, "upsert_customers", seconds=bench.settle_seconds)
    tell(bench)
    poll(bench)
    bench.go_on(300)
    assert (lost.fired, len(accounts(bench)), ended(bench)) == (1, 1, ("done", None))


def test_a_lost_reply_to_a_change_is_made_good(bench: Bench) -> None:
    tell(bench)
    poll(bench)
    lost = bench.erp.faults.add(FaultKind.LOST_REPLY, "upsert_customers", seconds=bench.settle_seconds)
    tell(bench, last_name="King")
    poll(bench)
    bench.go_on(300)
    assert (lost.fired, one(bench).customer.last_name, ended(bench)) == (1, "King", ("done", None))


@pytest.mark.parametrize("kind", [FaultKind.KILLED_BEFORE, FaultKind.KILLED_AFTER, FaultKind.KILLED_LATE])
def test_a_worker_that_dies_in_the_call_leaves_one_customer(bench: Bench, kind: FaultKind) -> None:
    killed = bench.erp.faults.add(kind, "upsert_customers", seconds=bench.settle_seconds)
    tell(bench)
    poll(bench)
    bench.go_on(2 * LEASE.total_seconds() + 300)
    assert (killed.fired, len(accounts(bench)), ended(bench)) == (1, 1, ("done", None))
    assert bench.rows("SELECT * FROM reservations") == []


@pytest.mark.parametrize("buyer", [samples.KNOWN_CUSTOMER, samples.guest("ada@example.com")], ids=["account", "guest"])
def test_an_order_and_its_account_at_the_same_time_make_one_customer(bench: Bench, buyer: Customer) -> None:
    """The one is looking for the customer when the other is about to: that one waits until the first has done."""
    send(bench, samples.order("1001", customer=buyer))
    tell(bench)
    bench.clock.advance(300)
    polling.poll(bench.runtime, SHOP, "customers")
    bench.wake.lose_everything()
    looks = count()
    other = Flag("the other's run")

    def hold(operation: str) -> None:
        if operation == "find_customers":
            other.hoist() if next(looks) else other.wait()

    def work(source_id: str) -> None:
        run_job(bench, source_id)
        other.hoist()

    bench.erp.faults.on_arrival = hold
    for future in together(lambda: work("1001"), lambda: work("77")):
        future.result()
    bench.erp.faults.on_arrival = None
    assert [row["code"] for row in bench.rows("SELECT problem_code AS code FROM runs WHERE outcome = 'wait'")] == [
        "customer-under-way"
    ]
    bench.go_on(120)
    assert ended(bench) == ("done", None)
    assert sales_order(bench).customer_id == one(bench).ref.target_id
    assert bench.rows("SELECT * FROM reservations") == []


# -- what was there before


def begun(bench: Bench, *, dry_run: bool = False) -> int:
    past = Past("customers", SHOP, None, None, bench.clock.now() + timedelta(seconds=1))
    windows = history.windows(past)
    return operations.start_backfill(bench.runtime, past, windows, dry_run=dry_run, concurrency=4, actor="ada")


def many(bench: Bench, count: int) -> None:
    """Accounts that are older than what a first poll looks back."""
    for number in range(count):
        tell(bench, str(number), email=f"buyer-{number}@example.com", last_name=f"Buyer {number}")
    bench.clock.advance(FIRST_LOOK_BACK.total_seconds() + 3600)


def test_a_backfill_sends_every_account_once_whatever_the_erp_has_already(bench: Bench) -> None:
    many(bench, 25)
    send(bench, samples.order(customer=Customer(source_id=SourceId("3"), email="buyer-3@example.com")))
    run_job(bench)
    for _ in range(2):
        backfill_id = begun(bench)
        bench.work()
        bench.go_on(60)
    assert (shown(bench, backfill_id).state, {row["state"] for row in jobs(bench)}) == ("done", {"done"})
    assert sorted(account.reference for account in accounts(bench)) == sorted(f"shop-customer-{n}" for n in range(25))
    assert one_with(bench, "shop-customer-3").customer.last_name == "Buyer 3"


def test_a_backfill_after_a_poll_writes_nothing_again(open_shop: Bench) -> None:
    tell(open_shop)
    poll(open_shop)
    at = dict(open_shop.erp.books.changed_at)
    open_shop.clock.advance(60)
    begun(open_shop)
    open_shop.work()
    assert (ended(open_shop), len(open_shop.rows("SELECT * FROM runs"))) == (("done", None), 2)
    assert open_shop.erp.books.changed_at == at


def test_a_dry_run_tells_how_many_there_are_and_how_many_the_erp_has(open_shop: Bench) -> None:
    many(open_shop, 5)
    send(open_shop, samples.order(customer=Customer(source_id=SourceId("3"), email="buyer-3@example.com")))
    run_job(open_shop)
    backfill_id = begun(open_shop, dry_run=True)
    open_shop.work()
    progress = shown(open_shop, backfill_id)
    assert (progress.read, progress.known, progress.moved, jobs(open_shop)) == (5, 1, 0, [])


def test_a_backfill_of_buyers_leaves_everybody_else_alone(plain: Bench) -> None:
    many(plain, 5)
    send(plain, samples.order(customer=Customer(source_id=SourceId("3"), email="buyer-3@example.com")))
    run_job(plain)
    begun(plain)
    plain.work()
    assert [row["source_id"] for row in jobs(plain)] == ["3"]
    assert one(plain).customer.last_name == "Buyer 3"
    assert one(plain).ref.target_id == TargetId(sales_order(plain).customer_id)
