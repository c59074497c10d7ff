"""A simulated store being served, with a clock that stands still where a test wants it to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.bigcommerce.adapter import BigCommerceStore
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator import BigCommerceSimulator
from erpsync.systems.bigcommerce.webhooks import BigCommerceWebhooks


class HandClock:
    """Stands still until it is moved; `pause` moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 10, 5, 9, 30, 15, tzinfo=UTC)
        self.paused: list[float] = []

    def now(self) -> datetime:
        return self.time

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class Bench:
    simulator: BigCommerceSimulator
    served: Served
    tools: Tools

    def settings(self, **changes: Any) -> BigCommerceSettings:
        return BigCommerceSettings.model_validate({**self.served.settings, **changes})

    def store(self, **changes: Any) -> BigCommerceStore:
        return BigCommerceStore(self.settings(**changes), self.tools)

    def webhooks(self, **changes: Any) -> BigCommerceWebhooks:
        return BigCommerceWebhooks(self.settings(**changes))

    def answer(self, order_id: str, **changes: Any) -> object:
        return self.store(**changes).read_orders([SourceId(order_id)])[SourceId(order_id)]

    def order(self, order_id: str, **changes: Any) -> Order:
        answer = self.answer(order_id, **changes)
        assert isinstance(answer, Order), answer
        return answer


@pytest.fixture
def bench(tools: Tools) -> Iterator[Bench]:
    simulator = BigCommerceSimulator(quota=10_000)
    with serve({"shop": simulator}) as served:
        yield Bench(simulator, served["shop"], tools)


@pytest.fixture
def inclusive(tools: Tools) -> Iterator[Bench]:
    """A store whose prices are entered with tax."""
    simulator = BigCommerceSimulator(quota=10_000, prices_include_tax=True)
    with serve({"shop": simulator}) as served:
        yield Bench(simulator, served["shop"], tools)
