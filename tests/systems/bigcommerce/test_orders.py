"""What becomes of an order of BigCommerce's: the rules, each with its default, and the arithmetic."""

from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip, Unavailable
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.ports.store_records import OrderMoney
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.mapper import Parts, read_order
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from tests.systems.bigcommerce.conftest import Bench

DISCOUNT = {"id": "SAVE", "amount": "3.0000", "name": "Save 3", "code": "SAVE", "target": "order"}


def line(bench: Bench, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = bench.simulator.shop.orders[int(order_id)]["lines"][0]
    return found


def again(bench: Bench, order_id: str) -> None:
    bench.simulator.shop.add_up(bench.simulator.shop.orders[int(order_id)])


@pytest.mark.parametrize("status", [0, 1])
def test_an_order_that_is_not_placed_yet_is_skipped(bench: Bench, status: int) -> None:
    answer = bench.answer(bench.simulator.place({"SKU-0001": 1}, status_id=status))
    assert isinstance(answer, Skip)
    assert answer.code == "order-not-placed"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (2, OrderStatus.CLOSED),
        (3, OrderStatus.OPEN),
        (4, OrderStatus.CLOSED),
        (5, OrderStatus.CANCELLED),
        (6, OrderStatus.CANCELLED),
        (7, OrderStatus.OPEN),
        (10, OrderStatus.CLOSED),
        (11, OrderStatus.OPEN),
        (14, OrderStatus.OPEN),
    ],
)
def test_each_status_means_something(bench: Bench, status: int, meaning: OrderStatus) -> None:
    assert bench.order(bench.simulator.place({"SKU-0001": 1}, status_id=status)).status is meaning


def test_a_status_may_mean_something_else(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1}, status_id=12)
    assert bench.order(order_id).status is OrderStatus.OPEN
    assert isinstance(bench.answer(order_id, statuses="12=skip"), Skip)
    assert bench.order(order_id, statuses="12=closed").status is OrderStatus.CLOSED


def test_an_archived_order_is_skipped_or_cancelled_as_the_settings_say(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    bench.simulator.archive(order_id)
    skipped = bench.answer(order_id)
    assert isinstance(skipped, Skip)
    assert skipped.code == "order-archived"
    assert bench.order(order_id, archived_orders="cancel").status is OrderStatus.CANCELLED


def test_an_order_for_several_addresses_is_refused_unless_the_first_will_do(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1, "SKU-0002": 1})
    order = bench.simulator.shop.orders[int(order_id)]
    order["addresses"].append({**order["addresses"][0], "id": 9_999, "city": "Hamburg"})
    order["lines"][1]["address"] = 9_999
    again(bench, order_id)
    refused = bench.answer(order_id)
    assert isinstance(refused, Rejected)
    assert "several_addresses" in refused.problem.next_step
    taken = bench.order(order_id, several_addresses="first")
    assert taken.shipping is not None
    assert taken.shipping.city == "Berlin"
    assert len(taken.shipping_lines) == 2
    assert balance(taken).residual.amount == 0


def test_a_test_order_says_so(bench: Bench) -> None:
    assert bench.order(bench.simulator.place({"SKU-0001": 1}, payment_method="Test Payment Gateway")).test
    assert not bench.order(bench.simulator.place({"SKU-0001": 1})).test


def test_a_guest_has_no_id_and_may_have_no_address(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    bench.simulator.shop.orders[int(order_id)]["billing"]["email"] = ""
    customer = bench.order(order_id).customer
    assert (customer.source_id, customer.email) == (None, "")


def test_a_customers_group_is_looked_up_where_groups_are_named(bench: Bench) -> None:
    customer = bench.simulator.put_customer("Ada Lovelace", "ada@example.com")
    bench.simulator.shop.customers[int(customer)]["customer_group_id"] = 2
    order_id = bench.simulator.place({"SKU-0001": 1}, customer_id=int(customer))
    assert bench.order(order_id).customer.groups == ()
    assert bench.order(order_id, customer_groups="2=wholesale").customer.groups == ("wholesale",)
    assert bench.order(order_id, customer_groups="3=staff").customer.groups == ("2",)


def test_an_order_is_taken_in_the_currency_that_was_paid(bench: Bench) -> None:
    order = bench.order(bench.simulator.place({"SKU-0001": 1}, currency="CHF"))
    assert (order.currency, order.total.currency, balance(order).residual.amount) == ("CHF", "CHF", Decimal(0))


def test_a_line_of_a_deleted_product_and_one_without_sku_are_kept(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    line(bench, order_id).update(product_id=0, sku="")
    [kept] = bench.order(order_id).lines
    assert (kept.sku, kept.title) == ("", "Product 1")


@pytest.mark.parametrize("kind", ["bench", "inclusive"])
def test_a_discount_on_a_line_is_the_lines(kind: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue(kind)
    order_id = bench.simulator.place({"SKU-0001": 3}, coupon_discount=Decimal(3))
    line(bench, order_id)["discounts"].append(DISCOUNT)
    bench.simulator.shop.orders[int(order_id)]["coupon_discount"] = Decimal(3)
    again(bench, order_id)
    order = bench.order(order_id)
    assert order.lines[0].discount.amount == 3
    assert order.lines[0].net.amount == 27
    assert balance(order).residual.amount == 0
    assert order.taxes_included is (kind == "inclusive")


@pytest.mark.parametrize("kind", ["bench", "inclusive"])
def test_a_discount_that_no_line_tells_is_spread_over_them(kind: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue(kind)
    order_id = bench.simulator.place({"SKU-0001": 2, "SKU-0002": 1}, discount_amount=Decimal(10))
    order = bench.order(order_id)
    assert [one.discount.amount for one in order.lines] == [Decimal("6.67"), Decimal("3.33")]
    assert balance(order).residual.amount == 0


@pytest.mark.parametrize("kind", ["bench", "inclusive"])
def test_fees_and_gift_wrapping_are_fees_with_their_tax(kind: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue(kind)
    fee = {"id": 1, "name": "Deposit", "inc": Decimal("2.38"), "tax": Decimal("0.38")}
    order_id = bench.simulator.place({"SKU-0001": 1}, fees=[fee], wrapping=Decimal("5.00"))
    order = bench.order(order_id)
    assert order.fees.amount == Decimal("2.38") + Decimal("5.00" if kind == "inclusive" else "5.95")
    assert balance(order).residual.amount == 0


def test_gift_certificates_and_store_credit_pay_and_do_not_discount(bench: Bench) -> None:
    order_id = bench.simulator.place(
        {"SKU-0001": 2}, gift_certificate=Decimal("5.00"), store_credit=Decimal("2.00"), payment_status="captured"
    )
    order = bench.order(order_id)
    assert order.payment_methods == ("Credit Card", "store_credit", "gift_certificate")
    assert order.paid
    assert all(not one.discount.amount for one in order.lines)
    assert balance(order).residual.amount == 0
    money = bench.store().read_money([SourceId(order_id)])[SourceId(order_id)]
    assert isinstance(money, OrderMoney)
    assert {payment.method: payment.amount.amount for payment in money.payments} == {
        "stripe": order.total.amount - 7,
        "store_credit": Decimal("2.00"),
        "gift_certificate": Decimal("5.00"),
    }


def test_taxes_have_their_names_and_rates(bench: Bench) -> None:
    order = bench.order(bench.simulator.place({"SKU-0001": 2}))
    assert [(tax.title, tax.amount.amount, tax.rate) for tax in order.lines[0].taxes] == [
        ("VAT", Decimal("3.80"), Decimal("0.19"))
    ]
    assert [tax.amount.amount for tax in order.shipping_lines[0].taxes] == [Decimal("0.93")]
    assert order.shipping_lines[0].code == "Fixed Shipping"


def test_an_order_that_is_paid_by_hand_has_one_payment(bench: Bench) -> None:
    paid = SourceId(bench.simulator.place({"SKU-0001": 1}, payment_method="Bank Deposit", transactions=[]))
    unpaid = SourceId(bench.simulator.place({"SKU-0001": 1}, payment_status="", transactions=[]))
    money = bench.store().read_money([paid, unpaid])
    by_hand = money[paid]
    assert isinstance(by_hand, OrderMoney)
    [payment] = by_hand.payments
    assert (payment.method, payment.amount) == ("Bank Deposit", bench.order(paid).total)
    assert money[unpaid] == OrderMoney()


def test_an_authorization_is_no_payment_and_a_settlement_not_a_second_one(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}))
    order = bench.simulator.shop.orders[int(order_id)]
    [bought] = order["transactions"]
    order["transactions"] = [
        {**bought, "id": 1, "event": "authorization"},
        {**bought, "id": 2, "event": "capture", "reference_transaction_id": 1},
        {**bought, "id": 3, "event": "settled", "reference_transaction_id": 2},
        {**bought, "id": 4, "event": "purchase", "status": "error"},
    ]
    money = bench.store().read_money([order_id])[order_id]
    assert isinstance(money, OrderMoney)
    assert [payment.source_id for payment in money.payments] == ["2"]


@pytest.mark.parametrize("kind", ["bench", "inclusive"])
def test_a_refund_of_goods_shipping_and_a_courtesy_comes_to_its_total(
    kind: str, request: pytest.FixtureRequest
) -> None:
    bench: Bench = request.getfixturevalue(kind)
    order_id = SourceId(bench.simulator.place({"SKU-0001": 2}))
    bench.simulator.refund(order_id, {"SKU-0001": 1})
    [refund] = bench.simulator.shop.orders[int(order_id)]["refunds"]
    refund["items"] += [
        {"item_type": "SHIPPING", "item_id": 1, "requested_amount": Decimal("4.90")},
        {"item_type": "ORDER", "item_id": int(order_id), "requested_amount": Decimal("1.00")},
    ]
    extra = Decimal("0.93") if kind == "bench" else Decimal(0)
    refund["total_amount"] += Decimal("5.90") + extra
    refund["total_tax"] += Decimal("0.93") if kind == "bench" else Decimal("0.78")
    money = bench.store().read_money([order_id])[order_id]
    assert isinstance(money, OrderMoney)
    [found] = money.refunds
    [goods] = found.lines
    assert (goods.sku, goods.quantity, goods.amount.amount) == (Sku("SKU-0001"), Decimal(1), Decimal("10.00"))
    assert (found.shipping.amount, found.adjustment.amount) == (Decimal("4.90") + extra, Decimal("1.00"))
    assert found.total.amount == refund["total_amount"]


def test_one_bad_order_does_not_spoil_its_neighbours(bench: Bench) -> None:
    bad, good = (SourceId(bench.simulator.place({"SKU-0001": 1})) for _ in range(2))
    bench.simulator.shop.orders[int(bad)]["currency"] = "euro"
    answers = bench.store().read_orders([bad, good, SourceId("none"), SourceId("99999999")])
    assert isinstance(answers[bad], Rejected)
    assert isinstance(answers[good], Order)
    assert isinstance(answers[SourceId("none")], Rejected)
    assert isinstance(answers[SourceId("99999999")], Skip)


def test_what_was_read_before_the_store_went_away_is_kept(bench: Bench) -> None:
    ids = [SourceId(bench.simulator.place({"SKU-0001": 1})) for _ in range(3)]
    fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, r"GET /v2/orders/\{id\}/taxes", skip=1, times=None))
    answers = bench.store().read_orders(ids)
    assert fault.fired == 1
    assert isinstance(answers[ids[0]], Order)
    assert isinstance(answers[ids[1]], Unavailable)
    assert isinstance(answers[ids[2]], Unavailable)


def test_many_orders_are_one_call_and_one_for_each_ones_taxes(bench: Bench) -> None:
    ids = [SourceId(bench.simulator.place({"SKU-0001": 1})) for _ in range(25)]
    bench.store().read_orders(ids)
    assert bench.served.faulty.operations == {"GET /v2/orders": 1, "GET /v2/orders/{id}/taxes": 25}


def test_orders_that_lie_far_apart_are_asked_for_singly(bench: Bench) -> None:
    ids = [bench.simulator.place({"SKU-0001": 1}) for _ in range(10)]
    bench.store().read_orders([SourceId(ids[0]), SourceId(ids[-1])])
    assert bench.served.faulty.operations == {"GET /v2/orders/{id}": 2, "GET /v2/orders/{id}/taxes": 2}


def test_the_told_basis_is_kept_unless_only_the_other_adds_up() -> None:
    """The vendor's own example of an order says that prices are without tax, and adds up only as if they were with it."""
    parts = Parts(
        order=wire.Order.model_validate(
            {
                "id": 218,
                "date_created": "Tue, 05 Mar 2019 21:40:11 +0000",
                "date_modified": "Mon, 11 Mar 2019 15:17:25 +0000",
                "status_id": 7,
                "is_tax_inclusive_pricing": False,
                "default_currency_code": "USD",
                "items_total": 4,
                "shipping_cost_ex_tax": "11.0900",
                "shipping_cost_inc_tax": "12.0000",
                "shipping_cost_tax": "0.9100",
                "discount_amount": "5.0000",
                "coupon_discount": "5.0000",
                "total_inc_tax": "69.8400",
                "total_tax": "5.3100",
            }
        ),
        lines=[
            wire.Line.model_validate(
                {
                    "id": 1,
                    "sku": "S",
                    "quantity": 4,
                    "price_ex_tax": "15.6698",
                    "price_inc_tax": "16.9600",
                    "total_ex_tax": "62.6793",
                    "total_inc_tax": "67.8400",
                    "total_tax": "4.4000",
                    "applied_discounts": [{"amount": "10.0000"}],
                }
            )
        ],
    )
    settings = BigCommerceSettings.model_validate(
        {"store_hash": "abc", "access_token": "t", "webhook_secret": "sixteen-characters"}
    )
    from_parts = read_order(parts, settings)
    assert from_parts.taxes_included
    assert balance(from_parts).residual.amount == 0
    assert from_parts.tax.amount == Decimal("5.31")
