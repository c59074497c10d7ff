"""The fake store keeps the contract that the real adapters keep."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from erpsync.ports.spec import Capabilities
from erpsync.testing.fake_buyers import FakeBuyers
from erpsync.testing.fake_store import FakeStore
from erpsync.testing.fakes import FakeWebhooks
from erpsync.testing.faults import FaultKind
from erpsync.testing.store_contract import StoreContract, StoreStage


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class TestContract(StoreContract):
    @pytest.fixture
    def stage(self) -> StoreStage:
        clock = RealClock()
        store = FakeStore(clock)

        def lose_reply(operation: str = "fulfil", skip: int = 0) -> Callable[[], int]:
            fault = store.faults.add(FaultKind.LOST_REPLY, operation, skip=skip)
            return lambda: fault.fired

        return StoreStage(
            open=lambda page_size=250: FakeStore(clock, page_size=page_size, of=store),
            webhooks=FakeWebhooks(),
            controls=FakeBuyers(store, clock),
            capabilities=Capabilities(order_batch=10, compares_stock=True),
            lose_reply=lose_reply,
            lose_product_reply=lambda skip: lose_reply("put_products", skip),
        )
