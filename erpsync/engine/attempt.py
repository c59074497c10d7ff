"""The one place where whatever is raised is caught, so that it becomes a verdict or a line in the log, never silence."""

from collections.abc import Callable
from typing import TypeVar

from erpsync.domain.errors import TimeUp, TookTooLong, Transient
from erpsync.ledger.session import is_unreachable

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | Exception:
    """What `work` returns, or what it raised. The caller says what becomes of the error."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        return error


def attempt_run(work: Callable[[], T], settle_seconds: float = 0.0) -> T | Exception:
    """As `attempt`, for a run whose outcome is recorded: what cut it short from outside is told as what it is.

    `settle_seconds`: how long a remote may still be at work on what a run has sent whose time is over.
    """
    try:
        result = attempt(work)
    except TimeUp:
        return TookTooLong(settle_seconds)
    if isinstance(result, Exception) and is_unreachable(result):
        return Transient("ledger-unreachable", system="erpsync", what="The database of erpsync broke off meanwhile.")
    return result
