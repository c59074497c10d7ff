"""One database for all tests of this folder, emptied before each, and a desk at it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from erpsync.servers.launcher import Servers
from erpsync.testing.databases import empty, own_database
from tests.ledger.desk import Desk


@pytest.fixture(scope="session")
def kept_database(servers: Servers) -> Iterator[Engine]:
    with own_database(servers.database_url) as engine:
        yield engine


@pytest.fixture
def database(kept_database: Engine) -> Engine:
    empty(kept_database)
    return kept_database


@pytest.fixture
def desk(database: Engine) -> Desk:
    return Desk(database)
