"""Children end with their parent, whatever ends it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from erpsync.servers.errors import ServerError
from erpsync.servers.guardian import Process, family, kill_family, process_of
from erpsync.servers.processes import Child, Command, Guardian
from tests.servers.conftest import cmdline, started_since

ROOT = Path(__file__).resolve().parents[2]
PARENT = Path(__file__).with_name("parent.py")
Gone = Callable[[Collection[Process], float], bool]
# For what takes a moment, on a machine that is slow and busy.
PATIENCE_SECONDS = 60

# A child that ends on SIGTERM, with a grandchild that does not and has a session of its own.
STUBBORN_GRANDCHILD = """
import subprocess, sys, time
code = "import os,signal,time;signal.signal(15,signal.SIG_IGN);os.setsid();print(flush=True);time.sleep(600)"
p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
p.stdout.readline()
print(p.pid, flush=True)
time.sleep(600)
"""


def start_parent(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    (folder / "started").unlink(missing_ok=True)
    parent = subprocess.Popen(
        [sys.executable, PARENT, folder, *options],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (folder / "started").exists():
        assert parent.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return parent


def python(name: str, code: str, guardian: Guardian, log: Path | None = None, **options: float) -> Child:
    return Child(name, Command((sys.executable, "-c", code), log=log, **options), guardian)  # type: ignore[arg-type]


def wait_for_line(log: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not log.exists() or b"\n" not in log.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return log.read_text().splitlines()[0]


def grandchild_of(log: Path) -> Process:
    process = process_of(int(wait_for_line(log)))
    assert process is not None
    return process


def test_nothing_outlives_a_parent_that_is_ended(place: Path, gone: Gone) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        parent = start_parent(place, "--with-servers")
        started = family({parent.pid: ""})
        programs = b"\n".join(cmdline(process) for process in started)
        assert b"bin/postgres" in programs
        assert b"redis-server" in programs
        os.kill(parent.pid, number)
        parent.wait(PATIENCE_SECONDS)
        assert gone(started, PATIENCE_SECONDS), number


def test_nothing_outlives_the_kill_of_the_parents_whole_group(place: Path, gone: Gone) -> None:
    parent = start_parent(place, "--with-servers")
    started = family({parent.pid: ""})
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait(PATIENCE_SECONDS)
    assert len(started) > 8  # guardian, child, grandchild, Redis, and PostgreSQL's many
    assert gone(started, PATIENCE_SECONDS)


def test_children_are_asked_to_stop_when_parent_and_guardian_are_both_killed(place: Path, gone: Gone) -> None:
    parent = start_parent(place, "--with-servers")  # which run as another user when this is root
    started = family({parent.pid: ""})
    children = {process for process in started if process.parent == parent.pid}
    watcher = next(process for process in children if b"guardian.py" in cmdline(process))
    os.kill(watcher.pid, signal.SIGKILL)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(PATIENCE_SECONDS)
    ended = gone(
        children, PATIENCE_SECONDS
    )  # PostgreSQL writes its pages before it ends, and a busy disk takes its time
    kill_family({}, started)  # the grandchild is beyond the parent-death signal: see processes.py
    assert len(children) == 4
    assert ended


def test_a_guardian_that_was_killed_is_replaced_and_still_guards(place: Path, gone: Gone) -> None:
    log = place / "log"
    before = family({os.getpid(): ""})
    with Guardian() as guardian:
        child = python("sleeper", STUBBORN_GRANDCHILD, guardian, log)
        child.start()
        grandchild = grandchild_of(log)
        first = next(process for process in started_since(before) if b"guardian.py" in cmdline(process))
        os.kill(first.pid, signal.SIGKILL)
        assert gone([first], PATIENCE_SECONDS)
        assert child.poll() is None
    # Closing the guardian without stopping the child is what a dying parent does.
    assert child.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert gone([grandchild], PATIENCE_SECONDS)


def test_a_stopped_child_takes_along_what_it_started(place: Path, guardian: Guardian, gone: Gone) -> None:
    log = place / "log"
    child = python("sleeper", STUBBORN_GRANDCHILD, guardian, log)
    child.start()
    grandchild = grandchild_of(log)
    child.stop()
    assert child.pid is None
    assert gone([grandchild], 0)


def test_a_child_that_dies_takes_along_the_rest_of_its_session(place: Path, guardian: Guardian, gone: Gone) -> None:
    log = place / "log"
    child = python("pool", STUBBORN_GRANDCHILD.replace("os.setsid();", ""), guardian, log)
    child.start()
    grandchild = grandchild_of(log)
    child.send(signal.SIGKILL)
    assert child.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert gone([grandchild], 0)


def test_a_child_that_does_not_stop_is_killed_after_its_time(place: Path, guardian: Guardian) -> None:
    log = place / "log"
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    child = python("stubborn", code, guardian, log, stop_seconds=0.3)
    child.start()
    wait_for_line(log)
    child.stop()
    assert child.poll() == -signal.SIGKILL


def test_a_frozen_child_stops_when_asked(place: Path, guardian: Guardian) -> None:
    log = place / "log"
    child = python("frozen", "import time; print(flush=True); time.sleep(600)", guardian, log)
    child.start()
    wait_for_line(log)
    child.send(signal.SIGSTOP)
    child.stop()
    assert child.poll() == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_child_can_be_asked_to_stop_by_a_signal_its_parent_ignores(
    place: Path, guardian: Guardian, number: signal.Signals
) -> None:
    log = place / "log"
    before = signal.signal(number, signal.SIG_IGN)
    try:
        code = "import time; print(flush=True); time.sleep(600)"
        child = Child("polite", Command((sys.executable, "-c", code), log=log, stop_signal=number), guardian)
        child.start()
        wait_for_line(log)
        child.stop()
    finally:
        signal.signal(number, before)
    assert child.poll() == -number


def test_a_child_outlives_the_thread_that_started_it(guardian: Guardian) -> None:
    child = python("sleeper", "import time; time.sleep(600)", guardian)
    thread = threading.Thread(target=child.start)
    thread.start()
    thread.join()
    assert child.wait(0.5) is None
    child.stop()


def test_a_child_knows_nothing_of_an_environment_it_was_not_given(place: Path, guardian: Guardian) -> None:
    log = place / "log"
    code = "import os; print(sorted(os.environ))"
    child = Child("bare", Command((sys.executable, "-c", code), bare=True, log=log), guardian)
    child.start()
    assert child.wait(PATIENCE_SECONDS) == 0
    assert set(eval(wait_for_line(log))) - {"LC_CTYPE"} == {"ERPSYNC_CHILD", "LC_ALL", "PATH", "TZ"}  # noqa: S307


def test_a_log_is_for_its_owner_alone_and_a_large_one_is_moved_aside(place: Path, guardian: Guardian) -> None:
    log = place / "log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    child = python("writer", "print('hello')", guardian, log)
    child.start()
    assert child.wait(PATIENCE_SECONDS) == 0
    assert child.said() == log.read_text() == "hello\n"
    assert log.stat().st_mode & 0o777 == 0o600
    assert (place / "log.1").stat().st_size > 10 * 1024 * 1024


def test_a_program_that_is_not_there_is_named(guardian: Guardian) -> None:
    with pytest.raises(ServerError, match="no-such-program was not found"):
        Child("nothing", Command(("no-such-program",)), guardian).start()
