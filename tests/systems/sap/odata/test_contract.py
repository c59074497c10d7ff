"""The contract of the Erp port, held by the OData adapter in each of its ways."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.systems.sap.odata.stage import STAGES


class TestContract(ErpContract):
    @pytest.fixture(params=sorted(STAGES))
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
        with STAGES[request.param](tools) as stage:
            yield stage
