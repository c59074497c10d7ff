"""Limits kept in this process: its part of them while Redis is gone."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from erpsync.engine.limits.records import Answer, Ask, Ended, Seen
from erpsync.engine.limits.state import State
from erpsync.ports.limits import Level, Rate, Window
from erpsync.ports.runtime import Clock


class LocalBuckets:
    """`processes`: how many there may be that know nothing of one another; each takes no more than its part."""

    def __init__(self, clock: Clock, processes: int = 1) -> None:
        self._clock = clock
        self._processes = processes
        self._states: dict[str, State] = defaultdict(State)
        self._lock = threading.Lock()

    def take(self, connection: str, ask: Ask) -> Answer:
        part = replace(ask, rate=self._rate(ask.rate), slots=self._slots(ask.slots))
        with self._lock:
            return self._states[connection].take(part, self._now())

    def give(self, connection: str, ended: Ended) -> None:
        lesson = ended.lesson
        if lesson and lesson.level:
            lesson = replace(lesson, level=self._level(lesson.level))
        part = replace(ended, rate=self._rate(ended.rate), lesson=lesson)
        with self._lock:
            self._states[connection].give(part, self._now())

    def resize(self, connection: str, slots: int) -> None:
        with self._lock:
            self._states[connection].told_slots = self._slots(slots)

    def look(self, connections: Iterable[str]) -> dict[str, Seen]:
        with self._lock:
            return {name: self._states[name].seen(self._now()) for name in connections if name in self._states}

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _slots(self, slots: int) -> int:
        return max(slots // self._processes, 1) if slots else 0

    def _rate(self, rate: Rate | None) -> Rate | None:
        if rate is None or self._processes == 1:
            return rate
        # A bucket holds one whole request at least, or none would ever be made.
        return Rate(rate.per_second / self._processes, max(rate.burst / self._processes, 1.0))

    def _level(self, level: Level | Window) -> Level | Window:
        n = self._processes
        if isinstance(level, Level):
            return Level(level.left / n, level.per_second / n, max(level.burst / n, 1.0))
        return replace(level, left=level.left / n, most=max(level.most / n, 1.0), spread=level.spread / n)
