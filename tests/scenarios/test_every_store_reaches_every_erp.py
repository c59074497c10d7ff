"""An order of each store reaches each ERP, configured as a person would: by a file, at the sandbox's simulators."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.orders import Order
from erpsync.engine import intake, polling, run
from erpsync.engine.runtime import Runtime
from erpsync.ledger import inbox, links, reads
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ports.spec import Role
from erpsync.ports.webhooks import Delivery
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import Served, serve
from erpsync.servers.launcher import Servers
from erpsync.systems import registry
from erpsync.systems.shopify.simulator_controls import ShopifyControls
from erpsync.testing.clock import TestClock
from erpsync.testing.fakes import FakeWake
from erpsync.testing.reading import everything

STORES = sorted(name for name in registry.names() if registry.spec(name).role is Role.STORE)
ERPS = sorted(name for name in registry.names() if registry.spec(name).role is Role.ERP)
PATIENCE_SECONDS = 120.0
PAIRS = list(zip(cycle(STORES), ERPS, strict=False))
# Others, for the sandbox's NetSuite has customers of its own with the addresses of the sandbox's Shopify.
PAIRS_FOR_CUSTOMERS = list(zip(cycle(STORES[::-1]), ERPS, strict=False))


@dataclass(frozen=True)
class World:
    served: Mapping[str, Served]
    assembly: Assembly
    runtime: Runtime
    wake: FakeWake

    def deliver(self, store: str) -> None:
        """The store's webhooks that are due, through the receiver's steps."""
        webhooks = self.assembly.webhooks(ConnectionName(store))
        now = datetime.now(UTC)
        for hook in controls(self.served[store]).hooks():
            delivery = Delivery({name.lower(): value for name, value in hook.headers.items()}, hook.body)
            webhooks.verify(delivery, now)
            key, topic = webhooks.delivery_key(delivery), webhooks.topic(delivery)
            with self.assembly.database.begin() as connection:
                inbox.store(connection, ConnectionName(store), key, topic, delivery.headers, delivery.body, now)

    def work(self) -> None:
        """Until nothing is left to do, nor what a remote's limit has put off."""
        intake.take_in(self.runtime)
        while calls := self.wake.take_jobs():
            for call in calls:
                run.run(self.runtime, call.job_id)
        end = time.monotonic() + PATIENCE_SECONDS
        while (waiting := self._waiting()) and time.monotonic() < end:
            time.sleep(0.2)
            for job_id in waiting:
                run.run(self.runtime, job_id)

    def _waiting(self) -> list[JobId]:
        with self.assembly.database.connect() as connection:
            return [JobId(job.id) for job in reads.jobs(connection, state="ready", limit=1000)]


@pytest.fixture
def world(database_url: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    names = [*STORES, *ERPS]
    with serve({name: simulator_of(name) for name in names}) as served:
        path = write_configuration(
            tmp_path,
            {name: (name, one) for name, one in served.items()},
            {name: secret_fields(registry.spec(name)) for name in names},
            routes=[(store, erp) for store in STORES for erp in ERPS],
            flows=("orders", "fulfilments", "products"),
            tables=[
                "[web]",
                'public_url = "https://erpsync.example.com"',
                *(customers(*pair) for pair in PAIRS_FOR_CUSTOMERS),
            ],
        )
        for variable, value in (("CONFIG", path), ("DATABASE_URL", database_url), ("HOME", tmp_path / "home")):
            monkeypatch.setenv(f"ERPSYNC_{variable}", str(value))
        monkeypatch.setenv("ERPSYNC_REDIS_URL", servers.redis_url)
        assembly, wake = bootstrap.configured(), FakeWake(TestClock())
        assembly.announce()
        yield World(served, assembly, assembly.runtime(wake), wake)
        assembly.database.dispose()


def test_an_order_of_each_store_is_in_each_erp_once(world: World) -> None:
    for _, remote, address in world.assembly.subscribing():
        remote.subscribe(address)
    placed = {store: controls(world.served[store]).place({"SKU-0001": 2, "SKU-0002": 1}) for store in STORES}
    for store in STORES:
        world.deliver(store)
    world.work()
    with world.assembly.database.connect() as connection:
        assert [(letter.subject, letter.problem) for letter in reads.dead_letters(connection)] == []
    for store, order_id in placed.items():
        shown = controls(world.served[store]).shown(order_id)
        numbers = []
        for erp in ERPS:
            [booked] = controls(world.served[erp]).booked(f"{store}-{order_id}")
            assert (booked.total, dict(booked.quantities)) == (shown.total, {"SKU-0001": 2, "SKU-0002": 1}), (
                store,
                erp,
            )
            numbers.append(booked.number)
        # Some stores have room for one ERP's number alone.
        assert any(number in shown.notes for number in numbers), store


@pytest.mark.parametrize(("store", "erp"), PAIRS)
def test_a_shipment_of_each_erp_is_in_a_store_with_its_tracking(world: World, store: str, erp: str) -> None:
    order_id = controls(world.served[store]).place({"SKU-0001": 2, "SKU-0002": 1})
    polling.poll(world.runtime, ConnectionName(store), "orders")
    world.work()
    [booked] = controls(world.served[erp]).booked(f"{store}-{order_id}")
    controls(world.served[erp]).ship(booked.id, {"SKU-0001": Decimal(1)}, carrier="DHL", number="00340434161094021501")
    for _ in range(2):
        assert polling.poll(world.runtime, ConnectionName(erp), "fulfilments").trouble == ""
        world.work()
    with world.assembly.database.connect() as connection:
        assert [(letter.subject, letter.problem) for letter in reads.dead_letters(connection)] == []
    shown = controls(world.served[store]).shown(order_id)
    assert shown.shipments == {"00340434161094021501": {"SKU-0001": 1}}
    assert shown.messages <= 1


@pytest.mark.parametrize(("store", "erp"), PAIRS)
def test_a_product_of_each_erp_is_in_a_store_under_its_sku(world: World, store: str, erp: str) -> None:
    [before] = controls(world.served[store]).product("SKU-0003")
    controls(world.served[erp]).put_product("SKU-0003", "A better thing")
    for source, flow in ((store, "catalogue"), (erp, "products")):
        while (trouble := polling.poll(world.runtime, ConnectionName(source), flow).trouble) == "paced":
            continue
        assert trouble == ""
    with world.assembly.database.connect() as connection:
        jobs = reads.jobs(connection, flow="products", search="SKU-0003")
    [job] = [job for job in jobs if job.target == store]
    report = run.run(world.runtime, job.id)
    assert (report.dead, report.again_code) == (None, "")
    [shown] = controls(world.served[store]).product("SKU-0003")
    assert (shown.id, shown.title) == (before.id, "A better thing")


@pytest.mark.parametrize(("store", "erp"), PAIRS_FOR_CUSTOMERS)
def test_an_account_of_a_store_is_in_each_erp_what_its_orders_have_made(world: World, store: str, erp: str) -> None:
    order_id = SourceId(controls(world.served[store]).place({"SKU-0001": 1}))
    order = world.assembly.store(ConnectionName(store)).read_orders([order_id])[order_id]
    assert isinstance(order, Order)
    assert polling.poll(world.runtime, ConnectionName(store), "orders").trouble == ""
    world.work()
    controls(world.served[store]).put_customer("Ada King", order.customer.email)
    assert polling.poll(world.runtime, ConnectionName(store), "customers").trouble == ""
    world.work()
    ends = Ends(LinkKind.CUSTOMER, ConnectionName(store), ConnectionName(erp))
    told, _ = everything(world.assembly.erp(ConnectionName(erp)).customers_changed)
    names = {one.ref.target_id: one.customer.last_name for one in told}
    with world.assembly.database.connect() as connection:
        assert [(letter.subject, letter.problem) for letter in reads.dead_letters(connection)] == []
        assert {(job.state, job.problem) for job in reads.jobs(connection, flow="customers")} == {("done", None)}
        [linked] = links.all_sources(connection, ends, list(names))
    assert names[linked] == "King"


def test_every_connection_is_well_as_the_sandbox_configures_it(world: World) -> None:
    for _, remote, address in world.assembly.subscribing():
        remote.subscribe(address)
    for name in world.assembly.bound:
        assert [check for check in world.assembly.adapter(name).check() if not check.ok] == [], name


def customers(store: str, erp: str) -> str:
    """A route of its own for them."""
    lines = [
        "[[routes]]",
        f'source = "{store}"',
        f'target = "{erp}"',
        'flows = ["customers"]',
        'customer_currency = "EUR"',
    ]
    return "\n".join(lines)


def controls(served: Served) -> Any:
    """What the system's own users do and see."""
    simulator: Any = served.faulty.simulator
    if hasattr(simulator, "controls"):
        return simulator.controls
    return simulator if hasattr(simulator, "put_stock") else ShopifyControls(simulator)
