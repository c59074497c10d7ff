"""What SAP tells: products, prices, stock, and what becomes of orders."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import ErpOrderState
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.pages import Since
from erpsync.testing.erp_contract import an_order, everything, written
from erpsync.testing.erp_stock_contract import levels
from tests.systems.sap.odata.stand import System

AGES_AGO = datetime(2021, 1, 1, tzinfo=UTC)


def test_a_product_has_its_weight_and_is_inactive_by_the_statuses_that_say_so(sap: System) -> None:
    sap.simulator.change("A_Product", {"Product": "SKU-0002", "CrossPlantStatus": "Z9", "WeightUnit": "G"})
    told, _ = everything(sap.erp(inactive_statuses="Z9").products_changed)
    products = {product.id: product for product in told}
    assert products["SKU-0001"].variants[0].weight_grams == 500  # type: ignore[index]
    assert products["SKU-0001"].active  # type: ignore[index]
    assert products["SKU-0002"].variants[0].weight_grams == Decimal("0.5")  # type: ignore[index]
    assert not products["SKU-0002"].active  # type: ignore[index]


def test_products_of_other_sales_areas_are_not_told(sap: System) -> None:
    assert everything(sap.erp(distribution_channel="20").products_changed)[0] == []


def test_a_price_that_begins_today_is_told_though_its_record_is_old(sap: System) -> None:
    erp = sap.erp()
    _, watermark = everything(erp.prices_changed)
    today = sap.simulator.now().date()
    sap.simulator.masters.price("SKU-0004", Decimal("8.88"), at=AGES_AGO, starts=today)
    sap.simulator.masters.price("SKU-0005", Decimal("7.77"), at=AGES_AGO, starts=today + timedelta(days=1))
    told = {price.sku: price for price in everything(erp.prices_changed, watermark)[0]}

    assert told["SKU-0004"].price == Money(amount=Decimal("8.88"), currency="EUR")  # type: ignore[index]
    assert "SKU-0005" not in told


def test_prices_of_a_price_list_are_told_where_it_is_named(sap: System) -> None:
    sap.simulator.masters.price("SKU-0001", Decimal("5.00"), at=AGES_AGO, price_list="01")
    sap.simulator.masters.price("SKU-0001", Decimal("6.00"), at=AGES_AGO, price_list="02")
    told = [price for price in everything(sap.erp(price_lists="01").prices_changed)[0] if price.sku == "SKU-0001"]
    assert {(price.price_list, price.price.amount) for price in told} == {("", 10), ("01", 5)}


def test_scales_are_prices_from_a_quantity_on(sap: System) -> None:
    record = sap.rows("A_SlsPrcgCndnRecdValidity", Material="SKU-0006")[0]["ConditionRecord"]
    for at, (quantity, rate) in enumerate((("1", "10.00"), ("10", "9.00"))):
        sap.simulator.put_row(
            "A_SlsPrcgCndnRecordScale",
            ConditionRecord=record,
            ConditionSequentialNumber="1",
            ConditionScaleLine=str(at + 1),
            ConditionScaleQuantity=Decimal(quantity),
            ConditionRateValue=Decimal(rate),
            ConditionRateValueUnit="EUR",
        )
    told = [price for price in everything(sap.erp().prices_changed)[0] if price.sku == "SKU-0006"]
    assert {(price.minimum_quantity, price.price.amount) for price in told} == {(1, 10), (10, 9)}


def test_a_price_that_is_a_percentage_does_not_stop_the_others(sap: System) -> None:
    record = sap.rows("A_SlsPrcgCndnRecdValidity", Material="SKU-0006")[0]["ConditionRecord"]
    sap.simulator.change("A_SlsPrcgConditionRecord", {"ConditionRecord": record, "ConditionCalculationType": "A"})
    page = sap.erp().prices_changed(Since())
    assert [error.problem.record for error in page.unreadable] == [f"condition record {record}"]
    assert len(page.records) == 49
    assert "VK13" in page.unreadable[0].problem.next_step


def test_stock_of_a_plant_is_that_of_its_storage_locations_and_only_what_may_be_sold(sap: System) -> None:
    first, second = sap.simulator.locations
    sap.simulator.put_stock("SKU-0010", first, Decimal(4))
    sap.simulator.put_stock("SKU-0010", "1010/102B", Decimal(3))
    sap.simulator.put_stock("SKU-0010", second, Decimal(1))
    told, _ = everything(sap.erp(stock_locations="1010, 1020/102A").stock_levels)
    assert levels(told, "SKU-0010") == {"1010": (7, 0), "1020/102A": (1, 0)}
    assert {level.unit for level in told} == {"PC"}


def test_stock_in_a_delivery_that_has_not_left_stays_reserved(sap: System) -> None:
    first = sap.simulator.locations[0]
    sap.simulator.put_stock("SKU-0001", first, Decimal(10))
    ref = sap.make(an_order("reserving"))
    assert levels(everything(sap.erp().stock_levels)[0], "SKU-0001")[first] == (10, 2)
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}, issued=False)
    assert levels(everything(sap.erp().stock_levels)[0], "SKU-0001")[first] == (10, 2)


def test_promises_in_another_unit_count_in_base_units(sap: System) -> None:
    first = sap.simulator.locations[0]
    sap.simulator.put_stock("SKU-0001", first, Decimal(100))
    ref = sap.make(an_order("cases"))
    sap.simulator.put_row(
        "A_ProductUnitsOfMeasure",
        Product="SKU-0001",
        AlternativeUnit="CS",
        QuantityNumerator=Decimal(12),
        QuantityDenominator=Decimal(1),
    )
    sap.simulator.change(
        "A_SalesOrderItem", {"SalesOrder": ref.target_id, "SalesOrderItem": "10", "RequestedQuantityUnit": "CS"}
    )
    assert levels(everything(sap.erp().stock_levels)[0], "SKU-0001")[first] == (100, 24)
    assert levels(sap.erp().stock_of([Sku("SKU-0001")]), "SKU-0001")[first] == (100, 24)


def test_a_product_whose_promises_cannot_be_understood_is_named_and_not_told_without_them(sap: System) -> None:
    ref = sap.make(an_order("cases"))
    item = {"SalesOrder": ref.target_id, "SalesOrderItem": "10"}
    # SAP does not say how many pieces a case has.
    sap.simulator.change("A_SalesOrderItem", {**item, "RequestedQuantityUnit": "CS"})
    page = sap.erp().stock_levels(Since())
    told = {level.sku for level in page.records}
    assert "SKU-0001" not in told
    assert {Sku(f"SKU-{at:04d}") for at in range(2, 51)} <= told
    assert [error.problem.record for error in page.unreadable] == ["product SKU-0001"]
    assert {level.sku for level in sap.erp().stock_of([Sku("SKU-0001"), Sku("SKU-0002")])} == {"SKU-0002"}


def test_stock_without_locations_names_the_setting(sap: System) -> None:
    erp = sap.erp(stock_locations="")
    with pytest.raises(Rejected, match="stock_locations"):
        erp.stock_levels(Since())
    with pytest.raises(Rejected, match="stock_locations"):
        erp.stock_of([Sku("SKU-0001")])


def test_a_delivery_counts_once_its_goods_have_left(sap: System) -> None:
    ref = sap.make(an_order("leaving"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}, number="1", issued=False)
    [told] = everything(sap.erp().progress_changed)[0]
    assert (told.state, told.fulfilments) == (ErpOrderState.OPEN, ())


def test_a_shipment_has_our_line_its_parcels_and_the_carriers_name(sap: System) -> None:
    ref = sap.make(an_order("tracked"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)}, carrier="1000017", number="0034; 0035")
    [told] = everything(sap.erp(carriers="1000017=DHL").progress_changed)[0]
    [shipment] = told.fulfilments
    assert [(line.sku, line.line_reference) for line in shipment.lines] == [("SKU-0001", "line-SKU-0001")]
    assert [(parcel.carrier, parcel.number) for parcel in shipment.parcels] == [("DHL", "0034"), ("DHL", "0035")]
    assert shipment.shipped_at is not None
    assert abs(shipment.shipped_at - sap.simulator.now()) < timedelta(minutes=1)


def test_cancelled_closed_and_invoiced_orders_are_told_as_such(sap: System) -> None:
    erp = sap.erp()
    refs = {name: sap.make(an_order(name)) for name in ("cancelled", "closed", "invoiced")}
    everything_ = {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)}
    written(erp.cancel_orders([refs["cancelled"].target_id])[refs["cancelled"].target_id])
    sap.simulator.ship(refs["closed"].target_id, {"SKU-0001": Decimal(1)})
    written(erp.close_orders([refs["closed"].target_id])[refs["closed"].target_id])
    sap.simulator.ship(refs["invoiced"].target_id, everything_)
    sap.simulator.invoice(refs["invoiced"].target_id)
    told = {one.reference: one for one in everything(erp.progress_changed)[0]}

    assert {name: told[f"shop-{name}"].state for name in refs} == {
        "cancelled": ErpOrderState.CANCELLED,
        "closed": ErpOrderState.CLOSED,
        "invoiced": ErpOrderState.INVOICED,
    }
    [invoice] = told["shop-invoiced"].invoices
    assert (invoice.total.amount, invoice.total.currency) == (Decimal("40.60"), "EUR")
    sap.simulator.change("A_BillingDocument", {"BillingDocument": invoice.id, "BillingDocumentIsCancelled": True})
    [again] = [one for one in everything(erp.progress_changed)[0] if one.reference == "shop-invoiced"]
    assert again.invoices == ()


def test_a_currency_that_sap_calls_otherwise_is_told_by_its_iso_code(sap: System) -> None:
    ref = sap.make(an_order("1"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
    sap.simulator.invoice(ref.target_id)
    erp = sap.erp(currencies="CHF=EUR")
    [told], _ = everything(erp.progress_changed)
    assert [one.total.currency for one in told.invoices] == ["CHF"]
    assert {one.price.currency for one in everything(erp.prices_changed)[0]} == {"CHF"}


def test_orders_that_are_not_from_the_shop_are_left_out_where_their_origin_says_so(sap: System) -> None:
    sap.simulator.put_stock("SKU-0010", sap.simulator.locations[0], Decimal(5), Decimal(1))
    sap.make(an_order("mine"), order_origin="SHOP")
    told, _ = everything(sap.erp(order_origin="SHOP").progress_changed)
    assert [one.reference for one in told] == ["shop-mine"]
    assert len(everything(sap.erp().progress_changed)[0]) == 2


def test_a_read_goes_on_in_another_process_from_its_cursor(sap: System) -> None:
    page = sap.erp(page_size="20").products_changed(Since())
    assert page.cursor is not None
    rest = sap.erp(page_size="20").products_changed(Since(None, page.cursor))
    assert rest.watermark == page.watermark
    assert not {one.id for one in rest.records} & {one.id for one in page.records}


def test_the_watermark_is_saps_clock_less_its_longest_transaction(sap: System) -> None:
    sap.simulator.clock_offset_seconds = 7200
    watermark = datetime.fromisoformat(sap.erp().products_changed(Since()).watermark)
    lag = sap.simulator.now() - watermark
    assert timedelta(seconds=600) < lag < timedelta(seconds=800)


def test_a_date_without_a_zone_is_one_of_the_systems_zone(sap: System) -> None:
    ref = sap.make(an_order("zoned"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    at = {"ActualGoodsMovementDate": date(2026, 7, 1), "ActualGoodsMovementTime": time(1, 30)}
    sap.simulator.change("A_OutbDeliveryHeader", {"DeliveryDocument": "80000001", **at})
    [told] = everything(sap.erp(time_zone="Europe/Berlin").progress_changed)[0]
    assert told.fulfilments[0].shipped_at == datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
