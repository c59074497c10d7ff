"""Fixtures for shops of one's own."""

import socket
import sys
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
def shop_port() -> Iterator[int]:
    """A port for the example shop. Linux gives a port that is bound to nobody else, and lets a server that may reuse its
    address listen there; where that is not so, it is only likely to be free."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port


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
