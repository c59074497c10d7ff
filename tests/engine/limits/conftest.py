"""One connection's limit, kept in a process and kept in Redis: both are held to the same cases."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from erpsync.engine.limits.local import LocalBuckets
from erpsync.engine.limits.records import Answer, Ask, Buckets, Ended, Seen
from erpsync.engine.limits.shared import SharedBuckets
from erpsync.ports.limits import CALLS, Lesson, Rate
from erpsync.servers.launcher import Servers

# These tests are not about a Redis that does not answer: they wait for one that is busy.
PATIENT_SECONDS = 60.0


class Time:
    """Stands still until it is moved; `pause` moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.paused: list[float] = []

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.move(seconds)


@dataclass
class Desk:
    """Asks as workers do, one question at a time."""

    buckets: Buckets
    time: Time
    connection: str
    rate: Rate | None = None
    slots: int = 0

    def __post_init__(self) -> None:
        self._names = (f"permit-{number:06}" for number in count())

    def ask(self, cost: float = 1.0, *, name: str = "", **more: object) -> tuple[str, Answer]:
        asked = Ask(name or next(self._names), CALLS, cost, self.rate, self.slots, lease_seconds=90.0)
        asked = replace(asked, **more)  # type: ignore[arg-type]
        return asked.id, self.buckets.take(self.connection, asked)

    def take(self, cost: float = 1.0, **more: object) -> Answer:
        return self.ask(cost, **more)[1]

    def end(self, name: str, lesson: Lesson | None = None, taken: float = 1.0) -> None:
        self.buckets.give(self.connection, Ended(name, CALLS, self.rate, taken, lesson))

    def tell(self, lesson: Lesson) -> None:
        self.buckets.give(self.connection, Ended("", CALLS, self.rate, lesson=lesson))

    def seen(self) -> Seen:
        return self.buckets.look([self.connection])[self.connection]


OpenDesk = Callable[..., Desk]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def connection() -> str:
    """A name that no other test uses: Redis remembers for an hour."""
    return f"shop-{secrets.token_hex(6)}"


@pytest.fixture(params=["in a process", "in Redis"])
def open_desk(request: pytest.FixtureRequest, time: Time, connection: str) -> Iterator[OpenDesk]:
    if request.param == "in a process":
        local = LocalBuckets(time)
        yield lambda **limit: Desk(local, time, connection, **limit)
        return
    servers: Servers = request.getfixturevalue("servers")
    shared = SharedBuckets(servers.redis_url, now=lambda: time.at.timestamp(), socket_seconds=PATIENT_SECONDS)
    yield lambda **limit: Desk(shared, time, connection, **limit)
    shared.close()
