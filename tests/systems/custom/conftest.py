"""Fixtures for shops of one's own."""

import socket
from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.custom.simulator import CustomShop
from erpsync.testing.fake_erp import FakeErp
from tests.quiet import silenced
from tests.systems.custom.assembled import ERP
from tests.systems.custom.http_stand import Stand


@pytest.fixture
def shop_port() -> int:
    """A port that is free, for the example shop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stand(tools: Tools) -> Iterator[Stand]:
    """A shop that implements the whole contract."""
    shop = CustomShop(requests=10_000)
    with serve({"shop": shop}) as served:
        yield Stand(shop, served["shop"], tools)


@pytest.fixture
def quiet() -> Iterator[None]:
    """What the engine logs is nobody's concern here."""
    with silenced():
        yield


@pytest.fixture
def erp(tools: Tools) -> FakeErp:
    return FakeErp(tools.clock, ERP)
