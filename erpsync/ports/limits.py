"""How much a remote may be asked: one limit for a connection, shared by everything that calls it.

    with tools.limiter.permit() as permit:
        reply = ...
        permit.learn(Lesson(throttled=True, wait_seconds=7))

`transport.http.HttpClient` takes the permit of each request, so that an adapter only hands it the limiter and, where
the remote's answers say more than 429 and Retry-After do, a function that reads a Lesson from them.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

CALLS = "calls"
"""The kind of operation of a remote that counts all its requests alike."""

_in_background: ContextVar[bool] = ContextVar("erpsync_in_background", default=False)


@dataclass(frozen=True)
class Rate:
    """A bucket: it holds `burst` tokens and `per_second` come back. Tokens are what the remote counts: requests, points."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Allowance:
    """What a connection may ask of its remote, all workers together.

    `rates` by kind of operation; a kind without one is limited by the slots alone. `slots`: requests under way at once, 0
    for any number. `longest_seconds`: how long a request may take; the slot of a worker that died returns after it.
    """

    rates: Mapping[str, Rate] = field(default_factory=dict)
    slots: int = 0
    longest_seconds: float = 60.0


@dataclass(frozen=True)
class Level:
    """What the remote says of its own bucket: `left` now, `per_second` coming back, up to `burst`. This holds until it says
    something else."""

    left: float
    per_second: float
    burst: float


@dataclass(frozen=True)
class Window:
    """What is left of a window that ends in `ends_seconds`; then there are `most` again, for all that is known. Nothing
    comes back before. The last `spread` are spread evenly over the time that is left."""

    left: float
    most: float
    ends_seconds: float
    spread: float = 0.0


@dataclass(frozen=True)
class Lesson:
    """What an answer says of the pace. `wait_seconds`: nothing is to be asked of the connection before; None where it does
    not say. `spent`: the tokens that the request cost in the end."""

    throttled: bool = False
    wait_seconds: float | None = None
    spent: float | None = None
    level: Level | Window | None = None


class Permit(Protocol):
    """A request that may be made now."""

    def learn(self, lesson: Lesson) -> None:
        """Keeps what the answer says until the permit ends. Not called where no answer came."""
        ...


class Limiter(Protocol):
    """The limit of one connection. Not for use by several threads at once, like the adapter that it was given to."""

    def permit(self, operation: str = CALLS, cost: float = 1.0) -> AbstractContextManager[Permit]:
        """A slot and `cost` tokens of the operation's bucket, the slot until the context ends.

        May pause, for a few seconds at most; raises Throttled where that would not do, for the caller to wait in the
        ledger. `cost`: what is expected; the answer's `Lesson.spent` corrects it.
        """
        ...

    def learn(self, lesson: Lesson, operation: str = CALLS) -> None:
        """Takes in what was understood only after the request's permit had ended."""
        ...

    def resize(self, slots: int) -> None:
        """The remote says how many requests it takes at once. Lasts as long as the connection is in use."""
        ...


@contextmanager
def background() -> Iterator[None]:
    """Permits inside take only what leaves a share of every bucket and of the slots to live traffic."""
    token = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(token)


def in_background() -> bool:
    return _in_background.get()


class Unlimited:
    """Lets every request through: for remotes that are nobody's connection, and for tests of other things."""

    def permit(self, operation: str = CALLS, cost: float = 1.0) -> AbstractContextManager[Permit]:  # noqa: ARG002
        return nullcontext(_Heedless())

    def learn(self, lesson: Lesson, operation: str = CALLS) -> None:
        pass

    def resize(self, slots: int) -> None:
        pass


class _Heedless:
    def learn(self, lesson: Lesson) -> None:
        pass


UNLIMITED = Unlimited()
