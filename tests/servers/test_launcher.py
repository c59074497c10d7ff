"""Both servers together: only what is missing, and all or nothing."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import psycopg
import pytest
import redis

from erpsync.servers.accounts import Account, server_account
from erpsync.servers.errors import ServerError
from erpsync.servers.guardian import Process, family
from erpsync.servers.launcher import ensure
from erpsync.servers.programs import Program, Search, find_postgres, within_reach
from tests.servers.conftest import started_since

ROOT = Path(__file__).resolve().parents[2]
Gone = Callable[[Collection[Process], float], bool]

# Starts both servers, writes a row, and is killed.
WRITER = """
import sys, time
from pathlib import Path
import psycopg
from erpsync.servers.launcher import ensure
with ensure(None, None, Path(sys.argv[1])) as servers:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    print("written", flush=True)
    time.sleep(600)
"""


def test_both_are_started_answer_and_are_gone_afterwards(home: Path, gone: Gone) -> None:
    before = family({os.getpid(): ""})
    with ensure(None, "", home, fast=True) as servers:
        started = started_since(before)
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("erpsync",)
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()
        assert "@" not in repr(servers)
    assert len(started) > 5
    assert gone(started, 0)


def test_nothing_is_started_for_addresses_that_are_given(place: Path) -> None:
    before = family({os.getpid(): ""})
    with ensure("postgresql://given", "redis://given", place / "home") as servers:
        assert (servers.database_url, servers.redis_url) == ("postgresql://given", "redis://given")
        assert (servers.postgres, servers.redis) == (None, None)
        assert started_since(before) == set()
    assert not (place / "home").exists()


def test_only_the_missing_one_is_started(home: Path) -> None:
    with ensure("postgresql://given", None, home, fast=True) as servers:
        assert servers.database_url == "postgresql://given"
        assert servers.postgres is None
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()


def test_a_redis_that_cannot_be_found_takes_postgres_down_again(home: Path) -> None:
    before = family({os.getpid(): ""})
    starts = postgres_starts(home)
    with (
        pytest.raises(ServerError, match="no-redis-here"),
        ensure(None, None, home, fast=True, redis_program=Path("/no-redis-here")),
    ):
        pytest.fail("it started")
    assert postgres_starts(home) == starts + 1
    assert started_since(before) == set()


def test_a_redis_that_cannot_run_takes_postgres_down_again(home: Path) -> None:
    before = family({os.getpid(): ""})
    with (
        pytest.raises(ServerError, match=r"redis ended while starting .*redis\.log"),
        ensure(None, None, home, fast=True, redis_program=Path("/bin/false")),
    ):
        pytest.fail("it started")
    assert started_since(before) == set()


def test_a_directory_is_used_once_at_a_time(place: Path) -> None:
    with (
        ensure("postgresql://given", None, place, fast=True),
        pytest.raises(ServerError, match=f"in use by another erpsync .*{os.getpid()}"),
        ensure("postgresql://given", None, place, fast=True),
    ):
        pytest.fail("it started twice")


def test_the_next_run_waits_for_the_servers_of_one_that_was_killed_and_finds_its_data(home: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, home],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
    )
    assert writer.stdout
    with writer.stdout:
        assert writer.stdout.readline() == b"written\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    with (
        ensure(None, None, home) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_servers_that_are_thrown_away_begin_empty_and_leave_nothing_on_the_same_path(home: Path) -> None:
    before = set(home.iterdir())
    for _ in range(2):
        with (
            ensure(None, "redis://given", home, fast=True, keep=False) as servers,
            psycopg.connect(servers.database_url) as connection,
        ):
            connection.execute("CREATE TABLE passing (id int)")  # the second time it would be there
            connection.commit()
            assert len(set(home.iterdir()) - before) == 1
        assert set(home.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_for_root_data_goes_to_an_open_place_when_the_directory_is_closed(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    open_place = place / "open"
    for _ in range(2):  # the second time it is the same
        with ensure("postgresql://given", None, closed / "home", open_place=open_place) as servers:
            assert servers.redis
            assert servers.redis.folder.parent.parent == open_place
    assert len(list(open_place.iterdir())) == 1
    assert str(open_place) in caplog.text
    assert not list(closed.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_for_root_servers_that_are_thrown_away_leave_nothing_in_the_open_place(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    open_place = place / "open"
    with ensure("postgresql://given", None, closed / "home", keep=False, open_place=open_place) as servers:
        assert servers.redis
        passing = servers.redis.folder.parent
        assert closed not in passing.parents
    assert not passing.exists()
    assert not open_place.exists()
    assert not list(closed.iterdir())
    assert not caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_for_root_programs_of_a_wheel_in_a_closed_folder_are_copied(place: Path) -> None:
    account = server_account()
    assert account
    wheel = find_postgres(search=Search(path="", debian=Path("/nonexistent")))
    assert wheel.root
    closed = place / "closed"  # as a virtual environment below /root is
    closed.mkdir(mode=0o700)
    for part in wheel.parts:
        shutil.copytree(wheel.root / part, closed / part, symlinks=True, ignore=shutil.ignore_patterns("share", "lib"))
    hidden = Program(closed / wheel.path.relative_to(wheel.root), wheel.major, closed, wheel.parts)
    copies = place / "copies"
    copies.mkdir(mode=0o711)
    path = within_reach(hidden, account, copies)
    assert path == within_reach(hidden, account, copies)  # the second time it is there
    with pytest.raises(PermissionError):
        version(hidden.path, account)
    assert version(path, account) == version(wheel.path, account)


def postgres_starts(home: Path) -> int:
    log = home / "postgres.log"
    return log.read_text().count("ready to accept connections") if log.exists() else 0


def version(postgres: Path, account: Account) -> str:
    """What initdb says: it also needs the wheel's own library."""
    answer = subprocess.run(
        [postgres.with_name("initdb"), "--version"],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout
