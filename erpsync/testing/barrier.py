"""Races forced, not hoped for: threads that start together, and points at which they wait for one another."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
# Far above what any bounded wait of the ledger or of a test takes, on a busy machine too; reaching it means a hang.
SECONDS = 120.0


class NobodyCame(AssertionError):
    """A thread waited in vain: the race that the test is about did not take place."""


class Meeting:
    """A point that `parties` threads pass together, once.

    `strict` raises NobodyCame in whoever waits longer than `seconds`. Otherwise the one who waited goes on alone, and so
    does everybody after: for code that may rightly keep the others away.
    """

    def __init__(self, parties: int, *, seconds: float = SECONDS, strict: bool = True) -> None:
        self._barrier = threading.Barrier(parties)
        self._parties = parties
        self._seconds = seconds
        self._strict = strict
        self._over = False

    def arrive(self) -> None:
        """Returns when all parties are here, and at once after they were. Raises NobodyCame."""
        if self._over:
            return
        try:
            self._barrier.wait(self._seconds)
        except threading.BrokenBarrierError:
            if self._strict:
                raise NobodyCame(f"fewer than {self._parties} threads came within {self._seconds} s") from None
        self._over = True


class Turns:
    """Goes on until everybody has had so many turns: for threads that get into one another's way, and none of which may be
    left out, however slow the machine. Each takes its turns, and more, while `go_on` says so."""

    def __init__(self, least: Mapping[str, int], *, seconds: float = SECONDS) -> None:
        self._left = dict(least)
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()

    def go_on(self) -> bool:
        """Whether somebody has turns left. Raises NobodyCame where somebody has after all that time."""
        with self._lock:
            late = {name: left for name, left in self._left.items() if left > 0}
        if late and time.monotonic() > self._end:
            raise NobodyCame(f"turns that never came: {late}")
        return bool(late)

    def took(self, name: str, turns: int = 1) -> None:
        with self._lock:
            self._left[name] -= turns


class Flag:
    """Something that one thread waits for another to do."""

    def __init__(self, what: str, *, seconds: float = SECONDS) -> None:
        self._event = threading.Event()
        self._what = what
        self._seconds = seconds

    def hoist(self) -> None:
        self._event.set()

    def wait(self) -> None:
        """Returns when the flag is up. Raises NobodyCame."""
        if not self._event.wait(self._seconds):
            raise NobodyCame(f"{self._what} did not happen within {self._seconds} s")


def together(*works: Callable[[], T], seconds: float = SECONDS) -> list[Future[T]]:
    """Runs each work in a thread of its own, all released at once; their ended futures, in the order of `works`.

    Raises NobodyCame where one has not ended after `seconds`, or has missed a strict Meeting or a Flag.
    """
    start = Meeting(len(works), seconds=seconds)
    pool = ThreadPoolExecutor(len(works), thread_name_prefix="race")
    futures = [pool.submit(_after, start, work) for work in works]
    late = wait(futures, seconds).not_done
    pool.shutdown(wait=not late)
    if late:
        raise NobodyCame(f"{len(late)} of {len(works)} threads had not ended after {seconds} s")
    for future in futures:
        missed = future.exception()
        if isinstance(missed, NobodyCame):
            raise missed
    return futures


def _after(start: Meeting, work: Callable[[], T]) -> T:
    start.arrive()
    return work()
