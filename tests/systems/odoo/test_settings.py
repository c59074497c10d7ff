"""What may stand in a connection's table, and what a wrong value is told."""

from decimal import Decimal

import pytest
from pydantic import SecretStr, ValidationError

from erpsync.systems.odoo import SPEC
from erpsync.systems.odoo.settings import OdooSettings

LEAST = {"url": "https://mycompany.odoo.com", "database": "mycompany", "api_key": SecretStr("k" * 40)}


def settings(**values: object) -> OdooSettings:
    return OdooSettings.model_validate({**LEAST, **values})


def test_the_least_is_enough() -> None:
    made = settings()
    assert (made.confirm, made.tax_handling, made.rounding_limit) == (True, "mapped", Decimal("0.05"))
    assert "k" * 40 not in repr(made)


def test_tables_come_from_toml_or_from_one_line_of_text() -> None:
    expected = {Decimal("0.19"): 5, Decimal("0.07"): 6}
    assert settings(taxes={"0.19": 5, "0.070": 6}).taxes == expected
    assert settings(taxes="0.19=5, 0.07=6").taxes == expected
    assert settings(pricelists={"USD": 3}).pricelists == settings(pricelists="USD=3").pricelists == {"USD": 3}


def test_lists_and_fields_come_as_text_too() -> None:
    assert settings(stock_locations="WH/Stock, Shop 2/Stock").stock_locations == ("WH/Stock", "Shop 2/Stock")
    assert settings(payment_methods="Shopify Payments=8, cash=9").payment_methods == {"Shopify Payments": 8, "cash": 9}
    text = "x_gift = contains(note, 'a, b')\nx_vip = reference"
    assert settings(order_fields=text).order_fields == {"x_gift": "contains(note, 'a, b')", "x_vip": "reference"}


def test_an_address_loses_its_last_slash() -> None:
    assert settings(url="https://mycompany.odoo.com/").url == "https://mycompany.odoo.com"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8069", "http://localhost:8069", "http://odoo:8069"])
def test_plain_http_is_for_this_machine_and_its_neighbours(url: str) -> None:
    assert settings(url=url).url == url


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "http://odoo.example.com"}, "unencrypted"),
        ({"url": "http://10.0.0.5:8069"}, "unencrypted"),
        ({"url": "mycompany.odoo.com"}, 'it looks like "https://mycompany.odoo.com"'),
        ({"url": "https://mycompany.odoo.com/odoo"}, "leave out"),
        ({"url": "https://user:secret@mycompany.odoo.com"}, "leave out"),
        ({"api_key": SecretStr(" ")}, "is empty"),
        ({"taxes": {"19": 5}}, 'as in "0.19"'),
        ({"taxes": {"x": 5}}, 'as in "0.19"'),
        ({"taxes": "0.19"}, "write pairs"),
        ({"taxes": {"0.19": 0}}, "greater than 0"),
        ({"pricelists": {"usd": 3}}, "as in USD"),
        ({"tax_handling": "line"}, "tax_product is missing"),
        ({"protocol": "xmlrpc"}, "user is missing"),
        ({"protocol": "soap"}, "json2"),
        ({"payment_methods": "card"}, "write pairs"),
        ({"order_fields": {"x_gift": "note ||"}}, "is not a JMESPath expression"),
        ({"page_size": 501}, "less than or equal to 500"),
        ({"overlap_seconds": 1}, "greater than or equal to 60"),
        ({"timeout_seconds": 30}, "greater than or equal to 40"),
        ({"rounding_limit": "5"}, "less than or equal to 1"),
        ({"nonsense": 1}, "Extra inputs"),
    ],
)
def test_a_wrong_value_is_told_what_a_right_one_looks_like(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**values)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_every_setting_is_described() -> None:
    assert [name for name, field in OdooSettings.model_fields.items() if not field.description] == []


def test_what_it_tells_the_registry() -> None:
    assert (SPEC.capabilities.order_batch, SPEC.capabilities.unique_references) == (50, True)
