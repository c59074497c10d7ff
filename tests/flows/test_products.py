"""Products from the ERP to the shop: made, changed and hidden, each once, and never by a guess."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.engine import operations, polling
from erpsync.flows.context import ProductRules
from erpsync.ledger import retention
from erpsync.ports.spec import Capabilities, StoreAbility
from erpsync.ports.store_records import ProductField
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.fake_catalogue import ShopProduct
from erpsync.testing.faults import FaultKind
from tests.flows.conftest import MakeBench
from tests.flows.product_world import (
    MUG,
    SHIRT,
    delete,
    hide,
    linked,
    note,
    one,
    poll,
    price,
    price_in_shop,
    priced,
    put,
    read_shop,
    ready,
    shown,
    state,
    stock_shop,
    touched,
)


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return ready(make_bench(store_capabilities=Capabilities(order_batch=10)))


# -- made, changed, hidden


def test_a_product_of_the_erp_is_made_with_its_variants_and_prices(bench: Bench) -> None:
    put(bench, SHIRT)
    assert poll(bench).moved == 1
    product = one(bench, "SHIRT-M")
    assert (product.title, product.visible, dict(product.options)) == ("Shirt", True, {"Size": "M"})
    assert one(bench, "SHIRT-L").id == product.id
    assert bench.store.shop.variants[Sku("SHIRT-M")].price.base.amount == Decimal("19.90")
    assert linked(bench)["4711"] == product.id
    assert linked(bench).keys() == {"4711", "SHIRT-M", "SHIRT-L"}
    assert (state(bench), note(bench)) == (("done", None), "made, with 2 variants")


def test_what_the_erp_changes_is_changed_in_the_same_product(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    made = one(bench, "SHIRT-M")
    put(bench, SHIRT, title="Better shirt")
    poll(bench)
    assert (one(bench, "SHIRT-M").title, one(bench, "SHIRT-M").id) == ("Better shirt", made.id)
    assert note(bench) == "changed, with 2 variants"


def test_what_is_told_again_unchanged_costs_the_shop_nothing(bench: Bench) -> None:
    put(bench, SHIRT, MUG)
    poll(bench)
    before, runs = touched(bench), len(bench.rows("SELECT * FROM runs"))
    put(bench, SHIRT, MUG)
    assert (poll(bench).moved, touched(bench)) == (0, before)
    assert len(bench.rows("SELECT * FROM runs")) == runs


def test_one_that_is_run_again_by_a_person_costs_the_shop_nothing(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    before = touched(bench)
    operations.replay_job(bench.runtime, bench.job_id(SHIRT.id), "olga")
    bench.clock.advance(60)
    bench.work()
    assert (touched(bench), note(bench)) == (before, "unchanged")


def test_a_product_that_comes_back_to_an_older_state_is_put_again(bench: Bench) -> None:
    for title in ("Shirt", "Chemise", "Shirt", "Chemise", "Shirt"):
        put(bench, SHIRT, title=title)
        poll(bench)
        assert one(bench, "SHIRT-M").title == title


def test_a_burst_of_edits_is_put_once(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    for title in ("One", "Two", "Three"):
        put(bench, SHIRT, title=title)
        bench.clock.advance(300)
        polling.poll(bench.runtime, ERP, "products")
    runs = len(bench.rows("SELECT * FROM runs"))
    bench.work()
    assert one(bench, "SHIRT-M").title == "Three"
    assert len(bench.rows("SELECT * FROM runs")) == runs + 1


def test_a_variant_that_is_new_in_the_erp_is_added(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    before = linked(bench)
    put(bench, SHIRT, variants=(*SHIRT.variants, Variant(sku=Sku("SHIRT-XL"), options=("XL",))))
    poll(bench)
    assert one(bench, "SHIRT-XL").id == before["4711"]
    assert linked(bench).items() >= before.items()
    assert "SHIRT-XL" in linked(bench)


def test_a_product_that_is_archived_is_hidden_and_shown_again(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    made = linked(bench)
    for active in (False, True):
        put(bench, SHIRT, active=active)
        poll(bench)
        assert one(bench, "SHIRT-M").visible is active
        assert (linked(bench), len(bench.store.shop.variants)) == (made, 2)


def test_what_was_never_active_is_not_made(bench: Bench) -> None:
    retired = Variant(sku=Sku("SHIRT-S"), options=("S",), active=False)
    put(bench, MUG, active=False)
    put(bench, SHIRT, variants=(*SHIRT.variants, retired))
    poll(bench)
    assert state(bench, MUG) == ("skipped", "not-active")
    assert (shown(bench, "MUG"), shown(bench, "SHIRT-S"), len(shown(bench, "SHIRT-M"))) == ([], [], 1)


def test_what_somebody_hides_in_the_shop_stays_hidden_until_the_erp_shows_it_anew(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    hide(bench, "SHIRT-M")
    put(bench, SHIRT, title="Better shirt")
    poll(bench)
    assert (one(bench, "SHIRT-M").title, one(bench, "SHIRT-M").visible) == ("Better shirt", False)
    put(bench, SHIRT, active=False)
    poll(bench)
    put(bench, SHIRT)
    poll(bench)
    assert one(bench, "SHIRT-M").visible


# -- what the ERP owns


def test_texts_pictures_and_categories_stay_as_the_shop_has_made_them(bench: Bench) -> None:
    put(bench, SHIRT, description="From the ERP.", categories=("ERP",))
    poll(bench)
    assert one(bench, "SHIRT-M").description == "From the ERP.", "there was none before"
    put(bench, SHIRT, title="Better shirt", description="Newer.", categories=("Newer",))
    poll(bench)
    product = one(bench, "SHIRT-M")
    assert (product.title, product.description, product.categories) == ("Better shirt", "From the ERP.", ("ERP",))


def test_a_route_says_what_the_erp_owns(make_bench: MakeBench) -> None:
    rules = ProductRules(fields=frozenset({ProductField.DESCRIPTION}))
    bench = ready(make_bench(product_rules=rules))
    put(bench, SHIRT, description="Old.")
    poll(bench)
    put(bench, SHIRT, title="Better shirt", description="New.", active=False)
    poll(bench)
    product = one(bench, "SHIRT-M")
    assert (product.title, product.description, product.visible) == ("Shirt", "New.", True)


def test_a_route_that_makes_nothing_changes_what_the_shop_has_alone(make_bench: MakeBench) -> None:
    bench = ready(make_bench(product_rules=ProductRules(create=False)))
    stock_shop(bench, ("SHIRT-M", "v1", "p1"))
    put(bench, SHIRT, MUG)
    poll(bench)
    assert state(bench, MUG) == ("skipped", "not-in-store")
    assert (one(bench, "SHIRT-M").title, shown(bench, "SHIRT-L"), shown(bench, "MUG")) == ("Shirt", [], [])


def test_only_what_the_route_wants_is_made_and_what_the_store_has_is_kept_up_all_the_same(
    make_bench: MakeBench,
) -> None:
    bench = ready(make_bench(product_rules=ProductRules(create_where="contains(categories, 'Web shop')")))
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p1"))
    put(bench, SHIRT, MUG)
    poll(bench)
    assert state(bench, MUG) == ("skipped", "not-wanted")
    assert (one(bench, "SHIRT-M").title, shown(bench, "MUG")) == ("Shirt", [])
    put(bench, MUG.model_copy(update={"categories": ("Kitchen", "Web shop")}))
    poll(bench)
    assert len(shown(bench, "MUG")) == 1


def test_a_product_on_which_the_routes_condition_fails_stops_itself_alone(make_bench: MakeBench) -> None:
    rules = ProductRules(create_where="starts_with(options[0], 'Si')")
    bench = ready(make_bench(product_rules=rules, store_capabilities=Capabilities(order_batch=10)))
    put(bench, MUG, SHIRT)
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, letter.subject, shown(bench, "MUG")) == ("field-expression-failed", "products MUG", [])
    assert one(bench, "SHIRT-M").visible


# -- first contact


def test_what_the_shop_has_already_is_found_by_its_skus(bench: Bench) -> None:
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p1"), ("MUG", "v3", "p2"))
    put(bench, SHIRT, MUG)
    poll(bench)
    assert linked(bench) == {"4711": "p1", "SHIRT-M": "v1", "SHIRT-L": "v2", "4712": "p2", "MUG": "v3"}
    assert (one(bench, "SHIRT-M").title, one(bench, "MUG").title) == ("Shirt", "Mug")
    assert bench.store.shop.catalogue.with_sku(Sku("MUG"))[0].price.base.amount == Decimal("10.00")


def test_first_contact_shows_nothing_that_the_shop_has_hidden(bench: Bench) -> None:
    stock_shop(bench, ("MUG", "v3", "p2"))
    bench.store.shop.catalogue.products[SourceId("p2")] = ShopProduct(SourceId("p2"), "Soon!", visible=False)
    put(bench, MUG)
    poll(bench)
    assert (one(bench, "MUG").title, one(bench, "MUG").visible) == ("Mug", False)


def test_first_contact_hides_what_the_erp_sells_no_more(bench: Bench) -> None:
    stock_shop(bench, ("MUG", "v3", "p2"))
    put(bench, MUG, active=False)
    poll(bench)
    assert (one(bench, "MUG").visible, linked(bench)["4712"]) == (False, "p2")


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ([("SHIRT-M", "v1", "p1"), ("SHIRT-M", "v2", "p2")], ("SHIRT-M", "p1", "p2")),
        ([("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p2")], ("SHIRT-M", "SHIRT-L", "p1", "p2")),
        ([("shirt-m", "v1", "p1")], ("SHIRT-M", "shirt-m", "p1")),
        ([(" SHIRT-L ", "v1", "p1")], ("SHIRT-L", " SHIRT-L ", "p1")),
    ],
    ids=["a SKU twice", "two products", "another case", "blanks"],
)
def test_skus_that_do_not_say_which_product_is_meant_wait_for_a_person(
    bench: Bench, there: Sequence[tuple[str, str, str]], told: tuple[str, ...]
) -> None:
    stock_shop(bench, *there)
    before = dict(bench.store.shop.variants), dict(bench.store.shop.catalogue.products)
    put(bench, SHIRT, MUG)
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, state(bench, MUG)) == ("sku-ambiguous", ("done", None))
    assert all(word in letter.problem for word in told), letter.problem
    assert "erpsync products match" in letter.next_step
    assert all(bench.store.shop.variants[key] == variant for key, variant in before[0].items())
    assert (len(bench.store.shop.variants), "4711" in linked(bench)) == (len(there) + 1, False)


def test_an_ambiguity_that_a_person_has_settled_is_over_when_it_is_replayed(bench: Bench) -> None:
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-M", "v2", "p2"))
    put(bench, SHIRT)
    poll(bench)
    del bench.store.shop.variants[Sku("SHIRT-M v2")]
    with bench.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM store_variants WHERE variant_id = 'v2'")
    operations.replay_dead_letter(bench.runtime, bench.letters()[0].id, "olga")
    bench.work()
    assert (bench.letters(), linked(bench)["SHIRT-M"]) == ([], "v1")


def test_a_copy_that_somebody_makes_of_a_linked_product_does_not_make_it_uncertain(bench: Bench) -> None:
    put(bench, MUG)
    poll(bench)
    stock_shop(bench, ("MUG", "v9", "p9"))
    put(bench, MUG, title="Better mug")
    poll(bench)
    assert (bench.letters(), linked(bench)["4712"]) == ([], shown(bench, "MUG")[0].id)
    assert [product.title for product in shown(bench, "MUG")] == ["Better mug", "Our p9"]


def test_an_item_that_is_one_variant_of_a_shops_product_speaks_for_itself_alone(bench: Bench) -> None:
    """An ERP that knows no families has an item for each size: none of them may name or hide the product."""
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p1"))
    medium = Product(
        id=TargetId("1"), title="Shirt M", variants=(Variant(sku=Sku("SHIRT-M"), barcode="4006381333931"),)
    )
    large = Product(id=TargetId("2"), title="Shirt L", active=False, variants=(Variant(sku=Sku("SHIRT-L")),))
    put(bench, medium, large)
    poll(bench)
    product = one(bench, "SHIRT-M")
    assert (product.title, product.visible, product.barcode) == ("Our p1", True, "4006381333931")
    assert linked(bench) == {"1": "p1", "2": "p1", "SHIRT-M": "v1", "SHIRT-L": "v2"}


def test_nothing_is_put_before_the_shops_catalogue_has_been_read(make_bench: MakeBench) -> None:
    bench = priced(make_bench())
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-M", "v2", "p2"), read=False)
    put(bench, SHIRT, MUG)
    poll(bench)
    assert (state(bench), state(bench, MUG)) == (("ready", "catalogue-unread"), ("ready", "catalogue-unread"))
    assert bench.rows("SELECT 1 FROM connections WHERE quiet_until IS NOT NULL OR failures > 0") == []
    read_shop(bench)
    bench.go_on(120)
    assert (state(bench), state(bench, MUG)) == (("dead", "sku-ambiguous"), ("done", None))
    assert bench.job(MUG.id)["attempts"] == 0


def test_a_shop_that_does_not_tell_its_catalogue_is_asked_itself(make_bench: MakeBench) -> None:
    bench = priced(make_bench(store_capabilities=Capabilities(missing={StoreAbility.VARIANTS: "It tells none."})))
    stock_shop(bench, ("MUG", "v3", "p2"), read=False)
    put(bench, MUG)
    poll(bench)
    assert linked(bench) == {"4712": "p2", "MUG": "v3"}


# -- nothing is sold for nothing


def test_a_product_whose_price_is_not_known_is_made_hidden_and_shown_once_it_costs_something(bench: Bench) -> None:
    bench.prices.clear()
    put(bench, MUG)
    poll(bench)
    assert not one(bench, "MUG").visible
    assert "hidden" in note(bench, MUG)
    put(bench, MUG, title="Better mug")
    read_shop(bench)
    poll(bench)
    assert not one(bench, "MUG").visible
    price_in_shop(bench, "MUG", "9.90")
    read_shop(bench)
    poll(bench)
    assert (one(bench, "MUG").visible, one(bench, "MUG").title) == (True, "Better mug")


def test_a_price_that_the_erp_tells_later_shows_the_product_that_waited_for_it(bench: Bench) -> None:
    bench.prices.clear()
    put(bench, MUG)
    poll(bench)
    assert not one(bench, "MUG").visible
    bench.clock.advance(timedelta(days=90).total_seconds())
    with bench.database.begin() as connection:
        retention.purge(connection, bench.clock.now() - timedelta(days=retention.DAYS))
    bench.erp.books.prices[Sku("MUG")] = BasePrice(sku=Sku("MUG"), price=price("9.90"))
    bench.erp.books.touch("price", "MUG")
    read_shop(bench)
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.work()
    assert bench.store.shop.variants[Sku("MUG")].price.base == price("9.90")
    assert not one(bench, "MUG").visible
    poll(bench)
    assert one(bench, "MUG").visible
    assert poll(bench).moved == 0


def test_what_waits_for_its_price_is_not_shown_by_being_taken_out_of_sale_and_put_back(bench: Bench) -> None:
    bench.prices.clear()
    put(bench, MUG)
    poll(bench)
    read_shop(bench)
    for active in (False, True):
        put(bench, MUG, active=active)
        poll(bench)
        assert not one(bench, "MUG").visible
    price_in_shop(bench, "MUG", "9.90")
    read_shop(bench)
    poll(bench)
    assert one(bench, "MUG").visible


def tell_price(bench: Bench, sku: str) -> None:
    bench.erp.books.prices[Sku(sku)] = BasePrice(sku=Sku(sku), price=price("9.90"))
    bench.erp.books.touch("price", sku)


def test_what_is_made_waits_until_the_erp_has_been_asked_for_its_price(bench: Bench) -> None:
    """The ERP's users make a thing and its price at once, and each is told in its own time."""
    put(bench, SHIRT)
    poll(bench)
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.prices.clear()
    bench.clock.advance(300)
    extra = (*SHIRT.variants, Variant(sku=Sku("SHIRT-XL"), options=("XL",)))
    put(bench, SHIRT, variants=extra)
    put(bench, MUG)
    poll(bench)
    assert (state(bench), state(bench, MUG)) == (("ready", "prices-unread"), ("ready", "prices-unread"))
    for sku in ("SHIRT-XL", "MUG"):
        tell_price(bench, sku)
    bench.clock.advance(60)
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.go_on(120)
    assert (state(bench), state(bench, MUG), bench.letters()) == (("done", None), ("done", None), [])
    assert bench.job(SHIRT.id)["attempts"] == 0
    made = {sku: bench.store.shop.variants[Sku(sku)].price.base for sku in ("SHIRT-XL", "MUG")}
    assert made == dict.fromkeys(made, price("9.90"))
    assert one(bench, "MUG").visible


def test_a_price_that_is_still_unknown_when_the_erp_has_been_asked_is_waited_for_no_longer(bench: Bench) -> None:
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.prices.clear()
    put(bench, MUG)
    poll(bench)
    assert state(bench, MUG) == ("ready", "prices-unread")
    bench.clock.advance(60)
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.go_on(120)
    assert (state(bench, MUG), one(bench, "MUG").visible) == (("done", None), False)


def test_prices_that_nobody_gets_the_erp_to_tell_are_not_waited_for_for_ever(bench: Bench) -> None:
    assert polling.poll(bench.runtime, ERP, "prices").trouble == ""
    bench.prices.clear()
    put(bench, MUG)
    poll(bench)
    bench.go_on(2 * 3600)
    assert (state(bench, MUG), one(bench, "MUG").visible) == (("done", None), False)


def test_a_variant_without_a_price_is_not_added_to_what_is_on_sale(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    del bench.prices[Sku("SHIRT-XL")]
    extra = (*SHIRT.variants, Variant(sku=Sku("SHIRT-XL"), options=("XL",)))
    put(bench, SHIRT, title="Better shirt", variants=extra)
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, one(bench, "SHIRT-M").title, shown(bench, "SHIRT-XL")) == ("price-unknown", "Better shirt", [])
    assert "SHIRT-XL" in letter.problem
    priced(bench, "SHIRT-XL")
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (one(bench, "SHIRT-XL").id, bench.letters()) == (one(bench, "SHIRT-M").id, [])


# -- what somebody deletes in the shop


def test_what_somebody_deletes_in_the_shop_stays_away_until_a_person_has_it_forgotten(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    read_shop(bench)
    delete(bench, "SHIRT-M")
    put(bench, SHIRT, title="Better shirt")
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, shown(bench, "SHIRT-M")) == ("product-gone", [])
    assert "`erpsync products forget erp shop 4711`" in letter.next_step
    forgotten = operations.forget_product(bench.runtime, ERP, SHOP, SourceId("4711"), "olga")
    assert (forgotten.store_product_id, forgotten.variants, linked(bench)) == ("product-1", 2, {})
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (one(bench, "SHIRT-M").title, bench.letters()) == ("Better shirt", [])
    assert linked(bench).keys() == {"4711", "SHIRT-M", "SHIRT-L"}


def test_the_next_change_of_a_forgotten_product_finds_what_somebody_made_in_its_place(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    read_shop(bench)
    delete(bench, "SHIRT-M")
    put(bench, SHIRT, title="Better shirt")
    poll(bench)
    operations.forget_product(bench.runtime, ERP, SHOP, SourceId("4711"), "olga")
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p1"))
    put(bench, SHIRT, title="Best shirt")
    poll(bench)
    assert (one(bench, "SHIRT-M").id, one(bench, "SHIRT-M").title) == ("p1", "Best shirt")
    assert linked(bench) == {"4711": "p1", "SHIRT-M": "v1", "SHIRT-L": "v2"}


def test_only_the_product_that_is_named_is_forgotten_and_the_audit_says_by_whom(bench: Bench) -> None:
    put(bench, SHIRT, MUG)
    poll(bench)
    product_id = linked(bench)["4711"]
    operations.forget_product(bench.runtime, ERP, SHOP, SourceId("4711"), "olga")
    assert linked(bench).keys() == {"4712", "MUG"}
    [row] = bench.rows("SELECT actor, action, subject, detail FROM audit")
    assert tuple(row.values()) == ("olga", "forget", "product 4711 of erp", f"was product {product_id} of shop")
    with pytest.raises(operations.NotPossible, match="4711 of erp"):
        operations.forget_product(bench.runtime, ERP, SHOP, SourceId("4711"), "olga")


def test_what_was_deleted_before_it_was_ever_linked_is_made(bench: Bench) -> None:
    stock_shop(bench, ("MUG", "v1", "p1"))
    delete(bench, "MUG")
    put(bench, MUG)
    poll(bench)
    assert state(bench, MUG) == ("ready", "catalogue-outdated")
    bench.go_on(30)
    assert (len(shown(bench, "MUG")), state(bench, MUG)) == (1, ("done", None))


# -- when things go wrong


def test_one_bad_product_fails_alone(bench: Bench) -> None:
    cup = MUG.model_copy(update={"id": TargetId("4713"), "variants": (Variant(sku=Sku("CUP")),)})
    problem = Rejected("refused", system="shop", what="No.", next_step="Mend it.")
    refused = bench.store.faults.refuse("put_products", SHIRT.id, problem, times=1)
    put(bench, SHIRT, MUG, cup)
    poll(bench)
    assert (refused.fired, len(shown(bench, "MUG")), len(shown(bench, "CUP")), shown(bench, "SHIRT-M")) == (1, 1, 1, [])
    (letter,) = bench.letters()
    assert (letter.code, letter.subject) == ("refused", "products SHIRT-M")
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (len(shown(bench, "SHIRT-M")), bench.letters()) == (1, [])


def test_a_poll_revives_no_dead_letter(bench: Bench) -> None:
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-M", "v2", "p2"))
    for _ in range(3):
        put(bench, SHIRT)
        poll(bench)
    assert len(bench.rows("SELECT * FROM runs")) == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST_REPLY, FaultKind.KILLED_AFTER, FaultKind.KILLED_BEFORE])
def test_what_goes_wrong_between_putting_and_recording_makes_no_second_product(bench: Bench, kind: FaultKind) -> None:
    fault = bench.store.faults.add(kind, "put_products")
    put(bench, SHIRT)
    poll(bench)
    bench.go_on(600)
    assert (fault.fired, state(bench)) == (1, ("done", None))
    assert (len(shown(bench, "SHIRT-M")), len(bench.store.shop.variants)) == (1, 2)
    assert linked(bench).keys() == {"4711", "SHIRT-M", "SHIRT-L"}


def test_a_lost_reply_about_a_change_is_put_again_into_the_same_product(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    lost = bench.store.faults.add(FaultKind.LOST_REPLY, "put_products")
    put(bench, SHIRT, title="Better shirt")
    poll(bench)
    bench.go_on(120)
    assert (lost.fired, state(bench), one(bench, "SHIRT-M").title) == (1, ("done", None), "Better shirt")


def test_a_shop_that_is_down_leaves_products_waiting_and_unchanged_ones_done(bench: Bench) -> None:
    put(bench, SHIRT)
    poll(bench)
    down = bench.store.faults.add(FaultKind.UNAVAILABLE, "put_products", times=None)
    put(bench, MUG)
    poll(bench)
    assert (down.fired > 0, state(bench, MUG)[0], state(bench)) == (True, "ready", ("done", None))
    bench.store.faults.clear()
    bench.go_on(900)
    assert (state(bench, MUG), len(shown(bench, "MUG"))) == (("done", None), 1)
