"""How the fakes page: by key, from a watermark on, as an adapter should."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from erpsync.ports.pages import Page, Since

T = TypeVar("T")
# No transaction of a fake takes longer to commit.
OVERLAP = timedelta(seconds=60)


def page_of(
    since: Since,
    keys: Iterable[str],
    changed_at: Callable[[str], datetime],
    records: Callable[[str], Iterable[T]],
    *,
    now: datetime,
    size: int,
) -> Page[T]:
    """Up to `size` of the keys that changed, in order. The cursor holds where the read began and the last key told."""
    begun, after = since.watermark or (since.begin.isoformat() if since.begin else ""), ""
    watermark = (now - OVERLAP).isoformat()
    if since.cursor is not None:
        begun, watermark, after = since.cursor.split("\n", 2)
    changed = [key for key in sorted(keys) if not begun or changed_at(key) >= datetime.fromisoformat(begun)]
    told = [key for key in changed if key > after][:size]
    more = bool(told) and told[-1] != changed[-1]
    cursor = f"{begun}\n{watermark}\n{told[-1]}" if more else None
    return Page(tuple(record for key in told for record in records(key)), cursor, watermark)
