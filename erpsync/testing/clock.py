"""A clock that tests move."""

from datetime import UTC, datetime, timedelta


class TestClock:
    """Stands still until it is told to move."""

    __test__ = False

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
