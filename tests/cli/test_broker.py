"""The command line with a real broker, and with a real worker behind it."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from erpsync.tasks import broker
from tests.cli import rows
from tests.cli.everything import Seeded
from tests.conftest import Servers

ROOT = Path(__file__).parents[2]
READY_SECONDS = 240  # an upper limit, for a machine that is slow and busy


@pytest.fixture
def own_redis(servers: Servers, surroundings: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A Redis database that no other test uses; commands see it as the broker."""
    address = servers.redis_url.rpartition("/")[0] + "/9"
    surroundings.setenv("ERPSYNC_REDIS_URL", address)
    with redis.Redis.from_url(address) as client:
        client.flushdb()
        yield client
        client.flushdb()


def test_a_replay_tells_the_workers(own_redis: redis.Redis, seeded: Seeded, database: Engine) -> None:
    ran = _run("dead", "replay", str(seeded.letter), "--json")

    assert json.loads(ran.stdout) == {"replayed": [seeded.letter], "not_possible": [], "told_workers": True}
    assert ran.stderr == ""
    (message,) = own_redis.lrange("erpsync.orders", 0, -1)
    arguments, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert arguments == [seeded.dead]
    assert rows.job_states(database)[seeded.dead] == "ready"


@pytest.mark.usefixtures("own_redis")
def test_doctor_finds_no_worker_and_then_the_one_that_runs() -> None:
    assert _doctor_of_workers() == (False, "No worker answered within 4 s: nothing is synced.")

    program = [sys.executable, "-m", "celery", "-A", "erpsync.tasks.app", "worker"]
    with subprocess.Popen(
        [*program, "-P", "solo", "-n", "bench@here", "--loglevel", "INFO"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as worker:
        guard = threading.Timer(READY_SECONDS, worker.kill)
        guard.start()
        try:
            assert worker.stderr is not None
            assert any("ready" in line for line in worker.stderr), "the worker ended or hung before it was ready"
            # It is asked for 2 s, in which a busy machine may not get to answer.
            deadline = time.monotonic() + READY_SECONDS
            while not (found := _doctor_of_workers())[0]:
                assert time.monotonic() < deadline
            assert found == (True, "1 worker answered: bench@here.")
        finally:
            guard.cancel()
            worker.terminate()
            worker.communicate(timeout=READY_SECONDS)


def test_a_broker_that_accepts_but_never_answers_is_found_out_in_seconds(silent_port: int) -> None:
    check = broker.check(f"redis://127.0.0.1:{silent_port}/0")

    assert not check.ok
    assert check.detail.startswith(f"The broker at 127.0.0.1:{silent_port} cannot be used:")


def test_a_broker_that_answers(servers: Servers) -> None:
    assert broker.check(servers.redis_url).ok


def _doctor_of_workers() -> tuple[bool, str]:
    found = {one["about"]: one for one in json.loads(_run("doctor", "--json").stdout)["checks"]}
    return found["workers"]["ok"], found["workers"]["detail"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: Celery reads the broker's address once a process."""
    return subprocess.run(
        [sys.executable, "-m", "erpsync", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
