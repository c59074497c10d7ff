"""The web process as `erpsync up` starts it: from a configuration file, with Celery's own way to Redis behind it."""

import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine, text

from erpsync.servers.accounts import server_account
from erpsync.servers.processes import Guardian
from erpsync.servers.redis import RedisServer

SECRET = "round the corner"
TOML = """
[connections.corner]
system = "corner"
webhook_secret = { env = "CORNER_SECRET" }
"""


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    place = Path(tempfile.mkdtemp(prefix="erpsync-test-"))
    place.chmod(0o711)
    with Guardian() as guardian:
        server = RedisServer(place / "redis", guardian, account=server_account(), fast=True)
        server.start()
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(place)


@pytest.fixture
def web(tmp_path: Path, database_url: str, own_redis: RedisServer) -> Iterator[str]:
    """The address of a web process whose only connection is of a system that another distribution brings."""
    distribution = tmp_path / "packages" / "corner_shop-1.0.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: corner-shop\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text("[erpsync.systems]\ncorner = corner_shop:SPEC\n")
    shutil.copy(Path(__file__).with_name("corner_shop.py"), tmp_path / "packages")
    (tmp_path / "erpsync.toml").write_text(TOML)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path / "packages"),
        "ERPSYNC_CONFIG": str(tmp_path / "erpsync.toml"),
        "ERPSYNC_HOME": str(tmp_path / "home"),
        "ERPSYNC_DATABASE_URL": database_url.replace("postgresql+psycopg://", "postgresql://"),
        "ERPSYNC_REDIS_URL": own_redis.url,
        "CORNER_SECRET": SECRET,
    }
    argv = [sys.executable, "-m", "uvicorn", "--factory", "erpsync.web.app:create", "--port", str(port)]
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(argv, env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url, process, tmp_path / "web.log")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if _get(f"{url}/ready").status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def _get(address: str) -> requests.Response:
    return _request("GET", address, None, {})


def _request(method: str, address: str, body: bytes | None, headers: dict[str, str]) -> requests.Response:
    with requests.Session() as client:
        client.trust_env = False  # no proxy between a test and its server
        return client.request(method, address, data=body, headers=headers, timeout=30)


def _deliver(url: str, key: str) -> tuple[requests.Response, float]:
    body = b'{"id": "1"}'
    headers = {
        "X-Corner-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        "X-Corner-Id": key,
    }
    began = time.monotonic()
    answer = _request("POST", f"{url}/webhooks/corner", body, headers)
    return answer, time.monotonic() - began


def _messages(server: RedisServer) -> int:
    client = redis.Redis.from_url(server.url, socket_timeout=5, retry=Retry(NoBackoff(), 0))
    try:
        return int(client.llen("erpsync.intake"))
    finally:
        client.close()


def _rows(database: Engine, statement: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_a_frozen_redis_delays_no_store_and_loses_nothing(web: str, own_redis: RedisServer, database: Engine) -> None:
    assert _rows(database, "SELECT name, system, role FROM connections") == [("corner", "corner", "store")]
    answer, _ = _deliver(web, "before")
    assert answer.json() == {"status": "stored"}
    deadline = time.monotonic() + 60
    while _messages(own_redis) == 0:  # the worker's message, sent beside the answer
        assert time.monotonic() < deadline
        time.sleep(0.05)

    own_redis.freeze()
    try:
        with pytest.raises(redis.TimeoutError):
            _messages(own_redis)
        for number in range(5):
            answer, seconds = _deliver(web, f"frozen-{number}")
            assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
            assert seconds < 2.5
            assert _rows(database, "SELECT count(*) FROM inbox") == [(number + 2,)]
    finally:
        own_redis.thaw()


def test_a_redis_that_is_gone_delays_no_store(web: str, own_redis: RedisServer, database: Engine) -> None:
    own_redis.kill()
    with pytest.raises(redis.ConnectionError):
        _messages(own_redis)
    for number in range(3):
        answer, seconds = _deliver(web, f"gone-{number}")
        assert answer.status_code == 200
        assert seconds < 2.5
    assert _get(f"{web}/ready").status_code == 200
    assert _rows(database, "SELECT count(*) FROM inbox") == [(3,)]


def test_it_starts_without_operators_and_says_how_to_add_one(web: str) -> None:
    answer = _get(f"{web}/console")
    assert answer.status_code == 403
    assert "[web.operators.NAME]" in answer.text
