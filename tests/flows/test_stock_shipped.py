"""Stock of an ERP whose figures do not count an order before it is shipped."""

from decimal import Decimal
from typing import Literal

import pytest
from sqlalchemy import Engine

from erpsync.domain.fulfilments import ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order
from erpsync.engine import polling
from erpsync.flows.stock_rules import StockRules
from erpsync.testing.bench import ERP
from erpsync.testing.faults import FaultKind
from tests.flows.stock_world import StockWorld


def sold(database: Engine, orders_count: Literal["created", "shipped"] = "shipped") -> tuple[StockWorld, Order]:
    """Of ten mugs four are sold, in an order that the ERP has and reserves nothing for."""
    world = StockWorld(database, StockRules(orders_count=orders_count))
    world.bench.erp.books.reserves = False
    world.stock("MUG", 10)
    poll(world)
    world.bench.go_on(120)
    order = world.buy({"MUG": 4})
    world.bench.work()
    poll(world)
    return world, order


def poll(world: StockWorld) -> None:
    world.bench.clock.advance(300)
    world.bench.erp.books.touch("stock", "MUG")
    polling.poll(world.bench.runtime, ERP, "fulfilments")
    world.poll()


def ship(world: StockWorld, units: int) -> None:
    [order_id] = world.bench.erp.books.orders
    world.bench.erp.books.add_shipment(order_id, (ShippedLine(sku=Sku("MUG"), quantity=Decimal(units)),))
    level = world.bench.erp.books.stock[Sku("MUG"), "east"]
    world.stock("MUG", int(level.on_hand) - units, None)


@pytest.mark.parametrize(("orders_count", "left"), [("created", 10), ("shipped", 6)])
def test_what_was_sold_is_not_handed_back_before_it_is_shipped(
    database: Engine, orders_count: Literal["created", "shipped"], left: int
) -> None:
    world, _ = sold(database, orders_count)
    assert world.in_shop("MUG") == left
    poll(world)
    assert world.in_shop("MUG") == left


def test_once_all_is_shipped_the_erps_figures_speak(database: Engine) -> None:
    world, _ = sold(database)
    ship(world, 3)
    poll(world)
    assert world.in_shop("MUG") == 3, "what is shipped in part counts twice until the rest is"
    ship(world, 1)
    for _ in range(2):
        poll(world)
    assert world.in_shop("MUG") == 6
    assert world.bench.rows("SELECT settled FROM sales") == [{"settled": True}]


def test_a_shipment_counts_with_levels_that_were_read_after_it_alone(database: Engine) -> None:
    world, _ = sold(database)
    ship(world, 4)
    world.bench.erp.books.touch("stock", "MUG", seconds_ago=86_400)
    away = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "stock_of", times=None)
    world.bench.clock.advance(300)
    polling.poll(world.bench.runtime, ERP, "fulfilments")
    world.poll_stock()
    assert away.fired > 0
    assert world.bench.rows("SELECT on_hand FROM stock_levels") == [{"on_hand": 10}]
    assert world.in_shop("MUG") == 6
    world.bench.erp.faults.clear()
    world.bench.go_on(180)
    poll(world)
    assert world.in_shop("MUG") == 6
    assert world.bench.rows("SELECT settled FROM sales") == [{"settled": True}]


def test_what_was_closed_after_a_part_of_it_was_shipped_waits_for_no_more(database: Engine) -> None:
    world, _ = sold(database)
    ship(world, 3)
    [order_id] = world.bench.erp.books.orders
    world.bench.erp.books.close_order(TargetId(order_id))
    for _ in range(2):
        poll(world)
    assert world.in_shop("MUG") == 7


def test_what_is_cancelled_in_the_store_needs_no_shipment(database: Engine) -> None:
    world, order = sold(database)
    world.cancel(order)
    world.bench.work()
    for _ in range(2):
        poll(world)
    assert world.in_shop("MUG") == 10
    assert world.bench.rows("SELECT settled FROM sales") == [{"settled": True}]


def test_without_fulfilments_nothing_is_set_and_a_dead_letter_says_why(database: Engine) -> None:
    world = StockWorld(database, StockRules(orders_count="shipped"))
    world.stock("MUG", 10, 2)
    world.poll()
    world.bench.go_on(180)
    [letter] = world.bench.letters()
    assert letter.code == "shipments-unknown"
    assert world.in_shop("MUG") == 2
    poll(world)
    assert world.in_shop("MUG") == 10
    assert world.bench.letters() == []
