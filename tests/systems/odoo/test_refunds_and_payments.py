"""Credit notes for what buyers received, and payments on their journals, on the simulated Odoo."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.erp_records import PaymentDraft, RecordRef, RefundDraft
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from erpsync.testing.barrier import together
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo, meeting_at, of_simulator
from tests.systems.odoo.drafts import draft, eur, item, order, shipping

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
TWO_MUGS = item("SKU-0001", "2", "10.00", rate="0.19", included=False)


@pytest.fixture
def faults(faulty: tuple[OdooServer, FaultySimulator]) -> FaultySimulator:
    return faulty[1]


def back(sku: str = "SKU-0001", amount: str = "10.00", tax: str = "1.90", **changes: Any) -> RefundLine:
    values = {"quantity": Decimal(1), "restocked": True, **changes}
    return RefundLine(line_source_id=SourceId(f"line-{sku}"), sku=Sku(sku), amount=eur(amount), tax=eur(tax), **values)


def refund_of(ref: RecordRef, lines: Sequence[RefundLine], total: str, **changes: Any) -> RefundDraft:
    amounts = {name: eur(changes.pop(name, "0")) for name in ("shipping", "adjustment")}
    refund = Refund(
        source_id=SourceId("r1"),
        order_source_id=SourceId("1"),
        created_at=WEDNESDAY,
        lines=tuple(lines),
        total=eur(total),
        **amounts,
        **changes,
    )
    return RefundDraft("shop-r1", ref.target_id, "shop-1", refund)


def sold(odoo: Odoo, placed: Order | None = None, **settings: Any) -> RecordRef:
    placed = placed or order([TWO_MUGS, item("SKU-0002", "1", "5.00", included=False)], included=False)
    made = odoo.erp(**settings).create_orders([draft("shop-1", placed, odoo.customer("shop"))])["shop-1"]
    assert isinstance(made, RecordRef), made
    return made


def posted(odoo: Odoo, wanted: RefundDraft, **settings: Any) -> RecordRef:
    answer = odoo.erp(**settings).post_refunds([wanted])["shop-r1"]
    assert isinstance(answer, RecordRef), answer
    return answer


def refused(answer: object) -> SyncError:
    assert isinstance(answer, Rejected), answer
    assert answer.problem.next_step.endswith(("replay.", "discard this.", "by hand."))
    return answer


def note_lines(simulator: OdooSimulator) -> list[tuple[str, float, float]]:
    rows = simulator.records()["account.move.line"]
    moves = {row["id"]: row["move_type"] for row in simulator.records()["account.move"]}
    notes = [row for row in rows if moves[row["move_id"]] == "out_refund"]
    return [(row["name"], row["quantity"], row["price_unit"]) for row in notes]


def test_goods_that_came_back_are_no_longer_invoiced(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    simulator.invoice(ref.target_id)
    note = posted(simulated, refund_of(ref, [back()], "11.90"))
    [move] = [row for row in simulator.records()["account.move"] if str(row["id"]) == note.target_id]
    invoice = next(row for row in simulator.records()["account.move"] if row["move_type"] == "out_invoice")
    assert (move["state"], move["amount_total"], move["invoice_date"]) == ("posted", 11.9, "2026-03-04")
    assert (move["ref"], move["invoice_origin"], note.display) == ("shop-r1", ref.display, move["name"])
    assert move["reversed_entry_id"] == invoice["id"]
    [line] = [row for row in simulator.records()["sale.order.line"] if row["name"] == "Title of SKU-0001"]
    assert line["qty_invoiced_posted"] == 1


def test_money_back_for_goods_that_stay_leaves_them_invoiced(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    simulator.invoice(ref.target_id)
    posted(simulated, refund_of(ref, [back(restocked=False)], "11.90"))
    [line] = [row for row in simulator.records()["sale.order.line"] if row["name"] == "Title of SKU-0001"]
    assert line["qty_invoiced_posted"] == 2


def test_prices_that_contain_their_tax(simulated: Odoo, simulator: OdooSimulator) -> None:
    placed = order([item("SKU-0001", "3", "9.99", rate="0.19")], shipping_lines=(shipping("4.90", rate="0.19"),))
    ref = sold(simulated, placed)
    line = back(amount="19.98", tax="3.19", quantity=Decimal(2))
    posted(simulated, refund_of(ref, [line], "24.88", shipping="4.90"))
    assert simulator.credited("shop-r1") == [Decimal("24.88")]
    assert note_lines(simulator) == [("Title of SKU-0001", 2, 9.99), ("Shipping", 1, 4.9)]


def test_shipping_is_paid_back_with_the_tax_that_was_charged_on_it(simulated: Odoo, simulator: OdooSimulator) -> None:
    placed = order([TWO_MUGS], included=False, shipping_lines=(shipping("4.90", rate="0.19", included=False),))
    ref = sold(simulated, placed)
    posted(simulated, refund_of(ref, [], "5.83", shipping="5.83"))
    assert simulator.credited("shop-r1") == [Decimal("5.83")]
    [(name, _, price)] = note_lines(simulator)
    assert (name, round(price, 2)) == ("Shipping", 4.9)


@pytest.mark.parametrize("included", [True, False])
def test_tax_that_is_a_line_of_its_own_is_paid_back_as_one(
    simulated: Odoo, simulator: OdooSimulator, included: bool
) -> None:
    by_line: dict[str, Any] = {"tax_handling": "line", "taxes": {}, "taxes_included": {}}
    ref = sold(
        simulated, order([item("SKU-0001", "2", "10.00", rate="0.25", included=included)], included=included), **by_line
    )
    line = back(tax="2.00" if included else "2.50")
    posted(simulated, refund_of(ref, [line], "10.00" if included else "12.50"), **by_line)
    assert simulator.credited("shop-r1") == [Decimal("10.00" if included else "12.50")]
    assert ("Tax", 1, 2.0 if included else 2.5) in note_lines(simulator)


def test_what_the_parts_do_not_explain_is_booked_all_the_same(simulated: Odoo, simulator: OdooSimulator) -> None:
    """The buyer kept the goods and got three euros; the store lists the whole line and takes the rest off again."""
    ref = sold(simulated)
    posted(simulated, refund_of(ref, [back(restocked=False)], "3.00", adjustment="-8.90", reason="Scratched"))
    assert simulator.credited("shop-r1") == [Decimal("3.00")]
    assert ("Scratched", 1, -8.9) in note_lines(simulator)


def test_cents_of_rounding_are_booked(simulated: Odoo, simulator: OdooSimulator) -> None:
    """The store rounds each piece's tax, Odoo that of the note."""
    lines = [item(f"SKU-{n:04}", "1", "0.03", rate="0.19", included=False) for n in range(1, 7)]
    ref = sold(simulated, order(lines, included=False))
    pieces = [back(f"SKU-{n:04}", "0.03", "0.01") for n in range(1, 7)]
    posted(simulated, refund_of(ref, pieces, "0.24"))
    assert simulator.credited("shop-r1") == [Decimal("0.24")]
    assert [line[0] for line in note_lines(simulator)][-1] == "Rounding difference"


def test_a_note_that_does_not_come_to_what_the_buyer_received_stays_a_draft(
    simulated: Odoo, simulator: OdooSimulator
) -> None:
    ref = sold(simulated)
    wrong = refund_of(ref, [back(tax="0.90")], "10.90")
    error = refused(simulated.erp().post_refunds([wrong])["shop-r1"])
    assert error.code == "total-differs"
    assert "10.90" in error.problem.what
    assert [row["state"] for row in simulator.records()["account.move"]] == ["draft"]


@pytest.mark.parametrize(
    ("lines", "changes", "total", "settings", "code", "words"),
    [
        ([], {"adjustment": "5.00"}, "5.00", {"refund_product": ""}, "product-not-set", "refund_product"),
        ([], {"adjustment": "5.00"}, "5.00", {"refund_product": "NONE"}, "unknown-sku", "NONE"),
        ([], {"shipping": "5.00"}, "5.00", {"shipping_product": ""}, "product-not-set", "shipping_product"),
        ([back("SKU-0009")], {}, "11.90", {}, "refund-line-unknown", "SKU-0009"),
    ],
)
def test_what_cannot_be_paid_back_is_refused_by_name(
    simulated: Odoo,
    simulator: OdooSimulator,
    lines: list[RefundLine],
    changes: dict[str, Any],
    total: str,
    settings: dict[str, Any],
    code: str,
    words: str,
) -> None:
    ref = sold(simulated)
    answer = simulated.erp(**settings).post_refunds([refund_of(ref, lines, total, **changes)])["shop-r1"]
    error = refused(answer)
    assert (error.code, words in error.problem.what) == (code, True)
    assert simulator.records()["account.move"] == []


def test_a_refund_of_an_order_that_is_gone_is_refused(simulated: Odoo) -> None:
    gone = refund_of(RecordRef(TargetId("99999"), "S99999"), [back()], "11.90")
    assert refused(simulated.erp().post_refunds([gone])["shop-r1"]).code == "record-gone"


def test_goods_that_came_back_without_money_make_no_note(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    nothing = refund_of(ref, [back(amount="0.00", tax="0.00")], "0.00")
    assert isinstance(simulated.erp().post_refunds([nothing])["shop-r1"], Skip)
    assert simulator.records()["account.move"] == []


def test_one_bad_refund_fails_alone(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    good = refund_of(ref, [back()], "11.90")
    bad = RefundDraft("shop-r2", ref.target_id, "shop-1", refund_of(ref, [back("SKU-0009")], "11.90").refund)
    answers = simulated.erp().post_refunds([bad, good])
    assert isinstance(answers["shop-r1"], RecordRef)
    assert refused(answers["shop-r2"]).code == "refund-line-unknown"
    assert simulator.credited("shop-r1") == [Decimal("11.90")]


def test_notes_may_stay_drafts_for_a_person_to_post(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    note = posted(simulated, refund_of(ref, [back()], "11.90"), confirm_refunds=False)
    assert note.display == f"credit note {note.target_id}"
    assert simulator.credited("shop-r1") == []
    assert posted(simulated, refund_of(ref, [back()], "11.90")).target_id == note.target_id
    assert simulator.credited("shop-r1") == [Decimal("11.90")]


def test_a_note_that_people_cancelled_is_not_made_again(simulated: Odoo, simulator: OdooSimulator) -> None:
    ref = sold(simulated)
    note = posted(simulated, refund_of(ref, [back()], "11.90"))
    simulator.change("account.move", int(note.target_id), state="cancel")
    assert (
        refused(simulated.erp().post_refunds([refund_of(ref, [back()], "11.90")])["shop-r1"]).code == "refund-cancelled"
    )


@pytest.mark.parametrize("operation", ["account.move/load", "account.move/action_post"])
@pytest.mark.parametrize("kind", [FaultKind.LOST_REPLY, FaultKind.LATE])
def test_a_lost_or_late_refund_is_finished_not_doubled(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, operation: str, kind: FaultKind
) -> None:
    ref = sold(simulated)
    wanted = refund_of(ref, [back()], "11.90")
    fault = faults.add(Fault(kind, operation, seconds=0.1))
    with pytest.raises(OutcomeUnknown):
        simulated.erp().post_refunds([wanted])
    simulated.erp().post_refunds([wanted])
    faults.wait_for_late()
    posted(simulated, wanted)
    assert fault.fired == 1
    assert simulator.credited("shop-r1") == [Decimal("11.90")]
    assert len(note_lines(simulator)) == 1


def test_two_workers_with_one_refund_make_one(tools: Tools) -> None:
    simulator = OdooSimulator(between=meeting_at("account.move/load"))
    with serve({"odoo": simulator}) as served:
        odoo = of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)
        wanted = refund_of(sold(odoo), [back()], "11.90")
        first, second = together(*[lambda: odoo.erp().post_refunds([wanted])] * 2)
        assert served["odoo"].faulty.operations["account.move/load"] == 2
    assert first.result() == second.result()
    assert simulator.credited("shop-r1") == [Decimal("11.90")]


# -- payments


def payment_of(ref: RecordRef, customer: TargetId, method: str = "card", amount: str = "26.90") -> PaymentDraft:
    paid = Payment(source_id=SourceId("p1"), method=method, amount=eur(amount), paid_at=WEDNESDAY)
    return PaymentDraft("shop-p1", ref.target_id, customer, paid)


def test_a_payment_is_booked_on_its_methods_journal(simulated: Odoo, simulator: OdooSimulator) -> None:
    journals = {row["code"]: row["id"] for row in simulator.records()["account.journal"]}
    wanted = payment_of(sold(simulated), simulated.customer("shop"), "gift voucher")
    methods = {"payment_methods": f"card={journals['BNK1']}, gift voucher={journals['CSH1']}"}
    made = simulated.erp(**methods).post_payments([wanted])["shop-p1"]
    [payment] = simulator.records()["account.payment"]
    assert isinstance(made, RecordRef)
    assert (payment["journal_id"], payment["state"], payment["date"]) == (journals["CSH1"], "in_process", "2026-03-04")
    assert (payment["amount"], payment["memo"], made.display) == (26.9, "shop-p1", payment["name"])


def test_a_method_without_a_journal_is_refused_by_name(simulated: Odoo, simulator: OdooSimulator) -> None:
    wanted = payment_of(sold(simulated), simulated.customer("shop"), "barter")
    error = refused(simulated.erp(default_payment_journal=None).post_payments([wanted])["shop-p1"])
    assert (error.code, "barter" in error.problem.what) == ("payment-method-unknown", True)
    assert simulator.records()["account.payment"] == []


def test_a_payment_of_nothing_is_refused(simulated: Odoo) -> None:
    wanted = payment_of(sold(simulated), simulated.customer("shop"), amount="0.00")
    assert refused(simulated.erp().post_payments([wanted])["shop-p1"]).code == "payment-not-positive"


def test_payments_may_stay_drafts(simulated: Odoo, simulator: OdooSimulator) -> None:
    wanted = payment_of(sold(simulated), simulated.customer("shop"))
    assert isinstance(simulated.erp(confirm_payments=False).post_payments([wanted])["shop-p1"], RecordRef)
    assert [row["state"] for row in simulator.records()["account.payment"]] == ["draft"]


@pytest.mark.parametrize("operation", ["account.payment/load", "account.payment/action_post"])
def test_a_lost_reply_does_not_make_a_second_payment(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, operation: str
) -> None:
    wanted = payment_of(sold(simulated), simulated.customer("shop"))
    fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
    with pytest.raises(OutcomeUnknown):
        simulated.erp().post_payments([wanted])
    assert isinstance(simulated.erp().post_payments([wanted])["shop-p1"], RecordRef)
    assert (fault.fired, simulator.paid("shop-p1")) == (1, [Decimal("26.90")])


def test_a_journal_that_takes_no_money_is_found_by_check(simulated: Odoo, simulator: OdooSimulator) -> None:
    [sales] = [row["id"] for row in simulator.records()["account.journal"] if row["type"] == "sale"]
    [wrong] = [check for check in simulated.erp(payment_methods={"card": sales}).check() if not check.ok]
    assert (wrong.name, "card" in wrong.detail, bool(wrong.next_step)) == ("payment_methods", True, True)
