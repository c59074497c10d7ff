"""Business Central held to what every ERP promises."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.systems.dynamics.business_central.stage import STAGES


@pytest.fixture(params=sorted(STAGES))
def stage(request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
    with STAGES[request.param](tools) as stage:
        yield stage


class TestContract(ErpContract):
    pass
