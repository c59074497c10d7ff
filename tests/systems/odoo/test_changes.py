"""What the adapter tells of products, prices, stock, customers and orders, on the simulated Odoo."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.money import Money
from erpsync.domain.products import Product
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator
from erpsync.systems.odoo.simulator import OdooSimulator
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import buyer, draft, item, order

TEN = Decimal(10)


@pytest.fixture
def faults(faulty: tuple[OdooServer, FaultySimulator]) -> FaultySimulator:
    return faulty[1]


def placed(odoo: Odoo, reference: str, *skus: str) -> RecordRef:
    lines = [item(sku, "2") for sku in skus]
    made = odoo.erp().create_orders([draft(reference, order(lines), odoo.customer("shop"))])[reference]
    assert isinstance(made, RecordRef)
    return made


def progress_of(odoo: Odoo, ref: RecordRef) -> OrderProgress:
    [found] = [one for one in odoo.erp().progress_changed(Since()).records if one.order_id == ref.target_id]
    return found


def shirt(simulator: OdooSimulator) -> int:
    """A shirt in two sizes, of one colour."""
    template = simulator.add("product.template", name="Shirt", description_sale="Soft")
    [first] = [row for row in simulator.records()["product.product"] if row["product_tmpl_id"] == template]
    line_of = {name: simulator.add("product.template.attribute.line", product_tmpl_id=template) for name in "CS"}
    value = {}
    for name, attribute, of_line, extra in (("Blue", "Colour", "C", 0), ("M", "Size", "S", 0), ("L", "Size", "S", 2)):
        known = [row["id"] for row in simulator.records()["product.attribute"] if row["name"] == attribute]
        number = known[0] if known else simulator.add("product.attribute", name=attribute)
        value[name] = simulator.add(
            "product.template.attribute.value",
            **{"name": name, "attribute_id": number, "attribute_line_id": line_of[of_line], "price_extra": extra},
        )
    shared = {"weight": Decimal("0.25"), "barcode": "4006381333931"}
    of_first = {"product_template_attribute_value_ids": [value["M"], value["Blue"]], "default_code": "SHIRT-M"}
    simulator.change("product.product", first["id"], **of_first, **shared)
    of_second = {"product_template_attribute_value_ids": [value["L"], value["Blue"]], "default_code": "SHIRT-L"}
    simulator.add("product.product", product_tmpl_id=template, **of_second)
    simulator.change("product.template", template, list_price=TEN)
    return template


def shirt_as_told(odoo: Odoo) -> Product:
    [found] = [one for one in odoo.erp().products_changed(Since()).records if one.title == "Shirt"]
    return found


def test_a_product_is_told_with_its_variants(simulated: Odoo, simulator: OdooSimulator) -> None:
    shirt(simulator)
    told = shirt_as_told(simulated)
    assert (told.description, told.categories, told.options) == ("Soft", ("All",), ("Colour", "Size"))
    medium, large = told.variants
    assert (medium.sku, medium.options, medium.barcode) == ("SHIRT-M", ("Blue", "M"), "4006381333931")
    assert medium.weight_grams == 250
    assert (large.sku, large.options, large.barcode, large.weight_grams) == ("SHIRT-L", ("Blue", "L"), "", None)


def test_an_archived_variant_and_a_product_taken_off_sale_are_told(simulated: Odoo, simulator: OdooSimulator) -> None:
    template = shirt(simulator)
    [large] = [row for row in simulator.records()["product.product"] if row["default_code"] == "SHIRT-L"]
    simulator.change("product.product", large["id"], active=False)
    told = shirt_as_told(simulated)
    assert (told.active, [one.active for one in told.variants]) == (True, [True, False])
    simulator.change("product.template", template, sale_ok=False)
    told = shirt_as_told(simulated)
    assert (told.active, [one.active for one in told.variants]) == (False, [False, False])


def test_a_change_of_a_variant_alone_is_told(simulated: Odoo, simulator: OdooSimulator) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    watermark = f"{later - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    assert simulated.erp().products_changed(Since(watermark)).records == ()
    [row] = [each for each in simulator.records()["product.product"] if each["default_code"] == "SKU-0004"]
    simulator.database.clock = lambda: later
    simulator.change("product.product", row["id"], barcode="123")
    [told] = simulated.erp().products_changed(Since(watermark)).records
    assert told.variants[0].barcode == "123"


def test_a_row_that_cannot_be_read_does_not_stop_the_page(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator
) -> None:
    known = len(simulated.erp().products_changed(Since()).records)
    [row] = [each for each in simulator.records()["product.product"] if each["default_code"] == "SKU-0004"]
    simulator.database.derive("product.template", row["product_tmpl_id"], {"categ_id": None, "active": None})
    simulator.database.tables["product.template"][row["product_tmpl_id"]]["write_date"] = "soon"
    page = simulated.erp().products_changed(Since())
    assert len(page.records) == known - 1
    [error] = page.unreadable
    assert f"product.template {row['product_tmpl_id']}" in str(error)
    assert "write_date" in str(error)
    assert error.problem.next_step


def test_a_page_of_rows_that_cannot_be_read_is_not_the_end(simulated: Odoo, simulator: OdooSimulator) -> None:
    for row in list(simulator.database.tables["product.template"].values())[:10]:
        row["write_date"] = "soon"
    page = simulated.erp(page_size=10).products_changed(Since())
    assert (len(page.records), len(page.unreadable)) == (0, 10)
    assert page.cursor is not None
    following = simulated.erp(page_size=10).products_changed(Since(page.watermark, page.cursor))
    assert len(following.records) == 10


def test_the_watermark_is_odoos_clock_less_the_overlap(simulated: Odoo, simulator: OdooSimulator) -> None:
    noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    simulator._clock = lambda: noon
    page = simulated.erp(overlap_seconds=600).products_changed(Since())
    assert page.watermark == "2027-01-01 11:50:00"


def test_prices_of_variants_and_of_named_price_lists_are_told(simulated: Odoo, simulator: OdooSimulator) -> None:
    template = shirt(simulator)
    [euro] = [row["id"] for row in simulator.records()["res.currency"] if row["name"] == "EUR"]
    trade = simulator.add("product.pricelist", name="Trade", currency_id=euro)
    rule = {"pricelist_id": trade, "product_tmpl_id": template, "min_quantity": Decimal(5)}
    simulator.add(
        "product.pricelist.item", **rule, applied_on="1_product", compute_price="percentage", percent_price=TEN
    )
    [large] = [row["id"] for row in simulator.records()["product.product"] if row["default_code"] == "SHIRT-L"]
    fixed = {"applied_on": "0_product_variant", "compute_price": "fixed", "fixed_price": Decimal("9.99")}
    simulator.add("product.pricelist.item", pricelist_id=trade, product_tmpl_id=template, product_id=large, **fixed)
    promotion = {**fixed, "fixed_price": Decimal(1), "date_end": "2030-01-01 00:00:00"}
    simulator.add("product.pricelist.item", pricelist_id=trade, product_id=large, **promotion)
    everything = {"applied_on": "3_global", "compute_price": "percentage", "percent_price": TEN}
    simulator.add("product.pricelist.item", pricelist_id=trade, **everything)

    erp = simulated.erp(price_lists="Trade")
    first = erp.prices_changed(Since())
    base = {one.sku: one.price.amount for one in first.records}
    assert (base["SHIRT-M"], base["SHIRT-L"], base["SKU-0001"]) == (10, 12, Decimal("6.9"))
    second = erp.prices_changed(Since(first.watermark, first.cursor))
    assert [(one.sku, one.price, one.price_list, one.minimum_quantity) for one in second.records] == [
        ("SHIRT-M", Money(amount=Decimal("9"), currency="EUR"), "Trade", 5),
        ("SHIRT-L", Money(amount=Decimal("10.8"), currency="EUR"), "Trade", 5),
        ("SHIRT-L", Money(amount=Decimal("9.99"), currency="EUR"), "Trade", 1),
    ]
    assert [error.code for error in second.unreadable] == ["price-rule-unsupported"]
    assert second.cursor is None


def test_a_price_list_that_is_not_there_is_named(simulated: Odoo) -> None:
    erp = simulated.erp(price_lists="Nowhere")
    page = erp.prices_changed(Since())
    with pytest.raises(Rejected, match="Nowhere"):
        erp.prices_changed(Since(page.watermark, page.cursor))
    [check] = [one for one in erp.check() if not one.ok]
    assert (check.name, "Nowhere" in check.detail) == ("price_lists", True)


def test_whether_a_price_contains_its_tax_is_told(simulated: Odoo, simulator: OdooSimulator) -> None:
    taxes = {row["name"]: row["id"] for row in simulator.records()["account.tax"]}
    for sku, tax in (("SKU-0001", "19% incl."), ("SKU-0002", "19%")):
        [row] = [each for each in simulator.records()["product.product"] if each["default_code"] == sku]
        simulator.change("product.product", row["id"], taxes_id=[taxes[tax]])
    included = {one.sku: one.tax_included for one in simulated.erp().prices_changed(Since()).records}
    assert (included["SKU-0001"], included["SKU-0002"], included["SKU-0003"]) == (True, False, False)


def test_what_lies_below_a_location_counts_towards_it(simulated: Odoo, simulator: OdooSimulator) -> None:
    [stock] = [row["id"] for row in simulator.records()["stock.location"] if row["complete_name"] == "WH/Stock"]
    [product] = [row["id"] for row in simulator.records()["product.product"] if row["default_code"] == "SKU-0001"]
    shelf = {"name": "Shelf", "complete_name": "WH/Stock/Shelf", "usage": "internal", "location_id": stock}
    number = simulator.add("stock.location", **shelf)
    path = simulator.database.tables["stock.location"][stock]["parent_path"]
    simulator.change("stock.location", number, parent_path=f"{path}{number}/")
    simulator.put_stock("SKU-0001", "WH/Stock", Decimal(5))
    simulator.add("stock.quant", product_id=product, location_id=number, inventory_quantity_auto_apply=Decimal(3))
    told = simulated.erp(stock_locations="WH/Stock").stock_levels(Since()).records
    assert {level.location for level in told} == {"WH/Stock"}
    assert [level.on_hand for level in told if level.sku == "SKU-0001"] == [8]
    assert [level.on_hand for level in told if level.sku == "SKU-0002"] == [0]
    assert "SHIPPING" not in {level.sku for level in told}


def test_an_order_reserves_and_a_delivery_takes(simulated: Odoo, simulator: OdooSimulator) -> None:
    simulator.put_stock("SKU-0001", "WH/Stock", TEN)
    ref = placed(simulated, "shop-1", "SKU-0001")
    at = simulated.erp(stock_locations="WH/Stock")

    def level() -> tuple[Decimal, Decimal]:
        [one] = [each for each in at.stock_levels(Since()).records if each.sku == "SKU-0001"]
        return one.on_hand, one.reserved

    assert level() == (10, 2)
    simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    assert level() == (9, 1)
    simulated.erp().close_orders([ref.target_id])
    assert level() == (9, 0)


def test_a_location_that_is_not_there_is_named(simulated: Odoo) -> None:
    erp = simulated.erp(stock_locations="WH/Nowhere")
    with pytest.raises(Rejected, match="WH/Nowhere"):
        erp.stock_levels(Since())
    [check] = [one for one in erp.check() if not one.ok]
    assert (check.name, "stock_locations" in check.detail, bool(check.next_step)) == ("stock_locations", True, True)


def test_customers_are_told_and_nobody_else(simulated: Odoo, simulator: OdooSimulator) -> None:
    simulator.add("res.partner", name="A Supplier", email="supplier@example.com")
    simulator.add("res.partner", name="Firm", email="firm@example.com", is_company=True, customer_rank=1)
    ours = simulated.erp().upsert_customers([buyer("shop one/é", "ours@example.com")])["shop one/é"]
    assert isinstance(ours, RecordRef)
    told = {one.customer.email: one for one in simulated.erp().customers_changed(Since()).records}
    assert "supplier@example.com" not in told
    assert (told["ours@example.com"].reference, told["ours@example.com"].ref) == ("shop one/é", ours)
    firm = told["firm@example.com"]
    assert (firm.customer.company, firm.customer.last_name, firm.reference, firm.active) == ("Firm", "", "", True)


def test_states_of_orders(simulated: Odoo, simulator: OdooSimulator) -> None:
    refs = {name: placed(simulated, f"shop-{name}", "SKU-0001") for name in ("cancelled", "closed", "returned", "open")}
    simulated.erp().cancel_orders([refs["cancelled"].target_id])
    simulator.ship(refs["closed"].target_id, {"SKU-0001": Decimal(1)}, carrier="DHL", number="1, 2")
    simulated.erp().close_orders([refs["closed"].target_id])
    simulator.ship(refs["returned"].target_id, {"SKU-0001": Decimal(2)})
    [line] = [
        row for row in simulator.records()["sale.order.line"] if str(row["order_id"]) == refs["returned"].target_id
    ]
    simulator.change("sale.order.line", line["id"], qty_delivered=Decimal(1))
    told = {name: progress_of(simulated, ref) for name, ref in refs.items()}
    assert {name: one.state for name, one in told.items()} == {
        "cancelled": ErpOrderState.CANCELLED,
        "closed": ErpOrderState.CLOSED,
        "returned": ErpOrderState.SHIPPED,
        "open": ErpOrderState.OPEN,
    }
    [shipment] = told["closed"].fulfilments
    assert [(parcel.carrier, parcel.number) for parcel in shipment.parcels] == [("DHL", "1"), ("DHL", "2")]
    assert shipment.shipped_at is not None
    assert [(one.sku, one.line_reference) for one in shipment.lines] == [("SKU-0001", "line-SKU-0001")]


def test_only_posted_invoices_are_told_and_only_once_all_is_billed_is_it_invoiced(
    simulated: Odoo, simulator: OdooSimulator
) -> None:
    ref = placed(simulated, "shop-1", "SKU-0001", "SKU-0002")
    simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)})
    simulator.invoice(ref.target_id)
    told = progress_of(simulated, ref)
    assert (told.state, len(told.invoices)) == (ErpOrderState.PART_SHIPPED, 1)
    simulator.ship(ref.target_id, {"SKU-0002": Decimal(2)})
    assert progress_of(simulated, ref).state is ErpOrderState.SHIPPED
    simulator.invoice(ref.target_id)
    told = progress_of(simulated, ref)
    assert (told.state, len(told.invoices)) == (ErpOrderState.INVOICED, 2)
    assert [invoice.number[:4] for invoice in told.invoices] == ["INV/", "INV/"]
    for row in simulator.database.tables["account.move"].values():
        row["state"] = "draft"
    assert progress_of(simulated, ref).invoices == ()


def test_an_order_by_hand_has_no_reference_of_ours(simulated: Odoo, simulator: OdooSimulator) -> None:
    partner = next(iter(simulator.database.tables["res.partner"]))
    simulator.add("sale.order", partner_id=partner, client_order_ref="by hand")
    [told] = simulated.erp().progress_changed(Since()).records
    assert (told.reference, told.state) == ("", ErpOrderState.OPEN)


def test_an_outage_while_reading_is_no_empty_page(simulated: Odoo, faults: FaultySimulator) -> None:
    fault = faults.add(Fault(FaultKind.STATUS, "product.product/search_read", status=200, body=b'{"no": "list"}'))
    with pytest.raises(Exception, match="not what Odoo documents"):
        simulated.erp().products_changed(Since())
    assert fault.fired == 1
