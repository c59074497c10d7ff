"""Which orders changed, and which were placed when: ids and times only.

Orders are listed by the time of their last change, and an edit moves one to the end of the list. Each page starts at the
time of the last record of the page before, so that nothing depends on how many rows come before it; only within one
second, which may hold more orders than a page, is Shopify's own cursor followed.
"""

from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.lists import ListReader, unreadable_row
from erpsync.systems.shopify.reach import Reach
from erpsync.systems.shopify.reads import Position, position, since_term, with_watermark
from erpsync.systems.shopify.webhooks import FLOW

# The end of the second that `updated_at` tells: after every version that a webhook has in it (see `webhooks`), for the one
# that was lost may be the last of several.
_END_OF_SECOND = timedelta(microseconds=999_999)


class OrderChanges:
    def __init__(self, lists: ListReader, reach: Reach, page_size: int) -> None:
        self._lists = lists
        self._reach = reach
        self._page_size = page_size

    def changed(self, since: Since) -> Page[Change]:
        place = position(since)
        at = place.at or place.begun
        variables = {"query": since_term("updated_at", at) or None, "after": place.after, "sort": "UPDATED_AT"}
        page, answer = self._lists.page("OrdersListed", "orders", variables, self._page_size)
        place = with_watermark(place, answer, self._lists.client.clock)
        listed, unreadable = _read(page)
        following = _following(place, at, page, listed) if page.info.has_next else None
        return Page(tuple(_change(each) for each in listed), following, place.watermark, unreadable)

    def between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        """When an order was placed never changes, so that Shopify's own cursor is enough. Raises Rejected where the app may
        not see orders that old: they would be missing without a word."""
        if cursor is None:
            self._reach.require(start)
        place = position(Since(cursor=cursor)) if cursor is not None else Position(begun=start)
        before = end.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        query = f"{since_term('created_at', start)} created_at:<'{before:%Y-%m-%dT%H:%M:%SZ}'"
        variables = {"query": query, "after": place.after, "sort": "CREATED_AT"}
        page, _ = self._lists.page("OrdersListed", "orders", variables, self._page_size)
        listed, unreadable = _read(page)
        told = tuple(_change(each) for each in listed if start <= each.created_at < end)
        following = place.moved(after=page.info.end_cursor).cursor() if page.info.has_next else None
        return Page(told, following, "", unreadable)


def _read(page: wire.Page) -> tuple[list[wire.ListedOrder], tuple[SyncError, ...]]:
    listed: list[wire.ListedOrder] = []
    unreadable: list[SyncError] = []
    for node in page.nodes:
        try:
            listed.append(wire.ListedOrder.model_validate(node))
        except ValidationError as error:
            unreadable.append(unreadable_row("order", node.get("name") or node.get("id"), error))
    return listed, tuple(unreadable)


def _following(place: Position, at: datetime | None, page: wire.Page, listed: list[wire.ListedOrder]) -> str:
    last = listed[-1].updated_at if listed else at
    if last is not None and (at is None or last > at):
        return place.moved(at=last, after=None).cursor()
    return place.moved(at=at, after=page.info.end_cursor).cursor()


def _change(listed: wire.ListedOrder) -> Change:
    version = listed.updated_at.replace(microsecond=0) + _END_OF_SECOND
    return Change(FLOW, SourceId(listed.id), version, listed.name[:40] or listed.id, carries_state=False)
