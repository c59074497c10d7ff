"""Shops that share one ERP, which is asked once for all: each is told of its own shipments."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import Engine

from erpsync import config
from erpsync.bootstrap import Assembly
from erpsync.bound import Bound
from erpsync.config import Route
from erpsync.domain.fulfilments import Parcel, ShippedLine
from erpsync.domain.ids import ConnectionName, JobId, Sku
from erpsync.engine import polling, run
from erpsync.engine.runtime import Runtime
from erpsync.ledger import reads
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.testing import samples
from erpsync.testing.clock import TestClock
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fake_store import FakeStore
from erpsync.testing.fakes import FakeWake

ERP = ConnectionName("erp")
SHOP, SHOP_EU, OUTLET = STORES = tuple(map(ConnectionName, ("shop", "shop-eu", "outlet")))


class NoSettings(BaseModel):
    pass


class World:
    """An installation with three routes, as it is configured, on fakes."""

    def __init__(
        self,
        database: Engine,
        tools: Tools,
        clock: TestClock,
        flows: tuple[str, ...] = ("orders", "fulfilments"),
    ) -> None:
        self.clock = clock
        self.erp = FakeErp(clock, ERP)
        self.stores = {name: FakeStore(clock, name) for name in STORES}
        self.asked: list[str] = []
        self.erp.faults.on_arrival = self.asked.append
        read, _ = config.read(Path("none.toml"), without_servers=True)
        routes = tuple(Route(source=name, target=ERP, flows=flows) for name in self.stores)
        erp = SystemSpec("erp", "ERP", Role.ERP, NoSettings, Capabilities(10, True), open_erp=lambda *_: self.erp)
        store = SystemSpec(
            "store", "Store", Role.STORE, NoSettings, Capabilities(), open_store=lambda name, *_: self.stores[name]
        )
        bound = {name: Bound(name, erp if name == ERP else store, NoSettings()) for name in (ERP, *STORES)}
        assembly = Assembly(replace(read, routes=routes), bound, database, clock, tools)
        assembly.announce()
        self.runtime: Runtime = assembly.runtime(FakeWake(clock))
        self.database = database

    def poll(self, source: ConnectionName, flow: str) -> None:
        """Asks a connection what changed, and runs every job that is due."""
        self.clock.advance(400)
        polling.poll(self.runtime, source, flow)
        with self.database.connect() as connection:
            ready = reads.jobs(connection, state="ready")
        for job in ready:
            run.run(self.runtime, JobId(job.id))

    def outcomes(self) -> dict[str, str]:
        """How the last run of each shop's shipments ended."""
        with self.database.connect() as connection:
            jobs = reads.jobs(connection, flow="fulfilments")
        return {job.target: job.problem_code or job.state for job in jobs}

    def shipped(self) -> dict[str, list[str]]:
        """Of which orders each shop knows shipments."""
        return {name: [one.order_id for one in store.shop.shipments.values()] for name, store in self.stores.items()}


@pytest.fixture
def world(database: Engine, tools: Tools) -> World:
    return World(database, tools, TestClock())


def ship(world: World, reference: str, source_id: str) -> None:
    """The ERP has an order whose reply was lost, and ships it."""
    made = world.erp.books.add_order(reference, samples.order(source_id))
    line = ShippedLine(sku=Sku("MUG"), quantity=Decimal(1))
    world.erp.books.add_shipment(made.ref.target_id, (line,), Parcel(carrier="DHL", number="00340"))


@pytest.mark.parametrize("name", STORES)
def test_a_shipment_of_an_order_that_is_not_linked_yet_reaches_its_shop(world: World, name: ConnectionName) -> None:
    ship(world, f"{name}-1001", "1001")
    world.poll(ERP, "fulfilments")
    assert world.outcomes()[name] == "order-not-linked"
    assert world.asked.count("order_changed") == 1
    world.stores[name].put(samples.order("1001"))
    world.poll(name, "orders")
    world.clock.advance(400)
    world.poll(ERP, "fulfilments")
    assert world.shipped() == {SHOP: [], SHOP_EU: [], OUTLET: [], name: ["1001"]}


def test_a_shop_whose_name_begins_anothers_leaves_the_others_orders_alone(world: World) -> None:
    ship(world, f"{SHOP_EU}-1001", "1001")
    world.stores[SHOP_EU].put(samples.order("1001"))
    world.poll(SHOP_EU, "orders")
    world.poll(ERP, "fulfilments")
    assert world.outcomes() == {SHOP: "not-from-this-store", SHOP_EU: "done", OUTLET: "not-from-this-store"}
    assert world.shipped() == {SHOP: [], SHOP_EU: ["1001"], OUTLET: []}


def test_an_order_of_no_shop_is_left_alone(world: World) -> None:
    ship(world, "market-1001", "1001")
    world.poll(ERP, "fulfilments")
    assert world.outcomes() == {}
