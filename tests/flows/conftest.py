"""One database for all tests of this folder, emptied before each, and benches on it."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from sqlalchemy import Engine

from erpsync.flows.context import OrderRules
from erpsync.servers.launcher import Servers
from erpsync.testing.bench import Bench
from erpsync.testing.databases import empty, own_database
from tests.quiet import silenced

MakeBench: TypeAlias = Callable[..., Bench]


@pytest.fixture(scope="session")
def kept_database(servers: Servers) -> Iterator[Engine]:
    with own_database(servers.database_url) as engine:
        yield engine


@pytest.fixture(scope="session", autouse=True)
def quiet() -> Iterator[None]:
    """Nothing here is about the log, and rendering thousands of traces takes most of the time."""
    with silenced():
        yield


@pytest.fixture
def database(kept_database: Engine) -> Engine:
    empty(kept_database)
    return kept_database


@pytest.fixture(params=[True, False], ids=["unique references", "no unique references"])
def bench(request: pytest.FixtureRequest, database: Engine) -> Bench:
    """A bench whose ERP refuses a second record of a reference, and one whose ERP does not and takes a minute to settle."""
    unique = bool(request.param)
    return Bench(database, unique_references=unique, settle_seconds=0 if unique else 60)


@pytest.fixture
def plain(database: Engine) -> Bench:
    """One bench, where it makes no difference."""
    return Bench(database)


@pytest.fixture
def make_bench(database: Engine) -> MakeBench:
    def make(rules: OrderRules = OrderRules(), **more: object) -> Bench:  # noqa: B008 - frozen
        return Bench(database, rules=rules, **more)  # type: ignore[arg-type]

    return make
