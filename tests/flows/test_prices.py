"""Base prices from the ERP to the store, past its promotions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.engine import polling, pushes
from erpsync.engine.operations import NotPossible
from erpsync.flows.price_rules import PriceRules, Tax
from erpsync.flows.price_terms import last_terms
from erpsync.ledger import prices
from erpsync.testing.bench import ERP, SHOP
from erpsync.testing.faults import FaultKind
from tests.flows.price_world import PriceWorld

MakeWorld = Callable[..., PriceWorld]


@pytest.fixture
def world(database: Engine) -> PriceWorld:
    return PriceWorld(database)


@pytest.fixture
def make_world(database: Engine) -> MakeWorld:
    return lambda **rules: PriceWorld(database, PriceRules(**rules))


# -- what is set


def test_the_store_gets_the_erps_price(world: PriceWorld) -> None:
    world.price("MUG", "12.50", "10")
    world.price("CUP", "8", "10")
    world.poll()
    assert (world.base("MUG"), world.base("CUP")) == (Decimal("12.50"), Decimal(8))
    assert world.bench.job("all")["state"] == "done"
    assert [push.state for push in world.pushes()] == ["done"]


def test_what_was_there_before_is_kept_with_every_change(world: PriceWorld) -> None:
    world.price("MUG", "12.50", "10")
    world.poll()
    rows = world.bench.rows("SELECT sku, place, before, after, state FROM push_changes")
    assert [tuple(row.values()) for row in rows] == [("MUG", "", 10, Decimal("12.50"), "done")]


def test_what_does_not_differ_is_not_sent(world: PriceWorld) -> None:
    world.price("MUG", "10", "10")
    world.price("CUP", "11", "10")
    world.poll()
    touched = dict(world.shop.changed_at)
    for sku in ("MUG", "CUP"):
        world.price(sku, "10.00" if sku == "MUG" else "11.00")
        world.poll_later()
    assert world.shop.changed_at == touched
    assert len(world.pushes()) == 1


def test_what_a_poll_costs_follows_what_has_changed(world: PriceWorld) -> None:
    for number in range(1_000):
        world.price(f"SKU-{number:04d}", "11", "10")
    world.poll()
    assert {world.base(f"SKU-{number:04d}") for number in range(1_000)} == {Decimal(11)}
    assert world.pushes()[0].changed == world.pushes()[0].catalogue == 1_000
    world.poll_later()
    world.bench.clock.advance(300)
    for number in range(10):
        world.price(f"SKU-{number:04d}", "12")
    touched = dict(world.shop.changed_at)
    with statements(world.bench.database) as made:
        assert polling.poll(world.bench.runtime, ERP, "prices").read == 1
        world.bench.work()
    kept = [one for one in made if "INSERT INTO erp_prices" in one]
    assert len(kept) == 1, "a page is one statement"
    assert len(made) < 60
    assert sum(world.shop.changed_at[key] != at for key, at in touched.items()) == 10


def test_a_change_by_hand_in_the_store_is_set_back(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.poll()
    world.bench.clock.advance(300)
    world.sell("MUG", "11")
    world.poll()
    assert world.base("MUG") == 12


def test_a_variant_that_is_new_in_the_store_gets_the_price_that_the_erp_told_before(world: PriceWorld) -> None:
    world.price("MUG", "12")
    world.price("CUP", "9", "10")
    world.poll()
    world.bench.clock.advance(900)
    world.sell("MUG", "1")
    world.poll()
    assert world.base("MUG") == 12


def test_one_bad_sku_fails_alone(world: PriceWorld) -> None:
    for number in range(5):
        world.price(f"SKU-{number}", "11", "10")
    refused = Rejected("no", system="shop", what="The shop does not want it.", next_step="Ask the shop.")
    refusal = world.bench.store.faults.refuse("set_base_prices", "SKU-2", refused)
    world.poll()
    assert refusal.fired == 1
    assert [world.base(f"SKU-{number}") for number in range(5)] == [11, 11, 10, 11, 11]
    assert world.notes()["SKU-2"] == "failed The shop does not want it."


def test_what_the_store_refused_is_tried_again_with_the_daily_reading(world: PriceWorld) -> None:
    world.price("MUG", "11", "10")
    refused = Rejected("no", system="shop", what="The shop does not want it.", next_step="Ask the shop.")
    refusal = world.bench.store.faults.refuse("set_base_prices", "MUG", refused, times=2)
    world.poll()
    world.poll_later()
    assert (refusal.fired, world.base("MUG")) == (1, 10)
    world.poll_later(90_000)
    world.poll_later(90_000)
    assert (refusal.fired, world.base("MUG")) == (2, 11)


def test_an_outage_of_the_store_leaves_the_rest_planned(world: PriceWorld) -> None:
    for number in range(600):
        world.price(f"SKU-{number:04d}", "10", "9")
    outage = world.bench.store.faults.add(FaultKind.UNAVAILABLE, "set_base_prices", skip=1)
    world.poll()
    assert outage.fired == 1
    done = world.bench.rows("SELECT state, count(*) AS n FROM push_changes GROUP BY 1 ORDER BY 1")
    assert [tuple(row.values()) for row in done] == [("done", 250), ("planned", 350)]
    world.bench.go_on(120)
    assert {world.base(f"SKU-{number:04d}") for number in range(600)} == {Decimal(10)}
    assert len(world.pushes()) == 1


def test_a_lost_reply_is_sent_again_and_keeps_what_was_there_before(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    lost = world.bench.store.faults.add(FaultKind.LOST_REPLY, "set_base_prices")
    world.poll()
    world.bench.go_on(120)
    assert lost.fired == 1
    assert world.base("MUG") == 12
    rows = world.bench.rows("SELECT before, after, state FROM push_changes")
    assert [tuple(row.values()) for row in rows] == [(10, 12, "done")]


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_goes_on(world: PriceWorld) -> None:
    for number in range(300):
        world.price(f"SKU-{number:04d}", "10", "9")
    death = world.bench.store.faults.add(FaultKind.KILLED_AFTER, "set_base_prices", skip=1)
    world.poll()
    assert death.fired == 1
    world.bench.go_on(400)
    assert {world.base(f"SKU-{number:04d}") for number in range(300)} == {Decimal(10)}
    assert [push.state for push in world.pushes()] == ["done"]


def test_prices_that_the_erp_no_longer_tells_are_forgotten_with_the_daily_reading(world: PriceWorld) -> None:
    world.price("MUG", "12", "10", unit="PCS")
    world.poll()
    world.bench.erp.books.prices.clear()
    world.price("MUG", "13", unit="EA")
    world.poll_later()
    assert world.base("MUG") == 12, "in two units nobody knows which is meant"
    world.poll_later(90_000)
    assert world.base("MUG") == 13


def test_the_reading_of_everything_asks_for_more_than_the_last_hour(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.bench.clock.advance(86_400)
    world.poll()
    assert world.base("MUG") == 12


# -- promotions


def test_a_promotion_stays_beside_the_new_base_where_the_store_holds_both(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.promote("MUG", "7", days=3)
    before = world.promotion("MUG")
    world.poll()
    assert (world.base("MUG"), world.promotion("MUG")) == (12, before)
    assert world.staged() == []


def test_where_it_cannot_the_price_waits_until_the_promotion_is_over(world: PriceWorld) -> None:
    world.shop.holds_both = False
    world.price("MUG", "12", "10")
    world.promote("MUG", "7", days=3)
    before = world.promotion("MUG")
    world.poll()
    [staged] = world.staged()
    assert (staged.sku, staged.place, staged.price, staged.currency, staged.until) == ("MUG", "", 12, "EUR", before[1])
    for _ in range(5):
        world.poll_later(3600)
    assert (world.base("MUG"), world.promotion("MUG")) == (10, before)
    assert world.pushes() == [], "what only waits leaves no push behind"
    world.poll_later(3 * 86_400)
    assert world.base("MUG") == 12
    assert world.staged() == []


def test_a_promotion_without_an_end_is_looked_at_with_every_poll(world: PriceWorld) -> None:
    world.shop.holds_both = False
    world.price("MUG", "12", "10")
    world.promote("MUG", "7")
    world.poll()
    world.poll_later()
    assert world.base("MUG") == 10
    # Nothing tells of it: the store does not say that the variant has changed.
    changed_at = dict(world.shop.changed_at)
    world.promote("MUG", None)
    world.shop.changed_at.update(changed_at)
    world.poll_later(60)
    assert world.base("MUG") == 12
    assert world.staged() == []


def test_a_newer_price_takes_the_place_of_the_one_that_waits(world: PriceWorld) -> None:
    world.shop.holds_both = False
    world.price("MUG", "12", "10")
    world.promote("MUG", "7", days=3)
    world.poll()
    begun = world.staged()[0].since
    world.bench.clock.advance(300)
    world.price("MUG", "13")
    world.poll()
    assert [(one.price, one.since) for one in world.staged()] == [(13, begun)]
    world.bench.clock.advance(300)
    world.price("MUG", "10")
    world.poll()
    assert world.staged() == [], "the store has that already"
    world.poll_later(4 * 86_400)
    assert world.base("MUG") == 10


# -- what falls too far


def test_a_price_that_falls_too_far_waits_for_a_person_and_the_rest_goes_on(world: PriceWorld) -> None:
    world.price("MUG", "69", "100")
    world.price("CUP", "70", "100")
    world.price("FREE", "0", "5")
    world.price("DEAR", "900", "5")
    world.poll()
    assert [world.base(sku) for sku in ("MUG", "CUP", "FREE", "DEAR")] == [100, 70, 5, 900]
    held, sent = sorted(world.pushes(), key=lambda push: push.state != "held")
    assert (held.state, held.changed, sent.state, sent.changed) == ("held", 2, "done", 2)
    [letter] = world.bench.letters()
    assert (letter.code, letter.subject) == ("prices-held", "prices from erp to shop")
    assert f"erpsync prices apply {held.id}" in letter.next_step


def test_beside_what_is_held_prices_go_on_day_after_day(world: PriceWorld) -> None:
    world.price("MUG", "1", "100")
    world.price("CUP", "90", "100")
    world.poll()
    for amount in ("91", "92"):
        world.bench.clock.advance(1000)
        world.price("CUP", amount)
        world.poll()
        assert world.base("CUP") == Decimal(amount)
    assert [push.state for push in world.pushes()].count("held") == 1
    assert len(world.bench.letters()) == 1


def test_a_person_lets_it_go_on(world: PriceWorld) -> None:
    world.price("MUG", "50", "100")
    world.poll()
    pushes.apply(world.bench.runtime, world.pushes()[0].id, "ada")
    world.bench.work()
    assert world.base("MUG") == 50
    [push] = world.pushes()
    assert (push.state, push.approved_by) == ("done", "ada")
    assert world.bench.letters() == []


def test_other_prices_than_a_person_saw_are_not_sent(world: PriceWorld) -> None:
    world.price("MUG", "50", "100")
    world.poll()
    [held] = world.pushes()
    with world.bench.database.connect() as connection:
        seen = pushes.look(connection, held)
    world.bench.clock.advance(300)
    world.price("MUG", "5")
    world.poll()
    with pytest.raises(NotPossible, match="other prices since"):
        pushes.apply(world.bench.runtime, held.id, "an operator", seen)
    world.bench.work()
    assert world.base("MUG") == 100
    with world.bench.database.connect() as connection:
        seen = pushes.look(connection, held)
    pushes.apply(world.bench.runtime, held.id, "an operator", seen)
    world.bench.work()
    assert world.base("MUG") == 5


def test_what_a_person_has_allowed_may_wait_for_a_promotion_and_needs_no_second_leave(world: PriceWorld) -> None:
    world.shop.holds_both = False
    world.price("MUG", "50", "100")
    world.promote("MUG", "40")
    world.poll()
    pushes.apply(world.bench.runtime, world.pushes()[0].id, "ada")
    world.bench.work()
    for _ in range(3):
        world.poll_later()
    assert [one.price for one in world.staged()] == [50]
    assert world.bench.letters() == []
    world.promote("MUG", None)
    world.poll_later()
    assert world.base("MUG") == 50


def test_what_a_person_has_allowed_is_not_another_price_that_came_meanwhile(world: PriceWorld) -> None:
    world.price("MUG", "50", "100")
    world.poll()
    push_id = world.pushes()[0].id
    world.bench.clock.advance(300)
    world.price("MUG", "5")
    while polling.poll(world.bench.runtime, ERP, "prices").more:
        pass
    pushes.apply(world.bench.runtime, push_id, "ada")
    world.bench.work()
    assert world.base("MUG") == 100
    assert [(push.state, push.changed) for push in world.pushes() if push.id != push_id] == [("held", 1)]


def test_a_price_that_the_erp_corrects_is_held_no_longer(world: PriceWorld) -> None:
    world.price("MUG", "1", "100")
    world.poll()
    world.bench.clock.advance(300)
    world.price("MUG", "99")
    world.poll()
    assert world.base("MUG") == 99
    assert world.bench.letters() == []
    assert "held" not in [push.state for push in world.pushes()]


def test_how_far_a_price_may_fall_is_the_routes_to_say(make_world: MakeWorld) -> None:
    world = make_world(largest_fall_percent=Decimal(5))
    world.price("MUG", "94", "100")
    world.price("CUP", "95", "100")
    world.poll()
    assert (world.base("MUG"), world.base("CUP")) == (100, 95)


# -- undo


def test_undo_restores_what_has_not_changed_since(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.price("CUP", "13", "10")
    world.poll()
    world.bench.clock.advance(300)
    world.price("CUP", "14")
    world.poll()
    first = world.pushes()[0].id
    world.bench.clock.advance(300)
    back = pushes.undo(world.bench.runtime, first, "ada")
    world.bench.work()
    assert (world.base("MUG"), world.base("CUP")) == (10, 14)
    assert world.notes() == {"MUG": "done", "CUP": "skipped it has changed since"}
    assert back == max(push.id for push in world.pushes() if push.undoes == first)


def test_what_was_taken_back_stays_until_the_erp_tells_something_new(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.poll()
    world.bench.clock.advance(300)
    pushes.undo(world.bench.runtime, world.pushes()[0].id, "ada")
    world.bench.work()
    for seconds in (300, 1000, 90_000):
        world.bench.erp.books.touch("price", next(iter(world.bench.erp.books.prices)))
        world.poll_later(seconds)
        assert world.base("MUG") == 10
    world.price("MUG", "11")
    world.poll_later()
    assert world.base("MUG") == 11


def test_undo_waits_for_nothing_that_is_held(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.price("CUP", "1", "100")
    world.poll()
    sent = next(push for push in world.pushes() if push.state == "done")
    world.bench.clock.advance(1)
    pushes.undo(world.bench.runtime, sent.id, "ada")
    world.bench.work()
    assert world.base("MUG") == 10


def test_undo_overwrites_no_promotion(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.poll()
    world.shop.holds_both = False
    world.promote("MUG", "7", days=3)
    pushes.undo(world.bench.runtime, world.pushes()[0].id, "ada")
    world.bench.work()
    assert world.base("MUG") == 12
    assert world.notes() == {"MUG": "skipped a promotion stands in its way"}


# -- rules


def test_price_lists_are_mapped(make_world: MakeWorld) -> None:
    world = make_world(lists={"RETAIL": "", "TRADE": "Trade"})
    world.shop.price_lists["Trade"] = {}
    world.price("MUG", "12", "10", price_list="RETAIL")
    world.price("MUG", "9", price_list="TRADE")
    world.price("MUG", "1", price_list="STAFF")
    world.price("MUG", "99")
    world.poll()
    assert (world.base("MUG"), world.in_list("Trade")) == (12, {"MUG": "9.00 EUR"})
    world.bench.clock.advance(300)
    world.shop.price_lists["Trade"].clear()
    world.price("MUG", "9.00", price_list="TRADE")
    world.poll()
    assert world.in_list("Trade") == {}, "what was last set is set again only when it changes"
    world.bench.clock.advance(300)
    world.price("MUG", "8.50", price_list="TRADE")
    world.poll()
    assert world.in_list("Trade") == {"MUG": "8.50 EUR"}


def test_a_price_list_that_falls_too_far_is_held_too(make_world: MakeWorld) -> None:
    world = make_world(lists={"": "", "TRADE": "Trade"})
    world.shop.price_lists["Trade"] = {}
    world.price("MUG", "10", "10")
    world.price("MUG", "9", price_list="TRADE")
    world.poll()
    world.bench.clock.advance(300)
    world.price("MUG", "2", price_list="TRADE")
    world.poll()
    assert world.in_list("Trade") == {"MUG": "9.00 EUR"}
    assert [push.state for push in world.pushes()] == ["done", "held"]


def test_a_list_may_be_in_a_currency_of_its_own_and_the_base_may_not(make_world: MakeWorld) -> None:
    world = make_world(lists={"": "", "US": "America"})
    world.shop.price_lists["America"] = {}
    world.price("MUG", "12", "10")
    world.price("MUG", "11", currency="USD")
    world.price("MUG", "13", price_list="US", currency="USD")
    world.price("CUP", "11", "10", currency="USD")
    world.poll()
    assert (world.base("MUG"), world.base("CUP")) == (12, 10)
    assert world.in_list("America") == {"MUG": "13.00 USD"}
    assert unsynced(world)["in other currencies alone"] == ["CUP"]


def test_what_is_not_synced_is_one_report_and_no_error(world: PriceWorld) -> None:
    world.price("MUG", "12", "10")
    world.price("MUG", "11", minimum_quantity=Decimal(10))
    world.price("ONLY-ERP", "12")
    world.sell("ONLY-SHOP", "10")
    world.price("UNITS", "12", "10", unit="PCS")
    world.price("UNITS", "120", unit="BOX")
    world.price("TWICE", "12", "10")
    world.sell("TWICE", "10", variant="another")
    for _ in range(3):
        world.poll_later()
    assert world.bench.letters() == []
    assert (world.base("MUG"), world.base("UNITS"), world.base("TWICE")) == (12, 10, 10)
    assert unsynced(world) == {
        "only in the ERP": ["ONLY-ERP"],
        "only in the store": ["ONLY-SHOP"],
        "on several variants": ["TWICE"],
        "in other currencies alone": [],
        "in several currencies or sales units": ["UNITS"],
        "quantity breaks, which are left out": ["MUG"],
    }


def test_a_rule_that_changes_is_followed_though_the_erp_tells_nothing(make_world: MakeWorld) -> None:
    first = make_world()
    first.price("MUG", "10.02", "10")
    first.poll()
    later = PriceWorld(first.bench.database, PriceRules(rounding=Decimal("0.05")), clock=first.bench.clock)
    later.bench.erp.books.prices.update(first.bench.erp.books.prices)
    later.bench.erp.books.changed_at.update(first.bench.erp.books.changed_at)
    later.sell("MUG", "10.02")
    later.poll_later()
    assert later.base("MUG") == 10


@pytest.mark.parametrize(
    ("rules", "amount", "taxed", "currency", "shown"),
    [
        ({}, "10.005", False, "EUR", "10.01"),
        ({}, "1000.5", False, "JPY", "1001"),
        ({}, "1.2345", False, "KWD", "1.235"),
        ({"tax": Tax.ADD, "tax_percent": 19}, "10", False, "EUR", "11.90"),
        ({"tax": Tax.ADD, "tax_percent": 19}, "10", True, "EUR", "10.00"),
        ({"tax": Tax.REMOVE, "tax_percent": 19}, "11.90", True, "EUR", "10.00"),
        ({"tax": Tax.REMOVE, "tax_percent": 19}, "11.90", False, "EUR", "11.90"),
        ({"rounding": "0.05"}, "9.97", False, "CHF", "9.95"),
        ({"rounding": "0.05"}, "9.975", False, "CHF", "10.00"),
        ({"ending": "0.99"}, "10.40", False, "EUR", "9.99"),
        ({"ending": "0.99"}, "10.49", False, "EUR", "10.99"),
        ({"ending": "0.99"}, "10.99", False, "EUR", "10.99"),
        ({"ending": "0.99"}, "0.10", False, "EUR", "0.99"),
        ({"ending": "9.95"}, "102", False, "EUR", "99.95"),
        ({"ending": "0.05"}, "3.12", False, "EUR", "3.15"),
        ({"ending": "0.99"}, "0", False, "EUR", "0.00"),
        ({"tax": Tax.ADD, "tax_percent": 19, "ending": "0.99"}, "10", False, "EUR", "11.99"),
    ],
)
def test_what_a_price_becomes(rules: dict[str, object], amount: str, taxed: bool, currency: str, shown: str) -> None:
    exact = {key: value if key == "tax" else Decimal(str(value)) for key, value in rules.items()}
    found = PriceRules(**exact).store_price(Decimal(amount), currency, tax_included=taxed)  # type: ignore[arg-type]
    assert f"{found:f}" == shown


# -- products


def test_a_product_is_made_with_the_price_that_the_erp_has_told(make_world: MakeWorld) -> None:
    world = make_world(ending=Decimal("0.99"))
    world.sell("CUP", "9.99")
    world.price("MUG", "12.30")
    world.price("GIFT", "0")
    world.poll()
    for sku in ("MUG", "GIFT"):
        world.bench.erp.books.products[sku] = Product(  # type: ignore[index]
            id=sku, title=sku, variants=(Variant(sku=Sku(sku)),)
        )
        world.bench.erp.books.touch("product", sku)
    polling.poll(world.bench.runtime, ERP, "products")
    world.bench.work()
    [made] = [one for one in world.shop.variants.values() if one.sku == "MUG"]
    assert made.price.base == Money(amount=Decimal("11.99"), currency="EUR")
    assert [one.visible for one in world.shop.catalogue.shown(Sku("MUG"))] == [True]
    assert [one.visible for one in world.shop.catalogue.shown(Sku("GIFT"))] == [False], "nothing is sold for nothing"


def unsynced(world: PriceWorld) -> dict[str, list[str]]:
    with world.bench.database.connect() as connection:
        terms = last_terms(connection, ERP, SHOP)
        assert terms is not None
        return prices.unsynced(connection, terms, 10)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is asked of the ledger inside."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        made.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(engine, "before_cursor_execute", note)
