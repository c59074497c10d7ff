"""The Procfile's lines, started for real: each comes up, does its work and answers its health check."""

import base64
import http.client
import json
import os
import runpy
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from erpsync.servers.launcher import Servers

# Upper limits, for a machine that is slow and busy.
START_SECONDS = 240.0
STOP_SECONDS = 90.0
LOGIN = "flo:c0ffee"


@dataclass(frozen=True)
class Running:
    environment: dict[str, str]
    root: Path
    logs: Path

    def get(self, variable: str, path: str, login: str = "", method: str = "GET") -> tuple[int, str]:
        """Status and text; status 0 where nobody answers yet."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.environment[variable]), timeout=10)
        headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def inspect(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["celery", "-A", "erpsync.tasks.app", "inspect", "--timeout", "10", *arguments],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def wait(self, what: str, seen: Callable[[], bool]) -> None:
        end = time.monotonic() + START_SECONDS
        while not seen():
            assert time.monotonic() < end, f"no {what} in {START_SECONDS:.0f} s\n{self._logs()}"
            time.sleep(0.3)

    def _logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-2000:]}" for log in sorted(self.logs.iterdir()))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("procfile")
    (folder / "erpsync.toml").write_text("", encoding="utf-8")
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("ERPSYNC_", "FLOWER_"))}
    return {
        **outer,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ERPSYNC_CONFIG": str(folder / "erpsync.toml"),
        "ERPSYNC_HOME": str(folder / "home"),
        "ERPSYNC_CONCURRENCY": "1",
        "ERPSYNC_SWEEP_SECONDS": "2",
        "PORT": str(_free_port()),
        "FLOWER_PORT": str(_free_port()),
    }


@pytest.fixture(scope="module")
def ledger_url(servers: Servers, template_database: str) -> Iterator[str]:
    """A migrated database for the whole module."""
    name = f"erpsync_procfile_{secrets.token_hex(4)}"
    address = make_url(servers.database_url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
        yield address.set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def running(
    root: Path,
    procfile: dict[str, str],
    environment: dict[str, str],
    servers: Servers,
    ledger_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """All lines of the Procfile, each in a shell and a process group of its own, until the module is done."""
    logs = tmp_path_factory.mktemp("logs")
    full = {
        **environment,
        "ERPSYNC_DATABASE_URL": ledger_url,
        "ERPSYNC_REDIS_URL": servers.redis_url,
        "FLOWER_BASIC_AUTH": LOGIN,
    }
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, line in procfile.items():
            with (logs / f"{name}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen(
                        ["sh", "-c", line],
                        env=full,
                        cwd=root,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        yield Running(full, root, logs)
    finally:
        for process in processes:
            _stop(process)


def test_there_is_a_line_for_each_process(procfile: dict[str, str]) -> None:
    assert list(procfile) == ["web", "worker", "beat", "flower"]


def test_the_web_process_is_ready(running: Running) -> None:
    running.wait("/ready", lambda: running.get("PORT", "/ready")[0] == 200)


def test_the_worker_answers_and_consumes_every_queue(running: Running, celery_environment: pytest.MonkeyPatch) -> None:
    name = f"celery@{socket.gethostname()}"
    running.wait("worker", lambda: running.inspect("ping", "--destination", name).returncode == 0)
    answer: dict[str, list[dict[str, Any]]] = json.loads(running.inspect("active_queues", "--json").stdout)
    settings = runpy.run_path(str(running.root / "celeryconfig.py"))
    assert {queue["name"] for queue in answer[name]} == {queue.name for queue in settings["task_queues"]}


def test_beat_answers_for_itself(running: Running) -> None:
    name = f"celerybeat@{socket.gethostname()}"
    running.wait("beat", lambda: running.inspect("ping", "--destination", name).returncode == 0)


def test_flower_shows_what_beat_sent_and_the_worker_did(running: Running) -> None:
    def done() -> bool:
        status, text = running.get("FLOWER_PORT", "/api/tasks?taskname=erpsync.upkeep.sweep&state=SUCCESS", LOGIN)
        return status == 200 and "erpsync.upkeep.sweep" in text

    running.wait("sweep in Flower", done)
    assert 'data-column="args"' in running.get("FLOWER_PORT", "/tasks", LOGIN)[1]


def test_flower_is_closed_without_the_password_and_cannot_act_with_it(running: Running) -> None:
    running.wait("Flower", lambda: running.get("FLOWER_PORT", "/healthcheck")[0] == 200)
    for path in ("/", "/tasks", "/api/tasks"):
        assert running.get("FLOWER_PORT", path)[0] == 401
        assert running.get("FLOWER_PORT", path, "flo:wrong")[0] == 401
    shutdown = f"/api/worker/shutdown/celery@{socket.gethostname()}"
    assert running.get("FLOWER_PORT", shutdown, LOGIN, "POST")[0] == 403


def test_flower_does_not_start_without_a_login(
    root: Path, procfile: dict[str, str], environment: dict[str, str]
) -> None:
    tried = subprocess.run(
        ["sh", "-c", procfile["flower"]],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert tried.returncode != 0
    assert "FLOWER_BASIC_AUTH" in tried.stderr


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the process as a supervisor would, and its whole group if that takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
