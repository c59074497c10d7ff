"""Limits kept in Redis, for all workers of all machines; and what happens while Redis is gone."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from importlib import resources
from typing import Any, TypeVar, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from erpsync.engine.limits.local import LocalBuckets
from erpsync.engine.limits.records import RULES, Answer, Ask, Ended, Seen, Verdict
from erpsync.engine.limits.state import State
from erpsync.ports.limits import CALLS
from erpsync.ports.runtime import Clock

log = structlog.get_logger()

T = TypeVar("T")

# A step takes Redis a tenth of a millisecond; one that is frozen or far away must not hold up every call.
_SOCKET_SECONDS = 0.5
# How long it is left alone once it did not answer, so that its time limit is not paid by each call.
_REST_SECONDS = 5.0
_MAX_TO_GIVE_BACK = 1000


class SharedBuckets:
    """Raises RedisError where Redis does not answer; it may have done all the same what it was asked."""

    def __init__(
        self, url: str, now: Callable[[], float] | None = None, socket_seconds: float = _SOCKET_SECONDS
    ) -> None:
        """`now` stands in for the server's clock; `socket_seconds` is how long it may take to answer. Raises ValueError for
        an address that is none."""
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=socket_seconds,
            socket_connect_timeout=socket_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        text = resources.files("erpsync.engine.limits").joinpath("shared.lua").read_text("utf-8")
        self._script = self._client.register_script(text)
        self._now = now
        self._rules = asdict(RULES)

    def take(self, connection: str, ask: Ask) -> Answer:
        answer = self._do("take", connection, asdict(ask))
        return Answer(Verdict(answer["verdict"]), answer["wait_seconds"], answer.get("taken"))

    def give(self, connection: str, ended: Ended) -> None:
        self._do("give", connection, asdict(ended))

    def resize(self, connection: str, slots: int) -> None:
        self._do("resize", connection, {"slots": slots})

    def look(self, connections: Iterable[str]) -> dict[str, Seen]:
        names = list(connections)
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for name in names:
                pipeline.get(_key(name))
            (seconds, micros), *kept = pipeline.execute()
        now = seconds + micros / 1e6 if self._now is None else self._now()
        return {
            name: State.read(json.loads(each)).seen(now)
            for name, each in zip(names, kept, strict=True)
            if each is not None
        }

    def close(self) -> None:
        self._client.close()

    def _do(self, what: str, connection: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        call = {"do": what, "rules": self._rules, "now": self._now() if self._now else None, **fields}
        return cast(dict[str, Any], json.loads(self._script(keys=[_key(connection)], args=[json.dumps(call)])))


class FailsafeBuckets:
    """Redis where it answers, else this process's part of each limit; and Redis again a few seconds after it is back."""

    def __init__(self, shared: SharedBuckets | None, local: LocalBuckets, clock: Clock) -> None:
        self._shared = shared
        self._local = local
        self._clock = clock
        self._rests_until: datetime | None = None
        self._granted_here: set[str] = set()
        # Permits whose end Redis was not told, by connection, those too that it gave in an answer that was lost: else their
        # slots would be missing until their leases end.
        self._to_give_back: deque[tuple[str, str]] = deque(maxlen=_MAX_TO_GIVE_BACK)

    def take(self, connection: str, ask: Ask) -> Answer:
        answer = self._ask_redis(lambda shared: shared.take(connection, ask))
        if answer is not None:
            return answer
        answer = self._local.take(connection, ask)
        if answer.verdict is Verdict.GO:
            self._granted_here.add(ask.id)
        return answer

    def give(self, connection: str, ended: Ended) -> None:
        """What an answer says is kept here too, so that it still holds when Redis is lost."""

        def give(shared: SharedBuckets) -> bool:
            shared.give(connection, ended)
            return True

        if not self._ask_redis(give) and self._shared is not None and ended.id:
            self._to_give_back.append((connection, ended.id))
        if ended.id in self._granted_here:
            self._granted_here.discard(ended.id)
        elif ended.lesson is not None:
            ended = replace(ended, lesson=replace(ended.lesson, spent=None))
        self._local.give(connection, ended)

    def resize(self, connection: str, slots: int) -> None:
        self._ask_redis(lambda shared: shared.resize(connection, slots))
        self._local.resize(connection, slots)

    def look(self, connections: Iterable[str]) -> dict[str, Seen]:
        """As all workers have it; nothing where Redis does not answer, for then nobody knows."""
        return self._ask_redis(lambda shared: shared.look(connections)) or {}

    def is_shared(self) -> bool:
        """Whether all workers take from the same limits, by the latest that was asked of Redis."""
        return self._shared is not None and self._rests_until is None

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()

    def _ask_redis(self, what: Callable[[SharedBuckets], T]) -> T | None:
        """None where Redis does not answer, or is left alone."""
        if self._shared is None or self._rests():
            return None
        try:
            self._give_back(self._shared)
            answer = what(self._shared)
        except redis.RedisError as error:
            if self._rests_until is None:
                log.warning("limits.local", error=type(error).__name__)
            self._rests_until = self._clock.now() + timedelta(seconds=_REST_SECONDS)
            return None
        if self._rests_until is not None:
            log.info("limits.shared")
            self._rests_until = None
        return answer

    def _give_back(self, shared: SharedBuckets) -> None:
        """Taken out first, for threads that do this side by side; and kept where Redis does not answer again."""
        while True:
            try:
                connection, name = self._to_give_back.popleft()
            except IndexError:
                return
            try:
                shared.give(connection, Ended(name, CALLS, None))
            except redis.RedisError:
                self._to_give_back.append((connection, name))
                raise

    def _rests(self) -> bool:
        return self._rests_until is not None and self._clock.now() < self._rests_until


def open_buckets(redis_url: str, clock: Clock, processes: int) -> FailsafeBuckets:
    """The limits of this installation; connects when first used. `processes`: into how many parts a limit falls without
    Redis. An address that is none is as good as a Redis that does not answer: `doctor` tells of both."""
    try:
        shared = SharedBuckets(redis_url) if redis_url else None
    except ValueError:
        shared = None
    return FailsafeBuckets(shared, LocalBuckets(clock, processes), clock)


def _key(connection: str) -> str:
    """Numbered by the form of what is kept there: workers of two releases that differ in it do not read one another's."""
    return f"erpsync:limits:1:{{{connection}}}"
