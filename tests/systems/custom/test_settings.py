"""Which settings of a custom shop will do, and what is said of the others."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from erpsync.bound import bind
from erpsync.config import ConnectionConfig
from erpsync.domain.ids import ConnectionName
from erpsync.systems.custom import SPEC
from erpsync.systems.custom.settings import CustomSettings
from tests.systems.custom.database_shop import SETTINGS
from tests.systems.custom.events import SECRET

DATABASE = {**SETTINGS, "database": "postgresql://shop@localhost/shop"}
HTTP = {"url": "https://shop.example.com/erpsync", "secret": SECRET}


@pytest.mark.parametrize(("values", "way"), [({"secret": SECRET}, "push"), (HTTP, "http"), (DATABASE, "database")])
def test_how_a_shop_is_reached_follows_from_its_settings(values: dict[str, Any], way: str) -> None:
    settings = CustomSettings.model_validate(values)
    assert settings.way == way
    assert "localhost/shop" not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs secret"),
        ({"secret": "short"}, "fewer than 32"),
        ({**HTTP, **DATABASE}, "both url and database"),
        ({**HTTP, "url": "http://shop.example.com"}, "unencrypted"),
        ({**HTTP, "abilities": ["stocks"]}, "there is no stocks"),
        ({"secret": SECRET, "abilities": "stock"}, "no url"),
        ({**DATABASE, "database": "oracle://shop"}, "not an address"),
        ({**DATABASE, "database": "no address at all"}, "not an address"),
        ({**DATABASE, "currency": ""}, "orders, order_lines and currency"),
        ({**DATABASE, "order_lines": None}, "orders, order_lines and currency"),
        ({**DATABASE, "fulfilment_lines": None}, "shipments need both"),
        ({**DATABASE, "statuses": ""}, "statuses, which translates"),
        ({**DATABASE, "statuses": "new=fresh"}, "new must be one of"),
        ({**DATABASE, "time_zone": "Middle/Earth"}, "not a time zone"),
        ({**DATABASE, "stock": "table=stock, sku=sku"}, "quantity"),
        ({**DATABASE, "stock": "table=stock, sku=sku, quantity="}, "quantity must name a column"),
        ({**DATABASE, "stock": "table=stock, sku=sku, quantity=q, colour=c"}, "colour"),
    ],
)
def test_what_will_not_do_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        CustomSettings.model_validate(values)
    assert "shop@localhost" not in "".join(one["msg"] for one in refused.value.errors())


def test_text_and_lists_say_the_same() -> None:
    text = CustomSettings.model_validate({**HTTP, "abilities": "stock, prices"})
    assert text.abilities == CustomSettings.model_validate({**HTTP, "abilities": ["stock", "prices"]}).abilities


def test_the_readmes_configuration_is_one() -> None:
    """Each `toml` block of the two READMEs, with secrets in place of their references."""
    root = Path(__file__).resolve().parents[3]
    blocks = []
    for file in (root / "erpsync/systems/custom/README.md", root / "docs/custom-shop/README.md"):
        blocks += [part.split("```")[0] for part in file.read_text(encoding="utf-8").split("```toml")[1:]]
    assert len(blocks) >= 3
    for block in blocks:
        [(name, values)] = tomllib.loads(block)["connections"].items()
        assert values.pop("system") == "custom"
        for key, value in values.items():
            if isinstance(value, dict) and value.keys() == {"env"}:
                values[key] = SecretStr("postgresql://shop" if key == "database" else SECRET)
        problems: list[str] = []
        assert bind(ConnectionConfig(ConnectionName(name), "custom", values), problems) is not None, problems


def test_capabilities_are_told_for_each_way() -> None:
    ways = SPEC.ways()
    assert [len(one.missing) for one in ways.values()] == [1, 11, 4]
