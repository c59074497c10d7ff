"""The contract of the Erp port, on the simulator and on a real Odoo, by both protocols."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.odoo_server import OdooServer
from tests.systems.odoo.stage import STAGES, real, simulated


class TestContract(ErpContract):
    @pytest.fixture(params=sorted(STAGES))
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
        with STAGES[request.param](tools) as opened:
            yield opened


class TestContractOnOlderOdoos(ErpContract):
    @pytest.fixture(params=[14, 15, 16, 17, 18])
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
        with simulated("xmlrpc", tools, release=request.param) as opened:
            yield opened


@pytest.mark.odoo
class TestContractOnARealOdoo(ErpContract):
    @pytest.fixture(params=["json2", "xmlrpc"])
    def stage(self, request: pytest.FixtureRequest, real_odoo: OdooServer, tools: Tools) -> Iterator[Stage]:
        with real(request.param, real_odoo, tools) as opened:
            yield opened
