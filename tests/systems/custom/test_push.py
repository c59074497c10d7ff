"""A shop that only sends webhooks, through the whole engine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from erpsync.bootstrap import Assembly
from erpsync.domain.errors import Rejected
from erpsync.engine import intake, operations, run
from erpsync.engine.runtime import Runtime
from erpsync.ledger import inbox, reads
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.systems.custom import SPEC
from erpsync.systems.custom.push import PushStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fakes import FakeWake
from tests.systems.custom.assembled import SHOP, assembled
from tests.systems.custom.events import SECRET, event, order, signed

SETTINGS = CustomSettings.model_validate({"secret": SECRET})


class Works:
    """The engine over a real ledger, which a shop delivers to."""

    def __init__(self, assembly: Assembly, tools: Tools) -> None:
        self.assembly = assembly
        self.wake = FakeWake(tools.clock)
        self.runtime: Runtime = assembly.runtime(self.wake)

    def deliver(self, body: bytes) -> None:
        webhooks, now = self.assembly.webhooks(SHOP), datetime.now(UTC)
        delivery = signed(body, at=now)
        webhooks.verify(delivery, now)
        with self.assembly.database.begin() as connection:
            inbox.store(connection, SHOP, webhooks.delivery_key(delivery), webhooks.topic(delivery), {}, body, now)
        intake.take_in(self.runtime)
        self.work()

    def work(self) -> None:
        for call in self.wake.take_jobs():
            run.run(self.runtime, call.job_id)

    def letters(self) -> list[Any]:
        with self.assembly.database.connect() as connection:
            return list(reads.dead_letters(connection))


@pytest.fixture
def works(database_url: str, tools: Tools, erp: FakeErp, quiet: None) -> Iterator[Works]:
    with assembled(SETTINGS, database_url, tools, erp) as assembly:
        yield Works(assembly, tools)


def test_two_changes_within_a_second_reach_the_erp_in_their_order(works: Works, erp: FakeErp) -> None:
    works.deliver(event(at="2026-11-26T14:00:00.1Z"))
    more = order(lines=[{"id": "l-1", "sku": "MUG", "quantity": 5, "unit_price": "10.00"}], total="55.83")
    works.deliver(event(more, key="e-2", at="2026-11-26T14:00:00.6Z"))
    works.deliver(event(key="e-0", at="2026-11-26T14:00:00.3Z"))
    assert works.letters() == []
    [booked] = erp.books.orders.values()
    assert booked.order.total.amount == Decimal("55.83")


def test_a_dead_order_is_replayed_from_the_delivery_that_is_kept(works: Works, erp: FakeErp) -> None:
    refused = erp.faults.refuse("create_orders", "shop-o-1", _refusal(), times=1)
    works.deliver(event())
    [letter] = works.letters()
    assert refused.fired == 1
    operations.replay_dead_letter(works.runtime, letter.id, "olga")
    works.work()
    assert works.letters() == []
    assert len(erp.books.orders) == 1
    works.deliver(event(key="e-2", at="2026-11-26T16:00:00Z"))
    assert works.letters() == []
    assert len(erp.books.orders) == 1


def test_such_a_shop_is_not_polled(works: Works) -> None:
    assert works.assembly.polls() == []


def test_a_deleted_order_is_skipped(works: Works, erp: FakeErp) -> None:
    works.deliver(event({"id": "o-1"}, kind="order.deleted"))
    assert (works.letters(), dict(erp.books.orders)) == ([], {})


def test_what_it_cannot_do_is_refused_with_what_its_capabilities_say() -> None:
    store = PushStore(SETTINGS)
    assert SPEC.capabilities_of is not None
    missing = SPEC.capabilities_of(SETTINGS).missing
    assert set(missing) == set(StoreAbility)
    calls = {
        StoreAbility.SUBSCRIBE: lambda: store.subscribe(""),
        StoreAbility.CUSTOMERS_CHANGED: lambda: store.customers_changed(Since()),
        StoreAbility.VARIANTS: lambda: store.variants_changed(Since()),
        StoreAbility.MONEY: lambda: store.read_money([]),
        StoreAbility.STOCK: lambda: store.set_stock([]),
        StoreAbility.BASE_PRICES: lambda: store.set_base_prices([]),
        StoreAbility.FULFIL: lambda: store.fulfil([]),
        StoreAbility.MARK_ORDERS: lambda: store.mark_orders([]),
        StoreAbility.READ_ORDERS: lambda: store.orders_changed(Since()),
        StoreAbility.WRITE_BACK: lambda: store.write_back([]),
    }
    for ability, call in calls.items():
        with pytest.raises(Rejected) as refused:
            call()
        assert refused.value.problem.what == missing[ability]
        assert refused.value.problem.next_step
    with pytest.raises(Rejected):
        store.orders_between(datetime.now(UTC), datetime.now(UTC), None)
    assert all(check.ok for check in store.check())


def _refusal() -> Rejected:
    return Rejected("unknown-sku", system="fake", what="The ERP does not know the item.", next_step="Make it there.")
