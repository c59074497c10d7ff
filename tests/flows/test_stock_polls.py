"""Mistakes that syncs of stock are known for, and that this one does not make."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from erpsync.domain.errors import Rejected
from erpsync.engine import polling
from erpsync.testing.bench import ERP
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.faults import FaultKind, WorkerKilled
from tests.flows.stock_world import StockWorld


@pytest.fixture
def world(database: Engine) -> StockWorld:
    """One whose ERP tells ten SKUs a page."""
    made = StockWorld(database)
    made.bench.erp = FakeErp(made.bench.clock, ERP, page_size=10, of=made.bench.erp)
    made.bench.runtime = made.bench.worker("ten a page", erp=made.bench.erp, store=made.bench.store)
    return made


def test_the_watermark_is_from_the_start_of_the_reading_so_that_what_commits_late_is_found(world: StockWorld) -> None:
    """Set to "now" at the end, it would pass over what changed while the reading went on, and what committed late."""
    for number in range(25):
        world.stock(f"SKU-{number:02d}", 10)
    world.poll()
    world.bench.clock.advance(300)
    pages = 0

    def while_it_reads(operation: str) -> None:
        nonlocal pages
        if operation == "stock_changed":
            pages += 1
            world.bench.clock.advance(30)
            if pages == 2:
                # Its page was told already; and its transaction began half a minute before it is seen.
                _set(world, "SKU-01", 3)
                world.bench.erp.books.touch("stock", "SKU-01", seconds_ago=29)

    for number in range(25):
        _set(world, f"SKU-{number:02d}", 9)
    world.bench.erp.faults.on_arrival = while_it_reads
    world.poll_stock()
    world.bench.erp.faults.on_arrival = None
    assert pages == 3
    assert world.in_shop("SKU-01") == 9, "this reading could not know"
    world.bench.clock.advance(300)
    world.poll_stock()
    assert world.in_shop("SKU-01") == 3


def test_rows_that_change_between_two_pages_push_none_of_the_others_out_of_the_reading(world: StockWorld) -> None:
    """Read by offset, a page would begin too late as soon as a row before it had moved."""
    for number in range(30):
        world.stock(f"SKU-{number:02d}", 10)
    world.poll()
    world.bench.clock.advance(300)
    for number in range(30):
        _set(world, f"SKU-{number:02d}", 7)
    pages = 0

    def while_it_reads(operation: str) -> None:
        nonlocal pages
        if operation == "stock_changed":
            pages += 1
            for number in range(0, 10, 2):
                _set(world, f"SKU-{number:02d}", 6)

    world.bench.erp.faults.on_arrival = while_it_reads
    world.poll_stock()
    world.bench.erp.faults.on_arrival = None
    assert pages == 3
    assert {world.in_shop(f"SKU-{number:02d}") for number in range(10, 30)} == {7}
    world.bench.clock.advance(300)
    world.poll_stock()
    assert {world.in_shop(f"SKU-{number:02d}") for number in range(0, 10, 2)} == {6}


def test_negative_stock_is_never_told(world: StockWorld) -> None:
    world.stock("MUG", 5, 5)
    world.stock("CUP", 4, 4)
    world.poll()
    world.bench.clock.advance(300)
    _set(world, "MUG", -8)
    level = world.bench.erp.books.stock["CUP", "east"]  # type: ignore[index]
    world.bench.erp.books.stock["CUP", "east"] = level.model_copy(  # type: ignore[index]
        update={"reserved": Decimal(9)}
    )
    world.bench.erp.books.touch("stock", "CUP")
    world.poll_stock()
    assert (world.in_shop("MUG"), world.in_shop("CUP")) == (0, 0)


def test_one_bad_sku_does_not_stop_its_page(world: StockWorld) -> None:
    for number in range(10):
        world.stock(f"SKU-{number:02d}", 10)
    bad = Rejected("no", system="shop", what="The shop does not want it.", next_step="Ask the shop.")
    refusal = world.bench.store.faults.refuse("set_stock", "SKU-03", bad)
    world.poll()
    assert refusal.fired > 0
    assert [world.in_shop(f"SKU-{number:02d}") for number in range(10)] == [10, 10, 10, 0, *[10] * 6]


def test_a_poll_that_is_killed_goes_on_at_its_page(world: StockWorld) -> None:
    for number in range(30):
        world.stock(f"SKU-{number:02d}", 10)
    killed = world.bench.erp.faults.add(FaultKind.KILLED_BEFORE, "stock_changed", skip=2)
    with pytest.raises(WorkerKilled):
        polling.poll(world.bench.runtime, ERP, "stock")
    assert killed.fired == 1
    assert world.bench.rows("SELECT count(*) AS n FROM stock_levels")[0]["n"] == 20
    told: list[str] = []
    world.bench.erp.faults.on_arrival = told.append
    world.bench.clock.advance(400)
    world.poll_stock()
    assert told.count("stock_changed") == 1, "the pages before are not read again"
    assert world.bench.rows("SELECT count(*) AS n FROM stock_levels")[0]["n"] == 30


def _set(world: StockWorld, sku: str, units: int) -> None:
    world.stock(sku, units, None)
