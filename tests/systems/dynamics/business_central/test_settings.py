"""Settings: what is understood, as a table and as text, and what is refused with a reason."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from erpsync.systems import registry
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings

GIVEN = {"tenant": "contoso.com", "company": "CRONUS", "client_id": "app", "client_secret": "hush-hush"}


def settings(**changes: Any) -> BusinessCentralSettings:
    return BusinessCentralSettings(**{**GIVEN, **changes})


def test_addresses_are_microsofts_own_unless_told_otherwise() -> None:
    plain = settings(environment="Sandbox 2")
    assert plain.service == "https://api.businesscentral.dynamics.com/v2.0/contoso.com/Sandbox%202"
    assert plain.token_endpoint == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
    assert plain.scope == "https://api.businesscentral.dynamics.com/.default"
    assert "hush" not in repr(plain)


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        ("6110", ("Account", "6110")),
        ("item:FREIGHT", ("Item", "FREIGHT")),
        ("Charge: S-FREIGHT", ("Charge", "S-FREIGHT")),
        ("resource:LINA", ("Resource", "LINA")),
        ("", None),
    ],
)
def test_charges_name_a_kind_and_a_number(value: str, understood: tuple[str, str] | None) -> None:
    assert settings(shipping_account=value).charge("shipping_account") == understood


def test_everything_may_be_written_as_text() -> None:
    text = settings(
        stock_locations="EAST, WEST",
        tax_codes="19=VAT19, 7.0=VAT7",
        order_fields="salesperson = join(',', payment_methods)\nshipToContact = note",
        rounding_limit="0.10",
        page_size="10",
        post_credit_memos="false",
    )
    assert text.stock_locations == ("EAST", "WEST")
    assert text.tax_codes == {"19": "VAT19", "7.0": "VAT7"}
    assert set(text.order_fields) == {"salesperson", "shipToContact"}
    assert (str(text.rounding_limit), text.page_size, text.post_credit_memos) == ("0.10", 10, False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shipping_account": "gold:1"}, "is no account"),
        ({"shipping_account": "item:"}, "is no account"),
        ({"tax_codes": {"19 %": "VAT19"}}, "is not a percentage"),
        ({"order_fields": {"number": "number"}}, "lets nobody write number"),
        ({"order_fields": {"externalDocumentNumber": "number"}}, "lets nobody write externalDocumentNumber"),
        ({"customer_fields": {"vip": "`true`"}}, "fields of extensions are not in it"),
        ({"order_fields": {"salesperson": "((("}}, "is not a JMESPath expression"),
        ({"base_url": "http://erp.example.com"}, "unencrypted"),
        ({"client_secret": " "}, "is empty"),
        ({"time_zone": "Europe/Atlantis"}, "is not a time zone"),
        ({"page_size": 501}, "less than or equal to 500"),
        ({"warehouse": "EAST"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        settings(**changes)


def test_the_registry_knows_it_and_the_readme_every_setting() -> None:
    spec = registry.spec("dynamics_bc")
    assert spec.settings is BusinessCentralSettings
    assert spec.settle_seconds(settings()) == 630
    readme = (Path(__file__).parents[4] / "erpsync/systems/dynamics/business_central/README.md").read_text("utf-8")
    assert [name for name in BusinessCentralSettings.model_fields if f"`{name}`" not in readme] == []
