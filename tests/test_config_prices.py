"""`[routes.prices]`: exact numbers, and whatever is wrong said in the file's own words."""

from decimal import Decimal
from pathlib import Path

import pytest

from erpsync import config
from erpsync.domain.errors import ConfigurationError
from erpsync.flows.price_rules import PriceRules, Tax
from erpsync.route_rules import price_rules_of

ROUTE = """
[connections.shop]
system = "shopify"
[connections.erp]
system = "odoo"
[[routes]]
source = "shop"
target = "erp"
flows = ["prices"]
"""


def read(text: str) -> PriceRules:
    Path("erpsync.toml").write_text(ROUTE + text, encoding="utf-8")
    [route] = config.load().routes
    return price_rules_of(route.prices)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ERPSYNC_CONFIG", raising=False)
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:1/0")


def test_a_route_that_says_nothing_takes_base_prices_as_they_are() -> None:
    assert read("") == PriceRules()


def test_what_it_says_is_taken_exactly() -> None:
    text = '[routes.prices]\nprice_lists = { RETAIL = "", TRADE = "Trade" }\ncurrency = "CHF"\ntax = "add"\n'
    rules = read(text + "tax_percent = 8.1\nrounding = 0.05\nending = 0.95\nlargest_fall_percent = 20\n")
    assert rules == PriceRules(
        lists={"RETAIL": "", "TRADE": "Trade"},
        currency="CHF",
        tax=Tax.ADD,
        tax_percent=Decimal("8.1"),
        rounding=Decimal("0.05"),
        ending=Decimal("0.95"),
        largest_fall_percent=Decimal(20),
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('price_lists = { A = "X", B = "X" }', "price_lists: several of the ERP's lists feed the store's list 'X'"),
        ('tax = "add"', "tax: tax_percent must say how much, as in tax_percent = 19."),
        ('tax = "plus"', "tax is one of as-is, add, remove."),
        ("rounding = 0", "rounding should be greater than 0."),
        ("ending = -0.01", "ending should be greater than or equal to 0."),
        ("largest_fall_percent = 101", "largest_fall_percent should be less than or equal to 100."),
        ('currency = "euro"', 'currency: a currency is three capital letters, as in currency = "EUR".'),
        ("endings = 0.99", "endings is not a setting; did you mean ending?"),
    ],
)
def test_each_wrong_value_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(f"[routes.prices]\n{line}\n")
    [problem] = refused.value.problems
    assert sentence in problem
