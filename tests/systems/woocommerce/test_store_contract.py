"""The Store port's contract, held by WooCommerce."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.store_contract import StoreContract, StoreStage
from tests.systems.woocommerce.stage import STAGES


class TestContract(StoreContract):
    @pytest.fixture(params=STAGES, ids=str)
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[StoreStage]:
        with STAGES[request.param](tools) as stage:
            yield stage
