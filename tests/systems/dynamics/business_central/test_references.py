"""Our references as codes: in capitals, with little room, and none like another."""

import pytest

from erpsync.systems.dynamics.business_central.references import DOCUMENT_LENGTH, NUMBER_LENGTH, code_of, reference_of


@pytest.mark.parametrize("length", [DOCUMENT_LENGTH, NUMBER_LENGTH])
def test_references_stay_apart_though_codes_have_no_lower_case_and_little_room(length: int) -> None:
    references = [
        "shop-1",
        "Shop-1",
        "shop-A1b",
        "shop-a1B",
        "x" * 60 + "1",
        "x" * 60 + "2",
        "shop 1",
        "shop|1",
        "shop*",
    ]
    codes = [code_of(reference, length) for reference in references]
    assert len(set(codes)) == len(references)
    assert all(len(code) <= length and code == code.upper() == code.strip() for code in codes)
    assert codes == [code_of(reference, length) for reference in references]


def test_a_short_reference_is_told_back() -> None:
    assert reference_of(code_of("shop-5551234567")) == "shop-5551234567"
