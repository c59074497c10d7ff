"""BigCommerce keeps the contract of a store."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.store_contract import StoreContract, StoreStage
from tests.systems.bigcommerce.stage import STAGES


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, tools: Tools) -> Iterator[StoreStage]:
    with STAGES[request.param](tools) as staged:
        yield staged


class TestContract(StoreContract):
    pass
