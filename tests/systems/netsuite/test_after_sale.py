"""Refunds and payments in NetSuite."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, Transient
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.erp_records import PaymentDraft, RecordRef, RefundDraft
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from tests.systems.netsuite.stand import FirstWaits, World, eur, order, order_line

AT = datetime(2026, 11, 25, 9, 15, tzinfo=UTC)


@pytest.fixture
def sold(world: World) -> RecordRef:
    """A sales order of two pieces."""
    made = world.erp().create_orders([world.draft(order("1", order_line(quantity="2", price="11.90")))])["shop-1"]
    assert isinstance(made, RecordRef)
    return made


def returned(amount: str = "11.90", tax: str = "1.90", **changes: Any) -> RefundLine:
    values: dict[str, Any] = {
        "line_source_id": SourceId("l1"),
        "sku": Sku("SKU-0001"),
        "quantity": Decimal(1),
        "amount": eur(amount),
        "tax": eur(tax),
        "restocked": True,
    }
    return RefundLine(**{**values, **changes})


def refund_draft(sold: RecordRef, *lines: RefundLine, total: str = "11.90", **changes: Any) -> RefundDraft:
    values: dict[str, Any] = {
        "source_id": SourceId("r1"),
        "order_source_id": SourceId("1"),
        "created_at": AT,
        "lines": lines,
        "shipping": eur("0"),
        "adjustment": eur("0"),
        "total": eur(total),
    }
    return RefundDraft("shop-refund-1", sold.target_id, "shop-1", Refund(**{**values, **changes}))


def payment_draft(sold: RecordRef, world: World, amount: str = "20.00", method: str = "card") -> PaymentDraft:
    payment = Payment(source_id=SourceId("p1"), method=method, amount=eur(amount), paid_at=AT)
    return PaymentDraft("shop-payment-1", sold.target_id, world.customer_id, payment)


def credited(world: World) -> list[tuple[str, str, str]]:
    [memo] = world.served.records()["creditMemos"]
    return [(line["item"], line["quantity"], line["amount"]) for line in memo["lines"]]


def test_goods_that_came_back_are_credited_as_their_items(world: World, sold: RecordRef) -> None:
    draft = refund_draft(sold, returned(), reason="Too small")

    result = world.erp().post_refunds([draft])["shop-refund-1"]

    [memo] = world.served.records()["creditMemos"]
    assert result == RecordRef(TargetId(memo["internalId"]), "CM1001")
    assert memo["entity"] == world.customer_id
    assert (memo["otherRefNum"], memo["memo"]) == ("shop-1", "Too small")
    assert memo["currency"] == memo["subsidiary"] == memo["location"] == {"internalId": "1"}
    assert credited(world) == [("SKU-0001", "1", "10.00"), ("Tax", "1", "1.90")]
    assert memo["total"] == "11.90"


def test_amounts_may_be_before_tax(world: World, sold: RecordRef) -> None:
    world.erp().post_refunds([refund_draft(sold, returned("10.00"))])

    assert credited(world) == [("SKU-0001", "1", "10.00"), ("Tax", "1", "1.90")]


def test_goods_that_did_not_come_back_move_no_stock(world: World, sold: RecordRef) -> None:
    world.erp().post_refunds([refund_draft(sold, returned(restocked=False))])

    assert credited(world) == [("Refund", "1", "10.00"), ("Tax", "1", "1.90")]
    [memo] = world.served.records()["creditMemos"]
    assert memo["lines"][0]["description"] == "1 x SKU-0001"


def test_shipping_and_what_belongs_to_no_line_are_credited_to_the_cent(world: World, sold: RecordRef) -> None:
    draft = refund_draft(sold, returned(), shipping=eur("4.90"), adjustment=eur("-0.33"), total="16.47")

    world.erp().post_refunds([draft])

    assert credited(world)[2:] == [("Tax", "1", "1.90"), ("Refund", "1", "-0.33")]
    assert world.simulator.credited("shop-refund-1") == [Decimal("16.47")]


def test_a_total_that_its_parts_do_not_explain_is_still_credited(world: World, sold: RecordRef) -> None:
    world.erp().post_refunds([refund_draft(sold, returned(), total="9.99")])

    assert world.simulator.credited("shop-refund-1") == [Decimal("9.99")]
    assert credited(world)[-1] == ("Refund", "1", "-1.91")


def test_tax_on_lines_takes_the_nearest_configured_rate(world: World, sold: RecordRef) -> None:
    lines = {"tax_handling": "lines", "tax_codes": "19=6, 7=7, 0=5", "tax_code": ""}

    world.erp(**lines).post_refunds([refund_draft(sold, returned("1.00", "0.16"), total="1.00")])

    [memo] = world.served.records()["creditMemos"]
    assert [(line["amount"], line["tax"]) for line in memo["lines"]] == [("0.84", "0.16")]
    refusal = world.erp(**lines).post_refunds([refund_draft(sold, returned("1.00", "0.30"), total="1.00")])
    assert isinstance(refusal["shop-refund-1"], RecordRef)  # it is there already


def test_a_rate_that_is_not_configured_is_named(world: World, sold: RecordRef) -> None:
    lines = {"tax_handling": "lines", "tax_codes": "19=6", "tax_code": ""}

    refusal = world.erp(**lines).post_refunds([refund_draft(sold, returned("10.00", "0.70"), total="10.70")])

    error = refusal["shop-refund-1"]
    assert isinstance(error, Rejected)
    assert error.code == "tax-rate-not-mapped"
    assert "7.0 %" in error.problem.what


def test_a_refund_may_become_a_return_authorization(world: World, sold: RecordRef) -> None:
    erp = world.erp(refund_as="return_authorization")
    draft = refund_draft(sold, returned(restocked=False))

    first, second = erp.post_refunds([draft]), erp.post_refunds([draft])

    assert first == second
    records = world.served.records()
    assert records["creditMemos"] == []
    [memo] = records["returnAuthorizations"]
    assert (memo["tranId"], memo["total"]) == ("RMA1001", "11.90")
    assert memo["lines"][0]["item"] == "SKU-0001"


@pytest.mark.parametrize(
    ("setting", "draft"),
    [
        ("refund_item", {"adjustment": eur("5"), "total": "5.00"}),
        ("refund_item", {"shipping": eur("5"), "total": "5.00"}),
        ("tax_item", {"lines": (returned(),)}),
        ("refund_item", {"lines": (returned(restocked=False),)}),
    ],
)
def test_a_missing_item_for_a_charge_is_named(
    world: World, sold: RecordRef, setting: str, draft: dict[str, Any]
) -> None:
    refusal = world.erp(**{setting: ""}).post_refunds([refund_draft(sold, **draft)])

    error = refusal["shop-refund-1"]
    assert isinstance(error, Rejected)
    assert error.code == "no-item-for-charge"
    assert f"`{setting}`" in error.problem.next_step
    assert world.served.records()["creditMemos"] == []


def test_a_refund_without_money_is_skipped(world: World, sold: RecordRef) -> None:
    [result] = world.erp().post_refunds([refund_draft(sold, total="0")]).values()

    assert isinstance(result, Skip)


def test_a_refund_of_an_unknown_sku_or_order_names_it(world: World, sold: RecordRef) -> None:
    sku = world.erp().post_refunds([refund_draft(sold, returned(sku=Sku("SKU-9999")))])["shop-refund-1"]
    lost = refund_draft(RecordRef(TargetId("424242"), "SO?"), returned())
    gone = world.erp().post_refunds([lost])["shop-refund-1"]

    assert isinstance(sku, Rejected)
    assert "SKU-9999" in sku.problem.what
    assert isinstance(gone, Rejected)
    assert gone.code == "order-not-found"
    assert "shop-1" in gone.problem.what


def test_one_bad_refund_fails_alone(world: World, sold: RecordRef) -> None:
    good = refund_draft(sold, returned())
    bad = RefundDraft("shop-refund-2", sold.target_id, "shop-1", refund_draft(sold, returned(sku=Sku("X"))).refund)

    results = world.erp().post_refunds([bad, good])

    assert isinstance(results["shop-refund-1"], RecordRef)
    assert isinstance(results["shop-refund-2"], Rejected)
    assert len(world.served.records()["creditMemos"]) == 1


def test_what_people_made_of_a_credit_memo_is_left_alone(world: World, sold: RecordRef) -> None:
    draft = refund_draft(sold, returned())
    world.erp().post_refunds([draft])
    [memo] = world.simulator.books.of_kind("creditMemo")
    memo.values["memo"] = "Applied by hand"

    world.erp().post_refunds([draft])

    assert world.served.records()["creditMemos"][0]["memo"] == "Applied by hand"


def test_a_credit_that_is_committed_late_is_not_made_twice(open_world: Callable[..., World]) -> None:
    late = FirstWaits("shop-refund-1")
    world = open_world(NetSuiteSimulator(skus={"SKU-0001": Decimal(10)}, customers=1, between=late))
    made = world.erp().create_orders([world.draft(order("1"))])["shop-1"]
    assert isinstance(made, RecordRef)
    draft = refund_draft(made, returned())
    fault = world.served.faulty.add(Fault(FaultKind.LATE, "upsertList:CreditMemo"))

    with pytest.raises(OutcomeUnknown):
        world.erp().post_refunds([draft])
    late.here.wait()
    again = world.erp().post_refunds([draft])["shop-refund-1"]
    late.let_on.hoist()
    world.served.faulty.wait_for_late()

    assert fault.fired == 1
    assert isinstance(again, RecordRef)
    assert world.simulator.credited("shop-refund-1") == [Decimal("11.90")]


def test_two_workers_at_once_post_one_credit_memo(open_world: Callable[..., World]) -> None:
    meeting = threading.Barrier(2, timeout=20)

    def meet(external_id: str) -> None:
        if external_id == "shop-refund-1":
            meeting.wait()

    world = open_world(NetSuiteSimulator(skus={"SKU-0001": Decimal(10)}, customers=1, between=meet))
    made = world.erp().create_orders([world.draft(order("1"))])["shop-1"]
    assert isinstance(made, RecordRef)
    draft = refund_draft(made, returned())
    results: list[object] = []
    workers = [
        threading.Thread(target=lambda: results.append(world.erp().post_refunds([draft])["shop-refund-1"]))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    won = [result for result in results if isinstance(result, RecordRef)]
    lost = [result for result in results if isinstance(result, Transient)]
    assert (len(won), len(lost)) == (1, 1)
    assert world.simulator.credited("shop-refund-1") == [Decimal("11.90")]
    assert world.erp().post_refunds([draft])["shop-refund-1"] == won[0]


def test_a_payment_is_a_deposit_for_the_sales_order(world: World, sold: RecordRef) -> None:
    erp = world.erp(payment_methods="card=5, cash=1")

    result = erp.post_payments([payment_draft(sold, world)])["shop-payment-1"]

    [deposit] = world.served.records()["customerDeposits"]
    assert result == RecordRef(TargetId(deposit["internalId"]), "DEP1001")
    assert deposit["customer"] == {"internalId": world.customer_id}
    assert deposit["salesOrder"] == {"internalId": sold.target_id}
    assert (deposit["payment"], deposit["paymentMethod"]) == ("20.00", {"internalId": "5"})
    assert deposit["undepFunds"] is True
    assert "account" not in deposit


def test_a_payment_may_go_to_an_account(world: World, sold: RecordRef) -> None:
    world.erp(payment_account="10").post_payments([payment_draft(sold, world)])

    [deposit] = world.served.records()["customerDeposits"]
    assert deposit["account"] == {"internalId": "10"}
    assert "undepFunds" not in deposit


def test_a_payment_method_that_is_not_mapped_is_named(world: World, sold: RecordRef) -> None:
    erp = world.erp(payment_methods="card=5", default_payment_method="")

    refusal = erp.post_payments([payment_draft(sold, world, method="voucher")])["shop-payment-1"]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "payment-method-not-mapped"
    assert '"voucher"' in refusal.problem.next_step


def test_an_account_without_payment_methods_is_told_none(world: World, sold: RecordRef) -> None:
    world.erp(default_payment_method="").post_payments([payment_draft(sold, world)])

    assert "paymentMethod" not in world.served.records()["customerDeposits"][0]


def test_a_payment_for_an_order_that_is_gone_is_refused(world: World, sold: RecordRef) -> None:
    draft = payment_draft(RecordRef(TargetId("424242"), ""), world)

    refusal = world.erp().post_payments([draft])["shop-payment-1"]

    assert isinstance(refusal, Rejected)
    assert "salesOrder 424242" in refusal.problem.what


def test_a_record_that_somebody_has_open_is_tried_again(world: World, sold: RecordRef) -> None:
    world.simulator.books.contested.add("shop-refund-1")
    draft = refund_draft(sold, returned())

    first = world.erp().post_refunds([draft])["shop-refund-1"]
    second = world.erp().post_refunds([draft])["shop-refund-1"]

    assert isinstance(first, Transient)
    assert first.code == "rcrd-has-been-changed"
    assert isinstance(second, RecordRef)


def test_nothing_to_post_asks_nothing(world: World) -> None:
    erp = world.erp()

    assert erp.post_refunds([]) == erp.post_payments([]) == erp.close_orders([]) == {}
    assert world.served.faulty.operations == {}
