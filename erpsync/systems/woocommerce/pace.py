"""How fast one worker asks. Core WooCommerce has no limit and tells none; hosts have, and answer 429 with Retry-After."""

from collections.abc import Callable
from datetime import datetime

from erpsync.ports.runtime import Clock

# A refusal slows down by a third; a hundred calls that went well make up for a twentieth of it.
_SLOWER = 2 / 3
_FASTER = 1.02
_CALLS_TO_GAIN = 100
_LEAST_PER_SECOND = 0.2


class Pace:
    """Spreads calls evenly, slows down when the shop asks for patience, and speeds up again slowly."""

    def __init__(self, per_second: float, clock: Clock, pause: Callable[[float], None]) -> None:
        self._most = self.per_second = per_second
        self._clock = clock
        self._pause = pause
        self._went_well = 0
        self._last_at: datetime | None = None

    def wait(self) -> None:
        """Returns when the next call may be made."""
        if self._last_at is not None:
            passed = (self._clock.now() - self._last_at).total_seconds()
            if 0 <= passed < 1 / self.per_second:
                self._pause(1 / self.per_second - passed)
        self._last_at = self._clock.now()

    def well(self) -> None:
        self._went_well += 1
        if self._went_well >= _CALLS_TO_GAIN and self.per_second < self._most:
            self.per_second = min(self.per_second * _FASTER, self._most)
            self._went_well = 0

    def refused(self) -> None:
        self.per_second = max(self.per_second * _SLOWER, _LEAST_PER_SECOND)
        self._went_well = 0
