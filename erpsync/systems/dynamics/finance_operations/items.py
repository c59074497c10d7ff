"""Which released product a SKU is: its item number, or the number of a variant with the dimensions that tell it apart."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from erpsync.domain.ids import Sku
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.finance_operations import query
from erpsync.systems.dynamics.finance_operations.amounts import Item
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.wire import RELEASED, VARIANTS, ReleasedRow, VariantRow

DIMENSIONS = ("ProductConfigurationId", "ProductSizeId", "ProductColorId", "ProductStyleId", "ProductVersionId")
MASTER = "ProductMaster"
_REMEMBERED = timedelta(minutes=10)


class Items:
    """Remembers what it found for ten minutes; what it did not find is asked for again."""

    def __init__(self, client: FoClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._found: dict[Sku, tuple[datetime, Item]] = {}
        self._skus: dict[Item, Sku] = {}

    def find(self, skus: Iterable[Sku]) -> Mapping[Sku, Item]:
        """Those that are released to the company, in at most one request. A product master is none: it has variants."""
        wanted = set(skus)
        since = self._clock.now() - _REMEMBERED
        unknown = sorted(sku for sku in wanted if sku and (sku not in self._found or self._found[sku][0] < since))
        now = self._clock.now()
        for sku, item in self._look(unknown).items():
            self._found[sku] = (now, item)
        return {sku: self._found[sku][1] for sku in wanted if sku in self._found and self._found[sku][0] >= since}

    def skus(self, items: Iterable[Item]) -> Mapping[Item, Sku]:
        """What the store calls each item: a variant by its number, anything else by its item number."""
        wanted = set(items)
        variants = sorted({item.number for item in wanted if item.dimensions and item not in self._skus})
        for row in self._client.read_in(VARIANTS, "ItemNumber", variants) if variants else ():
            self._skus[Item(row["ItemNumber"], dimensions(row))] = Sku(row["ProductVariantNumber"])
        return {item: self._skus.get(item, Sku(item.number)) for item in wanted}

    def _look(self, skus: list[Sku]) -> Mapping[Sku, Item]:
        if not skus:
            return {}
        chunks = query.chunks(skus)
        released: list[Read[Any]] = [Read(RELEASED, query.either("ItemNumber", chunk)) for chunk in chunks]
        variants: list[Read[Any]] = [Read(VARIANTS, query.either("ProductVariantNumber", chunk)) for chunk in chunks]
        answers = self._client.read_many([*released, *variants])
        found: dict[Sku, Item] = {}
        for row in (row for rows in answers[len(chunks) :] for row in rows):
            found[Sku(row["ProductVariantNumber"])] = Item(row["ItemNumber"], dimensions(row))
        for row in (row for rows in answers[: len(chunks)] for row in rows):
            if row["ProductSubType"] != MASTER:
                found[Sku(row["ItemNumber"])] = Item(row["ItemNumber"])
        # What came back for a wildcard, or in other letters, is not what was asked for.
        return {sku: found[sku] for sku in skus if sku in found}


def dimensions(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, row[name]) for name in DIMENSIONS if row.get(name))


def skus_of(row: ReleasedRow, variants: Sequence[VariantRow]) -> Mapping[Sku, Mapping[str, str]]:
    """What the store calls a released product or its variants, each with the dimensions that tell it apart."""
    if row["ProductSubType"] != MASTER:
        return {Sku(row["ItemNumber"]): {}}
    return {Sku(one["ProductVariantNumber"]): dict(dimensions(dict(one))) for one in variants}
