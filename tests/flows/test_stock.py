"""Stock from the ERP to the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from erpsync.domain.errors import OutcomeUnknown, Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.engine import polling
from erpsync.engine import pushes as pushing
from erpsync.engine.operations import NotPossible
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import jobs, retention, stock
from erpsync.ledger.stock import Feed, Terms
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StockAnswer, StockChange
from erpsync.testing.bench import ERP, SHOP
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fakes import FakeStockCache
from erpsync.testing.faults import FaultKind, WorkerKilled
from tests.flows.stock_world import StockWorld


@pytest.fixture
def world(database: Engine) -> StockWorld:
    return StockWorld(database)


@pytest.fixture
def make_world(database: Engine) -> Callable[..., StockWorld]:
    return lambda **rules: StockWorld(database, StockRules(**rules))


def test_the_store_gets_what_the_erp_has(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.stock("CUP", 0, 4)
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("CUP")) == (10, 0)
    assert world.bench.job("all")["state"] == "done"
    assert [row["state"] for row in world.bench.rows("SELECT state FROM pushes")] == ["done"]


def test_product_pages_are_told_what_the_store_has_of_all_variants(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    assert isinstance(world.bench.stock_cache, FakeStockCache)
    assert world.bench.stock_cache.products == {"p-MUG": {"MUG": {"front": 10}}}


def test_what_was_there_before_is_kept_with_every_change(world: StockWorld) -> None:
    world.stock("MUG", 10, 3)
    world.poll()
    rows = world.bench.rows("SELECT sku, place, before, after, state FROM push_changes")
    assert [tuple(row.values()) for row in rows] == [("MUG", "front", 3, 10, "done")]


def test_what_does_not_differ_is_not_sent(world: StockWorld) -> None:
    world.stock("MUG", 10, 3)
    world.poll()
    touched = dict(world.shop.changed_at)
    world.bench.clock.advance(300)
    world.bench.erp.books.touch("stock", "MUG")
    world.poll()
    assert world.shop.changed_at == touched
    assert len(world.pushes()) == 1


def test_a_unit_sold_that_the_erp_has_not_seen_is_not_handed_back(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    down = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    world.buy({"MUG": 4})
    world.bench.work()
    world.bench.clock.advance(300)
    world.bench.erp.books.touch("stock", "MUG")
    world.poll_stock()
    assert down.fired > 0
    assert world.in_shop("MUG") == 6


def test_once_the_erp_has_seen_a_sale_its_own_figures_speak(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.buy({"MUG": 4})
    world.bench.work()
    world.bench.clock.advance(1)
    world.poll()
    assert world.in_shop("MUG") == 6
    assert world.bench.rows("SELECT settled FROM sales")[0]["settled"]
    order_id = next(iter(world.bench.erp.books.orders))
    world.bench.erp.books.ship(order_id)
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 6
    assert world.bench.rows("SELECT on_hand FROM stock_levels")[0]["on_hand"] == 6


def test_a_sale_that_no_webhook_has_told_of_is_looked_for_before_anything_is_set(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.buy({"MUG": 4}, told=False)
    world.stock("MUG", 11, None)
    world.bench.clock.advance(1)
    world.poll_stock()
    assert world.in_shop("MUG") == 6, "it would have been handed back"
    assert "its orders are read first" in world.notes()["MUG"]
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 7


def test_a_store_that_has_less_for_no_reason_is_believed_until_its_orders_were_read(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.sell("MUG", 2)
    world.stock("MUG", 11, None)
    for _ in range(4):
        world.bench.clock.advance(300)
        world.poll_stock()
        assert world.in_shop("MUG") == 2
    world.poll()
    assert world.in_shop("MUG") == 11


def test_a_store_that_is_not_polled_for_orders_is_believed_for_a_quarter_of_an_hour(world: StockWorld) -> None:
    world.stock("MUG", 10)
    polling.poll(world.bench.runtime, SHOP, "catalogue")
    world.poll_stock()
    world.sell("MUG", 2)
    world.stock("MUG", 11, None)
    world.bench.clock.advance(1)
    world.poll_stock()
    assert world.in_shop("MUG") == 2
    world.bench.clock.advance(901)
    world.poll_stock()
    assert world.in_shop("MUG") == 11


def test_a_store_that_is_polled_for_orders_no_more_is_believed_for_a_quarter_of_an_hour(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.bench.clock.advance(90_000)
    world.sell("MUG", 2)
    world.stock("MUG", 11, None)
    world.poll_stock()
    assert world.in_shop("MUG") == 2
    world.bench.clock.advance(901)
    world.poll_stock()
    assert world.in_shop("MUG") == 11


def test_an_order_that_cannot_be_read_any_more_still_counts_with_what_was_known_of_it(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    order = world.buy({"MUG": 4})
    world.bench.work()
    strange = Rejected("strange", system="shop", what="A field is missing.", next_step="Look at the order.")
    refusal = world.bench.store.faults.refuse("read_orders", order.source_id, strange)
    later = order.model_copy(update={"updated_at": world.bench.clock.now()})
    world.bench.deliver(later, carries_state=False)
    world.bench.wake.intake()
    world.poll()
    world.stock("MUG", 11, None)
    for _ in range(3):
        world.bench.clock.advance(300)
        world.poll()
    assert refusal.fired > 0
    assert world.in_shop("MUG") == 7


def test_a_store_that_has_more_is_overruled_once_its_orders_were_read(world: StockWorld) -> None:
    """A sale may hide in it all the same."""
    world.stock("MUG", 10)
    world.poll()
    world.sell("MUG", 50)
    world.stock("MUG", 9, None)
    world.bench.clock.advance(1)
    world.poll_stock()
    assert world.in_shop("MUG") == 50
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 9


def test_a_lost_reply_and_a_sale_of_just_as_many_hand_nothing_back(world: StockWorld) -> None:
    """Compared with what was there before, the store would look as if it had never been set."""
    world.stock("MUG", 10)
    world.poll()
    world.stock("MUG", 14, None)
    lost = world.bench.store.faults.add(FaultKind.LOST_REPLY, "set_stock")
    world.bench.clock.advance(1)
    world.poll_stock()
    assert (lost.fired, world.in_shop("MUG")) == (1, 14)
    world.buy({"MUG": 4}, told=False)
    world.bench.go_on(120)
    assert world.in_shop("MUG") == 10
    world.bench.clock.advance(300)
    world.poll()
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 10


def test_a_sale_after_a_reading_that_leaves_too_little_is_found(world: StockWorld) -> None:
    """The reading may have been with the sale or without it: that it is what the store should have now says nothing."""
    world.stock("MUG", 10)
    world.poll()
    world.sell("MUG", 8)
    polling.poll(world.bench.runtime, SHOP, "catalogue")
    world.buy({"MUG": 1})
    world.stock("MUG", 9, None)
    world.bench.work()
    for _ in range(3):
        world.bench.clock.advance(300)
        world.poll()
    assert world.in_shop("MUG") == 8


def test_a_lost_reply_leaves_what_other_locations_have_as_it_was_known(make_world: Callable[..., StockWorld]) -> None:
    """What was sold counts against all locations of a SKU: noted for one alone, it would be forgotten for the others."""
    world = make_world(feeds=(Feed("east", "front"), Feed("west", "back")))
    world.stock("MUG", 3)
    world.stock("MUG", 10, erp="west", shop="back")
    world.poll()
    world.buy({"MUG": 3}, place="front")
    world.buy({"MUG": 1}, place="back")
    world.bench.work()
    world.stock("MUG", 20, None)
    world.stock("MUG", 9, None, erp="west")
    lost = world.bench.store.faults.add(FaultKind.LOST_REPLY, "set_stock")
    world.bench.clock.advance(1)
    world.poll_stock()
    assert (lost.fired, world.in_shop("MUG"), world.in_shop("MUG", "back")) == (1, 16, 9)
    world.bench.go_on(60)
    world.stock("MUG", 12, None, erp="west")
    world.poll_stock()
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (16, 12)


def test_a_change_by_hand_in_the_store_is_found_though_the_erp_tells_nothing(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.bench.clock.advance(300)
    world.sell("MUG", 50)
    world.poll()
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 10


def test_a_cancelled_order_gives_its_units_back(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    order = world.buy({"MUG": 4})
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 6
    world.cancel(order)
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 10


def test_an_order_that_a_person_discarded_counts_no_longer_as_unseen(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    order = world.buy({"MUG": 4})
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll()
    with world.bench.database.begin() as connection:
        assert jobs.discard(connection, world.bench.job_id(order.source_id), world.bench.clock.now())
    world.bench.erp.faults.clear()
    world.stock("MUG", 6, None)
    world.bench.go_on(120)
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 6


def test_negative_stock_is_told_as_none(world: StockWorld) -> None:
    world.stock("MUG", -3, 5)
    world.poll()
    assert world.in_shop("MUG") == 0


def test_safety_stock_is_kept_back(make_world: Callable[..., StockWorld]) -> None:
    world = make_world(
        safety=Decimal(2), safety_at={"back": Decimal(5)}, feeds=(Feed("east", "front"), Feed("west", "back"))
    )
    world.stock("MUG", 10)
    world.stock("MUG", 7, erp="west", shop="back")
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (8, 2)


def test_rules_for_single_skus_come_from_a_file(make_world: Callable[..., StockWorld], tmp_path: Path) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text("sku,location,safety,mode,preorder,pack\nMUG,,3,,,\nBOX,,,,,6\nEBOOK,,,unlimited,,\nNEW,,,,20,\n")
    world = make_world(rules_file=rules)
    world.stock("MUG", 10)
    world.stock("BOX", 20)
    world.stock("EBOOK", 0, 99)
    world.stock("NEW", 0)
    world.poll()
    assert [world.in_shop(sku) for sku in ("MUG", "BOX", "EBOOK", "NEW")] == [7, 3, 99, 20]
    rules.write_text("sku,safety\nMUG,1\n")
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 9


def test_a_rules_file_with_a_mistake_is_told_by_line_and_stops_nothing_else(
    make_world: Callable[..., StockWorld], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text("sku,safety\nMUG,many\n")
    world = make_world(rules_file=rules)
    world.stock("MUG", 10)
    world.poll()
    (letter,) = world.bench.letters()
    assert "line 2" in letter.problem
    assert "many" in letter.problem
    assert str(rules) in letter.next_step
    rules.write_text("sku,safety\nMUG,4\n")
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("MUG") == 6
    assert world.bench.letters() == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("MUG,bakc,3,,,", "rules.csv names bakc, and stock goes to back, front alone"),
        ("MUG,back,,unlimited,,", "line 2: of a single location there is safety alone"),
        ("MUG,back,,,,6", "line 2: of a single location there is safety alone"),
    ],
)
def test_a_rule_of_a_location_that_would_do_nothing_is_told(
    make_world: Callable[..., StockWorld], tmp_path: Path, row: str, told: str
) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text(f"sku,location,safety,mode,preorder,pack\n{row}\n")
    world = make_world(rules_file=rules, feeds=(Feed("east", "front"), Feed("west", "back")))
    world.stock("MUG", 10, 1)
    world.stock("MUG", 10, 1, erp="west", shop="back")
    world.poll()
    (letter,) = world.bench.letters()
    assert told in letter.problem
    assert str(rules) in letter.next_step
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (1, 1)
    rules.write_text("sku,location,safety\nMUG,back,3\n")
    world.bench.clock.advance(300)
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (10, 7)
    assert world.bench.letters() == []


def test_safety_stock_of_a_misspelt_location_is_told_and_nothing_is_sold_of_it(
    make_world: Callable[..., StockWorld],
) -> None:
    world = make_world(safety_at={"frnot": Decimal(5)})
    world.stock("MUG", 10, 3)
    world.poll()
    (letter,) = world.bench.letters()
    assert "safety_at names frnot, and stock goes to front alone" in letter.problem
    assert world.in_shop("MUG") == 3


def test_a_component_that_is_unlimited_limits_no_kit(make_world: Callable[..., StockWorld], tmp_path: Path) -> None:
    """A card that is printed with it: the ERP counts none, or does not know of it."""
    (tmp_path / "kits.csv").write_text("kit,component,quantity\nSET,MUG,2\nSET,CARD,1\nCARDS,CARD,10\n")
    (tmp_path / "rules.csv").write_text("sku,mode\nCARD,unlimited\n")
    world = make_world(kits_file=tmp_path / "kits.csv", rules_file=tmp_path / "rules.csv")
    world.stock("MUG", 9)
    world.sell("SET", 0)
    world.sell("CARDS", 7)
    world.poll()
    assert (world.in_shop("SET"), world.in_shop("CARDS")) == (4, 7)
    world.buy({"SET": 1})
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll()
    assert world.bench.rows("SELECT settled FROM sales") == [{"settled": True}]
    assert world.bench.letters() == []


def test_a_kit_has_what_its_scarcest_component_allows(make_world: Callable[..., StockWorld], tmp_path: Path) -> None:
    kits = tmp_path / "kits.csv"
    kits.write_text("kit,component,quantity\nSET,MUG,2\nSET,TRAY,1\n")
    world = make_world(kits_file=kits)
    world.stock("MUG", 9)
    world.stock("TRAY", 8)
    world.sell("SET", 0)
    world.poll()
    assert world.in_shop("SET") == 4
    world.stock("TRAY", 1, None)
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("SET") == 1


def test_a_sold_kit_counts_against_its_components(make_world: Callable[..., StockWorld], tmp_path: Path) -> None:
    kits = tmp_path / "kits.csv"
    kits.write_text("kit,component,quantity\nSET,MUG,2\n")
    world = make_world(kits_file=kits)
    world.stock("MUG", 9)
    world.sell("SET", 0)
    world.poll()
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    world.buy({"SET": 3})
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll_stock()
    assert (world.in_shop("SET"), world.in_shop("MUG")) == (1, 3)


def test_locations_feed_one_another_many_to_many(make_world: Callable[..., StockWorld]) -> None:
    feeds = (Feed("east", "front"), Feed("west", "front", Decimal("0.5")), Feed("west", "back", Decimal("0.5")))
    world = make_world(feeds=feeds)
    world.stock("MUG", 10)
    world.stock("MUG", 7, erp="west", shop="back")
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (13, 3)


def test_a_sale_is_taken_from_one_location_after_the_other(make_world: Callable[..., StockWorld]) -> None:
    world = make_world(feeds=(Feed("east", "front"), Feed("west", "back")))
    world.stock("MUG", 3)
    world.stock("MUG", 10, erp="west", shop="back")
    world.poll()
    world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
    world.buy({"MUG": 5}, place="back")
    world.bench.work()
    world.bench.clock.advance(300)
    world.bench.erp.books.touch("stock", "MUG")
    world.poll_stock()
    assert world.in_shop("MUG") + world.in_shop("MUG", "back") == 8


def test_several_locations_that_nobody_has_mapped_are_asked_for(world: StockWorld) -> None:
    world.stock("MUG", 3)
    world.stock("MUG", 10, erp="west", shop="back")
    world.poll()
    (letter,) = world.bench.letters()
    assert letter.code == "locations-unmapped"
    assert "back, front" in letter.problem


def test_what_stands_in_the_way_for_long_is_one_dead_letter_however_often_stock_is_polled(world: StockWorld) -> None:
    world.stock("MUG", 3)
    world.stock("MUG", 10, erp="west", shop="back")
    for _ in range(4):
        world.poll()
        world.bench.clock.advance(300)
    (letter,) = world.bench.letters()
    assert world.bench.rows("SELECT count(*) AS n FROM dead_letters")[0]["n"] == 1
    assert letter.code == "locations-unmapped"


def test_a_misspelt_location_of_the_erp_is_told_and_nothing_is_set(make_world: Callable[..., StockWorld]) -> None:
    world = make_world(feeds=(Feed("Eats", "front"),))
    world.stock("MUG", 10, 7)
    world.poll()
    (letter,) = world.bench.letters()
    assert "Eats" in letter.problem
    assert "it has east" in letter.problem
    assert world.in_shop("MUG") == 7


def test_units_of_measure_are_counted_in_pieces(make_world: Callable[..., StockWorld]) -> None:
    world = make_world(units={"BOX": Decimal(12)})
    world.stock("MUG", 2)
    level = world.bench.erp.books.stock["MUG", "east"]  # type: ignore[index]
    world.bench.erp.books.stock["MUG", "east"] = level.model_copy(update={"unit": "BOX"})  # type: ignore[index]
    world.poll()
    assert world.in_shop("MUG") == 24


def test_unknown_skus_are_one_report_and_no_error(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.stock("ONLY-ERP", 10, None)
    world.sell("ONLY-SHOP", 3)
    for _ in range(3):
        world.poll()
        world.bench.clock.advance(300)
    assert world.bench.letters() == []
    with world.bench.database.connect() as connection:
        found = stock.unknown(connection, Terms(ERP, SHOP, ()), 10)
    assert found == {"only in the ERP": ["ONLY-ERP"], "only in the store": ["ONLY-SHOP"], "on several variants": []}
    assert world.in_shop("ONLY-SHOP") == 3


def test_one_bad_sku_fails_alone(world: StockWorld) -> None:
    for number in range(5):
        world.stock(f"SKU-{number}", 10)
    refused = Rejected("no", system="shop", what="The shop does not want it.", next_step="Ask the shop.")
    refusal = world.bench.store.faults.refuse("set_stock", "SKU-2", refused)
    world.poll()
    assert refusal.fired == 1
    assert [world.in_shop(f"SKU-{number}") for number in range(5)] == [10, 10, 0, 10, 10]
    assert world.notes()["SKU-2"] == "failed The shop does not want it."


def test_an_outage_of_the_store_leaves_the_rest_planned(make_world: Callable[..., StockWorld]) -> None:
    world = make_world(small_catalogue=1000)
    for number in range(600):
        world.stock(f"SKU-{number:04d}", 10, 9)
    outage = world.bench.store.faults.add(FaultKind.UNAVAILABLE, "set_stock", skip=1)
    world.poll()
    assert outage.fired == 1
    done = world.bench.rows("SELECT state, count(*) AS n FROM push_changes GROUP BY 1 ORDER BY 1")
    assert [tuple(row.values()) for row in done] == [("done", 500), ("planned", 100)]
    world.bench.go_on(120)
    world.bench.clock.advance(300)
    world.poll()
    assert {world.in_shop(f"SKU-{number:04d}") for number in range(600)} == {10}


def test_a_poll_that_reports_zeros_for_everything_is_stopped(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(200):
        world.stock(f"SKU-{number:04d}", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    assert {world.in_shop(f"SKU-{number:04d}") for number in range(200)} == {10}
    held = world.pushes()[0]
    assert (held.state, held.alarming, held.catalogue) == ("held", 200, 200)
    (letter,) = world.bench.letters()
    assert letter.code == "stock-held"
    assert f"erpsync stock plan {held.id}" in letter.next_step


def test_more_than_a_share_of_the_catalogue_is_not_moved_without_leave(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(61):
        world.stock(f"SKU-{number:04d}", 11, None)
    world.bench.clock.advance(300)
    world.poll()
    assert world.pushes()[0].state == "held"
    assert "change 61 of 200" in world.pushes()[0].reason


def test_a_held_push_is_the_same_after_the_next_poll_and_is_told_once(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(150):
        world.stock(f"SKU-{number:04d}", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    first = world.pushes()[0]
    world.stock("SKU-0199", 3, None)
    world.bench.clock.advance(300)
    world.poll()
    assert (world.pushes()[0].id, world.pushes()[0].changed) == (first.id, 151)
    assert len(world.bench.letters()) == 1
    assert world.in_shop("SKU-0199") == 10


def test_what_turns_out_plausible_goes_on_by_itself(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(200):
        world.stock(f"SKU-{number:04d}", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    for number in range(200):
        world.stock(f"SKU-{number:04d}", 9 if number == 7 else 10, None)
    world.bench.clock.advance(300)
    world.poll()
    assert (world.in_shop("SKU-0007"), world.in_shop("SKU-0008")) == (9, 10)
    assert world.bench.letters() == []
    assert [push.state for push in world.pushes()] == ["done"]


def test_a_person_lets_a_held_push_go_on(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(200):
        world.stock(f"SKU-{number:04d}", 4, None)
    world.bench.clock.advance(300)
    world.poll()
    world.buy({"SKU-0003": 1})
    held = world.pushes()[0].id
    pushing.apply(world.bench.runtime, held, "erin")
    world.bench.work()
    assert {world.in_shop(f"SKU-{number:04d}") for number in range(200) if number != 3} == {4}
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("SKU-0003") == 3, "what was sold meanwhile is not handed back"
    assert {push.id: push.approved_by for push in world.pushes()}[held] == "erin"
    assert world.bench.letters() == []
    with pytest.raises(NotPossible, match="is done"):
        pushing.apply(world.bench.runtime, held, "erin")


def test_a_push_that_has_grown_since_a_person_looked_is_not_sent(world: StockWorld) -> None:
    _fill(world, 200)
    for number in range(100):
        world.stock(f"SKU-{number:04d}", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    held = world.pushes()[0]
    world.stock("SKU-0150", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    with pytest.raises(NotPossible, match="101 SKUs by now"):
        pushing.apply(world.bench.runtime, held.id, "erin", pushing.Seen(held.changed, held.alarming))
    assert world.in_shop("SKU-0001") == 10


def test_undo_restores_a_bad_run_where_nothing_has_changed_since(world: StockWorld) -> None:
    _fill(world, 20)
    for number in range(20):
        world.stock(f"SKU-{number:04d}", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    bad = world.pushes()[0]
    assert {world.in_shop(f"SKU-{number:04d}") for number in range(20)} == {0}
    world.sell("SKU-0005", 3)
    world.stock("SKU-0006", 2, None)
    world.bench.clock.advance(300)
    world.poll()
    back = pushing.undo(world.bench.runtime, bad.id, "erin")
    world.bench.work()
    restored = {number: world.in_shop(f"SKU-{number:04d}") for number in range(20)}
    assert restored == dict.fromkeys(range(20), 10) | {5: restored[5], 6: 2}
    assert "changed since" in world.notes()["SKU-0006"]
    assert world.pushes()[0].id == back


def test_one_location_whose_answer_is_lost_is_asked_beside_another_that_is_set(
    make_world: Callable[..., StockWorld],
) -> None:
    """An adapter cuts a call to size, and one of the pieces may go without an answer."""
    world = make_world(feeds=(Feed("east", "front"), Feed("west", "back")))
    world.stock("MUG", 3)
    world.stock("MUG", 10, erp="west", shop="back")
    world.poll()
    world.stock("MUG", 8, None)
    world.stock("MUG", 15, None, erp="west")
    answered = world.bench.store.set_stock

    def one_is_lost(changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        lost = OutcomeUnknown("no-reply", system="shop", what="It was sent and not answered.", settle_seconds=5)
        answers = answered(changes)
        world.buy({"MUG": 5}, told=False)
        return {**answers, (Sku("MUG"), "front"): lost}

    world.bench.store.set_stock = one_is_lost  # type: ignore[method-assign]
    world.bench.clock.advance(1)
    world.poll_stock()
    world.bench.store.set_stock = answered  # type: ignore[method-assign]
    assert world.in_shop("MUG") == 3, "five of eight were sold, which is what was there before"
    world.bench.clock.advance(1)
    world.poll_stock()
    assert world.in_shop("MUG") == 3
    for _ in range(3):
        world.bench.clock.advance(300)
        world.poll()
    assert (world.in_shop("MUG"), world.in_shop("MUG", "back")) == (3, 15)


def test_undo_restores_what_was_set_by_a_call_whose_reply_was_lost(world: StockWorld) -> None:
    _fill(world, 20)
    for number in range(20):
        world.stock(f"SKU-{number:04d}", 0 if number % 2 else 99, None)
    lost = world.bench.store.faults.add(FaultKind.LOST_REPLY, "set_stock")
    world.bench.clock.advance(300)
    world.poll()
    world.bench.go_on(60)
    assert lost.fired == 1
    assert [world.in_shop(f"SKU-{number:04d}") for number in range(20)] == [99, 0] * 10
    bad = world.pushes()[0]
    assert {(row["state"], row["before"]) for row in world.bench.rows("SELECT state, before FROM push_changes")} == {
        ("done", 10)
    }
    pushing.undo(world.bench.runtime, bad.id, "erin")
    world.bench.work()
    assert {world.in_shop(f"SKU-{number:04d}") for number in range(20)} == {10}


def test_an_undo_whose_reply_was_lost_is_finished_and_stays(world: StockWorld) -> None:
    _fill(world, 20)
    for number in range(20):
        world.stock(f"SKU-{number:04d}", 0 if number % 2 else 99, None)
    world.bench.clock.advance(300)
    world.poll()
    pushing.undo(world.bench.runtime, world.pushes()[0].id, "erin")
    lost = world.bench.store.faults.add(FaultKind.LOST_REPLY, "set_stock")
    world.bench.work()
    world.bench.go_on(60)
    assert lost.fired == 1
    assert set(world.notes().values()) == {"done"}
    world.sell("SKU-0001", 9)
    for _ in range(3):
        world.bench.clock.advance(300)
        world.poll()
    assert [world.in_shop(f"SKU-{number:04d}") for number in range(3)] == [10, 9, 10]


def test_what_was_taken_back_stays_so_until_the_erp_tells_something_new(world: StockWorld) -> None:
    _fill(world, 20)
    world.stock("SKU-0001", 0, None)
    world.bench.clock.advance(300)
    world.poll()
    pushing.undo(world.bench.runtime, world.pushes()[0].id, "erin")
    world.bench.work()
    for _ in range(3):
        world.bench.clock.advance(300)
        world.poll()
        assert world.in_shop("SKU-0001") == 10
    world.stock("SKU-0001", 8, None)
    world.bench.clock.advance(300)
    world.poll()
    assert world.in_shop("SKU-0001") == 8


def _fill(world: StockWorld, skus: int) -> None:
    """A catalogue that is in step: 10 of each."""
    for number in range(skus):
        world.stock(f"SKU-{number:04d}", 10, 10)
    world.poll()
    assert world.bench.letters() == []


def test_old_sales_are_forgotten_and_the_store_is_expected_to_have_the_same(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.poll()
    world.buy({"MUG": 4})
    world.bench.work()
    world.bench.clock.advance(300)
    world.poll()
    world.bench.clock.advance(100 * 86_400)
    with world.bench.database.begin() as connection:
        retention.purge(connection, world.bench.clock.now() - timedelta(days=retention.DAYS))
    assert world.bench.rows("SELECT * FROM sales") == []
    before = len(world.pushes())
    world.poll()
    assert (world.in_shop("MUG"), len(world.pushes())) == (6, before)


def test_what_a_store_refused_is_tried_again_with_the_whole_reading_of_the_next_day(world: StockWorld) -> None:
    world.stock("MUG", 10)
    refused = Rejected("no", system="shop", what="It is not stocked there.", next_step="Stock it there.")
    refusal = world.bench.store.faults.refuse("set_stock", "MUG", refused, times=1)
    world.poll()
    world.bench.clock.advance(300)
    world.poll()
    assert (refusal.fired, world.in_shop("MUG")) == (1, 0), "not an error every few minutes"
    world.bench.clock.advance(86_400)
    world.poll()
    assert world.in_shop("MUG") == 10


def test_what_the_erp_does_not_tell_of_any_more_is_sold_no_longer(world: StockWorld) -> None:
    """An item that was deleted, or a location that the connection reads no longer: no change ever tells of it."""
    world.stock("MUG", 10)
    world.stock("MUG", 5, None, erp="west")
    world.stock("CUP", 3)
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("CUP")) == (15, 3)
    for gone in ((Sku("MUG"), "west"), (Sku("CUP"), "east")):
        del world.bench.erp.books.stock[gone]
    world.bench.clock.advance(300)
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("CUP")) == (15, 3), "a poll of changes cannot know"
    world.bench.clock.advance(86_400)
    world.poll()
    assert (world.in_shop("MUG"), world.in_shop("CUP")) == (10, 0)
    world.buy({"MUG": 2})
    world.bench.work()
    for _ in range(2):
        world.bench.clock.advance(300)
        world.poll()
    assert world.in_shop("MUG") == 8
    assert world.bench.rows("SELECT settled FROM sales") == [{"settled": True}], "whatever the west told last"


def test_a_whole_reading_that_tells_nothing_or_was_cut_short_empties_nothing(world: StockWorld) -> None:
    for number in range(30):
        world.stock(f"SKU-{number:02d}", 10)
    world.poll()
    few = FakeErp(world.bench.clock, ERP, page_size=10, of=world.bench.erp)
    world.bench.runtime = world.bench.worker("ten a page", erp=few, store=world.bench.store)
    killed = world.bench.erp.faults.add(FaultKind.KILLED_BEFORE, "stock_changed", skip=1)
    world.bench.clock.advance(86_401)
    with pytest.raises(WorkerKilled):
        polling.poll(world.bench.runtime, ERP, "stock")
    assert killed.fired == 1
    world.bench.clock.advance(400)
    world.poll()
    assert {world.in_shop(f"SKU-{number:02d}") for number in range(30)} == {10}
    world.bench.erp.books.stock.clear()
    world.bench.clock.advance(86_401)
    world.poll()
    assert {world.in_shop(f"SKU-{number:02d}") for number in range(30)} == {10}


def test_a_whole_reading_of_which_a_record_could_not_be_read_says_of_nothing_that_it_is_gone(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.stock("CUP", 3)
    world.poll()
    del world.bench.erp.books.stock[Sku("CUP"), "east"]

    class Blurred(FakeErp):
        def stock_levels(self, since: Since) -> Page[StockLevel]:
            bad = Rejected("unreadable", system="erp", what="An item has no quantity.", next_step="Look at the item.")
            return replace(super().stock_levels(since), unreadable=(bad,))

    blurred = Blurred(world.bench.clock, ERP, of=world.bench.erp)
    world.bench.runtime = world.bench.worker("blurred", erp=blurred, store=world.bench.store)
    world.bench.clock.advance(86_401)
    world.poll()
    assert world.in_shop("CUP") == 3
    world.bench.runtime = world.bench.worker("clear", erp=world.bench.erp, store=world.bench.store)
    world.bench.clock.advance(86_401)
    world.poll()
    assert world.in_shop("CUP") == 0


def test_what_the_store_does_not_sell_any_more_is_forgotten_with_the_whole_reading(world: StockWorld) -> None:
    world.stock("MUG", 10)
    world.stock("CUP", 10)
    world.poll()
    del world.shop.variants[Sku("CUP")]
    world.bench.clock.advance(86_401)
    world.poll()
    assert [row["sku"] for row in world.bench.rows("SELECT sku FROM store_variants")] == ["MUG"]
    world.stock("CUP", 3, None)
    world.bench.clock.advance(300)
    world.poll()
    assert world.bench.letters() == []
