"""One database for all tests of this folder, emptied before each, and a bench with a scripted flow on it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from erpsync.servers.launcher import Servers
from erpsync.testing.bench import Bench
from erpsync.testing.databases import empty, own_database
from tests.engine.script import Script, rejected, run_job, wanted


@pytest.fixture(scope="session")
def kept_database(servers: Servers) -> Iterator[Engine]:
    with own_database(servers.database_url) as engine:
        yield engine


@pytest.fixture
def database(kept_database: Engine) -> Engine:
    empty(kept_database)
    return kept_database


@pytest.fixture
def bench(database: Engine) -> Bench:
    return Bench(database)


@pytest.fixture
def script(bench: Bench) -> Script:
    """The flow of the bench from now on: does what it is told, knows no order."""
    script = Script()
    bench.flows["orders"] = script
    return script


@pytest.fixture
def letter(bench: Bench, script: Script) -> int:
    """The dead letter of order 1."""
    script.ends["1"] = rejected()
    wanted(bench, "1")
    run_job(bench, "1")
    bench.wake.lose_everything()
    del script.ends["1"]
    return bench.letters()[0].id
