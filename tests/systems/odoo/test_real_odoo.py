"""A real Odoo under what breaks syncs: the same orders at once, replies cut off, many workers on one record."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Transient
from erpsync.domain.ids import Sku
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.odoo import names
from tests.odoo_server import SHOP, OdooServer, behind_proxy
from tests.systems.odoo.conftest import Odoo, of_real
from tests.systems.odoo.drafts import draft, item, order, shipping
from tests.systems.odoo.real_controls import RealControls

pytestmark = pytest.mark.odoo

ORDERS = 50
TWICE = 3
# On a slow machine calls meet more often than a worker, who waits in between, would have them meet.
ATTEMPTS = 30


def until_written(odoo: Odoo, drafts: list[OrderDraft]) -> tuple[Mapping[str, Written], list[str]]:
    """As a worker does it: its own adapter, and the same drafts again after a failure. Also the codes of what failed."""
    erp, failures = odoo.erp(), []
    for _ in range(ATTEMPTS):
        try:
            answers = erp.create_orders(drafts)
        except Transient as error:
            failures.append(error.code)
            continue
        waiting = [answer.code for answer in answers.values() if isinstance(answer, Transient)]
        if not waiting:
            return answers, failures
        failures += waiting
    raise AssertionError(f"not written in {ATTEMPTS} attempts: {failures}")


def test_fifty_orders_some_sent_twice_at_once_and_a_reply_cut_off(
    real_odoo: OdooServer, tools: Tools, tag: str
) -> None:
    direct = of_real(real_odoo, tools)
    customer = direct.customer(tag)
    drafts = [
        draft(
            f"{tag}-{number}",
            order(
                [
                    item(f"SKU-{number % 40 + 1:04}", "2", "6.90", rate="0.19"),
                    item("SKU-0050", "1", "12.35", discount="1.23"),
                ],
                f"#{number}",
                shipping_lines=(shipping("4.90", rate="0.19"),),
            ),
            customer,
        )
        for number in range(ORDERS)
    ]
    with behind_proxy(real_odoo) as (server, faults):
        cut = faults.add(Fault(FaultKind.LOST_REPLY, "sale.order/load", f'"{tag}-20"'))
        proxied = of_real(server, tools)
        together = threading.Barrier(2 * TWICE + 1)

        def work(mine: list[OrderDraft]) -> tuple[Mapping[str, Written], list[str]]:
            together.wait()
            return until_written(proxied, mine)

        batches = [[each] for each in drafts[:TWICE] for _ in range(2)] + [drafts[TWICE:]]
        with ThreadPoolExecutor(len(batches)) as pool:
            outcomes = list(pool.map(work, batches))
    assert cut.fired == 1
    assert "reply-lost" in outcomes[-1][1]
    refs: dict[str, Written] = {}
    for answers, _ in outcomes:
        for reference, answer in answers.items():
            assert isinstance(answer, RecordRef), answer
            assert refs.setdefault(reference, answer) == answer
    assert len(refs) == ORDERS

    mine = [["client_order_ref", "in", [each.reference for each in drafts]]]
    booked = real_odoo.search("sale.order", [*mine], "client_order_ref", "name", "state", "amount_total", "order_line")
    assert sorted(row["client_order_ref"] for row in booked) == sorted(refs)
    assert {(row["state"], row["amount_total"]) for row in booked} == {("sale", 29.82)}
    rows = real_odoo.search("sale.order.line", [["order_id", "in", [row["id"] for row in booked]]], "order_id", "name")
    titles = {row["client_order_ref"]: sorted(_names(rows, row["id"])) for row in booked}
    for number, each in enumerate(drafts):
        assert titles[each.reference] == sorted(
            [
                f"Title of SKU-{number % 40 + 1:04}",
                "Title of SKU-0050",
                "Discount: Title of SKU-0050",
                "Shipping: Standard",
            ]
        )
    external = [names.order_name(each.reference) for each in drafts]
    assert (
        len(real_odoo.search("ir.model.data", [["module", "=", "erpsync"], ["name", "in", external]], "res_id"))
        == ORDERS
    )


def test_eight_workers_with_the_same_ten_orders_make_ten(real: Odoo, tag: str) -> None:
    customer = real.customer(tag)
    drafts = [draft(f"{tag}-{number}", order([item("SKU-0001")]), customer) for number in range(10)]
    together = threading.Barrier(8)

    def work(_: int) -> Mapping[str, Written]:
        together.wait()
        return until_written(real, drafts)[0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert all(each == answers[0] for each in answers)
    found = real.server.search("sale.order", [["client_order_ref", "like", tag]], "state", "order_line")
    assert [(row["state"], len(row["order_line"])) for row in found] == [("sale", 1)] * 10


@pytest.mark.parametrize("operation", ["sale.order/load", "sale.order/action_confirm"])
def test_a_lost_reply_does_not_make_a_second_order(real: Odoo, tools: Tools, tag: str, operation: str) -> None:
    customer = real.customer(tag)
    drafts = [draft(tag, order([item("SKU-0001"), item("SKU-0002")]), customer)]
    with behind_proxy(real.server) as (server, faults):
        fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
        erp = of_real(server, tools).erp()
        with pytest.raises(OutcomeUnknown):
            erp.create_orders(drafts)
        ref = erp.create_orders(drafts)[tag]
    assert fault.fired == 1
    assert isinstance(ref, RecordRef)
    found = real.server.search("sale.order", [["client_order_ref", "=", tag]], "state", "order_line")
    assert [(row["state"], len(row["order_line"])) for row in found] == [("sale", 2)]


def test_a_lost_reply_does_not_double_an_amendments_lines(real: Odoo, tools: Tools, tag: str) -> None:
    customer = real.customer(tag)
    ref = real.erp().create_orders([draft(tag, order([item("SKU-0001")]), customer)])[tag]
    assert isinstance(ref, RecordRef)
    changed = {ref.target_id: draft(tag, order([item("SKU-0001", "2"), item("SKU-0002")]), customer)}
    with behind_proxy(real.server) as (server, faults):
        fault = faults.add(Fault(FaultKind.LOST_REPLY, "sale.order/load"))
        erp = of_real(server, tools).erp()
        with pytest.raises(OutcomeUnknown):
            erp.amend_orders(changed)
        assert erp.amend_orders(changed) == {ref.target_id: ref}
    assert fault.fired == 1
    assert real.lines(ref.target_id) == [("Title of SKU-0001", 2.0, 10.0), ("Title of SKU-0002", 1.0, 10.0)]


def test_workers_that_confirm_at_once_share_one_stock_row(real: Odoo, tag: str) -> None:
    """Reserving the same product makes Odoo retry by itself, for seconds: the read time limit must bear it."""
    customer = real.customer(tag)
    batches = [
        [draft(f"{tag}-{worker}-{number}", order([item("SKU-0001")]), customer) for number in range(5)]
        for worker in range(6)
    ]
    together = threading.Barrier(len(batches))

    def work(mine: list[OrderDraft]) -> Mapping[str, Written]:
        together.wait()
        return until_written(real, mine)[0]

    with ThreadPoolExecutor(len(batches)) as pool:
        answers = list(pool.map(work, batches))
    assert all(isinstance(answer, RecordRef) for each in answers for answer in each.values())
    found = real.server.search("sale.order", [["client_order_ref", "like", tag]], "state")
    assert [row["state"] for row in found] == ["sale"] * 30


def _names(rows: list[dict[str, object]], order_id: int) -> list[str]:
    return [str(row["name"]) for row in rows if isinstance(row["order_id"], list) and row["order_id"][0] == order_id]


def test_a_product_with_attributes_is_told_with_its_variants(real: Odoo, tag: str) -> None:
    size = {"name": f"Size {tag}", "value_ids": [[0, 0, {"name": "M"}], [0, 0, {"name": "L"}]]}
    [attribute] = real.server.call("product.attribute", "create", vals_list=[size])
    values = [
        row["id"] for row in real.server.search("product.attribute.value", [["attribute_id", "=", attribute]], "name")
    ]
    lines = [[0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, values]]}]]
    shirt = {"name": f"Shirt {tag}", "description_sale": "Soft", "list_price": 10, "attribute_line_ids": lines}
    [template] = real.server.call("product.template", "create", vals_list=[shirt])
    variants = real.server.search("product.product", [["product_tmpl_id", "=", template]], "name")
    for row, letter in zip(variants, "ML", strict=True):
        changes = {"default_code": f"{tag}-{letter}", "weight": 0.25, "barcode": f"{tag}{letter}"}
        real.server.call("product.product", "write", ids=[row["id"]], vals=changes)
    [large_value] = real.server.search(
        "product.template.attribute.value", [["product_tmpl_id", "=", template], ["name", "=", "L"]], "name"
    )
    real.server.call("product.template.attribute.value", "write", ids=[large_value["id"]], vals={"price_extra": 2})

    erp = real.erp()
    [told] = [one for one in erp.products_changed(Since()).records if one.id == str(template)]
    assert (told.title, told.description, told.options) == (f"Shirt {tag}", "Soft", (f"Size {tag}",))
    assert [(one.sku, one.options, one.barcode) for one in told.variants] == [
        (f"{tag}-M", ("M",), f"{tag}M"),
        (f"{tag}-L", ("L",), f"{tag}L"),
    ]
    assert {one.weight_grams for one in told.variants} == {250}
    prices = {one.sku: one.price.amount for one in erp.prices_changed(Since()).records}
    assert (prices[Sku(f"{tag}-M")], prices[Sku(f"{tag}-L")]) == (10, 12)
    real.server.call("product.product", "write", ids=[variants[1]["id"]], vals={"active": False})
    [told] = [one for one in erp.products_changed(Since()).records if one.id == str(template)]
    assert [one.active for one in told.variants] == [True, False]


def test_a_price_lists_fixed_price_is_told(real: Odoo, tag: str) -> None:
    [product] = real.server.search("product.product", [["default_code", "=", "SKU-0044"]], "product_tmpl_id")
    [price_list] = real.server.call("product.pricelist", "create", vals_list=[{"name": f"Trade {tag}"}])
    rule = {"pricelist_id": price_list, "applied_on": "1_product", "product_tmpl_id": product["product_tmpl_id"][0]}
    fixed = {**rule, "compute_price": "fixed", "fixed_price": 7.5, "min_quantity": 10}
    real.server.call("product.pricelist.item", "create", vals_list=[fixed])
    erp = real.erp(price_lists=[f"Trade {tag}"])
    page = erp.prices_changed(Since())
    [told] = erp.prices_changed(Since(page.watermark, page.cursor)).records
    assert (told.sku, told.price.amount, told.minimum_quantity) == ("SKU-0044", Decimal("7.5"), 10)


def test_stock_that_was_used_up_is_told_as_zero_though_its_record_is_gone(real: Odoo) -> None:
    controls = RealControls(real.server)
    controls.put_stock("SKU-0043", SHOP, Decimal(4))
    watermark = real.erp().stock_levels(Since()).watermark
    controls.put_stock("SKU-0043", SHOP, Decimal(0))
    [place] = real.server.search("stock.location", [["complete_name", "=", SHOP]], "name")
    [product] = real.server.search("product.product", [["default_code", "=", "SKU-0043"]], "name")
    gone = [["product_id", "=", product["id"]], ["location_id", "=", place["id"]]]
    # Opening the list of stock is what makes Odoo delete the records of what is used up.
    real.server.call("stock.quant", "action_view_inventory")
    assert real.server.search("stock.quant", gone, "quantity") == []
    told = real.erp().stock_levels(Since(watermark)).records
    assert {level.location: level.on_hand for level in told if level.sku == "SKU-0043"} == {"WH/Stock": 0, SHOP: 0}
