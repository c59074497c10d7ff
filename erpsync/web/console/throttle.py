"""Slows down whoever tries passwords."""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from erpsync.ports.runtime import Clock

ATTEMPTS = 5
WINDOW = timedelta(minutes=5)
# Names and addresses are the caller's to choose, so that what is remembered of them is bounded.
REMEMBERED = 10_000
MAX_NAME = 100


class Throttle:
    """Counts attempts by name and address in this process. For several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def attempt(self, name: str, address: str) -> float:
        """Counts an attempt and returns 0.0; or, where there were too many, returns how many seconds to wait.

        Counted before the password is looked at, so that attempts made at once are counted like any others.
        """
        now = self._clock.now()
        key = (name[:MAX_NAME], address)
        with self._lock:
            recent = [at for at in self._attempts.pop(key, []) if now - at < WINDOW]
            if len(recent) < ATTEMPTS:
                recent.append(now)
                wait = 0.0
            else:
                wait = (recent[0] + WINDOW - now).total_seconds()
            self._attempts[key] = recent
            while len(self._attempts) > REMEMBERED:
                self._attempts.popitem(last=False)
        return wait

    def forget(self, name: str, address: str) -> None:
        """After a success."""
        with self._lock:
            self._attempts.pop((name[:MAX_NAME], address), None)
