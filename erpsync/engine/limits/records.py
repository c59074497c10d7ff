"""What is asked of a connection's buckets, and what they answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from erpsync.ports.limits import Lesson, Rate

MAX_PAUSE_SECONDS = 5.0
"""What takes longer is waited for in the ledger: a worker is not to be held, and its task has a time limit."""


@dataclass(frozen=True)
class Rules:
    """What holds for every connection, in Redis as in a process."""

    live_share: float = 0.5
    """What background work leaves of a bucket and of the slots."""
    queue_seconds: float = MAX_PAUSE_SECONDS / 2
    """How long the line before a bucket may be for one more to join it, whatever that one costs. Beyond it a call is put
    back."""
    promise_seconds: float = 30.0
    """Tokens are kept for a call that costs too much to wait for here, when they come within that time, and for as long
    after: or cheap calls that never cease would keep it out for ever."""
    slowdown: float = 0.5
    gain: float = 0.001
    """Of what is configured, for each answer that was no throttle: five hundred of them make up for one."""
    least: float = 0.02
    slowdown_seconds: float = 1.0
    """Throttles that come closer together are one: of requests that were under way side by side."""
    look_seconds: float = 0.1
    """How often a slot is asked for while there is none: nobody tells when one is given back."""
    full_seconds: float = 2.0
    """When to come back where there was no slot in all that time."""
    line_seconds: float = MAX_PAUSE_SECONDS + 1.0
    """How long a place in the line of slots is kept for one that may have died."""
    max_wait_seconds: float = 3600.0
    """The most that one answer may ask to wait, and what stands for never."""
    keep_seconds: float = 3600.0
    """How long all this is remembered of a connection that nothing is asked of."""


RULES = Rules()


class Verdict(StrEnum):
    GO = "go"
    WAIT = "wait"
    """Ask again after `wait_seconds`."""
    PUT_BACK = "put-back"
    """Let go of the worker; `wait_seconds` is when to come back."""


@dataclass(frozen=True)
class Ask:
    """`taken`: the tokens that an earlier answer to the same asker has taken already; None: none yet. `waited_seconds`: how
    long it has paused so far, `patience_seconds` how long it still may."""

    id: str
    operation: str
    cost: float
    rate: Rate | None
    slots: int
    lease_seconds: float
    background: bool = False
    taken: float | None = None
    waited_seconds: float = 0.0
    patience_seconds: float = MAX_PAUSE_SECONDS


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    wait_seconds: float = 0.0
    taken: float | None = None


@dataclass(frozen=True)
class Ended:
    """The end of a permit; `id` is empty for a lesson that belongs to none. No lesson: no answer came."""

    id: str
    operation: str
    rate: Rate | None
    taken: float = 0.0
    lesson: Lesson | None = None


@dataclass(frozen=True)
class BucketSeen:
    """`ends_seconds`: when the remote's window ends, in which nothing comes back; None where it counts without."""

    tokens: float
    per_second: float
    configured_per_second: float
    ends_seconds: float | None = None


@dataclass(frozen=True)
class Seen:
    """A connection's limit at one moment. `slots`: 0 for any number. `waits_seconds`: nothing is asked before. Counts begin
    anew when the connection has been idle for an hour."""

    buckets: Mapping[str, BucketSeen] = field(default_factory=dict)
    factor: float = 1.0
    in_flight: int = 0
    slots: int = 0
    configured_slots: int = 0
    waits_seconds: float = 0.0
    throttles_last_hour: int = 0
    throttles: int = 0
    pauses: int = 0
    paused_seconds: float = 0.0
    put_back: int = 0


class Buckets(Protocol):
    """Where the limits of connections are kept. Safe for several threads."""

    def take(self, connection: str, ask: Ask) -> Answer: ...

    def give(self, connection: str, ended: Ended) -> None: ...

    def resize(self, connection: str, slots: int) -> None: ...

    def look(self, connections: Iterable[str]) -> dict[str, Seen]:
        """Those that have been in use lately."""
        ...
