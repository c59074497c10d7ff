"""`erpsync stock explain`: why a store has what it has."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from erpsync.flows.stock_rules import StockRules
from erpsync.testing.clock import TestClock
from erpsync.testing.faults import FaultKind
from tests.cli.conftest import Run
from tests.flows.stock_world import StockWorld
from tests.quiet import silenced

CONFIGURATION = """
[connections.shop]
system = "woocommerce"
url = "http://127.0.0.1:9"
consumer_key = "ck_1"
consumer_secret = { env = "TEST_SECRET" }
webhook_secret = { env = "TEST_SECRET" }
[connections.erp]
system = "odoo"
url = "http://127.0.0.1:9"
database = "odoo"
api_key = { env = "TEST_SECRET" }
[[routes]]
source = "shop"
target = "erp"
flows = ["orders", "stock"]
[routes.stock]
"""

Make = Callable[..., StockWorld]


@pytest.fixture
def make_world(database: Engine, surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """A world at work by the rules that are given as TOML, too."""

    def made(toml: str = "", **rules: object) -> StockWorld:
        surroundings.setenv("TEST_SECRET", "0123456789abcdef")
        (tmp_path / "erpsync.toml").write_text(CONFIGURATION + toml)
        world = StockWorld(
            database,
            StockRules(**rules),
        )  # type: ignore[arg-type]
        return world

    return made


def test_show(run: Run, make_world: Make, tmp_path: Path) -> None:
    (tmp_path / "kits.csv").write_text("kit,component,quantity\nSET,MUG,2\nSET,CUP,1\n")
    world = make_world(
        f'safety = 1\nkits_file = "{tmp_path}/kits.csv"\n', safety=Decimal(1), kits_file=tmp_path / "kits.csv"
    )
    world.stock("MUG", 10)
    world.stock("CUP", 7)
    world.sell("SET", 1)
    with silenced():
        world.poll()
        down = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
        world.buy({"MUG": 3})
        world.bench.work()
        world.bench.clock.advance(300)
        world.bench.erp.books.touch("stock", "MUG")
        world.poll_stock()
    for sku in ("MUG", "SET", "CUP", "NONE"):
        ran = run("stock", "explain", "erp", "shop", sku)
        print(ran.stdout, ran.stderr)
    print(run("stock", "explain", "erp", "shop", "SET", "--json").stdout)
    print(run("stock", "explain", "shop", "erp", "SET"))
    assert 0
