"""Reading a whole entity in pages, by its key.

F&O's data entities tell no time of change, so what changed is found by reading everything. A page starts behind the last
key of the page before, never at an offset, so that rows which come or go meanwhile leave nothing out. The watermark says
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from erpsync.domain.errors import Rejected, SyncError
from erpsync.ports.pages import Page, Since
from erpsync.systems.dynamics.finance_operations import query
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.settings import SYSTEM
from erpsync.systems.dynamics.finance_operations.wire import Entity

T = TypeVar("T")
RowT = TypeVar("RowT")

EVERYTHING = "everything"


@dataclass(frozen=True)
class Rows(Generic[RowT]):
    """A page of rows in the order of their key. `first` and `last` are the keys they span."""

    rows: tuple[RowT, ...]
    after: str
    cursor: str | None

    def span(self, column: str) -> str:
        """A filter for the rows of another entity that belong to this page: those whose `column` lies in its span."""
        lower = f"{column} gt {query.text(self.after)}" if self.after else ""
        return query.both(lower, f"{column} le {query.text(self.cursor)}" if self.cursor else "")


def page(
    client: FoClient, entity: Entity[RowT], since: Since, size: int, filter_: str = "", also: tuple[str, ...] = ()
) -> Rows[RowT]:
    """The rows behind the cursor. `entity` has one key field besides the company."""
    [key] = entity.key
    after = since.cursor or ""
    is_number = isinstance(dict(entity.blanks)[key], int)
    behind = f"{key} gt {after if is_number else query.text(after)}" if after else ""
    rows = client.read(Read(entity, query.both(filter_, behind), order=key, top=size, also=also))
    last: Any = rows[-1] if len(rows) >= size else None
    return Rows(tuple(rows), after, None if last is None else str(last[key]))


def told(rows: Rows[Any], make: Callable[[Any], T], kind: str, key: str, watermark: str = EVERYTHING) -> Page[T]:
    """The page in domain words. A row that cannot be understood is told apart, and stops nothing."""
    records: list[T] = []
    unreadable: list[SyncError] = []
    for row in rows.rows:
        try:
            records.append(make(row))
        except (KeyError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
            unreadable.append(unreadable_row(kind, row, key, error))
    return Page(tuple(records), rows.cursor, watermark, tuple(unreadable))


def unreadable_row(kind: str, row: Mapping[str, Any], key: str, error: Exception) -> Rejected:
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"{kind} {row.get(key, '')}",
        what=f"It cannot be read: {type(error).__name__}.",
        next_step="Open it in F&O and look for a value that is missing or out of the ordinary.",
    )
