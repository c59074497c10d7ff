"""What the settings refuse, and in which words."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from erpsync.ports.spec import Ability
from erpsync.systems.sap.odata import SPEC
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.simulator import create

VALUES = dict(create().settings("http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://sap.example.com"}, "unencrypted"),
        ({"url": ""}, "at least 1"),
        ({"password": ""}, "either user and password"),
        ({"client_id": "x", "client_secret": "y", "token_url": "https://sap.example.com/token"}, "either user"),
        ({"language": "english"}, "pattern"),
        ({"time_zone": "Berlin"}, "Europe/Berlin"),
        ({"tax_codes": "19%=1"}, "without a sign"),
        ({"customer_tax": "TTX1=1"}, "TTX1/DE"),
        ({"stock_locations": "main warehouse"}, "1010/101A"),
        ({"shipping_charge": "SHIPPING"}, "material SHIPPING"),
        ({"shipping_charge": "condition YBHD"}, "must be a material"),
        ({"reconciliation_account": ""}, "reconciliation_account is missing"),
        ({"order_batch": "101"}, "100"),
        ({"order_fields": {"X": "a ||"}}, "JMESPath"),
        ({"nonsense": "1"}, "not permitted"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_in_words(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SapODataSettings.model_validate({**VALUES, **changes})


def test_every_setting_is_described() -> None:
    assert [name for name, field in SapODataSettings.model_fields.items() if not field.description] == []


def test_secrets_stay_out_of_what_is_printed() -> None:
    settings = SapODataSettings.model_validate({**VALUES, "password": "hunter-two"})
    assert "hunter-two" not in repr(settings)


def test_the_system_says_what_it_cannot_do_and_how_long_it_takes_to_settle() -> None:
    settings = SapODataSettings.model_validate({**VALUES, "order_batch": "50"})
    assert SPEC.capabilities_of is not None
    assert SPEC.capabilities_of(settings).order_batch == 50
    assert set(SPEC.capabilities.missing) == {Ability.PAYMENTS}
    assert SPEC.settle_seconds(settings) == 660


def test_the_readme_has_every_setting_in_its_words() -> None:
    readme = Path(SPEC.settings.__module__.replace(".", "/")).with_name("README.md")
    text = (Path(__file__).parents[4] / readme).read_text()
    for name, field in SapODataSettings.model_fields.items():
        assert f"| `{name}` | " in text
        assert f" | {field.description} |" in text, name
