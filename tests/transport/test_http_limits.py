"""Each request takes a permit of the connection's limiter, and its answer says how fast to go on."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from erpsync.domain.errors import OutcomeUnknown, Paced, Throttled, Unavailable
from erpsync.ports.limits import CALLS, Allowance, Lesson, Level, Rate
from erpsync.ports.runtime import Tools
from erpsync.testing.limits import limited
from erpsync.transport.http import HttpClient, Reply


class Time:
    """Stands still until it is moved; `pause` moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.paused: list[float] = []

    def now(self) -> datetime:
        return self.at

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class Remote:
    server: HTTPServer
    tools: Tools
    time: Time

    def client(self, tools: Tools | None = None, **more: object) -> HttpClient:
        limiter = (tools or self.tools).limiter
        return HttpClient("erp", self.server.url_for(""), self.time, limiter=limiter, **more)  # type: ignore[arg-type]


@pytest.fixture
def remote(httpserver: HTTPServer) -> Remote:
    httpserver.expect_request("/plain").respond_with_data("{}")
    time = Time()
    return Remote(httpserver, Tools(time, lambda: "nonce-of-a-test-0123456789", Path("/nonexistent"), time.pause), time)


def allowed(remote: Remote, rate: Rate | None = None, slots: int = 0) -> Tools:
    return limited(remote.tools, Allowance({CALLS: rate} if rate else {}, slots))


def test_requests_of_all_clients_of_a_connection_keep_to_its_rate(remote: Remote) -> None:
    tools = allowed(remote, Rate(0.5, 2.0))
    for client in (remote.client(tools), remote.client(tools), remote.client(tools)):
        client.call("GET", "/plain", write=False)
    assert remote.time.paused == [2.0]
    assert len(remote.server.log) == 3


def test_what_waits_too_long_is_not_sent_and_nothing_is_in_doubt(remote: Remote) -> None:
    tools = allowed(remote, Rate(0.01, 1.0))
    remote.client(tools).call("POST", "/plain", write=True)
    with pytest.raises(Paced):
        remote.client(tools).call("POST", "/plain", write=True)
    assert len(remote.server.log) == 1


@pytest.mark.parametrize(("status", "error"), [(429, Throttled), (503, Unavailable)])
def test_a_retry_after_holds_for_everything_of_the_connection(
    remote: Remote, status: int, error: type[Exception]
) -> None:
    tools = allowed(remote)
    remote.server.expect_request("/busy").respond_with_data("", status, {"Retry-After": "30"})
    with pytest.raises(error):
        remote.client(tools).call("GET", "/busy", write=False)
    with pytest.raises(Paced) as raised:
        remote.client(tools).call("GET", "/plain", write=False)
    assert raised.value.retry_after_seconds == 30.0
    assert len(remote.server.log) == 1


def test_a_429_that_the_system_reads_itself_counts_all_the_same(remote: Remote) -> None:
    tools = allowed(remote)
    remote.server.expect_request("/busy").respond_with_data("{}", 429, {"Retry-After": "30"})
    assert remote.client(tools).call("GET", "/busy", write=False, returns={429}).status == 429
    with pytest.raises(Paced):
        remote.client(tools).call("GET", "/plain", write=False)


def test_a_system_adds_what_only_it_can_read(remote: Remote) -> None:
    tools = allowed(remote)

    def lesson(reply: Reply, plain: Lesson) -> Lesson:
        return replace(plain, level=Level(float(reply.headers["X-Left"]), 0.25, 10.0))

    remote.server.expect_request("/told").respond_with_data("{}", headers={"X-Left": "1"})
    client = remote.client(tools, lesson=lesson)
    for _ in range(3):
        client.call("GET", "/told", write=False)
    assert remote.time.paused == [4.0]


@pytest.mark.parametrize(("write", "error"), [(False, Unavailable), (True, OutcomeUnknown)])
def test_a_request_without_an_answer_gives_its_slot_back(remote: Remote, write: bool, error: type[Exception]) -> None:
    tools = allowed(remote, slots=1)
    remote.server.expect_request("/large").respond_with_data("x" * 100)
    with pytest.raises(error):
        remote.client(tools, max_reply_bytes=10).call("POST", "/large", write=write)
    remote.client(tools).call("GET", "/plain", write=False)
    assert remote.time.paused == []


@pytest.mark.parametrize("given", ["inf", "nan", "-inf", "1e999", "soon", ""])
def test_a_wait_that_is_no_time_is_none(remote: Remote, given: str) -> None:
    remote.server.expect_request("/busy").respond_with_data("{}", 429, headers={"Retry-After": given})

    with pytest.raises(Throttled) as raised:
        remote.client().call("GET", "/busy", write=False)

    assert raised.value.retry_after_seconds is None
