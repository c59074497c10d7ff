"""An order's arithmetic, and when two versions are alike."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Balance, Order, OrderStatus, Rounded, TaxLine, balance, rounded, tax_percent
from erpsync.testing import samples

CENTS = st.integers(-(10**7), 10**7).map(lambda cents: Decimal(cents) / 100)
PRICES = st.integers(0, 10**7).map(lambda cents: str(Decimal(cents) / 100))
QUANTITIES = st.integers(1, 500).map(str)


def euros(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def test_an_order_adds_up_from_lines_shipping_tax_and_extras() -> None:
    order = samples.order(tip=euros("1.00"), duties=euros("0.50"), fees=euros("0.30"), rounding=euros("-0.01"))
    sums = balance(order)
    assert sums.lines == euros("20.00")
    assert sums.shipping == euros("4.90")
    assert sums.tax == euros("3.80")
    assert sums.extras == euros("1.79")
    assert sums.computed == sums.stated == euros("30.49")
    assert sums.residual == zero("EUR")


def test_tax_that_the_prices_contain_is_not_added_again() -> None:
    with_tax_inside = samples.order(taxes_included=True)
    assert with_tax_inside.tax == euros("3.80")
    assert balance(with_tax_inside).computed == euros("24.90")


@pytest.mark.parametrize(("currency", "off_by"), [("EUR", "0.05"), ("JPY", "5"), ("KWD", "0.005")])
def test_a_residual_within_the_tolerance_becomes_rounding_and_says_so(currency: str, off_by: str) -> None:
    result = rounded(samples.order(currency=currency, off_by=off_by), 5)
    assert isinstance(result, Rounded)
    assert balance(result.order).residual == zero(currency)
    assert f"{off_by} {currency} booked as rounding" in result.cause
    beyond = rounded(samples.order(currency=currency, off_by=off_by), 4)
    assert isinstance(beyond, Balance)


def test_an_order_that_adds_up_stays_as_it_is() -> None:
    assert rounded(samples.order(), 5) == Rounded(samples.order(), "")


def test_discounts_are_taken_off_lines_and_shipping() -> None:
    line = samples.line(discount=euros("5.00"), taxes=())
    shipping = samples.shipping().model_copy(update={"discount": euros("4.90")})
    sums = balance(samples.order(lines=(line,), shipping_lines=(shipping,)))
    assert (sums.lines, sums.shipping, sums.computed) == (euros("15.00"), euros("0.00"), euros("15.00"))


def test_an_order_that_does_not_add_up_shows_every_part_and_what_is_missing() -> None:
    sums = balance(samples.order(off_by="0.02"))
    assert sums.residual == euros("0.02")
    for part in ("20.00 EUR", "4.90 EUR", "3.80 EUR", "0.00 EUR", "28.70 EUR", "28.72 EUR"):
        assert part in str(sums)


def test_yen_are_compared_in_whole_yen() -> None:
    order = samples.order(
        currency="JPY", lines=(samples.line(price="1050", currency="JPY", taxes=()),), shipping_lines=()
    )
    assert balance(order).computed.amount == 2100
    nearly = order.model_copy(update={"total": Money(amount=Decimal("2100.4"), currency="JPY")})
    assert balance(nearly).residual == zero("JPY")


@given(st.lists(st.tuples(QUANTITIES, PRICES), max_size=8), PRICES, CENTS, st.booleans())
def test_an_order_whose_total_is_the_sum_of_its_parts_always_adds_up(
    items: list[tuple[str, str]], shipping: str, rounding: Decimal, inside: bool
) -> None:
    lines = tuple(samples.line(f"S{n}", quantity, price) for n, (quantity, price) in enumerate(items))
    more = {"lines": lines, "shipping_lines": (samples.shipping(shipping),), "taxes_included": inside}
    order = samples.order(rounding=euros(rounding), **more)
    assert balance(order).residual == zero("EUR")


@given(CENTS)
def test_whatever_the_total_is_off_by_is_the_residual(cents: Decimal) -> None:
    assert balance(samples.order(off_by=str(cents))).residual.amount == cents


def test_a_later_version_with_the_same_content_is_an_echo() -> None:
    assert samples.order(version=0).content_hash() == samples.order(version=60).content_hash()


@pytest.mark.parametrize("change", [{"status": OrderStatus.CLOSED}, {"paid": True}], ids=["closed", "paid"])
def test_what_no_erp_is_told_makes_no_other_content(change: dict[str, object]) -> None:
    assert samples.order(**change).content_hash() == samples.order().content_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"status": OrderStatus.CANCELLED},
        {"note": "ring twice"},
        {"lines": (samples.line(quantity="3"),)},
        {"customer": samples.guest("grace@example.com")},
        {"tip": euros("1")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_would_be_written_to_the_erp_makes_another_content(change: dict[str, object]) -> None:
    assert samples.order(**change).content_hash() != samples.order().content_hash()


def test_an_amount_written_with_other_zeros_is_the_same_content() -> None:
    """A webhook says 10.0 where the same store's API says 10.00: that is an echo, not an edit."""
    short = samples.order(lines=(samples.line(price="10.0", quantity="2"),))
    long = samples.order(lines=(samples.line(price="10.00", quantity="2.000"),))
    assert short.lines[0].net == long.lines[0].net
    assert short.content_hash() == long.content_hash()


def test_a_time_written_in_another_zone_is_the_same_content() -> None:
    order = samples.order()
    elsewhere = order.created_at.astimezone(timezone(timedelta(hours=2)))
    assert Order.model_validate(order.model_dump() | {"created_at": elsewhere}).content_hash() == order.content_hash()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        samples.order(created_at=datetime(2026, 1, 1, 12))  # noqa: DTZ001 - the mistake that is refused


@pytest.mark.parametrize(
    ("taxes", "percent"),
    [
        ((), "0"),
        ((("3.80", "0.19"),), "19"),
        ((("3.80", "0.190"),), "19"),
        ((("1.25", "0.0625"), ("0.30", "0.015")), "7.75"),
        ((("0.00", "0.19"),), "19"),
        ((("0.00", None),), "0"),
        ((("3.80", "0.19"), ("0.00", None)), "19"),
        ((("3.80", None),), None),
        ((("3.80", "0.19"), ("0.30", None)), None),
    ],
)
def test_the_taxes_of_a_line_come_to_a_percentage_unless_a_charged_ones_rate_is_not_told(
    taxes: tuple[tuple[str, str | None], ...], percent: str | None
) -> None:
    lines = [
        TaxLine(title="VAT", amount=euros(amount), rate=None if rate is None else Decimal(rate))
        for amount, rate in taxes
    ]
    assert tax_percent(lines) == (None if percent is None else Decimal(percent))
