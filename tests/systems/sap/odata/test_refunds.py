"""Refunds as credit memo requests."""

from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.domain.payments import Refund, RefundLine
from erpsync.ports.erp_records import PaymentDraft, RecordRef, RefundDraft
from erpsync.systems.sap.odata.settings import NO_PAYMENTS
from erpsync.testing import samples
from erpsync.testing.erp_contract import an_order, eur, written
from tests.systems.sap.odata.stage import CONDITIONS
from tests.systems.sap.odata.stand import System


def refund(
    ref: RecordRef, name: str, amount: str, tax: str, total: str, quantity: Decimal = Decimal(1), **more: object
) -> RefundDraft:
    returned = RefundLine(
        line_source_id=SourceId("line-SKU-0001"),
        sku=samples.line("SKU-0001").sku,
        quantity=quantity,
        amount=eur(amount),
        tax=eur(tax),
        restocked=True,
    )
    fields: dict[str, object] = {
        "source_id": SourceId(name),
        "order_source_id": SourceId("1"),
        "created_at": samples.PLACED_AT,
        "lines": (returned,),
        "shipping": eur("0"),
        "adjustment": eur("0"),
        "total": eur(total),
    }
    return RefundDraft(f"shop-refund-{name}", ref.target_id, "shop-1", Refund.model_validate(fields | more))


@pytest.mark.parametrize("changes", [{}, CONDITIONS], ids=["classification", "conditions"])
@pytest.mark.parametrize(
    ("name", "amount", "tax", "total", "more"),
    [
        ("net", "10.00", "1.90", "11.90", {}),
        ("gross", "9.99", "1.60", "9.99", {}),
        ("fee", "10.00", "1.90", "9.40", {"adjustment": eur("-2.50")}),
        ("shipping", "10.00", "1.90", "16.80", {"shipping": eur("4.90")}),
        ("untaxed", "10.00", "0", "10.00", {}),
        ("no piece back", "5.00", "0.95", "5.95", {"quantity": Decimal(0)}),
    ],
)
def test_the_buyer_is_credited_to_the_cent(
    sap: System, changes: dict[str, str], name: str, amount: str, tax: str, total: str, more: dict[str, Any]
) -> None:
    ref = sap.make(an_order("1"))
    draft = refund(ref, name, amount, tax, total, **more)
    written(sap.erp(**changes).post_refunds([draft])[draft.reference])

    assert sap.simulator.credited(draft.reference) == [Decimal(total)]
    [memo] = sap.rows("A_CreditMemoRequest")
    assert memo["SDDocumentReason"] == "001"
    assert {row["PurchaseOrderByCustomer"] for row in sap.rows("A_CreditMemoRequestItem")} == {"shop-1"}


def test_refunds_are_looked_up_before_they_are_posted_each_for_itself(sap: System) -> None:
    ref = sap.make(an_order("1"))
    good = refund(ref, "good", "10.00", "1.90", "11.90")
    bad = refund(RecordRef(ref.target_id, ""), "bad", "10.00", "1.55", "11.55")
    for _ in range(2):
        answers = sap.erp().post_refunds([good, bad])
        written(answers[good.reference])
        refusal = answers[bad.reference]
        assert isinstance(refusal, Rejected)
        assert "tax_codes" in refusal.problem.what
    assert len(sap.rows("A_CreditMemoRequest")) == 1


def test_a_refund_that_is_there_twice_is_left_to_a_person(sap: System) -> None:
    ref = sap.make(an_order("1"))
    draft, other = (refund(ref, name, "10.00", "1.90", "11.90") for name in ("twice", "other"))
    answers = sap.erp().post_refunds([draft, other])
    number = written(answers[other.reference]).target_id
    sap.simulator.change(
        "A_CreditMemoRequest", {"CreditMemoRequest": number, "PurchaseOrderByCustomer": draft.reference}
    )
    refusal = sap.erp().post_refunds([draft])[draft.reference]
    assert isinstance(refusal, Rejected)
    assert number in refusal.problem.what


def test_a_refund_of_an_order_that_is_gone_says_so(sap: System) -> None:
    draft = refund(RecordRef("4711", ""), "lost", "10.00", "1.90", "11.90")  # type: ignore[arg-type]
    refusal = sap.erp().post_refunds([draft])[draft.reference]
    assert isinstance(refusal, Rejected)
    assert refusal.code == "order-deleted"


def test_payments_are_refused_with_what_happens_instead(sap: System) -> None:
    drafts: list[PaymentDraft] = []
    with pytest.raises(Rejected) as refused:
        sap.erp().post_payments(drafts)
    assert refused.value.problem.what == NO_PAYMENTS
