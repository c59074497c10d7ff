"""What erpsync reads of NetSuite by SuiteQL: everything that changed, once at least, in whatever time zone."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from erpsync.domain.errors import Unavailable
from erpsync.domain.fulfilments import ErpOrderState
from erpsync.domain.ids import Sku, TargetId
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite.rest_adapter import NetSuiteRestErp
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_records import Package
from tests.systems.netsuite.rest_stand import Account, account
from tests.systems.netsuite.stand import MovableClock, order, order_line

T = TypeVar("T")
PRICES = {f"SKU-{number:04}": Decimal(number) for number in range(1, 4)}
EIGHT_HOURS = 8 * 3600


@pytest.fixture
def ours(tools: Tools) -> Iterator[Account]:
    with account(tools, NetSuiteSimulator(skus=PRICES, customers=2)) as opened:
        yield opened


def read(ask: Callable[[Since], Page[T]], watermark: str | None = None) -> tuple[list[T], Page[T]]:
    """All pages' records, and the last page."""
    page = ask(Since(watermark))
    records = list(page.records)
    while page.cursor is not None:
        page = ask(Since(watermark, page.cursor))
        records += page.records
    return records, page


def ordered(erp: NetSuiteRestErp, ours: Account, number: str = "1", *lines: object) -> TargetId:
    one = order(number, *(lines or (order_line(),)))  # type: ignore[arg-type]
    made = erp.create_orders([ours.draft(one)])[f"shop-{number}"]
    assert isinstance(made, RecordRef)
    return made.target_id


@pytest.mark.parametrize("hours", [-11.0, -8.0, 0.0, 5.75, 14.0])
def test_whatever_the_accounts_time_zone_only_what_changed_is_told(tools: Tools, hours: float) -> None:
    clock = MovableClock()
    simulator = NetSuiteSimulator(skus=PRICES, customers=2, now=clock.now)
    with account(tools, simulator, clock, utc_offset=timedelta(hours=hours)) as ours:
        simulator.put_customer("Long Ago", "long-ago@example.com", seconds_ago=3 * 3600)
        erp = ours.erp()
        _, first = read(erp.customers_changed)
        clock.moved = timedelta(hours=2)
        simulator.put_customer("Just Now", "just-now@example.com")
        changed, _ = read(ours.erp().customers_changed, first.watermark)

        emails = [one.customer.email for one in changed]
        assert "just-now@example.com" in emails
        assert "long-ago@example.com" not in emails


def test_a_change_that_was_stamped_before_the_last_read_and_committed_after_it_is_told(ours: Account) -> None:
    erp = ours.erp()
    _, first = read(erp.customers_changed)
    ours.simulator.put_customer("Late Comer", "late@example.com", seconds_ago=14 * 60)

    changed, _ = read(erp.customers_changed, first.watermark)

    assert "late@example.com" in [one.customer.email for one in changed]


def test_an_account_without_customers_is_read_too(tools: Tools) -> None:
    with account(tools, NetSuiteSimulator(skus=PRICES)) as ours:
        erp = ours.erp()
        products, first = read(erp.products_changed)
        ours.simulator.put_product("SKU-0002", "Renamed")

        changed, _ = read(erp.products_changed, first.watermark)

        assert len(products) == 3
        assert "Renamed" in [product.title for product in changed]


def test_rows_that_change_while_pages_are_read_neither_shift_nor_hide_others(ours: Account) -> None:
    for number in range(12):
        ours.simulator.put_customer(f"Customer {number}", f"c{number}@example.com")
    erp = ours.erp(page_size=5)
    page = erp.customers_changed(Since(None))
    told = [one.customer.email for one in page.records]
    for number in range(12):
        ours.simulator.put_customer(f"Moved {number}", f"c{number}@example.com")
    ours.simulator.put_customer("New One", "new@example.com")
    while page.cursor is not None:
        # Another process goes on.
        page = ours.erp(page_size=5).customers_changed(Since(None, page.cursor))
        told += [one.customer.email for one in page.records]

    assert {f"c{number}@example.com" for number in range(12)} | {"new@example.com"} <= set(told)
    assert len(told) == len(set(told))


def test_every_page_of_a_read_has_the_watermark_of_its_start(ours: Account) -> None:
    for number in range(12):
        ours.simulator.put_customer(f"Customer {number}", f"c{number}@example.com")
    erp = ours.erp(page_size=5)

    first = erp.customers_changed(Since(None))
    second = erp.customers_changed(Since(None, first.cursor))

    assert first.watermark == second.watermark


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '["2026-01-01T00:00:00+00:00", "x", 7, false]', "7"])
def test_a_cursor_of_another_transport_reads_everything_from_the_start(ours: Account, cursor: str) -> None:
    records, page = read(lambda since: ours.erp().customers_changed(Since(since.watermark, since.cursor or cursor)))

    assert len(records) == 2
    assert page.watermark


def test_a_watermark_of_the_other_transport_is_understood(ours: Account) -> None:
    _, by_soap = read(ours.soap().customers_changed)
    ours.simulator.put_customer("Just Now", "just-now@example.com")

    changed, _ = read(ours.erp().customers_changed, by_soap.watermark)

    assert "just-now@example.com" in [one.customer.email for one in changed]


def test_customers_have_the_groups_of_the_store(ours: Account) -> None:
    customer = next(iter(ours.simulator.books.customers.values()))
    customer.values["category"] = {"internalId": "2"}

    records, _ = read(ours.erp(customer_groups={"wholesale": "2", "trade": "2", "retail": "1"}).customers_changed)

    assert [set(one.customer.groups) for one in records] == [{"wholesale", "trade"}, set()]


def test_items_that_stand_for_charges_and_those_without_sku_are_no_products(ours: Account) -> None:
    service = ours.simulator.books.add_item("Gift wrapping", Decimal(3), "NonInventorySaleItem")
    nameless = ours.simulator.books.add_item("Nameless", Decimal(3))
    nameless.external_id = None

    erp = ours.erp(fee_item=service.internal_id, sku_field="external_id")

    for found in (
        {variant.sku for product in read(erp.products_changed)[0] for variant in product.variants},
        {price.sku for price in read(erp.prices_changed)[0]},
        {level.sku for level in read(erp.stock_levels)[0]},
    ):
        assert found == set(PRICES)


def test_a_matrix_item_is_one_product_however_little_of_it_changed(ours: Account) -> None:
    books = ours.simulator.books
    parent = books.add_item("SHIRT", Decimal(20), matrix="_parent", title="Shirt")
    for size in ("S", "M", "L"):
        books.add_item(
            f"SHIRT-{size}", Decimal(20), matrix="_child", parent_id=parent.internal_id, title=f"Shirt {size}"
        )
    erp = ours.erp()
    _, first = read(erp.products_changed)
    for item in books.items.values():
        books.touch(item, 24 * 3600)
    books.touch(next(item for item in books.items.values() if item.sku == "SHIRT-M"))

    changed, _ = read(erp.products_changed, first.watermark)

    [shirt] = changed
    assert (shirt.id, shirt.title, shirt.options) == (parent.internal_id, "Shirt", ("Variant",))
    assert [(one.sku, one.options) for one in shirt.variants] == [
        ("SHIRT-S", ("Shirt S",)),
        ("SHIRT-M", ("Shirt M",)),
        ("SHIRT-L", ("Shirt L",)),
    ]
    assert Sku("SHIRT") not in {price.sku for price in read(erp.prices_changed)[0]}


def test_prices_of_all_levels_currencies_and_quantities_come_in_pages_without_a_gap(ours: Account) -> None:
    for item in ours.simulator.books.items.values():
        if item.sku in PRICES:
            for level in ("1", "2", "5"):
                for currency in ("1", "2", "3"):
                    item.prices[(level, currency)] = [(Decimal(0), Decimal(9)), (Decimal(10), Decimal("8.50"))]
    erp = ours.erp(page_size=5, price_lists="Wholesale", currencies={"EUR": "1", "USD": "2"})

    prices, _ = read(erp.prices_changed)

    keys = [(one.sku, one.price_list, one.price.currency, one.minimum_quantity) for one in prices]
    assert len(keys) == len(set(keys)) == 3 * 2 * 2 * 2
    assert {one.price_list for one in prices} == {"", "Wholesale"}
    assert {(one.minimum_quantity, one.price.amount) for one in prices} == {
        (Decimal(1), Decimal(9)),
        (Decimal(10), Decimal("8.50")),
    }


def test_a_price_list_that_is_not_there_stops_prices_and_says_which(ours: Account) -> None:
    with pytest.raises(Unavailable) as refused:
        ours.erp(price_lists="Nobody's").prices_changed(Since(None))

    assert "Nobody's" in refused.value.problem.what
    assert "price_lists" in refused.value.problem.next_step


def test_stock_is_told_of_configured_locations_zero_included_else_of_the_places_there_are(ours: Account) -> None:
    item = next(item for item in ours.simulator.books.items.values() if item.sku == "SKU-0001")
    del item.stock["2"]

    configured, _ = read(ours.erp(stock_locations="1, 2").stock_levels)
    places, _ = read(ours.erp(stock_locations="").stock_levels)

    assert [one.on_hand for one in configured if one.sku == "SKU-0001"] == [Decimal(500), Decimal(0)]
    assert [one.location for one in places if one.sku == "SKU-0001"] == ["1"]
    assert len(configured) == len(places) + 1 == 6
    named = [Sku("SKU-0001"), Sku("sku-0002"), Sku("Nobody's")]
    assert [one.on_hand for one in ours.erp(stock_locations="1, 2").stock_of(named)] == [Decimal(500), Decimal(0)]
    assert [one.location for one in ours.erp(stock_locations="").stock_of(named)] == ["1"]


def test_an_order_that_waits_for_approval_takes_from_what_is_free_by_both_transports(ours: Account) -> None:
    line = order_line("SKU-0001", "2")
    order_id = ordered(ours.erp(order_status="pending_approval"), ours, "1", line, order_line("SKU-0001"))
    by_people = ordered(ours.erp(order_status="pending_approval"), ours, "2", line)
    ours.simulator.books.order(by_people).external_id = None
    sold = ours.simulator.books.order(order_id)
    assert {sold.status, ours.simulator.books.order(by_people).status} == {"_pendingApproval"}

    def reserved() -> list[tuple[str, Decimal]]:
        rest, soap = ours.erp().stock_of([Sku("SKU-0001")]), ours.soap().stock_of([Sku("SKU-0001")])
        assert rest == soap == [level for level in read(ours.erp().stock_levels)[0] if level.sku == "SKU-0001"]
        return [(level.location, level.reserved) for level in rest]

    assert reserved() == [("1", 3), ("2", 0)]
    ours.simulator.books.change_order(sold, lambda order: setattr(order, "status", "_pendingFulfillment"))
    assert reserved() == [("1", 3), ("2", 0)]
    ours.erp().cancel_orders([order_id])
    assert reserved() == [("1", 0), ("2", 0)]


def test_stock_is_told_by_external_id_where_that_is_the_sku(ours: Account) -> None:
    item = next(item for item in ours.simulator.books.items.values() if item.sku == "SKU-0001")
    item.external_id = "MUG"

    for erp in (ours.erp(sku_field="external_id"), ours.soap(sku_field="external_id")):
        assert {one.sku for one in erp.stock_of([Sku("MUG"), Sku("SKU-0001")])} == {"MUG"}


def test_both_transports_tell_the_same(ours: Account) -> None:
    rest, soap = ours.erp(price_lists="Wholesale"), ours.soap(price_lists="Wholesale")
    order_id = ordered(rest, ours, "1", order_line("SKU-0001", "2"), order_line("SKU-0002", "1", "7.90"))
    ours.simulator.ship(order_id, {"SKU-0001": Decimal(2)}, carrier="UPS", number="1Z-1")
    ours.simulator.invoice(order_id)

    assert read(rest.customers_changed)[0] == read(soap.customers_changed)[0]
    assert sorted(read(rest.prices_changed)[0], key=repr) == sorted(read(soap.prices_changed)[0], key=repr)
    assert sorted(read(rest.stock_levels)[0], key=repr) == sorted(read(soap.stock_levels)[0], key=repr)
    by_rest = [product.model_dump(exclude={"changed_at"}) for product in read(rest.products_changed)[0]]
    by_soap = [product.model_dump(exclude={"changed_at"}) for product in read(soap.products_changed)[0]]
    assert by_rest == by_soap
    [one], [other] = read(rest.progress_changed)[0], read(soap.progress_changed)[0]
    assert (one.order_id, one.reference, one.state) == (other.order_id, other.reference, other.state)
    assert [(f.id, f.lines, f.parcels) for f in one.fulfilments] == [
        (f.id, f.lines, f.parcels) for f in other.fulfilments
    ]
    assert [(i.id, i.number, i.total) for i in one.invoices] == [(i.id, i.number, i.total) for i in other.invoices]


def test_a_tracking_number_that_is_added_later_tells_the_order_again(ours: Account) -> None:
    erp = ours.erp()
    order_id = ordered(erp, ours)
    ours.simulator.ship(order_id, {"SKU-0001": Decimal(1)}, seconds_ago=EIGHT_HOURS)
    books = ours.simulator.books
    books.touch(books.order(order_id), EIGHT_HOURS)
    _, first = read(erp.progress_changed)
    assert read(erp.progress_changed, first.watermark)[0] == []
    [fulfilment] = books.fulfilments.values()
    fulfilment.packages.append(Package("1Z-LATER"))
    fulfilment.modified_at = books.now()

    [again], _ = read(erp.progress_changed, first.watermark)

    assert [parcel.number for one in again.fulfilments for parcel in one.parcels] == ["1Z-LATER"]


def test_what_is_only_picked_or_packed_has_not_left(ours: Account) -> None:
    erp = ours.erp()
    order_id = ordered(erp, ours)
    ours.simulator.ship(order_id, {"SKU-0001": Decimal(1)})
    [fulfilment] = ours.simulator.books.fulfilments.values()
    fulfilment.status = "_packed"

    [told], _ = read(erp.progress_changed)

    assert told.fulfilments == ()


def test_a_row_that_is_not_understood_stops_no_other(ours: Account) -> None:
    erp = ours.erp(currencies={"EUR": "1"})
    first, second, third, fourth = (ordered(erp, ours, number) for number in ("1", "2", "3", "4"))
    ours.simulator.books.order(first).status = "_closed"
    ours.simulator.invoice(second)
    [invoice] = ours.simulator.books.invoices.values()
    invoice.currency_id = "2"

    ours.simulator.ship(fourth, {"SKU-0001": Decimal(1)})
    [fulfilment] = ours.simulator.books.fulfilments.values()
    fulfilment.lines = [(line, item, None) for line, item, _ in fulfilment.lines]  # type: ignore[misc]

    records, page = read(erp.progress_changed)

    assert [one.order_id for one in records] == [first, third]
    assert records[0].state is ErpOrderState.CLOSED
    assert [error.code for error in page.unreadable] == ["currency-not-mapped", "row-unreadable"]
    assert "currencies" in page.unreadable[0].problem.next_step
    assert fourth in page.unreadable[1].problem.record
    assert "quantity" in page.unreadable[1].problem.what


def test_a_role_that_may_not_read_stops_the_read_and_says_what_it_lacks(ours: Account) -> None:
    ours.simulator.denied.add("item")

    with pytest.raises(Unavailable) as refused:
        ours.erp().stock_levels(Since(None))

    assert refused.value.code == "permission-missing"
    assert "Items" in refused.value.problem.next_step
