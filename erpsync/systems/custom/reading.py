"""Reads from a shop that implements the contract: one order, and pages of what changed."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.ports.pages import Page, Since
from erpsync.systems.custom import wire
from erpsync.systems.custom.client import CustomClient, part, strange
from erpsync.systems.custom.mapper import unreadable
from erpsync.systems.custom.settings import CustomSettings

W = TypeVar("W", bound=BaseModel)
T = TypeVar("T")


class Reader:
    """Reads one shop. Raises what `CustomClient.get` raises."""

    def __init__(self, client: CustomClient, settings: CustomSettings) -> None:
        self._client = client
        self._page_size = str(settings.page_size)
        self._overlap = timedelta(seconds=settings.overlap_seconds)

    def order(self, source_id: SourceId) -> wire.Order:
        """Raises Skip where it is gone, Rejected where it is not the contract's."""
        record = f"order {source_id}"
        body = self._client.get(f"/orders/{part(source_id)}", record=record)
        try:
            return wire.Order.model_validate_json(body)
        except ValidationError as error:
            if error.errors()[0]["type"] == "json_invalid":
                raise strange("not JSON") from None
            raise unreadable(error, record, wire.Order) from None

    def changed(self, kind: str, model: type[W], make: Callable[[W], T], since: Since) -> Page[T]:
        """A page of what changed. Our cursor holds what the shop needs to go on and the watermark that the read ends with:
        the shop's clock at its first page, less the overlap."""
        if since.cursor is not None:
            state = json.loads(since.cursor)
            return self._page(kind, model, make, {"changed_since": state["from"]}, state["next"], state["watermark"])
        start = since.watermark or (since.begin.astimezone(UTC).isoformat() if since.begin else "")
        return self._page(kind, model, make, {"changed_since": start}, "", None)

    def between(
        self, start: datetime, end: datetime, cursor: str | None, model: type[W], make: Callable[[W], T]
    ) -> Page[T]:
        """A page of the orders placed in that time."""
        window = {name: at.astimezone(UTC).isoformat() for name, at in (("placed_from", start), ("placed_before", end))}
        following = "" if cursor is None else str(json.loads(cursor)["next"])
        return self._page("orders", model, make, window, following, "")

    def _page(
        self,
        kind: str,
        model: type[W],
        make: Callable[[W], T],
        window: Mapping[str, str],
        following: str,
        watermark: str | None,
    ) -> Page[T]:
        params = {**window, "cursor": following, "limit": self._page_size}
        rows, page = _listing(self._client.get(f"/{kind}", params), kind)
        if page.cursor is not None and page.cursor == following:
            raise strange(f"a page of {kind} whose cursor leads to itself")
        if watermark is None:
            watermark = (page.now - self._overlap).astimezone(UTC).isoformat()
        records: list[T] = []
        broken: list[SyncError] = []
        for row in rows:
            try:
                records.append(make(model.model_validate(row)))
            except ValidationError as error:
                broken.append(unreadable(error, f"{kind} {_id_of(row)}", model))
        state = {"from": window.get("changed_since", ""), "next": page.cursor, "watermark": watermark}
        return Page(tuple(records), json.dumps(state) if page.cursor else None, watermark, tuple(broken))


def _listing(body: bytes, kind: str) -> tuple[list[Any], wire.Page]:
    try:
        document = json.loads(body)
    except ValueError:
        raise strange("not JSON") from None
    rows = document.pop(kind, None) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise strange(f"not the contract's list of {kind}")
    try:
        return rows, wire.Page.model_validate(document)
    except ValidationError as error:
        raise strange(f"not the contract's Page: see {error.errors()[0]['loc']}") from None


def _id_of(row: Any) -> str:
    found = row.get("id") if isinstance(row, dict) else None
    return found[: wire.MAX_ID] if isinstance(found, str) else "without an id"
