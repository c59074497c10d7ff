"""PostgreSQL from the system and from the wheel."""

import os
import signal
import socket
import time
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from erpsync.servers.accounts import hand_over, server_account
from erpsync.servers.errors import ServerError
from erpsync.servers.guardian import Process, family
from erpsync.servers.postgres import PostgresServer
from erpsync.servers.processes import Guardian
from erpsync.servers.programs import Search, find_postgres
from erpsync.servers.readiness import AddressInUse, start_on_port
from tests.servers.conftest import cmdline

NOWHERE = Path("/nonexistent")
PLACES = {
    "system": Search(postgres_wheel="no_such_wheel"),
    "wheel": Search(path="", debian=NOWHERE),
}
AS_EXPECTED = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "server_encoding": "UTF8",
    "TimeZone": "UTC",
}
Gone = Callable[[Collection[Process], float], bool]
Make = Callable[..., PostgresServer]


@pytest.fixture(params=PLACES)
def binaries(request: pytest.FixtureRequest) -> Path:
    try:
        return find_postgres(search=PLACES[request.param]).path.parent
    except ServerError:
        pytest.skip(f"no PostgreSQL from this place here: {request.param}")


@pytest.fixture
def make(place: Path, guardian: Guardian) -> Make:
    def build(binaries: Path | None = None, fast: bool = True, place: Path = place) -> PostgresServer:
        return PostgresServer(place / "postgres", guardian, account=server_account(), binaries=binaries, fast=fast)

    return build


@pytest.fixture
def broken(place: Path) -> Path:
    """A data folder that no server can start on, made by the version that will be found."""
    account = server_account()
    data = place / "postgres" / "data"
    data.mkdir(parents=True, mode=0o700)
    (data.parent / "password").write_text("secret")
    (data / "PG_VERSION").write_text(f"{find_postgres().major}\n")
    for path in (data.parent, *data.parent.rglob("*")):
        hand_over(path, account)
    return data


def query(server: PostgresServer, statement: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else None


def test_data_survives_a_stop_and_a_crash_and_a_new_server_object(binaries: Path, make: Make, place: Path) -> None:
    half = place / "postgres" / "data.new" / "base"  # as after a kill during initdb
    half.mkdir(parents=True)
    for folder in (place / "postgres", half.parent, half):
        hand_over(folder, server_account())
    server = make(binaries)
    server.start()
    try:
        url = server.url
        query(server, "CREATE TABLE kept (id int)")
        query(server, "INSERT INTO kept VALUES (1)")
        server.stop()
        assert server.pid is None
        server.start()
        assert server.url == url
        assert query(server, "SELECT id FROM kept") == [(1,)]
        query(server, "INSERT INTO kept VALUES (2)")
        first = server.pid
        server.restart_immediate()
        assert server.pid not in (None, first)
        assert query(server, "SELECT id FROM kept ORDER BY id") == [(1,), (2,)]
        assert "was not properly shut down" in server.log.read_text()  # the crash was one
    finally:
        server.stop()
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(AddressInUse, match="port taken"):
        server.start()
    assert server.pid is None
    again = make(binaries)
    again.start()
    try:
        assert query(again, "SELECT count(*) FROM kept") == [(2,)]
        expected = server_account()
        assert os.stat(f"/proc/{again.pid}").st_uid == (expected.uid if expected else os.geteuid())
    finally:
        again.stop()


def test_it_is_durable_closed_and_discreet(make: Make, home: Path) -> None:
    server = make(fast=False, place=home)
    server.start()
    try:
        shown = [query(server, f"SHOW {name}") for name in AS_EXPECTED]
        assert [row for rows in shown for (row,) in rows] == list(AS_EXPECTED.values())  # type: ignore[attr-defined]
        password = server.url.split(":")[2].partition("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(password, "wrong"))
        processes = family({server.pid: ""}) if server.pid else set()
        assert len(processes) > 3
        assert not any(password.encode() in cmdline(process) for process in processes)
        assert password not in server.log.read_text()
        assert (home / "postgres" / "password").stat().st_mode & 0o777 == 0o600
        assert (home / "postgres").stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_a_kill_ends_every_process_and_what_it_leaves_does_not_prevent_the_next_start(
    home: Path, make: Make, gone: Gone
) -> None:
    server = make(place=home)
    server.start()
    assert server.pid
    with closing(psycopg.connect(server.url, autocommit=True)) as connection:
        # Busy, so that it does not notice the end of the first process.
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
        deadline = time.monotonic() + 60
        while ("active",) not in query(server, "SELECT state FROM pg_stat_activity WHERE query LIKE '%100000000000)'"):
            assert time.monotonic() < deadline
        processes = family({server.pid: ""})
        os.kill(server.pid, signal.SIGKILL)
        assert not gone([process for process in processes if process.pid == connection.info.backend_pid], 0.3)
        server.stop()
        assert gone(processes, 0)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()  # a killed server leaves its file
    # The worst case: the id in the file has meanwhile been given to a living process of the same user.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    try:
        assert query(server, "SELECT 1") == [(1,)]
    finally:
        server.stop()


def test_data_of_another_major_version_is_refused_and_stays(broken: Path, make: Make) -> None:
    (broken / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 9.*pg_upgrade"):
        make().start()
    assert [path.name for path in broken.iterdir()] == ["PG_VERSION"]


def test_the_version_that_made_the_data_is_preferred() -> None:
    found = [find_postgres(search=search).major for search in PLACES.values() if _present(search)]
    for major in found:
        assert find_postgres(major=major).major == major


def test_a_lost_password_is_reported_with_what_to_do(broken: Path, make: Make) -> None:
    (broken.parent / "password").unlink()
    with pytest.raises(ServerError, match="Put the file back"):
        make().start()


def test_a_server_that_cannot_start_leaves_nothing_and_names_its_log(broken: Path, make: Make) -> None:
    server = make()
    with pytest.raises(ServerError, match=r"postgres ended while starting .*postgres\.log"):
        server.start()
    assert server.pid is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_a_folder_closed_to_the_servers_user_is_reported(place: Path, make: Make) -> None:
    place.chmod(0o700)
    with pytest.raises(ServerError, match="cannot reach"):
        make().start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_a_folder_of_another_user_is_reported(place: Path, make: Make) -> None:
    (place / "postgres").mkdir()
    with pytest.raises(ServerError, match="belongs to user 0"):
        make().start()


def test_nothing_found_says_what_to_install() -> None:
    with pytest.raises(ServerError, match=r"ERPSYNC_DATABASE_URL .*erpsync\[embedded\]"):
        find_postgres(search=Search("", NOWHERE, "no_such_wheel"))
    with pytest.raises(ServerError, match="holds no PostgreSQL"):
        find_postgres(NOWHERE)


def test_a_port_lost_to_another_program_is_replaced() -> None:
    tried: list[int] = []

    def start(port: int) -> None:
        tried.append(port)
        if len(tried) < 3:
            raise AddressInUse

    assert start_on_port(start, None) == tried[2]
    assert len(set(tried)) == 3


def _present(search: Search) -> bool:
    try:
        return bool(find_postgres(search=search))
    except ServerError:
        return False
