"""`erpsync stock explain`: why a store has what it has."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from erpsync.config import load
from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.engine import polling
from erpsync.engine import pushes as pushing
from erpsync.route_rules import stock_rules_of
from erpsync.testing.bench import ERP
from erpsync.testing.faults import FaultKind
from tests.cli.conftest import Ran, Run
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
flows = ["orders", "fulfilments", "stock"]
[routes.stock]
"""

Make = Callable[..., StockWorld]
Explain = Callable[..., Any]


@pytest.fixture
def make_world(database: Engine, surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """A world at work by the rules of `[routes.stock]` that the command reads, too."""

    def made(rules: str = "") -> StockWorld:
        surroundings.setenv("TEST_SECRET", "0123456789abcdef")
        path = tmp_path / "erpsync.toml"
        path.write_text(CONFIGURATION + rules)
        [route] = load(path).routes
        world = StockWorld(database, stock_rules_of(route.stock))
        # Commands go by the real time.
        world.bench.clock.advance((datetime.now(UTC) - world.bench.clock.now()).total_seconds())
        return world

    return made


@pytest.fixture
def explain(run: Run) -> Explain:
    """What the command says of a SKU, as a document."""

    def explained(sku: str) -> Any:
        with silenced():
            ran = run("stock", "explain", "erp", "shop", sku, "--json")
        assert ran.code == 0, ran.stderr
        return ran.document

    return explained


def poll(world: StockWorld) -> None:
    with silenced():
        world.poll()


def steps(document: Any, place: str = "front") -> list[str]:
    """The arithmetic of a location, which ends with what the flow itself counts."""
    [found] = [one for one in document["places"] if one["location"] == place]
    assert found["steps"][-1] == f"comes to {found['quantity']}"
    return list(found["steps"][:-1])


def has(document: Any, place: str = "front") -> tuple[int, int | None, str]:
    """What a location should have and has, and what follows."""
    [found] = [one for one in document["places"] if one["location"] == place]
    return found["quantity"], found["has"], found["note"]


def test_each_figure_is_shown_to_people(run: Run, make_world: Make) -> None:
    world = make_world("safety = 1")
    world.stock("MUG", 10)
    poll(world)
    down = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    with silenced():
        world.buy({"MUG": 3})
        world.bench.work()
        world.poll_stock()
    assert down.fired > 0
    ran = run("stock", "explain", "erp", "shop", "MUG")
    assert ran.code == 0
    assert lines(ran)[:7] == [
        "front: 6",
        "east: 10 on hand - 0 reserved = 10",
        "less 1 safety stock: 9",
        "less 3 sold that erp's figures do not have yet: 6",
        "comes to 6",
        "shop has what it should have.",
        "What shop has",
    ]
    [told] = [line for line in lines(ran) if line.startswith("front  ")]
    assert told.split()[:3] == ["front", "6", "9"]
    assert told.endswith(f"push {world.pushes()[0].id}")
    [order] = [line for line in lines(ran) if line.startswith("#A1")]
    assert order.split()[:7] == ["#A1", "shop", "ready", "MUG", "3", "0", "3"]


def test_a_sale_counts_by_order_until_the_erp_has_seen_it(explain: Explain, make_world: Make) -> None:
    world = make_world()
    world.stock("MUG", 10)
    poll(world)
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=2)
    with silenced():
        world.buy({"MUG": 1})
        world.buy({"MUG": 2})
        world.bench.work()
        world.poll_stock()
    found = explain("MUG")
    unseen = [(one["sale"]["source_id"], one["sale"]["state"], one["takes"]) for one in found["parts"][0]["unseen"]]
    assert unseen == [("A1", "ready", "1"), ("A2", "ready", "2")]
    with silenced():
        world.bench.go_on(120)
        world.poll()
    found = explain("MUG")
    assert found["parts"][0]["unseen"] == []
    assert steps(found) == ["east: 10 on hand - 3 reserved = 7"]
    assert has(found) == (7, 7, "shop has what it should have.")


def test_a_sale_that_counts_once_it_is_shipped_is_shown_until_then(explain: Explain, make_world: Make) -> None:
    world = make_world('orders_count = "shipped"')
    world.bench.erp.books.reserves = False
    world.stock("MUG", 10)
    polling.poll(world.bench.runtime, ERP, "fulfilments")
    poll(world)
    with silenced():
        world.buy({"MUG": 3})
        world.bench.work()
    world.bench.clock.advance(1)
    poll(world)
    found = explain("MUG")
    [unseen] = found["parts"][0]["unseen"]
    assert (unseen["sale"]["known_quantity"], unseen["takes"]) == ("3", "3")
    assert has(found) == (7, 7, "shop has what it should have.")


def test_a_kit_is_explained_by_its_parts(explain: Explain, make_world: Make, tmp_path: Path) -> None:
    (tmp_path / "kits.csv").write_text("kit,component,quantity\nSET,MUG,2\nSET,CUP,1\n")
    (tmp_path / "rules.csv").write_text("sku,safety,preorder\nSET,1,5\n")
    world = make_world(f'kits_file = "{tmp_path}/kits.csv"\nrules_file = "{tmp_path}/rules.csv"')
    world.stock("MUG", 9)
    world.stock("CUP", 7)
    world.sell("SET", 0)
    poll(world)
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    with silenced():
        world.buy({"SET": 1})
        world.bench.work()
        world.poll_stock()
    found = explain("SET")
    assert steps(found) == [
        "CUP: east: 7 on hand - 0 reserved = 7",
        "CUP: less 1 sold that erp's figures do not have yet: 6",
        "MUG: east: 9 on hand - 0 reserved = 9",
        "MUG: less 2 sold that erp's figures do not have yet: 7",
        "MUG: each takes 2, enough for 3",
        "the part that is scarcest decides",
        "less 1 safety stock of the kit itself",
        "5 more may be sold before they are there",
    ]
    assert has(found)[0] == 7
    assert {part["sku"]: [one["takes"] for one in part["unseen"]] for part in found["parts"]} == {
        "CUP": ["1"],
        "MUG": ["2"],
    }


def test_locations_units_and_packs_are_in_the_words(explain: Explain, make_world: Make, tmp_path: Path) -> None:
    (tmp_path / "rules.csv").write_text("sku,pack\nMUG,6\n")
    world = make_world(
        f'rules_file = "{tmp_path}/rules.csv"\nunits = {{ BOX = 12 }}\n'
        "locations = { east = { front = 0.5, back = 0.5 }, west = { front = 1 } }\nsafety_at = { back = 3 }"
    )
    world.sell("MUG", 0)
    world.sell("MUG", 0, shop="back")
    level = {"sku": "MUG", "on_hand": 4, "reserved": 1, "unit": "BOX"}
    world.bench.erp.books.stock["MUG", "east"] = StockLevel(location="east", **level)  # type: ignore[index, arg-type]
    world.stock("MUG", 2, None, erp="west")
    poll(world)
    found = explain("MUG")
    assert steps(found) == [
        "east: (4 on hand - 1 reserved) x 12 a BOX x share 0.5 = 18",
        "west: 2 on hand - 0 reserved = 2",
        "together 20",
        "6 of these make one in shop",
    ]
    assert steps(found, "back") == [
        "east: (4 on hand - 1 reserved) x 12 a BOX x share 0.5 = 18",
        "less 3 safety stock: 15",
        "6 of these make one in shop",
    ]
    assert (has(found)[0], has(found, "back")[0]) == (3, 2)


def test_a_location_that_is_not_fed_is_shown_as_left_alone(explain: Explain, make_world: Make) -> None:
    world = make_world("locations = { east = { front = 1 } }")
    world.stock("MUG", 10)
    world.sell("MUG", 4, shop="cellar")
    poll(world)
    [alone] = explain("MUG")["left_alone"]
    assert (alone["location"], alone["quantity"]) == ("cellar", 4)


def test_less_than_nothing_and_safety_are_told(explain: Explain, make_world: Make) -> None:
    world = make_world()
    world.stock("MUG", -2, 3)
    poll(world)
    assert steps(explain("MUG")) == ["east: -2 on hand - 0 reserved = -2", "less than nothing counts as 0"]


def test_what_follows_is_said(explain: Explain, make_world: Make) -> None:
    world = make_world()
    world.stock("MUG", 10)
    world.stock("CUP", 10)
    poll(world)
    with silenced():
        pushing.undo(world.bench.runtime, world.pushes()[0].id, "erin")
        world.bench.work()
    assert has(explain("MUG")) == (
        10,
        0,
        "A person took the last push back: it is left alone until erp tells something new of it.",
    )
    refused = Rejected("no", system="shop", what="The shop does not want it.", next_step="Ask the shop.")
    refusal = world.bench.store.faults.refuse("set_stock", "CUP", refused)
    world.stock("CUP", 12, None)
    world.bench.clock.advance(60)
    poll(world)
    assert refusal.fired == 1
    push_id = world.pushes()[0].id
    assert has(explain("CUP")) == (12, 0, f"Push {push_id} could not set it: The shop does not want it.")


@pytest.mark.parametrize(
    ("sku", "why"),
    [
        ("NONE", "shop has no variant with this SKU."),
        ("TWICE", "In shop it stands on several variants (v-1, v-2), and nobody can say which is meant."),
        ("UNTRACKED", "shop does not count the stock of it."),
        ("UNKNOWN", "erp has told nothing of UNKNOWN."),
        ("ENDLESS", "By the route's rules it is unlimited, and not counted."),
    ],
)
def test_what_is_not_synced_says_why(explain: Explain, make_world: Make, tmp_path: Path, sku: str, why: str) -> None:
    (tmp_path / "rules.csv").write_text("sku,mode\nENDLESS,unlimited\n")
    world = make_world(f'rules_file = "{tmp_path}/rules.csv"')
    world.stock("ENDLESS", 1)
    world.stock("UNTRACKED", 1, None)
    world.sell("UNTRACKED", 0, tracked=False)
    world.sell("UNKNOWN", 1)
    world.sell("TWICE", 1, variant="v-1")
    twin = replace(world.shop.variants[Sku("TWICE")], id=SourceId("v-2"))
    world.shop.variants[Sku("v-2")] = twin
    world.bench.store.touch("variant", "v-2")
    poll(world)
    found = explain(sku)
    assert (found["unsynced"], found["places"]) == (why, [])


def test_locations_that_nobody_has_mapped_are_the_reason(explain: Explain, make_world: Make) -> None:
    world = make_world()
    world.stock("MUG", 10)
    world.sell("MUG", 1, shop="back")
    poll(world)
    found = explain("MUG")
    assert "The store has several locations (back, front), and nobody has said what feeds which." in found["unsynced"]
    assert found["parts"][0]["levels"][0]["on_hand"] == "10"


def test_a_way_that_no_route_goes_is_said(run: Run, make_world: Make) -> None:
    make_world()
    ran = run("stock", "explain", "shop", "erp", "MUG")
    assert ran.code == 1
    assert ran.stderr == "No route of the configuration takes stock from shop to erp.\n"


def test_explaining_changes_nothing(explain: Explain, make_world: Make, tmp_path: Path) -> None:
    (tmp_path / "rules.csv").write_text("sku,safety\nMUG,1\n")
    world = make_world(f'rules_file = "{tmp_path}/rules.csv"')
    world.stock("MUG", 10)
    poll(world)
    (tmp_path / "rules.csv").write_text("sku,safety\nMUG,5\n")
    assert steps(explain("MUG"))[-1] == "less 1 safety stock: 9", "the rules are those of the last run"
    assert world.bench.rows("SELECT * FROM dirty") == []


def lines(ran: Ran) -> list[str]:
    return [line.strip() for line in ran.stdout.splitlines() if line.strip()]
