"""All of an ERP's stock is read anew on request, and goes on where it was killed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.engine import backfill, operations
from erpsync.flows import history
from erpsync.ledger import backfills
from erpsync.ledger.backfills import Progress
from erpsync.ports.backfill import Past
from erpsync.testing.bench import ERP, LEASE
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.faults import FaultKind, WorkerKilled
from tests.flows.stock_world import StockWorld

SKUS = [f"SKU-{n:02}" for n in range(10)]


@pytest.fixture
def world(database: Engine) -> StockWorld:
    """What polls have brought so far is not what the ERP has: it forgot to tell of a change."""
    world = StockWorld(database)
    for sku in SKUS:
        world.stock(sku, 5)
    world.poll()
    world.bench.clock.advance(600)
    world.poll()
    for sku in SKUS:
        world.bench.erp.books.stock[Sku(sku), "east"] = StockLevel(sku=Sku(sku), location="east", on_hand=Decimal(6))
    world.bench.clock.advance(600)
    small = world.bench.worker("worker-1", erp=FakeErp(world.bench.clock, page_size=3, of=world.bench.erp))
    world.bench.runtime = replace(world.bench.runtime, history=small.history)
    return world


def ask(world: StockWorld, *, dry_run: bool = False) -> int:
    past = Past("stock", ERP, None, None, world.bench.clock.now())
    windows = history.windows(past)
    return operations.start_backfill(world.bench.runtime, past, windows, dry_run=dry_run, concurrency=4, actor="ada")


def shown(world: StockWorld, backfill_id: int) -> Progress:
    with world.bench.database.connect() as connection:
        found = backfills.progress(connection, backfill_id)
    assert found is not None
    return found


def in_shop(world: StockWorld) -> set[int]:
    return {world.in_shop(sku) for sku in SKUS}


def test_what_the_erp_never_told_of_reaches_the_store(world: StockWorld) -> None:
    world.poll_stock()
    assert in_shop(world) == {5}, "a poll reads what is told as changed"
    backfill_id = ask(world)
    world.bench.go_on(30)
    assert in_shop(world) == {6}
    progress = shown(world, backfill_id)
    assert (progress.state, progress.read, progress.errors) == ("done", len(SKUS), 0)


def test_it_goes_on_at_the_page_at_which_it_was_killed(world: StockWorld) -> None:
    killed = world.bench.erp.faults.add(FaultKind.KILLED_AFTER, "stock_changed", skip=2)
    backfill_id = ask(world)
    with pytest.raises(WorkerKilled):
        backfill.read_on(world.bench.runtime, backfill_id)
    assert shown(world, backfill_id).read == 6
    world.bench.go_on(LEASE.total_seconds() + 120)
    assert killed.fired == 1
    assert in_shop(world) == {6}
    assert shown(world, backfill_id).read == len(SKUS)


def test_a_dry_run_counts_the_levels_and_keeps_none(world: StockWorld) -> None:
    backfill_id = ask(world, dry_run=True)
    world.bench.go_on(30)
    assert in_shop(world) == {5}
    assert world.bench.rows("SELECT DISTINCT on_hand FROM stock_levels") == [{"on_hand": Decimal(5)}]
    assert shown(world, backfill_id).read == len(SKUS)
