"""A simulated store being served, and the official schemas."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_ast_schema, build_client_schema, parse

from erpsync.domain.ids import ConnectionName
from erpsync.ports.runtime import Tools
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Delivery, Webhooks
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.shopify import SPEC
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_controls import ShopifyControls
from erpsync.testing.limits import limited

VERSIONS = ("2026-10", "2026-07")
START = datetime(2026, 10, 5, 9, 30, 15, 250_000, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = START
        self.paused: list[float] = []

    def now(self) -> datetime:
        return self.time

    def __call__(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def pause(self, seconds: float) -> None:
        """What an adapter is given to sleep with: time moves, and nobody waits."""
        self.paused.append(seconds)
        self.move(seconds)


@dataclass
class Bench:
    """One simulated store, and what erpsync opens for it."""

    simulator: ShopifySimulator
    controls: ShopifyControls
    served: Served
    clock: HandClock
    tools: Tools
    shared: Tools | None = None

    def settings(self, **changes: Any) -> Any:
        return SPEC.settings(**(dict(self.served.settings) | changes))

    def store(self, *, alone: bool = True, **changes: Any) -> Store:
        """`alone`: another process that knows nothing of the calls of others; else all of them share one limiter."""
        assert SPEC.open_store is not None
        settings = self.settings(**changes)
        tools = Tools(self.clock, self.tools.nonce, self.tools.cache_directory, self.clock.pause)
        if alone or self.shared is None:
            tools = limited(tools, SPEC.allowance(settings))
        if not alone:
            self.shared = tools = self.shared or tools
        return SPEC.open_store(ConnectionName("shop"), settings, tools)

    def webhooks(self, **changes: Any) -> Webhooks:
        assert SPEC.open_webhooks is not None
        return SPEC.open_webhooks(ConnectionName("shop"), self.settings(**changes))

    def delivery(self, order_id: str, topic: str = "orders/updated", **headers: str) -> Delivery:
        sent, body = self.simulator.deliver(order_id, topic)
        given = {name.lower(): value for name, value in sent.items()}
        return Delivery(given | {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.fixture
def open_bench(tools: Tools) -> Iterator[Callable[..., Bench]]:
    """Opens a bench whose simulator has these rules; its clock, the adapter's too, stands still."""
    with ExitStack() as stack:

        def open_one(**rules: Any) -> Bench:
            clock = HandClock()
            # Points enough for every test that is not about them: time stands still, so none come back.
            simulator = ShopifySimulator(clock=clock, **({"bucket_points": 1_000_000.0} | rules))
            served = stack.enter_context(serve({"shopify": simulator}))["shopify"]
            return Bench(simulator, ShopifyControls(simulator), served, clock, tools)

        yield open_one


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()


@pytest.fixture(scope="session")
def official_schemas(contracts: Path) -> dict[str, GraphQLSchema]:
    return {version: _official(contracts / "shopify", version) for version in VERSIONS}


def _official(folder: Path, version: str) -> GraphQLSchema:
    text, packed = folder / f"admin_{version}.graphql", folder / f"admin_{version}.json.gz"
    if text.exists():
        document = parse(text.read_text(encoding="utf-8"), no_location=True)
        # Built without checking it again: it is Shopify's, and large.
        return build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
    if packed.exists():
        found = json.loads(gzip.decompress(packed.read_bytes()))
        return build_client_schema(found.get("data", found), assume_valid=True)
    pytest.skip(f"no schema of version {version} in {folder}")
