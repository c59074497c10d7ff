"""What the ERP tells: pages, watermarks, stock per location, shipments with tracking."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, SyncError, Unavailable
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import Sku
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import Ability
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.dynamics.business_central import SPEC
from erpsync.systems.dynamics.business_central.settings import NO_LEDGER
from erpsync.testing.erp_contract import everything
from erpsync.testing.erp_stock_contract import levels
from tests.systems.dynamics.business_central.stand import World, an_order, line, world_of


def progress_by_number(told: list[OrderProgress]) -> dict[str, OrderProgress]:
    return {one.display: one for one in told}


# -- pages


def test_a_read_goes_on_in_another_process(world: World) -> None:
    first = world.erp(page_size=20).products_changed(Since())
    second = world.erp(page_size=20).products_changed(Since(first.watermark, first.cursor))
    third = world.erp(page_size=20).products_changed(Since(first.watermark, second.cursor))
    assert third.cursor is None
    assert [len(page.records) for page in (first, second, third)] == [20, 20, 10]
    assert first.watermark == second.watermark == third.watermark
    assert len({product.id for page in (first, second, third) for product in page.records}) == 50


def test_only_what_changed_since_the_watermark_less_an_overlap_is_told(world: World) -> None:
    _, watermark = everything(world.erp().products_changed)
    for row in world.simulator.books.rows("items"):
        world.simulator.books.touch(row, seconds_ago=3600)
    world.simulator.put_product("SKU-0003", "Changed", seconds_ago=500)
    told, _ = everything(world.erp().products_changed, watermark)
    assert [product.title for product in told] == ["Changed"]


def test_the_first_read_of_all_may_begin_at_a_time(world: World) -> None:
    for row in world.simulator.books.rows("items"):
        world.simulator.books.touch(row, seconds_ago=7200)
    world.simulator.put_product("SKU-0003", "Changed", seconds_ago=60)
    page = world.erp().products_changed(Since(begin=datetime.now(UTC) - timedelta(hours=1)))
    assert [product.title for product in page.records] == ["Changed"]
    assert len(world.erp().products_changed(Since()).records) == 50


def test_a_row_that_cannot_be_understood_never_stops_the_page(world: World) -> None:
    for sku, field, value in (("SKU-0002", "unitPrice", "dear"), ("SKU-0004", "lastModifiedDateTime", "yesterday")):
        row = world.simulator.books.by("items", "number", sku) or {}
        row[field] = value
    prices = world.erp().prices_changed(Since())
    assert (len(prices.records), [error.problem.record for error in prices.unreadable]) == (49, ["item SKU-0002"])
    products = world.erp().products_changed(Since())
    assert (len(products.records), [error.problem.record for error in products.unreadable]) == (49, ["item SKU-0004"])
    assert all(error.problem.next_step for error in [*prices.unreadable, *products.unreadable])


def test_a_cursor_of_another_kind_is_refused_in_words(world: World) -> None:
    with pytest.raises(Rejected, match="cannot be understood"):
        world.erp().products_changed(Since(None, "page 7"))
    for since in (Since(None, "page 7"), Since("yesterday")):
        with pytest.raises(Rejected, match="cannot be understood"):
            world.erp().stock_levels(since)


def test_a_link_to_another_host_is_not_followed_with_our_token(world: World) -> None:
    link = b'{"value": [], "@odata.nextLink": "https://elsewhere.example/v2.0"}'
    fault = world.faulty.add(Fault(FaultKind.STATUS, "GET page SalesLines", status=200, body=link))
    with pytest.raises(Unavailable, match="leads elsewhere"):
        world.erp().stock_levels(Since())
    assert fault.fired == 1


# -- products, prices and customers


def test_an_item_with_variants_is_one_product_with_a_sku_and_a_price_each(world: World) -> None:
    world.simulator.put_variant("SKU-0005", "RED", "Red")
    world.simulator.put_variant("SKU-0005", "BLUE", "Blue")
    told, _ = everything(world.erp(sku_separator="-").products_changed)
    [product] = [one for one in told if one.title == "Article 5"]
    assert product.categories == ("Goods for sale",)
    assert {(variant.sku, variant.options) for variant in product.variants} == {
        ("SKU-0005-RED", ("Red",)),
        ("SKU-0005-BLUE", ("Blue",)),
    }
    prices, _ = everything(world.erp(sku_separator="-").prices_changed)
    assert {str(one.sku) for one in prices if one.price.amount == 15} == {"SKU-0005-RED", "SKU-0005-BLUE"}


def test_a_plain_item_has_its_barcode_and_unit(world: World) -> None:
    [product] = [one for one in everything(world.erp().products_changed)[0] if one.title == "Article 7"]
    assert [(variant.sku, variant.barcode) for variant in product.variants] == [("SKU-0007", "4000000000007")]
    [price] = [one for one in everything(world.erp().prices_changed)[0] if one.sku == "SKU-0007"]
    assert (price.price.currency, price.unit, price.tax_included) == ("EUR", "PCS", False)


def test_prices_are_told_by_the_iso_code_of_the_companys_currency(world: World) -> None:
    prices, _ = everything(world.erp(currencies={"CHF": "EUR"}).prices_changed)
    assert {one.price.currency for one in prices} == {"CHF"}


def test_a_blocked_customer_and_a_company_are_told_as_such(world: World) -> None:
    world.simulator.put_customer("Byron Works", "works@example.com")
    row = world.simulator.books.by("customers", "email", "works@example.com") or {}
    row.update(type="Company", blocked="All")
    [told] = everything(world.erp().customers_changed)[0]
    assert (told.customer.company, told.customer.full_name, told.active) == ("Byron Works", "", False)


# -- stock


def told_levels(world: World, sku: str, watermark: str | None = None, **settings: Any) -> dict[str, tuple[int, int]]:
    return levels(everything(world.erp(**settings).stock_levels, watermark)[0], sku)


def test_stock_is_read_in_pages_with_zero_for_each_location_asked_for(world: World) -> None:
    told, _ = everything(world.erp(page_size=7).stock_levels)
    assert len(told) == 100
    assert levels(told, "SKU-0050") == {"EAST": (100, 0), "WEST": (0, 0)}


def test_moved_items_are_told_in_pages_though_one_of_them_is_not_there_any_more(world: World) -> None:
    _, watermark = everything(world.erp().stock_levels)
    gone = world.simulator.books.by("items", "number", "SKU-0002") or {}
    del world.simulator.books.tables["items"][gone["id"]]
    told, _ = everything(world.erp(page_size=4).stock_levels, watermark)
    assert len({level.sku for level in told}) == 49


def test_an_entry_that_commits_late_with_a_lower_number_is_told(world: World) -> None:
    _, watermark = everything(world.erp().stock_levels)
    world.simulator.put_stock("SKU-0001", "WEST", Decimal(5))
    _, watermark = everything(world.erp().stock_levels, watermark)
    world.simulator.put_stock("SKU-0002", "WEST", Decimal(9), seconds_ago=60)
    numbers = [row["entryNumber"] for row in world.rows("itemLedgerEntries")]
    assert numbers[-1] < max(numbers)
    assert told_levels(world, "SKU-0002", watermark)["WEST"] == (9, 0)


def test_a_promise_that_ends_without_an_entry_is_told_once_more(world: World) -> None:
    erp = world.erp(location="EAST")
    ref = world.make(erp, an_order("1001", line("SKU-0007", "4")))
    _, watermark = everything(erp.stock_levels)
    assert json.loads(watermark)[1:] == ["SKU-0007"]
    erp.cancel_orders([ref.target_id])
    # As if more entries had followed than the overlap reaches back.
    watermark = json.dumps([1_000_000, "SKU-0007"])
    told, watermark = everything(erp.stock_levels, watermark)
    assert levels(told, "SKU-0007") == {"EAST": (100, 0), "WEST": (0, 0)}
    assert everything(erp.stock_levels, watermark)[0] == []


def test_what_an_order_still_has_to_deliver_is_reserved_and_what_it_shipped_is_not(world: World) -> None:
    erp = world.erp(location="EAST")
    ref = world.make(erp, an_order("1001", line("SKU-0007", "4")))
    assert told_levels(world, "SKU-0007")["EAST"] == (100, 4)
    world.simulator.ship(ref.target_id, {"SKU-0007": Decimal(3)})
    assert told_levels(world, "SKU-0007")["EAST"] == (97, 1)
    assert told_levels(world, "SKU-0007", sales_lines_page="")["EAST"] == (97, 0)


def test_a_promise_without_a_location_counts_at_the_first_that_is_told(world: World) -> None:
    """Business Central books such lines on no location; the goods are sold nevertheless."""
    world.make(world.erp(location=""), an_order("1001", line("SKU-0007", "4")))
    assert told_levels(world, "SKU-0007", stock_locations="WEST, EAST") == {"WEST": (0, 4), "EAST": (100, 0)}
    everywhere = {"": (0, 4), "EAST": (100, 0), "WEST": (0, 0)}
    assert told_levels(world, "SKU-0007", stock_locations="") == everywhere


def test_variants_have_stock_of_their_own_and_are_told_when_sold_out(world: World) -> None:
    world.simulator.put_variant("SKU-0005", "RED", "Red")
    world.simulator.put_stock("SKU-0005", "EAST", Decimal(0))
    world.simulator.put_stock("SKU-0005|RED", "EAST", Decimal(2))
    told, watermark = everything(world.erp().stock_levels)
    assert levels(told, "SKU-0005|RED") == {"EAST": (2, 0), "WEST": (0, 0)}
    world.simulator.put_stock("SKU-0005|RED", "EAST", Decimal(0))
    assert told_levels(world, "SKU-0005|RED", watermark) == {"EAST": (0, 0), "WEST": (0, 0)}


def test_stock_that_variants_took_over_is_told_as_gone_from_the_item_itself(world: World) -> None:
    world.simulator.put_variant("SKU-0005", "RED", "Red")
    told, watermark = everything(world.erp().stock_levels)
    assert levels(told, "SKU-0005") == {"EAST": (100, 0), "WEST": (0, 0)}
    world.simulator.put_stock("SKU-0005", "EAST", Decimal(0))
    world.simulator.put_stock("SKU-0005|RED", "EAST", Decimal(100))
    told, _ = everything(world.erp().stock_levels, watermark)
    assert levels(told, "SKU-0005") == {"EAST": (0, 0), "WEST": (0, 0)}
    assert levels(told, "SKU-0005|RED") == {"EAST": (100, 0), "WEST": (0, 0)}


def test_an_item_with_a_quantity_that_is_none_is_named_and_the_others_are_told(world: World) -> None:
    row = next(row for row in world.simulator.books.rows("page 38") if row["Item_No"] == "SKU-0003")
    row["Remaining_Quantity"] = "many"
    page = world.erp().stock_levels(Since())
    assert [error.problem.record for error in page.unreadable] == ["item SKU-0003"]
    assert {str(level.sku) for level in page.records} == {f"SKU-{at:04d}" for at in range(1, 51) if at != 3}
    asked = [Sku("SKU-0003"), Sku("SKU-0004")]
    assert {level.sku for level in world.erp().stock_of(asked)} == {"SKU-0004"}


def test_stock_of_a_named_variant_is_told_alone_and_capitals_do_not_count(world: World) -> None:
    for code in ("RED", "BLUE"):
        world.simulator.put_variant("SKU-0005", code, code)
    world.simulator.put_stock("SKU-0005|RED", "EAST", Decimal(5), Decimal(1))
    told = world.erp().stock_of([Sku("sku-0005|red"), Sku("SKU-0005|GREEN"), Sku("N" * 21)])
    assert {level.sku for level in told} == {"SKU-0005|RED"}
    assert levels(told, "SKU-0005|RED") == {"EAST": (5, 1), "WEST": (0, 0)}
    assert not world.erp(sales_lines_page="").stock_of([Sku("SHIPPING")])


def test_without_a_list_every_location_is_told_and_stock_that_has_none(world: World) -> None:
    world.simulator.put_stock("SKU-0006", "", Decimal(3))
    told, watermark = everything(world.erp(stock_locations="").stock_levels)
    assert levels(told, "SKU-0006") == {"": (3, 0), "EAST": (100, 0), "WEST": (0, 0)}
    # Sold out where it had none: a level that is not told any more would stay as it was.
    world.simulator.put_stock("SKU-0006", "", Decimal(0))
    gone = {"": (0, 0), "EAST": (100, 0), "WEST": (0, 0)}
    assert told_levels(world, "SKU-0006", watermark, stock_locations="") == gone
    assert levels(world.erp(stock_locations="").stock_of([Sku("SKU-0006")]), "SKU-0006") == gone


def test_without_a_ledger_page_stock_is_refused_with_what_happens_instead(world: World) -> None:
    with pytest.raises(Rejected) as refused:
        world.erp(ledger_page="").stock_levels(Since())
    with pytest.raises(Rejected, match=refused.value.problem.what):
        world.erp(ledger_page="").stock_of([Sku("SKU-0001")])
    assert SPEC.capabilities_of is not None
    declared = SPEC.capabilities_of(world.settings(ledger_page="")).missing
    assert refused.value.problem.what == declared[Ability.STOCK_LEVELS] == NO_LEDGER
    assert SPEC.capabilities_of(world.settings()).missing == {}
    assert "page 38" in refused.value.problem.next_step


def test_a_page_that_is_not_published_is_told(tools: Tools) -> None:
    with world_of(tools, pages={}) as world, pytest.raises(SyncError) as refused:
        world.erp().stock_levels(Since())
    assert refused.value.code == "not-found"


# -- progress


def test_each_shipment_has_its_own_parcel_and_the_variants_sku(world: World) -> None:
    world.simulator.put_variant("SKU-0005", "RED", "Red")
    erp = world.erp()
    ref = world.make(erp, an_order("1001", line("SKU-0005|RED", "2"), line("SKU-0002")))
    world.simulator.ship(ref.target_id, {"SKU-0005|RED": Decimal(1)}, carrier="DHL", number="1")
    world.simulator.ship(ref.target_id, {"SKU-0002": Decimal(1)}, carrier="UPS", number="2")
    told = progress_by_number(everything(erp.progress_changed)[0])[ref.display]
    assert [[(str(one.sku), one.quantity) for one in shipment.lines] for shipment in told.fulfilments] == [
        [("SKU-0005|RED", 1)],
        [("SKU-0002", 1)],
    ]
    assert [[(parcel.carrier, parcel.number) for parcel in one.parcels] for one in told.fulfilments] == [
        [("DHL", "1")],
        [("UPS", "2")],
    ]


def test_a_tracking_number_needs_the_published_page_and_nothing_else_does(world: World) -> None:
    erp = world.erp(shipments_page="")
    ref = world.make(erp, an_order())
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}, carrier="DHL", number="1")
    told = progress_by_number(everything(erp.progress_changed)[0])[ref.display]
    assert [shipment.parcels for shipment in told.fulfilments] == [()]


def test_an_order_that_is_finished_and_gone_is_told_as_invoiced_with_all_of_it(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    _, watermark = everything(erp.progress_changed)
    world.simulator.invoice(ref.target_id)
    told = progress_by_number(everything(world.erp().progress_changed, watermark)[0])[ref.display]
    assert (told.state, told.reference) == (ErpOrderState.INVOICED, "shop-1001")
    assert (len(told.fulfilments), [one.total.amount for one in told.invoices]) == (1, [Decimal("40.60")])


def test_variants_of_an_order_that_is_shipped_invoiced_and_gone_are_told_by_their_own_skus(world: World) -> None:
    for code in ("RED", "BLUE"):
        world.simulator.put_variant("SKU-0005", code, code)
    erp = world.erp()
    goods = (line("SKU-0005|RED", "2"), line("SKU-0005|BLUE"), line("SKU-0002"))
    ref = world.make(erp, an_order("1001", *goods))
    shipped = {"SKU-0005|RED": Decimal(1), "SKU-0005|BLUE": Decimal(1), "SKU-0002": Decimal(1)}
    world.simulator.ship(ref.target_id, shipped)
    world.simulator.ship(ref.target_id, {"SKU-0005|RED": Decimal(1)})
    world.simulator.invoice(ref.target_id)
    assert world.rows("salesOrders") == []
    told = progress_by_number(everything(erp.progress_changed)[0])[ref.display]
    assert [[(str(one.sku), one.quantity) for one in shipment.lines] for shipment in told.fulfilments] == [
        [("SKU-0005|RED", 1), ("SKU-0005|BLUE", 1), ("SKU-0002", 1)],
        [("SKU-0005|RED", 1)],
    ]


def test_an_order_that_is_gone_is_told_without_the_item_ledger_where_nothing_of_it_has_variants(tools: Tools) -> None:
    with world_of(tools, pages={"PostedSalesShipments": "page 142"}) as world:
        erp = world.erp()
        ref = world.make(erp, an_order())
        world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
        world.simulator.invoice(ref.target_id)
        told = progress_by_number(everything(erp.progress_changed)[0])[ref.display]
    assert [str(one.sku) for shipment in told.fulfilments for one in shipment.lines] == ["SKU-0001", "SKU-0002"]


def test_orders_are_told_in_pages_through_all_documents(world: World) -> None:
    erp = world.erp(page_size=2)
    refs = [world.make(erp, an_order(f"{number}")) for number in range(5)]
    for ref in refs[:3]:
        world.simulator.invoice(ref.target_id)
    told, _ = everything(erp.progress_changed)
    states = {one.display: one.state for one in told}
    assert [states[ref.display] for ref in refs] == [ErpOrderState.INVOICED] * 3 + [ErpOrderState.OPEN] * 2


def test_an_invoice_written_by_hand_is_not_an_order(world: World) -> None:
    world.simulator.books.add("salesInvoices", number="S-INV9", externalDocumentNumber="SHOP-1001", status="Open")
    assert everything(world.erp().progress_changed)[0] == []
    assert world.erp().find_orders(["shop-1001"]) == {"shop-1001": ()}


def test_a_document_that_cannot_be_understood_is_named_and_the_others_are_told(world: World) -> None:
    erp = world.erp()
    bad, good = (world.make(erp, an_order(f"{number}")) for number in range(2))
    world.simulator.ship(bad.target_id, {"SKU-0001": Decimal(1)})
    world.simulator.books.rows("salesShipments")[0]["postingDate"] = "soon"
    page = erp.progress_changed(Since())
    assert [one.display for one in page.records] == [good.display]
    assert [error.problem.record for error in page.unreadable] == [f"sales order {bad.display}"]


def test_goods_of_a_variant_are_not_told_as_the_items_where_its_code_cannot_be_read(tools: Tools) -> None:
    with world_of(tools, denied=["GET itemVariants"]) as world:
        world.simulator.put_variant("SKU-0005", "RED", "Red")
        erp = world.erp()
        ref = world.make(erp, an_order("1001", line("SKU-0005|RED", "2")))
        world.simulator.ship(ref.target_id, {"SKU-0005|RED": Decimal(1)})
        with pytest.raises(Unavailable) as refused:
            erp.progress_changed(Since())
    assert refused.value.code == "permission-missing"
