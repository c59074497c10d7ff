"""Domain records beside the SuiteTalk records that they become."""

from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order, TaxLine
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft
from erpsync.systems.netsuite.addresses import address_record
from erpsync.systems.netsuite.countries import countries
from erpsync.systems.netsuite.mapper import (
    amended_record,
    closing_record,
    customer_record,
    order_record,
)
from erpsync.systems.netsuite.settings import NetSuiteSettings
from tests.systems.netsuite.stand import ADDRESS, eur, order, order_line, shipping_line

ITEMS = {Sku("SKU-0001"): ("1001",), Sku("SKU-0002"): ("1002",)}
VAT = TaxLine(title="VAT", amount=eur("1.10"), rate=Decimal("0.19"))
GERMAN = {
    "country": "_germany",
    "addressee": "Customer 1",
    "addrPhone": "0",
    "addr1": "Street 1",
    "city": "Town",
    "zip": "10000",
}


def configured(**changes: Any) -> NetSuiteSettings:
    values: dict[str, Any] = {
        "account": "1234567",
        "consumer_key": "k",
        "consumer_secret": "s",
        "token_id": "t",
        "token_secret": "u",
        "currencies": {"EUR": "4"},
    }
    return NetSuiteSettings(**{**values, **changes})


def mapped(placed: Order, **changes: Any) -> Any:
    return order_record(OrderDraft("shop-1001", placed, TargetId("42")), ITEMS, configured(**changes))


def test_the_plainest_order() -> None:
    placed = order("#1001", order_line(quantity="2"))

    assert mapped(placed) == {
        "$type": "sales:SalesOrder",
        "externalId": "shop-1001",
        "entity": {"internalId": "42", "type": "customer"},
        "currency": {"internalId": "4"},
        "tranDate": placed.created_at,
        "otherRefNum": "#1001",
        "billingAddress": GERMAN,
        "shippingAddress": GERMAN,
        "shippingCost": 0,
        "itemList": {
            "replaceAll": True,
            "item": [
                {
                    "item": {"internalId": "1001"},
                    "price": {"internalId": "-1"},
                    "quantity": 2,
                    "rate": Decimal("6.90"),
                    "amount": Decimal("13.80"),
                    "isTaxable": False,
                }
            ],
        },
    }


def test_an_order_with_all_that_can_be_configured() -> None:
    placed = order(
        "1001",
        order_line(discount=eur("0.90"), taxes=(TaxLine(title="VAT", amount=eur("0.96"), rate=Decimal("0.19")),)),
        shipping_lines=(shipping_line("4.90", code="express", title="Express"),),
        note="n" * 2000,
        payment_methods=("card", "gift card"),
    )

    record = mapped(
        placed,
        subsidiary="2",
        location="3",
        order_form="68",
        order_status="pending_fulfillment",
        payment_field="custbody_payment",
        tax_handling="lines",
        tax_codes={"19": "6", "0": "5"},
        discount_item="901",
        shipping_item="907",
        shipping_methods={"express": "8"},
    )

    assert record["subsidiary"] == {"internalId": "2"}
    assert record["location"] == {"internalId": "3"}
    assert record["customForm"] == {"internalId": "68"}
    assert record["orderStatus"] == "_pendingFulfillment"
    assert record["memo"] == "n" * 999
    assert record["shipMethod"] == {"internalId": "8"}
    assert record["customFieldList"] == {
        "customField": [
            {"$type": "core:StringCustomFieldRef", "scriptId": "custbody_payment", "value": "card, gift card"}
        ]
    }
    price = {"internalId": "-1"}
    # 6.90 less 0.90 is 6.00, of which 0.96 is tax: 5.04. The discount without tax is 0.90 * 5.04 / 6.00 = 0.76.
    assert record["itemList"]["item"] == [
        {
            "item": {"internalId": "1001"},
            "price": price,
            "quantity": 1,
            "rate": Decimal("5.8"),
            "amount": Decimal("5.80"),
            "tax1Amt": Decimal("0.96"),
            "taxCode": {"internalId": "6"},
        },
        {
            "item": {"internalId": "901"},
            "price": price,
            "rate": Decimal("-0.76"),
            "amount": Decimal("-0.76"),
            "tax1Amt": 0,
            "taxCode": {"internalId": "6"},
        },
        {
            "item": {"internalId": "907"},
            "price": price,
            "quantity": 1,
            "rate": Decimal("4.90"),
            "amount": Decimal("4.90"),
            "tax1Amt": 0,
            "taxCode": {"internalId": "5"},
            "description": "Express",
        },
    ]


def test_without_a_discount_item_the_amount_is_after_discount() -> None:
    [line] = mapped(order("1", order_line(quantity="2", discount=eur("1.80"))))["itemList"]["item"]

    assert (line["amount"], line["rate"], line["price"]) == (12, 6, {"internalId": "-1"})


def test_tax_is_one_line_of_its_item() -> None:
    placed = order("1", order_line(taxes=(VAT,)))

    lines = mapped(placed, tax_item="906", tax_code="5")["itemList"]["item"]

    assert [(line["item"]["internalId"], line["amount"], line["taxCode"]) for line in lines] == [
        ("1001", Decimal("5.80"), {"internalId": "5"}),
        ("906", Decimal("1.10"), {"internalId": "5"}),
    ]
    assert all("tax1Amt" not in line and "isTaxable" not in line for line in lines)


def test_tax_on_top_of_the_prices_leaves_them_as_they_are() -> None:
    placed = order("1", order_line(taxes=(VAT,)), taxes_included=False)

    lines = mapped(placed, tax_item="906")["itemList"]["item"]

    assert [line["amount"] for line in lines] == [Decimal("6.90"), Decimal("1.10")]


def test_an_amendment_names_the_order_by_its_own_id_and_empties_what_is_gone() -> None:
    draft = OrderDraft("shop-1001", order("1001"), TargetId("42"))

    record = amended_record(TargetId("5012"), draft, ITEMS, configured(order_status="pending_approval"))

    assert record["internalId"] == "5012"
    assert "externalId" not in record
    assert "orderStatus" not in record
    assert record["nullFieldList"] == {"name": ["memo"]}
    noted = OrderDraft("shop-1001", order("1001", note="Hello"), TargetId("42"))
    assert "nullFieldList" not in amended_record(TargetId("5012"), noted, ITEMS, configured())


def test_closing_touches_nothing_but_the_lines() -> None:
    assert closing_record(TargetId("5012"), [1, 8]) == {
        "$type": "sales:SalesOrder",
        "internalId": "5012",
        "itemList": {"replaceAll": False, "item": [{"isClosed": True, "line": 1}, {"isClosed": True, "line": 8}]},
    }


def test_shipping_goes_by_the_stores_code_or_the_default() -> None:
    placed = order("1", shipping_lines=(shipping_line(code="express"),))

    by_code = mapped(placed, shipping_methods={"express": "8"}, default_shipping_method="9")
    by_default = mapped(placed, shipping_methods={"slow": "8"}, default_shipping_method="9")

    assert (by_code["shipMethod"], by_code["shippingCost"]) == ({"internalId": "8"}, Decimal("4.90"))
    assert by_default["shipMethod"] == {"internalId": "9"}


@pytest.mark.parametrize("methods", [{}, {"slow": "8"}])
def test_a_shipping_method_that_is_not_mapped_is_named(methods: dict[str, str]) -> None:
    placed = order("1", shipping_lines=(shipping_line(code="express"),))

    with pytest.raises(Rejected) as refused:
        mapped(placed, shipping_methods=methods)

    assert refused.value.code == "shipping-method-not-mapped"
    assert '"express"' in refused.value.problem.next_step


def test_free_shipping_needs_no_method_where_none_are_used() -> None:
    assert "shipMethod" not in mapped(order("1", shipping_lines=(shipping_line("0"),)))


def test_an_account_with_one_currency_is_not_told_it() -> None:
    assert "currency" not in mapped(order("1"), currencies={"EUR": ""})


def test_a_new_customer_brings_what_only_a_new_one_may() -> None:
    customer = Customer(email="c@example.com", first_name="Customer", last_name="1", phone="0")
    other = Address(line1="Road 2", country="AT")
    draft = CustomerDraft("shop-customer-1", customer, ADDRESS, other, "EUR")

    assert customer_record(draft, configured(subsidiary="2"), is_new=True) == {
        "$type": "relationships:Customer",
        "externalId": "shop-customer-1",
        "isPerson": True,
        "firstName": "Customer",
        "lastName": "1",
        "email": "c@example.com",
        "phone": "0",
        "subsidiary": {"internalId": "2"},
        "currency": {"internalId": "4"},
        "addressbookList": {
            "replaceAll": False,
            "addressbook": [
                {"defaultShipping": False, "defaultBilling": True, "addressbookAddress": GERMAN},
                {
                    "defaultShipping": True,
                    "defaultBilling": False,
                    "addressbookAddress": {"country": "_austria", "addr1": "Road 2"},
                },
            ],
        },
    }
    assert customer_record(draft, configured(subsidiary="2"), is_new=False) == {
        "$type": "relationships:Customer",
        "externalId": "shop-customer-1",
        "firstName": "Customer",
        "lastName": "1",
        "email": "c@example.com",
        "phone": "0",
    }


@pytest.mark.parametrize("code", ["XX", "DEU", "??"])
def test_a_country_that_netsuite_lacks_is_refused(code: str) -> None:
    with pytest.raises(Rejected) as refused:
        address_record(Address(country=code), record="order #1")

    assert refused.value.code == "country-unknown"
    assert f'"{code}"' in refused.value.problem.what


def test_a_country_may_be_absent_or_in_small_letters() -> None:
    assert address_record(Address(city="Town"), record="") == {"city": "Town"}
    assert address_record(Address(country="de"), record="") == {"country": "_germany"}


def test_every_country_has_a_name_of_its_own() -> None:
    assert len(countries()) == len(set(countries().values())) == 252
