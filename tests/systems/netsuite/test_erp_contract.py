"""NetSuite is held to the contract of every ERP, by each protocol; by SOAP once more with Oracle's own WSDL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.testing.erp_contract import ErpContract, Stage
from tests.systems.netsuite.stage import STAGES, soap
from tests.systems.netsuite.stand import OFFICIAL, Witness, misfits


class TestContract(ErpContract):
    @pytest.fixture(params=sorted(STAGES))
    def stage(self, request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
        with STAGES[request.param](tools) as opened:
            yield opened


class TestContractWithOraclesWsdl(ErpContract):
    @pytest.fixture
    def stage(self, tools: Tools, contracts: Path, official_schema: etree.XMLSchema) -> Iterator[Stage]:
        """Every message must be as Oracle's schemas have it."""
        wsdl = contracts / "netsuite" / "wsdl" / "netsuite.wsdl"
        witnesses: list[Witness] = []

        def watched(simulator: NetSuiteSimulator) -> Witness:
            witnesses.append(Witness(simulator))
            return witnesses[-1]

        with soap(tools, {"endpoint_version": OFFICIAL, "wsdl_url": str(wsdl)}, watched) as opened:
            yield opened
        assert witnesses[0].messages
        assert misfits(witnesses[0].messages, official_schema) == []
