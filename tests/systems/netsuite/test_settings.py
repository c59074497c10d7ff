"""Settings: what is accepted, and what a person reads who got one wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import erpsync.systems.netsuite as systems
from erpsync.systems.netsuite.settings import NetSuiteSettings

RIGHT: dict[str, Any] = {
    "account": "1234567_SB1",
    "consumer_key": "k",
    "consumer_secret": "s",
    "token_id": "t",
    "token_secret": "u",
    "currencies": {"EUR": "4"},
}


def test_the_account_decides_the_address() -> None:
    sandbox = NetSuiteSettings(**RIGHT)

    assert sandbox.address == "https://1234567-sb1.suitetalk.api.netsuite.com"
    assert sandbox.endpoint == f"{sandbox.address}/services/NetSuitePort_2025_2"
    assert sandbox.wsdl == f"{sandbox.address}/wsdl/v2025_2_0/netsuite.wsdl"


@pytest.mark.parametrize("spelling", ["1234567_SB1", "1234567-sb1", " 1234567_sb1 "])
def test_an_account_is_signed_as_netsuite_wants_it(spelling: str) -> None:
    assert NetSuiteSettings(**{**RIGHT, "account": spelling}).account == "1234567_SB1"


def test_a_simulator_and_a_wsdl_may_be_elsewhere() -> None:
    settings = NetSuiteSettings(
        **{**RIGHT, "base_url": "http://127.0.0.1:8080/", "wsdl_url": "/etc/n.wsdl", "endpoint_version": "2023_2"}
    )

    assert settings.endpoint == "http://127.0.0.1:8080/services/NetSuitePort_2023_2"
    assert settings.wsdl == "/etc/n.wsdl"


def test_tables_may_be_text() -> None:
    settings = NetSuiteSettings(**{**RIGHT, "currencies": "EUR=4, USD=1", "shipping_methods": ""})

    assert settings.currencies == {"EUR": "4", "USD": "1"}
    assert settings.shipping_methods == {}


def test_rest_needs_no_token() -> None:
    given = {"account": "1234567", "currencies": {"EUR": "4"}, "transport": "rest"}
    secrets = {"client_id": "c", "certificate_id": "d", "private_key": "e"}

    assert NetSuiteSettings(**given, **secrets).consumer_key.get_secret_value() == ""


def test_lists_may_be_text() -> None:
    settings = NetSuiteSettings(**{**RIGHT, "stock_locations": "1, 2", "price_lists": "Wholesale,5"})

    assert settings.stock_locations == ("1", "2")
    assert settings.price_lists == ("Wholesale", "5")


def test_secrets_are_not_shown() -> None:
    secrets = {
        "consumer_key": "kkkk",
        "consumer_secret": "ssss",
        "token_id": "tttt",
        "token_secret": "uuuu",
        "client_id": "cccc",
        "private_key": "pppp",
    }
    shown = repr(NetSuiteSettings(**{**RIGHT, **secrets}))

    assert not [secret for secret in secrets.values() if secret in shown]


def test_every_field_is_in_the_readme() -> None:
    readme = (Path(systems.__file__).parent / "README.md").read_text(encoding="utf-8")

    assert [name for name in NetSuiteSettings.model_fields if f"| `{name}` |" not in readme] == []


def test_every_field_is_described() -> None:
    assert [name for name, field in NetSuiteSettings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"account": "https://1234567.app.netsuite.com"}, "1234567_SB1"),
        ({"account": ""}, "1234567_SB1"),
        ({"consumer_secret": " "}, "transport = soap needs consumer_secret"),
        ({"token_id": ""}, "transport = soap needs token_id"),
        ({"transport": "rest"}, "transport = rest needs client_id, certificate_id, private_key"),
        ({"transport": "fax"}, "'soap' or 'rest'"),
        ({"stock_locations": "Main"}, '"Main" is not an internal id'),
        ({"customer_groups": {"wholesale": "B2B"}}, '"B2B" is not an internal id'),
        ({"payment_methods": "card"}, "not a table"),
        ({"payment_field": "Paid with"}, "begins with custbody"),
        ({"page_size": 4}, "5"),
        ({"page_size": 1001}, "1000"),
        ({"order_fields": {"total": "total.amount"}}, '"total" cannot be set'),
        ({"order_fields": {"custentity_x": "note"}}, "begins with custbody or custcol"),
        ({"order_fields": {"custbody_x:colour": "note"}}, "there are text, number"),
        ({"order_fields": {"custbody_x": "note["}}, "not a JMESPath expression"),
        ({"customer_fields": {"custbody_x": "note"}}, "begins with custentity"),
        ({"endpoint_version": "2025.2"}, '"2025_2"'),
        ({"base_url": "netsuite.example"}, "https://erp.example.com"),
        ({"base_url": "http://netsuite.example"}, "unencrypted"),
        ({"currencies": {}}, "at least 1"),
        ({"currencies": {"Euro": "4"}}, "three capital letters"),
        ({"currencies": {"EUR": "four"}}, '"four" is not an internal id'),
        ({"currencies": {"EUR": "", "USD": "1"}}, "only an account with one currency"),
        ({"currencies": "EUR"}, "not a table"),
        ({"subsidiary": "Parent Company"}, "not an internal id"),
        ({"tip_item": "Tip"}, "not an internal id"),
        ({"shipping_methods": {"express": "UPS"}}, "not an internal id"),
        ({"tax_codes": {"19 %": "6"}}, "percent without a sign"),
        ({"tax_handling": "lines"}, "tax_codes"),
        ({"tax_handling": "suite"}, "item"),
        ({"timeout_seconds": 5}, "10"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_setting_is_named_with_a_right_one(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NetSuiteSettings(**{**RIGHT, **changes})

    assert told in str(refused.value)
