"""Whatever happens in whatever order, the store is never told of more than is left, and in the end of exactly that.

Buyers, webhooks that come late or never, an ERP that takes orders in when it likes, goods received and shipped, polls,
outages, lost replies and killed workers are mixed by hypothesis. Compared is what the shop has after each step with what
was received less what was sold, of which neither erpsync nor the ERP may know yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
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

    def is_dead(self, order: Order) -> bool:
        dead = self.world.bench.rows("SELECT source_id FROM jobs WHERE state = 'dead'")
        return order.source_id in {row["source_id"] for row in dead}

    def check(self) -> None:
        for sku in SKUS:
            assert self.world.in_shop(sku) <= self.left(sku), f"{sku}: the shop may sell what is not there"


Step: TypeAlias = tuple[str | int, ...]
"""What happens, and to what, so that a mix that fails can be read."""


def _take(truth: Truth, step: Step) -> None:
    name, *details = step
    _STEPS[str(name)](truth, *details)


def _buy(truth: Truth, sku: str, quantity: int, told: int) -> None:
    units = min(quantity, truth.world.in_shop(sku))
    if units > 0:
        order = truth.world.buy({sku: units}, told=bool(told))
        truth.orders.append(order)
        if not told:
            truth.untold.append(order)


def _tell(truth: Truth) -> None:
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


def _receive(truth: Truth, sku: str, units: int) -> None:
    books = truth.world.bench.erp.books
    level = books.stock[Sku(sku), "east"]
    books.stock[Sku(sku), "east"] = level.model_copy(update={"on_hand": level.on_hand + units})
    books.touch("stock", sku)
    truth.received[sku] += units


def _ship(truth: Truth) -> None:
    """But nothing that the shop has cancelled a moment ago: such goods are gone, whatever anybody counts."""
    books = truth.world.bench.erp.books
    cancelled = {f"{SHOP}-{source_id}" for source_id in truth.cancelled}
    for key, order in books.orders.items():
        if not order.shipped and not order.cancelled and order.reference not in cancelled:
            books.ship(TargetId(key))
            return


def _poll(truth: Truth, flow: str) -> None:
    try:
        polling.poll(truth.world.bench.runtime, ERP if flow == "stock" else SHOP, flow)
    except WorkerKilled:
        return


def _follow_stock(truth: Truth) -> None:
    _poll(truth, "stock")
    truth.world.bench.work()


def _sweep(truth: Truth) -> None:
    truth.world.bench.sweep()
    truth.world.bench.work()


def _shop_fails(truth: Truth, kind: str) -> None:
    truth.world.bench.store.faults.add(FaultKind(kind), "set_stock", seconds=5)


def _erp_fails(truth: Truth, kind: str, call: str) -> None:
    truth.world.bench.erp.faults.add(FaultKind(kind), call, seconds=5)


def _erp_refuses_orders(truth: Truth) -> None:
    """Until it is mended; what it holds can be read."""
    truth.world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "create_orders", times=None)


_STEPS: dict[str, Callable[..., object]] = {
    "buy": _buy,
    "a late webhook": _tell,
    "cancel": _cancel,
    "receive": _receive,
    "ship": _ship,
    "poll": _poll,
    "follow stock": _follow_stock,
    "work": lambda truth: truth.world.bench.work(),
    "sweep": _sweep,
    "wait": lambda truth, seconds: truth.world.bench.clock.advance(seconds),
    "shop fails": _shop_fails,
    "erp fails": _erp_fails,
    "erp refuses orders": _erp_refuses_orders,
    "erp is mended": lambda truth: truth.world.bench.erp.faults.clear(),
}
_skus = st.sampled_from(SKUS)
_kinds = st.sampled_from([str(kind) for kind in _SHOP_FAULTS])
_steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("buy"), _skus, st.integers(1, 4), st.integers(0, 1)),
    st.tuples(st.just("receive"), _skus, st.integers(1, 5)),
    st.tuples(st.just("poll"), st.sampled_from(("stock", "orders", "catalogue"))),
    st.tuples(st.just("wait"), st.integers(1, 400)),
    st.tuples(st.just("shop fails"), _kinds),
    st.tuples(st.just("erp fails"), _kinds, st.sampled_from(_ERP_CALLS)),
    st.sampled_from([(name,) for name in ("a late webhook", "cancel", "ship", "sweep", "erp is mended")]),
    st.sampled_from([(name,) for name in ("work", "follow stock", "erp refuses orders")]),
)


# Nothing is made smaller where it fails: with a database behind each step that takes longer than reading it.
@settings(max_examples=120, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
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
        _take(truth, step)
        truth.check()
    _come_to_rest(truth)
    # What a person is asked about, such as an order that was shipped before its reply came, counts as unseen until then.
    asked = {line.sku for order in truth.orders for line in order.lines if truth.is_dead(order)}
    settled = [sku for sku in SKUS if sku not in asked]
    assert {sku: truth.world.in_shop(sku) for sku in settled} == {sku: truth.left(sku) for sku in settled}


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
