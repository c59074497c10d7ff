"""`[routes.stock]`: exact numbers, files beside the configuration, and whatever is wrong said in the file's own words."""

from decimal import Decimal
from pathlib import Path

import pytest

from erpsync import config
from erpsync.domain.errors import ConfigurationError
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger.stock import Feed
from erpsync.route_rules import contradictions, stock_rules_of

ROUTE = """
[connections.shop]
system = "shopify"
[connections.erp]
system = "odoo"
[connections.other]
system = "netsuite"
[[routes]]
source = "shop"
target = "erp"
flows = ["stock"]
"""


def read(text: str) -> StockRules:
    Path("erpsync.toml").write_text(ROUTE + text, encoding="utf-8")
    [route] = config.load().routes
    return stock_rules_of(route.stock)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERPSYNC_CONFIG", str(tmp_path / "erpsync.toml"))
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:1/0")


def test_a_route_that_says_nothing_counts_plainly() -> None:
    assert read("") == StockRules()


def test_what_it_says_is_taken_exactly(tmp_path: Path) -> None:
    text = "[routes.stock]\nlocations = { WH1 = { main = 1 }, WH2 = { main = 0.3, outlet = 0.7 } }\nsafety = 2\n"
    rules = read(
        text + 'safety_at = { outlet = 0.5 }\nunits = { BOX = 12 }\nkits_file = "kits.csv"\nzero_share = 0.1\n'
    )
    assert rules == StockRules(
        feeds=(Feed("WH1", "main"), Feed("WH2", "main", Decimal("0.3")), Feed("WH2", "outlet", Decimal("0.7"))),
        safety=Decimal(2),
        safety_at={"outlet": Decimal("0.5")},
        units={"BOX": Decimal(12)},
        kits_file=tmp_path / "kits.csv",
        zero_share=Decimal("0.1"),
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("locations = { WH = { a = 0.6, b = 0.6 } }", "the shares of WH are more than 1 together"),
        ("safety = -1", "safety should be greater than or equal to 0."),
        ("moved_share = 30", "moved_share should be less than or equal to 1."),
        ("safty = 1", "safty is not a setting; did you mean safety?"),
    ],
)
def test_each_wrong_value_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(f"[routes.stock]\n{line}\n")
    [problem] = refused.value.problems
    assert sentence in problem


def test_a_store_gets_its_stock_from_one_erp() -> None:
    Path("erpsync.toml").write_text(
        ROUTE + '[[routes]]\nsource = "shop"\ntarget = "other"\nflows = ["orders", "stock"]\n', encoding="utf-8"
    )
    [problem] = contradictions(config.load().routes)
    assert problem == (
        "[[routes]] number 2: shop gets its stock from erp already, and what other says would undo that."
    )
