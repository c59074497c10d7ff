"""Money: what is sent comes to what the customer paid, in the simulator's own arithmetic."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine, TaxLine
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.netsuite.adapter import NetSuiteErp
from erpsync.systems.netsuite.lines import sales_order_lines
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.simulator import create
from tests.systems.netsuite.stand import eur, order, order_line, shipping_line

CENT = Decimal("0.01")
BOOKS: dict[str, dict[str, Any]] = {
    "tax as an item, discounts as lines": {},
    "tax as an item, discounts in the amounts": {"discount_item": ""},
    "tax on lines, discounts as lines": {
        "tax_handling": "lines",
        "tax_codes": {"0": "5", "19": "6", "7": "7"},
        "shipping_item": "907",
    },
    "tax on lines, discounts in the amounts": {
        "tax_handling": "lines",
        "tax_codes": {"0": "5", "19": "6", "7": "7"},
        "shipping_item": "907",
        "discount_item": "",
    },
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve({"netsuite": create()}) as running:
        yield running["netsuite"]


@pytest.fixture(scope="module", params=BOOKS.values(), ids=BOOKS.keys())
def erp(request: pytest.FixtureRequest, served: Served, tools: Tools, own_wsdl: str) -> NetSuiteErp:
    values = {**served.settings, "wsdl_url": own_wsdl, **request.param}
    return NetSuiteErp(NetSuiteSettings(**values), tools)


def cents(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda amount: Decimal(amount) * CENT)


@st.composite
def taxes(draw: st.DrawFn, net: Decimal, included: bool) -> tuple[TaxLine, ...]:
    rate = draw(st.sampled_from([None, Decimal(0), Decimal("0.07"), Decimal("0.19")]))
    if rate is None:
        return ()
    tax = net * rate / (1 + rate) if included else net * rate
    return (TaxLine(title="VAT", rate=rate, amount=eur(tax.quantize(CENT, ROUND_HALF_UP))),)


@st.composite
def sold(draw: st.DrawFn, included: bool) -> OrderLine:
    # Some stores sell by weight, and some quote a tenth of a cent.
    quantity = draw(st.sampled_from(["1", "2", "3", "7", "0.5", "1.25"]))
    price = draw(st.one_of(cents(0, 20_000), st.integers(0, 20_000).map(lambda amount: Decimal(amount) / 1000)))
    gross = price * Decimal(quantity)
    share = draw(st.sampled_from(["0", "0", "0.1", "0.333", "1"]))
    discount = (gross * Decimal(share)).quantize(CENT, "ROUND_DOWN")
    line = order_line(f"SKU-{draw(st.integers(1, 50)):04}", quantity, str(price), discount=eur(discount))
    return line.model_copy(update={"taxes": draw(taxes(line.net.amount, included))})


@st.composite
def orders(draw: st.DrawFn) -> Order:
    included = draw(st.booleans())
    lines = draw(st.lists(sold(included), min_size=1, max_size=5))
    shipping = []
    for price in draw(st.lists(cents(0, 2_000), max_size=2)):
        one = shipping_line(str(price))
        shipping.append(one.model_copy(update={"taxes": draw(taxes(price, included))}))
    extras = {name: eur(draw(st.sampled_from(["0", "0", "0.03", "5.00"]))) for name in ("tip", "duties", "fees")}
    rounding = eur(draw(st.sampled_from(["0", "0.02", "-0.02"])))
    return order("1", *lines, taxes_included=included, shipping_lines=tuple(shipping), rounding=rounding, **extras)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(placed=orders())
def test_the_sales_order_comes_to_what_the_customer_paid(erp: NetSuiteErp, served: Served, placed: Order) -> None:
    customer = TargetId(served.records()["customers"][0]["internalId"])

    # Always the same reference: each example replaces the one before.
    result = erp.create_orders([OrderDraft("shop-1", placed, customer)])["shop-1"]

    if placed.total.amount < 0:
        return
    assert isinstance(result, RecordRef), result
    [made] = served.records()["salesOrders"]
    assert Decimal(made["total"]) == placed.total.amount
    unit = CENT
    for line in made["lines"]:
        assert Decimal(line["amount"]) == Decimal(line["amount"]).quantize(unit)
        if line["rate"] is not None and line["quantity"] != "0":
            assert Decimal(line["rate"]) * Decimal(line["quantity"]) == Decimal(line["amount"])


def plain(**changes: Any) -> NetSuiteSettings:
    values = {**create().settings("http://127.0.0.1:1"), "shipping_methods": {"standard": "3"}, **changes}
    return NetSuiteSettings(**values)


ITEMS = {Sku(f"SKU-{number:04}"): (str(1000 + number),) for number in range(1, 51)}


@pytest.mark.parametrize(
    ("charge", "setting"),
    [("tip", "tip_item"), ("duties", "duty_item"), ("fees", "fee_item"), ("rounding", "rounding_item")],
)
def test_a_charge_without_an_item_names_the_setting(charge: str, setting: str) -> None:
    with pytest.raises(Rejected) as refused:
        sales_order_lines(order("1", **{charge: eur("0.50")}), ITEMS, plain(**{setting: ""}))

    assert refused.value.code == "no-item-for-charge"
    assert f"`{setting}`" in refused.value.problem.next_step
    assert refused.value.problem.record == "order #1"


def test_tax_without_an_item_names_the_setting() -> None:
    line = order_line(taxes=(TaxLine(title="VAT", amount=eur("1.10"), rate=Decimal("0.19")),))

    with pytest.raises(Rejected) as refused:
        sales_order_lines(order("1", line), ITEMS, plain(tax_item=""))

    assert "`tax_item`" in refused.value.problem.next_step


def test_tax_on_shipping_needs_an_item_where_lines_carry_tax() -> None:
    vat = TaxLine(title="VAT", amount=eur("0.78"), rate=Decimal("0.19"))
    placed = order("1", shipping_lines=(shipping_line(taxes=(vat,)),))

    with pytest.raises(Rejected) as refused:
        sales_order_lines(placed, ITEMS, plain(tax_handling="lines"))

    assert "`shipping_item`" in refused.value.problem.next_step


def test_a_rate_without_a_tax_code_is_named() -> None:
    line = order_line(taxes=(TaxLine(title="VAT", amount=eur("0.40"), rate=Decimal("0.0625")),))

    with pytest.raises(Rejected) as refused:
        sales_order_lines(order("1", line), ITEMS, plain(tax_handling="lines", tax_code="", tax_codes={"19": "6"}))

    assert refused.value.code == "tax-rate-not-mapped"
    assert '"6.25"' in refused.value.problem.next_step


def test_an_order_that_does_not_add_up_shows_its_figures() -> None:
    with pytest.raises(Rejected) as refused:
        sales_order_lines(order("1", total=eur("7.00")), ITEMS, plain())

    assert refused.value.code == "does-not-add-up"
    assert "6.90 EUR" in refused.value.problem.what
    assert "7.00 EUR" in refused.value.problem.what


def test_a_line_of_quantity_zero_is_left_out() -> None:
    charged = sales_order_lines(order("1", order_line(), order_line("SKU-0002", "0")), ITEMS, plain())

    assert [line.item for line in charged.lines] == ["1001"]


def test_a_line_without_a_sku_is_named() -> None:
    with pytest.raises(Rejected) as refused:
        sales_order_lines(order("#77", order_line(), order_line("")), ITEMS, plain())

    assert refused.value.code == "no-sku"
    assert refused.value.problem.record == "order #77, line 2"


@pytest.mark.parametrize(("currency", "price", "amount"), [("JPY", "1980", "1980"), ("KWD", "1.235", "1.235")])
def test_amounts_have_the_currencys_own_decimals(currency: str, price: str, amount: str) -> None:
    def money(value: str) -> Money:
        return Money(amount=Decimal(value), currency=currency)

    line = order_line(unit_price=money(price), discount=money("0"))
    nothing = dict.fromkeys(("tip", "duties", "fees", "rounding"), money("0"))
    placed = order("1", line, currency=currency, total=money(amount), **nothing)

    charged = sales_order_lines(placed, ITEMS, plain())

    assert [line.amount for line in charged.lines] == [Decimal(amount)]


def test_three_thirds_of_a_cent_make_a_cent() -> None:
    lines = [order_line(price="0.0033") for _ in range(3)]

    charged = sales_order_lines(order("1", *lines), ITEMS, plain())

    assert [line.amount for line in charged.lines] == [Decimal("0.00"), Decimal("0.01"), Decimal("0.00")]
    # A rate that does not come to the amount is not sent; NetSuite works it out.
    assert [line.rate for line in charged.lines] == [0, Decimal("0.01"), 0]
