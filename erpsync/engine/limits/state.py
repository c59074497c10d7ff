"""One connection's limit: its buckets, its slots and the line before them. Pure: `now` is in seconds.

`shared.lua` does the same in Redis, and keeps it in the same form; the tests run both through the same cases.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from erpsync.engine.limits.records import RULES, Answer, Ask, BucketSeen, Ended, Rules, Seen, Verdict
from erpsync.ports.limits import Level, Rate, Window

T = TypeVar("T")

_MINUTE = 60
_HOUR = 60 * _MINUTE


@dataclass
class Promise:
    """Tokens that are out of the bucket already, for the first call that costs as much and comes between these times."""

    tokens: float
    since: float
    until: float


@dataclass
class Bucket:
    """`base` is what is configured; `per_second` and `burst` what the remote said instead, until `ends_at` where it counts
    in windows. Tokens below zero are those of callers that wait for them: each has its place. The last `spread` of a
    window are given one by one; the latest of those goes at `next_at`."""

    tokens: float
    at: float
    base: Rate | None = None
    per_second: float | None = None
    burst: float | None = None
    ends_at: float | None = None
    spread: float = 0.0
    next_at: float = 0.0
    promise: Promise | None = None

    @property
    def size(self) -> float:
        return self.burst if self.burst is not None else self.base.burst if self.base else 0.0

    @property
    def rate(self) -> float:
        return self.per_second if self.per_second is not None else self.base.per_second if self.base else 0.0


@dataclass
class Slot:
    until: float
    background: bool


@dataclass
class State:
    factor: float = 1.0
    slowed_at: float = 0.0
    free_at: float = 0.0
    told_slots: int = 0
    configured_slots: int = 0
    buckets: dict[str, Bucket] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    line: dict[str, float] = field(default_factory=dict)
    minutes: dict[str, int] = field(default_factory=dict)
    throttles: int = 0
    pauses: int = 0
    paused_seconds: float = 0.0
    put_back: int = 0

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "State":
        """From the form in which Redis has it."""
        buckets = {
            name: Bucket(**{**each, "base": _of(Rate, each.get("base")), "promise": _of(Promise, each.get("promise"))})
            for name, each in kept["buckets"].items()
        }
        slots = {name: Slot(**each) for name, each in kept["slots"].items()}
        return cls(**{**kept, "buckets": buckets, "slots": slots})

    def take(self, ask: Ask, now: float, rules: Rules = RULES) -> Answer:
        self.configured_slots = ask.slots
        bucket = self._bucket(ask.operation, ask.rate, now)
        taken, wait = ask.taken, max(self.free_at - now, 0.0)
        if taken is None:
            taken, wait = self._reserve(bucket, ask, wait, now, rules)
        if wait <= 0:
            wait = self._enter(ask, now, rules)
        if wait <= 0:
            self.paused_seconds += ask.waited_seconds
            return Answer(Verdict.GO, 0.0, taken)
        if wait > ask.patience_seconds:
            return self._put_back(ask, bucket, taken, wait)
        self.pauses += ask.waited_seconds == 0
        return Answer(Verdict.WAIT, wait, taken)

    def give(self, ended: Ended, now: float, rules: Rules = RULES) -> None:
        self.slots.pop(ended.id, None)
        lesson = ended.lesson
        if lesson is None:
            return
        bucket = self._bucket(ended.operation, ended.rate, now)
        if bucket and lesson.spent is not None:
            bucket.tokens += ended.taken - lesson.spent
        if lesson.throttled:
            self._slow_down(now, rules)
            if bucket:
                bucket.tokens = min(bucket.tokens, 0.0)
        else:
            self.factor = min(self.factor + rules.gain, 1.0)
        if lesson.wait_seconds is not None:
            self.free_at = max(self.free_at, now + min(lesson.wait_seconds, rules.max_wait_seconds))
        if lesson.level:
            self._correct(ended.operation, lesson.level, bucket, now)

    def seen(self, now: float) -> Seen:
        for name in [*self.buckets]:
            self._bucket(name, self.buckets[name].base, now)
        self._forget(now, RULES)
        return Seen(
            buckets={
                name: BucketSeen(
                    bucket.tokens,
                    bucket.rate * self.factor,
                    bucket.rate,
                    None if bucket.ends_at is None else bucket.ends_at - now,
                )
                for name, bucket in self.buckets.items()
            },
            factor=self.factor,
            in_flight=len(self.slots),
            slots=self._slots(),
            configured_slots=self.told_slots or self.configured_slots,
            waits_seconds=max(self.free_at - now, 0.0),
            throttles_last_hour=sum(self.minutes.values()),
            throttles=self.throttles,
            pauses=self.pauses,
            paused_seconds=self.paused_seconds,
            put_back=self.put_back,
        )

    def _bucket(self, operation: str, rate: Rate | None, now: float) -> Bucket | None:
        """The bucket as it is now; None for an operation that has none."""
        bucket = self.buckets.get(operation)
        if bucket is None:
            if rate is None:
                return None
            bucket = self.buckets[operation] = Bucket(rate.burst, now)
        bucket.base = rate
        if bucket.ends_at is not None and bucket.ends_at <= now:
            bucket.tokens, bucket.at = bucket.size + min(bucket.tokens, 0.0), bucket.ends_at
            bucket.per_second = bucket.ends_at = None
            bucket.next_at = 0.0
            if rate is None:
                del self.buckets[operation]
                return None
        grown = max(now - bucket.at, 0.0) * bucket.rate * self.factor
        bucket.tokens, bucket.at = min(bucket.tokens + grown, bucket.size), now
        return bucket

    def _reserve(
        self, bucket: Bucket | None, ask: Ask, wait: float, now: float, rules: Rules
    ) -> tuple[float | None, float]:
        """The tokens taken, None where they are not; and how long to wait: `wait`, or the bucket's where that is longer."""
        if bucket is None:
            return 0.0, wait
        cost = min(ask.cost, bucket.size)
        if ask.background:
            wait = max(wait, self._due_in(bucket, max(cost, rules.live_share * bucket.size), now, rules))
            may_take = wait <= 0
        else:
            wait = max(wait, self._place(bucket, cost, ask.patience_seconds, now, rules))
            may_take = wait <= ask.patience_seconds
        if not may_take:
            return None, wait
        bucket.tokens -= cost
        if bucket.ends_at is not None:
            bucket.next_at = max(bucket.next_at, now + wait)
        return cost, wait

    def _place(self, bucket: Bucket, cost: float, patience: float, now: float, rules: Rules) -> float:
        """How long the line is with a call of that cost, for one of live traffic; too long where it is full already."""
        self._keep_promise(bucket, cost, now)
        due = self._due_in(bucket, cost, now, rules)
        if self._due_in(bucket, 0.0, now, rules) > rules.queue_seconds:
            return max(due, patience + rules.look_seconds)
        if patience < due <= rules.promise_seconds and bucket.promise is None and bucket.ends_at is None:
            bucket.promise = Promise(cost, now + due, now + due + rules.promise_seconds)
            bucket.tokens -= cost
        return due

    def _keep_promise(self, bucket: Bucket, cost: float, now: float) -> None:
        """Puts what was promised into the bucket again for whom it is meant, or where nobody came for it."""
        promise = bucket.promise
        if promise and (promise.until <= now or (promise.since <= now and promise.tokens <= cost)):
            bucket.tokens += promise.tokens
            bucket.promise = None

    def _due_in(self, bucket: Bucket, tokens: float, now: float, rules: Rules) -> float:
        """How long until the bucket gives so many, in whole milliseconds; none: how long the line is."""
        if bucket.ends_at is not None:
            rest, line = bucket.ends_at - now, max(bucket.next_at - now, 0.0)
            if bucket.tokens < tokens:
                wait = rest
            elif bucket.tokens <= bucket.spread:
                wait = line + (max(rest - line, 0.0) / (bucket.tokens + 1) if tokens else 0.0)
            else:
                wait = 0.0
        else:
            missing = max(tokens - bucket.tokens, 0.0)
            rate = bucket.rate * self.factor
            wait = missing / rate if rate > 0 else rules.max_wait_seconds if missing else 0.0
        # A hundredth of one is what the clock's own digits come to.
        return math.ceil(wait * 1000 - 0.01) / 1000

    def _enter(self, ask: Ask, now: float, rules: Rules) -> float:
        """Takes a slot and returns 0, or how long until the next look. Live traffic goes first come, first served."""
        self._forget(now, rules)
        limit = self._slots()
        if limit and ask.background:
            ours = sum(slot.background for slot in self.slots.values())
            share = max(int(limit * (1 - rules.live_share)), 1)
            may = ours < share and len(self.slots) + len(self.line) < limit
        elif limit:
            since = self.line.setdefault(ask.id, now)
            ahead = sum((each, other) < (since, ask.id) for other, each in self.line.items())
            may = ahead < limit - len(self.slots)
        else:
            may = True
        if may:
            self.line.pop(ask.id, None)
            self.slots[ask.id] = Slot(now + ask.lease_seconds, ask.background)
            return 0.0
        return rules.look_seconds if ask.patience_seconds >= rules.look_seconds else rules.full_seconds

    def _put_back(self, ask: Ask, bucket: Bucket | None, taken: float | None, wait: float) -> Answer:
        self.line.pop(ask.id, None)
        self.put_back += 1
        self.paused_seconds += ask.waited_seconds
        if bucket and taken:
            bucket.tokens += taken
        return Answer(Verdict.PUT_BACK, wait)

    def _slots(self) -> int:
        limit = self.told_slots or self.configured_slots
        return max(int(limit * self.factor), 1) if limit else 0

    def _slow_down(self, now: float, rules: Rules) -> None:
        self.throttles += 1
        minute = str(int(now // _MINUTE))
        self.minutes[minute] = self.minutes.get(minute, 0) + 1
        if now - self.slowed_at >= rules.slowdown_seconds:
            self.factor = max(self.factor * rules.slowdown, rules.least)
            self.slowed_at = now

    def _correct(self, operation: str, level: Level | Window, bucket: Bucket | None, now: float) -> None:
        if bucket is None:
            bucket = self.buckets[operation] = Bucket(level.left, now)
        bucket.tokens = min(bucket.tokens, level.left)
        if isinstance(level, Level):
            bucket.per_second, bucket.burst, bucket.ends_at = level.per_second, level.burst, None
            return
        # A remote that tells no quota had more at the window's beginning than it says now.
        most = level.most if bucket.ends_at is None else max(level.most, bucket.size)
        bucket.per_second, bucket.burst, bucket.spread = 0.0, most, level.spread
        bucket.ends_at = now + level.ends_seconds

    def _forget(self, now: float, rules: Rules) -> None:
        """Those that died: a slot's holder by its lease, one in the line by the time that nobody waits longer."""
        self.slots = {name: slot for name, slot in self.slots.items() if slot.until > now}
        self.line = {name: since for name, since in self.line.items() if since + rules.line_seconds > now}
        self.minutes = {minute: n for minute, n in self.minutes.items() if int(minute) * _MINUTE > now - _HOUR}


def _of(kind: Callable[..., T], kept: Mapping[str, float] | None) -> T | None:
    return kind(**kept) if kept else None
