"""How fast a store may be asked: what BigCommerce's X-Rate-Limit-* headers leave of a window is spread over the rest of it.

https://developer.bigcommerce.com/docs/start/best-practices/api-rate-limits: 150 requests in 30 s (Standard, Plus) or
450 (Pro), by plan and resource on Enterprise; all apps of a store share the store's quota.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from erpsync.domain.errors import Throttled
from erpsync.ports.runtime import Clock

# Others use the same store: below this share of the quota nothing more is asked before the window ends.
_RESERVE = 0.04
# Above this share there is no need to hurry slowly.
_AMPLE = 0.5
# What has to wait longer goes back to the ledger instead of holding a worker.
LONGEST_PAUSE_SECONDS = 5.0


class Pace:
    """The pace of one client, by what the replies tell."""

    def __init__(self, clock: Clock, pause: Callable[[float], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._left = 0
        self._quota = 0
        self._resets_at: datetime | None = None

    def wait(self) -> None:
        """Returns when the next request is in order. Raises Throttled where that is too long to wait for."""
        seconds = self._due_in()
        if seconds > LONGEST_PAUSE_SECONDS:
            raise throttled(seconds)
        if seconds > 0:
            self._pause(seconds)

    def _due_in(self) -> float:
        if self._resets_at is None:
            return 0.0
        remaining = (self._resets_at - self._clock.now()).total_seconds()
        if remaining <= 0 or self._left > self._quota * _AMPLE:
            return 0.0
        spare = self._left - max(1, round(self._quota * _RESERVE))
        return remaining if spare <= 0 else remaining / (spare + 1)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Takes in what a reply tells. A reply without the headers (an unlimited plan has none) changes nothing."""
        left, quota = _number(headers, "X-Rate-Limit-Requests-Left"), _number(headers, "X-Rate-Limit-Requests-Quota")
        reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms")
        if left is None or quota is None or reset is None:
            return
        self._left, self._quota = left, quota
        self._resets_at = self._clock.now() + timedelta(milliseconds=reset)


def throttled(seconds: float | None) -> Throttled:
    """The store's quota is used up; None where it is not told for how long."""
    return Throttled(
        "throttled",
        system="bigcommerce",
        what="The store's quota of requests is used up for now.",
        retry_after_seconds=seconds,
    )


def patience_seconds(headers: Mapping[str, str]) -> float | None:
    """How long a 429 asks to wait: milliseconds in one header, seconds in the older ones; None where it does not say."""
    reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms")
    if reset is not None:
        return reset / 1000
    seconds = _number(headers, "X-Retry-After")
    return None if seconds is None else float(seconds)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isdecimal() else None
