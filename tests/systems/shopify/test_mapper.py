"""A webhook's body beside the canonical order that it is."""

import json
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.systems.shopify.amounts import Side
from erpsync.systems.shopify.bodies import read_object
from erpsync.systems.shopify.mapper import read_order

REAL = (
    "webhook_orders_create_2025-01_d2.json",
    "webhook_orders_create_2025-01_d4.json",
    "webhook_sample_2019_order_body.json",
)


def euro(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def both(shop: str, presentment: str | None = None, currency: str = "EUR") -> dict[str, Any]:
    """A money set. Presentment is US dollars, at 1.10 unless said."""
    other = presentment or f"{(Decimal(shop) * Decimal('1.10')).quantize(Decimal('0.01'))}"
    return {
        "shop_money": {"amount": shop, "currency_code": currency},
        "presentment_money": {"amount": other, "currency_code": "USD"},
    }


def line(number: int = 1, quantity: int = 1, price: str = "10.00", **more: Any) -> dict[str, Any]:
    return {
        "id": 9_100_000_000_000_000 + number,
        "sku": f"SKU-{number:04d}",
        "name": f"Item {number}",
        "quantity": quantity,
        "current_quantity": quantity,
        "price_set": both(price),
        "discount_allocations": [],
        "tax_lines": [],
        "requires_shipping": True,
        "gift_card": False,
    } | more


def payload(*lines: dict[str, Any], total: str, **more: Any) -> dict[str, Any]:
    return {
        "id": 9_200_000_000_000_001,
        "name": "#1001",
        "created_at": "2026-10-05T04:30:15-05:00",
        "updated_at": "2026-10-05T04:31:00-05:00",
        "cancelled_at": None,
        "closed_at": None,
        "test": False,
        "currency": "EUR",
        "presentment_currency": "USD",
        "taxes_included": False,
        "email": "customer-1@example.com",
        "phone": None,
        "note": None,
        "financial_status": "paid",
        "payment_gateway_names": ["bogus"],
        "customer": None,
        "billing_address": None,
        "shipping_address": None,
        "line_items": list(lines),
        "shipping_lines": [],
        "refunds": [],
        "current_total_price_set": both(total),
        "total_tip_received": "0.00",
    } | more


def shipping(price: str = "5.00", discount: str = "0.00", now: str | None = None, tax: str = "0.00") -> dict[str, Any]:
    return {
        "id": 9_300_000_000_000_001,
        "code": "standard",
        "title": "Standard",
        "price_set": both(price),
        "current_discounted_price_set": both(now or str(Decimal(price) - Decimal(discount))),
        "discount_allocations": [{"amount_set": both(discount)}] if Decimal(discount) else [],
        "tax_lines": [{"title": "VAT", "rate": Decimal("0.19"), "price_set": both(tax)}] if Decimal(tax) else [],
        "is_removed": False,
    }


def vat(amount: str, rate: str = "0.19") -> list[dict[str, Any]]:
    return [{"title": "VAT", "rate": Decimal(rate), "price_set": both(amount)}]


def read(body: dict[str, Any], side: Side = "shop") -> Order:
    return read_order(read_object(json.dumps(body, default=float).encode()), side)


def complaint(body: dict[str, Any], side: Side = "shop") -> Rejected:
    with pytest.raises(Rejected) as raised:
        read(body, side)
    return raised.value


class TestRealPayloads:
    @pytest.mark.parametrize("name", REAL)
    def test_a_real_order_adds_up(self, contracts: Path, name: str) -> None:
        order = read_order(read_object((contracts / "shopify" / "payloads" / name).read_bytes()), "shop")
        assert balance(order).residual == zero(order.currency)

    def test_discounts_are_those_of_the_lines(self, contracts: Path) -> None:
        body = (contracts / "shopify" / "payloads" / REAL[1]).read_bytes()
        order = read_order(read_object(body), "shop")
        assert [(str(item.discount), str(item.net)) for item in order.lines] == [
            ("19.10 HKD", "79.90 HKD"),
            ("15.00 HKD", "85.00 HKD"),
        ]
        assert (order.number, order.total.amount, order.customer.email, order.lines[0].sku) == (
            "#1071",
            Decimal("186.90"),
            "",
            "",
        )

    def test_the_cancelled_test_order_of_2019_is_read_as_one(self, contracts: Path) -> None:
        body = (contracts / "shopify" / "payloads" / REAL[2]).read_bytes()
        order = read_order(read_object(body), "shop")
        assert (order.status, order.test, order.source_id) == (OrderStatus.CANCELLED, True, "820982911946154508")

    @pytest.mark.parametrize("name", REAL)
    def test_taking_any_field_away_gives_an_order_or_a_named_complaint(self, contracts: Path, name: str) -> None:
        """No field whose absence or nonsense ends in anything but an order or a Rejected."""
        whole = read_object((contracts / "shopify" / "payloads" / name).read_bytes())
        for path in _paths(whole):
            for nonsense in (None, "nonsense", [], {}, Decimal("1E+40"), True):
                broken = deepcopy(whole)
                _put(broken, path, nonsense)
                with suppress(Rejected):
                    read_order(broken, "shop")


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [p for name, inner in value.items() for p in [(*path, name), *_paths(inner, (*path, name))]]
    if isinstance(value, list):
        return [p for i, inner in enumerate(value[:1]) for p in [(*path, i), *_paths(inner, (*path, i))]]
    return []


def _put(value: Any, path: tuple[str | int, ...], nonsense: object) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = nonsense


class TestLines:
    def test_an_order_of_one_line(self) -> None:
        order = read(payload(line(1, 2, tax_lines=vat("3.80")), total="23.80"))
        (item,) = order.lines
        assert (item.source_id, item.sku, item.title) == ("9100000000000001", "SKU-0001", "Item 1")
        assert (item.quantity, item.unit_price, item.discount, item.net) == (2, euro("10.00"), euro("0"), euro("20.00"))
        assert [(tax.title, tax.amount, tax.rate) for tax in item.taxes] == [("VAT", euro("3.80"), Decimal("0.19"))]
        assert (order.source_id, order.number, order.total) == ("9200000000000001", "#1001", euro("23.80"))
        assert order.created_at == datetime(2026, 10, 5, 9, 30, 15, tzinfo=UTC)
        assert order.created_at.utcoffset() == order.updated_at.utcoffset() == UTC.utcoffset(None)

    def test_discounts_are_the_allocations_and_not_total_discount(self) -> None:
        given = line(1, 2, discount_allocations=[{"amount_set": both("3.00")}, {"amount_set": both("1.50")}])
        given |= {"total_discount": "9.99", "total_discount_set": both("9.99")}
        assert read(payload(given, total="15.50")).lines[0].discount == euro("4.50")

    def test_prices_with_tax_are_left_as_they_are(self) -> None:
        body = payload(line(1, price="11.90", tax_lines=vat("1.90")), total="11.90", taxes_included=True)
        order = read(body)
        assert (order.taxes_included, order.tax, order.lines[0].net) == (True, euro("1.90"), euro("11.90"))

    def test_a_line_without_sku_is_kept_for_the_erp_to_refuse(self) -> None:
        order = read(payload(line(1, sku=None), line(2, sku="  "), total="20.00"))
        assert [item.sku for item in order.lines] == ["", ""]

    def test_a_gift_card_sold_is_a_line(self) -> None:
        order = read(payload(line(1, gift_card=True, requires_shipping=False), total="10.00"))
        assert (order.lines[0].gift_card, order.lines[0].requires_shipping) == (True, False)

    def test_a_gift_card_that_pays_is_a_payment_and_no_discount(self) -> None:
        order = read(payload(line(1), total="10.00", payment_gateway_names=["gift_card", "bogus", "gift_card"]))
        assert (order.payment_methods, order.total, order.lines[0].discount) == (
            ("gift_card", "bogus"),
            euro("10.00"),
            euro("0"),
        )

    def test_two_taxes_of_a_line_stay_two(self) -> None:
        taxes = [*vat("0.50", "0.05"), {"title": "QST", "rate": Decimal("0.09975"), "price_set": both("1.00")}]
        order = read(payload(line(1, tax_lines=taxes), total="11.50"))
        assert [(tax.title, tax.rate) for tax in order.lines[0].taxes] == [
            ("VAT", Decimal("0.05")),
            ("QST", Decimal("0.09975")),
        ]


class TestWhatWasTakenBack:
    def refund(self, *lines: tuple[int, int, str, str], **more: Any) -> dict[str, Any]:
        return {
            "id": 1,
            "refund_line_items": [
                {
                    "id": 2,
                    "line_item_id": 9_100_000_000_000_000 + number,
                    "quantity": quantity,
                    "subtotal_set": both(net),
                    "total_tax_set": both(tax),
                }
                for number, quantity, net, tax in lines
            ],
            "refund_shipping_lines": [],
            "order_adjustments": [],
        } | more

    def test_a_line_has_the_units_that_are_left_to_the_cent(self) -> None:
        given = line(
            1, 3, current_quantity=2, discount_allocations=[{"amount_set": both("10.00")}], tax_lines=vat("3.80")
        )
        body = payload(given, total="15.86", refunds=[self.refund((1, 1, "6.67", "1.27"))])
        (item,) = read(body).lines
        assert (item.quantity, item.net, item.taxes[0].amount) == (2, euro("13.33"), euro("2.53"))

    def test_a_line_without_units_left_is_no_line(self) -> None:
        body = payload(
            line(1, 1, current_quantity=0, tax_lines=vat("1.90")),
            line(2),
            total="10.00",
            refunds=[self.refund((1, 1, "10.00", "1.90"))],
        )
        assert [item.sku for item in read(body).lines] == ["SKU-0002"]

    def test_without_details_of_the_refund_the_rest_is_in_proportion(self) -> None:
        given = line(
            1, 4, current_quantity=1, discount_allocations=[{"amount_set": both("4.00")}], tax_lines=vat("6.84")
        )
        (item,) = read(payload(given, total="10.71")).lines
        assert (item.net, item.taxes[0].amount) == (euro("9.00"), euro("1.71"))

    def test_two_refunds_of_one_line_add_up(self) -> None:
        refunds = [self.refund((1, 1, "10.00", "1.90")), self.refund((1, 1, "10.00", "1.90"))]
        given = line(1, 3, current_quantity=1, tax_lines=vat("5.70"))
        (item,) = read(payload(given, total="11.90", refunds=refunds)).lines
        assert (item.quantity, item.taxes[0].amount) == (1, euro("1.90"))

    def test_the_taxes_left_are_shared_out_and_add_up(self) -> None:
        taxes = [*vat("1.00"), {"title": "Other", "price_set": both("2.00")}]
        given = line(1, 3, current_quantity=2, tax_lines=taxes)
        (item,) = read(payload(given, total="22.00", refunds=[self.refund((1, 1, "10.00", "1.00"))])).lines
        assert [str(tax.amount) for tax in item.taxes] == ["0.67 EUR", "1.33 EUR"]

    def test_an_older_payload_without_current_quantities_counts_the_refunds(self) -> None:
        given = {name: value for name, value in line(1, 3).items() if name != "current_quantity"}
        (item,) = read(payload(given, total="20.00", refunds=[self.refund((1, 1, "10.00", "0.00"))])).lines
        assert item.quantity == 2

    def test_refunded_shipping_is_what_is_left_of_it(self) -> None:
        back = {
            "shipping_line_id": 9_300_000_000_000_001,
            "subtotal_amount_set": both("2.00"),
            "tax_amount_set": both("0.38"),
        }
        body = payload(
            line(1),
            total="13.57",
            shipping_lines=[shipping(now="3.00", tax="0.95")],
            refunds=[self.refund(refund_shipping_lines=[back])],
        )
        (found,) = read(body).shipping_lines
        assert (found.net, found.taxes[0].amount) == (euro("3.00"), euro("0.57"))

    def test_a_cent_that_rounding_left_is_called_rounding(self) -> None:
        refunds = [self.refund((1, 1, "3.34", "0.63"))]
        given = line(1, 3, "3.33", current_quantity=2, tax_lines=vat("1.90"))
        order = read(payload(given, total="7.91", refunds=refunds))
        assert (order.rounding, balance(order).residual) == (euro("-0.01"), euro("0.00"))

    def test_more_than_a_cent_is_not(self) -> None:
        given = line(1, 3, "3.33", current_quantity=2)
        assert balance(read(payload(given, total="6.64"))).residual == euro("-0.02")

    @pytest.mark.parametrize("stated", ["20.00", "17.00"])
    def test_money_given_back_without_goods_does_not_change_what_was_ordered(self, stated: str) -> None:
        """Whether Shopify's current total counts it or not."""
        adjustment = {"kind": "refund_discrepancy", "amount_set": both("-3.00"), "tax_amount_set": both("0.00")}
        order = read(payload(line(1, 2), total=stated, refunds=[self.refund(order_adjustments=[adjustment])]))
        assert (order.total, balance(order).residual) == (euro("20.00"), euro("0.00"))

    def test_an_adjustment_for_shipping_is_not_counted_twice(self) -> None:
        adjustment = {"kind": "shipping_refund", "amount_set": both("-3.00"), "tax_amount_set": both("0.00")}
        body = payload(line(1, 2), total="17.00", refunds=[self.refund(order_adjustments=[adjustment])])
        assert balance(read(body)).residual == euro("-3.00")


class TestShipping:
    def test_a_method_with_discount_and_tax(self) -> None:
        order = read(payload(line(1), total="14.76", shipping_lines=[shipping("5.00", "1.00", tax="0.76")]))
        (found,) = order.shipping_lines
        assert (found.source_id, found.code, found.title) == ("9300000000000001", "standard", "Standard")
        assert (found.price, found.discount, found.net, order.tax) == (
            euro("5.00"),
            euro("1.00"),
            euro("4.00"),
            euro("0.76"),
        )

    def test_shipping_for_free_keeps_its_method(self) -> None:
        order = read(payload(line(1), total="10.00", shipping_lines=[shipping("5.00", "5.00")]))
        assert [(found.code, found.net.amount) for found in order.shipping_lines] == [("standard", 0)]

    def test_a_method_removed_by_an_edit_is_gone(self) -> None:
        removed = shipping() | {"is_removed": True}
        assert read(payload(line(1), total="10.00", shipping_lines=[removed])).shipping_lines == ()

    def test_a_method_without_code_is_known_by_its_title(self) -> None:
        order = read(payload(line(1), total="15.00", shipping_lines=[shipping() | {"code": None}]))
        assert order.shipping_lines[0].code == "Standard"


class TestExtras:
    def test_a_tip_beside_the_lines(self) -> None:
        order = read(payload(line(1), total="12.00", total_tip_received="2.00"))
        assert (order.tip, len(order.lines)) == (euro("2.00"), 1)

    def test_a_tip_that_is_a_line_is_a_tip_once(self) -> None:
        tip = line(7, price="2.00", sku=None, name="Tip", requires_shipping=False, tax_lines=vat("0.00"))
        order = read(payload(line(1), tip, total="12.00", total_tip_received="2.00"))
        assert (order.tip, [item.sku for item in order.lines], balance(order).residual) == (
            euro("2.00"),
            ["SKU-0001"],
            euro("0.00"),
        )

    def test_a_service_is_not_taken_for_the_tip(self) -> None:
        service = line(7, price="20.00", sku=None, name="Assembly", requires_shipping=False)
        order = read(payload(line(1), service, total="32.00", total_tip_received="2.00"))
        assert (order.tip, len(order.lines)) == (euro("2.00"), 2)

    def test_duties_and_fees_come_with_their_taxes(self) -> None:
        body = payload(
            line(1, tax_lines=vat("1.90")),
            total="25.80",
            current_total_duties_set=both("10.00"),
            current_total_tax_set=both("5.80"),
        )
        order = read(body)
        assert (order.duties, order.fees, order.tax) == (euro("13.90"), euro("0"), euro("1.90"))
        body = payload(
            line(1), total="13.57", current_total_additional_fees_set=both("3.00"), current_total_tax_set=both("0.57")
        )
        assert read(body).fees == euro("3.57")

    def test_duties_that_the_prices_contain_are_no_charge(self) -> None:
        body = payload(line(1), total="10.00", duties_included=True, current_total_duties_set=both("2.00"))
        assert read(body).duties == euro("0")

    def test_rounding_to_coins_is_part_of_what_is_due(self) -> None:
        body = payload(
            line(1, price="9.98"),
            total="9.98",
            total_cash_rounding_payment_adjustment_set=both("0.02"),
            total_cash_rounding_refund_adjustment_set=both("0.00"),
        )
        order = read(body)
        assert (order.rounding, order.total, balance(order).residual) == (euro("0.02"), euro("10.00"), euro("0.00"))


class TestCurrencies:
    def test_the_customers_currency_where_the_connection_says_so(self) -> None:
        body = payload(line(1, 2), total="20.00")
        shop, customer = read(body), read(body, "presentment")
        assert (str(shop.total), str(customer.total), str(customer.lines[0].unit_price)) == (
            "20.00 EUR",
            "22.00 USD",
            "11.00 USD",
        )

    def test_a_tip_told_in_the_stores_currency_only_is_not_guessed(self) -> None:
        body = payload(line(1), total="12.00", total_tip_received="2.00")
        assert "total_tip_received" in complaint(body, "presentment").problem.what

    def test_an_amount_in_a_third_currency_is_refused(self) -> None:
        body = payload(line(1, price_set=both("10.00", currency="GBP")), total="10.00")
        assert "line_items[0].price_set.shop_money is not in EUR" in complaint(body).problem.what

    @pytest.mark.parametrize("currency", ["EURO", "eur", "", "\u20ac"])
    def test_a_currency_that_is_none_is_refused(self, currency: str) -> None:
        assert "currency" in complaint(payload(line(1), total="10.00", currency=currency)).problem.what

    def test_yen_have_no_decimals_however_they_are_written(self) -> None:
        spellings = [
            payload(line(1, price_set=both(a, currency="JPY")), total="0", currency="JPY")
            for a in ("1000", "1000.0", "1000.00")
        ]
        for body in spellings:
            body["current_total_price_set"] = both("1000", currency="JPY")
        assert len({read(body).content_hash() for body in spellings}) == 1

    def test_one_order_has_one_hash_however_amounts_and_times_are_written(self) -> None:
        one = payload(line(1, tax_lines=vat("1.90")), total="11.90")
        other = payload(
            line(1, tax_lines=vat("1.9", "0.190"), price_set=both("10.0")),
            total="11.9",
            created_at="2026-10-05T09:30:15Z",
        )
        assert read(one).content_hash() == read(other).content_hash()


class TestState:
    @pytest.mark.parametrize(
        ("more", "status"),
        [
            ({}, OrderStatus.OPEN),
            ({"closed_at": "2026-10-05T09:30:15Z"}, OrderStatus.CLOSED),
            ({"closed_at": "2026-10-05T09:30:15Z", "cancelled_at": "2026-10-05T09:30:15Z"}, OrderStatus.CANCELLED),
        ],
    )
    def test_open_closed_and_cancelled(self, more: dict[str, Any], status: OrderStatus) -> None:
        assert read(payload(line(1), total="10.00", **more)).status is status

    @pytest.mark.parametrize(
        ("financial_status", "paid"),
        [("paid", True), ("partially_refunded", True), ("refunded", True), ("pending", False), ("authorized", False),
         ("partially_paid", False), ("voided", False), (None, False)],
    )  # fmt: skip
    def test_paid(self, financial_status: str | None, paid: bool) -> None:
        assert read(payload(line(1), total="10.00", financial_status=financial_status)).paid is paid

    def test_a_test_order_says_so(self) -> None:
        assert read(payload(line(1), total="10.00", test=True)).test is True


ADDRESS = {
    "first_name": "Customer", "last_name": "1", "company": "Company 1", "address1": "1 Example Street",
    "address2": "Floor 2", "city": "Sample City", "province": "Berlin", "province_code": "BE", "zip": "10115",
    "country": "Germany", "country_code": "DE", "phone": "+49000000001",
}  # fmt: skip


class TestPeople:
    def test_a_guest_without_anything(self) -> None:
        order = read(payload(line(1), total="10.00", email=""))
        assert (order.customer.source_id, order.customer.email, order.billing, order.shipping) == (None, "", None, None)

    def test_a_guest_is_named_by_the_billing_address(self) -> None:
        customer = read(payload(line(1), total="10.00", billing_address=ADDRESS)).customer
        assert (customer.full_name, customer.company, customer.email) == (
            "Customer 1",
            "Company 1",
            "customer-1@example.com",
        )

    def test_a_known_customer_with_the_orders_own_address(self) -> None:
        known = {
            "id": 2**53 + 9,
            "email": "old@example.com",
            "first_name": "Customer",
            "last_name": "9",
            "phone": "+490",
        }
        customer = read(payload(line(1), total="10.00", customer=known)).customer
        assert (customer.source_id, customer.email, customer.last_name) == (
            str(2**53 + 9),
            "customer-1@example.com",
            "9",
        )

    def test_an_address_with_all_its_parts(self) -> None:
        shipping = read(payload(line(1), total="10.00", shipping_address=ADDRESS)).shipping
        assert shipping is not None
        assert (shipping.line1, shipping.line2, shipping.city) == ("1 Example Street", "Floor 2", "Sample City")
        assert (shipping.region, shipping.region_code, shipping.postal_code, shipping.country) == (
            "Berlin",
            "BE",
            "10115",
            "DE",
        )


class TestComplaints:
    @pytest.mark.parametrize(
        ("path", "value", "field"),
        [
            (("name",), 5, "name"),
            (("created_at",), "yesterday", "created_at"),
            (("created_at",), "2026-10-05T09:30:15", "created_at"),
            (("updated_at",), 1728120615, "updated_at"),
            (("taxes_included",), "yes", "taxes_included"),
            (("line_items",), None, "line_items"),
            (("line_items",), {"nodes": []}, "line_items"),
            (("line_items", 0, "id"), None, "line_items[0].id"),
            (("line_items", 0, "quantity"), "2", "line_items[0].quantity"),
            (("line_items", 0, "quantity"), -1, "line_items[0].quantity"),
            (("line_items", 0, "price_set"), None, "line_items[0].price_set"),
            (("line_items", 0, "price_set", "shop_money", "amount"), "ten", "line_items[0].price_set.shop_money.amount"),
            (("line_items", 0, "price_set", "shop_money", "amount"), "1e400", "line_items[0].price_set.shop_money.amount"),
            (("line_items", 0, "price_set", "shop_money", "amount"), "NaN", "line_items[0].price_set.shop_money.amount"),
            (("line_items", 0, "price_set", "shop_money"), None, "line_items[0].price_set.shop_money"),
            (("current_total_price_set",), None, "current_total_price_set"),
            (("customer",), {"id": "x"}, "customer.id"),
        ],
    )  # fmt: skip
    def test_a_field_that_cannot_be_read_is_named_with_its_order(
        self, path: tuple[str | int, ...], value: object, field: str
    ) -> None:
        body = payload(line(1), total="10.00")
        _put(body, path, value)
        error = complaint(body)
        assert error.code == "order-unreadable"
        assert f"The field {field} " in error.problem.what
        assert error.problem.record.startswith("order ")

    def test_no_value_of_the_order_is_in_the_complaint(self) -> None:
        body = payload(line(1), total="10.00", customer={"id": "secret-person", "email": 5})
        assert "secret-person" not in str(complaint(body))

    def test_what_does_not_add_up_is_left_for_the_flow_to_refuse(self) -> None:
        assert balance(read(payload(line(1, 2), total="19.99"))).residual == euro("-0.01")
