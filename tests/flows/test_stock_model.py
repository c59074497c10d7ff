"""Whatever happens in whatever order, the store is never told of more than is left, and in the end of exactly that.

Buyers, webhooks that come late or never, an ERP that takes orders in when it likes, goods received and shipped, polls,
outages, lost replies and killed workers are mixed by hypothesis. Compared is what the shop has after each step with what
was received less what was sold, of which neither erpsync nor the ERP may know yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order
from erpsync.engine import polling
from erpsync.testing.bench import ERP, SHOP
from erpsync.testing.databases import empty
from erpsync.testing.faults import FaultKind, WorkerKilled
from tests.flows.stock_world import StockWorld

SKUS = ("MUG", "CUP")
_SHOP_FAULTS = (FaultKind.UNAVAILABLE, FaultKind.LOST_REPLY, FaultKind.KILLED_BEFORE, FaultKind.KILLED_AFTER)
_ERP_CALLS = ("create_orders", "find_orders", "stock_changed", "stock_of", "cancel_orders")


@dataclass
class Truth:
    """What is really so."""

    world: StockWorld
    received: dict[str, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    untold: list[Order] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)

    def left(self, sku: str) -> int:
        sold = sum(
            int(line.quantity)
            for order in self.orders
            if order.source_id not in self.cancelled
            for line in order.lines
            if line.sku == sku
        )
        return self.received[sku] - sold

    def check(self) -> None:
        for sku in SKUS:
            assert self.world.in_shop(sku) <= self.left(sku), f"{sku}: the shop may sell what is not there"


Step: TypeAlias = Callable[[Truth], None]


def _buy(sku: str, quantity: int, told: bool) -> Step:
    def step(truth: Truth) -> None:
        units = min(quantity, truth.world.in_shop(sku))
        if units > 0:
            order = truth.world.buy({sku: units}, told=told)
            truth.orders.append(order)
            if not told:
                truth.untold.append(order)

    return step


def _tell(truth: Truth) -> None:
    """A webhook that was late comes."""
    if truth.untold:
        truth.world.tell(truth.untold.pop(0))


def _cancel(truth: Truth) -> None:
    books = truth.world.bench.erp.books
    for order in truth.orders:
        shipped = any(one.shipped for one in books.orders_of(f"{SHOP}-{order.source_id}"))
        if order.source_id not in truth.cancelled and not shipped:
            truth.cancelled.add(order.source_id)
            truth.world.cancel(order)
            return


def _receive(sku: str, units: int) -> Step:
    def step(truth: Truth) -> None:
        books = truth.world.bench.erp.books
        level = books.stock[Sku(sku), "east"]
        books.stock[Sku(sku), "east"] = level.model_copy(update={"on_hand": level.on_hand + units})
        books.touch("stock", sku)
        truth.received[sku] += units

    return step


def _ship(truth: Truth) -> None:
    books = truth.world.bench.erp.books
    for key, order in books.orders.items():
        if not order.shipped and not order.cancelled:
            books.ship(TargetId(key))
            return


def _poll(source: str, flow: str) -> Step:
    def step(truth: Truth) -> None:
        try:
            polling.poll(truth.world.bench.runtime, ERP if source == "erp" else SHOP, flow)
        except WorkerKilled:
            return

    return step


def _work(truth: Truth) -> None:
    truth.world.bench.work()


def _sweep(truth: Truth) -> None:
    truth.world.bench.sweep()
    truth.world.bench.work()


def _wait(seconds: int) -> Step:
    return lambda truth: truth.world.bench.clock.advance(seconds)


def _shop_fails(kind: FaultKind) -> Step:
    return lambda truth: truth.world.bench.store.faults.add(kind, "set_stock", seconds=5) and None


def _erp_fails(kind: FaultKind, call: str) -> Step:
    return lambda truth: truth.world.bench.erp.faults.add(kind, call, seconds=5) and None


def _erp_takes_no_orders(truth: Truth) -> None:
    """For as long as it is not mended; what it holds can be read."""
    truth.world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "create_orders", times=None)


def _mended(truth: Truth) -> None:
    truth.world.bench.erp.faults.clear()


def _stock_run(truth: Truth) -> None:
    """A poll of the stock and what follows."""
    _poll("erp", "stock")(truth)
    _work(truth)


_skus = st.sampled_from(SKUS)
_steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(_buy, _skus, st.integers(1, 4), st.booleans()),
    st.builds(_buy, _skus, st.integers(1, 4), st.just(True)),
    st.just(_tell),
    st.just(_cancel),
    st.builds(_receive, _skus, st.integers(1, 5)),
    st.just(_ship),
    st.builds(_poll, st.just("erp"), st.just("stock")),
    st.builds(_poll, st.just("shop"), st.sampled_from(("orders", "catalogue"))),
    st.just(_stock_run),
    st.just(_stock_run),
    st.just(_work),
    st.just(_sweep),
    st.just(_erp_takes_no_orders),
    st.just(_mended),
    st.builds(_wait, st.integers(1, 400)),
    st.builds(_shop_fails, st.sampled_from(_SHOP_FAULTS)),
    st.builds(_erp_fails, st.sampled_from(_SHOP_FAULTS), st.sampled_from(_ERP_CALLS)),
)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(_steps, min_size=5, max_size=40))
def test_the_store_is_never_told_of_more_than_is_left_and_in_the_end_of_exactly_that(
    kept_database: Engine, steps: list[Step]
) -> None:
    empty(kept_database)
    truth = Truth(StockWorld(kept_database))
    for sku in SKUS:
        truth.world.stock(sku, 10)
        truth.received[sku] = 10
    truth.world.poll()
    for step in steps:
        step(truth)
        truth.check()
    _come_to_rest(truth)
    assert {sku: truth.world.in_shop(sku) for sku in SKUS} == {sku: truth.left(sku) for sku in SKUS}


def _come_to_rest(truth: Truth) -> None:
    """No more traffic, nothing fails: what beat and workers do in an hour."""
    bench = truth.world.bench
    bench.store.faults.clear()
    bench.erp.faults.clear()
    for _ in range(8):
        bench.sweep()
        bench.work()
        bench.clock.advance(330)
        truth.world.poll()
        truth.check()
