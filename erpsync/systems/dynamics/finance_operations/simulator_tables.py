"""The simulated database: rows by entity and key, compared without regard to case, with transactions."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from erpsync.systems.dynamics.finance_operations.simulator_schema import ENTITIES, Entity, Row

# Fields by which rows are looked up often, apart from their keys.
_INDEXED = {
    "SalesOrderHeadersV2": ("dataAreaId", "CustomersOrderReference"),
    "SalesOrderLines": ("dataAreaId", "SalesOrderNumber"),
}


class Refused(Exception):
    """The request is refused. `kind` is the .NET type that F&O names in its errors."""

    def __init__(self, status: int, message: str, kind: str = "AxODataWriteException") -> None:
        self.status = status
        self.message = message
        self.kind = kind
        super().__init__(message)


class Tables:
    """Hidden values of a row start with an underscore. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in ENTITIES}
        self._index: dict[str, dict[tuple[str, ...], dict[tuple[str, ...], None]]] = {name: {} for name in _INDEXED}
        self._journal: list[tuple[str, tuple[str, ...], Row | None]] = []
        self._last = 0

    def number(self) -> int:
        """The next of a sequence that never steps back."""
        self._last += 1
        return self._last

    def all(self, name: str) -> list[Row]:
        return list(self._rows[name].values())

    def where(self, name: str, **values: Any) -> Iterator[Row]:
        for row in self._candidates(name, values):
            if all(_alike(row[field], value) for field, value in values.items()):
                yield row

    def get(self, name: str, **values: Any) -> Row | None:
        return next(self.where(name, **values), None)

    def insert(self, name: str, values: Row) -> Row:
        """Raises Refused for a key that is there."""
        entity = ENTITIES[name]
        row = {field: kind.blank() for field, kind in entity.fields.items()} | values
        key = _key(entity, row)
        if key in self._rows[name]:
            shown = ", ".join(str(row[field]) for field in entity.key if field != "dataAreaId")
            raise Refused(
                400,
                f"Write failed for table row of type '{entity.type}Entity'. Infolog: Error: Cannot create a record in "
                f"{entity.label}. {entity.key[-1]}: {shown}. The record already exists.",
            )
        self._remember(name, key)
        return self._put(name, key, {**row, "_version": self.number()})

    def update(self, name: str, row: Row, values: Row) -> Row:
        key = _key(ENTITIES[name], row)
        self._remember(name, key)
        return self._put(name, key, {**row, **values, "_version": self.number()})

    def delete(self, name: str, row: Row) -> None:
        key = _key(ENTITIES[name], row)
        self._remember(name, key)
        self._drop(name, key)

    def begin(self) -> None:
        self._journal = []

    def roll_back(self) -> None:
        for name, key, before in reversed(self._journal):
            if before is None:
                self._drop(name, key)
            else:
                self._put(name, key, before)
        self._journal = []

    def _candidates(self, name: str, values: Row) -> list[Row]:
        """The rows that can match: by key or by index where the values have all of its fields, else all."""
        rows = self._rows[name]
        if values.keys() >= set(ENTITIES[name].key):
            row = rows.get(_key(ENTITIES[name], values))
            return [] if row is None else [row]
        fields = _INDEXED.get(name)
        if fields is not None and values.keys() >= set(fields):
            keys = self._index[name].get(tuple(_plain(values[field]) for field in fields), {})
            return [rows[key] for key in keys]
        return self.all(name)

    def _put(self, name: str, key: tuple[str, ...], row: Row) -> Row:
        if key in self._rows[name]:
            self._unindex(name, key)
        self._rows[name][key] = row
        if name in _INDEXED:
            found = tuple(_plain(row[field]) for field in _INDEXED[name])
            self._index[name].setdefault(found, {})[key] = None
        return row

    def _drop(self, name: str, key: tuple[str, ...]) -> None:
        self._unindex(name, key)
        self._rows[name].pop(key, None)

    def _unindex(self, name: str, key: tuple[str, ...]) -> None:
        row = self._rows[name].get(key)
        if row is not None and name in _INDEXED:
            found = tuple(_plain(row[field]) for field in _INDEXED[name])
            self._index[name][found].pop(key, None)

    def _remember(self, name: str, key: tuple[str, ...]) -> None:
        self._journal.append((name, key, self._rows[name].get(key)))


def etag(row: Row) -> str:
    return f"W/\"'{hashlib.md5(str(row['_version']).encode(), usedforsecurity=False).hexdigest()}'\""


def _key(entity: Entity, row: Row) -> tuple[str, ...]:
    return tuple(_plain(row[field]) for field in entity.key)


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value).lower()


def _alike(left: Any, right: Any) -> bool:
    """As the database's collation compares."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return bool(left == right)
