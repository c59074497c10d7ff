"""How a worker's processes come by their connections to PostgreSQL."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Engine, make_url, text

from erpsync.servers.launcher import Servers
from tests.tasks.conftest import Hire, text_of, wait_until


def test_a_new_pool_process_shares_no_connection_with_the_main_process(
    hire: Hire, database: Engine, tmp_path: Path
) -> None:
    worker = hire(120)
    errand = worker.work("first")
    pid = errand.begun()
    errand.release()
    worker.send("tests.nobody-knows-this")  # the main process writes a dead letter, by a connection of its own
    wait_until(lambda: _dead_letters(database) == 1)
    before = _backends(database)

    os.kill(pid, signal.SIGKILL)
    worker.send("tests.backend", str(tmp_path))

    assert int(text_of(tmp_path / "backend")) not in before


def test_a_worker_that_finds_no_database_sweeps_as_soon_as_there_is_one(
    hire: Hire, servers: Servers, database: Engine
) -> None:
    with _away(servers, database):
        worker = hire(120)
        worker.wait_for(" ready.")
        worker.wait_for("sweep.failed")

    wait_until(lambda: bool(_backends(database)))


def test_a_task_that_finds_no_database_leaves_one_warning_and_no_trace(
    hire: Hire, servers: Servers, database: Engine
) -> None:
    worker = hire(120)
    worker.wait_for(" ready.")
    with _away(servers, database):
        for _ in range(3):
            worker.send("erpsync.take_in")
        wait_until(lambda: len(worker.events("ledger.unreachable", task="erpsync.take_in")) == 3)
    assert "Traceback" not in worker.said()


@contextmanager
def _away(servers: Servers, database: Engine) -> Iterator[None]:
    """The database lets nobody in meanwhile, and has thrown out who was in."""
    name = str(database.url.database)
    database.dispose()
    address = make_url(servers.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[call-overload]
        try:
            wait_until(lambda: connection.execute(_THROW_OUT, (name,)).fetchall() == [])
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[call-overload]


_THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def _backends(database: Engine) -> set[int]:
    """The processes of PostgreSQL that serve others on this database."""
    query = text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    with database.connect() as connection:
        return set(connection.execute(query).scalars())


def _dead_letters(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM dead_letters")).scalar_one())
