"""What `erpsync doctor` asks a shop's database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Float, Numeric, UniqueConstraint, false, insert, select, update
from sqlalchemy.types import TypeEngine

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.tables import Mapped, Tables
from erpsync.transport.database import Database

MAX_SKEW_SECONDS = 60
_AMOUNTS = frozenset({"total", "unit_price", "discount", "tax", "shipping_price", "shipping_tax", "price", "quantity"})
# What is written in each table; in others rows are added.
_UPDATED = {"orders": ("erp_id", "erp_number", "hold"), "stock": ("quantity",), "prices": ("price",)}


def inspect(database: Database, tables: Tables, settings: CustomSettings, clock: Clock) -> Sequence[Check]:
    """All checks; where the database cannot be asked, what stands in the way. Raises nothing."""
    try:
        with database.reading() as connection:
            skew = abs((database.now(connection) - clock.now()).total_seconds())
    except SyncError as error:
        name = "credentials" if error.code == "credentials-refused" else "reachable"
        return [Check(name, False, error.problem.what, error.problem.next_step)]
    return [
        Check("reachable", True, "The database answers."),
        Check("credentials", True, "It accepts the user."),
        _clock(skew),
        *(_table(database, tables, settings, name) for name in _named(settings)),
    ]


def _named(settings: CustomSettings) -> list[str]:
    more = ("customers", "stock", "prices", "fulfilments", "fulfilment_lines")
    return ["orders", "lines", *(name for name in more if getattr(settings, name) is not None)]


def _clock(skew: float) -> Check:
    if skew <= MAX_SKEW_SECONDS:
        return Check("clock", True, f"This machine's clock and the database's differ by {skew:.0f} s.")
    return Check("clock", False, f"This machine's clock is {skew:.0f} s off the database's.", "Set both by NTP.")


def _table(database: Database, tables: Tables, settings: CustomSettings, name: str) -> Check:
    """One table: its columns, the rights that are needed, and amounts that are exact."""
    subject = f"table of {name.replace('_', ' ')}"
    try:
        mapped: Mapped = getattr(tables, name)
        _try(database, mapped, name, locks=name == "orders" and settings.fulfilments is not None)
    except SyncError as error:
        return Check(subject, False, error.problem.what, error.problem.next_step)
    binary = [column.name for field, column in mapped.columns.items() if field in _AMOUNTS and _is_binary(column.type)]
    if binary:
        fix = "Make them DECIMAL or NUMERIC, or name a view in the settings that casts them."
        return Check(subject, False, f"{', '.join(binary)} of {mapped.table.name} hold binary fractions.", fix)
    return Check(
        subject, True, f"{mapped.table.name} has what the settings name, and may be used.{_advice(name, mapped)}"
    )


def _try(database: Database, mapped: Mapped, name: str, *, locks: bool) -> None:
    """Does what will be done, to no row. Raises what the database says to it."""
    read = select(*mapped.columns.values()).where(false())
    with database.reading() as connection:
        connection.execute(read)
    if locks:
        with database.writing() as connection:
            connection.execute(read.with_for_update())
    if name.startswith("fulfilment"):
        _may_add(database, mapped)
    elif any(field in mapped.columns for field in _UPDATED.get(name, ())):
        _may_change(database, mapped, _UPDATED[name])


def _may_change(database: Database, mapped: Mapped, fields: Sequence[str]) -> None:
    names = [mapped[field] for field in fields if field in mapped.columns]
    with database.writing() as connection:
        connection.execute(update(mapped.table).where(false()).values({column.name: column for column in names}))


def _may_add(database: Database, mapped: Mapped) -> None:
    columns = list(mapped.columns.values())
    nothing = select(*columns).where(false())
    with database.writing() as connection:
        connection.execute(insert(mapped.table).from_select([column.name for column in columns], nothing))


def _is_binary(kind: TypeEngine[Any]) -> bool:
    return isinstance(kind, Float) or (isinstance(kind, Numeric) and not kind.asdecimal)


def _advice(name: str, mapped: Mapped) -> str:
    """What a shop does better with, and can do without."""
    if name == "fulfilments" and not _leads(mapped, "reference", unique=True):
        return f" Make {mapped['reference'].name} unique: the table is a safeguard then, and quicker."
    if "updated_at" in mapped.columns and not _leads(mapped, "updated_at", unique=False):
        return f" An index on ({mapped['updated_at'].name}, {mapped['id'].name}) would make polls quick."
    return ""


def _leads(mapped: Mapped, field: str, *, unique: bool) -> bool:
    """Whether an index begins with the column, or it alone is a key."""
    column = mapped[field]
    if column.primary_key and len(mapped.table.primary_key.columns) == 1:
        return True
    constraints = [one for one in mapped.table.constraints if isinstance(one, UniqueConstraint)]
    if any(list(one.columns) == [column] for one in constraints):
        return True
    leading = [index for index in mapped.table.indexes if list(index.columns)[:1] == [column]]
    return any(not unique or (index.unique and len(index.columns) == 1) for index in leading)
