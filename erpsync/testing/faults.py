"""What goes wrong with a fake, when, and how often: a fault that did not fire proves nothing, so each counts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from erpsync.domain.errors import OutcomeUnknown, SyncError, Throttled, Unavailable
from erpsync.ports.runtime import Clock

T = TypeVar("T")
ANY = "*"


class WorkerKilled(BaseException):
    """The worker's process ends here, as by SIGKILL: nothing in the product may catch it."""


class FaultKind(StrEnum):
    UNAVAILABLE = "unavailable"
    """Unavailable is raised; nothing is done."""
    THROTTLED = "throttled"
    """Throttled is raised, with `seconds` as the wait asked for; nothing is done."""
    LOST_REPLY = "lost-reply"
    """It is done, and OutcomeUnknown raised, with `seconds` as the time to settle."""
    LATE = "late"
    """OutcomeUnknown is raised, with `seconds` as the time to settle, and it is done that much later by the clock."""
    BUG = "bug"
    """RuntimeError is raised, as by an adapter with a mistake; nothing is done."""
    KILLED_BEFORE = "killed-before"
    """The worker dies before the call."""
    KILLED_AFTER = "killed-after"
    """The worker dies when it is done, before it hears of it."""
    KILLED_LATE = "killed-late"
    """The worker dies at once, and it is done `seconds` later by the clock."""


_DONE_FIRST = (FaultKind.LOST_REPLY, FaultKind.KILLED_AFTER)
_DONE_LATER = (FaultKind.LATE, FaultKind.KILLED_LATE)


@dataclass
class Fault:
    """One way to go wrong. Fires for calls of `operation` (a method's name, or ANY) after the first `skip` of them,
    `times` times (None: until cleared)."""

    kind: FaultKind
    operation: str = ANY
    times: int | None = 1
    skip: int = 0
    seconds: float = 0.0
    fired: int = field(default=0, init=False)


@dataclass
class Refusal:
    """An error returned for one record in calls of `operation`; `times` as in Fault."""

    operation: str
    record: str
    error: SyncError
    times: int | None = None
    fired: int = field(default=0, init=False)


class Faults:
    """The way to one fake remote, and what goes wrong on it. Thread-safe."""

    def __init__(self, system: str, clock: Clock) -> None:
        self.on_arrival: Callable[[str], None] | None = None
        """Called with the operation before anything is done or goes wrong: where tests hold threads back."""
        self._system = system
        self._clock = clock
        self._faults: list[Fault] = []
        self._refusals: list[Refusal] = []
        self._late: list[tuple[datetime, Callable[[], object]]] = []
        self._lock = threading.RLock()

    def add(
        self, kind: FaultKind, operation: str = ANY, *, times: int | None = 1, skip: int = 0, seconds: float = 0.0
    ) -> Fault:
        """Arms a fault; what it returns counts how often it fired."""
        fault = Fault(kind, operation, times, skip, seconds)
        with self._lock:
            self._faults.append(fault)
        return fault

    def refuse(self, operation: str, record: str, error: SyncError, *, times: int | None = None) -> Refusal:
        """Arms the refusal of one record; what it returns counts how often it fired."""
        refusal = Refusal(operation, record, error, times)
        with self._lock:
            self._refusals.append(refusal)
        return refusal

    def clear(self) -> None:
        """From now on nothing goes wrong. What was to be done late is still done when its time comes."""
        with self._lock:
            self._faults.clear()
            self._refusals.clear()

    def refusal_of(self, operation: str, record: str) -> SyncError | None:
        """What this call answers for that record, counted as fired; None where it may go through."""
        with self._lock:
            for refusal in self._refusals:
                if (refusal.operation, refusal.record) == (operation, record) and refusal.times != refusal.fired:
                    refusal.fired += 1
                    return refusal.error
        return None

    def call(self, operation: str, work: Callable[[], T]) -> T:
        """Does `work` as the remote would, or fails as armed."""
        if self.on_arrival is not None:
            self.on_arrival(operation)
        with self._lock:
            self.catch_up()
            fault = self._take(operation)
            if fault is None:
                return work()
            if fault.kind in _DONE_FIRST:
                work()
            if fault.kind in _DONE_LATER:
                self._late.append((self._clock.now() + timedelta(seconds=fault.seconds), work))
        raise _error(fault, self._system, operation)

    def catch_up(self) -> None:
        """Does what was to be done late and whose time has come. Every call does so first; call it before looking."""
        with self._lock:
            now = self._clock.now()
            due = [work for at, work in self._late if at <= now]
            self._late = [(at, work) for at, work in self._late if at > now]
            for work in due:
                work()

    def _take(self, operation: str) -> Fault | None:
        for fault in self._faults:
            if fault.operation not in (ANY, operation) or fault.times == fault.fired:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.fired += 1
            return fault
        return None


def _error(fault: Fault, system: str, operation: str) -> BaseException:
    match fault.kind:
        case FaultKind.UNAVAILABLE:
            return Unavailable("unavailable", system=system, what=f"{operation} was refused.")
        case FaultKind.THROTTLED:
            what = f"{operation} came too soon."
            return Throttled("throttled", system=system, what=what, retry_after_seconds=fault.seconds)
        case FaultKind.LOST_REPLY | FaultKind.LATE:
            what = f"{operation} was sent and not answered."
            return OutcomeUnknown("no-reply", system=system, what=what, settle_seconds=fault.seconds)
        case FaultKind.BUG:
            return RuntimeError(f"{operation} has a bug")
        case _:
            return WorkerKilled(operation)
