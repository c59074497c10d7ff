"""Sales orders through the adapter, and what SAP has of them."""

import json
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Transient
from erpsync.domain.ids import Sku
from erpsync.domain.orders import OrderLine, TaxLine
from erpsync.ports.erp_records import OrderDraft
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.testing import samples
from erpsync.testing.erp_contract import an_order, eur, hard_order, line, written
from tests.systems.sap.odata.stage import CONDITIONS
from tests.systems.sap.odata.stand import BUYER, System


def taxed(sku: str, quantity: str, price: str, tax: str, **more: object) -> OrderLine:
    return line(sku, quantity, price, taxes=(TaxLine(title="VAT", amount=eur(tax), rate=Decimal("0.19")),), **more)


def test_an_order_arrives_with_its_addresses_texts_and_keys(sap: System) -> None:
    order = an_order("full", shipping=BUYER, note="Ring twice", payment_methods=("card", "voucher"))
    sap.make(
        order,
        shipping_methods="standard=01",
        payment_methods="card=K",
        order_origin="SHOP",
        payment_text="TX02",
        order_fields={"SDDocumentReason": "'001'", "CustomerGroup": "contains(customer.groups, 'vip') && '01' || '02'"},
    )

    row = sap.order("shop-full")
    assert (row["ShippingCondition"], row["PaymentMethod"], row["CustomerPurchaseOrderType"]) == ("01", "K", "SHOP")
    assert (row["AssignmentReference"], row["CustomerPurchaseOrderDate"]) == ("#full", "2026-01-01")
    assert (row["SDDocumentReason"], row["CustomerGroup"]) == ("001", "02")
    [ship_to] = sap.rows("A_SalesOrderPartnerAddress", SalesOrder=row["SalesOrder"], PartnerFunction="SH")
    assert (ship_to["OrganizationName1"], ship_to["StreetName"], ship_to["Region"]) == (
        "Ada Lovelace",
        "Lindenstrasse 5",
        "BE",
    )
    texts = {one["LongTextID"]: one["LongText"] for one in sap.rows("A_SalesOrderText", SalesOrder=row["SalesOrder"])}
    assert texts == {"TX01": "Ring twice", "TX02": "card, voucher"}


def test_prices_that_no_unit_price_gives_come_out_to_the_cent(sap: System) -> None:
    order = an_order("odd", taxed("SKU-0001", "3", "3.333", "1.90"), taxed("SKU-0002", "2.5", "1.11", "0.53"))
    sap.make(order)

    assert sap.total("shop-odd") == order.total.amount
    elements = sap.rows("A_SalesOrderItemPrElement", ConditionType="PMP0", SalesOrderItem="10")
    assert [(Decimal(e["ConditionRateValue"]), Decimal(e["ConditionQuantity"])) for e in elements] == [(10, 3)]


def test_a_discount_is_a_condition_of_its_own_where_one_is_named(sap: System) -> None:
    sap.make(hard_order("discounts"))
    [element] = sap.rows("A_SalesOrderItemPrElement", ConditionType="DRV1")
    assert Decimal(element["ConditionAmount"]) == Decimal("-1.01")


def test_cents_by_which_sap_computes_another_tax_go_to_the_rounding_charge(sap: System) -> None:
    order = an_order("gross", taxed("SKU-0001", "1", "9.99", "1.60"), taxes_included=True, shipping_lines=())
    sap.make(order)

    assert sap.total("shop-gross") == Decimal("9.99")
    [rounding] = sap.rows("A_SalesOrderItem", Material="ROUNDING")
    assert Decimal(rounding["NetAmount"]) == Decimal("0.01")


def test_a_tax_that_is_not_saps_is_refused_with_the_arithmetic_before_anything_is_sent(sap: System) -> None:
    draft = sap.draft(an_order("wrong-tax", taxed("SKU-0001", "1", "10.00", "3.00")))
    refusal = sap.erp().create_orders([draft])[draft.reference]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "tax-differs"
    assert "1.10" in refusal.problem.what
    assert sap.simulator.booked(draft.reference) == []


@pytest.mark.parametrize("block", ["", "01"])
def test_an_order_that_sap_adds_up_differently_is_a_dead_letter_and_is_blocked_where_asked(
    sap: System, block: str
) -> None:
    sap.simulator.sales.surcharge = Decimal("1.00")
    draft = sap.draft(an_order("surcharged"))
    refusal = sap.erp(mismatch_block=block).create_orders([draft])[draft.reference]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "total-differs"
    assert "35.90 + tax 5.89 = 41.79 EUR in SAP, 40.60 EUR" in refusal.problem.what
    assert sap.order(draft.reference)["DeliveryBlockReason"] == block
    # Somebody mends the pricing; the replay finds the order and lets it go.
    sap.simulator.sales.surcharge = Decimal(0)
    order_id = sap.simulator.booked(draft.reference)[0].id
    sap.simulator.change("A_SalesOrder", {"SalesOrder": order_id})
    answer = sap.erp(mismatch_block=block).amend_orders({order_id: draft})[order_id]  # type: ignore[dict-item,index]
    assert written(answer).target_id == order_id
    assert sap.order(draft.reference)["DeliveryBlockReason"] == ""


def test_a_block_whose_answer_is_lost_is_looked_at_again(sap: System) -> None:
    customer_id = sap.customer()
    sap.simulator.sales.surcharge = Decimal("1.00")
    bad = sap.draft(an_order("bad"), customer_id)
    fault = sap.fault(Fault(FaultKind.LOST_REPLY, operation="change A_SalesOrder"))
    answer = sap.erp(mismatch_block="01").create_orders([bad])[bad.reference]

    assert fault.fired == 1
    assert isinstance(answer, OutcomeUnknown)


def test_conditions_carry_the_stores_own_tax_whatever_sap_would_compute(sap: System) -> None:
    order = an_order("own-tax", taxed("SKU-0001", "1", "10.00", "1.97"), shipping_lines=(samples.shipping(),))
    sap.make(order, **CONDITIONS)

    assert sap.total("shop-own-tax") == Decimal("16.87")
    [header] = sap.rows("A_SalesOrderHeaderPrElement")
    assert Decimal(header["ConditionRateValue"]) == Decimal("4.90")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"shipping_charge": ""}, "shipping_charge"),
        ({"tax_codes": "7=2, 0=0"}, "tax_codes"),
        ({"currencies": "USD=USD"}, "currencies"),
        ({"shipping_methods": "express=02"}, "shipping_methods"),
    ],
)
def test_a_missing_setting_is_named(sap: System, changes: dict[str, str], named: str) -> None:
    draft = sap.draft(an_order("unset"))
    refusal = sap.erp(**changes).create_orders([draft])[draft.reference]

    assert isinstance(refusal, Rejected)
    assert named in refusal.problem.what + refusal.problem.next_step
    assert refusal.problem.next_step


def test_long_references_stay_apart_and_are_found_again(sap: System) -> None:
    customer_id = sap.customer()
    orders = [an_order(f"a-very-long-order-number-of-a-marketplace-{at}") for at in range(3)]
    drafts = [sap.draft(order, customer_id) for order in orders]
    made = sap.erp().create_orders(drafts)
    found = sap.erp().find_orders([draft.reference for draft in drafts])

    assert {reference: [ref.target_id for ref in refs] for reference, refs in found.items()} == {
        reference: [written(answer).target_id] for reference, answer in made.items()
    }
    stored = {row["PurchaseOrderByCustomer"] for row in sap.rows("A_SalesOrder")}
    assert len(stored) == 3
    assert {len(one) for one in stored} == {35}


def test_a_reference_in_other_letters_is_another_one(sap: System) -> None:
    sap.simulator.service.ignore_case = True
    sap.make(an_order("case"))

    assert sap.erp().find_orders(["SHOP-CASE"]) == {"SHOP-CASE": ()}


def test_two_orders_with_one_reference_are_both_told(sap: System) -> None:
    draft = sap.draft(an_order("double"))
    for _ in range(2):
        sap.erp().create_orders([draft])

    assert len(sap.erp().find_orders([draft.reference])[draft.reference]) == 2


def test_a_hundred_references_are_looked_up_in_one_request_of_short_urls(sap: System) -> None:
    references = [f"shop-{'x' * 25}-{at:03d}'s" for at in range(100)]
    erp = sap.erp()
    erp.find_orders(references)

    assert sap.count("read A_SalesOrder by PurchaseOrderByCustomer") == 1
    urls = [call.url for _, call in sap.recorder.calls]
    assert len(urls) > 1
    assert max(map(len, urls)) < 4000


def test_orders_of_a_call_are_made_in_one_request_each_in_its_own_change_set(sap: System) -> None:
    customer_id = sap.customer()
    drafts = [sap.draft(an_order(f"bulk-{at}"), customer_id) for at in range(20)]
    answers = sap.erp().create_orders(drafts)

    assert len({written(answer).target_id for answer in answers.values()}) == 20
    assert sap.count("create A_SalesOrder") == 1


def test_the_same_order_again_writes_nothing(sap: System) -> None:
    order = an_order("same", shipping=BUYER, note="Ring  twice\n")
    ref = sap.make(order)
    before = sap.order("shop-same")["LastChangeDateTime"]
    written(sap.erp().amend_orders({ref.target_id: sap.draft(order)})[ref.target_id])

    assert sap.count("change A_SalesOrder") == 0
    assert sap.order("shop-same")["LastChangeDateTime"] == before


def test_a_street_that_is_too_long_goes_on_in_the_next_free_lines_also_where_it_is_amended(sap: System) -> None:
    def draft(**place: str) -> OrderDraft:
        return sap.draft(an_order("long", shipping=BUYER.model_copy(update=place), billing=BUYER))

    def lines() -> list[str]:
        [row] = sap.rows("A_SalesOrderPartnerAddress", PartnerFunction="SH")
        return [row[name] for name in ("StreetName", "StreetSuffixName1", "StreetSuffixName2", "OrganizationName1")]

    long = draft(line1="Old Harbour Road " * 4 + "5", company="C" * 50)
    ref = written(sap.erp().create_orders([long])["shop-long"])
    assert lines() == [("Old Harbour Road " * 4)[:55].strip(), "Harbour Road 5", "Hinterhaus", "C" * 40]

    written(sap.erp().amend_orders({ref.target_id: long})[ref.target_id])
    assert sap.count("change A_SalesOrder") == 0
    written(sap.erp().amend_orders({ref.target_id: draft()})[ref.target_id])
    assert lines() == ["Lindenstrasse 5", "Hinterhaus", "", "Ada Lovelace"]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"line1": "Secret " * 30}, "StreetName (60), StreetSuffixName1 (40), StreetSuffixName2 (40)"),
        ({"city": "Secret" * 7}, "CityName would be 42 characters, and the field has 40"),
        ({"postal_code": "Secret12345"}, "PostalCode would be 11 characters, and the field has 10"),
        ({"phone": "Secret" * 6}, "PhoneNumber would be 36 characters, and the field has 30"),
    ],
)
def test_an_address_that_does_not_fit_is_refused_and_never_cut(sap: System, place: dict[str, str], told: str) -> None:
    good = sap.draft(an_order("good", shipping=BUYER))
    bad = sap.draft(an_order("bad", shipping=BUYER.model_copy(update=place)))
    answers = sap.erp().create_orders([good, bad])
    ref = written(answers["shop-good"])

    amended = sap.erp().amend_orders({ref.target_id: bad})[ref.target_id]
    for refusal in (answers["shop-bad"], amended):
        assert isinstance(refusal, Rejected)
        assert refusal.code == "too-long"
        assert told in refusal.problem.what
        assert "Secret" not in str(refusal)
    [row] = sap.rows("A_SalesOrderPartnerAddress", PartnerFunction="SH")
    assert row["StreetName"] == "Lindenstrasse 5"


def test_a_region_code_that_is_none_of_saps_is_left_out(sap: System) -> None:
    sap.make(an_order("region", shipping=BUYER.model_copy(update={"region_code": "BG-01", "country": "BG"})))
    [row] = sap.rows("A_SalesOrderPartnerAddress", PartnerFunction="SH")
    assert (row["Region"], row["Country"]) == ("", "BG")


def test_an_order_that_people_change_meanwhile_is_read_again(sap: System) -> None:
    ref = sap.make(an_order("raced"))
    races = iter([True])

    def race(operation: str) -> None:
        if operation == "change A_SalesOrder" and next(races, False):
            sap.simulator.change("A_SalesOrder", {"SalesOrder": ref.target_id, "CustomerGroup": "07"})

    sap.recorder.before = race
    after = an_order("raced", line("SKU-0001", "4"))
    written(sap.erp().amend_orders({ref.target_id: sap.draft(after)})[ref.target_id])

    assert sap.count("change A_SalesOrder") == 2
    assert sap.order("shop-raced")["CustomerGroup"] == "07"
    assert sap.total("shop-raced") == after.total.amount


def test_an_order_that_never_stands_still_is_tried_again_later(sap: System) -> None:
    ref = sap.make(an_order("restless"))

    def race(operation: str) -> None:
        if operation == "change A_SalesOrder":
            sap.simulator.change("A_SalesOrder", {"SalesOrder": ref.target_id})

    sap.recorder.before = race
    draft = sap.draft(an_order("restless", line("SKU-0001", "4")))
    answer = sap.erp().amend_orders({ref.target_id: draft})[ref.target_id]
    assert isinstance(answer, Transient)
    assert answer.code == "changed-meanwhile"


def test_items_that_people_added_stay_and_the_difference_is_told(sap: System) -> None:
    ref = sap.make(an_order("extended"))
    sap.simulator.add_item(ref.target_id, "SKU-0040", Decimal(1))
    answer = sap.erp().amend_orders({ref.target_id: sap.draft(an_order("extended"))})[ref.target_id]

    assert isinstance(answer, Rejected)
    assert answer.code == "total-differs"
    assert "difference -11.90" in answer.problem.what
    assert len(sap.rows("A_SalesOrderItem", Material="SKU-0040")) == 1


def test_sub_items_that_sap_made_are_left_alone(sap: System) -> None:
    ref = sap.make(an_order("bom"))
    sap.simulator.add_item(ref.target_id, "SKU-0041", Decimal(1))
    sub_item = {"SalesOrder": ref.target_id, "SalesOrderItem": "40", "HigherLevelItem": "000010"}
    reference = {"PurchaseOrderByShipToParty": "line:line-SKU-0001"}
    sap.simulator.change("A_SalesOrderItem", {**sub_item, **reference})
    after = an_order("bom", line("SKU-0001", "3"), line("SKU-0002"))
    sap.erp().amend_orders({ref.target_id: sap.draft(after)})
    [booked] = sap.simulator.booked("shop-bom")
    assert booked.quantities == {"SKU-0001": 3, "SKU-0002": 1, "SKU-0041": 1}


def test_what_has_a_delivery_is_not_taken_away(sap: System) -> None:
    ref = sap.make(an_order("delivered"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)})
    for after in (an_order("delivered", line("SKU-0002")), an_order("delivered", line("SKU-0001"), line("SKU-0002"))):
        answer = sap.erp().amend_orders({ref.target_id: sap.draft(after)})[ref.target_id]
        assert isinstance(answer, Rejected)
        assert answer.code == "already-delivered"
        assert answer.problem.next_step


def test_an_order_that_was_deleted_is_not_made_anew_by_an_edit(sap: System) -> None:
    answer = sap.erp().amend_orders({"4711": sap.draft(an_order("gone"))})["4711"]  # type: ignore[dict-item,index]
    assert isinstance(answer, Rejected)
    assert answer.code == "order-deleted"


def test_orders_are_not_cancelled_without_a_reason_for_rejection(sap: System) -> None:
    ref = sap.make(an_order("reason"))
    answer = sap.erp(rejection_reason="").cancel_orders([ref.target_id])[ref.target_id]
    assert isinstance(answer, Rejected)
    assert "rejection_reason" in answer.problem.what


def test_a_reason_that_sap_does_not_know_is_told_with_its_code(sap: System) -> None:
    ref = sap.make(an_order("unknown-reason"))
    answer = sap.erp(rejection_reason="99").cancel_orders([ref.target_id])[ref.target_id]
    assert isinstance(answer, Rejected)
    assert "V1/001" in answer.problem.what


def test_an_order_with_an_open_delivery_is_not_cancelled(sap: System) -> None:
    ref = sap.make(an_order("picking"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": Decimal(1)}, issued=False)
    answer = sap.erp().cancel_orders([ref.target_id])[ref.target_id]
    assert isinstance(answer, Rejected)
    assert answer.code == "order-already-delivered"


def test_closing_keeps_what_was_delivered(sap: System) -> None:
    ref = sap.make(an_order("closing"))
    sap.simulator.ship(ref.target_id, {"SKU-0002": Decimal(1)})
    written(sap.erp().close_orders([ref.target_id])[ref.target_id])
    reasons = {row["Material"]: row["SalesDocumentRjcnReason"] for row in sap.rows("A_SalesOrderItem")}
    assert reasons == {"SKU-0001": "50", "SKU-0002": "", "SHIPPING": ""}


def test_closing_an_order_of_which_nothing_left_takes_its_charges_along(sap: System) -> None:
    ref = sap.make(an_order("never"))
    written(sap.erp().close_orders([ref.target_id])[ref.target_id])
    assert {row["SalesDocumentRjcnReason"] for row in sap.rows("A_SalesOrderItem")} == {"50"}


def test_an_item_that_people_rejected_stays_rejected_and_is_no_difference(sap: System) -> None:
    ref = sap.make(an_order("rejected"))
    sap.simulator.change(
        "A_SalesOrderItem", {"SalesOrder": ref.target_id, "SalesOrderItem": "20", "SalesDocumentRjcnReason": "51"}
    )
    after = an_order("rejected", line("SKU-0001", "3"), line("SKU-0002"))
    written(sap.erp().amend_orders({ref.target_id: sap.draft(after)})[ref.target_id])
    [booked] = sap.simulator.booked("shop-rejected")
    assert booked.quantities == {"SKU-0001": 3}


def test_an_order_that_people_rejected_as_a_whole_is_not_revived(sap: System) -> None:
    ref = sap.make(an_order("off"))
    written(sap.erp().cancel_orders([ref.target_id])[ref.target_id])
    answer = sap.erp().amend_orders({ref.target_id: sap.draft(an_order("off"))})[ref.target_id]
    assert isinstance(answer, Rejected)
    assert answer.code == "order-rejected-in-sap"


def test_a_preview_is_plain_json_of_what_would_be_sent(sap: System) -> None:
    draft = sap.draft(an_order("seen"))
    preview = sap.erp().preview_order(draft)
    assert json.loads(json.dumps(preview)) == preview
    written(sap.erp().create_orders([draft])[draft.reference])
    sent = next(call.body for _, call in sap.recorder.calls if call.method == "POST" and call.url == "A_SalesOrder")
    assert json.loads(sent) == preview


def test_skus_are_material_numbers_in_any_letters(sap: System) -> None:
    sap.make(an_order("small", line("sku-0005")))
    [booked] = sap.simulator.booked("shop-small")
    assert booked.quantities == {"SKU-0005": 1}


def test_a_line_without_a_sku_names_the_line(sap: System) -> None:
    draft = sap.draft(an_order("no-sku", line("").model_copy(update={"sku": Sku("")})))
    answer = sap.erp().create_orders([draft])[draft.reference]
    assert isinstance(answer, Rejected)
    assert answer.code == "no-sku"
