"""What belongs together, told before anything is written."""

from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import Engine

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.products import Product, Variant
from erpsync.engine import polling
from erpsync.flows.product_matches import Found, Row, matches
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreVariant
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.fake_store import FakeStore
from tests.flows.product_world import MUG, delete, put, stock_shop


@pytest.fixture
def bench(database: Engine) -> Bench:
    return Bench(database)


def found(bench: Bench, store: FakeStore | None = None) -> dict[tuple[str, str], Row]:
    """Each row by its SKU and the ERP's product."""
    rows = list(matches(bench.context(bench.erp, store or bench.store)))
    by_key = {(row.sku, row.erp_product): row for row in rows}
    assert len(by_key) == len(rows)
    return by_key


def states(bench: Bench) -> dict[tuple[str, str], Found]:
    return {key: row.found for key, row in found(bench).items()}


def test_what_is_retired_is_told_as_little_as_it_counts(bench: Bench) -> None:
    """A mug that is sold in the place of another, whichever the ERP tells first; and one that nothing stands for."""
    for mug, other in (("MUG", "3"), ("CUP", "9")):
        stock_shop(bench, (mug, f"v-{mug}", f"p-{mug}"))
        variants = (Variant(sku=Sku(mug), active=False), Variant(sku=Sku(mug)))
        put(bench, MUG.model_copy(update={"id": TargetId("5" + mug), "variants": variants}))
        put(bench, MUG.model_copy(update={"id": TargetId(other), "variants": variants[1:], "active": False}))
    put(bench, MUG.model_copy(update={"id": TargetId("7"), "variants": (Variant(sku=Sku("JUG")),), "active": False}))
    assert states(bench) == {
        ("MUG", "5MUG"): Found.MATCHED,
        ("CUP", "5CUP"): Found.MATCHED,
        ("JUG", "7"): Found.ONLY_IN_ERP,
    }


def test_a_sku_that_the_erp_sells_twice_is_ambiguous(bench: Bench) -> None:
    stock_shop(bench, ("MUG", "v1", "p1"))
    put(bench, MUG, MUG.model_copy(update={"id": TargetId("4800")}))
    twice = Product(id=TargetId("4900"), title="Cup", variants=(Variant(sku=Sku("CUP")), Variant(sku=Sku("CUP"))))
    put(bench, twice)
    rows = found(bench)
    assert rows["MUG", "4712"].found is Found.MATCHED
    assert (rows["MUG", "4800"].found, rows["MUG", "4800"].store_product) == (Found.AMBIGUOUS, "")
    assert "product 4712" in rows["MUG", "4800"].detail
    assert (rows["CUP, CUP", "4900"].found, len(rows)) == (Found.AMBIGUOUS, 3)


class Unreadable(FakeStore):
    """One that has a variant of which nobody can tell what it is."""

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        error = Rejected("unreadable", system="shop", record="variant 9", what="It has no price.", next_step="Mend it.")
        return replace(super().variants_changed(since), unreadable=(error,))


def test_what_the_store_cannot_tell_is_told(bench: Bench) -> None:
    stock_shop(bench, ("MUG", "v1", "p1"), read=False)
    rows = found(bench, Unreadable(bench.clock, SHOP, of=bench.store))
    assert rows["variant 9", ""] == Row(Found.UNREADABLE, "variant 9", detail="It has no price.")
    assert rows["MUG", ""].found is Found.ONLY_IN_STORE


class Stopped(Exception):
    """A person has had enough."""


def test_a_look_that_is_cut_short_takes_nothing_from_what_a_poll_reads_meanwhile(bench: Bench) -> None:
    store = FakeStore(bench.clock, SHOP, page_size=1, of=bench.store)
    worker = bench.worker("worker-2", store=store)
    stock_shop(bench, ("CUP", "v1", "p1"), ("JUG", "v2", "p2"), ("MUG", "v3", "p3"), read=False)
    calls = count(1)

    def look(operation: str) -> None:
        call = next(calls)
        if call == 3:  # the poll is about to ask for its last page
            bench.clock.advance(60)
            with pytest.raises(Stopped):
                list(matches(bench.context(bench.erp, store)))
        if call == 5:  # and the look for its second
            raise Stopped

    bench.store.faults.on_arrival = look
    assert polling.poll(worker, SHOP, "catalogue").trouble == ""
    assert next(calls) == 6
    assert [row["sku"] for row in bench.rows("SELECT sku FROM store_variants ORDER BY sku")] == ["CUP", "JUG", "MUG"]


def test_a_look_forgets_what_the_store_has_no_longer(bench: Bench) -> None:
    stock_shop(bench, ("CUP", "v1", "p1"), ("MUG", "v3", "p3"))
    bench.clock.advance(60)
    delete(bench, "CUP")
    assert states(bench) == {("MUG", ""): Found.ONLY_IN_STORE}
