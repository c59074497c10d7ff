"""How an address gets into an ERP's fields: whole, or not at all."""

import pytest

from erpsync.domain import address_fields
from erpsync.domain.errors import Rejected

TWO = {"Street": 20, "Street2": 10}
THREE = {"Street": 20, "Street2": 10, "Street3": 10}


def laid_out(lengths: dict[str, int], *lines: str) -> tuple[str, ...]:
    found = address_fields.street(lines, lengths, system="erp", record="order #1")
    assert list(found) == list(lengths)
    assert all(len(found[name]) <= length for name, length in lengths.items())
    return tuple(found.values())


@pytest.mark.parametrize(
    ("lengths", "lines", "expected"),
    [
        (THREE, ("Main Street 5", "Floor 2"), ("Main Street 5", "Floor 2", "")),
        (THREE, ("", "Floor 2"), ("", "Floor 2", "")),
        (THREE, ("", ""), ("", "", "")),
        (THREE, ("a" * 20, "b" * 10), ("a" * 20, "b" * 10, "")),
        (THREE, (" Main \t Street 5\n", "Floor  2 "), ("Main Street 5", "Floor 2", "")),
        (TWO, ("Old Harbour Street 125", ""), ("Old Harbour Street", "125")),
        (TWO, ("Old Harbour Street12 5", ""), ("Old Harbour Street12", "5")),
        (THREE, ("Old Harbour Street 125", "Floor 2"), ("Old Harbour Street", "125", "Floor 2")),
        (THREE, ("Old Harbour Street 125, Building C", ""), ("Old Harbour Street", "125,", "Building C")),
        (THREE, ("Main Street 5", "Building C, Floor 2"), ("Main Street 5", "Building", "C, Floor 2")),
        # No field is left: the lines follow each other.
        (TWO, ("Old Harbour Street 1", "Building C"), ("Old Harbour Street 1", "Building C")),
        (TWO, ("Old Harbour Street 12", "Fl. 2"), ("Old Harbour Street", "12, Fl. 2")),
        (TWO, ("Kai 5", "Building C, Floor 2"), ("Kai 5, Building C,", "Floor 2")),
    ],
)
def test_a_line_that_is_too_long_goes_on_in_the_next_free_field_between_two_words(
    lengths: dict[str, int], lines: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert laid_out(lengths, *lines) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ("Secret Street 5 in the old harbour behind the mill", ""),
        ("Secret Street 5", "Secret yard, second staircase, left"),
        ("Secretstreetwithoutanybreak5", ""),
    ],
)
def test_a_street_that_fits_nowhere_is_refused_by_its_fields_without_its_words(lines: tuple[str, ...]) -> None:
    with pytest.raises(Rejected) as refusal:
        laid_out(TWO, *lines)
    problem = refusal.value.problem
    assert (problem.code, problem.system, problem.record) == ("too-long", "erp", "order #1")
    assert "Street (20), Street2 (10)" in problem.what
    assert "store" in problem.next_step
    assert "replay" in problem.next_step
    assert "Secret" not in str(refusal.value)


def test_what_is_no_street_is_taken_whole_or_refused_by_its_field() -> None:
    def whole(city: str) -> dict[str, str]:
        values = {"City": city, "PostalCode": "10115"}
        return address_fields.whole(values, {"City": 6, "PostalCode": 5}, system="erp", record="order #1")

    assert whole(" Berlin ") == {"City": "Berlin", "PostalCode": "10115"}
    with pytest.raises(Rejected, match="order #1: City would be 7 characters, and the field has 6") as refusal:
        whole("Secrets")
    assert "Secrets" not in str(refusal.value)
