"""Writes records one by one where Shopify has no call for several."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient

R = TypeVar("R")
K = TypeVar("K")
A = TypeVar("A")


def in_turn(records: Sequence[R], key: Callable[[R], K], write: Callable[[R], A]) -> dict[K, A | SyncError]:
    """What became of each record. One that is refused, or whose reply was lost, fails alone. What stands in the way of all
    ends it, and is raised where nothing was written before."""
    written: dict[K, A | SyncError] = {}
    for i, record in enumerate(records):
        try:
            written[key(record)] = write(record)
        except SyncError as error:
            if not isinstance(error, Transient) or isinstance(error, OutcomeUnknown):
                written[key(record)] = error
                continue
            if not written:
                raise
            return written | dict.fromkeys((key(each) for each in records[i:]), error)
    return written
