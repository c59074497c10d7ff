"""What came in and what went back is what the buyer paid and received."""

import json
from decimal import Decimal
from typing import Any

import pytest
import requests

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.store_records import OrderMoney
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify.documents import DOCUMENTS
from erpsync.systems.shopify.simulator_orders import Transaction

TWO = [{"sku": "SKU-0001", "quantity": 2, "price": "10.00"}]


def money(bench: Any, order_id: str, **changes: Any) -> OrderMoney:
    found = bench.store(**changes).read_money([SourceId(order_id)])[SourceId(order_id)]
    assert isinstance(found, OrderMoney), found
    return found


def order_of(bench: Any, order_id: str, **changes: Any) -> Order:
    found = bench.store(**changes).read_orders([SourceId(order_id)])[SourceId(order_id)]
    assert isinstance(found, Order)
    return found


def received(bench: Any, order_id: str) -> Any:
    """What the simulated store answers to the adapter's own query."""
    url = f"{bench.served.base_url}/admin/api/2026-10/graphql.json"
    ids = [f"gid://shopify/Order/{order_id}"]
    request = {"query": DOCUMENTS["PaymentsInShopMoney"], "operationName": "Peek", "variables": {"ids": ids}}
    headers = {"X-Shopify-Access-Token": bench.served.settings["access_token"]}
    return requests.post(url, json=request, headers=headers, timeout=60).json()["data"]["nodes"]


class TestPayments:
    def test_a_sale_is_a_payment_by_its_gateway(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO)
        (payment,) = money(bench, order_id).payments
        assert (payment.method, payment.amount) == ("bogus", order_of(bench, order_id).total)
        assert payment.paid_at == order_of(bench, order_id).created_at

    def test_a_gift_card_that_pays_is_a_payment_and_no_discount(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, gateways=["gift_card", "shopify_payments"])
        paid = money(bench, order_id).payments
        assert [payment.method for payment in paid] == ["gift_card", "shopify_payments"]
        assert sum(payment.amount.amount for payment in paid) == order_of(bench, order_id).total.amount

    def test_money_that_is_only_reserved_is_none_until_it_is_captured(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, financial_status="AUTHORIZED")
        assert money(bench, order_id).payments == ()
        bench.simulator.shop.capture(bench.simulator.shop.find(order_id))
        assert [payment.amount for payment in money(bench, order_id).payments] == [order_of(bench, order_id).total]

    @pytest.mark.parametrize("status", ["PENDING", "FAILURE", "ERROR", "AWAITING_RESPONSE"])
    def test_a_payment_that_did_not_succeed_is_none(self, bench: Any, status: str) -> None:
        order_id = bench.simulator.place_order(TWO)
        bench.simulator.shop.find(order_id).transactions[0].status = status
        assert money(bench, order_id) == OrderMoney()

    def test_rounding_to_coins_is_part_of_what_was_paid(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, gateways=["cash"], rounding_paid="-0.02")
        (payment,) = money(bench, order_id).payments
        assert payment.amount == order_of(bench, order_id).total

    def test_change_that_was_handed_back_is_taken_off(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, gateways=["cash"])
        order = bench.simulator.shop.find(order_id)
        sale = order.transactions[0]
        sale.amount += Decimal("3.50")
        order.transactions.append(Transaction(77, "CHANGE", "cash", Decimal("3.50"), sale.at, parent=sale.id))
        (payment,) = money(bench, order_id).payments
        assert payment.amount == order_of(bench, order_id).total

    def test_change_is_not_taken_off_a_sale_that_is_told_without_it(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, gateways=["cash"])
        order = bench.simulator.shop.find(order_id)
        due = order.transactions[0]
        order.transactions.append(Transaction(77, "CHANGE", "cash", Decimal("0.00"), due.at, parent=due.id))
        nodes = received(bench, order_id)
        nodes[0]["transactions"][1]["amount_set"]["shop_money"]["amount"] = "3.50"
        body = json.dumps({"data": {"nodes": nodes}}).encode()
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation="PaymentsInShopMoney", status=200, body=body)
        )  # fmt: skip
        (payment,) = money(bench, order_id).payments
        assert fault.fired
        assert payment.amount == order_of(bench, order_id).total

    def test_in_the_customers_currency_where_the_setting_says_so(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO, presentment_currency="USD", presentment_rate="1.25")
        assert money(bench, order_id).payments[0].amount.currency == "EUR"
        (payment,) = money(bench, order_id, currency="presentment").payments
        assert payment.amount.currency == "USD"
        assert payment.amount.amount == pytest.approx(order_of(bench, order_id, currency="presentment").total.amount)


class TestRefunds:
    @pytest.mark.parametrize("taxes_included", [False, True])
    def test_goods_shipping_and_goodwill_add_up_to_what_the_buyer_received(
        self, bench: Any, taxes_included: bool
    ) -> None:
        order_id = bench.simulator.place_order(TWO, taxes_included=taxes_included)
        bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1}, shipping="2.00", adjustment="-1.50")
        (refund,) = money(bench, order_id).refunds
        (line,) = refund.lines
        assert (line.sku, line.quantity, line.restocked) == ("SKU-0001", 1, True)
        assert line.line_source_id == order_of(bench, order_id).lines[0].source_id
        assert refund.order_source_id == order_id
        assert refund.adjustment.amount == Decimal("1.50")
        goods = line.amount.amount + (0 if taxes_included else line.tax.amount)
        assert refund.total.amount == goods + refund.shipping.amount + Decimal("1.50")
        assert refund.total.amount == bench.simulator.shop.find(order_id).refunds[0].paid_back

    def test_less_than_the_goods_came_to_is_a_negative_adjustment(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO)
        bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1}, adjustment="4.00")
        (refund,) = money(bench, order_id).refunds
        assert refund.adjustment.amount == Decimal("-4.00")

    def test_several_refunds_are_told_each_for_itself(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO)
        for _ in range(2):
            bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1})
        first, second = money(bench, order_id).refunds
        assert first.source_id != second.source_id
        assert first.total == second.total

    def test_an_edit_or_a_cancellation_without_money_is_no_refund(self, bench: Any) -> None:
        edited, cancelled = bench.simulator.place_order(TWO), bench.simulator.place_order(TWO)
        bench.simulator.edit_order(edited, quantities={"SKU-0001": 1})
        bench.simulator.cancel_order(cancelled)
        assert money(bench, edited).refunds == money(bench, cancelled).refunds == ()

    @pytest.mark.parametrize("status", ["PENDING", "FAILURE"])
    def test_money_that_is_still_on_its_way_is_not_told_yet(self, bench: Any, status: str) -> None:
        order_id = bench.simulator.place_order(TWO)
        bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1}, status=status)
        assert money(bench, order_id).refunds == ()

    def test_goods_that_are_kept_by_the_buyer_are_not_restocked(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(TWO)
        bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1}, restock="no_restock")
        assert money(bench, order_id).refunds[0].lines[0].restocked is False

    def test_long_refunds_are_read_beyond_the_first_page(self, bench: Any) -> None:
        lines = [{"sku": f"SKU-{n:04d}", "price": "1.00"} for n in range(1, 31)]
        order_id = bench.simulator.place_order(lines)
        bench.simulator.refund_order(order_id, quantities={line["sku"]: 1 for line in lines})
        (refund,) = money(bench, order_id).refunds
        assert len(refund.lines) == 30
        assert refund.adjustment.amount == 0


def test_one_that_cannot_be_read_does_not_keep_the_others(bench: Any) -> None:
    order_ids = [SourceId(bench.simulator.place_order(TWO)) for _ in range(2)]
    odd = bench.simulator.place_order(TWO, currency="GBP", presentment_currency="GBP")
    bench.simulator.shop.find(odd).transactions[0].gateway = "x" * 30
    answers: dict[str, OrderMoney | SyncError] = dict(
        bench.store().read_money([*order_ids, SourceId("5"), SourceId("no id"), SourceId(odd)])
    )
    assert isinstance(answers[SourceId("5")], Skip)
    assert isinstance(answers[SourceId("no id")], Rejected)
    assert all(isinstance(answers[order_id], OrderMoney) for order_id in [*order_ids, SourceId(odd)])
