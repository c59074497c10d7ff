"""Pages that are kept in the ledger as they are, for one job a route to follow, in place of a job for each record."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.ports.pages import Page
from erpsync.ports.webhooks import Change

T = TypeVar("T")

# The only record of such a job: all that the ERP tells.
ALL = SourceId("all")


def kept(page: Page[T], keep: Callable[[Any], object], told: Change | None = None) -> Page[Change]:
    """`keep` is called in the transaction that takes the page in; `told` comes with the last page."""
    follows = () if told is None or page.cursor is not None else (told,)
    return Page(follows, page.cursor, page.watermark, page.unreadable, keep=keep, kept=len(page.records))


def all_of(flow: str, erp: ConnectionName, as_of: datetime) -> Change:
    """That the stores are to follow what the ERP has told."""
    return Change(flow=flow, source_id=ALL, version=as_of, number=erp, carries_state=False)
