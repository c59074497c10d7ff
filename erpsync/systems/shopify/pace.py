"""Keeps calls within the points that Shopify gives: it waits before a call that would be refused.

Each answer tells what the call was charged for and what is left; a bucket refills steadily
(https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits). Other workers of the same app draw on the same
bucket: what they took between two of this worker's calls is seen in what is left, and as much is left to them.
"""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from erpsync.ports.runtime import Clock
from erpsync.systems.shopify import refusals, wire

# What takes longer is waited for in the ledger: a worker is not to be held, and its task has a time limit.
MAX_PAUSE_SECONDS = 5.0
# How much of what others took last is still expected of them at the next call.
_KEPT = Decimal("0.98")


class Pace:
    """The bucket of one app in one store, as far as its last answer tells."""

    def __init__(self, clock: Clock, pause: Callable[[float], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._costs: dict[tuple[str, int], Decimal] = {}
        self._bucket: wire.ThrottleStatus | None = None
        self._at: datetime | None = None
        self._others = Decimal(0)

    def wait(self, name: str, size: int) -> None:
        """Returns when the call may be made. Raises Throttled where that would take too long."""
        bucket = self._bucket
        if bucket is None or bucket.restore_rate <= 0:
            return
        wanted = min(self._expected(name, size) + self._others, bucket.maximum_available)
        missing = wanted - self._available(bucket)
        if missing <= 0:
            return
        # Rounded up: Shopify tells whole points.
        seconds = math.ceil(100 * missing / bucket.restore_rate) / 100
        if seconds > MAX_PAUSE_SECONDS:
            raise refusals.throttled_for(seconds)
        self._pause(seconds)

    def learn(self, name: str, size: int, cost: wire.Cost) -> None:
        """What an answer tells, a throttled one too."""
        self._costs[name, size] = cost.requested
        if self._bucket is not None:
            taken = self._available(self._bucket) - (cost.actual or 0) - cost.throttle.currently_available
            # A whole point is lost in rounding.
            taken = min(taken if taken > 1 else Decimal(0), cost.throttle.maximum_available / 2)
            self._others = max(taken, self._others * _KEPT)
        self._bucket, self._at = cost.throttle, self._clock.now()

    def _available(self, bucket: wire.ThrottleStatus) -> Decimal:
        elapsed = max((self._clock.now() - self._at).total_seconds(), 0.0) if self._at else 0.0
        return min(bucket.currently_available + Decimal(elapsed) * bucket.restore_rate, bucket.maximum_available)

    def _expected(self, name: str, size: int) -> Decimal:
        """What the call will cost, from earlier ones of its kind; nothing where there was none."""
        if (name, size) in self._costs:
            return self._costs[name, size]
        return max(
            (cost * size / known for (one, known), cost in self._costs.items() if one == name), default=Decimal(0)
        )
