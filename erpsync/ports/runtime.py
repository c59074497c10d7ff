"""The surroundings that are passed in, so that tests can hold them still."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from erpsync.domain.ids import JobId
from erpsync.ports.limits import UNLIMITED, Limiter


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


@dataclass(frozen=True)
class JobCall:
    """What a message to a worker needs: the job's id, and words for people who look at the queue. `background`: a backfill
    moved it, and it goes to the queue behind live traffic."""

    job_id: JobId
    flow: str
    label: str
    background: bool = False


class Wake(Protocol):
    """Tells workers that there is work. Best effort: the sweep finds what a lost call leaves, so nothing is raised."""

    def intake(self) -> None:
        """There are new rows in the inbox."""
        ...

    def polls(self) -> None:
        """Some polls are wanted before their time."""
        ...

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        """These jobs are due. False where the broker did not take the messages."""
        ...

    def dead_letters(self, ids: Sequence[int]) -> bool:
        """These dead letters are to be announced. False where the broker did not take the messages."""
        ...

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        """These backfills have a chunk to be read, one each time that an id is named. False where the broker did not take
        the messages."""
        ...


@dataclass(frozen=True)
class Tools:
    """What a system's adapter is given to work with. `nonce` returns at least 128 random bits as URL-safe text; `pause`
    returns after that many seconds; `limiter` is the connection's own."""

    clock: Clock
    nonce: Callable[[], str]
    cache_directory: Path
    pause: Callable[[float], None] = time.sleep
    limiter: Limiter = UNLIMITED
