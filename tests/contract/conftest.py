"""Stages for tests of flow, ledger and adapter together."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from erpsync.ports.runtime import Tools
from erpsync.servers.launcher import Servers
from erpsync.testing.databases import empty, own_database
from erpsync.testing.erp_contract import Stage
from tests.contract.rig import Rig, rig, stages
from tests.quiet import silenced


@pytest.fixture(scope="session")
def kept_database(servers: Servers) -> Iterator[Engine]:
    with own_database(servers.database_url) as engine:
        yield engine


@pytest.fixture
def emptied(kept_database: Engine) -> Engine:
    empty(kept_database)
    return kept_database


@pytest.fixture(params=stages())
def any_stage(request: pytest.FixtureRequest, tools: Tools) -> Iterator[Stage]:
    """Each ERP by each way to reach it."""
    with stages()[request.param](tools) as stage:
        yield stage


@pytest.fixture
def at_work(any_stage: Stage, emptied: Engine) -> Iterator[Rig]:
    """The order flow with two workers at an ERP's simulator. What it logs is nobody's concern here."""
    with silenced(), rig(emptied, any_stage) as ready:
        yield ready
