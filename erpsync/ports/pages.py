"""Reading what changed, in pages from a watermark.

A watermark is the adapter's own text: taken from the remote's clock (or its entry numbers) at the start of a read, less
an overlap longer than the remote's longest transaction, so that a row which commits late is still found. Rows may come
twice; none is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from erpsync.domain.errors import SyncError

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of what changed. `cursor` continues this read, None at its end; `watermark` is where the next read starts,
    the same on every page of one read. `unreadable` are rows that could not be understood, each a SyncError naming it:
    one bad row never stops a page. `keep` is what else the page brings: it is called with the transaction, an sqlalchemy
    Connection, in which the reader moves its checkpoint; `kept` is how many rows that is."""

    records: tuple[T, ...]
    cursor: str | None
    watermark: str
    unreadable: tuple[SyncError, ...] = ()
    keep: Callable[[Any], object] | None = None
    kept: int = 0


@dataclass(frozen=True)
class Since:
    """Where a read stands: `watermark` of the read before, `cursor` of the page before in this one.

    Without a watermark it is the first read of all: of what changed from `begin` on, of everything where that is None.
    """

    watermark: str | None = None
    cursor: str | None = None
    begin: datetime | None = None
