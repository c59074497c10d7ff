"""A shop's tables as its database has them, with the columns that the settings name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Column, DateTime, SmallInteger, Table
from sqlalchemy.dialects.mysql import TIMESTAMP as MySqlTimestamp
from sqlalchemy.types import TypeEngine

from erpsync.domain.errors import Unavailable
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.columns import Columns
from erpsync.systems.custom.settings import CustomSettings
from erpsync.transport.database import Database

C = TypeVar("C", bound=Columns)
_TIMES = ("created_at", "updated_at")
# Longer than any clock is set back by at the end of summer time.
_SET_BACK = timedelta(hours=2)
_KEYS: dict[type, Callable[[str], Any]] = {int: int, Decimal: Decimal, UUID: UUID}


@dataclass(frozen=True)
class Mapped:
    """A table. `columns` are those that the settings name, by what they hold; `zone` is that of its naive times."""

    table: Table
    columns: Mapping[str, Column[Any]]
    zone: tzinfo

    def __getitem__(self, field: str) -> Column[Any]:
        return self.columns[field]

    def key(self, text: str, field: str = "id") -> Any:
        """The id as the column has it; None where the column cannot hold such a one."""
        kind = self[field].type
        try:
            key = _KEYS.get(kind.python_type, str)(text)
        except (ValueError, InvalidOperation):
            return None
        return None if isinstance(key, int) and abs(key) >= _limit(kind) else key

    def aware(self, at: datetime, field: str = "updated_at") -> datetime:
        """A column's time with its zone, in UTC."""
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=self._zone_of(field)).astimezone(UTC)

    def bound(self, at: datetime, field: str = "updated_at") -> datetime:
        """A time as the column compares it."""
        if getattr(self[field].type, "timezone", False):
            return at
        return at.astimezone(self._zone_of(field)).replace(tzinfo=None)

    def bound_from(self, at: datetime, field: str = "updated_at") -> datetime:
        """The least that the column can hold of a time from `at` on: where it knows no zone and the clock is set back, what
        is later has an earlier time."""
        return min(self.bound(at, field), self.bound(at + _SET_BACK, field) - _SET_BACK)

    def _zone_of(self, field: str) -> tzinfo:
        # MySQL tells its TIMESTAMP, which knows its zone, in that of the session: ours is UTC. A DATETIME knows none.
        return UTC if isinstance(self[field].type, MySqlTimestamp) else self.zone


class Tables:
    """Read once by each adapter. Every property raises Unavailable where a table or column is not there."""

    def __init__(self, database: Database, settings: CustomSettings) -> None:
        self._database = database
        self._settings = settings

    @cached_property
    def orders(self) -> Mapped:
        settings = self._settings
        return self.of(
            _given(settings.orders),
            {
                **_prefixed("billing", settings.billing),
                **_prefixed("shipping_to", settings.shipping),
            },
        )

    @cached_property
    def lines(self) -> Mapped:
        return self.of(_given(self._settings.order_lines))

    @cached_property
    def customers(self) -> Mapped:
        return self.of(_given(self._settings.customers))

    @cached_property
    def stock(self) -> Mapped:
        return self.of(_given(self._settings.stock))

    @cached_property
    def prices(self) -> Mapped:
        return self.of(_given(self._settings.prices))

    @cached_property
    def fulfilments(self) -> Mapped:
        return self.of(_given(self._settings.fulfilments))

    @cached_property
    def fulfilment_lines(self) -> Mapped:
        return self.of(_given(self._settings.fulfilment_lines))

    def of(self, names: Columns, more: Mapping[str, str] | None = None) -> Mapped:
        name = str(getattr(names, "table", ""))
        table = self._database.table(name)
        wanted = {**names.named, **(more or {})}
        absent = sorted({column for column in wanted.values() if column not in table.c})
        if absent:
            raise Unavailable(
                "no-such-column",
                system=SYSTEM,
                what=f"The table {name} has no column {', '.join(absent)}.",
                next_step="Correct the names in the settings, and restart; waiting records then go on by themselves.",
            )
        columns = {field: table.c[column] for field, column in wanted.items()}
        timeless = [column.name for field, column in columns.items() if field in _TIMES and not _is_time(column)]
        if timeless:
            raise Unavailable(
                "not-a-time",
                system=SYSTEM,
                what=f"In the table {name}, {', '.join(timeless)} holds no date with a time.",
                next_step="Name another column, or a view that casts it, and restart; waiting records then go on.",
            )
        return Mapped(table, columns, ZoneInfo(self._settings.time_zone))


def _is_time(column: Column[Any]) -> bool:
    return isinstance(column.type, DateTime)


def _limit(kind: TypeEngine[Any]) -> int:
    """What an integer column stays below."""
    bits = 15 if isinstance(kind, SmallInteger) else 63 if isinstance(kind, BigInteger) else 31
    return 1 << (bits + bool(getattr(kind, "unsigned", False)))


def _prefixed(prefix: str, names: Columns) -> dict[str, str]:
    return {f"{prefix}_{field}": column for field, column in names.named.items()}


def _given(names: C | None) -> C:
    if names is None:
        raise LookupError("asked for a table that the settings do not name")
    return names
