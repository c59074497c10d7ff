"""Fixtures for all tests."""

import os
import secrets
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, make_url

from erpsync import logs
from erpsync.ledger import session
from erpsync.ports.runtime import Tools
from erpsync.servers.launcher import Servers, ensure

ROOT = Path(__file__).resolve().parent.parent


# As in every process of the product: tests that look at events, or silence them, come back to this and not to stdout.
logs.configure()

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, however slow the machine: what fails is the change, not chance.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of official API contracts, which may not be redistributed. Absent: skipped, visibly."""
    folder = Path(os.environ.get("ERPSYNC_CONTRACTS") or ROOT.parent / "shared" / "contracts")
    if not folder.is_dir():
        pytest.skip(f"no vendor contracts at {folder}; set ERPSYNC_CONTRACTS to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    return Tools(
        clock=RealClock(), nonce=lambda: secrets.token_urlsafe(24), cache_directory=tmp_path_factory.mktemp("cache")
    )


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL and Redis for this test process: ERPSYNC_DATABASE_URL and ERPSYNC_REDIS_URL, else started here.

    ERPSYNC_TEST_POSTGRES names the folder of other PostgreSQL binaries to start.
    """
    binaries = os.environ.get("ERPSYNC_TEST_POSTGRES")
    with ensure(
        os.environ.get("ERPSYNC_DATABASE_URL"),
        os.environ.get("ERPSYNC_REDIS_URL"),
        tmp_path_factory.mktemp("servers"),
        fast=True,
        keep=False,
        postgres_binaries=Path(binaries) if binaries else None,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def template_database(servers: Servers) -> str:
    """A migrated database that others are copied from; returns its name."""
    name = f"erpsync_template_{secrets.token_hex(4)}"
    _administer(servers, f"CREATE DATABASE {name}")
    engine = session.open_engine(_database_url(servers, name))
    session.upgrade(engine)
    engine.dispose()
    return name


@pytest.fixture
def database_url(servers: Servers, template_database: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty, migrated database of the test's own."""
    name = f"erpsync_test_{secrets.token_hex(6)}"
    _administer(servers, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _database_url(servers, name)
    _administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated database of the test's own."""
    engine = session.open_engine(database_url)
    yield engine
    engine.dispose()


def _database_url(servers: Servers, name: str) -> str:
    address = make_url(servers.database_url).set(drivername="postgresql+psycopg", database=name)
    return address.render_as_string(hide_password=False)


def _administer(servers: Servers, statement: str) -> None:
    address = make_url(servers.database_url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
