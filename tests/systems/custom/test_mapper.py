"""An order of the contract as the canonical one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.systems.custom import wire
from erpsync.systems.custom.mapper import customer_of, money_of, order_of, variant_of
from tests.systems.custom.events import order


def read(**more: Any) -> Order:
    return order_of(wire.Order.model_validate(order(**more)))


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def line(**more: Any) -> dict[str, Any]:
    return {"id": "l-1", "sku": "MUG", "quantity": 1, "unit_price": "10.00"} | more


def test_a_guest_may_have_no_address() -> None:
    guest = read(customer={}).customer
    assert (guest.source_id, guest.email) == (None, "")
    left_out = order()
    del left_out["customer"]
    assert order_of(wire.Order.model_validate(left_out)).customer == guest


def test_a_test_order_says_so() -> None:
    assert (read(test=True).test, read().test) == (True, False)


@pytest.mark.parametrize("status", ["open", "closed", "cancelled"])
def test_each_status_is_its_own(status: str) -> None:
    assert read(status=status).status is OrderStatus(status)


def test_an_order_in_another_currency_keeps_it() -> None:
    yen = read(currency="JPY", lines=[line(unit_price="1000")], shipping_lines=[], total="1000")
    assert yen.total == Money(amount=Decimal(1000), currency="JPY")
    assert balance(yen).residual.amount == 0


def test_a_product_without_a_sku_is_the_erps_to_refuse() -> None:
    assert read(lines=[line(sku="")]).lines[0].sku == ""


def test_lines_that_were_taken_out_are_no_lines() -> None:
    assert [str(one.source_id) for one in read(lines=[line(quantity=0), line(id="l-2", quantity="1.5")]).lines] == [
        "l-2"
    ]


def test_every_charge_counts_once() -> None:
    charged = read(
        lines=[line(quantity=3, discount="2.50", taxes=[{"amount": "5.23"}, {"amount": "0.10", "title": "City"}])],
        shipping_lines=[{"id": "s", "code": "express", "price": "9.00", "discount": "1.00"}],
        tip="2.00",
        duties="3.00",
        fees="1.25",
        rounding="-0.03",
        total="47.05",
    )
    assert balance(charged).residual.amount == 0
    assert charged.tax == eur("5.33")


def test_tax_that_the_prices_contain_is_not_added() -> None:
    included = read(taxes_included=True, total="24.90")
    assert balance(included).residual.amount == 0
    assert included.tax == eur("4.73")


def test_a_gift_card_that_pays_is_a_payment_and_one_that_is_sold_a_line() -> None:
    payments = [
        {"id": "p1", "method": "gift card", "amount": "9.63", "paid_at": "2026-11-26T14:00:00Z"},
        {"id": "p2", "method": "card", "amount": "20.00", "paid_at": "2026-11-26T14:00:00Z"},
    ]
    told = wire.Order.model_validate(order(payments=payments, lines=[line(gift_card=True, requires_shipping=False)]))
    read_ = order_of(told)
    assert read_.payment_methods == ("gift card", "card")
    assert (read_.lines[0].gift_card, read_.lines[0].discount) == (True, eur("0"))
    assert [payment.amount for payment in money_of(told).payments] == [eur("9.63"), eur("20.00")]


def test_a_refund_is_read_with_its_lines() -> None:
    refund = {
        "id": "r-1",
        "created_at": "2026-11-27T10:00:00+01:00",
        "lines": [{"line_id": "l-1", "sku": "MUG", "quantity": 1, "amount": "10.00", "tax": "1.90", "restocked": True}],
        "shipping": "1.00",
        "total": "12.90",
    }
    [read_] = money_of(wire.Order.model_validate(order(refunds=[refund]))).refunds
    assert (read_.order_source_id, read_.created_at) == ("o-1", datetime(2026, 11, 27, 9, tzinfo=UTC))
    assert (read_.total, read_.shipping, read_.adjustment) == (eur("12.90"), eur("1.00"), eur("0"))
    assert (read_.lines[0].tax, read_.lines[0].restocked) == (eur("1.90"), True)


def test_a_variant_is_read_with_its_promotion() -> None:
    told = {
        "id": "v1",
        "product_id": "p1",
        "sku": "MUG",
        "price": "10.00",
        "currency": "EUR",
        "promotion": {"price": "8.00", "ends_at": "2026-12-24T00:00:00Z"},
        "stock": {"front": 3},
        "updated_at": "2026-11-26T14:00:00Z",
    }
    variant = variant_of(wire.Variant.model_validate(told))
    assert (variant.price.base, variant.price.promotion) == (eur("10.00"), eur("8.00"))
    assert variant.price.promotion_until == datetime(2026, 12, 24, tzinfo=UTC)
    assert (variant.price.promotion_from, variant.stock, variant.tracked) == (None, {"front": 3}, True)


def test_a_customer_is_read_with_addresses() -> None:
    told = {
        "id": "77",
        "email": "ada@example.com",
        "groups": ["vip"],
        "billing_address": {"line1": "Main Street 1", "country": "AT"},
        "updated_at": "2026-11-26T14:00:00Z",
    }
    customer = customer_of(wire.Customer.model_validate(told))
    assert customer.billing is not None
    assert (customer.customer.source_id, customer.customer.groups) == ("77", ("vip",))
    assert (customer.billing.country, customer.shipping) == ("AT", None)
