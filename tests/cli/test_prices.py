"""`erpsync prices`: what a person sees and does of base prices."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from erpsync.testing.clock import TestClock
from tests.cli.conftest import Run
from tests.cli.rows import actor, audits
from tests.flows.price_world import PriceWorld
from tests.quiet import silenced


@pytest.fixture
def world(database: Engine, surroundings: pytest.MonkeyPatch) -> PriceWorld:
    """A price that falls too far, one that waits for a promotion's end, and one that was set."""
    del surroundings
    # Commands go by the real time.
    world = PriceWorld(database, clock=TestClock(datetime.now(UTC)))
    world.shop.holds_both = False
    world.price("CUP", "50", "100")
    world.price("JUG", "12", "10")
    world.price("MUG", "12", "10")
    world.promote("JUG", "7", days=3)
    with silenced():
        world.poll()
    return world


def test_pushes_are_listed_with_why_one_is_held(run: Run, world: PriceWorld) -> None:
    del world
    ran = run("prices", "list")
    held = next(line for line in ran.stdout.splitlines() if " held " in line)
    assert "1 of 3 SKUs would fall by more than 30 %, or to nothing" in held
    assert sorted(push["state"] for push in run("prices", "list", "--json").document["pushes"]) == ["done", "held"]


def test_what_is_held_is_shown_and_sent(run: Run, world: PriceWorld) -> None:
    push_id = str(next(push.id for push in world.pushes() if push.state == "held"))
    ran = run("prices", "plan", push_id)
    assert "CUP" in ran.stdout
    assert f"erpsync prices apply {push_id}" in ran.stderr
    assert run("prices", "apply", push_id, "--yes").code == 0
    with silenced():
        world.bench.clock.advance(60)
        world.bench.go_on(10)
    assert world.base("CUP") == 50
    assert audits(world.bench.database) == [(actor(), "apply", f"push {push_id}")]


def test_a_push_is_taken_back(run: Run, world: PriceWorld) -> None:
    push_id = str(next(push.id for push in world.pushes() if push.state == "done"))
    assert run("prices", "undo", push_id, "--yes").code == 0
    with silenced():
        world.bench.clock.advance(60)
        world.bench.go_on(10)
    assert world.base("MUG") == 10


def test_what_waits_for_a_promotion_is_listed(run: Run, world: PriceWorld) -> None:
    ran = run("prices", "staged")
    [line] = [line for line in ran.stdout.splitlines() if line.startswith("JUG")]
    assert "12.00 EUR" in line
    [staged] = run("prices", "staged", "--json").document["staged"]
    assert (staged["sku"], staged["store"], staged["price"]) == ("JUG", "shop", "12.00")
    assert staged["until"] is not None
    with silenced():
        world.poll_later(4 * 86_400)
    assert run("prices", "staged").stdout == "No base price waits for a promotion to end.\n"


def test_a_sku_that_waits_at_two_places_is_shown_whole_page_by_page(run: Run, world: PriceWorld) -> None:
    with world.bench.database.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO staged_prices SELECT erp, store, sku, 'Trade', price, currency, until, since FROM staged_prices"
        )
        connection.exec_driver_sql(
            "INSERT INTO staged_prices SELECT erp, store, 'KEG', place, price, currency, until, since FROM staged_prices"
        )
    seen, after, more = [], "", True
    while more:
        page = run("prices", "staged", "--limit", "1", "--after", after, "--json").document
        seen += [(one["sku"], one["place"]) for one in page["staged"]]
        after, more = page["staged"][-1]["sku"], page["more"]
    assert seen == [("JUG", ""), ("JUG", "Trade"), ("KEG", ""), ("KEG", "Trade")]


def test_what_is_not_synced_is_told_with_the_reason(run: Run, world: PriceWorld) -> None:
    assert run("prices", "unsynced", "erp", "shop").stdout == "The price of each SKU of either side is synced.\n"
    world.price("ONLY-ERP", "12")
    with silenced():
        world.poll_later()
    assert "Only in the ERP\nONLY-ERP\n" in run("prices", "unsynced", "erp", "shop").stdout
    assert run("prices", "unsynced", "erp", "shop", "--json").document["only in the ERP"] == ["ONLY-ERP"]


def test_of_a_way_that_no_prices_have_gone_it_is_said_so(run: Run, world: PriceWorld) -> None:
    del world
    ran = run("prices", "unsynced", "erp", "nowhere")
    assert ran.code == 1
    assert "No prices have been taken from erp to nowhere yet." in ran.stderr


def test_a_push_of_another_kind_is_not_found(run: Run, world: PriceWorld) -> None:
    push_id = str(world.pushes()[0].id)
    ran = run("stock", "plan", push_id)
    assert ran.code == 1
    assert f"There is no push {push_id} of stock" in ran.stderr
