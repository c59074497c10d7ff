"""Orders of every kind as canonical orders."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import OrderStatus, balance
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.woocommerce.mapper import read_order
from erpsync.systems.woocommerce.simulator_shop import Charge
from tests.systems.woocommerce.stand import Stand


def money_of(shop: Stand, order_id: str, **changes: object) -> OrderMoney:
    answer = shop.open(**changes).read_money([SourceId(order_id)])[SourceId(order_id)]
    assert isinstance(answer, OrderMoney), answer
    return answer


@pytest.mark.parametrize(
    ("included", "at_subtotal", "fee"), list(product([False, True], [False, True], ["0", "2.49", "-3.33"]))
)
def test_an_order_balances_whatever_its_prices_rounding_and_fees(
    shop: Stand, included: bool, at_subtotal: bool, fee: str
) -> None:
    shop.shop.shop.prices_include_tax, shop.shop.shop.round_at_subtotal = included, at_subtotal
    fees = [Charge(9_000_001, "Fee", "", Decimal(fee))] if fee != "0" else []
    order_id = shop.shop.place({"SKU-0001": 3, "SKU-0007": 2, "SKU-0013": 7, "SKU-0005": 1}, fees=fees)
    order = shop.order(order_id)
    assert order.taxes_included is included
    # Only a shop that rounds at the end may differ, by less than a cent a line, which the route calls rounding.
    allowed = Decimal("0.03") if at_subtotal else Decimal(0)
    assert abs(balance(order).residual.amount) <= allowed, balance(order)
    assert order.total.amount == shop.shop.shown(order_id).total


def test_prices_with_tax_stay_the_prices_that_the_buyer_saw(shop: Stand) -> None:
    shop.shop.shop.prices_include_tax = True
    [line] = shop.order(shop.shop.place({"SKU-0001": 3})).lines
    assert (str(line.unit_price), str(line.discount), str(line.net)) == ("1.90 EUR", "0.00 EUR", "5.70 EUR")
    assert [(str(tax.amount), tax.rate, tax.title) for tax in line.taxes] == [("0.91 EUR", Decimal("0.19"), "MwSt")]


def test_a_coupon_is_a_discount_of_its_lines(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    shop.shop.order(order_id).lines[0].total -= Decimal("1.00")
    [line] = shop.order(order_id).lines
    assert (str(line.unit_price), str(line.discount)) == ("1.90 EUR", "1.00 EUR")


def test_a_price_that_does_not_come_out_even_is_rounded_up_and_made_up_for(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 3})
    line = shop.shop.order(order_id).lines[0]
    line.subtotal = line.total = Decimal("10.00")
    [mapped] = shop.order(order_id).lines
    assert (str(mapped.unit_price), str(mapped.discount), str(mapped.net)) == ("3.34 EUR", "0.02 EUR", "10.00 EUR")


def test_a_fee_is_charged_with_its_tax(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, fees=[Charge(9_000_001, "Gift wrap", "", Decimal("2.00"))])
    assert str(shop.order(order_id).fees) == "2.38 EUR"


def test_a_fee_below_zero_is_a_discount_of_the_lines_with_its_tax(shop: Stand) -> None:
    fee = Charge(9_000_001, "Volume discount", "", Decimal("-1.00"))
    order = shop.order(shop.shop.place({"SKU-0001": 1, "SKU-0002": 1}, fees=[fee]))
    assert order.fees.amount == 0
    assert sum(line.discount.amount for line in order.lines) == Decimal("1.00")
    assert all(line.discount.amount > 0 for line in order.lines)
    assert sum(tax.amount.amount for line in order.lines for tax in line.taxes) == Decimal("0.72")
    assert balance(order).residual.amount == 0


def test_a_fee_below_zero_without_lines_stays_a_fee(shop: Stand) -> None:
    order_id = shop.shop.place({}, fees=[Charge(9_000_001, "Credit", "", Decimal("-1.00"), taxed=False)])
    assert str(shop.order(order_id).fees) == "-1.00 EUR"


def test_a_gift_card_pays_for_an_order_and_does_not_make_it_cheaper(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0010": 1}, gift_cards=[Decimal("5.00")])
    order = shop.order(order_id)
    assert order.total.amount == shop.shop.shown(order_id).total + 5
    assert balance(order).residual.amount == 0
    assert order.payment_methods == ("bacs", "gift_card")
    payments = money_of(shop, order_id).payments
    assert {payment.method: str(payment.amount) for payment in payments} == {
        "bacs": str(order.total - payments[1].amount),
        "gift_card": "5.00 EUR",
    }
    assert len({payment.source_id for payment in payments}) == 2


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("processing", OrderStatus.OPEN),
        ("on-hold", OrderStatus.OPEN),
        ("completed", OrderStatus.CLOSED),
        ("cancelled", OrderStatus.CANCELLED),
        ("failed", OrderStatus.CANCELLED),
        ("packing-in-progress", OrderStatus.OPEN),
    ],
)
def test_what_each_status_means(shop: Stand, status: str, wanted: OrderStatus) -> None:
    assert shop.order(shop.shop.place({"SKU-0001": 1}, status=status)).status is wanted


def test_statuses_of_the_shops_own_can_be_given_a_meaning(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, status="quote")
    assert isinstance(shop.answer(order_id, unplaced_statuses="pending, quote"), Skip)
    assert shop.order(order_id, closed_statuses="quote").status is OrderStatus.CLOSED


@pytest.mark.parametrize("status", ["pending", "checkout-draft"])
def test_what_the_buyer_has_not_placed_is_skipped_with_a_reason(shop: Stand, status: str) -> None:
    answer = shop.answer(shop.shop.place({"SKU-0001": 1}, status=status))
    assert isinstance(answer, Skip)
    assert answer.code == "order-not-placed"
    assert status in answer.problem.what


def test_a_trashed_and_a_deleted_order_are_gone(shop: Stand) -> None:
    for force in (False, True):
        order_id = shop.shop.place({"SKU-0001": 1})
        shop.shop.trash(order_id, force=force)
        answer = shop.answer(order_id)
        assert isinstance(answer, Skip)
        assert answer.code == "order-gone"


def test_an_order_refunded_in_full_before_it_was_sent_is_off_and_closed_after(shop: Stand) -> None:
    unsent = shop.shop.place({"SKU-0001": 1}, shipping=[])
    sent = shop.shop.place({"SKU-0001": 1}, shipping=[])
    shop.shop.set_status(sent, "completed")
    for order_id in (unsent, sent):
        shop.shop.refund(order_id, {"SKU-0001": 1})
        assert shop.shop.shown(order_id).state == "refunded"
    assert shop.order(unsent).status is OrderStatus.CANCELLED
    assert shop.order(sent).status is OrderStatus.CLOSED


def test_a_partial_refund_leaves_the_order_as_it_was_bought(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0002": 3})
    before = shop.order(order_id)
    given = shop.shop.refund(order_id, {"SKU-0002": 1})
    assert shop.order(order_id).content_hash() == before.content_hash()
    [refund] = money_of(shop, order_id).refunds
    [line] = refund.lines
    assert (refund.total.amount, line.amount + line.tax) == (given, refund.total)
    assert (line.line_source_id, line.restocked) == (before.lines[0].source_id, True)


def test_a_refund_of_prices_with_tax_has_the_tax_in_its_amount(shop: Stand) -> None:
    shop.shop.shop.prices_include_tax = True
    order_id = shop.shop.place({"SKU-0002": 3})
    given = shop.shop.refund(order_id, {"SKU-0002": 1})
    [refund] = money_of(shop, order_id, refunds_restock=False).refunds
    assert refund.lines[0].amount.amount == given
    assert refund.adjustment.amount == 0
    assert not refund.lines[0].restocked


def test_money_given_back_without_goods_is_an_adjustment(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0010": 1})
    shop.shop.shop.refund(shop.shop.order(order_id), {}, Decimal("3.00"), "Late")
    [refund] = money_of(shop, order_id).refunds
    assert (refund.lines, str(refund.adjustment), refund.reason) == ((), "3.00 EUR", "Late")


def test_an_order_that_is_not_paid_has_no_payment(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, status="on-hold")
    assert money_of(shop, order_id).payments == ()
    assert not shop.order(order_id).paid


def test_a_guest_has_no_id_and_may_have_no_address_of_any_kind(shop: Stand) -> None:
    guest = shop.order(shop.shop.place({"SKU-0001": 1}, billing={}))
    assert (guest.customer.source_id, guest.customer.email, guest.billing, guest.shipping) == (None, "", None, None)
    known = shop.order(shop.shop.place({"SKU-0001": 1}, customer_id=12))
    assert known.customer.source_id == "12"


def test_a_product_that_was_deleted_leaves_its_line_without_a_sku(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    shop.shop.order(order_id).lines[0].sku = ""
    [line] = shop.order(order_id).lines
    assert (line.sku, line.title) == ("", "Item 1")


def test_another_currency_and_its_own_cents(shop: Stand) -> None:
    order = shop.order(shop.shop.place({"SKU-0001": 1}, currency="USD"))
    assert {str(money)[-3:] for money in (order.total, order.fees, order.lines[0].unit_price)} == {"USD"}


def test_a_test_payment_makes_a_test_order(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    assert not shop.order(order_id).test
    shop.shop.shop.set_meta(shop.shop.order(order_id), "_wcpay_mode", "test")
    assert shop.order(order_id).test


@pytest.mark.parametrize(
    ("how", "code"), [("method", "flat_rate"), ("instance", "flat_rate:3"), ("title", "Flat rate")]
)
def test_shipping_is_called_by_what_the_setting_says(shop: Stand, how: str, code: str) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    assert shop.order(order_id, shipping_code=how).shipping_lines[0].code == code


@pytest.mark.parametrize(
    ("spoiled", "field"),
    [
        ({"currency": "euro"}, "currency"),
        ({"total": "much"}, "total"),
        ({"line_items": None}, "line_items"),
        ({"date_modified_gmt": None}, "date_modified_gmt"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused_with_the_fields_name(
    shop: Stand, spoiled: dict[str, Any], field: str
) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, email="ada@example.com")
    [payload] = shop.shop.records()["orders"]
    with pytest.raises(Rejected) as refused:
        read_order({**payload, **spoiled}, shop.settings())
    assert refused.value.code == "order-unreadable"
    assert field in refused.value.problem.what
    assert "ada" not in str(refused.value).lower()
    assert refused.value.problem.record == f"order {order_id}"


@pytest.mark.parametrize(
    "spoiled", [{"quantity": 0}, {"quantity": -1}, {"quantity": -1, "total": "0", "subtotal": "0"}]
)
def test_a_line_that_costs_and_has_no_quantity_and_one_below_zero_are_refused(
    shop: Stand, spoiled: dict[str, Any]
) -> None:
    shop.shop.place({"SKU-0001": 1})
    [payload] = shop.shop.records()["orders"]
    payload["line_items"][0] |= spoiled
    with pytest.raises(Rejected, match="is negative, or zero for a line"):
        read_order(payload, shop.settings())


def test_titles_that_wordpress_keeps_with_entities_are_told_in_plain_text(shop: Stand) -> None:
    shop.shop.place({"SKU-0001": 1})
    [payload] = shop.shop.records()["orders"]
    payload["line_items"][0]["name"] = "Salt &amp; Pepper &#8211; Mill"
    payload["tax_lines"][0]["label"] = "VAT &amp; Duty"
    [line] = read_order(payload, shop.settings()).lines
    assert (line.title, [tax.title for tax in line.taxes]) == ("Salt & Pepper \u2013 Mill", ["VAT & Duty"])
