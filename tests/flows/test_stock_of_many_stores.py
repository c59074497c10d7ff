"""Shops that sell one ERP's stock: what one has sold, the others cannot sell, though the ERP knows nothing of it yet."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.testing import samples
from erpsync.testing.clock import TestClock
from erpsync.testing.faults import FaultKind
from tests.flows.test_fulfilments_of_many_stores import ERP, OUTLET, SHOP, SHOP_EU, STORES, World

MUG = Sku("MUG")


@pytest.fixture
def world(database: Engine, tools: Tools) -> World:
    made = World(database, tools, TestClock(ticks=True), flows=("orders", "stock"))
    made.erp.books.reserves = True
    made.erp.books.stock[MUG, "east"] = StockLevel(sku=MUG, location="east", on_hand=Decimal(10))
    made.erp.books.touch("stock", MUG)
    price = StorePrice(base=Money(amount=Decimal(10), currency="EUR"))
    for store in made.stores.values():
        store.shop.variants[MUG] = StoreVariant(MUG, SourceId("v"), SourceId("p"), MUG, price, True, True, {"main": 0})
        store.touch("variant", MUG)
    for name in STORES:
        made.poll(name, "catalogue")
    made.poll(ERP, "stock")
    assert has(made) == {SHOP: 10, SHOP_EU: 10, OUTLET: 10}
    return made


def has(world: World) -> dict[ConnectionName, int]:
    return {name: store.shop.variants[MUG].stock["main"] for name, store in world.stores.items()}


def sell(world: World, name: ConnectionName, units: int) -> None:
    store = world.stores[name]
    now = world.clock.now()
    store.put(samples.order("1", lines=(samples.line(MUG, str(units)),), created_at=now, updated_at=now))
    left = store.shop.variants[MUG].stock["main"] - units
    store.shop.variants[MUG] = replace(store.shop.variants[MUG], stock={"main": left})
    store.touch("variant", MUG)


def test_what_one_shop_has_sold_while_the_erp_is_away_is_taken_off_the_others(world: World) -> None:
    away = world.erp.faults.add(FaultKind.UNAVAILABLE, "create_orders", times=None)
    sell(world, SHOP_EU, 4)
    world.poll(SHOP_EU, "orders")
    world.poll(ERP, "stock")
    assert away.fired > 0
    assert has(world) == {SHOP: 6, SHOP_EU: 6, OUTLET: 6}


def test_a_shop_that_is_down_leaves_the_others_no_old_quantities(world: World) -> None:
    world.erp.faults.add(FaultKind.UNAVAILABLE, "create_orders", times=None)
    sell(world, SHOP_EU, 4)
    down = world.stores[SHOP_EU].faults.add(FaultKind.UNAVAILABLE, "read_orders", times=None)
    world.poll(SHOP_EU, "orders")
    world.erp.books.stock[MUG, "east"] = StockLevel(sku=MUG, location="east", on_hand=Decimal(3))
    world.erp.books.touch("stock", MUG)
    world.poll(ERP, "stock")
    assert down.fired > 0
    assert (has(world)[SHOP], has(world)[OUTLET]) == (3, 3)
