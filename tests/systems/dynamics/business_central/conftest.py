"""Fixtures for Business Central."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from tests.systems.dynamics.business_central.stand import World, world_of


@pytest.fixture
def world(tools: Tools) -> Iterator[World]:
    with world_of(tools) as world:
        yield world
