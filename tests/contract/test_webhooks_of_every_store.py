"""Two thousand webhooks of which a fifth comes twice, a fifth in the wrong order and a twentieth never: after one poll the
ledger has every order once, at its latest state, and so has the ERP."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module

import pytest
from sqlalchemy import Engine

from erpsync.domain.errors import SyncError, Throttled
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order, rounded
from erpsync.engine import intake, polling, run
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Delivery
from erpsync.testing.bench import SHOP, Bench, reference_of
from erpsync.testing.clock import TestClock
from erpsync.testing.limits import limited
from erpsync.testing.store_contract import ADDRESS, StoreStage
from tests.quiet import silenced

MODULES = ("shopify", "woocommerce", "bigcommerce", "custom")
# Each order is placed and then edited: two webhooks where the store tells each.
ORDERS = 1000
SEED = 20261


class PatientClock:
    """The real time, and what a pause takes without anybody waiting for it: the stores' limits hold all the same."""

    def __init__(self) -> None:
        self._paused = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._paused

    def pause(self, seconds: float) -> None:
        self._paused += timedelta(seconds=seconds)


@cache
def stages() -> Mapping[str, Callable[[Tools], AbstractContextManager[StoreStage]]]:
    names = [f"tests.systems.{module}.stage" for module in MODULES]
    return {name: opened for module in names for name, opened in import_module(module).STAGES.items()}


@pytest.fixture
def patient() -> PatientClock:
    return PatientClock()


@pytest.fixture(params=stages())
def stage(request: pytest.FixtureRequest, tools: Tools, patient: PatientClock) -> Iterator[StoreStage]:
    patiently = limited(replace(tools, clock=patient, pause=patient.pause))
    with silenced(), stages()[request.param](patiently) as opened:
        yield opened


def test_what_webhooks_double_muddle_and_lose_is_in_the_erp_once_and_at_its_latest(
    stage: StoreStage, emptied: Engine, patient: PatientClock
) -> None:
    bench = Bench(emptied, clock=TestClock(datetime.now(UTC)), batch=100)
    worker = bench.worker("worker-1", store=stage.open())
    chance = random.Random(SEED)
    if stage.webhooks is not None:
        bench.webhooks[SHOP] = stage.webhooks
        if StoreAbility.SUBSCRIBE not in stage.capabilities.missing:
            stage.open().subscribe(ADDRESS)
        stage.controls.hooks()
    placed = [stage.controls.place({"SKU-0001": chance.randint(1, 3), "SKU-0002": 1}) for _ in range(ORDERS)]
    first = _deliveries(stage)
    for order_id in placed:
        stage.controls.edit(order_id, {"SKU-0001": chance.randint(4, 9)})
    second = _deliveries(stage)
    sent, lost = _muddled(first, second, chance)
    for delivery in sent:
        bench.receive(delivery)
    intake.take_in(worker)
    assert not sent or lost > len(first) // 25
    _work(bench, stage, patient)
    while polling.poll(worker, SHOP, "orders").trouble:
        patient.pause(30)
        bench.go_on(30)
    _work(bench, stage, patient)

    assert bench.letters() == []
    states = bench.rows("SELECT source_id, state FROM jobs")
    assert {row["source_id"]: row["state"] for row in states} == dict.fromkeys(placed, "done")
    latest = _latest(stage, placed, patient)
    for order_id in placed:
        [booked] = bench.erp.books.orders_of(reference_of(order_id))
        assert booked.order.content_hash() == latest[order_id].content_hash(), order_id


def _deliveries(stage: StoreStage) -> list[Delivery]:
    return [
        Delivery({name.lower(): value for name, value in hook.headers.items()}, hook.body)
        for hook in stage.controls.hooks()
    ]


def _muddled(first: list[Delivery], second: list[Delivery], chance: random.Random) -> tuple[list[Delivery], int]:
    """A twentieth is never sent, a fifth comes twice, and a fifth of the later ones before all of the earlier ones."""
    kept = [[one for one in part if chance.random() >= 0.05] for part in (first, second)]
    early = [one for one in kept[1] if chance.random() < 0.2]
    late = [one for one in kept[1] if one not in early]
    repeats = [one for part in kept for one in part if chance.random() < 0.2]
    sent = [*early, *kept[0], *late, *repeats]
    return sent, len(first) + len(second) - len(kept[0]) - len(kept[1])


def _work(bench: Bench, stage: StoreStage, patient: PatientClock) -> None:
    """A worker does what there is to do; what a store's limit puts off is done when its time has come."""
    worker = bench.worker("worker-2", store=stage.open())
    for _ in range(60):
        bench.sweep()
        for call in bench.wake.take_jobs():
            run.run(worker, call.job_id)
        if bench.rows("SELECT count(*) AS n FROM jobs WHERE state <> 'done'")[0]["n"] == 0:
            return
        bench.clock.advance(40)
        patient.pause(40)


def _patiently(store: Store, source_ids: list[SourceId], patient: PatientClock) -> Mapping[SourceId, Order | SyncError]:
    while True:
        try:
            return store.read_orders(source_ids)
        except Throttled:
            patient.pause(10)


def _latest(stage: StoreStage, placed: list[str], patient: PatientClock) -> dict[str, Order]:
    store, answers = stage.open(), {}
    for start in range(0, len(placed), 25):
        answers |= _patiently(store, [SourceId(order_id) for order_id in placed[start : start + 25]], patient)
    found = {}
    for order_id in placed:
        order = answers[SourceId(order_id)]
        assert isinstance(order, Order), order
        result = rounded(order, 5)
        found[order_id] = result.order  # type: ignore[union-attr]
    return found
