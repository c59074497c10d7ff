"""Customers, refunds and payments."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown
from erpsync.domain.ids import SourceId
from erpsync.domain.money import zero
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.erp_records import CustomerDraft, PaymentDraft, RecordRef, RefundDraft
from erpsync.sandbox.faults import FaultKind
from erpsync.testing import samples
from erpsync.testing.erp_contract import eur, everything, hard_order
from tests.systems.dynamics.finance_operations.stand import BUYER, CREATE, World, an_order, line, made, refused

WHERE = Address(first_name="Ada", last_name="Lovelace", line1="St James's Square 12", city="London", country="GB")


def customer(reference: str = "shop-customer-1", **changes: Any) -> CustomerDraft:
    fields = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", **changes}
    return CustomerDraft(reference, Customer.model_validate(fields), WHERE, WHERE, "EUR")


def refund(ref: RecordRef, order: Order, **changes: Any) -> RefundDraft:
    fields: dict[str, Any] = {
        "source_id": SourceId("r1"),
        "order_source_id": order.source_id,
        "created_at": order.created_at + timedelta(days=3),
        "lines": (),
        "shipping": zero("EUR"),
        "adjustment": zero("EUR"),
        "total": zero("EUR"),
    }
    return RefundDraft("shop-refund-r1", ref.target_id, "shop-1", Refund.model_validate(fields | changes))


def back(order: Order, quantity: str, amount: str, tax: str, *, restocked: bool = True) -> RefundLine:
    first = order.lines[0]
    return RefundLine(
        line_source_id=first.source_id,
        sku=first.sku,
        quantity=Decimal(quantity),
        amount=eur(amount),
        tax=eur(tax),
        restocked=restocked,
    )


def payment(reference: str = "shop-payment-1", **changes: Any) -> PaymentDraft:
    fields = {"source_id": SourceId("p1"), "method": "card", "amount": eur("20.00"), "paid_at": samples.PLACED_AT}
    return PaymentDraft(reference, BUYER, BUYER, Payment.model_validate(fields | changes))


def test_a_person_and_a_company_are_made_as_what_they_are(fo: World) -> None:
    drafts = [customer(), customer("shop-customer-2", company="Analytical Engines", email="b@example.com")]
    answers = fo.erp(customer_groups="trade=20", customer_fields={"SalesMemo": "reference"}).upsert_customers(drafts)
    rows = {row["CustomerAccount"]: row for row in fo.rows("CustomersV3")}
    person = rows[made(answers["shop-customer-1"]).target_id]
    company = rows[made(answers["shop-customer-2"]).target_id]
    assert (person["PartyType"], person["PersonLastName"], person["SalesMemo"]) == (
        "Person",
        "Lovelace",
        "shop-customer-1",
    )
    assert (company["PartyType"], company["OrganizationName"]) == ("Organization", "Analytical Engines")
    assert person["CustomerAccount"] == person["IdentificationNumber"] == "shop-customer-1"
    assert person["AddressCountryRegionISOCode"] == "GB"


def test_a_person_that_becomes_a_company_keeps_its_kind(fo: World) -> None:
    erp = fo.erp()
    first = made(erp.upsert_customers([customer()])["shop-customer-1"])
    again = erp.upsert_customers([customer(company="Analytical Engines", phone="123")])["shop-customer-1"]
    assert made(again).target_id == first.target_id
    [row] = [row for row in fo.rows("CustomersV3") if row["CustomerAccount"] == first.target_id]
    assert (row["PartyType"], row["PersonLastName"], row["PrimaryContactPhone"]) == ("Person", "Lovelace", "123")


def test_groups_decide_by_their_table(fo: World) -> None:
    drafts = [customer(groups=("vip", "trade")), customer("shop-customer-2", groups=("vip",))]
    fo.erp(customer_groups="trade=20").upsert_customers(drafts)
    groups = {row["CustomerAccount"]: row["CustomerGroupId"] for row in fo.rows("CustomersV3")}
    assert (groups["shop-customer-1"], groups["shop-customer-2"]) == ("20", "10")
    answers = fo.erp(default_customer_group="").upsert_customers([customer("shop-customer-3")])
    refused(answers["shop-customer-3"], "setting-missing")


def test_a_bad_customer_fails_alone_without_a_word_about_the_person(fo: World) -> None:
    long = customer("shop-customer-9", phone="0" * 300)
    answers = fo.erp().upsert_customers([customer(), long])
    made(answers["shop-customer-1"])
    error = refused(answers["shop-customer-9"], "refused")
    assert error.problem.record == "customer shop-customer-9"


def test_a_customer_whose_address_does_not_fit_is_refused(fo: World) -> None:
    where = Address(line1="St James " * 30, city="London", country="GB")
    answers = fo.erp().upsert_customers([customer(), replace(customer("shop-customer-2"), billing=where)])
    made(answers["shop-customer-1"])
    assert "Street would be" in refused(answers["shop-customer-2"], "too-long").problem.what


def test_a_customer_made_by_a_late_request_is_found_not_doubled(fo: World) -> None:
    fo.fail(r"batch POST CustomersV3", FaultKind.LATE, seconds=0.2)
    erp = fo.erp()
    with pytest.raises(OutcomeUnknown):
        erp.upsert_customers([customer()])
    made(erp.upsert_customers([customer()])["shop-customer-1"])
    fo.served.faulty.wait_for_late()
    assert len([row for row in fo.rows("CustomersV3") if row["IdentificationNumber"]]) == 1


def test_a_long_reference_of_a_guest_is_found_again(fo: World) -> None:
    reference = f"a-shop-with-a-long-name-customer-guest-{'0123456789' * 3}"
    erp = fo.erp()
    ref = made(erp.upsert_customers([customer(reference)])[reference])
    assert made(erp.upsert_customers([customer(reference)])[reference]).target_id == ref.target_id
    assert [one.target_id for one in erp.find_customers([customer(reference)])[reference]] == [ref.target_id]


def test_several_customers_of_one_address_are_all_told(fo: World) -> None:
    for account in ("A", "B"):
        row = {"dataAreaId": "usmf", "CustomerAccount": account, "PrimaryContactEmail": "Ada@example.com"}
        fo.simulator._tables.insert("CustomersV3", {**row, "PartyType": "Person"})
    found = fo.erp().find_customers([customer()])["shop-customer-1"]
    assert [one.target_id for one in found] == ["A", "B"]


def test_goods_that_come_back_are_credited_as_goods_others_on_a_service(fo: World) -> None:
    order = an_order("1", line("SKU-0001", "3"))
    ref = fo.make(order)
    lines = (back(order, "1", "10.00", "1.90"), back(order, "1", "10.00", "1.90", restocked=False))
    made(fo.erp().post_refunds([refund(ref, order, lines=lines, total=eur("23.80"))])["shop-refund-r1"])
    rows = fo.lines("shop-refund-r1")
    assert [(row["ItemNumber"], row["OrderedSalesQuantity"], row["SalesTaxItemGroupCode"]) for row in rows] == [
        ("SKU-0001", "-1", "FULL"),
        ("GOODWILL", "-1", "FULL"),
    ]
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("23.80")]


def test_money_for_a_line_of_which_nothing_comes_back_is_credited_with_its_tax(fo: World) -> None:
    """As WooCommerce has a reduced price: a refunded line with an amount, and none of it."""
    order = an_order("1", line("SKU-0001", "3"))
    ref = fo.make(order)
    draft = refund(ref, order, lines=(back(order, "0", "5.00", "0.95"),), total=eur("5.95"))
    made(fo.erp().post_refunds([draft])["shop-refund-r1"])
    [row] = fo.lines("shop-refund-r1")
    assert (row["ItemNumber"], row["OrderedSalesQuantity"], row["SalesTaxItemGroupCode"]) == ("GOODWILL", "-1", "FULL")
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("5.95")]


def test_a_tax_group_of_several_rates_is_credited_at_the_refunds_own(fo: World) -> None:
    rates = {"tax_codes": "19=FULL, 7=FULL, 0=EXEMPT"}
    order = an_order("1", line("SKU-0001", "3"))
    ref = fo.make(order, **rates)
    draft = refund(ref, order, lines=(back(order, "1", "10.00", "1.90"),), total=eur("11.90"))
    made(fo.erp(**rates).post_refunds([draft])["shop-refund-r1"])
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("11.90")]
    assert [row["ItemNumber"] for row in fo.lines("shop-refund-r1")] == ["SKU-0001"]


def test_taxed_shipping_goes_back_with_its_tax(fo: World) -> None:
    order = hard_order("shipping-taxed")
    ref = fo.make(order)
    made(fo.erp().post_refunds([refund(ref, order, shipping=eur("5.83"), total=eur("5.83"))])["shop-refund-r1"])
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("5.83")]
    assert fo.lines("shop-refund-r1")[0]["SalesTaxItemGroupCode"] == "FULL"


def test_prices_that_contain_tax_are_credited_as_they_were(fo: World) -> None:
    order = hard_order("included")
    ref = fo.make(order)
    lines = (back(order, "1", "19.99", "3.19"),)
    made(fo.erp().post_refunds([refund(ref, order, lines=lines, total=eur("19.99"))])["shop-refund-r1"])
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("19.99")]


def test_a_refund_that_does_not_add_up_or_has_no_order_is_refused(fo: World) -> None:
    order = an_order("1")
    ref = fo.make(order)
    lines = (back(order, "1", "10.00", "1.90"),)
    answers = fo.erp().post_refunds([refund(ref, order, lines=lines, total=eur("15.00"))])
    refused(answers["shop-refund-r1"], "total-differs")
    gone = RecordRef(ref.target_id.__class__("NONE"), "NONE")
    refused(fo.erp().post_refunds([refund(gone, order, total=eur("1.00"))])["shop-refund-r1"], "order-gone")
    goodwill = refund(ref, order, adjustment=eur("5.00"), total=eur("5.00"))
    refused(fo.erp(refund_charge="").post_refunds([goodwill])["shop-refund-r1"], "setting-missing")


def test_a_credit_note_is_not_told_as_an_orders_progress(fo: World) -> None:
    order = an_order("1")
    ref = fo.make(order)
    made(fo.erp().post_refunds([refund(ref, order, adjustment=eur("5.00"), total=eur("5.00"))])["shop-refund-r1"])
    assert {one.order_id for one in everything(fo.erp().progress_changed)[0]} == {ref.target_id}


def test_a_refund_whose_lines_were_lost_gets_them(numbered: World) -> None:
    order = an_order("1")
    ref = numbered.make(order)
    draft = refund(ref, order, adjustment=eur("5.00"), total=eur("5.00"))
    fault = numbered.fail(r"batch POST SalesOrderLines", FaultKind.REFUSE)
    with pytest.raises(OutcomeUnknown):
        numbered.erp().post_refunds([draft])
    assert fault.fired == 1
    made(numbered.erp().post_refunds([draft])["shop-refund-r1"])
    assert numbered.simulator.controls.credited("shop-refund-r1") == [Decimal("5.00")]
    assert len([row for row in numbered.rows("SalesOrderHeadersV2") if "refund" in row["CustomersOrderReference"]]) == 1


def test_payments_of_one_call_share_a_journal_and_a_bad_one_fails_alone(fo: World) -> None:
    drafts = [payment(f"shop-payment-{number}") for number in range(3)]
    drafts[1] = PaymentDraft("shop-payment-1", BUYER, BUYER.__class__("nobody"), drafts[1].payment)
    answers = fo.erp().post_payments(drafts)
    refused(answers["shop-payment-1"], "refused")
    assert {made(answers[f"shop-payment-{number}"]).display for number in (0, 2)} == {
        fo.rows("CustomerPaymentJournalHeaders")[0]["JournalBatchNumber"]
    }
    again = fo.erp().post_payments(drafts)
    assert made(again["shop-payment-0"]).target_id == made(answers["shop-payment-0"]).target_id
    assert len(fo.rows("CustomerPaymentJournalLines")) == 2


def test_a_payment_is_booked_at_the_companys_own_date(fo: World) -> None:
    made(fo.erp(time_zone="Pacific/Auckland").post_payments([payment()])["shop-payment-1"])
    # 11 o'clock in Greenwich is midnight there, of the next day.
    assert [row["TransactionDate"] for row in fo.rows("CustomerPaymentJournalLines")] == ["2026-01-02T12:00:00Z"]


def test_a_payment_needs_its_journal_and_its_method(fo: World) -> None:
    error = refused(fo.erp(payment_journal="").post_payments([payment()])["shop-payment-1"], "setting-missing")
    assert "`payment_journal`" in error.problem.next_step
    error = refused(fo.erp().post_payments([payment(method="crypto")])["shop-payment-1"], "setting-missing")
    assert "`payment_methods`" in error.problem.next_step
    refused(fo.erp(currencies="USD").post_payments([payment()])["shop-payment-1"], "currency-unknown")


def test_a_lost_refund_of_ours_is_harmless_and_made_once(fo: World) -> None:
    order = an_order("1")
    ref = fo.make(order)
    draft = refund(ref, order, adjustment=eur("5.00"), total=eur("5.00"))
    fo.fail(CREATE, FaultKind.LATE, seconds=0.2)
    erp = fo.erp()
    with pytest.raises(OutcomeUnknown) as lost:
        erp.post_refunds([draft])
    assert lost.value.settle_seconds == 0
    made(erp.post_refunds([draft])["shop-refund-r1"])
    fo.served.faulty.wait_for_late()
    assert fo.simulator.controls.credited("shop-refund-r1") == [Decimal("5.00")]
