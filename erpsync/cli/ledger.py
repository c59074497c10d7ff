"""The command line's way to the ledger. It needs the database's address alone: no configuration file, no secret of a
store or an ERP, so that an operator's shell need not hold them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from erpsync import bootstrap, config
from erpsync.bootstrap import Assembly
from erpsync.cli import running
from erpsync.config import FlowerConfig, Settings, WebConfig, WorkerLimits
from erpsync.domain.errors import ConfigurationError

START_ONE = "Start `erpsync up`, or set the variable, as in ERPSYNC_DATABASE_URL=postgresql://user@host/database."
_UNREADABLE = (
    "ERPSYNC_DATABASE_URL cannot be read. Write it as postgresql://user:PASSWORD@host:5432/database;"
    " in the password, write @ as %40, / as %2F, : as %3A and % as %25."
)


@contextmanager
def opened() -> Iterator[Assembly]:
    """An Assembly without connections and routes: the ledger, a clock, and a Runtime for `engine.operations`.

    Raises ConfigurationError where the address is missing or cannot be read. Connects when first used.
    """
    address(config.database_url())
    assembly = bootstrap.assemble(_settings(), pool_size=1)
    try:
        yield assembly
    finally:
        assembly.database.dispose()


def address(url: str) -> str:
    """Host, port and database of an address: what may be shown. Raises ConfigurationError, whose text quotes nothing of
    an address that cannot be read, for a password with a stray sign in it ends up in any part."""
    if not url:
        raise ConfigurationError([f"{running.no_database()} {START_ONE}"])
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError([_UNREADABLE]) from None
    # A second @ means that the password was cut in two, and that the rest of it is taken for the host.
    if parsed.drivername != "postgresql+psycopg" or url.count("@") > 1:
        raise ConfigurationError([_UNREADABLE])
    given = parsed.query.get("host", ())
    host = parsed.host or (given if isinstance(given, str) else ", ".join(given)) or "localhost"
    return f"{host}:{parsed.port or 5432}, database {parsed.database or parsed.username}"


def unreachable(error: Exception) -> str:
    """A sentence on an error that says that PostgreSQL does not answer, or not in time."""
    words = str(getattr(error, "orig", None) or "it did not answer in time").splitlines()[0]
    words = words.removeprefix("connection failed: ").removeprefix("connection is bad: ").rstrip(".")
    # Empty where the process has started a server of its own.
    if url := config.database_url():
        password = str(make_url(url).password or "")
        where = f" at {address(url)},"
        words = words.replace(password, "***") if password else words
    else:
        where = ""
    return f"PostgreSQL{where} cannot be used: {words}."


def sqlstate(error: Exception) -> str:
    """PostgreSQL's code of an error, empty where it gave none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _settings() -> Settings:
    return Settings(
        database_url=config.database_url(),
        redis_url=config.redis_url(),
        broker_url=config.broker_url(),
        home=config.home(),
        limits=WorkerLimits(concurrency=1, hard_seconds=300),  # commands run no task
        sweep_seconds=10,
        web=WebConfig(),
        flower=FlowerConfig(),
        connections={},
        routes=(),
    )
