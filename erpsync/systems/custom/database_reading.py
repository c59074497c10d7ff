"""Reads a shop's tables: what changed, by (time, id) so that no row is passed over, and orders with their lines."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, and_, or_, select

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import SourceId
from erpsync.ports.pages import Page, Since
from erpsync.systems.custom import wire
from erpsync.systems.custom.rows import Row, order_from
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.tables import Mapped, Tables
from erpsync.transport.database import Database

T = TypeVar("T")


class TableReader:
    """Reads one shop. Raises what `Database.reading` raises."""

    def __init__(self, database: Database, tables: Tables, settings: CustomSettings) -> None:
        self._database = database
        self._tables = tables
        self._settings = settings

    def orders(self, source_ids: Sequence[SourceId]) -> dict[SourceId, wire.Order | SyncError]:
        """The orders with their lines, all as of one moment."""
        orders, lines = self._tables.orders, self._tables.lines
        keys = {source_id: orders.key(source_id) for source_id in source_ids}
        known = [key for key in keys.values() if key is not None]
        of_order: dict[str, list[Row]] = {}
        with self._database.reading() as connection:
            found = {str(row["id"]): row for row in _rows(connection, selected(orders).where(orders["id"].in_(known)))}
            parts = selected(lines).where(lines["order_id"].in_(known)).order_by(lines["id"])
            for line in _rows(connection, parts):
                of_order.setdefault(str(line["order_id"]), []).append(line)
        return {
            source_id: self._order(source_id, found.get(str(key)), of_order.get(str(key), []))
            for source_id, key in keys.items()
        }

    def changed(self, mapped: Mapped, fields: Sequence[str], make: Callable[[Row], T], since: Since) -> Page[T]:
        """A page of what changed. The watermark is the database's clock at the start of the read, less the overlap."""
        state = json.loads(since.cursor) if since.cursor is not None else {}
        start = state.get("from") or since.watermark or (since.begin.isoformat() if since.begin else None)
        statement = selected(mapped, fields)
        if start:
            statement = statement.where(mapped["updated_at"] >= mapped.bound_from(datetime.fromisoformat(start)))
        return self._page(mapped, "updated_at", statement, make, {**state, "from": start})

    def between(
        self,
        mapped: Mapped,
        fields: Sequence[str],
        make: Callable[[Row], T],
        window: Sequence[datetime],
        cursor: str | None,
    ) -> Page[T]:
        start, end = (mapped.bound(at, "created_at") for at in window)
        statement = selected(mapped, fields).where(mapped["created_at"] >= start, mapped["created_at"] < end)
        return self._page(mapped, "created_at", statement, make, json.loads(cursor) if cursor is not None else {})

    def _page(
        self,
        mapped: Mapped,
        by: str,
        statement: Select[Any],
        make: Callable[[Row], T],
        state: Mapping[str, Any],
    ) -> Page[T]:
        at, key = mapped[by], mapped["id"]
        if "id" in state:
            last, last_key = mapped.bound(datetime.fromisoformat(state["at"]), by), mapped.key(state["id"])
            statement = statement.where(at >= last, or_(at > last, and_(at == last, key > last_key)))
        size = self._settings.page_size
        with self._database.reading() as connection:
            watermark = state.get("watermark") or self._watermark(connection)
            rows = _rows(connection, statement.where(at.is_not(None)).order_by(at, key).limit(size + 1))
        page = rows[:size]
        records, broken = _made(page, make)
        cursor = None
        if len(rows) > size:
            last_at = mapped.aware(page[-1][by], by).isoformat()
            cursor = json.dumps({**state, "at": last_at, "id": str(page[-1]["id"]), "watermark": watermark})
        return Page(tuple(records), cursor, watermark, tuple(broken))

    def _watermark(self, connection: Connection) -> str:
        overlap = timedelta(seconds=self._settings.overlap_seconds)
        return (self._database.now(connection) - overlap).isoformat()

    def _order(self, source_id: SourceId, row: Row | None, lines: Sequence[Row]) -> wire.Order | SyncError:
        if row is None:
            return Skip("order-gone", what="The shop has no such order any more.", record=f"order {source_id}")
        try:
            return order_from(row, lines, self._settings, self._tables.orders.aware)
        except SyncError as error:
            return error


def selected(mapped: Mapped, fields: Sequence[str] = ()) -> Select[Any]:
    """These fields of the table, each under its own name; all that the settings name where none are given."""
    return select(*(mapped[field].label(field) for field in fields or mapped.columns))


def _rows(connection: Connection, statement: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(statement).mappings()]


def _made(rows: Sequence[Row], make: Callable[[Row], T]) -> tuple[list[T], list[SyncError]]:
    records: list[T] = []
    broken: list[SyncError] = []
    for row in rows:
        try:
            records.append(make(row))
        except (Rejected, Skip) as error:
            broken.append(error)
    return records, broken
