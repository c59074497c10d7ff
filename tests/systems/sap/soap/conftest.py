"""Served SAP systems."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from erpsync.ports.runtime import Tools
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from tests.systems.sap.soap.stand import World, opened


@pytest.fixture
def open_world(tools: Tools) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(opened(tools, SapSoapSimulator(**how)))


@pytest.fixture
def world(open_world: Callable[..., World]) -> World:
    return open_world()
