"""Replies that are lost on the way back from a served simulator: what every stage of the contract suites arms alike."""

from collections.abc import Callable, Mapping
from typing import Protocol

from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator


class LoseReply(Protocol):
    def __call__(self, write: str, late_seconds: float = 0.0) -> Callable[[], int]: ...


def losing(faulty: FaultySimulator, writes: Mapping[str, str]) -> LoseReply:
    """Arms one lost reply to a request of `writes` (what is written -> a regular expression of its operation): it is done,
    at once or that much later, and the answer never comes. What it gives tells how often that fired."""

    def lose_reply(write: str, late_seconds: float = 0.0) -> Callable[[], int]:
        kind = FaultKind.LATE if late_seconds else FaultKind.LOST_REPLY
        fault = faulty.add(Fault(kind, writes[write], seconds=late_seconds))
        return lambda: fault.fired

    return lose_reply
