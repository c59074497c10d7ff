"""Making sales orders."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from erpsync.domain.errors import OutcomeUnknown, Throttled, Transient, Unavailable
from erpsync.domain.ids import TargetId
from erpsync.domain.orders import TaxLine
from erpsync.domain.parties import Address
from erpsync.ports.erp_records import Written
from erpsync.sandbox.faults import FaultKind
from erpsync.systems.dynamics.finance_operations.numbers import MAX_LENGTH, number_for
from erpsync.testing import samples
from erpsync.testing.barrier import together
from erpsync.testing.erp_contract import eur, hard_order
from tests.systems.dynamics.finance_operations.stand import (
    BUYER,
    CREATE,
    World,
    an_order,
    draft,
    line,
    made,
    refused,
    world,
)

WHERE = Address(
    first_name="Ada",
    last_name="Lovelace",
    line1="St James's Square 12",
    city="London",
    postal_code="SW1Y",
    country="GB",
)


def test_an_order_arrives_with_what_the_store_said(fo: World) -> None:
    order = an_order("1", shipping=WHERE, payment_methods=("card",))
    ref = fo.make(order, order_fields={"SalesOrderName": "number", "IsSalesProcessingStopped": "total.amount > `1000`"})
    header = fo.header(ref.target_id)
    told = {
        "dataAreaId": "usmf",
        "SalesOrderNumber": "shop-1",
        "CustomersOrderReference": "shop-1",
        "CustomerRequisitionNumber": "#1",
        "OrderingCustomerAccountNumber": BUYER,
        "CurrencyCode": "EUR",
        "ArePricesIncludingSalesTax": "No",
        "DeliveryModeCode": "10",
        "CustomerPaymentMethodName": "CARD",
        "DeliveryAddressName": "Ada Lovelace",
        "DeliveryAddressCity": "London",
        "DeliveryAddressCountryRegionISOCode": "GB",
        "IsDeliveryAddressOrderSpecific": "Yes",
        "SkipCreateAutoCharges": "Yes",
        "SalesOrderName": "#1",
        "IsSalesProcessingStopped": "No",
    }
    assert {name: header[name] for name in told} == told
    assert [(row["ItemNumber"], row["SalesTaxItemGroupCode"]) for row in fo.lines("shop-1")] == [
        ("SKU-0001", "FULL"),
        ("SKU-0002", "FULL"),
        ("FREIGHT", "EXEMPT"),
    ]


def test_states_are_sent_for_countries_that_have_them_in_f_and_o(fo: World) -> None:
    berlin = WHERE.model_copy(update={"country": "DE", "region_code": "BE"})
    texas = WHERE.model_copy(update={"country": "US", "region_code": "TX"})
    for name, where in (("de", berlin), ("us", texas)):
        fo.make(an_order(name, shipping=where))
    states = {row["SalesOrderNumber"]: row["DeliveryAddressStateId"] for row in fo.rows("SalesOrderHeadersV2")}
    assert states == {"shop-de": "", "shop-us": "TX"}


def test_twenty_orders_are_found_and_made_by_one_request_each(fo: World) -> None:
    drafts = [draft(an_order(str(number))) for number in range(20)]
    erp = fo.erp()
    erp.find_orders([one.reference for one in drafts])
    assert fo.calls("batch GET SalesOrderHeadersV2") == 1
    answers = erp.create_orders(drafts)
    assert fo.calls("batch POST SalesOrderHeadersV2") == 1
    assert len({made(answer).target_id for answer in answers.values()}) == 20


def test_long_references_become_short_numbers_that_differ(fo: World) -> None:
    long = "a-shop-with-a-long-name-5512345678901"
    assert number_for("shop-1001") == "shop-1001"
    assert len(number_for(long)) <= MAX_LENGTH
    assert len({number_for(f"{long}{end}") for end in "abcdefgh"}) == 8
    order = an_order("a-long-one-5512345678901-55123456789012")
    ref = fo.make(order)
    [found] = fo.erp().find_orders([draft(order).reference])[draft(order).reference]
    assert found.target_id == ref.target_id == number_for(draft(order).reference)


def test_a_reference_is_not_found_by_wildcards_or_other_letters(fo: World) -> None:
    fo.make(an_order("abc"))
    assert fo.erp().find_orders(["shop-*", "SHOP-ABC", "shop-a'c"]) == {"shop-*": (), "SHOP-ABC": (), "shop-a'c": ()}


def test_a_late_commit_never_makes_a_second_order(fo: World) -> None:
    erp, one = fo.erp(), draft(an_order("late"))
    fault = fo.fail(kind=FaultKind.LATE, seconds=0.3)
    with pytest.raises(OutcomeUnknown) as lost:
        erp.create_orders([one])
    assert (fault.fired, lost.value.settle_seconds) == (1, 0)
    made(erp.create_orders([one])[one.reference])
    fo.served.faulty.wait_for_late()
    assert len(fo.rows("SalesOrderHeadersV2")) == 1
    assert len(fo.lines("shop-late")) == 3


def test_where_f_and_o_numbers_a_lost_reply_asks_for_its_time(numbered: World) -> None:
    one = draft(an_order("late"))
    fault = numbered.fail(kind=FaultKind.LATE, seconds=0.2)
    with pytest.raises(OutcomeUnknown) as lost:
        numbered.erp().create_orders([one])
    assert (fault.fired, lost.value.settle_seconds) == (1, 7)
    numbered.served.faulty.wait_for_late()
    [ref] = numbered.erp().find_orders([one.reference])[one.reference]
    # The header is there, its lines are not: amending completes it.
    assert numbered.lines(ref.target_id) == []
    made(numbered.erp().amend_orders({ref.target_id: one})[ref.target_id])
    assert len(numbered.lines(ref.target_id)) == 3


def test_where_f_and_o_numbers_lines_that_are_refused_leave_no_header(numbered: World) -> None:
    one, good = draft(an_order("bad", line("SKU-0001", "2"))), draft(an_order("good"))
    answers = numbered.erp(fee_charge="NOWHERE").create_orders(
        [good, draft(an_order("fees", fees=eur("2.00"))), one],
    )
    refused(answers["shop-fees"], "refused")
    assert {row["CustomersOrderReference"] for row in numbered.rows("SalesOrderHeadersV2")} == {"shop-good", "shop-bad"}


def test_nothing_of_an_order_remains_when_one_of_its_lines_is_refused(fo: World) -> None:
    answers = fo.erp(tip_charge="NOWHERE").create_orders(
        [draft(an_order("tip", tip=eur("2.00"))), draft(an_order("ok"))]
    )
    error = refused(answers["shop-tip"], "refused")
    assert "NOWHERE" in error.problem.what
    made(answers["shop-ok"])
    assert {row["SalesOrderNumber"] for row in fo.rows("SalesOrderLines")} == {"shop-ok"}
    assert [row["SalesOrderNumber"] for row in fo.rows("SalesOrderHeadersV2")] == ["shop-ok"]


def test_an_order_that_is_there_already_becomes_what_the_draft_says(fo: World) -> None:
    fo.make(an_order("twice"))
    newer = draft(an_order("twice", line("SKU-0003", "4")))
    made(fo.erp().create_orders([newer])[newer.reference])
    assert fo.simulator.controls.booked("shop-twice")[0].quantities == {"SKU-0003": 4}


def test_a_number_that_is_another_records_is_told(fo: World) -> None:
    fo.make(an_order("Mixed"))
    answers = fo.erp().create_orders([draft(an_order("mixed"))])
    refused(answers["shop-mixed"], "number-taken")


def test_two_workers_make_one_order(fo: World) -> None:
    one = draft(an_order("race"))

    def work() -> Written:
        return fo.erp().create_orders([one])[one.reference]

    answers = [worker.result() for worker in together(work, work, seconds=60)]
    assert {made(answer).target_id for answer in answers} == {"shop-race"}
    assert len(fo.lines("shop-race")) == 3


@pytest.mark.parametrize("entity", ["SalesOrderHeadersV2", "SalesOrderLines"])
def test_a_missing_right_stops_the_connection_not_the_orders(tmp_path: Path, entity: str) -> None:
    with world(tmp_path, denied=[("POST", entity)]) as fo:
        answer = refused(fo.erp().create_orders([draft(an_order("1"))])["shop-1"], "permission-missing")
        assert isinstance(answer, Unavailable)
        assert fo.rows("SalesOrderHeadersV2") == []


def test_throttling_is_told_with_its_wait(fo: World) -> None:
    erp, one = fo.erp(), draft(an_order("busy"))
    erp.ping()
    fo.simulator.access.busy_seconds = 42
    with pytest.raises(Throttled) as busy:
        erp.create_orders([one])
    assert busy.value.retry_after_seconds == 42
    fo.simulator.access.busy_seconds = 0
    made(erp.create_orders([one])[one.reference])


def test_a_token_that_was_withdrawn_is_renewed_without_losing_an_order(fo: World) -> None:
    erp, one = fo.erp(), draft(an_order("token"))
    erp.ping()
    fo.simulator.access.forget_tokens()
    made(erp.create_orders([one])[one.reference])
    assert fo.calls("token") == 2


def test_a_server_error_is_not_the_orders_fault(fo: World) -> None:
    fo.fail("batch GET ReleasedProductsV2.*", FaultKind.STATUS, status=500)
    with pytest.raises(Transient):
        fo.erp().create_orders([draft(an_order("1"))])


def test_a_proxys_page_in_place_of_the_batch_leaves_the_outcome_open(fo: World) -> None:
    fo.fail(CREATE, FaultKind.STATUS, status=200, body=b"<html>", headers=(("Content-Type", "text/html"),))
    with pytest.raises(OutcomeUnknown):
        fo.erp().create_orders([draft(an_order("1"))])


@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_a_made_order_that_is_not_told_of_is_looked_up(fo: World, body: bytes) -> None:
    part = b"Content-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" + body
    told = b"--c\r\n" + b"\r\n--c\r\n".join([part] * 4) + b"\r\n--c--\r\n"
    answer = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + told + b"\r\n--b--\r\n"
    headers = (("Content-Type", "multipart/mixed; boundary=b"),)
    fo.fail(CREATE, FaultKind.STATUS, status=200, headers=headers, body=answer)
    one = draft(an_order("1"))
    assert isinstance(fo.erp().create_orders([one])[one.reference], OutcomeUnknown)


@pytest.mark.parametrize("name", ["thirds", "discounts", "shipping-taxed"])
def test_a_company_that_taxes_the_total_comes_to_the_same(tmp_path: Path, name: str) -> None:
    with world(tmp_path, tax_per_line=False) as fo:
        fo.make(hard_order(name), tax_calculation="total")
        assert fo.simulator.controls.booked(f"shop-{name}")[0].total == hard_order(name).total.amount


def test_a_tax_that_differs_by_more_than_cents_is_refused_with_the_sum(fo: World) -> None:
    taxes = (TaxLine(title="VAT", amount=eur("5.00"), rate=Decimal("0.19")),)
    order = an_order("tax", samples.line("SKU-0001", "2", taxes=taxes))
    error = refused(fo.erp().create_orders([draft(order)])["shop-tax"], "total-differs")
    assert "lines 24.90 + 19 % tax 3.80 = 28.70 EUR, the store's total is 29.90 (difference 1.20)" in str(error)
    assert fo.rows("SalesOrderHeadersV2") == []


def test_a_tax_without_a_rate_is_the_rate_that_gives_it(fo: World) -> None:
    taxes = (TaxLine(title="VAT", amount=eur("1.40")),)
    fo.make(an_order("rate", samples.line("SKU-0001", "2", taxes=taxes)))
    assert fo.lines("shop-rate")[0]["SalesTaxItemGroupCode"] == "RED"
    odd = (TaxLine(title="VAT", amount=eur("1.57")),)
    refused(
        fo.erp().create_orders([draft(an_order("odd", samples.line("SKU-0001", "2", taxes=odd)))])["shop-odd"],
        "tax-rate-unknown",
    )


def test_a_rate_of_which_nothing_was_charged_is_no_tax(fo: World) -> None:
    exempt = (TaxLine(title="VAT", amount=eur("0.00"), rate=Decimal("0.19")),)
    fo.make(an_order("exempt", samples.line("SKU-0001", "2", taxes=exempt)))
    assert fo.lines("shop-exempt")[0]["SalesTaxItemGroupCode"] == "EXEMPT"


def test_what_is_taken_off_is_a_negative_quantity(fo: World) -> None:
    fo.make(an_order("off", rounding=eur("-0.02")))
    [rounding] = [row for row in fo.lines("shop-off") if row["ItemNumber"] == "ROUNDING"]
    assert (rounding["OrderedSalesQuantity"], rounding["SalesPrice"]) == ("-1", "0.02")


@pytest.mark.parametrize(
    ("setting", "order"),
    [
        ("shipping_charge", an_order("1")),
        ("tip_charge", an_order("1", tip=eur("1.00"))),
        ("duty_charge", an_order("1", duties=eur("1.00"))),
        ("fee_charge", an_order("1", fees=eur("1.00"))),
        ("rounding_charge", an_order("1", rounding=eur("0.01"))),
        ("tax_codes", an_order("1")),
    ],
)
def test_a_setting_that_an_order_needs_is_named(fo: World, setting: str, order: object) -> None:
    assert isinstance(order, type(an_order("1")))
    error = refused(fo.erp(**{setting: ""}).create_orders([draft(order)])["shop-1"], "setting-missing")
    assert f"`{setting}`" in error.problem.next_step


def test_refusals_say_what_f_and_o_said_but_nothing_of_a_person(fo: World) -> None:
    order = an_order("person", shipping=WHERE.model_copy(update={"line1": "St James " * 27}))
    erp = fo.erp(shipping_methods="standard=NOPE")
    error = refused(erp.create_orders([draft(order)])["shop-person"], "refused")
    assert "The value 'NOPE' in field 'Mode of delivery' is not found" in error.problem.what
    assert error.problem.record == "order #person"
    name = an_order("name", shipping=WHERE)
    again = fo.erp(order_fields={"SalesOrderOriginCode": "shipping.last_name"}).create_orders([draft(name)])
    made(again["shop-name"])


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("Street would be 269 characters, and the field has 250", {"line1": "St James " * 30}),
        (
            "Street would be 253 characters",
            {"company": "St James's House", "line1": "x" * 220, "line2": "Lovelace Yard 1"},
        ),
        ("City would be 69 characters, and the field has 60", {"city": "Lovelace, " * 7}),
        ("ZipCode would be 11 characters, and the field has 10", {"postal_code": "SW1Y SW1Y12"}),
    ],
)
def test_an_address_that_does_not_fit_is_refused_and_never_cut(fo: World, field: str, place: dict[str, str]) -> None:
    erp, right, bad = (
        fo.erp(),
        an_order("right", shipping=WHERE),
        an_order("bad", shipping=WHERE.model_copy(update=place)),
    )
    answers = erp.create_orders([draft(right), draft(bad)])
    number = made(answers["shop-right"]).target_id
    error = refused(answers["shop-bad"], "too-long")
    assert field in error.problem.what
    assert error.problem.record == "order #bad"

    later = an_order("right", shipping=bad.shipping)
    assert field in refused(erp.amend_orders({number: draft(later)})[number], "too-long").problem.what
    assert fo.header(number)["DeliveryAddressStreet"] == "St James's Square 12"


def test_an_unknown_currency_is_refused(fo: World) -> None:
    erp = fo.erp(currencies="USD")
    refused(erp.create_orders([draft(an_order("1"))])["shop-1"], "currency-unknown")


def test_prices_that_f_and_o_overrules_are_noticed_however_often(tmp_path: Path) -> None:
    def policy(row: dict[str, object]) -> dict[str, object]:
        return {**row, "LineDiscountAmount": Decimal(1)} if row["ItemNumber"] == "SKU-0001" else row

    with world(tmp_path, change=policy) as fo:
        one = draft(an_order("policy"))
        error = refused(fo.erp().create_orders([one])["shop-policy"], "line-amount-differs")
        assert "SKU-0001 18.00 instead of 20.00" in str(error)
        refused(fo.erp().create_orders([one])["shop-policy"], "line-amount-differs")
        refused(fo.erp().amend_orders({TargetId("shop-policy"): one})[TargetId("shop-policy")], "line-amount-differs")


def test_a_variant_is_ordered_by_its_number(fo: World) -> None:
    controls = fo.simulator.controls
    controls.release("SHIRT", "Shirt", ProductSubType="ProductMaster")
    controls.add_variant("SHIRT", "SHIRT-M-RED", "Shirt M red", ProductSizeId="M", ProductColorId="Red")
    fo.make(an_order("shirt", line("SHIRT-M-RED")))
    [row] = [row for row in fo.lines("shop-shirt") if row["ItemNumber"] == "SHIRT"]
    assert (row["ProductSizeId"], row["ProductColorId"], row["ProductStyleId"]) == ("M", "Red", "")
    refused(fo.erp().create_orders([draft(an_order("master", line("SHIRT")))])["shop-master"], "sku-unknown")


def test_items_of_other_companies_are_not_ordered(fo: World) -> None:
    fo.simulator.controls.release("ELSEWHERE", "Thing", company="frrt")
    error = refused(fo.erp().create_orders([draft(an_order("x", line("ELSEWHERE")))])["shop-x"], "sku-unknown")
    assert "usmf" in str(error)


def test_a_preview_is_plain_json_with_exact_amounts(fo: World) -> None:
    told = json.loads(json.dumps(fo.erp().preview_order(draft(an_order("1", line("SKU-0001", "3", "9.99"))))))
    assert told["SalesOrderHeadersV2"]["SalesOrderNumber"] == "shop-1"
    assert told["SalesOrderLines"][0]["SalesPrice"] == "9.99"
    assert fo.rows("SalesOrderHeadersV2") == []


def test_a_reference_longer_than_f_and_o_keeps_is_refused(fo: World) -> None:
    one = draft(an_order("x" * 60))
    refused(fo.erp().create_orders([one])[one.reference], "reference-too-long")
