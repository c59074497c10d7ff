"""Values, URLs and amounts as OData V2 and SAP spell them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from erpsync.domain.errors import Rejected
from erpsync.systems.sap.odata import edm
from erpsync.systems.sap.odata.amounts import Position, charged, computed_tax, price_per
from erpsync.systems.sap.odata.refusals import codes_of
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.simulator import create
from erpsync.testing.erp_contract import an_order, hard_order, line

SETTINGS = SapODataSettings.model_validate(create().settings("http://127.0.0.1:1"))
BERLIN = ZoneInfo("Europe/Berlin")


def test_dates_and_times_are_read_as_sap_writes_them() -> None:
    assert edm.instant("/Date(1492098664000+0000)/") == datetime(2017, 4, 13, 15, 51, 4, tzinfo=UTC)
    assert edm.instant("/Date(1492098664000)/") == edm.instant("/Date(1492098664000+0120)/")
    assert edm.day(edm.date_value(date(1969, 7, 20))) == date(1969, 7, 20)
    assert edm.clock_time("PT13H05M00S") == time(13, 5)
    assert edm.clock_time(None) == time(0)
    assert edm.local_instant("/Date(1492041600000)/", "PT02H00M00S", BERLIN) == datetime(2017, 4, 13, tzinfo=UTC)
    assert edm.instant(None) is edm.instant("") is edm.instant("tomorrow") is None


def test_literals_and_keys_are_quoted_and_encoded() -> None:
    assert edm.text_literal("O'Hara") == "'O''Hara'"
    assert edm.key(SalesOrder="1") == "('1')"
    assert edm.key(Product="A/B ü", Plant="10'") == "(Product='A%2FB%20%C3%BC',Plant='10''')"
    assert edm.instant_literal(datetime(2026, 1, 1, 12, tzinfo=BERLIN)) == "datetimeoffset'2026-01-01T11:00:00Z'"


def test_an_hour_that_comes_twice_loses_no_change() -> None:
    # Clocks go back at 01:00 UTC on 25 October 2026: 02:50 comes before 02:10.
    before, now = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    changed = now.astimezone(BERLIN).replace(tzinfo=None)
    assert edm.since_local(before, now, BERLIN) <= changed


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=60, unique=True))
def test_chains_cover_every_value_in_short_urls(values: list[str]) -> None:
    chains = list(edm.any_of("PurchaseOrderByCustomer", values))
    assert [value for _, covered in chains for value in covered] == values
    assert all(len(edm.query("A", {"filter": chain})) < 8000 for chain, _ in chains)


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80), st.sampled_from([20, 35]), st.booleans())
@example("a" * 17 + "ß", "a", 35, True)
def test_fitted_references_fit_stay_the_same_and_stay_apart(one: str, other: str, length: int, upper: bool) -> None:
    first, second = (edm.fitted(text, length, upper=upper) for text in (one, other))
    assert len(first) <= length
    assert first == edm.fitted(one, length, upper=upper)
    assert (first == second) == (one == other)
    if not upper and len(one) <= length and one == one.strip():
        assert first == one


def test_a_short_reference_stays_readable_and_a_long_one_keeps_its_beginning() -> None:
    assert edm.fitted("shop-1001", 35) == "shop-1001"
    assert edm.fitted("shop-" + "1" * 40, 35).startswith("shop-1111111111111-")
    assert edm.fitted("shop-customer-1", 20, upper=True).startswith("SHO-")


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        ("2", "20.00", ("10.00", "1")),
        ("3", "9.99", ("3.33", "1")),
        ("3", "10.00", ("10.00", "3")),
        ("2.5", "2.78", ("27.80", "25")),
    ],
)
def test_a_rate_per_quantity_comes_to_the_amount(quantity: str, price: str, expected: tuple[str, str]) -> None:
    zero = Decimal(0)
    position = Position("SKU", Decimal(quantity), "", Decimal(price), zero, zero, zero, "0", "line:1")
    rate, per = price_per(position, "EUR", record="order 1")
    assert (rate, per) == (Decimal(expected[0]), Decimal(expected[1]))
    assert rate * Decimal(quantity) / per == Decimal(price)


def test_a_price_that_no_rate_comes_to_is_refused() -> None:
    zero = Decimal(0)
    position = Position("SKU", Decimal(123457), "", Decimal("100.00"), zero, zero, zero, "0", "line:1")
    with pytest.raises(Rejected, match="no rate"):
        price_per(position, "EUR", record="order 1")


@pytest.mark.parametrize("name", ["discounts", "included", "thirds", "tip", "no-tax", "shipping-taxed", "two-rates"])
def test_the_parts_come_to_the_total(name: str) -> None:
    order = hard_order(name)
    parts = charged(order, SETTINGS)
    total = sum((one.net + computed_tax(one, SETTINGS, "EUR") for one in parts.positions), Decimal(0))
    assert total == order.total.amount
    assert len({one.reference for one in parts.positions}) == len(parts.positions)


def test_a_rate_that_the_store_does_not_tell_is_the_one_that_fits() -> None:
    taxes = tuple(tax.model_copy(update={"rate": None}) for tax in line("SKU-0001").taxes)
    [position, _] = charged(an_order("x", line("SKU-0001", taxes=taxes)), SETTINGS).positions
    assert (position.percent, position.tax_code) == (19, "1")
    odd = (taxes[0].model_copy(update={"amount": taxes[0].amount * 2}),)
    with pytest.raises(Rejected, match="does not tell the rate"):
        charged(an_order("x", line("SKU-0001", taxes=odd)), SETTINGS)


def test_codes_are_read_from_an_error_without_its_text() -> None:
    body = (
        b'{"error":{"code":"/IWBEP/CX_MGW_BUSI_EXCEPTION","message":{"lang":"en","value":"Ada"},"innererror":{'
        b'"errordetails":[{"code":"V1/382","message":"Ada"},{"code":"V1/382"},{"code":"bad code!"}]}}}'
    )
    assert codes_of(body) == ("V1/382",)
    assert codes_of(b"<html>") == codes_of(b'{"error":null}') == codes_of(b"[]") == ()
