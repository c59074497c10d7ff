"""A served S/4HANA system."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from tests.systems.sap.odata.stand import System, system


@pytest.fixture
def sap(tools: Tools) -> Iterator[System]:
    with system(tools) as served:
        yield served
