"""F&O under the contract of the Erp port."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.systems.dynamics.finance_operations.stage import STAGES


@pytest.fixture(params=sorted(STAGES))
def stage(request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
    with STAGES[request.param](tools) as stage:
        yield stage


class TestContract(ErpContract):
    pass
