"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta


class TestClock:
    """Stands still until it is advanced. `ticks`: each look at it takes a microsecond, so that no two times are equal."""

    __test__ = False  # pytest takes it for a class of tests otherwise

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC), *, ticks: bool = False) -> None:
        self._now = start
        self._tick = timedelta(microseconds=1 if ticks else 0)

    def now(self) -> datetime:
        self._now += self._tick
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
