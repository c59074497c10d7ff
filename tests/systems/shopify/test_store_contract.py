"""The contract of the Store port, on the simulator, by both API versions."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.store_contract import StoreContract, StoreStage
from tests.systems.shopify.stage import STAGES


class TestContract(StoreContract):
    @pytest.fixture(params=sorted(STAGES))
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[StoreStage]:
        with STAGES[request.param](tools) as opened:
            yield opened
