"""Writes into a shop's tables. What the database refuses of one record leaves its neighbours as they are."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Connection, func, insert, select, update

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Throttled, Unavailable
from erpsync.domain.ids import Sku, SourceId
from erpsync.ports.store_records import (
    FulfilmentDraft,
    PriceAnswer,
    PriceChange,
    Stale,
    StockAnswer,
    StockChange,
    StoreRef,
)
from erpsync.systems.custom import refusals, wire
from erpsync.systems.custom.capabilities import DATABASE_BATCH, SYSTEM
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.tables import Mapped, Tables
from erpsync.transport.database import Database

C = TypeVar("C")
K = TypeVar("K")
# Where the table has no column for it.
ONE_PLACE = "main"


class TableWriter:
    """Takes rows in one order everywhere: two that lock them in different orders would wait for one another."""

    def __init__(self, database: Database, tables: Tables, settings: CustomSettings) -> None:
        self._database = database
        self._tables = tables
        self._settings = settings

    def on_orders(self, values: dict[SourceId, dict[str, Any]]) -> dict[SourceId, SyncError | None]:
        """Sets these fields of each order. Setting them twice is harmless."""

        def write(connection: Connection, source_id: SourceId) -> SyncError | None:
            orders = self._tables.orders
            key = orders.key(source_id)
            statement = update(orders.table).where(orders["id"] == key).values(_named(orders, values[source_id]))
            changed = 0 if key is None else connection.execute(statement).rowcount
            return None if changed else _gone(source_id)

        return self._each({source_id: source_id for source_id in sorted(values)}, write)

    def stock(self, changes: Sequence[StockChange]) -> dict[tuple[Sku, str], StockAnswer]:
        ordered = sorted(changes, key=lambda one: (one.sku, one.location))
        return self._each({(one.sku, one.location): one for one in ordered}, self._set_stock)

    def prices(self, changes: Sequence[PriceChange]) -> dict[Sku, PriceAnswer]:
        ordered = sorted(changes, key=lambda one: one.sku)
        return self._each({one.sku: one for one in ordered}, self._set_price)

    def fulfil(self, draft: FulfilmentDraft) -> StoreRef:
        """Adds the shipment unless it is there. The order's row is locked meanwhile, so that two workers cannot both find
        it missing, whether or not the table has a unique reference."""
        record = f"order {draft.order_id}, shipment {draft.reference}"
        with self._database.writing() as connection:
            self._lock_order(connection, draft.order_id, record)
            made = self._tables.fulfilments
            known = select(made["order_id"]).where(made["reference"] == draft.reference)
            owner = connection.execute(known).scalar_one_or_none()
            if owner is None:
                self._add(connection, draft, record)
            elif str(owner) != draft.order_id:
                raise refusals.of_error(wire.Error(code="reference-used"), record)
        return StoreRef(SourceId(draft.reference), _numbers(draft) or draft.reference)

    def _set_stock(self, connection: Connection, change: StockChange) -> StockAnswer:
        stock, record = self._tables.stock, f"{change.sku} at {change.location}"
        here = [stock["sku"] == change.sku]
        if "location" in stock.columns:
            here.append(stock["location"] == stock.key(change.location, "location"))
        elif change.location != ONE_PLACE:
            return refusals.of_error(wire.Error(code="unknown-location"), record)
        told = connection.execute(select(stock["quantity"]).where(*here).with_for_update()).scalars().all()
        if not told:
            return refusals.of_error(wire.Error(code="unknown-sku"), record)
        if len(told) > 1:
            return _ambiguous(record, len(told))
        if change.was is not None and told[0] != change.was:
            return Stale(None if told[0] is None else int(told[0]))
        connection.execute(update(stock.table).where(*here).values(_named(stock, {"quantity": change.quantity})))
        return None

    def _set_price(self, connection: Connection, change: PriceChange) -> PriceAnswer:
        prices = self._tables.prices
        if change.price.currency != self._settings.currency or change.price_list:
            return refusals.of_error(wire.Error(code="currency"), change.sku)
        here = prices["sku"] == change.sku
        rows = connection.execute(select(func.count()).select_from(prices.table).where(here)).scalar_one()
        if rows != 1:
            unknown = refusals.of_error(wire.Error(code="unknown-sku"), change.sku)
            return _ambiguous(change.sku, rows) if rows else unknown
        connection.execute(update(prices.table).where(here).values(_named(prices, {"price": change.price.amount})))
        return None

    def _lock_order(self, connection: Connection, order_id: SourceId, record: str) -> None:
        orders = self._tables.orders
        columns = [orders[field].label(field) for field in ("id", "status") if field in orders.columns]
        statement = select(*columns).where(orders["id"] == orders.key(order_id)).with_for_update()
        row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            raise _gone(order_id)
        if self._settings.statuses.get(str(row.get("status"))) == "cancelled":
            raise refusals.of_error(wire.Error(code="cancelled"), record)

    def _add(self, connection: Connection, draft: FulfilmentDraft, record: str) -> None:
        made, parts = self._tables.fulfilments, self._tables.fulfilment_lines
        wanted = self._wanted(connection, draft, record)
        header = {
            "reference": draft.reference,
            "order_id": self._tables.orders.key(draft.order_id),
            "number": _numbers(draft),
            "carrier": ", ".join(dict.fromkeys(parcel.carrier for parcel in draft.parcels if parcel.carrier)),
            "url": next((parcel.url for parcel in draft.parcels if parcel.url), ""),
            "location": draft.location,
            "notify": draft.notify,
        }
        connection.execute(insert(made.table).values(_named(made, header)))
        for line_id, (sku, quantity) in wanted.items():
            line = {"reference": draft.reference, "line_id": line_id, "quantity": quantity, "sku": sku}
            connection.execute(insert(parts.table).values(_named(parts, line)))

    def _wanted(self, connection: Connection, draft: FulfilmentDraft, record: str) -> dict[Any, tuple[Sku, Decimal]]:
        """What the shipment holds, by order line. Raises Rejected where the order has not that much left to ship."""
        lines, made, parts = self._tables.lines, self._tables.fulfilments, self._tables.fulfilment_lines
        key = self._tables.orders.key(draft.order_id)
        ordered = connection.execute(
            select(lines["id"], lines["sku"], lines["quantity"]).where(lines["order_id"] == key)
        ).all()
        sent = connection.execute(
            select(parts["line_id"], func.sum(parts["quantity"]))
            .join(made.table, parts["reference"] == made["reference"])
            .where(made["order_id"] == key)
            .group_by(parts["line_id"])
        ).all()
        left = {row[0]: Decimal(row[2]) for row in ordered}
        for line_id, quantity in sent:
            left[line_id] = left.get(line_id, Decimal(0)) - Decimal(quantity)
        wanted: dict[Any, tuple[Sku, Decimal]] = {}
        for line in draft.lines:
            matching = [row[0] for row in ordered if line.line_source_id in (None, str(row[0])) and row[1] == line.sku]
            if len(matching) != 1:
                raise refusals.of_error(wire.Error(code="unknown-line"), record)
            quantity = wanted.get(matching[0], (line.sku, Decimal(0)))[1] + line.quantity
            if quantity > left[matching[0]]:
                raise refusals.of_error(wire.Error(code="over-ordered"), record)
            wanted[matching[0]] = (line.sku, quantity)
        return wanted

    def _each(self, records: dict[K, C], write: Callable[[Connection, C], Any]) -> dict[K, Any]:
        """The answer for each, in transactions of many. An outage in the middle is the answer of what was left."""
        answers: dict[K, Any] = {}
        keys = list(records)
        for start in range(0, len(keys), DATABASE_BATCH):
            batch = keys[start : start + DATABASE_BATCH]
            try:
                answers |= self._batch({key: records[key] for key in batch}, write)
            except (Unavailable, Throttled, OutcomeUnknown) as error:
                if not answers:
                    raise
                return answers | dict.fromkeys(keys[start:], error)
        return answers

    def _batch(self, records: dict[K, C], write: Callable[[Connection, C], Any]) -> dict[K, Any]:
        try:
            with self._database.writing() as connection:
                return {key: write(connection, record) for key, record in records.items()}
        except Rejected as error:
            if len(records) == 1:
                return dict.fromkeys(records, error)
        # One of them is to blame, and the database tells not which: each alone.
        return {key: self._batch({key: record}, write)[key] for key, record in records.items()}


def _named(mapped: Mapped, values: dict[str, Any]) -> dict[str, Any]:
    """By the database's names; what has no column is left out."""
    return {mapped[field].name: value for field, value in values.items() if field in mapped.columns}


def _numbers(draft: FulfilmentDraft) -> str:
    return ", ".join(parcel.number for parcel in draft.parcels if parcel.number)


def _gone(order_id: SourceId) -> Skip:
    return Skip("order-gone", what="The shop has no such order any more.", record=f"order {order_id}")


def _ambiguous(record: str, rows: int) -> Rejected:
    return Rejected(
        "ambiguous",
        system=SYSTEM,
        record=record,
        what=f"The table has {rows} rows for it, and it is not known which is meant.",
        next_step="Leave one row for each SKU (and location), or name a view in the settings that has; then replay.",
    )
