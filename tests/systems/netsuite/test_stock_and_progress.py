"""Stock, customers, and what becomes of sales orders, as NetSuite tells it."""

from decimal import Decimal

import pytest

from erpsync.domain.errors import Unavailable
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.netsuite.simulator_records import Fulfilment, Package
from erpsync.testing.erp_contract import everything, progress_of
from erpsync.testing.erp_stock_contract import levels
from tests.systems.netsuite.stand import World, customer_draft, order, order_line


def made(world: World, number: str = "1", *skus: str) -> RecordRef:
    lines = [order_line(sku, "2") for sku in skus or ("SKU-0001",)]
    result = world.erp().create_orders([world.draft(order(number, *lines))])[f"shop-{number}"]
    assert isinstance(result, RecordRef)
    return result


def progress(world: World, watermark: str | None = None, **changes: object) -> list[OrderProgress]:
    return everything(world.erp(**changes).progress_changed, watermark)[0]


def test_a_location_that_holds_nothing_is_told_as_zero(world: World) -> None:
    world.simulator.put_stock("SKU-0001", "1", Decimal(7), Decimal(2))
    item = next(item for item in world.simulator.books.items.values() if item.sku == "SKU-0001")
    del item.stock["2"]

    told, _ = everything(world.erp().stock_levels)

    assert levels(told, "SKU-0001") == {"1": (7, 2), "2": (0, 0)}


def test_stock_of_all_locations_is_told_where_none_are_configured(world: World) -> None:
    assert set(levels(everything(world.erp(stock_locations="").stock_levels)[0], "SKU-0001")) == {"1", "2"}
    assert set(levels(everything(world.erp(stock_locations="2").stock_levels)[0], "SKU-0001")) == {"2"}


def test_what_is_promised_to_orders_is_reserved_until_it_is_shipped(world: World) -> None:
    world.simulator.put_stock("SKU-0001", "1", Decimal(10))
    ref = made(world)
    told, watermark = everything(world.erp().stock_levels)
    assert levels(told, "SKU-0001")["1"] == (10, 2)

    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)})

    assert levels(everything(world.erp().stock_levels, watermark)[0], "SKU-0001")["1"] == (8, 0)


def test_an_order_that_waits_for_approval_takes_from_what_is_free(world: World) -> None:
    """NetSuite commits nothing to it: what was sold would be on sale again."""
    world.simulator.put_stock("SKU-0001", "1", Decimal(10))
    draft = world.draft(order("1", order_line("SKU-0001", "2"), order_line("SKU-0002"), order_line("SKU-0001")))
    ref = world.erp(order_status="pending_approval").create_orders([draft])["shop-1"]
    assert isinstance(ref, RecordRef)
    sold = world.simulator.books.order(ref.target_id)
    assert sold.status == "_pendingApproval"
    assert sold.lines[0].item.stock["1"].committed == 0

    def told() -> tuple[int, int]:
        named = levels(world.erp().stock_of([Sku("SKU-0001")]), "SKU-0001")
        assert levels(everything(world.erp().stock_levels)[0], "SKU-0001") == named
        assert named["2"][1] == 0
        return named["1"]

    assert told() == (10, 3)
    world.simulator.books.change_order(sold, lambda order: setattr(order, "status", "_pendingFulfillment"))
    assert told() == (10, 3)
    world.erp().cancel_orders([ref.target_id])
    assert told() == (10, 0)


def test_orders_that_people_entered_take_what_netsuite_commits_to_them(world: World) -> None:
    world.simulator.put_stock("SKU-0001", "1", Decimal(10))
    draft = world.draft(order("1", order_line("SKU-0001", "2")))
    ref = world.erp(order_status="pending_approval").create_orders([draft])["shop-1"]
    assert isinstance(ref, RecordRef)
    world.simulator.books.order(ref.target_id).external_id = None

    assert levels(world.erp().stock_of([Sku("SKU-0001")]), "SKU-0001")["1"] == (10, 0)


def test_a_page_of_stock_is_four_requests(world: World) -> None:
    page = world.erp(page_size=100).stock_levels(Since())

    assert len(page.records) == 100
    asked = world.served.faulty.operations
    assert (asked["search:Item"], asked["getItemAvailability"], asked["search:Transaction"]) == (2, 1, 1)


def a_kit(world: World, **quantities: int) -> None:
    ids = {item.sku: item.internal_id for item in world.simulator.books.items.values()}
    members = [(ids[sku.replace("_", "-")], Decimal(quantity)) for sku, quantity in quantities.items()]
    world.simulator.books.add_item("KIT", Decimal(30), "KitItem", members=members)


def test_a_kit_is_as_many_as_its_scarcest_component_allows(world: World) -> None:
    a_kit(world, SKU_0001=2, SKU_0002=1)
    world.simulator.put_stock("SKU-0001", "1", Decimal(9), Decimal(3))
    world.simulator.put_stock("SKU-0002", "1", Decimal(7))
    world.simulator.put_stock("SKU-0001", "2", Decimal(100))
    world.simulator.put_stock("SKU-0002", "2", Decimal(0))

    told, watermark = everything(world.erp().stock_levels)

    assert levels(told, "KIT") == {"1": (4, 1), "2": (0, 0)}
    world.simulator.put_stock("SKU-0002", "2", Decimal(3))
    assert levels(everything(world.erp().stock_levels, watermark)[0], "KIT")["2"] == (3, 0)


def test_a_kit_that_is_asked_for_by_name_is_told_as_now_and_without_its_components(world: World) -> None:
    a_kit(world, SKU_0001=2, SKU_0002=1)
    world.simulator.put_stock("SKU-0001", "1", Decimal(9), Decimal(3))
    world.simulator.put_stock("SKU-0002", "1", Decimal(7))

    told = world.erp().stock_of([Sku("KIT")])

    assert {level.sku for level in told} == {"KIT"}
    assert levels(told, "KIT")["1"] == (4, 1)


def test_many_names_are_found_among_all_items_and_few_by_a_search_each(world: World) -> None:
    """Though NetSuite names no order of its results."""
    for number in range(1200):
        world.simulator.books.add_item(f"MORE-{number}", Decimal(1))
    world.simulator.soap.searches.scrambled = True
    world.simulator.put_stock("MORE-1199", "1", Decimal(4))
    asked = world.served.faulty.operations

    told = world.erp().stock_of([Sku(f"MORE-{number}") for number in range(1000, 1200)])

    assert {level.sku for level in told} == {f"MORE-{number}" for number in range(1000, 1200)}
    assert levels(told, "MORE-1199") == {"1": (4, 0), "2": (0, 0)}
    assert 1 < asked["search:Item"] < 40
    assert asked["getItemAvailability"] == 1
    before = asked["search:Item"]
    world.erp().stock_of([Sku(f"MORE-{number}") for number in range(5)])
    assert asked["search:Item"] - before == 5 + 2


def test_a_component_that_is_no_goods_limits_no_kit(world: World) -> None:
    world.simulator.books.add_item("ADVICE", Decimal(1), "ServiceSaleItem")
    a_kit(world, SKU_0001=1, ADVICE=1)
    world.simulator.put_stock("SKU-0001", "1", Decimal(5))

    assert levels(everything(world.erp().stock_levels)[0], "KIT")["1"] == (5, 0)


def test_services_and_charges_have_no_stock(world: World) -> None:
    world.simulator.books.add_item("ADVICE", Decimal(1), "ServiceSaleItem")

    told: list[StockLevel] = everything(world.erp().stock_levels)[0]

    assert not {"ADVICE", "Tip", "Tax"} & {str(level.sku) for level in told}


def test_packages_of_every_list_are_parcels(world: World) -> None:
    ref = made(world, "1", "SKU-0001", "SKU-0002")
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}, carrier="UPS", number="1Z999")
    world.simulator.ship(ref.target_id, {"SKU-0002": Decimal(1)}, carrier="DHL Paket", number="00340")
    world.simulator.ship(ref.target_id, {"SKU-0002": Decimal(1)})

    shipments = progress_of(progress(world), ref).fulfilments

    told = [[(parcel.carrier, parcel.number) for parcel in shipment.parcels] for shipment in shipments]
    assert told == [[("UPS", "1Z999")], [("DHL Paket", "00340")], []]


def test_a_tracking_number_that_comes_later_is_told(world: World) -> None:
    ref = made(world)
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}, seconds_ago=3600)
    world.simulator.books.order(ref.target_id).modified_at -= (
        world.simulator.books.now() - world.simulator.books.order(ref.target_id).created_at
    )
    _, watermark = everything(world.erp().progress_changed)
    [shipment] = world.simulator.books.fulfilments.values()

    shipment.packages.append(Package("00340"))
    shipment.modified_at = world.simulator.books.now()

    [told] = progress_of(progress(world, watermark), ref).fulfilments
    assert [parcel.number for parcel in told.parcels] == ["00340"]


def test_what_is_only_picked_or_packed_has_not_left(world: World) -> None:
    ref = made(world)
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    [shipment] = world.simulator.books.fulfilments.values()

    for status, count in (("_picked", 0), ("_packed", 0), ("_shipped", 1)):
        shipment.status = status
        assert len(progress_of(progress(world), ref).fulfilments) == count


def test_a_fulfilment_of_something_else_than_a_sales_order_tells_nothing(world: World) -> None:
    books = world.simulator.books
    now = books.now()
    books.fulfilments["77"] = Fulfilment("77", "IF77", "4242", now, now, [], [])

    assert progress(world) == []


def test_a_transfer_order_that_is_asked_for_as_a_sales_order_stops_no_page(world: World) -> None:
    """NetSuite may say that there is none, or that it is of another type."""
    books = world.simulator.books
    now = books.now()
    books.fulfilments["77"] = Fulfilment("77", "IF77", "4242", now, now, [], [])
    version = world.settings().endpoint_version
    core, messages = (f"urn:{name}_{version}.platform.webservices.netsuite.com" for name in ("core", "messages"))
    refused = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<getListResponse xmlns="{messages}"><readResponseList><status xmlns="{core}" isSuccess="true"/><readResponse>'
        f'<status xmlns="{core}" isSuccess="false"><statusDetail type="ERROR"><code>INVALID_TRANS_TYP</code>'
        "<message>Transaction type specified is incorrect.</message></statusDetail></status>"
        "</readResponse></readResponseList></getListResponse></e:Body></e:Envelope>"
    ).encode()
    fault = world.served.faulty.add(Fault(FaultKind.STATUS, "getList.*", status=200, body=refused))

    assert progress(world) == []
    assert fault.fired == 1


def test_an_order_that_cannot_be_understood_stops_no_other(world: World) -> None:
    good, bad = made(world, "1"), made(world, "2")
    world.simulator.invoice(good.target_id)
    world.simulator.invoice(bad.target_id)
    list(world.simulator.books.invoices.values())[1].currency_id = "3"

    page = world.erp(currencies="EUR=1").progress_changed(Since())

    assert [order.order_id for order in page.records] == [good.target_id]
    [problem] = page.unreadable
    assert problem.code == "currency-not-mapped"
    assert "`currencies`" in problem.problem.next_step


def test_a_deleted_sales_order_is_told_as_cancelled(world: World) -> None:
    ref = made(world)
    _, watermark = everything(world.erp().progress_changed)
    world.simulator.books.delete("salesOrder", {"internalId": ref.target_id})

    [told] = progress(world, watermark)

    assert (told.order_id, told.reference, told.state) == (ref.target_id, "shop-1", ErpOrderState.CANCELLED)


def test_every_status_has_its_state(world: World) -> None:
    ref = made(world)
    order_ = world.simulator.books.order(ref.target_id)
    expected = {
        "_pendingApproval": "open",
        "_pendingFulfillment": "open",
        "_partiallyFulfilled": "part-shipped",
        "_pendingBillingPartFulfilled": "part-shipped",
        "_pendingBilling": "shipped",
        "_fullyBilled": "invoiced",
        "_closed": "closed",
        "_cancelled": "cancelled",
    }
    for status, state in expected.items():
        order_.status = status
        assert progress_of(progress(world), ref).state == state


def test_a_status_that_is_not_known_is_told_as_such(world: World) -> None:
    ref = made(world)
    world.simulator.books.order(ref.target_id).status = "_undefined"

    page = world.erp().progress_changed(Since())

    assert [problem.code for problem in page.unreadable] == ["order-status-unknown"]


def test_skus_of_what_was_shipped_are_asked_for_once(world: World) -> None:
    ref = made(world, "1", "SKU-0001", "SKU-0002")
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1), "SKU-0002": Decimal(1)})
    erp = world.erp()
    world.served.faulty.operations.clear()

    for _ in range(2):
        erp.progress_changed(Since())

    assert world.served.faulty.operations["search:Item"] == 1


def test_a_customer_is_told_with_the_groups_of_its_category(world: World) -> None:
    draft = customer_draft(groups=("trade",), company="Works")
    groups = {"customer_groups": "trade=2, private=1"}
    ref = world.erp(**groups).upsert_customers([draft])["shop-customer-1"]
    assert isinstance(ref, RecordRef)

    told = {one.ref.target_id: one for one in everything(world.erp(**groups).customers_changed)[0]}

    found = told[ref.target_id]
    assert (found.reference, found.customer.groups, found.active) == ("shop-customer-1", ("trade",), True)
    assert (found.customer.company, found.customer.email) == ("Works", "new@example.com")
    assert [one.reference for one in told.values() if one.ref.target_id != ref.target_id] == [""] * 10


def test_a_customer_without_a_group_gets_the_default_category(world: World) -> None:
    world.erp(default_customer_group="1").upsert_customers([customer_draft(groups=("unknown",))])

    [record] = [c for c in world.served.records()["customers"] if c["externalId"]]
    assert record["category"] == {"internalId": "1"}


def test_a_deleted_customer_is_told_as_inactive(world: World) -> None:
    _, watermark = everything(world.erp().customers_changed)
    world.simulator.books.delete("customer", {"internalId": world.customer_id})
    gone = next(iter(world.simulator.books.deleted)).internal_id

    told = [one for one in everything(world.erp().customers_changed, watermark)[0] if one.ref.target_id == gone]

    assert [(one.ref.target_id, one.active) for one in told] == [(TargetId(gone), False)]


def test_a_read_that_is_cut_off_goes_on_where_it_was(world: World) -> None:
    erp = world.erp(page_size=10)
    page = erp.products_changed(Since())
    fault = world.served.faulty.add(Fault(FaultKind.REFUSE, "search:Item"))
    following = Since(page.watermark, page.cursor)

    with pytest.raises(Unavailable):
        erp.products_changed(following)
    again = erp.products_changed(following)

    assert fault.fired == 1
    assert not {one.id for one in again.records} & {one.id for one in page.records}
    assert len(again.records) == 10
