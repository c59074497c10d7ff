"""What F&O tells: customers, products, prices, stock and the progress of orders."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from erpsync.domain.errors import Unavailable
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import Sku
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.erp_contract import everything
from tests.systems.dynamics.finance_operations.stand import MovableClock, World, an_order, line, world


def told(fo: World, watermark: str | None = None, **changes: object) -> dict[str, OrderProgress]:
    return {one.order_id: one for one in everything(fo.erp(**changes).progress_changed, watermark)[0]}


def test_variants_are_told_with_their_options(fo: World) -> None:
    controls = fo.simulator.controls
    controls.release("SHIRT", "Shirt", ProductSubType="ProductMaster", NetProductWeight=Decimal("0.25"))
    controls.add_variant("SHIRT", "SHIRT-M", "Shirt M", ProductSizeId="M", ProductColorId="Red")
    controls.add_variant("SHIRT", "SHIRT-L", "Shirt L", ProductSizeId="L", ProductColorId="Red")
    products = {str(one.id): one for one in everything(fo.erp().products_changed)[0]}
    assert products["SHIRT"].options == ("Size", "Color")
    assert {one.sku: one.options for one in products["SHIRT"].variants} == {
        "SHIRT-M": ("M", "Red"),
        "SHIRT-L": ("L", "Red"),
    }
    assert products["SHIRT"].variants[0].weight_grams == 250


def test_pages_are_whole_and_cost_two_requests_each(fo: World) -> None:
    erp = fo.erp(page_size=20)
    first = erp.products_changed(Since())
    calls = sum(fo.served.faulty.operations.values())
    second = erp.products_changed(Since(first.watermark, first.cursor))
    assert sum(fo.served.faulty.operations.values()) - calls == 2
    assert (len(first.records), len(second.records)) == (20, 20)
    assert {one.id for one in first.records}.isdisjoint(one.id for one in second.records)


def test_a_page_that_f_and_o_cuts_is_read_to_its_end(tmp_path: Path) -> None:
    with world(tmp_path, max_page=7) as fo:
        products, _ = everything(fo.erp().products_changed)
        assert len({one.id for one in products if one.id.startswith("SKU-00")}) == 50


def test_products_of_other_companies_are_not_told(fo: World) -> None:
    fo.simulator.controls.release("ELSEWHERE", "Thing", company="frrt")
    assert "ELSEWHERE" not in {one.id for one in everything(fo.erp().products_changed)[0]}


def test_a_product_past_its_last_day_is_inactive(fo: World) -> None:
    fo.simulator.controls.release("OLD", "Old", SellEndDate="2020-01-01T12:00:00Z")
    [old] = [one for one in everything(fo.erp().products_changed)[0] if one.id == "OLD"]
    assert not old.active


def test_trade_agreements_come_before_the_items_own_price(fo: World) -> None:
    controls = fo.simulator.controls
    controls.put_price("SKU-0001", Decimal("11.00"))
    controls.put_agreement("SKU-0001", Decimal("9.00"))
    controls.put_agreement("SKU-0001", Decimal("8.00"), FromQuantity=Decimal(10))
    controls.put_agreement("SKU-0001", Decimal("7.50"), PriceCustomerGroupCode="WEB")
    controls.put_agreement("SKU-0001", Decimal("70.0"), SalesPriceQuantity=Decimal(10), PriceCustomerGroupCode="WEB")
    for unusable in (
        {"PriceApplicableToDate": "2020-01-01T12:00:00Z"},
        {"PriceApplicableFromDate": "2999-01-01T12:00:00Z"},
        {"PriceWarehouseId": "11"},
        {"CustomerAccountNumber": "US-001"},
        {"PriceCustomerGroupCode": "OTHERS"},
    ):
        controls.put_agreement("SKU-0001", Decimal("0.01"), **unusable)
    prices = [one for one in everything(fo.erp().prices_changed)[0] if one.sku == "SKU-0001"]
    assert sorted((one.price_list, int(one.minimum_quantity), int(one.price.amount)) for one in prices) == [
        ("", 1, 9),
        ("", 10, 8),
        ("WEB", 1, 7),
    ]


def test_a_price_for_ten_is_told_for_one(fo: World) -> None:
    fo.simulator.controls.release("PENS", "Pens", SalesPrice=Decimal("25"), SalesPriceQuantity=Decimal(10))
    [price] = [one for one in everything(fo.erp().prices_changed)[0] if one.sku == "PENS"]
    assert (price.price.amount, price.price.currency, price.unit) == (Decimal("2.5"), "EUR", "ea")


def test_stock_of_variants_and_of_all_warehouses(fo: World) -> None:
    controls = fo.simulator.controls
    controls.put_stock("SKU-0001", "12", Decimal(5), Decimal(2))
    levels = [one for one in everything(fo.erp(stock_locations="").stock_levels)[0] if one.sku == "SKU-0001"]
    assert sorted((one.location, int(one.on_hand), int(one.reserved)) for one in levels) == [("11", 0, 0), ("12", 5, 2)]
    only = [one.location for one in everything(fo.erp(stock_locations="12").stock_levels)[0] if one.sku == "SKU-0001"]
    assert only == ["12"]


def test_what_orders_still_have_to_get_is_promised_though_f_and_o_reserves_nothing(fo: World) -> None:
    def told() -> list[tuple[int, int]]:
        levels = fo.erp(stock_locations="11").stock_of([Sku("SKU-0001")])
        assert levels == [
            one for one in everything(fo.erp(stock_locations="11").stock_levels)[0] if one.sku == "SKU-0001"
        ]
        return [(int(one.on_hand), int(one.reserved)) for one in levels]

    controls = fo.simulator.controls
    controls.put_stock("SKU-0001", "11", Decimal(10), Decimal(3))
    ref = fo.make(an_order("1", line("SKU-0001", "4")))
    assert told() == [(10, 3 + 4)]
    controls.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    assert told() == [(9, 3 + 3)]
    fo.erp().close_orders([ref.target_id])
    assert told() == [(9, 3)]


def test_what_is_promised_without_a_warehouse_counts_at_the_first_that_is_told(fo: World) -> None:
    fo.simulator.controls.put_stock("SKU-0001", "12", Decimal(10))
    fo.make(an_order("1", line("SKU-0001", "4")), warehouse="")
    for locations, first in (("12, 11", "12"), ("", "11")):
        levels = fo.erp(stock_locations=locations).stock_of([Sku("SKU-0001")])
        assert {one.location: int(one.reserved) for one in levels} == {"11": 0, "12": 0, first: 4}


def test_stock_of_a_named_variant_is_told_alone(fo: World) -> None:
    controls = fo.simulator.controls
    controls.release("SHIRT", "Shirt", ProductSubType="ProductMaster")
    for size in ("M", "L"):
        controls.add_variant("SHIRT", f"SHIRT-{size}", f"Shirt {size}", ProductSizeId=size)
    asked = [Sku("SHIRT-M"), Sku("SHIRT"), Sku("SHIRT-XL"), Sku("sku-0001")]
    told = [(one.sku, one.location) for one in fo.erp(stock_locations="").stock_of(asked)]
    assert told == [("SHIRT-M", "11"), ("SHIRT-M", "12")]


def test_a_bad_row_stops_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as fo:
        fo.simulator.controls.release("BAD", "Bad", SellEndDate="not a date")
        page = fo.erp().products_changed(Since())
        assert len(page.records) > 50
        [error] = page.unreadable
        assert error.problem.record == "released product BAD"


def test_an_invoice_after_the_watermark_brings_its_order_back(fo: World) -> None:
    ref = fo.make(an_order("late"))
    fo.simulator.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)}, carrier="DHL")
    _, watermark = everything(fo.erp().progress_changed)
    fo.simulator.controls.invoice(ref.target_id)
    found = told(fo, watermark)[ref.target_id]
    assert found.state is ErpOrderState.INVOICED
    assert [one.total.amount for one in found.invoices] == [an_order("late").total.amount]


def test_an_order_on_another_orders_invoice_is_told_with_its_shipment(fo: World) -> None:
    ref = fo.make(an_order("joint"))
    _, watermark = everything(fo.erp().progress_changed)
    fo.simulator.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)}, number="00340")
    fo.simulator.controls.invoice(ref.target_id, in_name_of="SO-OTHER")
    found = told(fo, watermark, order_reference_patterns="shop-*")[ref.target_id]
    assert found.state is ErpOrderState.INVOICED
    assert [parcel.number for parcel in found.fulfilments[0].parcels] == ["00340"]


def test_orders_that_were_over_long_ago_are_not_read_again(fo: World, clock: MovableClock) -> None:
    ref = fo.make(an_order("old"))
    fo.simulator.controls.invoice(ref.target_id)
    clock.moved = timedelta(days=200)
    assert ref.target_id not in told(fo)


def test_an_order_cancelled_by_hand_is_told(fo: World) -> None:
    hand, ours = fo.make(an_order("hand")), fo.make(an_order("ours"))
    fo.simulator.controls.cancel_by_hand(hand.target_id)
    fo.erp().cancel_orders([ours.target_id])
    states = {number: one.state for number, one in told(fo).items()}
    assert states == {hand.target_id: ErpOrderState.CANCELLED, ours.target_id: ErpOrderState.CANCELLED}


def test_old_orders_that_are_stopped_are_read_again_only_when_they_go_on(fo: World, clock: MovableClock) -> None:
    ours, waiting, open_ = (fo.make(an_order(name)).target_id for name in ("ours", "waiting", "open"))
    fo.erp().cancel_orders([ours])
    fo.simulator.controls.stop(waiting)
    states = {number: one.state for number, one in told(fo).items()}
    assert states == {ours: ErpOrderState.CANCELLED, waiting: ErpOrderState.OPEN, open_: ErpOrderState.OPEN}

    clock.moved = timedelta(days=91)
    assert set(told(fo)) == {open_}
    with pytest.raises(ValueError, match="not processed"):
        fo.simulator.controls.ship(waiting, {"SKU-0001": Decimal(2)})

    fo.simulator.controls.stop(waiting, stopped=False)
    fo.simulator.controls.ship(waiting, {"SKU-0001": Decimal(2)})
    states = {number: one.state for number, one in told(fo).items()}
    assert states == {waiting: ErpOrderState.PART_SHIPPED, open_: ErpOrderState.OPEN}


def test_only_orders_like_the_patterns_are_told(fo: World) -> None:
    ref = fo.make(an_order("ours"))
    assert set(told(fo, order_reference_patterns="shop-*, web-*")) == {ref.target_id}
    assert told(fo, order_reference_patterns="web-*") == {}


def test_progress_goes_on_from_its_cursor_in_another_process(fo: World) -> None:
    refs = {fo.make(an_order(str(number))).target_id for number in range(7)}
    page = fo.erp(page_size=3).progress_changed(Since())
    seen = [*page.records]
    while page.cursor is not None:
        page = fo.erp(page_size=3).progress_changed(Since(page.watermark, page.cursor))
        seen += page.records
    assert {one.order_id for one in seen} == refs


def test_shipments_name_variants_and_leave_out_charges(fo: World) -> None:
    controls = fo.simulator.controls
    controls.release("SHIRT", "Shirt", ProductSubType="ProductMaster")
    controls.add_variant("SHIRT", "SHIRT-M", "Shirt M", ProductSizeId="M")
    ref = fo.make(an_order("shirt", line("SHIRT-M", "2")))
    controls.ship(ref.target_id, {"SHIRT": Decimal(2)}, carrier="DHL", number="00340")
    [shipment] = told(fo)[ref.target_id].fulfilments
    assert [(one.sku, int(one.quantity)) for one in shipment.lines] == [(Sku("SHIRT-M"), 2)]
    assert [(one.carrier, one.number) for one in shipment.parcels] == [("DHL", "00340")]


def test_customers_are_told_a_page_at_a_time(fo: World) -> None:
    for number in range(5):
        fo.simulator.controls.put_customer(f"Ada Byron{number}", f"ada{number}@example.com")
    customers, _ = everything(fo.erp(page_size=2).customers_changed)
    assert len({one.ref.target_id for one in customers}) == len(customers) == 6
    assert {one.reference for one in customers} == {""}


def test_a_read_that_is_cut_off_is_unavailability(fo: World) -> None:
    fo.fail(r"GET ReleasedProductsV2", FaultKind.REFUSE)
    with pytest.raises(Unavailable):
        fo.erp().products_changed(Since())
