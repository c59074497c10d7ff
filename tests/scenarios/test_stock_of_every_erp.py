"""Stock and base prices of each ERP reach a store, configured as a person would, at the sandbox's simulators."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from erpsync import bootstrap
from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.domain.ids import ConnectionName
from erpsync.engine import polling, run
from erpsync.engine.runtime import Runtime
from erpsync.ledger import jobs, reads
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import serve
from erpsync.servers.launcher import Servers
from erpsync.systems import registry
from erpsync.testing.clock import TestClock
from erpsync.testing.fakes import FakeWake
from tests.scenarios.test_every_store_reaches_every_erp import ERPS, STORES, controls

PAIRS = list(zip(cycle(STORES), ERPS, strict=False))


@dataclass(frozen=True)
class World:
    assembly: bootstrap.Assembly
    runtime: Runtime
    wake: FakeWake
    store: ConnectionName
    erp: ConnectionName
    shop: Any
    books: Any

    def poll(self, source: ConnectionName, flow: str) -> None:
        while True:
            polled = polling.poll(self.runtime, source, flow)
            assert polled.trouble in ("", "paced"), polled.trouble
            if not (polled.more or polled.trouble):
                return

    def follow(self, flow: str) -> None:
        """Runs the job of that flow, and no other."""
        with self.assembly.database.connect() as connection:
            job_id = jobs.of_route(connection, flow, self.erp, self.store)
        assert job_id is not None
        while (report := run.run(self.runtime, job_id)).ran:
            assert (report.dead, report.again_code) == (None, "")


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[1]} to {pair[0]}")
def world(
    request: pytest.FixtureRequest,
    database_url: str,
    servers: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    store, erp = request.param
    with serve({name: simulator_of(name) for name in (store, erp)}) as served:
        shop, books = controls(served[store]), controls(served[erp])
        path = write_configuration(
            tmp_path,
            {name: (name, one) for name, one in served.items()},
            {name: secret_fields(registry.spec(name)) for name in (store, erp)},
            routes=[(store, erp)],
            flows=("orders", "stock", "prices"),
            tables=[f"[routes.stock]\nlocations = {{ {books.locations[0]!r} = {{ {shop.locations[0]!r} = 1 }} }}"],
        )
        for variable, value in (("CONFIG", path), ("DATABASE_URL", database_url), ("HOME", tmp_path / "home")):
            monkeypatch.setenv(f"ERPSYNC_{variable}", str(value))
        monkeypatch.setenv("ERPSYNC_REDIS_URL", servers.redis_url)
        assembly, wake = bootstrap.configured(), FakeWake(TestClock())
        assembly.announce()
        runtime = assembly.runtime(wake)
        yield World(assembly, runtime, wake, ConnectionName(store), ConnectionName(erp), shop, books)
        assembly.database.dispose()


def test_what_the_erp_has_and_asks_for_it_is_what_the_store_has_and_asks(world: World) -> None:
    place, shelf = world.books.locations[0], world.shop.locations[0]
    world.books.put_stock("SKU-0001", place, Decimal(37))
    world.books.put_price("SKU-0001", Decimal("12.34"))
    world.poll(world.store, "orders")
    world.poll(world.store, "catalogue")
    for flow in ("stock", "prices"):
        world.poll(world.erp, flow)
        world.follow(flow)
    assert world.shop.stock("SKU-0001", shelf) == 37
    assert world.shop.price("SKU-0001")[0] == Decimal("12.34")

    world.shop.place({"SKU-0001": 5})
    world.shop.put_stock("SKU-0001", shelf, 32)  # as a shop does by itself
    world.poll(world.store, "orders")
    world.books.put_stock("SKU-0001", place, Decimal(40))
    world.poll(world.erp, "stock")
    world.follow("stock")
    assert world.shop.stock("SKU-0001", shelf) == 35, "the ERP does not know of the five that were sold"
    with world.assembly.database.connect() as connection:
        letters = reads.dead_letters(connection)
    # Some of the sandbox's items cost a third of what its shops ask: a person would look at those.
    assert [letter.problem for letter in letters if letter.code != "prices-held"] == []
