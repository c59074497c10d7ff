"""Sales orders against the served company: what is sent, what is found again, and what comes of changes."""

import json
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.dynamics.business_central.references import DOCUMENT_LENGTH
from erpsync.testing import samples
from erpsync.testing.erp_contract import everything, written
from tests.systems.dynamics.business_central.stage import CREATES, FINDS
from tests.systems.dynamics.business_central.stand import World, an_order, eur, line, tax


def rejected(answer: object) -> Rejected:
    assert isinstance(answer, Rejected), answer
    assert answer.problem.next_step
    return answer


# -- finding


def test_a_long_reference_is_found_again_and_only_it(world: World) -> None:
    erp = world.erp()
    long = "my-shop-with-a-long-name-gid-shopify-order-5551234567890"
    ref = world.make(erp, an_order(), long)
    assert len(world.the_order()["externalDocumentNumber"]) == DOCUMENT_LENGTH
    found = erp.find_orders([long, f"{long}1", long.upper()])
    assert found == {long: (ref,), f"{long}1": (), long.upper(): ()}


def test_an_order_that_business_central_has_finished_and_deleted_is_still_found(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.simulator.invoice(ref.target_id)
    assert world.rows("salesOrders") == []
    assert world.erp().find_orders(["shop-1001"]) == {"shop-1001": (ref,)}


def test_two_orders_with_one_reference_are_both_found(world: World) -> None:
    erp = world.erp()
    refs = {world.make(erp, an_order()) for _ in range(2)}
    assert set(erp.find_orders(["shop-1001"])["shop-1001"]) == refs


def test_a_batch_is_found_and_made_by_one_request_each(world: World) -> None:
    erp = world.erp()
    customer = world.customer(erp)
    drafts = [OrderDraft(f"shop-{number}", an_order(f"{number}"), customer) for number in range(25)]
    world.faulty.operations.clear()
    erp.find_orders([draft.reference for draft in drafts])
    assert world.calls() == {FINDS: 1}
    answers = erp.create_orders(drafts)
    assert world.calls("batch: POST") == {CREATES: 1}
    assert len({written(answer).target_id for answer in answers.values()}) == 25


# -- making


def test_an_order_arrives_with_addresses_terms_and_shipment_method(world: World) -> None:
    world.make(world.erp(location="EAST"), an_order())
    order = world.the_order()
    ids = {row["code"]: row["id"] for row in [*world.rows("shipmentMethods"), *world.rows("paymentTerms")]}
    assert order["shipmentMethodId"] == ids["DHL"]
    assert order["paymentTermsId"] == ids["PREPAID"]
    assert (order["shipToName"], order["shipToAddressLine1"]) == ("Ada Lovelace", "St James's Square 12")
    assert (order["orderDate"], order["email"], order["currencyCode"]) == ("2026-01-01", "ada@example.com", "EUR")
    [east] = [row["id"] for row in world.rows("locations") if row["code"] == "EAST"]
    assert {row["locationId"] for row in world.lines() if row["lineType"] == "Item"} == {east}


def test_prices_with_tax_survive_the_tax_code(world: World) -> None:
    reduced = line("SKU-0002", "1", "21.40", taxes=tax("1.40", "0.07"))
    world.make(world.erp(), an_order("1001", reduced, taxes_included=True, shipping_lines=()))
    [row] = world.lines()
    assert (row["unitPrice"], row["taxCode"], row["amountIncludingTax"]) == ("21.40", "VAT7", "21.40")


def test_a_line_keeps_its_price_and_discount(world: World) -> None:
    world.make(world.erp(), an_order("1001", line("SKU-0001", "3", "9.99", discount=eur("1.01"), taxes=tax("5.50"))))
    goods = world.lines()[0]
    assert (goods["quantity"], goods["unitPrice"], goods["discountAmount"]) == ("3", "9.99", "1.01")


def test_charges_go_to_their_accounts_and_items(world: World) -> None:
    world.simulator.put_product("FREIGHT", "Freight")
    order = an_order(tip=eur("2.00"), duties=eur("3.00"), fees=eur("4.00"), rounding=eur("-0.03"))
    world.make(world.erp(shipping_account="item:FREIGHT"), order)
    charges = [(row["lineType"], row["lineObjectNumber"], row["unitPrice"]) for row in world.lines()[2:]]
    assert charges == [
        ("Item", "FREIGHT", "4.90"),
        ("Account", "6120", "2.00"),
        ("Account", "6130", "3.00"),
        ("Account", "6140", "4.00"),
        ("Account", "6150", "-0.03"),
    ]
    assert Decimal(world.the_order()["totalAmountIncludingTax"]) == order.total.amount


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("shipping_account", {}),
        ("tip_account", {"tip": eur("1.00")}),
        ("duty_account", {"duties": eur("1.00")}),
        ("fee_account", {"fees": eur("1.00")}),
        ("rounding_account", {"rounding": eur("0.01")}),
    ],
)
def test_a_charge_without_an_account_names_the_setting(world: World, setting: str, change: dict[str, Any]) -> None:
    erp = world.erp(**{setting: ""})
    draft = world.draft(erp, an_order(**change))
    assert f"`{setting}`" in rejected(erp.create_orders([draft])[draft.reference]).problem.next_step
    assert world.rows("salesOrders") == []


def test_a_variant_is_a_sku_of_its_own(world: World) -> None:
    red = world.simulator.put_variant("SKU-0005", "RED", "Red")
    erp = world.erp()
    world.make(erp, an_order("1001", line("sku-0005|red")))
    assert world.lines()[0]["itemVariantId"] == red
    draft = world.draft(erp, an_order("1002", line("SKU-0005|BLUE")))
    assert "SKU-0005|BLUE" in rejected(erp.create_orders([draft])[draft.reference]).problem.what


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (line("SKU-9999"), "unknown-sku"),
        (line("A" * 30), "unknown-sku"),
        (line(""), "no-sku"),
        (line("SKU-0009"), "item-blocked"),
        (line("SKU-0001", taxes=tax("1.60", "0.16")), "tax-rate-not-mapped"),
        (line("SKU-0001", taxes=tax("1.60", None)), "tax-rate-not-mapped"),
    ],
)
def test_a_bad_line_is_told_before_anything_is_sent(world: World, bad: Any, code: str) -> None:
    world.simulator.put_product("SKU-0009", "Blocked", active=False)
    erp = world.erp()
    drafts = [world.draft(erp, an_order("good")), world.draft(erp, an_order("bad", bad))]
    answers = erp.create_orders(drafts)
    assert rejected(answers["shop-bad"]).code == code
    assert written(answers["shop-good"]).display == world.the_order()["number"]


def test_an_order_that_business_central_refuses_fails_alone_and_leaves_no_lines(world: World) -> None:
    erp = world.erp(order_fields="salesperson = note")
    orders = [an_order("1"), an_order("2", note="for Grace, who turns fifty"), an_order("3")]
    answers = erp.create_orders([world.draft(erp, order) for order in orders])
    refusal = rejected(answers["shop-2"])
    assert refusal.code == "text-too-long"
    assert "Grace" not in str(refusal)
    assert {written(answers[key]).target_id for key in ("shop-1", "shop-3")} == {
        row["number"] for row in world.rows("salesOrders")
    }
    assert len(world.lines()) == 6


def test_a_merchants_own_fields_are_filled(world: World) -> None:
    erp = world.erp(order_fields={"salesperson": "'web'", "shortcutDimension1Code": "customer.groups[0]"})
    world.make(erp, an_order())
    assert (world.the_order()["salesperson"], world.the_order()["shortcutDimension1Code"]) == ("WEB", "")


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    shown: Any = erp.preview_order(draft)
    assert json.loads(json.dumps(shown)) == shown
    assert shown["POST salesOrders"]["salesOrderLines"][0]["unitPrice"] == "10.00"
    assert world.rows("salesOrders") == []
    erp.create_orders([draft])
    sent = next(body for method, table, body in world.simulator.bodies if (method, table) == ("POST", "salesOrders"))
    assert sent["externalDocumentNumber"] == shown["POST salesOrders"]["externalDocumentNumber"]


# -- cents


def test_cents_of_difference_go_to_the_rounding_account(world: World) -> None:
    order = an_order("1001", line("SKU-0001", "3", "3.33"), line("SKU-0002", "7", "0.99"))
    world.make(world.erp(), order)
    assert Decimal(world.the_order()["totalAmountIncludingTax"]) == order.total.amount
    assert [(row["lineObjectNumber"], row["unitPrice"]) for row in world.lines()][-1] == ("6150", "0.01")


def test_a_difference_joins_the_stores_own_rounding_in_one_line(world: World) -> None:
    order = an_order("1001", line("SKU-0001", "3", "3.33"), line("SKU-0002", "7", "0.99"), rounding=eur("0.02"))
    world.make(world.erp(), order)
    assert [row["unitPrice"] for row in world.lines() if row["lineObjectNumber"] == "6150"] == ["0.03"]
    assert Decimal(world.the_order()["totalAmountIncludingTax"]) == order.total.amount


def test_a_larger_difference_is_refused_with_the_arithmetic_and_leaves_no_order(world: World) -> None:
    erp = world.erp(tax_codes="19=VAT7, 0=NOVAT")
    draft = world.draft(erp, an_order())
    refusal = rejected(erp.create_orders([draft])[draft.reference])
    assert refusal.code == "total-differs"
    assert "was deleted again" in refusal.problem.what
    for figure in ("37.00 EUR", "40.60 EUR", "SKU-0001 21.40", "net 34.90 + tax 2.10", "tax 5.70 EUR"):
        assert figure in refusal.problem.what
    assert world.rows("salesOrders") == []
    assert world.lines() == []


def test_a_difference_without_an_account_names_the_setting(world: World) -> None:
    erp = world.erp(rounding_account="")
    draft = world.draft(erp, an_order("1001", line("SKU-0001", "3", "3.33"), line("SKU-0002", "7", "0.99")))
    assert "`rounding_account`" in rejected(erp.create_orders([draft])[draft.reference]).problem.next_step
    assert world.rows("salesOrders") == []


def test_an_order_whose_total_could_not_be_read_is_not_called_unmade(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    fault = world.faulty.add(Fault(FaultKind.STATUS, "batch: GET salesOrders", status=503))
    answer = erp.create_orders([draft])[draft.reference]
    assert fault.fired == 1
    assert isinstance(answer, Transient)
    assert answer.code == "total-not-verified"
    [ref] = erp.find_orders([draft.reference])[draft.reference]
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref


# -- lost and late


def test_an_order_that_commits_late_is_never_called_absent(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    fault = world.faulty.add(Fault(FaultKind.LATE, CREATES, seconds=0.2))
    with pytest.raises(OutcomeUnknown) as unknown:
        erp.create_orders([draft])
    assert fault.fired == 1
    assert unknown.value.settle_seconds == 7
    world.faulty.wait_for_late()
    assert len(erp.find_orders([draft.reference])[draft.reference]) == 1


# -- amending


def test_amending_an_order_that_is_right_writes_nothing(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order("1001", line("SKU-0001", "3", "3.33"), line("SKU-0002", "7", "0.99")))
    ref = written(erp.create_orders([draft])[draft.reference])
    world.faulty.operations.clear()
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref
    assert not [name for name in world.calls() if "POST sales" in name or "PATCH" in name or "DELETE" in name]


def test_amending_changes_address_lines_charges_and_rounding(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order(tip=eur("1.00"), rounding=eur("0.02")))
    billing = an_order().billing
    assert billing is not None
    after = an_order(
        "1001",
        line("SKU-0002", "7", "0.99"),
        line("SKU-0003", "3", "3.33"),
        billing=billing.model_copy(update={"line1": "1 High St"}),
    )
    draft = world.draft(erp, after)
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref
    assert world.the_order()["shipToAddressLine1"] == "1 High St"
    assert Decimal(world.the_order()["totalAmountIncludingTax"]) == after.total.amount
    assert sorted(row["lineObjectNumber"] for row in world.lines()) == ["6110", "6150", "SKU-0002", "SKU-0003"]


def test_a_change_by_somebody_else_in_between_is_read_and_the_amendment_made(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    draft = world.draft(erp, an_order("1001", line("SKU-0001", "5"), line("SKU-0002")))

    def describe() -> None:
        goods = world.simulator.books.by("salesOrderLines", "lineObjectNumber", "SKU-0001") or {}
        goods["description"] = "As the buyer wished"

    world.meddler.before("PATCH salesOrderLines", describe)
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref
    assert world.meddler.plans == []
    [goods] = [row for row in world.lines() if row["lineObjectNumber"] == "SKU-0001"]
    assert (goods["quantity"], goods["description"]) == ("5", "As the buyer wished")


def test_a_released_order_asks_to_be_reopened(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.simulator.release(ref.target_id)
    draft = world.draft(erp, an_order("1001", line("SKU-0001", "5")))
    refusal = rejected(erp.amend_orders({ref.target_id: draft})[ref.target_id])
    assert (refusal.code, "Reopen" in refusal.problem.next_step) == ("order-released", True)


def test_a_shipped_line_is_not_taken_away(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    gone = world.draft(erp, an_order("1001", line("SKU-0002")))
    assert "SKU-0001" in rejected(erp.amend_orders({ref.target_id: gone})[ref.target_id]).problem.what
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    fewer = world.draft(erp, an_order("1001", line("SKU-0001", "1"), line("SKU-0002")))
    assert rejected(erp.amend_orders({ref.target_id: fewer})[ref.target_id]).code == "already-shipped"


def test_a_finished_order_is_right_at_its_total_and_refused_at_another(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    ref = written(erp.create_orders([draft])[draft.reference])
    world.simulator.invoice(ref.target_id)
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref
    other = world.draft(erp, an_order("1001", line("SKU-0001", "5")))
    assert rejected(erp.amend_orders({ref.target_id: other})[ref.target_id]).code == "order-finished"
    nobody = TargetId("109999")
    assert "not there any more" in rejected(erp.amend_orders({nobody: draft})[nobody]).problem.what


def test_a_finished_order_in_a_currency_of_another_code_is_right_at_its_total(world: World) -> None:
    world.simulator.books.add("currencies", code="STG", displayName="Pound sterling")
    erp = world.erp(currencies={"GBP": "STG"})
    placed = samples.order("1001", currency="GBP", lines=(samples.line("SKU-0001", currency="GBP"),), shipping_lines=())
    draft = world.draft(erp, placed)
    ref = written(erp.create_orders([draft])[draft.reference])
    world.simulator.invoice(ref.target_id)
    assert {row["currencyCode"] for row in world.rows("salesInvoices")} == {"STG"}
    assert written(erp.amend_orders({ref.target_id: draft})[ref.target_id]) == ref
    [told] = erp.progress_changed(Since()).records
    assert [one.total for one in told.invoices] == [placed.total]


# -- cancelling and closing


def test_a_cancelled_order_is_deleted_and_stays_in_the_archive(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    assert written(erp.cancel_orders([ref.target_id])[ref.target_id]) == ref
    assert world.rows("salesOrders") == []
    assert [row["state"] for row in world.rows("archivedSalesOrders")] == ["cancelled"]


def test_an_order_that_was_invoiced_and_is_gone_is_not_called_cancelled(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.simulator.invoice(ref.target_id)
    assert rejected(erp.cancel_orders([ref.target_id])[ref.target_id]).code == "already-shipped"


def test_an_order_shipped_in_the_moment_of_its_cancellation_stays(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.meddler.before("DELETE salesOrders", lambda: world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)}))
    assert isinstance(erp.cancel_orders([ref.target_id])[ref.target_id], Transient)
    assert rejected(erp.cancel_orders([ref.target_id])[ref.target_id]).code == "already-shipped"
    assert len(world.rows("salesOrders")) == 1


def test_closing_keeps_what_was_shipped_and_its_charges(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    assert written(erp.close_orders([ref.target_id])[ref.target_id]) == ref
    assert [(row["lineObjectNumber"], row["quantity"]) for row in world.lines()] == [("SKU-0001", "1"), ("6110", "1")]
    assert world.the_order()["fullyShipped"] is True


def test_a_charge_by_an_item_is_no_goods(world: World) -> None:
    world.simulator.put_product("FREIGHT", "Freight")
    (world.simulator.books.by("items", "number", "FREIGHT") or {})["type"] = "Service"
    erp = world.erp(shipping_account="item:freight")
    ref = world.make(erp, an_order())
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)})
    told = next(one for one in everything(erp.progress_changed)[0] if one.display == ref.display)
    assert [[str(one.sku) for one in shipment.lines] for shipment in told.fulfilments] == [["SKU-0001"]]
    erp.close_orders([ref.target_id])
    assert [row["lineObjectNumber"] for row in world.lines()] == ["SKU-0001", "FREIGHT"]


def test_closing_what_nothing_was_shipped_of_deletes_it_and_closing_what_is_gone_is_well(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    for _ in range(2):
        assert erp.close_orders([ref.target_id]) == {ref.target_id: RecordRef(ref.target_id, ref.display)}
        assert world.rows("salesOrders") == []
