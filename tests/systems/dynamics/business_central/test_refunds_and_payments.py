"""Credit memos and payments: once each, to the cent, with the tax as it was charged."""

from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected
from erpsync.domain.money import Money
from erpsync.ports.erp_records import RecordRef
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.dynamics.business_central.adapter import BusinessCentralErp
from erpsync.testing.erp_contract import written
from tests.systems.dynamics.business_central.stand import (
    World,
    an_order,
    eur,
    line,
    payment_draft,
    refund_draft,
    returned,
    tax,
)


def sold(world: World, erp: BusinessCentralErp, *lines: Any, **more: Any) -> RecordRef:
    ref = world.make(erp, an_order("1001", *lines, **more))
    world.simulator.invoice(ref.target_id)
    return ref


def refund(world: World, erp: BusinessCentralErp, draft: Any) -> dict[str, Any]:
    written(erp.post_refunds([draft])[draft.reference])
    [memo] = world.rows("salesCreditMemos")
    return memo


def refused(answer: object) -> Rejected:
    assert isinstance(answer, Rejected), answer
    assert answer.problem.next_step
    return answer


# -- refunds


def test_goods_come_back_into_stock_with_the_tax_they_were_sold_at(world: World) -> None:
    erp = world.erp(location="WEST")
    goods = line("SKU-0002", "2", "10.00", taxes=tax("1.40", "0.07"))
    ref = sold(world, erp, goods, shipping_lines=())
    memo = refund(world, erp, refund_draft(ref, returned("SKU-0002", "10.00", "0.70"), total=eur("10.70")))
    assert (memo["status"], Decimal(memo["totalAmountIncludingTax"])) == ("Open", Decimal("10.70"))
    [row] = world.rows("salesCreditMemoLines")
    assert (row["lineType"], row["quantity"], row["taxCode"]) == ("Item", "1", "VAT7")
    entries = [Decimal(one["quantity"]) for one in world.rows("itemLedgerEntries") if one["itemNumber"] == "SKU-0002"]
    assert entries[-1] == 1


def test_prices_with_tax_are_credited_to_the_cent(world: World) -> None:
    erp = world.erp()
    goods = line("SKU-0001", "3", "19.99", taxes=tax("9.57"))
    ref = sold(world, erp, goods, taxes_included=True)
    draft = refund_draft(ref, returned("SKU-0001", "19.99", "3.19"), shipping=eur("4.90"), total=eur("24.89"))
    memo = refund(world, erp, draft)
    assert Decimal(memo["totalAmountIncludingTax"]) == Decimal("24.89")


def test_a_customer_whose_prices_contain_tax_is_credited_the_same(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    world.simulator.books.prices_with_tax.add(world.customer(erp))
    memo = refund(world, erp, refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90")))
    assert (memo["pricesIncludeTax"], Decimal(memo["totalAmountIncludingTax"])) == (True, Decimal("11.90"))


def test_what_is_not_put_back_in_stock_goes_to_an_account(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    draft = refund_draft(ref, returned("SKU-0001", "10.00", "1.90", restocked=False), total=eur("11.90"))
    before = len(world.rows("itemLedgerEntries"))
    refund(world, erp, draft)
    [row] = world.rows("salesCreditMemoLines")
    assert (row["lineType"], row["lineObjectNumber"], row["taxCode"]) == ("Account", "6160", "VAT19")
    assert len(world.rows("itemLedgerEntries")) == before


def test_an_open_invoice_is_settled_by_its_credit_memo(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    memo = refund(world, erp, refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90")))
    [invoice] = world.rows("salesInvoices")
    assert (memo["invoiceNumber"], Decimal(invoice["remainingAmount"])) == (invoice["number"], Decimal("28.70"))


def test_a_draft_that_an_earlier_attempt_left_is_finished_and_not_doubled(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    draft = refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90"))
    fault = world.faulty.add(Fault(FaultKind.REFUSE, "POST salesCreditMemos/post"))
    assert isinstance(erp.post_refunds([draft])[draft.reference], OutcomeUnknown)
    assert fault.fired == 1
    assert [memo["status"] for memo in world.rows("salesCreditMemos")] == ["Draft"]
    assert refund(world, erp, draft)["status"] == "Open"


def test_a_lost_reply_to_the_posting_posts_once(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    draft = refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90"))
    fault = world.faulty.add(Fault(FaultKind.LOST_REPLY, "POST salesCreditMemos/post"))
    assert isinstance(erp.post_refunds([draft])[draft.reference], OutcomeUnknown)
    assert fault.fired == 1
    assert refund(world, erp, draft)["status"] == "Open"


def test_a_person_may_post_credit_memos_instead(world: World) -> None:
    erp = world.erp(post_credit_memos="false")
    ref = sold(world, erp)
    memo = refund(world, erp, refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90")))
    assert memo["status"] == "Draft"


def test_a_refund_that_comes_out_differently_is_refused_and_leaves_no_draft(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    draft = refund_draft(ref, returned("SKU-0001", "10.00", "0.70"), total=eur("10.70"))
    memo = refund(world, erp, draft)
    assert Decimal(memo["totalAmountIncludingTax"]) == Decimal("10.70")
    second = refund_draft(ref, returned("SKU-0001", "10.00", "0.70"), reference="shop-refund-2", total=eur("12.00"))
    assert refused(erp.post_refunds([second])[second.reference]).code == "refund-does-not-add-up"
    assert len(world.rows("salesCreditMemos")) == 1


def test_one_bad_refund_fails_alone(world: World) -> None:
    erp = world.erp(adjustment_account="")
    ref = sold(world, erp)
    good = refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90"))
    bad = refund_draft(ref, reference="shop-refund-2", adjustment=eur("5.00"), total=eur("5.00"))
    lost = refund_draft(RecordRef(type(ref.target_id)("109999"), "109999"), reference="shop-refund-3", total=eur("0"))
    answers = erp.post_refunds([bad, lost, good])
    assert "`adjustment_account`" in refused(answers[bad.reference]).problem.next_step
    assert refused(answers[lost.reference]).code == "order-gone"
    assert written(answers[good.reference])


def test_two_credit_memos_for_one_refund_stop_it(world: World) -> None:
    erp = world.erp()
    ref = sold(world, erp)
    for _ in range(2):
        world.simulator.books.add("salesCreditMemos", number="S-CRM1", externalDocumentNumber="SHOP-REFUND-1")
    draft = refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90"))
    assert refused(erp.post_refunds([draft])[draft.reference]).code == "found-twice"


# -- payments


def test_a_payment_waits_in_the_journal_of_its_method(world: World) -> None:
    erp = world.erp(payment_methods={"paypal": "PAYPAL"})
    ref = world.make(erp, an_order())
    customer = world.customer(erp)
    answers = erp.post_payments(
        [payment_draft(ref, customer), payment_draft(ref, customer, "shop-p2", method="paypal")]
    )
    assert len({written(answer).target_id for answer in answers.values()}) == 2
    rows = world.rows("customerPayments")
    assert [(row["journalDisplayName"], row["amount"]) for row in rows] == [("WEBSHOP", "-20.00"), ("PAYPAL", "-20.00")]
    assert {row["customerId"] for row in rows} == {customer}


def test_orders_payments_and_refunds_are_booked_at_the_companys_own_date(world: World) -> None:
    erp = world.erp(time_zone="Pacific/Auckland")
    ref = world.make(erp, an_order())
    customer = world.customer(erp)
    written(erp.post_payments([payment_draft(ref, customer)])["shop-payment-1"])
    refund = refund_draft(ref, returned("SKU-0001", "10.00", "1.90"), total=eur("11.90"))
    written(erp.post_refunds([refund])[refund.reference])
    # 11 o'clock in Greenwich is midnight there, of the next day.
    assert world.the_order()["orderDate"] == "2026-01-02"
    assert [row["postingDate"] for row in world.rows("customerPayments")] == ["2026-01-02"]
    assert [row["creditMemoDate"] for row in world.rows("salesCreditMemos")] == ["2026-01-05"]


def test_a_payment_that_was_posted_since_is_not_entered_again(world: World) -> None:
    erp = world.erp()
    ref = world.make(erp, an_order())
    draft = payment_draft(ref, world.customer(erp))
    first = written(erp.post_payments([draft])[draft.reference])
    world.simulator.post_payments()
    assert world.rows("customerPayments") == []
    assert written(erp.post_payments([draft])[draft.reference]) == first
    assert world.rows("customerPayments") == []


@pytest.mark.parametrize(
    ("settings", "changes", "said"),
    [
        ({"default_payment_journal": ""}, {}, "`payment_methods`"),
        ({"default_payment_journal": "NOWHERE"}, {}, "`payment_methods`"),
        ({}, {"amount": Money(amount=Decimal(5), currency="USD")}, "cash receipt journal"),
    ],
)
def test_a_payment_that_cannot_be_entered_says_why(
    world: World, settings: dict[str, str], changes: dict[str, Any], said: str
) -> None:
    erp = world.erp(**settings)
    ref = world.make(erp, an_order())
    draft = payment_draft(ref, world.customer(erp), **changes)
    assert said in refused(erp.post_payments([draft])[draft.reference]).problem.next_step
