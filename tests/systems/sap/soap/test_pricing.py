"""Money: conditions that come to the store's total, whatever the prices."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, TaxLine
from erpsync.domain.payments import Refund
from erpsync.systems.sap.soap.pricing import HEADER, Priced, of_order, of_refund
from erpsync.systems.sap.soap.settings import SapSoapSettings
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from erpsync.testing import samples
from tests.systems.sap.soap.stand import eur, line, order, refund, returned

SETTINGS = SapSoapSettings(**SapSoapSimulator().settings("http://127.0.0.1:1"))
CENT = Decimal("0.01")


def comes_to(priced: Priced) -> Decimal:
    """As SAP computes: prices per unit, rounded per item; everything else as it is."""
    quantities = {one.number: one.quantity for one in priced.positions}
    return sum(
        (
            (one.value * quantities[one.item] / one.per).quantize(CENT, ROUND_HALF_UP) if one.per else one.value
            for one in priced.conditions
        ),
        Decimal(0),
    )


cents = st.integers(0, 100_000).map(lambda number: Decimal(number) / 100)
quantities = st.one_of(
    st.integers(1, 500).map(Decimal), st.integers(1, 5000).map(lambda number: Decimal(number) / 1000)
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    included = draw(st.booleans())
    lines = []
    for number in range(draw(st.integers(1, 4))):
        price, quantity = draw(cents), draw(quantities)
        gross = price * quantity
        discount = (gross * draw(st.integers(0, 100)) / 100).quantize(CENT)
        tax = ((gross - discount) * Decimal("0.19")).quantize(CENT)
        taxes = (TaxLine(title="VAT", amount=Money(amount=tax, currency="EUR"), rate=Decimal("0.19")),)
        fields = {"discount": Money(amount=discount, currency="EUR"), "taxes": taxes}
        lines.append(line(f"SKU-{number}", f"{quantity}", f"{price}", **fields))
    return order("1", *lines, taxes_included=included, tip=Money(amount=draw(cents), currency="EUR"))


# The same orders everywhere, however long a machine takes for them.
@given(orders())
def test_the_conditions_come_to_the_total(placed: Order) -> None:
    assert comes_to(of_order(placed, SETTINGS)) == placed.total.rounded().amount


def test_a_price_that_cents_cannot_express_is_per_quantity() -> None:
    placed = order(
        "1",
        line("SKU-0001", "3", "3.34", taxes=(TaxLine(title="VAT", amount=eur("1.60"), rate=Decimal("0.19")),)),
        taxes_included=True,
        shipping_lines=(),
    )

    conditions = of_order(placed, SETTINGS).conditions

    assert [(one.kind, one.value, one.per) for one in conditions] == [
        ("ZTX0", Decimal("1.60"), 0),
        ("ZPR0", Decimal("8.42"), 3),
    ]


def test_cents_of_odd_quantities_go_into_the_rounding() -> None:
    placed = order("1", line("SKU-0001", "0.333", "9.99", taxes=()), shipping_lines=())

    priced = of_order(placed, SETTINGS)

    assert comes_to(priced) == placed.total.amount
    assert [one.kind for one in priced.conditions if one.item == HEADER] in (["ZRO0"], [])


def test_yen_have_no_cents() -> None:
    placed = samples.order(
        "1",
        currency="JPY",
        lines=(samples.line("SKU-0001", "3", "333", "JPY"),),
        shipping_lines=(),
        billing=None,
    )

    conditions = of_order(placed, SETTINGS).conditions

    assert [(one.kind, one.value) for one in conditions] == [("ZTX0", Decimal(190)), ("ZPR0", Decimal(333))]


def test_an_order_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(Rejected, match="leaves 7") as refused:
        of_order(order("1", off_by="7.00"), SETTINGS)

    assert refused.value.code == "does-not-balance"


def test_a_tax_without_a_rate_is_refused() -> None:
    placed = order("1", line(taxes=(TaxLine(title="Sales tax", amount=eur("1.00")),)))

    with pytest.raises(Rejected, match='tax_handling = "erp"'):
        of_order(placed, SETTINGS)


@pytest.mark.parametrize(
    "given_back",
    [
        refund(returned("10.00", "1.90"), total="11.90"),
        refund(returned("11.90", "1.90"), total="11.90"),
        refund(returned("10.00", "0.65"), total="10.00"),
        refund(returned("10.00", "1.90", "3"), shipping="4.90", total="16.80"),
        refund(returned("10.00", "1.90"), adjustment="-2.00", total="9.90"),
        refund(returned("5.00", "0", "0"), total="5.00"),
        refund(returned("5.00", "0.95", "0"), total="5.95"),
        refund(returned("5.95", "0.95", "0"), total="5.95"),
        refund(total="3.00", adjustment="3.00"),
    ],
    ids=[
        "tax on top",
        "tax inside",
        "seven percent inside",
        "with shipping",
        "less a fee",
        "no piece back",
        "no piece back, tax on top",
        "no piece back, tax inside",
        "goodwill",
    ],
)
def test_a_refund_comes_to_what_the_buyer_received(given_back: Refund) -> None:
    assert comes_to(of_refund(given_back, SETTINGS, "refund r")) == given_back.total.amount


def test_money_for_a_line_of_which_nothing_comes_back_is_for_the_refund_material_with_its_tax() -> None:
    priced = of_refund(refund(returned("5.00", "0.95", "0"), total="5.95"), SETTINGS, "refund r")

    assert [(one.material, one.quantity) for one in priced.positions] == [(SETTINGS.refund_material, 1)]
    assert [(one.kind, one.value, one.tax_code) for one in priced.conditions] == [
        (SETTINGS.price_condition, Decimal("5.00"), ""),
        (SETTINGS.tax_condition, Decimal("0.95"), SETTINGS.tax_codes["19"]),
    ]


def test_a_refund_whose_parts_miss_its_total_is_refused() -> None:
    with pytest.raises(Rejected, match="by hand"):
        of_refund(refund(returned("10.00", "1.90"), total="40.00"), SETTINGS, "refund r")


def test_a_refund_of_an_unknown_rate_is_refused() -> None:
    with pytest.raises(Rejected, match="tax_codes"):
        of_refund(refund(returned("10.00", "3.00"), total="13.00"), SETTINGS, "refund r")


def test_a_free_line_stays_free() -> None:
    placed = order("1", line("SKU-0001", "2", "5.00", discount=eur("10.00"), taxes=()), shipping_lines=())

    assert placed.total == zero("EUR")
    assert comes_to(of_order(placed, SETTINGS)) == 0
