"""SKUs that the ERP has more than once: what it sells no more must neither hide nor change what it sells in its place."""

import pytest

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.products import Product, Variant
from erpsync.engine import operations
from erpsync.ports.spec import Capabilities
from erpsync.testing.bench import ERP, SHOP, Bench
from tests.flows.conftest import MakeBench
from tests.flows.product_world import MUG, SHIRT, delete, linked, one, poll, put, ready, shown, state, stock_shop

# What somebody made in the ERP in the place of the mug, which the ERP keeps.
NEW_MUG = Product(id=TargetId("4800"), title="New mug", variants=(Variant(sku=Sku("MUG"), barcode="4006381333931"),))


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return ready(make_bench(store_capabilities=Capabilities(order_batch=10)))


def test_a_variant_that_is_retired_yields_to_the_one_that_has_its_sku_by_now(bench: Bench) -> None:
    sold, retired = Variant(sku=Sku("MUG"), barcode="4006381333931"), Variant(sku=Sku("MUG"), barcode="1", active=False)
    put(bench, MUG, variants=(retired, sold))
    poll(bench)
    put(bench, MUG, title="Better mug", variants=(sold, retired))
    poll(bench)
    assert (one(bench, "MUG").title, one(bench, "MUG").barcode, one(bench, "MUG").visible) == (
        "Better mug",
        "4006381333931",
        True,
    )


def test_two_variants_of_one_sku_that_are_both_sold_wait_for_a_person(bench: Bench) -> None:
    put(bench, MUG, variants=(Variant(sku=Sku("MUG")), Variant(sku=Sku("MUG"), title="the other")))
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, shown(bench, "MUG")) == ("sku-ambiguous", [])
    assert "MUG" in letter.problem


def test_a_product_that_is_retired_does_not_hide_the_one_in_its_place(bench: Bench) -> None:
    """Whichever the ERP tells of first, and also where the shop had the product before."""
    stock_shop(bench, ("MUG", "v1", "p1"))
    put(bench, MUG, active=False)
    put(bench, NEW_MUG)
    poll(bench)
    bench.go_on(60)
    assert (one(bench, "MUG").title, one(bench, "MUG").visible) == ("New mug", True)
    put(bench, MUG, active=False, title="Old mug")
    poll(bench)
    assert (one(bench, "MUG").title, one(bench, "MUG").visible) == ("New mug", True)
    assert state(bench, MUG) == ("skipped", "sku-elsewhere")
    assert bench.letters() == []


def test_what_takes_the_place_of_a_retired_product_shows_what_that_one_had_hidden(bench: Bench) -> None:
    put(bench, MUG)
    poll(bench)
    put(bench, MUG, active=False)
    poll(bench)
    assert not one(bench, "MUG").visible
    put(bench, NEW_MUG)
    poll(bench)
    assert (one(bench, "MUG").title, one(bench, "MUG").visible) == ("New mug", True)
    assert linked(bench)["4800"] == linked(bench)["4712"]


def test_what_somebody_deleted_in_the_shop_is_not_made_again_in_the_name_of_another_product(bench: Bench) -> None:
    put(bench, MUG)
    poll(bench)
    put(bench, MUG, active=False)
    poll(bench)
    delete(bench, "MUG")
    put(bench, NEW_MUG)
    poll(bench)
    (letter,) = bench.letters()
    assert (letter.code, shown(bench, "MUG")) == ("product-gone", [])
    assert f"`erpsync products forget {ERP} {SHOP} {MUG.id}`" in letter.next_step
    operations.forget_product(bench.runtime, ERP, SHOP, SourceId(MUG.id), "olga")
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (one(bench, "MUG").title, bench.letters()) == ("New mug", [])


def test_two_products_of_one_sku_that_are_both_sold_wait_for_a_person_though_told_together(bench: Bench) -> None:
    put(bench, MUG, NEW_MUG)
    poll(bench)
    bench.go_on(60)
    assert len(shown(bench, "MUG")) == 1
    (letter,) = bench.letters()
    assert (letter.code, {state(bench, MUG)[0], state(bench, NEW_MUG)[0]}) == ("sku-ambiguous", {"done", "dead"})
    other = MUG if state(bench, MUG)[0] == "done" else NEW_MUG
    assert "MUG" in letter.problem
    assert f"product {other.id}" in letter.problem


def test_the_second_of_two_products_is_let_in_when_the_first_is_retired_or_forgotten(bench: Bench) -> None:
    put(bench, MUG)
    poll(bench)
    put(bench, NEW_MUG)
    poll(bench)
    (letter,) = bench.letters()
    assert f"`erpsync products forget {ERP} {SHOP} {MUG.id}`" in letter.next_step
    operations.forget_product(bench.runtime, ERP, SHOP, SourceId(MUG.id), "olga")
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (one(bench, "MUG").title, bench.letters()) == ("New mug", [])
    put(bench, NEW_MUG, active=False)
    put(bench, MUG, title="Old mug")
    poll(bench)
    bench.go_on(60)
    assert (one(bench, "MUG").title, one(bench, "MUG").visible, bench.letters()) == ("Old mug", True, [])


def test_items_that_the_erp_has_made_one_product_of_are_let_go_by_name(bench: Bench) -> None:
    """It told of them as items of their own, and tells of them no more."""
    stock_shop(bench, ("SHIRT-M", "v1", "p1"), ("SHIRT-L", "v2", "p1"))
    for number, sku in (("1", "SHIRT-M"), ("2", "SHIRT-L")):
        put(bench, Product(id=TargetId(number), title=sku, variants=(Variant(sku=Sku(sku)),)))
    poll(bench)
    bench.erp.books.products.clear()
    put(bench, SHIRT)
    poll(bench)
    (letter,) = bench.letters()
    assert letter.code == "sku-ambiguous"
    for number in ("1", "2"):
        assert f"`erpsync products forget {ERP} {SHOP} {number}`" in letter.next_step
        operations.forget_product(bench.runtime, ERP, SHOP, SourceId(number), "olga")
    operations.replay_dead_letter(bench.runtime, letter.id, "olga")
    bench.work()
    assert (one(bench, "SHIRT-M").title, linked(bench)["4711"], bench.letters()) == ("Shirt", "p1", [])
