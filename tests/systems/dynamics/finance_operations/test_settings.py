"""The settings of a connection to F&O."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from erpsync.systems.dynamics.finance_operations import SPEC, capabilities_of
from erpsync.systems.dynamics.finance_operations import settings as settings_module
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.registry import spec

LEAST: dict[str, Any] = {
    "url": "https://contoso.operations.dynamics.com",
    "tenant": "contoso.onmicrosoft.com",
    "client_id": "an id",
    "client_secret": "a secret",
    "company": "USMF",
    "currencies": "EUR",
}


def settings(**changes: Any) -> FinanceOperationsSettings:
    return FinanceOperationsSettings.model_validate({**LEAST, **changes})


def test_the_least_that_is_needed() -> None:
    least = settings()
    assert least.company == "usmf"
    assert least.price_currency == "EUR"
    assert least.token_address == "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"


def test_tables_and_lists_are_taken_as_text_too() -> None:
    text = settings(tax_codes="19.0=FULL, 8.250=TX", price_lists="WEB, SHOP", currencies="EUR, USD")
    assert text.tax_codes == {"19": "FULL", "8.25": "TX"}
    assert (text.price_lists, text.currencies) == (("WEB", "SHOP"), ("EUR", "USD"))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "contoso.operations.dynamics.com"},
        {"url": "http://contoso.operations.dynamics.com"},
        {"url": "https://contoso.operations.dynamics.com/data"},
        {"client_secret": " "},
        {"company": "too long"},
        {"time_zone": "Europe/Atlantis"},
        {"currencies": ""},
        {"currencies": "eur"},
        {"tax_codes": "nineteen=FULL"},
        {"tax_codes": "19="},
        {"order_numbers": "random"},
        {"order_fields": {"CustomersOrderReference": "number"}},
        {"order_fields": {"no field": "number"}},
        {"order_fields": {"SalesOrderName": "number["}},
        {"customer_fields": {"CustomerAccount": "reference"}},
        {"customer_reference_field": "CustomerAccount"},
        {"page_size": 0},
        {"unknown": "x"},
    ],
)
def test_what_cannot_be_meant_is_refused_without_the_secret(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**changes)
    assert "a secret" not in str(refused.value)


def test_the_registry_knows_the_system_and_every_setting_is_described() -> None:
    assert spec("dynamics_fo") is SPEC
    assert all(field.description for field in FinanceOperationsSettings.model_fields.values())


def test_the_readme_lists_every_setting_as_it_is() -> None:
    readme = (Path(settings_module.__file__).parent / "README.md").read_text()
    for name, field in FinanceOperationsSettings.model_fields.items():
        [row] = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.endswith(f"| {field.description} |")


@pytest.mark.parametrize(
    ("changes", "unique", "settles"),
    [
        ({}, True, 0.0),
        ({"order_numbers": "sequence"}, False, 600.0),
        ({"customer_accounts": "sequence", "settle_seconds": 5}, False, 5.0),
    ],
)
def test_who_numbers_decides_what_a_lost_reply_means(changes: dict[str, Any], unique: bool, settles: float) -> None:
    chosen = settings(**changes)
    assert capabilities_of(chosen).unique_references is unique
    assert SPEC.settle_seconds(chosen) == settles
    assert SPEC.capabilities.missing == {}
