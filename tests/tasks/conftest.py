"""A worker as the Procfile starts it, with a broker database of its own and tasks that the tests hold in their hand."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from celery import Celery

from erpsync.servers.launcher import Servers

ROOT = Path(__file__).parents[2]
# A worker needs some seconds to start, on a busy machine many.
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class Errand:
    """One run of `tests.work`; see `tasks_for_tests`."""

    folder: Path

    def begun(self) -> int:
        """Waits until it has begun, and returns the id of its process."""
        return int(text_of(self.folder / "begun"))

    def release(self) -> None:
        (self.folder / "go").touch()

    def ended(self) -> str:
        return text_of(self.folder / "ended")


@dataclass(frozen=True)
class Worker:
    process: subprocess.Popen[bytes]
    log: Path
    sender: Celery
    folder: Path

    def work(self, name: str, size_of_error: int = 0) -> Errand:
        errand = Errand(self.folder / name)
        errand.folder.mkdir()
        self.send("tests.work", str(errand.folder), size_of_error)
        return errand

    def send(self, task: str, *arguments: object) -> None:
        self.sender.send_task(task, arguments, queue="erpsync.upkeep")

    def pool(self) -> list[int]:
        """The ids of its child processes."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]

    def wait_for(self, words: str) -> None:
        """Waits until its log has these words."""
        wait_until(lambda: words in self.said())

    def events(self, event: str, **fields: object) -> list[dict[str, object]]:
        """The lines of its log that tell of this event with these fields."""
        lines = (json.loads(line) for line in self.said().splitlines() if line.startswith("{"))
        return [line for line in lines if {"event": event, **fields}.items() <= line.items()]

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


Hire = Callable[[int], "Worker"]


@pytest.fixture
def hire(servers: Servers, database_url: str, tmp_path: Path) -> Iterator[Hire]:
    """Starts a worker with one process in its pool, whose tasks have as hard limit the seconds given."""
    broker = servers.redis_url.rpartition("/")[0] + "/10"
    configuration = tmp_path / "erpsync.toml"
    configuration.write_text("", encoding="utf-8")
    outer = {name: value for name, value in os.environ.items() if not name.startswith("ERPSYNC_")}
    environment = {
        **outer,
        "ERPSYNC_DATABASE_URL": database_url,
        "ERPSYNC_REDIS_URL": broker,
        "ERPSYNC_CONFIG": str(configuration),
        "ERPSYNC_HOME": str(tmp_path / "home"),
        "ERPSYNC_CONCURRENCY": "1",
        "ERPSYNC_SWEEP_SECONDS": "1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
    }
    command = [sys.executable, "-m", "celery", "-A", "erpsync.tasks.app", "worker", "--loglevel", "INFO"]
    log = tmp_path / "worker.log"
    workers: list[subprocess.Popen[bytes]] = []
    with redis.Redis.from_url(broker) as client, _sender(broker) as sender, log.open("wb") as output:
        client.flushdb()

        def start(hard_seconds: int) -> Worker:
            process = subprocess.Popen(
                [*command, "--include", "tasks_for_tests"],
                env={**environment, "ERPSYNC_TASK_SECONDS": str(hard_seconds)},
                cwd=tmp_path,
                stdout=output,
                stderr=output,
            )
            workers.append(process)
            return Worker(process, log, sender, tmp_path)

        try:
            yield start
        finally:
            for process in workers:
                process.kill()
                process.wait()
            client.flushdb()


def wait_until(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < end, f"not seen in {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.02)


def text_of(path: Path) -> str:
    """What is in a file, once it is there."""
    wait_until(path.exists)
    return path.read_text(encoding="utf-8")


@contextmanager
def _sender(broker: str) -> Iterator[Celery]:
    """An application that only sends: erpsync's own reads the broker's address once a process."""
    with Celery("tests", broker=broker, set_as_current=False) as app:
        yield app
