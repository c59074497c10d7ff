"""How much quicker a page of stock levels is kept in one statement than level by level, in one run on one database.

    .venv/bin/python tests/benchmarks/pages_of_stock.py

Prints the seconds of each and their ratio, for levels that are new, that have changed by a hundredth, and that have not.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ledger import stock
from erpsync.servers.launcher import ensure
from erpsync.testing.databases import own_database

SKUS, PAGE = 20_000, 500
START = datetime(2026, 1, 1, tzinfo=UTC)
Keep = Callable[[Connection, ConnectionName, Sequence[StockLevel], datetime], object]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ensure(None, None, Path(folder), fast=True, keep=False) as servers:
        for changed, what in ((1, "new"), (100, "1 % changed"), (SKUS * 2, "unchanged")):
            seconds = {}
            for name, keep in (("in one statement", stock.keep_levels), ("level by level", _one_by_one)):
                with own_database(servers.database_url) as database:
                    if changed > 1:
                        _load(database, stock.keep_levels, START, SKUS * 2)
                    begun = time.perf_counter()
                    _load(database, keep, START + timedelta(hours=1), changed)
                    seconds[name] = time.perf_counter() - begun
            one, each = seconds.values()
            print(f"{what:>12}: {one:.2f} s in one statement, {each:.2f} s level by level: {each / one:.0f} times")  # noqa: T201


def _load(database: Engine, keep: Keep, as_of: datetime, changed: int) -> None:
    for page in _pages(changed):
        with database.begin() as connection:
            keep(connection, ConnectionName("erp"), page, as_of)


def _pages(changed: int) -> Iterator[list[StockLevel]]:
    """Every SKU, of which each `changed`-th has another quantity than in the beginning."""
    for begin in range(0, SKUS, PAGE):
        numbers = range(begin, begin + PAGE)
        yield [
            StockLevel(sku=Sku(f"SKU-{number:06d}"), location="WH", on_hand=Decimal(8 if number % changed == 0 else 7))
            for number in numbers
        ]


def _one_by_one(connection: Connection, erp: ConnectionName, levels: Sequence[StockLevel], as_of: datetime) -> None:
    """An upsert for each, as it is often written; it does not even note what has changed."""
    for level in levels:
        connection.execute(_UPSERT, {"erp": erp, "as_of": as_of, **level.model_dump()})


_UPSERT = text("""
    INSERT INTO stock_levels (connection, sku, location, on_hand, reserved, unit, as_of, changed_at)
    VALUES (:erp, :sku, :location, :on_hand, :reserved, :unit, :as_of, :as_of)
    ON CONFLICT (connection, sku, location) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved,
        unit = excluded.unit, as_of = excluded.as_of, changed_at = excluded.changed_at
""")


if __name__ == "__main__":
    main()
