"""The supervisor, run as the process it is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from erpsync.servers.errors import ServerError
from erpsync.servers.guardian import Process, family
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.status import STATUS_FILE, ProcessState, read_status
from erpsync.servers.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
Gone = Callable[[Collection[Process], float], bool]

# Runs the commands given as JSON, and Redis beside them when asked. Whether Ctrl-C is heard is told, and not left to
# how the tests were started: a shell starts what it runs with `&` deaf to it.
SUPERVISE = """
import json, signal, sys
from contextlib import ExitStack
from pathlib import Path
from erpsync.servers.accounts import server_account
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.supervisor import RestartPolicy, Supervisor
directory, rows, policy, with_redis, deaf = Path(sys.argv[1]), *map(json.loads, sys.argv[2:])
signal.signal(signal.SIGINT, signal.SIG_IGN if deaf else signal.default_int_handler)
with Guardian() as guardian, ExitStack() as stack:
    tended = []
    if with_redis:  # imported only here because it takes half a second
        from erpsync.servers.redis import RedisServer
        tended = [RedisServer(directory / "redis", guardian, account=server_account(), fast=True)]
        stack.callback(tended[0].stop)
        tended[0].start()
    children = [
        Child(
            row["name"],
            Command(
                (row.get("program", sys.executable), "-c", row["code"]),
                log=directory / (row["name"] + ".log"),
                stop_seconds=row.get("stop_seconds", 10),
            ),
            guardian,
        )
        for row in rows
    ]
    Supervisor(children, directory, policy=RestartPolicy(**policy), tended=tended).run(lambda: print("ready", flush=True))
print("stopped", flush=True)
"""
LIVES = "import time; print('up', flush=True); time.sleep(600)"
# Says that it was asked to stop, and goes on.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"asked\\n"))
print("up", flush=True)
time.sleep(600)
"""
# Appends its name to a file when asked to stop.
TELLS = """
import signal, sys, time
def tell(*_):
    with open({file!r}, "a") as file:
        file.write({name!r} + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, tell)
print("up", flush=True)
time.sleep(600)
"""
QUICK = {"first_seconds": 0.1, "most_seconds": 0.3}
# For what takes a moment, on a machine that is slow and busy.
PATIENCE_SECONDS = 60

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    running = []

    def launch(
        *rows: dict[str, object], policy: dict[str, float] | None = None, redis: bool = False, deaf: bool = False
    ) -> subprocess.Popen[bytes]:
        arguments = [str(place), json.dumps(rows), *map(json.dumps, (policy or {}, redis, deaf))]
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        until(lambda: all("up" in text(place / f"{row['name']}.log") for row in rows))
        return process

    yield launch
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def test_a_process_that_ends_is_started_again_and_the_others_are_left_alone(start: Start, place: Path) -> None:
    start({"name": "web", "code": LIVES}, {"name": "worker", "code": LIVES}, policy=QUICK)
    web, worker = read_status(place)
    assert (web.state, web.restarts, worker.restarts) == ("running", 0, 0)
    assert worker.pid
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: state(place, "worker").restarts == 1 and state(place, "worker").state == "running")
    again = state(place, "worker")
    assert again.pid != worker.pid
    assert again.last_exit == -signal.SIGKILL
    assert again.up_since
    assert worker.up_since
    assert again.up_since > worker.up_since
    assert state(place, "web") == web


def test_a_process_that_keeps_ending_is_started_ever_more_rarely(start: Start, place: Path) -> None:
    start({"name": "failing", "code": begins(place)}, policy=QUICK)
    gaps = gaps_between_starts(place, 5)
    assert all(gap >= least for gap, least in zip(gaps, (0.1, 0.2, 0.3, 0.3), strict=True))
    assert state(place, "failing").restarts >= 4


def test_a_process_that_ran_long_enough_is_started_again_soon(start: Start, place: Path) -> None:
    policy = {"first_seconds": 0.3, "most_seconds": 600.0, "healthy_seconds": 0.1}
    start({"name": "failing", "code": begins(place) + "; time.sleep(0.2)"}, policy=policy)
    # Without a new beginning each time the eighth delay would be 38 s, and they would be 76 s together.
    assert max(gaps_between_starts(place, 9)) < 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_stops_all_in_reverse_order(
    number: signal.Signals, start: Start, place: Path, gone: Gone
) -> None:
    names = ["web", "worker", "beat"]
    rows = [{"name": name, "code": TELLS.format(name=name, file=str(place / "told"))} for name in names]
    supervisor = start(*rows)
    processes = family({supervisor.pid: ""})
    supervisor.send_signal(number)
    assert supervisor.wait(PATIENCE_SECONDS) == 0
    assert supervisor.stdout
    assert supervisor.stdout.read() == b"stopped\n"
    assert text(place / "told").split() == names[::-1]
    assert gone(processes, 0)
    assert read_status(place) == ()
    rows = json.loads(text(place / STATUS_FILE))["processes"]
    assert [(row["name"], row["state"]) for row in rows] == [(name, "stopped") for name in names]


def test_a_process_that_does_not_stop_is_killed_after_its_time(start: Start) -> None:
    supervisor = start({"name": "stubborn", "code": STUBBORN, "stop_seconds": 0.3})
    supervisor.terminate()
    assert supervisor.wait(PATIENCE_SECONDS) == 0


def test_a_second_ctrl_c_kills(start: Start, place: Path) -> None:
    rows = [{"name": name, "code": STUBBORN, "stop_seconds": 600} for name in ("first", "second")]
    supervisor = start(*rows)
    supervisor.send_signal(signal.SIGINT)
    until(lambda: "asked" in text(place / "second.log"))  # or the two would be one signal
    assert supervisor.poll() is None
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(PATIENCE_SECONDS) == 0


def test_in_a_shell_s_background_ctrl_c_is_not_its_own_and_a_stop_signal_is(start: Start, place: Path) -> None:
    supervisor = start({"name": "web", "code": LIVES}, deaf=True)
    supervisor.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        supervisor.wait(0.5)
    supervisor.terminate()
    assert supervisor.wait(PATIENCE_SECONDS) == 0
    assert text(place / "web.log") == "up\n"


def test_a_killed_supervisor_leaves_neither_processes_nor_a_status(start: Start, place: Path, gone: Gone) -> None:
    supervisor = start({"name": "web", "code": LIVES}, {"name": "worker", "code": LIVES})
    processes = family({supervisor.pid: ""})
    assert len(processes) == 4
    supervisor.kill()
    supervisor.wait()
    assert gone(processes, PATIENCE_SECONDS)
    assert (place / STATUS_FILE).exists()
    assert read_status(place) == ()


def test_a_server_beside_them_is_restarted_too_and_keeps_its_address(start: Start, place: Path) -> None:
    supervisor = start({"name": "web", "code": LIVES}, policy=QUICK, redis=True)
    first = state(place, "redis")
    assert first.pid
    directives = text(place / "redis" / "redis.conf")
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: state(place, "redis").restarts == 1 and state(place, "redis").state == "running")
    assert state(place, "redis").pid != first.pid
    assert text(place / "redis" / "redis.conf") == directives  # port and password
    supervisor.terminate()
    assert supervisor.wait(PATIENCE_SECONDS) == 0


def test_a_program_that_is_not_there_stops_what_was_started_before_it(place: Path, guardian: Guardian) -> None:
    web = Child("web", Command((sys.executable, "-c", LIVES)), guardian)
    supervisor = Supervisor([web, Child("worker", Command(("no-such-program",)), guardian)], place)
    with pytest.raises(ServerError, match="no-such-program was not found"):
        supervisor.run()
    assert web.poll() == -signal.SIGTERM


def test_a_directory_has_one_supervisor(start: Start, place: Path) -> None:
    start({"name": "web", "code": LIVES})
    with pytest.raises(ServerError, match="in use by another erpsync"):
        Supervisor([], place).run()


def begins(place: Path) -> str:
    return f"import time; print('up', flush=True); open({str(place / 'begun')!r}, 'a').write(f'{{time.time()}} ')"


def gaps_between_starts(place: Path, count: int) -> list[float]:
    until(lambda: len(text(place / "begun").split()) >= count)
    times = [float(word) for word in text(place / "begun").split()[:count]]
    return [later - earlier for earlier, later in pairwise(times)]


def state(place: Path, name: str) -> ProcessState:
    return next(one for one in read_status(place) if one.name == name)


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
