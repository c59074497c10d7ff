"""A shop of one's own keeps the contract of every store, however it is reached."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.servers.launcher import Servers
from erpsync.testing.store_contract import StoreContract, StoreStage
from tests.systems.custom.stage import STAGES, on, over_http


class TestContractOverHttp(StoreContract):
    @pytest.fixture
    def stage(self, tools: Tools) -> Iterator[StoreStage]:
        with over_http(tools) as stage:
            yield stage


class TestContractOverTheDatabase(StoreContract):
    @pytest.fixture
    def stage(self, tools: Tools, servers: Servers) -> Iterator[StoreStage]:
        with on(servers.database_url, tools) as stage:
            yield stage


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_stands_alone(name: str, tools: Tools) -> None:
    with STAGES[name](tools) as stage:
        order_id = stage.controls.place({"SKU-0001": 1})
        assert stage.order(order_id).total.amount == stage.controls.shown(order_id).total
