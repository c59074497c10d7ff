"""`erpsync up` in one terminal, every other command in a second one: two processes that share nothing but the folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from erpsync.servers.addresses import FILE

# Upper limits, for a machine that is slow and busy.
START_SECONDS = 240
STOP_SECONDS = 120
ERPSYNC = (sys.executable, "-m", "erpsync")
ROOT = Path(__file__).resolve().parents[2]


class Folder:
    """A folder with a configuration and no connections, and an environment without a single address."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = path / ".erpsync"
        (path / "erpsync.toml").write_text(f"[web]\nport = {_free_port()}\n")
        outer = {name: value for name, value in os.environ.items() if not name.startswith("ERPSYNC_")}
        self.environment = outer | {"PYTHONPATH": str(ROOT), "ERPSYNC_CONCURRENCY": "1", "ERPSYNC_SWEEP_SECONDS": "2"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ERPSYNC, *arguments],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    """Where the servers' user may pass through, which pytest's own folders are not when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="erpsync-test-"))
    path.chmod(0o711)
    yield Folder(path)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def up(folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """It is started as a shell's `&` starts it, deaf to Ctrl-C: what stops it is SIGTERM."""
    with (folder.path / "up.log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *ERPSYNC, "up", "--no-flower"],
            cwd=folder.path,
            env=folder.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    end = time.monotonic() + START_SECONDS
    while "stops everything" not in (told := (folder.path / "up.log").read_text()):
        assert process.poll() is None, told
        assert time.monotonic() < end, told
        time.sleep(0.1)
    yield process
    process.kill()
    process.wait()


def test_it_says_how_it_is_stopped(up: subprocess.Popen[bytes], folder: Folder) -> None:
    assert (folder.path / "up.log").read_text().splitlines()[-1] == f"kill {up.pid} stops everything."


@pytest.mark.parametrize(
    "command",
    [["status"], ["jobs", "list"], ["dead", "list"], ["db", "status"], ["dead", "replay", "--all"]],
    ids=" ".join,
)
@pytest.mark.usefixtures("up")
def test_commands_find_the_ledger(folder: Folder, command: list[str]) -> None:
    ran = folder.run(*command)

    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.usefixtures("up")
def test_the_doctor_finds_the_ledger_the_broker_and_the_worker(folder: Folder) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        judged = {
            (one["about"], one["name"]): one["ok"]
            for one in json.loads(folder.run("doctor", "--json").stdout)["checks"]
        }
        if judged.get(("workers", "answering")) or time.monotonic() > end:  # it takes its time to start
            break
    assert judged == {
        ("configuration", "file"): True,
        ("database", "reachable"): True,
        ("database", "tables"): True,
        ("database", "clock"): True,
        ("broker", "reachable"): True,
        ("workers", "answering"): True,
    }


@pytest.mark.usefixtures("up")
def test_an_address_that_is_given_comes_first(folder: Folder) -> None:
    folder.environment["ERPSYNC_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    try:
        ran = folder.run("status")
    finally:
        del folder.environment["ERPSYNC_DATABASE_URL"]

    assert ran.returncode == 3
    assert ran.stderr.startswith("PostgreSQL at 127.0.0.1:1, database nothing, cannot be used")


def test_a_second_one_in_the_same_folder_is_refused_in_a_sentence(up: subprocess.Popen[bytes], folder: Folder) -> None:
    ran = folder.run("up", "--no-flower")

    assert ran.returncode == 1
    assert "is in use by another erpsync" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert up.poll() is None


def test_a_port_that_is_taken_is_said_before_anything_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o711)
        other = Folder(Path(path))
        port = listener.getsockname()[1]
        (other.path / "erpsync.toml").write_text(f"[web]\nport = {port}\n")
        ran = other.run("up", "--no-flower")
        started = list((other.home / "logs").glob("*"))

    assert ran.returncode == 2
    assert f"[web] nothing can listen on 127.0.0.1:{port} (Address already in use). Set another port" in ran.stderr
    assert started == []


def test_once_it_has_stopped_nothing_is_left_of_its_addresses(up: subprocess.Popen[bytes], folder: Folder) -> None:
    """Last in this file: it stops what the others use."""
    assert (folder.home / FILE).stat().st_mode & 0o777 == 0o600
    up.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert up.poll() is None
    up.terminate()
    assert up.wait(STOP_SECONDS) == 0
    assert not (folder.home / FILE).exists()

    ran = folder.run("status")

    assert ran.returncode == 2
    assert f"no `erpsync up` with servers of its own runs on {folder.home}. Start `erpsync up`, or set" in ran.stderr
    assert "not ok  database" in folder.run("doctor").stdout


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
