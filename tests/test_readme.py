"""What the README says of the systems is what they say of themselves."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from erpsync.cli.systems import abilities_in_markdown
from erpsync.config_prices import PriceTable
from erpsync.config_stock import StockTable
from erpsync.systems import registry

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- erpsync systems --markdown -->", "<!-- end -->"


def test_the_table_of_abilities_is_what_the_command_prints() -> None:
    told = README.read_text("utf-8").split(BEGIN, 1)[1].split(END, 1)[0].strip()
    specs = [registry.spec(name) for name in registry.names()]
    assert told == "\n".join(abilities_in_markdown(specs)).strip()


def test_every_system_is_named_with_its_readme() -> None:
    readme = README.read_text("utf-8")
    for name in registry.names():
        assert f"`{name}`" in readme
        assert f"({registry.BUILTIN[name].replace('.', '/')}/README.md)" in readme


@pytest.mark.parametrize(("heading", "table"), [("### Stock", StockTable), ("### Prices", PriceTable)])
def test_the_tables_of_settings_have_every_setting_once(heading: str, table: type[BaseModel]) -> None:
    section = README.read_text("utf-8").split(heading, 1)[1].split("\n### ", 1)[0]
    rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(table.model_fields)
