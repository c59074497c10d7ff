"""Kinds of settings that systems share."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from erpsync.ports.settings import PercentTable, TimeZone, entry_of

PERCENTS: TypeAdapter[dict[str, str]] = TypeAdapter(PercentTable)
ZONES: TypeAdapter[str] = TypeAdapter(TimeZone)


@pytest.mark.parametrize("written", ["19", "19.0", "19.00"])
def test_an_entry_is_found_however_its_number_is_written(written: str) -> None:
    assert entry_of({"7": "V2", written: "V1"}, Decimal("0.19") * 100, "") == "V1"


@pytest.mark.parametrize("number", [Decimal(16), None])
def test_what_a_table_does_not_have_is_the_default(number: Decimal | None) -> None:
    assert entry_of({"19": "V1"}, number, "V0") == "V0"
    assert entry_of({"19": "V1"}, number, None) is None


def test_a_table_by_percent_may_be_text() -> None:
    assert PERCENTS.validate_python("19=V1, 8.25 = V2") == {"19": "V1", "8.25": "V2"}


@pytest.mark.parametrize("name", ["UTC", "CET", "Europe/Berlin"])
def test_a_time_zone_is_known_by_its_name(name: str) -> None:
    assert ZONES.validate_python(name) == name


@pytest.mark.parametrize("name", ["Europe/Atlantis", "Europe", "", "../UTC", "/etc/localtime", "+02:00"])
def test_what_is_no_time_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValidationError, match='is not a time zone; it looks like "Europe/Berlin" or "UTC"'):
        ZONES.validate_python(name)


@pytest.mark.parametrize("key", ["19 %", "-1", "full", "1e1", "", "1000"])
def test_what_is_no_percentage_is_refused_by_its_name(key: str) -> None:
    with pytest.raises(ValidationError, match="is not a percentage: write percent without a sign"):
        PERCENTS.validate_python({key: "V1"})
