"""Folders a server's user can reach, and the check that a test leaves no process behind."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from erpsync.servers.guardian import Process, family, kill_family, process_of
from erpsync.servers.processes import Guardian

Gone = Callable[[Collection[Process], float], bool]


def started_since(before: Collection[Process]) -> set[Process]:
    """The processes of this one that have come since. Servers that other tests use too have coming and going ones of
    their own, such as PostgreSQL's autovacuum, which are left out."""
    running = {process.pid for process in before} - {os.getpid()}
    return {process for process in family({os.getpid(): ""}) - set(before) if process.parent not in running}


def cmdline(process: Process) -> bytes:
    """Empty where it has ended meanwhile."""
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder user `nobody` may pass through, which pytest's own tmp_path is not when root runs the tests."""
    yield from open_folder()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The same for a whole module: a database made in it once is there for the next test."""
    yield from open_folder()


def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="erpsync-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    with Guardian() as watcher:
        yield watcher


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Every process started in a test has ended when it ends."""
    before = family({os.getpid(): ""})
    yield
    left = started_since(before)
    named = [found for process in left if (found := cmdline(process))]
    kill_family({}, left)
    assert not named


@pytest.fixture
def gone() -> Iterator[Gone]:
    """Whether all of some processes have ended within a number of seconds. Those that have not end with the test."""
    asked: set[Process] = set()

    def wait(processes: Collection[Process], seconds: float) -> bool:
        asked.update(processes)
        deadline = time.monotonic() + seconds
        while any(process_of(process.pid) == process for process in processes):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    yield wait
    kill_family({}, asked)
