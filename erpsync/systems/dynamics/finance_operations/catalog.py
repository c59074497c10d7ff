"""Products with their variants, base prices, and stock: each read in full along the item numbers.

A page is the next so many released products; what belongs to them in other entities is read for the same span of item
numbers. So each item is told whole, with all its variants, prices and warehouses, or not yet.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.finance_operations import prices, query, reading
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.items import DIMENSIONS, MASTER, Items, skus_of
from erpsync.systems.dynamics.finance_operations.reading import Rows
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import (
    AGREEMENTS,
    ON_HAND,
    PRODUCTS,
    RELEASED,
    VARIANTS,
    WAREHOUSES,
    OnHandRow,
    ProductRow,
    ReleasedRow,
    VariantRow,
)

T = TypeVar("T")
Make: TypeAlias = Callable[[ReleasedRow, Sequence[VariantRow]], Sequence[T]]
"""What becomes of a released product and its variants."""
_OPTION_NAMES = dict(zip(DIMENSIONS, ("Configuration", "Size", "Color", "Style", "Version"), strict=True))


class Catalog:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings, items: Items, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._items = items
        self._clock = clock

    def products(self, since: Since) -> Page[Product]:
        rows = self._released(since)
        reads: list[Read[Any]] = [Read(VARIANTS, rows.span("ItemNumber"))]
        reads += [
            Read(PRODUCTS, query.either("ProductNumber", chunk))
            for chunk in query.chunks([row["ProductNumber"] for row in rows.rows])
        ]
        variants, *named = self._client.read_many(reads)
        names = {row["ProductNumber"]: row for found in named for row in found}
        now = self._clock.now()

        def product(row: ReleasedRow, own: Sequence[VariantRow]) -> list[Product]:
            return [_product(row, own, names.get(row["ProductNumber"]), self._settings, now)]

        return _told(rows, variants, product)

    def prices(self, since: Since) -> Page[BasePrice]:
        """Per item: the price that holds for everybody, then that of each price group in the settings."""
        rows = self._released(since)
        span = rows.span("ItemNumber")
        variants, agreements = self._client.read_many([Read(VARIANTS, span), Read(AGREEMENTS, span)])
        today = self._clock.now()
        usable = _by_item([row for row in agreements if prices.is_usable(row, self._settings, today)])

        def told(row: ReleasedRow, own: Sequence[VariantRow]) -> list[BasePrice]:
            return prices.of_item(row, own, usable.get(row["ItemNumber"], []), self._settings)

        return _told(rows, variants, told)

    def stock(self, since: Since) -> Page[StockLevel]:
        """Every SKU at every warehouse asked for: F&O keeps no row of what is neither there nor expected."""
        rows = self._released(since)
        variants, levels = self._held([rows.span("ItemNumber")])
        return _told(rows, variants, levels)

    def stock_of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """An item that cannot be understood is left out: the poll of all stock tells of it."""
        numbers = sorted({item.number for item in self._items.find(skus).values()})
        if not numbers:
            return []
        released = self._client.read_in(RELEASED, "ItemNumber", numbers)
        variants, levels = self._held([query.either("ItemNumber", chunk) for chunk in query.chunks(numbers)])
        records, _ = _made(released, variants, levels)
        wanted = set(skus)
        return [level for level in records if level.sku in wanted]

    def _held(self, among: Sequence[str]) -> tuple[list[VariantRow], Make[StockLevel]]:
        """Of the items that the filters `among` match together: the variants, and what makes levels of an item."""
        reads: list[Read[Any]] = [Read(VARIANTS, each) for each in among]
        reads += [Read(ON_HAND, query.both(each, self._places())) for each in among]
        if not self._settings.stock_locations:
            reads.append(Read(WAREHOUSES))
        answers, many = self._client.read_many(reads), len(among)
        warehouses = tuple(row["WarehouseId"] for rows in answers[2 * many :] for row in rows)
        locations = self._settings.stock_locations or warehouses
        there = _by_item([row for rows in answers[many : 2 * many] for row in rows])

        def levels(row: ReleasedRow, own: Sequence[VariantRow]) -> list[StockLevel]:
            present = there.get(row["ItemNumber"], [])
            return [
                _level(sku, place, dims, present, row["InventoryUnitSymbol"], also_nowhere=place == locations[0])
                for sku, dims in skus_of(row, own).items()
                for place in locations
            ]

        return [row for rows in answers[:many] for row in rows], levels

    def _released(self, since: Since) -> Rows[ReleasedRow]:
        return reading.page(self._client, RELEASED, since, self._settings.page_size)

    def _places(self) -> str:
        asked = self._settings.stock_locations
        return query.either("InventoryWarehouseId", ("", *asked)) if 0 < len(asked) < query.VALUES_A_FILTER else ""


def _told(rows: Rows[ReleasedRow], variants: Sequence[VariantRow], make: Make[T]) -> Page[T]:
    records, unreadable = _made(rows.rows, variants, make)
    return Page(tuple(records), rows.cursor, reading.EVERYTHING, tuple(unreadable))


def _made(
    rows: Sequence[ReleasedRow], variants: Sequence[VariantRow], make: Make[T]
) -> tuple[list[T], list[SyncError]]:
    by_item = _by_item(variants)
    records: list[T] = []
    unreadable: list[SyncError] = []
    for row in rows:
        try:
            records += make(row, by_item.get(row["ItemNumber"], []))
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            unreadable.append(reading.unreadable_row("released product", row, "ItemNumber", error))
    return records, unreadable


def _by_item(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["ItemNumber"], []).append(row)
    return found


def _product(
    row: ReleasedRow,
    variants: Sequence[VariantRow],
    named: ProductRow | None,
    settings: FinanceOperationsSettings,
    now: datetime,
) -> Product:
    name = (named["ProductName"] if named else "") or row["SearchName"] or row["ItemNumber"]
    ends = query.day(row["SellEndDate"])
    active = row["ProductLifecycleStateId"] not in settings.inactive_lifecycle_states and (ends is None or ends > now)
    weight = row["NetProductWeight"] * 1000 if row["NetProductWeight"] else None
    used = [field for field in DIMENSIONS if any(dict(one).get(field) for one in variants)]
    if row["ProductSubType"] != MASTER:
        own = [Variant(sku=Sku(row["ItemNumber"]), title=name, weight_grams=weight, active=active)]
    else:
        own = [
            Variant(
                sku=Sku(one["ProductVariantNumber"]),
                title=one["ProductName"] or name,
                options=tuple(str(dict(one).get(field) or "") for field in used),
                weight_grams=weight,
                active=active and one["ProductLifecycleStateId"] not in settings.inactive_lifecycle_states,
            )
            for one in variants
        ]
    return Product(
        id=TargetId(row["ItemNumber"]),
        title=name,
        description=named["ProductDescription"] if named else "",
        active=active,
        options=tuple(_OPTION_NAMES[field] for field in used),
        variants=tuple(own),
    )


def _level(
    sku: Sku, place: str, dims: Mapping[str, str], rows: Sequence[OnHandRow], unit: str, *, also_nowhere: bool
) -> StockLevel:
    """With `also_nowhere` what is promised without a warehouse counts here. Orders are promised their goods whether F&O
    reserves for them or not: by default nothing is reserved
    (https://learn.microsoft.com/dynamicsax-2012/about-order-quantity-reservation)."""
    own = [row for row in rows if _matches(row, dims)]
    present = [row for row in own if row["InventoryWarehouseId"] == place]
    promised = [*present, *(row for row in own if also_nowhere and not row["InventoryWarehouseId"])]
    return StockLevel(
        sku=sku,
        location=place,
        on_hand=sum((row["OnHandQuantity"] for row in present), Decimal(0)),
        reserved=sum((row["ReservedOnHandQuantity"] + row["OnOrderQuantity"] for row in promised), Decimal(0)),
        unit=unit,
    )


def _matches(row: OnHandRow, dims: Mapping[str, str]) -> bool:
    known: Mapping[str, Any] = dict(row)
    return all(known[name] == value for name, value in dims.items())
