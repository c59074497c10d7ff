"""The Erp port's contract, on both kinds of wrapper."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.systems.sap.soap.stage import STAGES


class TestContract(ErpContract):
    @pytest.fixture(params=STAGES)
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
        with STAGES[request.param](tools) as stage:
            yield stage
