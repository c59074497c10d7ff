"""What `erpsync doctor` asks, from the configuration down to each connection."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erpsync import bootstrap, config
from erpsync.bootstrap import Assembly
from erpsync.cli import ledger, output, running
from erpsync.domain.errors import ConfigurationError, Problem, SyncError
from erpsync.domain.ids import ConnectionName
from erpsync.ledger import session
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.tasks import broker

# Claims and due times of several machines meet in the ledger; a lease outlives its task by 15 s.
MAX_SKEW = timedelta(seconds=5)
CONFIGURATION = "configuration"
_NOWHERE = "postgresql+psycopg://"  # nothing connects to it
_CORRECT = "Correct that, then run `erpsync doctor` again."


@dataclass(frozen=True)
class Finding:
    """A check and what it is about: configuration, database, broker, workers, or a connection's name."""

    about: str
    check: Check


def of_configuration() -> tuple[Assembly | None, list[Finding]]:
    """The Assembly, without which no connection can be asked, and what is wrong with the configuration: everything."""
    settings, problems = config.read(without_servers=True)
    found: list[Finding] = []
    try:
        ledger.address(settings.database_url)
    except ConfigurationError as error:
        # One that is not set at all is `of_database`'s to tell.
        found = _problems(error) if settings.database_url else []
        # The connections are looked at all the same.
        settings = replace(settings, database_url=_NOWHERE)
    try:
        assembly = bootstrap.assemble(settings, pool_size=1, found=problems)
    except ConfigurationError as error:
        return None, found + _problems(error)
    there = f"{output.count(len(settings.connections), 'connection')} and {output.count(len(settings.routes), 'route')}"
    file = Finding(CONFIGURATION, Check("file", True, f"{config.config_file()} has {there}."))
    return assembly, [*found, file]


def refuse_faults() -> None:
    """Raises ConfigurationError with everything that is wrong but the addresses of PostgreSQL and Redis."""
    settings, problems = config.read(without_servers=True)
    bootstrap.assemble(replace(settings, database_url=_NOWHERE), found=problems).database.dispose()


def of_database(database: Engine, clock: Clock) -> Iterator[Finding]:
    """Whether PostgreSQL answers, has this version's tables, and tells the time that this machine does."""
    try:
        revision = session.current_revision(database)
        before = clock.now()
        with database.connect() as connection:
            server_now = connection.execute(select(func.clock_timestamp())).scalar_one()
        after = clock.now()
    except (DBAPIError, PoolTimeout) as error:
        what = ledger.unreachable(error)
        yield Finding("database", Check("reachable", False, what, "Start it, or correct ERPSYNC_DATABASE_URL."))
        return
    where = ledger.address(database.url.render_as_string(hide_password=False))
    yield Finding("database", Check("reachable", True, f"PostgreSQL at {where}, answers."))
    yield Finding("database", _schema(revision, session.newest_revision()))
    yield Finding("database", _clocks(server_now, before + (after - before) / 2))


def of_no_database() -> Finding:
    """That there is no PostgreSQL to ask: none is given, and none was started by a process that still runs."""
    return Finding("database", Check("running", False, running.no_database(), ledger.START_ONE))


def of_broker(url: str) -> Iterator[Finding]:
    """Whether the broker answers, and a worker behind it."""
    reachable = broker.check(url)
    yield Finding("broker", reachable)
    if reachable.ok:
        yield Finding("workers", broker.check_workers())


def of_connections(assembly: Assembly, names: Sequence[ConnectionName]) -> Iterator[Finding]:
    """What each connection's adapter finds."""
    for name in names:
        try:
            for check in assembly.adapter(name).check():
                yield Finding(name, check)
            for ability, sentence in assembly.bound[name].capabilities.missing.items():
                yield Finding(name, Check(f"no {ability}", True, sentence))
        except SyncError as error:
            yield Finding(name, _failed(error.problem))


def _problems(error: ConfigurationError) -> list[Finding]:
    return [Finding(CONFIGURATION, Check("problem", False, one, _CORRECT)) for one in error.problems]


def _failed(problem: Problem) -> Check:
    return Check(
        problem.code, False, f"{problem.record}: {problem.what}" if problem.record else problem.what, problem.next_step
    )


def _schema(revision: str, newest: str) -> Check:
    if revision == newest:
        return Check("tables", True, f"The ledger is at revision {revision}, the newest.")
    what = f"The ledger is at revision {revision}, not {newest}." if revision else "The ledger has none yet."
    return Check("tables", False, what, "Run `erpsync db upgrade`.")


def _clocks(server_now: datetime, here_now: datetime) -> Check:
    skew = here_now - server_now
    ahead = "ahead of" if skew > timedelta(0) else "behind"
    seconds = abs(skew.total_seconds())
    if abs(skew) <= MAX_SKEW:
        return Check("clock", True, f"This machine's clock and PostgreSQL's are {seconds:.1f} s apart.")
    return Check(
        "clock",
        False,
        f"This machine's clock is {seconds:.0f} s {ahead} PostgreSQL's; {MAX_SKEW.seconds} s are tolerable.",
        "Let both machines keep time by NTP: leases and due times depend on it.",
    )
