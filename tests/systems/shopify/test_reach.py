"""An app without read_all_orders sees the orders of 60 days: older ones are not taken for gone, nor left out unsaid."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.ports.store import Store
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, OrderMark, OrderNote
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]
OLD = 61 * 86_400


def fulfil(store: Store, order_id: SourceId) -> object:
    line = FulfilledLine(None, Sku("SKU-0001"), Decimal(1))
    return store.fulfil([FulfilmentDraft("ship-1", order_id, (line,), (Parcel(number="00340"),), notify=True)])[
        "ship-1"
    ]


ASKED: dict[str, Callable[[Store, SourceId], object]] = {
    "its order": lambda store, order_id: store.read_orders([order_id])[order_id],
    "its money": lambda store, order_id: store.read_money([order_id])[order_id],
    "a shipment": fulfil,
    "a mark": lambda store, order_id: store.mark_orders([OrderMark(order_id, "unknown-sku")])[order_id],
    "the ERP's number": lambda store, order_id: store.write_back([OrderNote(order_id, "erp", TargetId("1"), "S1")])[
        order_id
    ],
}


@pytest.mark.parametrize("asked", ASKED)
def test_an_order_that_is_too_old_to_be_seen_is_not_taken_for_gone(open_bench: OpenBench, asked: str) -> None:
    bench = open_bench(scopes=SCOPES - {"read_all_orders"})
    order_id = SourceId(bench.simulator.place_order([{"sku": "SKU-0001"}]))
    bench.clock.move(OLD)
    answer = ASKED[asked](bench.store(), order_id)
    assert isinstance(answer, Rejected), answer
    assert (answer.code, answer.problem.record) == ("order-out-of-reach", f"order {order_id}")
    assert "read_all_orders" in answer.problem.next_step


@pytest.mark.parametrize("asked", ASKED)
def test_an_app_that_sees_all_orders_is_told_of_one_that_is_gone(bench: Any, asked: str) -> None:
    old, deleted = (SourceId(bench.simulator.place_order([{"sku": "SKU-0001"}])) for _ in range(2))
    bench.simulator.delete_order(deleted)
    bench.clock.move(OLD)
    store = bench.store()
    assert not isinstance(ASKED[asked](store, old), SyncError)
    assert isinstance(ASKED[asked](store, deleted), Skip)
    assert isinstance(ASKED[asked](store, deleted), Skip)
    # That it sees all is asked once.
    assert bench.served.faulty.operations["Inspect"] == 1


def test_where_the_scopes_cannot_be_read_an_order_is_not_taken_for_gone(bench: Any) -> None:
    fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="Inspect", status=200, body=b'{"data":{}}'))
    answers = bench.store().read_orders([SourceId("5")])
    assert fault.fired
    assert isinstance(answers[SourceId("5")], Transient)


def test_a_backfill_of_orders_that_are_too_old_to_be_seen_is_refused(open_bench: OpenBench) -> None:
    bench = open_bench(scopes=SCOPES - {"read_all_orders"})
    bench.simulator.place_order()
    bench.clock.move(OLD)
    new = bench.simulator.place_order()
    store, end = bench.store(), bench.clock.now() + timedelta(seconds=1)
    with pytest.raises(Rejected) as raised:
        store.orders_between(end - timedelta(days=90), end, None)
    assert "read_all_orders" in raised.value.problem.next_step
    within = store.orders_between(end - timedelta(days=59), end, None)
    assert [change.source_id for change in within.records] == [new]


def test_an_app_that_sees_all_orders_reads_old_ones_for_backfills(bench: Any) -> None:
    old = bench.simulator.place_order()
    bench.clock.move(OLD)
    page = bench.store().orders_between(bench.clock.now() - timedelta(days=90), bench.clock.now(), None)
    assert [change.source_id for change in page.records] == [old]
