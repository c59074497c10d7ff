"""Settings: what is accepted, and what a wrong one is told."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from erpsync.systems.sap.soap import settings
from erpsync.systems.sap.soap.settings import SapSoapSettings
from erpsync.systems.sap.soap.simulator import SapSoapSimulator

RIGHT: dict[str, Any] = dict(SapSoapSimulator().settings("https://sap.example.com:44300"))


def test_the_service_and_its_wsdl_are_where_sap_puts_them() -> None:
    made = SapSoapSettings(**RIGHT)

    path = "/sap/bc/srt/rfc/sap/zerpsync/100/zerpsync/zerpsync"
    assert made.endpoint == f"https://sap.example.com:44300{path}?sap-client=100&sap-language=EN"
    assert made.wsdl == (
        f"https://sap.example.com:44300/sap/bc/srt/wsdl/flv_10002A111AD1/bndg_url{path}?sap-client=100"
    )


def test_a_service_may_be_elsewhere_and_its_wsdl_a_file() -> None:
    made = SapSoapSettings(**{**RIGHT, "path": "/sap/bc/srt/rfc/sap/zshop/100/s/b", "wsdl_url": "/etc/zshop.wsdl"})

    assert "/zshop/100/s/b?" in made.endpoint
    assert made.wsdl == "/etc/zshop.wsdl"


def test_a_client_certificate_stands_for_user_and_password(tmp_path: Path) -> None:
    certificate = tmp_path / "client.pem"
    certificate.write_text("")

    made = SapSoapSettings(**{**RIGHT, "user": "", "password": "", "client_certificate": str(certificate)})

    assert made.client_certificate == str(certificate)


def test_secrets_are_not_shown() -> None:
    assert "init" not in repr(SapSoapSettings(**RIGHT))


def test_every_field_is_described_and_in_the_readme() -> None:
    readme = (Path(settings.__file__).parent / "README.md").read_text()
    assert [name for name in SapSoapSettings.model_fields if f"| `{name}` |" not in readme] == []
    assert [name for name, field in SapSoapSettings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base_url": "http://sap.example.com"}, "unencrypted"),
        ({"base_url": ""}, "at least 1"),
        ({"client": "1"}, "client"),
        ({"path": "sap/bc"}, "starts with"),
        ({"wsdl_url": "ftp://x/y"}, "neither"),
        ({"user": ""}, "either user and password, or client_certificate"),
        ({"password": ""}, "password is empty"),
        ({"client_certificate": "/nowhere.pem"}, "no file"),
        ({"currencies": ""}, "at least 1"),
        ({"currencies": "EUR"}, "not a table"),
        ({"tax_codes": "19 %=A1"}, "percent without a sign"),
        ({"tax_codes": ""}, "go together"),
        ({"tax_handling": "mine"}, "store"),
        ({"time_zone": "Berlin"}, "Europe/Berlin"),
        ({"stock_locations": "1000"}, "1000/0001"),
        ({"price_condition": ""}, "at least 1"),
        ({"delivery_block": ""}, "at least 1"),
        ({"order_fields": {"zzgift": "note"}}, "capitals"),
        ({"order_fields": {"PURCH_NO_C": "note"}}, "erpsync itself"),
        ({"order_fields": {"ZZGIFT": "note["}}, "JMESPath"),
        ({"sales_organization": "10000"}, "at most 4"),
        ({"settle_seconds": 0}, "greater"),
        ({"overlap_seconds": 5}, "greater"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_setting_is_named_with_a_right_one(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SapSoapSettings(**{**RIGHT, **changes})

    assert told in str(refused.value)
