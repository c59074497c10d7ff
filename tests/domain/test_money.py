"""Exact amounts, each with its currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from erpsync.domain.money import Money, minor_unit, total, zero

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "SEK"])
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=4, allow_nan=False, allow_infinity=False)
EUROS = st.builds(Money, amount=AMOUNTS, currency=st.just("EUR"))


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("10", "EUR", "10.00 EUR"),
        ("0.005", "EUR", "0.01 EUR"),
        ("-0.005", "EUR", "-0.01 EUR"),
        ("0.0049", "EUR", "0.00 EUR"),
        ("1234567.891", "USD", "1234567.89 USD"),
        ("1050.5", "JPY", "1051 JPY"),
        ("1.2345", "KWD", "1.235 KWD"),
        ("1.23456", "CLF", "1.2346 CLF"),
        ("1E+3", "EUR", "1000.00 EUR"),
    ],
)
def test_an_amount_is_shown_in_its_currencys_own_minor_unit(amount: str, currency: str, text: str) -> None:
    assert str(money(amount, currency)) == text


@pytest.mark.parametrize(
    "bad", [0.1, float("nan"), "NaN", "Infinity", Decimal("NaN"), Decimal("-Infinity"), "ten", None]
)
def test_what_is_no_exact_amount_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": bad, "currency": "EUR"})


@pytest.mark.parametrize("bad", ["", "eur", "EU", "EURO", "E1R", "ÉUR", "€€€", None])
def test_what_is_no_currency_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": "1", "currency": bad})


def test_money_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        money("1").amount = Decimal(2)


@given(AMOUNTS, AMOUNTS, CURRENCIES, CURRENCIES)
def test_two_currencies_are_never_combined(one: Decimal, other: Decimal, first: str, second: str) -> None:
    left, right = Money(amount=one, currency=first), Money(amount=other, currency=second)
    if first == second:
        assert (left + right).amount == one + other
        return
    with pytest.raises(ValueError, match=f"{first} with {second}"):
        left + right
    with pytest.raises(ValueError, match=f"{first} with {second}"):
        left - right


@given(EUROS, EUROS)
def test_what_is_added_and_taken_away_again_leaves_the_same(left: Money, right: Money) -> None:
    assert left + right - right == left
    assert left + (-left) == zero("EUR")


@given(st.builds(Money, amount=AMOUNTS, currency=CURRENCIES))
def test_rounding_moves_by_half_a_minor_unit_at_most_and_once(amount: Money) -> None:
    rounded = amount.rounded()
    assert abs(rounded.amount - amount.amount) <= minor_unit(amount.currency) / 2
    assert rounded.rounded() == rounded
    assert rounded.amount % minor_unit(amount.currency) == 0


@given(st.lists(EUROS, max_size=20))
def test_a_total_is_exact_whatever_the_order_of_its_parts(amounts: list[Money]) -> None:
    assert total(amounts, "EUR") == total(amounts[::-1], "EUR")
    assert total(amounts, "EUR").amount == sum((one.amount for one in amounts), Decimal(0))


def test_the_total_of_nothing_is_zero_of_the_currency_asked_for() -> None:
    assert total([], "JPY") == zero("JPY")


def test_money_survives_json_exactly() -> None:
    amount = money("12345678901234567.8900")
    assert Money.model_validate_json(amount.model_dump_json()) == amount
