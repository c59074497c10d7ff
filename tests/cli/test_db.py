"""`erpsync db`, and what other commands say of a database that is not ready."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from erpsync.ledger import session
from tests.cli.conftest import Run


@pytest.fixture
def empty_database(run: Run, database_url: str, surroundings: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database without tables."""
    server = session.open_engine(database_url).execution_options(isolation_level="AUTOCOMMIT")
    name = f"{make_url(database_url).database}_empty"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        address = make_url(database_url).set(database=name).render_as_string(hide_password=False)
        surroundings.setenv("ERPSYNC_DATABASE_URL", address)
        yield address
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.mark.usefixtures("empty_database")
def test_upgrade_makes_the_tables_and_says_so_once(run: Run) -> None:
    newest = session.newest_revision()
    assert run("db", "status", "--json").document == {"revision": "", "newest": newest, "current": False}
    assert run("db", "status").code == 1

    assert run("db", "upgrade").stdout == f"The schema is at revision {newest}, the newest (it was empty).\n"
    assert run("db", "upgrade").stdout == f"The schema is at revision {newest}, the newest.\n"

    after = run("db", "status", "--json")
    assert after.code == 0
    assert after.document == {"revision": newest, "newest": newest, "current": True}


@pytest.mark.usefixtures("empty_database")
@pytest.mark.parametrize("command", [["status"], ["jobs", "list"], ["dead", "list", "--json"]], ids=" ".join)
def test_a_database_without_tables_is_a_sentence(run: Run, command: list[str]) -> None:
    ran = run(*command)

    assert ran.code == 1
    assert ran.stdout == ""
    assert ran.stderr == "The database has no tables of this version of erpsync. Run `erpsync db upgrade`.\n"


def test_a_schema_of_a_newer_version_is_not_touched(run: Run, empty_database: str) -> None:
    run("db", "upgrade")
    engine = session.open_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    ran = run("db", "upgrade")

    assert ran.code == 1
    assert "revision 9999, which this version of erpsync does not know" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert run("db", "status").code == 1


@pytest.mark.parametrize(
    "command", [["status"], ["jobs", "list"], ["dead", "list"], ["db", "status"], ["db", "upgrade"]]
)
def test_a_database_that_is_down_is_exit_code_3(
    run: Run, surroundings: pytest.MonkeyPatch, closed_port: int, command: list[str]
) -> None:
    surroundings.setenv("ERPSYNC_DATABASE_URL", f"postgresql://ledger@127.0.0.1:{closed_port}/books")

    ran = run(*command)

    assert ran.code == 3
    assert ran.stdout == ""
    assert ran.stderr.startswith(f"PostgreSQL at 127.0.0.1:{closed_port}, database books, cannot be used:")
    assert len(ran.stderr.splitlines()) == 1


def test_no_database_address_is_wrong_configuration(run: Run, surroundings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surroundings.delenv("ERPSYNC_DATABASE_URL")

    ran = run("status")

    assert ran.code == 2
    assert ran.stderr == (
        f"ERPSYNC_DATABASE_URL is not set, and no `erpsync up` with servers of its own runs on {tmp_path / 'home'}."
        " Start `erpsync up`, or set the variable, as in ERPSYNC_DATABASE_URL=postgresql://user@host/database.\n"
    )
