"""The contract of the Erp port as a test suite: subclass `ErpContract` with a fixture `stage`, and pytest does the rest.

Every ability is asked of every ERP. One that an ERP lacks must be refused with the sentence that its capabilities give;
nothing is skipped.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, OrderLine, TaxLine
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.erp_records import CUSTOMER_GONE, PaymentDraft, RecordRef, RefundDraft, Written
from erpsync.ports.pages import Since
from erpsync.ports.spec import Ability
from erpsync.testing import samples
from erpsync.testing.erp_stage import LATE_SECONDS, Stage, written
from erpsync.testing.erp_stock_contract import StockContract
from erpsync.testing.reading import eur, everything, rest


class ErpContract(StockContract):
    """Held by every ERP. Override nothing; give a `stage`."""

    def test_the_connection_answers_and_every_check_is_well(self, stage: Stage) -> None:
        erp = stage.open()
        erp.ping()
        checks = erp.check()
        assert len(checks) > 2
        assert [check for check in checks if not check.ok] == []

    # -- customers

    def test_a_customer_is_made_once_and_found_by_our_reference(self, stage: Stage) -> None:
        draft = stage.customer_draft("once")
        first = written(stage.open().upsert_customers([draft])[draft.reference])
        again = written(stage.open().upsert_customers([draft])[draft.reference])
        assert again.target_id == first.target_id
        [found] = stage.open().find_customers([draft])[draft.reference]
        assert found.target_id == first.target_id

    def test_a_customer_that_is_there_is_found_by_e_mail_address(self, stage: Stage) -> None:
        customer_id = stage.controls.put_customer("Known Already", f"{stage.tag}-known@example.com")
        known = stage.customer_draft("known")
        stranger = stage.customer_draft("stranger")
        found = stage.open().find_customers([known, stranger])
        assert [ref.target_id for ref in found[known.reference]] == [customer_id]
        assert found[stranger.reference] == ()

    def test_a_changed_customer_is_changed_in_the_erp(self, stage: Stage) -> None:
        erp = stage.open()
        draft = stage.customer_draft("renamed")
        ref = written(erp.upsert_customers([draft])[draft.reference])
        changed = stage.customer_draft("renamed", last_name="Lovelace")
        assert written(stage.open().upsert_customers([changed])[draft.reference]).target_id == ref.target_id
        if stage.lacks(Ability.CUSTOMERS_CHANGED, lambda: erp.customers_changed(Since())):
            return
        told = {one.ref.target_id: one for one in everything(erp.customers_changed)[0]}
        assert told[ref.target_id].customer.last_name == "Lovelace"
        assert told[ref.target_id].customer.email == draft.customer.email

    def test_a_lost_reply_makes_no_second_customer(self, stage: Stage) -> None:
        draft = stage.customer_draft("lost")
        fired = stage.lose_reply("customer")
        unknown(lambda: stage.open().upsert_customers([draft])[draft.reference], stage)
        assert fired() == 1
        [found] = stage.open().find_customers([draft])[draft.reference]
        assert written(stage.open().upsert_customers([draft])[draft.reference]).target_id == found.target_id

    # -- orders

    def test_an_order_is_made_with_its_lines_and_total_and_found_by_our_reference(self, stage: Stage) -> None:
        order = an_order("plain")
        ref = stage.make(stage.open(), order)
        booked = stage.the_order("plain")
        assert (booked.id, booked.number) == (ref.target_id, ref.display)
        assert (booked.total, booked.currency, booked.state) == (order.total.amount, "EUR", "open")
        assert booked.quantities == {"SKU-0001": 2, "SKU-0002": 1}
        reference = f"{stage.tag}-plain"
        found = stage.open().find_orders([reference, f"{stage.tag}-nobody"])
        assert [one.target_id for one in found[reference]] == [ref.target_id]
        assert found[f"{stage.tag}-nobody"] == ()

    @pytest.mark.parametrize(
        "name", ["discounts", "included", "thirds", "tip", "no-tax", "shipping-taxed", "two-rates"]
    )
    def test_the_total_is_the_stores_to_the_cent(self, stage: Stage, name: str) -> None:
        order = hard_order(name)
        stage.make(stage.open(), order)
        assert stage.the_order(name).total == order.total.amount

    def test_one_bad_order_in_a_batch_fails_alone(self, stage: Stage) -> None:
        erp = stage.open()
        size = min(stage.capabilities.order_batch, 12)
        customer_id = stage.customer(erp)
        drafts = [stage.draft(customer_id, an_order(f"batch-{number}")) for number in range(size)]
        bad = stage.draft(customer_id, an_order("batch-bad", samples.line("SKU-9999")))
        drafts.insert(size // 2, bad)
        answers = dict(erp.create_orders(drafts))
        refusal = answers.pop(bad.reference)
        assert isinstance(refusal, Rejected)
        assert "SKU-9999" in refusal.problem.what
        assert refusal.problem.next_step
        assert len({written(answer).target_id for answer in answers.values()}) == size
        assert [len(stage.controls.booked(reference)) for reference in answers] == [1] * size
        assert stage.controls.booked(bad.reference) == []

    def test_an_order_whose_customer_is_not_there_says_so_and_fails_alone(self, stage: Stage) -> None:
        erp = stage.open()
        orphan, other = (
            stage.draft(stage.nobody, an_order("orphan")),
            stage.draft(stage.customer(erp), an_order("other")),
        )
        answers = erp.create_orders([orphan, other])
        refusal = answers[orphan.reference]
        assert isinstance(refusal, Rejected)
        assert refusal.code == CUSTOMER_GONE, refusal.problem
        assert stage.controls.booked(orphan.reference) == []
        assert stage.the_order("other").id == written(answers[other.reference]).target_id

    def test_a_lost_reply_makes_no_second_order(self, stage: Stage) -> None:
        erp = stage.open()
        draft = stage.draft(stage.customer(erp), an_order("lost-reply"))
        fired = stage.lose_reply("create")
        unknown(lambda: erp.create_orders([draft])[draft.reference], stage)
        assert fired() == 1
        [found] = stage.open().find_orders([draft.reference])[draft.reference]
        if stage.capabilities.unique_references:
            assert written(stage.open().create_orders([draft])[draft.reference]).target_id == found.target_id
        assert stage.the_order("lost-reply").id == found.target_id

    def test_an_order_is_amended_to_what_it_is_now(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("amended"))
        after = an_order("amended", line("SKU-0001", "5"), line("SKU-0003", "1"))
        draft = stage.draft(stage.customer(erp), after)
        if stage.lacks(Ability.AMEND_ORDERS, lambda: erp.amend_orders({ref.target_id: draft})):
            return
        for _ in range(2):
            assert written(stage.open().amend_orders({ref.target_id: draft})[ref.target_id]).target_id == ref.target_id
            assert stage.the_order("amended").quantities == {"SKU-0001": 5, "SKU-0003": 1}
            assert stage.the_order("amended").total == after.total.amount

    def test_a_cancelled_order_is_cancelled_however_often(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("cancelled"))
        if stage.lacks(Ability.CANCEL_ORDERS, lambda: erp.cancel_orders([ref.target_id])):
            return
        for _ in range(2):
            assert written(stage.open().cancel_orders([ref.target_id])[ref.target_id]).target_id == ref.target_id
            assert stage.the_order("cancelled").state in ("cancelled", "closed")

    def test_a_shipped_order_is_not_cancelled_and_the_person_is_told_what_to_do(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("shipped"))
        if stage.lacks(Ability.CANCEL_ORDERS, lambda: erp.cancel_orders([ref.target_id])):
            return
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
        refusal = stage.open().cancel_orders([ref.target_id])[ref.target_id]
        assert isinstance(refusal, Rejected)
        assert refusal.problem.next_step

    def test_what_will_not_be_delivered_is_closed(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("closed"))
        if stage.lacks(Ability.CLOSE_ORDERS, lambda: erp.close_orders([ref.target_id])):
            return
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(1)})
        for _ in range(2):
            assert written(stage.open().close_orders([ref.target_id])[ref.target_id]).target_id == ref.target_id
            assert stage.the_order("closed").state == "closed"

    def test_an_order_is_previewed_and_nothing_is_written(self, stage: Stage) -> None:
        erp = stage.open()
        draft = stage.draft(stage.customer(erp), an_order("preview"))
        text = json.dumps(erp.preview_order(draft))
        assert draft.reference in text
        assert stage.controls.booked(draft.reference) == []
        bad = stage.draft(draft.customer_id, an_order("preview-bad", samples.line("SKU-9999")))
        with pytest.raises(Rejected, match="SKU-9999"):
            erp.preview_order(bad)

    # -- what the ERP tells

    def test_a_changed_product_is_told_from_the_last_watermark_on(self, stage: Stage) -> None:
        erp = stage.open()
        if stage.lacks(Ability.PRODUCTS_CHANGED, lambda: erp.products_changed(Since())):
            return
        told, watermark = everything(erp.products_changed)
        known = {variant.sku: product for product in told for variant in product.variants}
        assert {f"SKU-{number:04d}" for number in range(1, 51)} <= known.keys()
        product_id = stage.controls.put_product("SKU-0007", "Renamed by the ERP's users", seconds_ago=LATE_SECONDS)
        after, _ = everything(stage.open().products_changed, watermark)
        [found] = {product.id: product for product in after if product.title == "Renamed by the ERP's users"}.values()
        assert found.id == product_id
        assert [(variant.sku, variant.active) for variant in found.variants] == [("SKU-0007", True)]
        stage.controls.put_product("SKU-0008", "Taken out", active=False)
        gone = [product for product in everything(erp.products_changed, watermark)[0] if product.title == "Taken out"]
        assert [product.active and all(one.active for one in product.variants) for product in gone[-1:]] == [False]

    def test_a_changed_base_price_is_told(self, stage: Stage) -> None:
        erp = stage.open()
        if stage.lacks(Ability.PRICES_CHANGED, lambda: erp.prices_changed(Since())):
            return
        _, watermark = everything(erp.prices_changed)
        stage.controls.put_price("SKU-0009", Decimal("12.34"), seconds_ago=LATE_SECONDS)
        after = {one.sku: one for one in everything(stage.open().prices_changed, watermark)[0] if not one.price_list}
        assert after[Sku("SKU-0009")].price == Money(amount=Decimal("12.34"), currency="EUR")

    def test_pages_leave_nothing_out_though_rows_change_meanwhile(self, stage: Stage) -> None:
        if stage.lacks(Ability.PRODUCTS_CHANGED, lambda: stage.open().products_changed(Since())):
            return
        erp = stage.open(page_size=10)
        page = erp.products_changed(Since())
        assert page.cursor is not None
        assert len(page.records) <= 10
        for variant in page.records[0].variants:
            stage.controls.put_product(variant.sku, "Moved by an edit")
        told = [*page.records, *rest(erp.products_changed, page)]
        skus = {variant.sku for product in told for variant in product.variants}
        assert {f"SKU-{number:04d}" for number in range(1, 51)} <= skus
        again, _ = everything(erp.products_changed, page.watermark)
        assert "Moved by an edit" in {product.title for product in again}

    def test_status_shipments_with_tracking_and_invoices_are_told(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("progress"))
        if stage.lacks(Ability.PROGRESS, lambda: erp.progress_changed(Since())):
            return
        told, watermark = everything(erp.progress_changed)
        assert state_of(told, ref) is ErpOrderState.OPEN
        stage.controls.ship(
            ref.target_id, {"SKU-0001": Decimal(1)}, carrier="DHL", number="00340", seconds_ago=LATE_SECONDS
        )
        told, watermark = everything(stage.open().progress_changed, watermark)
        assert state_of(told, ref) is ErpOrderState.PART_SHIPPED
        [shipment] = progress_of(told, ref).fulfilments
        assert [(str(one.sku), int(one.quantity)) for one in shipment.lines] == [("SKU-0001", 1)]
        assert [parcel.number for parcel in shipment.parcels] == ["00340"]
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(1), "SKU-0002": Decimal(1)})
        told, watermark = everything(stage.open().progress_changed, watermark)
        assert state_of(told, ref) is ErpOrderState.SHIPPED
        assert len(progress_of(told, ref).fulfilments) == 2
        assert progress_of(told, ref).reference == f"{stage.tag}-progress"
        stage.controls.invoice(ref.target_id)
        told, _ = everything(stage.open().progress_changed, watermark)
        assert state_of(told, ref) in (ErpOrderState.INVOICED, ErpOrderState.CLOSED)
        assert sum(invoice.total.amount for invoice in progress_of(told, ref).invoices) > 0

    # -- after the sale

    def test_a_refund_is_posted_once_for_what_the_buyer_received(self, stage: Stage) -> None:
        erp = stage.open()
        order = an_order("refunded")
        ref = stage.make(erp, order)
        draft = stage_refund(stage, ref, order)
        if stage.lacks(Ability.REFUNDS, lambda: erp.post_refunds([draft])):
            return
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
        stage.controls.invoice(ref.target_id)
        posted = [written(stage.open().post_refunds([draft])[draft.reference]).target_id for _ in range(2)]
        assert posted[0] == posted[1]
        assert stage.controls.credited(draft.reference) == [Decimal("11.90")]

    def test_a_refund_of_shipping_alone_is_posted(self, stage: Stage) -> None:
        erp = stage.open()
        order = an_order("goodwill")
        ref = stage.make(erp, order)
        draft = stage_refund(
            stage, ref, order, lines=(), shipping=eur("4.90"), adjustment=eur("0.10"), total=eur("5.00")
        )
        if stage.lacks(Ability.REFUNDS, lambda: erp.post_refunds([draft])):
            return
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
        stage.controls.invoice(ref.target_id)
        written(erp.post_refunds([draft])[draft.reference])
        assert stage.controls.credited(draft.reference) == [Decimal("5.00")]

    def test_a_lost_reply_makes_no_second_refund(self, stage: Stage) -> None:
        erp = stage.open()
        order = an_order("refund-lost")
        ref = stage.make(erp, order)
        draft = stage_refund(stage, ref, order)
        if stage.lacks(Ability.REFUNDS, lambda: erp.post_refunds([draft])):
            return
        stage.controls.ship(ref.target_id, {"SKU-0001": Decimal(2), "SKU-0002": Decimal(1)})
        stage.controls.invoice(ref.target_id)
        fired = stage.lose_reply("refund")
        unknown(lambda: erp.post_refunds([draft])[draft.reference], stage)
        assert fired() == 1
        written(stage.open().post_refunds([draft])[draft.reference])
        assert stage.controls.credited(draft.reference) == [Decimal("11.90")]

    def test_a_payment_is_posted_once(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("paid"))
        draft = stage_payment(stage, ref, stage.customer(erp))
        if stage.lacks(Ability.PAYMENTS, lambda: erp.post_payments([draft])):
            return
        posted = [written(stage.open().post_payments([draft])[draft.reference]).target_id for _ in range(2)]
        assert posted[0] == posted[1]
        assert stage.controls.paid(draft.reference) == [draft.payment.amount.amount]

    def test_a_lost_reply_makes_no_second_payment(self, stage: Stage) -> None:
        erp = stage.open()
        ref = stage.make(erp, an_order("paid-lost"))
        draft = stage_payment(stage, ref, stage.customer(erp), "lost")
        if stage.lacks(Ability.PAYMENTS, lambda: erp.post_payments([draft])):
            return
        fired = stage.lose_reply("payment")
        unknown(lambda: erp.post_payments([draft])[draft.reference], stage)
        assert fired() == 1
        written(stage.open().post_payments([draft])[draft.reference])
        assert stage.controls.paid(draft.reference) == [draft.payment.amount.amount]


def unknown(call: Callable[[], Written], stage: Stage) -> None:
    """`call` must end with OutcomeUnknown, raised or returned, that asks for the time the remote needs to settle."""
    try:
        answer: object = call()
    except SyncError as error:
        answer = error
    assert isinstance(answer, OutcomeUnknown), answer
    assert answer.settle_seconds >= stage.settle_seconds


def progress_of(told: Sequence[OrderProgress], ref: RecordRef) -> OrderProgress:
    found = [one for one in told if one.order_id == ref.target_id]
    assert found, f"sales order {ref.display} was not told"
    return found[-1]


def state_of(told: Sequence[OrderProgress], ref: RecordRef) -> ErpOrderState:
    return progress_of(told, ref).state


def line(sku: str, quantity: str = "1", price: str = "10.00", **more: object) -> OrderLine:
    return samples.line(sku, quantity, price, "EUR", **more)


def an_order(source_id: str, *lines: OrderLine, **more: object) -> Order:
    """Two pieces of one item and one of another with 19 % on top, and shipping of 4.90."""
    fields: dict[str, Any] = {"lines": lines or (line("SKU-0001", "2"), line("SKU-0002")), **more}
    return samples.order(source_id, **fields)


def _taxed(amount: str, rate: str = "0.19") -> tuple[TaxLine, ...]:
    return (TaxLine(title="VAT", amount=eur(amount), rate=Decimal(rate)),)


def hard_order(name: str) -> Order:
    """Orders whose cents are easily lost."""
    shipping = samples.shipping()
    by_name: Mapping[str, Callable[[], Order]] = {
        "discounts": lambda: an_order(
            name,
            line("SKU-0001", "3", "9.99", discount=eur("1.01"), taxes=_taxed("5.50")),
            line("SKU-0002", "1", "0.05"),
        ),
        "included": lambda: an_order(
            name,
            line("SKU-0001", "1", "19.99", taxes=_taxed("3.19")),
            line("SKU-0002", "2", "5.01", taxes=_taxed("1.60")),
            taxes_included=True,
            shipping_lines=(shipping.model_copy(update={"taxes": _taxed("0.78")}),),
        ),
        "thirds": lambda: an_order(name, line("SKU-0001", "3", "3.33"), line("SKU-0002", "7", "0.99")),
        "tip": lambda: an_order(name, tip=eur("2.50"), rounding=eur("-0.02")),
        "no-tax": lambda: an_order(name, line("SKU-0001", "2", taxes=())),
        "shipping-taxed": lambda: an_order(
            name, shipping_lines=(shipping.model_copy(update={"taxes": _taxed("0.93")}),)
        ),
        "two-rates": lambda: an_order(
            name, line("SKU-0001", "1", "10.00"), line("SKU-0002", "1", "10.00", taxes=_taxed("0.70", "0.07"))
        ),
    }
    return by_name[name]()


def stage_refund(stage: Stage, ref: RecordRef, order: Order, **changes: object) -> RefundDraft:
    """One of the two SKU-0001 goes back: 10.00 and 1.90 tax."""
    bought = order.lines[0]
    returned = RefundLine(
        line_source_id=bought.source_id,
        sku=bought.sku,
        quantity=Decimal(1),
        amount=eur("10.00"),
        tax=eur("1.90"),
        restocked=True,
    )
    fields: dict[str, object] = {
        "source_id": SourceId(f"refund-{order.source_id}"),
        "order_source_id": order.source_id,
        "created_at": order.created_at + timedelta(days=3),
        "lines": (returned,),
        "shipping": zero("EUR"),
        "adjustment": zero("EUR"),
        "total": eur("11.90"),
    }
    refund = Refund.model_validate(fields | changes)
    return RefundDraft(f"{stage.tag}-refund-{order.source_id}", ref.target_id, f"{stage.tag}-{order.source_id}", refund)


def stage_payment(stage: Stage, ref: RecordRef, customer_id: TargetId, name: str = "1") -> PaymentDraft:
    paid_at = samples.PLACED_AT + timedelta(minutes=1)
    payment = Payment(source_id=SourceId(f"payment-{name}"), method="card", amount=eur("20.00"), paid_at=paid_at)
    return PaymentDraft(f"{stage.tag}-payment-{name}", ref.target_id, customer_id, payment)
