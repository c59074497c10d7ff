"""The adapter against a served account, once with the simulator's WSDL and once with Oracle's."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip, Transient
from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft, RecordRef
from erpsync.systems.netsuite import SPEC
from erpsync.systems.netsuite.simulator import NetSuiteSimulator, create
from tests.systems.netsuite.stand import (
    ADDRESS,
    MovableClock,
    World,
    customer_draft,
    eur,
    order,
    order_line,
    shipping_line,
)

PRICES = {"SKU-0001": Decimal("6.90"), "SKU-0002": Decimal("7.90")}


def test_an_order_arrives_with_everything_that_was_ordered(world: World) -> None:
    shipping = Address(
        company="Company",
        first_name="Customer",
        last_name="1",
        line1="Road 2",
        line2="Floor 3",
        city="City",
        region="California",
        region_code="CA",
        postal_code="90001",
        country="US",
    )
    placed = order(
        "#1001",
        order_line("SKU-0001", "2", "6.90", discount=eur("1.80")),
        order_line("SKU-0002", "1", "7.90"),
        shipping_lines=(shipping_line("4.90"),),
        tip=eur("1.50"),
        shipping=shipping,
        note="Leave it at the door",
    )

    [result] = world.erp().create_orders([world.draft(placed, "shop-1")]).values()

    [made] = world.orders()
    assert result == RecordRef(TargetId(made["internalId"]), made["tranId"])
    assert made["tranId"] == "SO1001"
    assert made["externalId"] == "shop-1"
    assert made["otherRefNum"] == "#1001"
    assert made["entity"] == world.customer_id
    assert made["memo"] == "Leave it at the door"
    assert made["currency"] == made["subsidiary"] == made["location"] == {"internalId": "1"}
    assert made["shipMethod"] == {"internalId": "3"}
    assert made["shippingAddress"] == {
        "country": "_unitedStates", "addressee": "Company", "attention": "Customer 1", "addr1": "Road 2",
        "addr2": "Floor 3", "city": "City", "state": "CA", "zip": "90001",
    }  # fmt: skip
    assert made["billingAddress"]["country"] == "_germany"
    assert [(line["item"], line["quantity"], line["rate"], line["amount"]) for line in made["lines"]] == [
        ("SKU-0001", "2", "6.9", "13.80"),
        ("Discount", "0", "-1.80", "-1.80"),
        ("SKU-0002", "1", "7.9", "7.90"),
        ("Tip", "1", "1.50", "1.50"),
    ]
    assert made["shippingCost"] == "4.90"
    assert made["total"] == "26.30"


def test_a_hundred_orders_go_in_one_call_and_one_bad_one_fails_alone(world: World) -> None:
    drafts = [world.draft(order(str(number), order_line(f"SKU-{number % 10 + 1:04}"))) for number in range(100)]
    drafts[41] = world.draft(order("41", order_line("SKU-9999")))

    results = world.erp().create_orders(drafts)

    refused = {reference: result for reference, result in results.items() if not isinstance(result, RecordRef)}
    assert list(refused) == ["shop-41"]
    assert len(world.orders()) == 99
    assert world.served.faulty.operations["upsertList:SalesOrder"] == 1
    # One search for each of the eleven SKUs, not one for each line.
    assert world.served.faulty.operations["search:Item"] == 11


def test_more_than_a_hundred_orders_take_more_than_one_call(world: World) -> None:
    results = world.erp().create_orders([world.draft(order(str(number))) for number in range(101)])

    assert all(isinstance(result, RecordRef) for result in results.values())
    assert len(world.orders()) == 101
    assert world.served.faulty.operations["upsertList:SalesOrder"] == 2


def test_one_refused_by_netsuite_fails_alone(world: World) -> None:
    good, bad = world.draft(order("1")), world.draft(order("2"))
    bad = type(bad)(bad.reference, bad.order, TargetId("99999"))

    results = world.erp().create_orders([good, bad])

    assert isinstance(results["shop-1"], RecordRef)
    refusal = results["shop-2"]
    assert isinstance(refusal, Rejected)
    assert refusal.code == "customer-gone"
    assert refusal.problem.record == "order #2"
    assert "entity 99999" in refusal.problem.what
    assert [made["externalId"] for made in world.orders()] == ["shop-1"]


def test_an_unknown_sku_names_itself_and_the_next_step(world: World) -> None:
    draft = world.draft(order("7", order_line(), order_line("SKU-9999")))

    refusal = world.erp().create_orders([draft])["shop-7"]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "unknown-sku"
    assert refusal.problem.record == "order #7, line 2"
    assert "SKU-9999" in refusal.problem.what
    assert "replay" in refusal.problem.next_step
    assert world.orders() == []


def test_an_item_made_after_the_refusal_is_found_at_once(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("7", order_line("SKU-9999")))
    assert isinstance(erp.create_orders([draft])["shop-7"], Rejected)

    world.simulator.books.add_item("SKU-9999", Decimal(1))

    assert isinstance(erp.create_orders([draft])["shop-7"], RecordRef)


def test_two_items_for_one_sku_are_ambiguous_until_one_is_inactive(world: World) -> None:
    twin = world.simulator.books.add_item("SKU-0001", Decimal(1))
    erp, draft = world.erp(), world.draft(order("7"))

    refusal = erp.create_orders([draft])["shop-7"]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "ambiguous-sku"
    assert twin.internal_id in refusal.problem.what
    twin.inactive = True
    assert isinstance(erp.create_orders([draft])["shop-7"], RecordRef)


def test_a_sku_is_not_taken_for_one_in_other_capitals(open_world: Callable[..., World]) -> None:
    world = open_world(NetSuiteSimulator(skus={"sku-0001": Decimal(1), **PRICES}, customers=1))

    world.erp().create_orders([world.draft(order("7", order_line("SKU-0001")))])

    assert [line["item"] for line in world.orders()[0]["lines"]] == ["SKU-0001"]


def test_a_search_is_read_to_its_last_page(open_world: Callable[..., World]) -> None:
    world = open_world()
    for number in range(150):
        world.simulator.books.add_item("sku-0001" if number % 2 else "Sku-0001", Decimal(1))

    result = world.erp().create_orders([world.draft(order("7", order_line("SKU-0001")))])["shop-7"]

    assert isinstance(result, RecordRef)
    assert world.served.faulty.operations["searchMoreWithId"] == 1


def test_an_items_id_is_remembered_for_ten_minutes(open_world: Callable[..., World]) -> None:
    clock = MovableClock()
    world = open_world(NetSuiteSimulator(skus=PRICES, customers=1, now=clock.now), clock)
    erp = world.erp()
    for number in ("1", "2"):
        erp.create_orders([world.draft(order(number))])
    assert world.served.faulty.operations["search:Item"] == 1

    clock.moved = timedelta(minutes=10, seconds=1)
    erp.create_orders([world.draft(order("3"))])

    assert world.served.faulty.operations["search:Item"] == 2


def test_an_item_that_netsuite_no_longer_knows_is_looked_up_again(world: World) -> None:
    erp = world.erp()
    erp.create_orders([world.draft(order("1"))])
    old = next(item for item in world.simulator.books.items.values() if item.sku == "SKU-0001")
    old.inactive = True
    world.simulator.books.add_item("SKU-0001", Decimal(1))

    first = erp.create_orders([world.draft(order("2"))])["shop-2"]
    second = erp.create_orders([world.draft(order("2"))])["shop-2"]

    assert isinstance(first, Rejected)
    assert isinstance(second, RecordRef)


def test_skus_that_are_external_ids_are_found_in_one_search(world: World) -> None:
    erp = world.erp(sku_field="external_id")
    lines = [order_line(f"SKU-{number:04}") for number in range(1, 21)]

    result = erp.create_orders([world.draft(order("7", *lines))])["shop-7"]

    assert isinstance(result, RecordRef)
    assert world.served.faulty.operations["search:Item"] == 1


def test_orders_are_found_by_reference_in_one_call(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1")), world.draft(order("2"))])
    world.served.faulty.operations.clear()

    found = erp.find_orders(["shop-1", "shop-2", "shop-3"])

    assert found == {"shop-1": (made["shop-1"],), "shop-2": (made["shop-2"],), "shop-3": ()}
    assert world.served.faulty.operations == {"getList:salesOrder by externalId": 1}


def test_nothing_to_do_asks_nothing(world: World) -> None:
    erp = world.erp()

    assert erp.find_orders([]) == erp.create_orders([]) == erp.amend_orders({}) == erp.cancel_orders([]) == {}
    assert erp.find_customers([]) == erp.upsert_customers([]) == {}
    assert world.served.faulty.operations == {}


def test_creating_again_under_a_reference_makes_no_second_order(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("1"))

    first, second = erp.create_orders([draft]), erp.create_orders([draft])

    assert first == second
    assert len(world.orders()) == 1
    assert len(world.orders()[0]["lines"]) == 1


def test_two_workers_at_once_make_one_order(open_world: Callable[..., World]) -> None:
    meeting = threading.Barrier(2, timeout=20)

    def meet(external_id: str) -> None:
        if external_id == "shop-1":
            meeting.wait()

    world = open_world(NetSuiteSimulator(skus=PRICES, customers=1, between=meet))
    draft = world.draft(order("1"))
    results: list[object] = []
    workers = [
        threading.Thread(target=lambda: results.append(world.erp().create_orders([draft])["shop-1"])) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert len(world.orders()) == 1
    won = [result for result in results if isinstance(result, RecordRef)]
    lost = [result for result in results if isinstance(result, Transient)]
    assert (len(won), len(lost)) == (1, 1)
    assert lost[0].code == "dup-rcrd"
    assert world.erp().create_orders([draft])["shop-1"] == won[0]
    assert len(world.orders()) == 1


def test_an_amended_order_equals_its_draft(world: World) -> None:
    erp = world.erp()
    before = order(
        "1",
        order_line("SKU-0001", "2"),
        order_line("SKU-0002", "1", "7.90"),
        note="First",
        shipping_lines=(shipping_line(),),
    )
    made = erp.create_orders([world.draft(before)])["shop-1"]
    assert isinstance(made, RecordRef)

    after = order("1", order_line("SKU-0002", "3", "7.90"), order_line("SKU-0003", "1", "8.90"))
    amended = erp.amend_orders({made.target_id: world.draft(after)})

    assert amended == {made.target_id: made}
    [kept] = world.orders()
    assert [(line["item"], line["quantity"]) for line in kept["lines"]] == [("SKU-0002", "3"), ("SKU-0003", "1")]
    assert kept["total"] == "32.60"
    assert kept["shippingCost"] == "0"
    assert "memo" not in kept


def test_amending_an_order_that_was_deleted_makes_no_new_one(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1"))])["shop-1"]
    assert isinstance(made, RecordRef)
    world.simulator.books.delete("salesOrder", {"externalId": "shop-1"})

    refusal = erp.amend_orders({made.target_id: world.draft(order("1"))})[made.target_id]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "rcrd-dsnt-exist"
    assert world.orders() == []


def test_an_order_that_was_shipped_cannot_lose_its_line(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1"))])["shop-1"]
    assert isinstance(made, RecordRef)
    world.simulator.ship(made.target_id, {"SKU-0001": Decimal(1)})

    refusal = erp.amend_orders({made.target_id: world.draft(order("1", order_line("SKU-0002")))})[made.target_id]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "cant-delete-line"
    assert [line["item"] for line in world.orders()[0]["lines"]] == ["SKU-0001"]


def test_an_amendment_keeps_the_lines_that_stay_with_what_was_shipped_of_them(world: World) -> None:
    erp = world.erp()
    before = order("1", order_line("SKU-0001", "2"), order_line("SKU-0002", "1", "7.90"))
    made = erp.create_orders([world.draft(before)])["shop-1"]
    assert isinstance(made, RecordRef)
    world.simulator.ship(made.target_id, {"SKU-0001": Decimal(1)})

    after = order("1", order_line("SKU-0001", "3"), order_line("SKU-0003", "1", "8.90"))
    amended = erp.amend_orders({made.target_id: world.draft(after)})

    assert amended == {made.target_id: made}
    lines = world.simulator.books.order(made.target_id).lines
    assert [(line.line, line.item.sku, line.quantity, line.fulfilled) for line in lines] == [
        (1, "SKU-0001", 3, 1),
        (3, "SKU-0003", 1, 0),
    ]


def test_closing_leaves_what_was_delivered_and_the_charges_to_be_billed(world: World) -> None:
    erp = world.erp()
    placed = order("1", order_line("SKU-0001", "2"), order_line("SKU-0002"), order_line("SKU-0003"), tip=eur("1"))
    made = erp.create_orders([world.draft(placed)])["shop-1"]
    assert isinstance(made, RecordRef)
    world.simulator.ship(made.target_id, {"SKU-0001": Decimal(1), "SKU-0002": Decimal(1)})

    first, second = erp.close_orders([made.target_id]), erp.close_orders([made.target_id])

    assert first == second == {made.target_id: made}
    [closed] = world.orders()
    assert [(line["item"], line["isClosed"]) for line in closed["lines"]] == [
        ("SKU-0001", True),
        ("SKU-0002", False),
        ("SKU-0003", True),
        ("Tip", False),
    ]
    assert world.served.faulty.operations["updateList:SalesOrder"] == 1


def test_closing_an_order_of_which_nothing_was_delivered_closes_all_of_it(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1", tip=eur("1")))])["shop-1"]
    assert isinstance(made, RecordRef)

    erp.close_orders([made.target_id])

    assert world.orders()[0]["status"] == "Closed"


def test_a_preview_is_what_would_be_sent_in_plain_values(world: World) -> None:
    shown: Any = world.erp().preview_order(world.draft(order("1", order_line(quantity="2"))))

    assert shown["externalId"] == "shop-1"
    assert shown["tranDate"] == "2026-11-20T12:30:00+00:00"
    assert shown["itemList"]["item"][0]["amount"] == "13.80"
    assert "upsertList:SalesOrder" not in world.served.faulty.operations


def test_cancelling_closes_every_line_and_is_the_same_twice(world: World) -> None:
    erp = world.erp()
    draft = world.draft(order("1", order_line(), order_line("SKU-0002"), tip=eur("1")))
    made = erp.create_orders([draft])["shop-1"]
    assert isinstance(made, RecordRef)

    first = erp.cancel_orders([made.target_id])
    second = erp.cancel_orders([made.target_id])

    assert first == second == {made.target_id: made}
    [closed] = world.orders()
    assert closed["status"] == "Closed"
    assert len(closed["lines"]) == 3
    assert all(line["isClosed"] for line in closed["lines"])
    assert world.served.faulty.operations["updateList:SalesOrder"] == 1


def test_a_shipped_order_is_not_cancelled(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1")), world.draft(order("2"))])
    shipped, open_ = made["shop-1"], made["shop-2"]
    assert isinstance(shipped, RecordRef)
    assert isinstance(open_, RecordRef)
    world.simulator.ship(shipped.target_id, {"SKU-0001": Decimal(1)})

    results = erp.cancel_orders([shipped.target_id, open_.target_id])

    refusal = results[shipped.target_id]
    assert isinstance(refusal, Rejected)
    assert refusal.code == "order-already-fulfilled"
    assert refusal.problem.record == "sales order SO1001"
    assert results[open_.target_id] == open_
    assert [kept["status"] for kept in world.orders()] == ["Pending Billing", "Closed"]


def test_cancelling_what_was_deleted_is_nothing_to_do(world: World) -> None:
    [result] = world.erp().cancel_orders([TargetId("424242")]).values()

    assert isinstance(result, Skip)


def test_a_customer_is_made_once_and_found_by_reference(world: World) -> None:
    erp, draft = world.erp(), customer_draft()
    assert erp.find_customers([draft]) == {"shop-customer-1": ()}

    made = erp.upsert_customers([draft])["shop-customer-1"]
    assert isinstance(made, RecordRef)
    erp.upsert_customers([draft])

    assert erp.find_customers([draft]) == {"shop-customer-1": (made,)}
    [record] = [c for c in world.served.records()["customers"] if c["externalId"] == "shop-customer-1"]
    assert (record["isPerson"], record["firstName"], record["lastName"]) == (True, "New", "Customer")
    assert record["email"] == "new@example.com"
    assert record["subsidiary"] == record["currency"] == {"internalId": "1"}
    [entry] = record["addressbookList"]["addressbook"]
    assert (entry["defaultBilling"], entry["defaultShipping"]) == (True, True)
    assert entry["addressbookAddress"]["addr1"] == "Street 1"


def test_an_update_leaves_the_address_book_to_the_people_in_netsuite(world: World) -> None:
    erp = world.erp()
    erp.upsert_customers([customer_draft()])

    erp.upsert_customers([customer_draft(phone="123", last_name="Renamed")])

    [record] = [c for c in world.served.records()["customers"] if c["externalId"]]
    assert (record["phone"], record["lastName"]) == ("123", "Renamed")
    assert len(record["addressbookList"]["addressbook"]) == 1


def test_a_customer_is_found_by_e_mail_address_whatever_its_capitals(world: World) -> None:
    drafts = [customer_draft("shop-customer-7", email="Customer-7@Example.com"), customer_draft("shop-customer-8")]

    found = world.erp().find_customers(drafts)

    seven = next(c for c in world.served.records()["customers"] if c["email"] == "customer-7@example.com")
    assert found["shop-customer-7"] == (RecordRef(TargetId(seven["internalId"]), "CUST1007"),)
    assert found["shop-customer-8"] == ()


def test_all_customers_with_one_address_are_told(world: World) -> None:
    world.simulator.books.add_customer({"isPerson": True, "lastName": "2", "email": "customer-1@example.com"})

    found = world.erp().find_customers([customer_draft(email="customer-1@example.com")])

    assert len(found["shop-customer-1"]) == 2


def test_a_buyer_without_an_address_is_not_searched_for(world: World) -> None:
    assert world.erp().find_customers([customer_draft(email="")]) == {"shop-customer-1": ()}
    assert "search:Customer" not in world.served.faulty.operations


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (Customer(email="c@example.com"), {"isPerson": True, "lastName": "c@example.com"}),
        (Customer(first_name="Only"), {"isPerson": True, "lastName": "Only"}),
        (Customer(company="Company"), {"isPerson": False, "companyName": "Company"}),
        (
            Customer(company="Company", first_name="A", last_name="B"),
            {"isPerson": True, "firstName": "A", "lastName": "B", "companyName": "Company"},
        ),
        (Customer(), {"isPerson": True, "lastName": "shop-customer-1"}),
    ],
)
def test_a_customer_has_the_name_that_netsuite_requires(
    world: World, customer: Customer, expected: dict[str, object]
) -> None:
    draft = CustomerDraft("shop-customer-1", customer, None, ADDRESS, "EUR")

    result = world.erp().upsert_customers([draft])["shop-customer-1"]

    assert isinstance(result, RecordRef)
    [record] = [c for c in world.served.records()["customers"] if c["externalId"]]
    assert {name: record[name] for name in expected} == expected


def test_the_spec_opens_what_the_registry_promises(tools: object) -> None:
    simulator = create()
    settings = SPEC.settings(**simulator.settings("http://127.0.0.1:1"))
    assert SPEC.open_erp is not None
    assert SPEC.open_simulator is not None

    assert SPEC.open_erp("netsuite", settings, tools)
    assert SPEC.open_simulator().records()["salesOrders"] == []
