"""The one place where whatever is raised is caught, so that it becomes a verdict or a line in the log, never silence."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | Exception:
    """What `work` returns, or what it raised. The caller says what becomes of the error."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        return error
