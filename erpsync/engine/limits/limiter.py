"""The limiter that an adapter is given: one connection's way to the buckets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from erpsync.domain.errors import Paced
from erpsync.engine.limits.records import MAX_PAUSE_SECONDS, Answer, Ask, Buckets, Ended, Verdict
from erpsync.ports.limits import CALLS, Allowance, Lesson, Permit, in_background

# A body may trickle in after the time that is allowed between two of its pieces.
LEASE_MARGIN_SECONDS = 30.0


class ConnectionLimiter:
    """See `ports.limits.Limiter`."""

    def __init__(
        self,
        connection: str,
        system: str,
        allowance: Allowance,
        buckets: Buckets,
        pause: Callable[[float], None],
        nonce: Callable[[], str],
    ) -> None:
        self._connection = connection
        self._system = system
        self._allowance = allowance
        self._buckets = buckets
        self._pause = pause
        self._nonce = nonce

    @contextmanager
    def permit(self, operation: str = CALLS, cost: float = 1.0) -> Iterator[Permit]:
        name = self._nonce()[:16]
        granted = self._enter(name, operation, cost)
        permit = _Permit()
        try:
            yield permit
        finally:
            rate = self._allowance.rates.get(operation)
            self._buckets.give(self._connection, Ended(name, operation, rate, granted.taken or 0.0, permit.lesson))

    def learn(self, lesson: Lesson, operation: str = CALLS) -> None:
        rate = self._allowance.rates.get(operation)
        self._buckets.give(self._connection, Ended("", operation, rate, lesson=lesson))

    def resize(self, slots: int) -> None:
        self._buckets.resize(self._connection, slots)

    def _enter(self, name: str, operation: str, cost: float) -> Answer:
        waited = 0.0
        taken: float | None = None
        while True:
            ask = Ask(
                id=name,
                operation=operation,
                cost=cost,
                rate=self._allowance.rates.get(operation),
                slots=self._allowance.slots,
                lease_seconds=self._allowance.longest_seconds + LEASE_MARGIN_SECONDS,
                background=in_background(),
                taken=taken,
                waited_seconds=waited,
                patience_seconds=MAX_PAUSE_SECONDS - waited,
            )
            answer = self._buckets.take(self._connection, ask)
            if answer.verdict is Verdict.GO:
                return answer
            if answer.verdict is Verdict.PUT_BACK:
                raise Paced(
                    "paced",
                    system=self._system,
                    what=f"Nothing more is asked of the connection for {answer.wait_seconds:.0f} s: it asked for patience, "
                    "or its limit is used up.",
                    retry_after_seconds=answer.wait_seconds,
                )
            self._pause(answer.wait_seconds)
            waited, taken = waited + answer.wait_seconds, answer.taken


class _Permit:
    def __init__(self) -> None:
        self.lesson: Lesson | None = None

    def learn(self, lesson: Lesson) -> None:
        self.lesson = lesson
