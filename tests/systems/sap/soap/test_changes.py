"""What SAP tells of its own accord."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import ErpOrderState
from erpsync.domain.ids import Sku
from erpsync.domain.parties import Customer
from erpsync.ports.erp_records import CustomerDraft
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.soap import reading
from erpsync.systems.sap.soap.client import Reply
from tests.systems.sap.soap.stand import World, line, order, written


def levels(world: World, sku: str, **changes: Any) -> dict[str, tuple[int, int]]:
    page = world.erp(**changes).stock_levels(Since())
    return {one.location: (int(one.on_hand), int(one.reserved)) for one in page.records if one.sku == sku}


def state(world: World, order_id: str) -> ErpOrderState:
    page = world.erp().progress_changed(Since())
    return next(one.state for one in page.records if one.order_id == order_id)


def test_open_orders_reserve_stock_until_they_are_shipped(world: World) -> None:
    ref = world.make(order("1", line("SKU-0001", "5")))  # at plant 1000, no storage location yet
    world.make(order("2", line("SKU-0001", "2")), storage_location="0002")

    assert levels(world, "SKU-0001") == {"1000/0001": (100, 5), "1000/0002": (100, 2)}
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(5)})
    assert levels(world, "SKU-0001")["1000/0001"] == (100, 0)


def test_a_location_without_the_item_is_told_as_zero(world: World) -> None:
    del world.simulator.tables.mard["SKU-0001", "1000", "0002"]

    assert levels(world, "SKU-0001") == {"1000/0001": (100, 0), "1000/0002": (0, 0)}


def test_a_material_that_no_location_ever_held_is_told_as_zero_when_it_is_named(world: World) -> None:
    asked = [Sku("SERVICE"), Sku("N" * 41)]

    told = world.erp().stock_of(asked)

    assert [(one.sku, one.location, one.on_hand, one.reserved) for one in told] == [
        ("SERVICE", "1000/0001", 0, 0),
        ("SERVICE", "1000/0002", 0, 0),
    ]


def test_a_material_with_a_row_that_is_none_is_named_and_not_told_by_its_other_rows(world: World) -> None:
    row = {"MATNR": "A", "WERKS": "1000", "LGORT": "0001", "LABST": Decimal(5), "RESERVED": Decimal(0), "MEINS": "ST"}
    promised = {**row, "LGORT": "", "LABST": Decimal(0), "RESERVED": None}
    told, unreadable = reading.stock(
        Reply({"ET_STOCK": {"item": [row, promised, {**row, "MATNR": "B"}]}}), world.settings()
    )

    assert [(one.sku, one.location, one.on_hand) for one in told] == [("B", "1000/0001", 5), ("B", "1000/0002", 0)]
    assert [error.problem.record for error in unreadable] == ["MATNR A"]


def test_stock_without_locations_names_the_setting(world: World) -> None:
    erp = world.erp(stock_locations="")
    with pytest.raises(Rejected, match="stock_locations"):
        erp.stock_levels(Since())
    with pytest.raises(Rejected, match="stock_locations"):
        erp.stock_of([Sku("SKU-0001")])


def test_price_lists_and_scales_are_told_beside_the_base_price(world: World) -> None:
    world.simulator.put_price("SKU-0001", Decimal("9.50"))
    world.simulator.put_price("SKU-0001", Decimal("8.00"), price_list="02")
    world.simulator.put_price("SKU-0001", Decimal("7.00"), price_list="02", least=10)
    world.simulator.put_price("SKU-0001", Decimal("1.00"), price_list="01")  # not asked for
    world.simulator.tables.prices["", "SKU-0002", Decimal(1)] |= {"KBETR": Decimal("99.00"), "KPEIN": 100}

    page = world.erp(price_lists="02").prices_changed(Since())

    told = {(one.sku, one.price_list, int(one.minimum_quantity)): one.price.amount for one in page.records}
    assert {key: price for key, price in told.items() if key[0] == "SKU-0001"} == {
        ("SKU-0001", "", 1): Decimal("9.50"),
        ("SKU-0001", "02", 1): Decimal("8.00"),
        ("SKU-0001", "02", 10): Decimal("7.00"),
    }
    assert told["SKU-0002", "", 1] == Decimal("0.99")


def test_a_row_that_cannot_be_read_is_named_and_stops_nothing(world: World) -> None:
    world.simulator.tables.prices["", "SKU-0002", Decimal(1)]["KONWA"] = "euro"

    page = world.erp().prices_changed(Since())

    [error] = page.unreadable
    assert "SKU-0002" in str(error)
    assert error.problem.next_step
    assert len(page.records) == 49


def test_a_read_goes_on_in_another_process_from_its_cursor(world: World) -> None:
    first: Page[Any] = world.erp(page_size=20).products_changed(Since())
    second: Page[Any] = world.erp(page_size=20).products_changed(Since(cursor=first.cursor))
    third: Page[Any] = world.erp(page_size=20).products_changed(Since(cursor=second.cursor))

    assert [len(page.records) for page in (first, second, third)] == [20, 20, 11]
    assert third.cursor is None
    assert {page.watermark for page in (first, second, third)} == {first.watermark}


def test_the_watermark_is_saps_clock_less_the_overlap(open_world: Callable[..., World]) -> None:
    world = open_world(clock_seconds=-3600)
    before = world.simulator.tables.stamp(world.simulator.tables.now())
    watermark = world.erp(overlap_seconds=86400).products_changed(Since()).watermark

    after = world.simulator.tables.stamp(world.simulator.tables.now())

    read = datetime.strptime(watermark, "%Y%m%d%H%M%S").replace(tzinfo=UTC) + timedelta(days=1)
    assert before <= Decimal(f"{read:%Y%m%d%H%M%S}") <= after


def test_a_currency_that_sap_calls_otherwise_is_told_by_its_iso_code(world: World) -> None:
    ref = world.make(order("1"))
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
    world.simulator.invoice(ref.target_id)
    erp = world.erp(currencies="CHF=EUR")
    [told] = erp.progress_changed(Since()).records
    assert {one.total.currency for one in told.invoices} == {"CHF"}
    assert {one.price.currency for one in erp.prices_changed(Since()).records} == {"CHF"}


def test_a_product_carries_what_the_material_master_says(world: World) -> None:
    world.simulator.tables.materials["SKU-0003"] |= {"EAN11": "4006381333931", "BRGEW": Decimal("1.25"), "MSTAV": "Z9"}

    page = world.erp(inactive_statuses="Z9").products_changed(Since())

    product = next(one for one in page.records if one.id == "SKU-0003")
    [variant] = product.variants
    assert (product.title, product.categories, product.active) == ("Item 3", ("Goods",), False)
    assert (variant.barcode, variant.weight_grams) == ("4006381333931", Decimal(1250))


def test_customers_are_told_with_our_reference_their_group_and_whether_they_are_blocked(world: World) -> None:
    buyer = Customer(email="b@example.com", first_name="Bo", last_name="Li", company="Ltd", groups=("wholesale",))
    ref = written(
        world.erp().upsert_customers([CustomerDraft("shop-customer-9", buyer, None, None, "EUR")])["shop-customer-9"]
    )
    world.simulator.tables.customers[ref.target_id]["BLOCKED"] = "X"

    page = world.erp().customers_changed(Since())

    told = next(one for one in page.records if one.ref == ref)
    assert (told.reference, told.active) == ("shop-customer-9", False)
    assert told.customer == buyer


def test_orders_that_are_not_from_a_store_are_not_told(world: World) -> None:
    world.make(order("1"))
    ours = world.make(order("2"))
    del world.simulator.tables.references["O", "shop-1"]

    assert [one.order_id for one in world.erp().progress_changed(Since()).records] == [ours.target_id]


def test_the_state_follows_what_was_shipped_billed_and_rejected(world: World) -> None:
    erp = world.erp()
    both = {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)}
    cancelled, closed, billed = (world.make(order(name)).target_id for name in ("a", "b", "c"))
    erp.cancel_orders([cancelled])
    assert state(world, cancelled) is ErpOrderState.CANCELLED
    world.simulator.ship(closed, {"SKU-0001": Decimal(1)}, number="0034")
    assert state(world, closed) is ErpOrderState.PART_SHIPPED
    erp.close_orders([closed])
    assert state(world, closed) is ErpOrderState.CLOSED
    world.simulator.ship(billed, both)
    assert state(world, billed) is ErpOrderState.SHIPPED
    world.simulator.invoice(billed)
    assert state(world, billed) is ErpOrderState.INVOICED
    [invoice] = next(one for one in erp.progress_changed(Since()).records if one.order_id == billed).invoices
    assert (invoice.number, invoice.total.amount) == ("90000001", Decimal("40.60"))
