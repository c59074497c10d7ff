"""What lies at the locations that the settings name, product by product, and what of it is promised."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo import failures, refusals
from erpsync.systems.odoo.changes import Reading, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.promised import Promised
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LocationRow, QuantRow, WarehouseRow
from erpsync.systems.odoo.wire_catalogue import StockedRow, StorableRow


class Stock:
    """The stock's part of the Erp port.

    A product has changed where one of its quants or of its movements has: Odoo deletes quants that are used up, and only
    the movement tells of it. Such a product is told for every location, zero included.
    """

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups
        self._promised = Promised(client, settings, lookups)

    def levels(self, since: Since) -> Page[StockLevel]:
        reading = Reading.of(since, self._client, self._settings)
        places = self.locations()
        limit = max(self._settings.page_size // max(len(places), 1), 1)
        domain = [
            self._is_stocked(),
            ["default_code", "!=", False],
            *reading.changed("stock_quant_ids.write_date", "stock_move_ids.write_date"),
        ]
        products = self._client.page(StockedRow, domain, limit=limit)
        clear, unclear = self._told_apart(products.rows)
        return told(reading, products, [*self._of(clear, places), *unclear])

    def of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """A product that cannot be understood, or is not the only one of its SKU, is left out: the poll of changes tells of
        it, and what was sold of it stays taken off what was told of it last."""
        domain = [self._is_stocked(), ["default_code", "in", [sku for sku in skus if sku]]]
        clear, _ = self._told_apart(self._client.page(StockedRow, domain).rows)
        return self._of(clear, self.locations())

    def locations(self) -> list[LocationRow]:
        """Raises Rejected naming a location that is not there."""
        named = self._settings.stock_locations
        if not named:
            of_warehouses = [row.lot_stock_id for row in self._client.search(WarehouseRow, []) if row.lot_stock_id]
            return self._client.search_in(LocationRow, "id", of_warehouses)
        rows = self._client.search_in(LocationRow, "complete_name", named)
        missing = [name for name in named if not any(row.complete_name == name for row in rows)]
        if missing:
            raise failures.configuration(f"Odoo has no location {missing[0]}, which stock_locations names.")
        return rows

    def _told_apart(self, products: Sequence[StockedRow]) -> tuple[list[StockedRow], list[SyncError]]:
        """Those that alone have their SKU, and an error for each SKU that several have: none of them is the one to tell."""
        having = self._lookups.products({row.default_code for row in products})
        several = {sku: len(ids) for sku, ids in having.items() if len(ids) > 1}
        clear = [row for row in products if row.default_code not in several]
        return clear, [refusals.sku_not_unique(sku, count) for sku, count in sorted(several.items())]

    def _of(self, products: Sequence[StockedRow], places: Sequence[LocationRow]) -> list[StockLevel]:
        held = self._held([row.id for row in products], places)
        return [
            StockLevel(
                sku=Sku(row.default_code),
                location=place.complete_name,
                on_hand=held[row.id, place.id][0],
                reserved=held[row.id, place.id][1],
                unit=row.uom_id,
            )
            for row in products
            for place in places
        ]

    def _is_stocked(self) -> list[object]:
        """Up to Odoo 17 goods that are kept in stock had a type of their own."""
        if self._client.has(StorableRow, "is_storable"):
            return ["is_storable", "=", True]
        return ["type", "=", "product"]

    def _held(
        self, product_ids: Sequence[int], places: Sequence[LocationRow]
    ) -> Mapping[tuple[int, int], tuple[Decimal, Decimal]]:
        """On hand and reserved by product and place; what lies below a place counts towards it. What is promised counts as
        reserved, be it there or not."""
        held: dict[tuple[int, int], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
        if not product_ids:
            return held
        place_ids = [place.id for place in places]
        below = ["location_id", "child_of", place_ids]
        internal = ["location_id.usage", "=", "internal"]
        quants = self._client.search_in(QuantRow, "product_id", product_ids, below, internal)
        counts = [(row.product_id, row.location_id, row.quantity, row.reserved_quantity) for row in quants]
        promised = self._promised.of(product_ids, place_ids)
        counts += [(*where, Decimal(0), quantity) for where, quantity in promised.items()]
        paths = self._paths({location_id for _, location_id, _, _ in counts})
        for product_id, location_id, quantity, taken in counts:
            for place_id in paths.get(location_id, frozenset()).intersection(place_ids):
                on_hand, reserved = held[product_id, place_id]
                held[product_id, place_id] = (on_hand + quantity, reserved + taken)
        return held

    def _paths(self, location_ids: Iterable[int]) -> dict[int, frozenset[int]]:
        """Each location with all those it lies in."""
        rows = self._client.search_in(LocationRow, "id", sorted(location_ids))
        return {row.id: frozenset(int(part) for part in row.parent_path.split("/") if part) for row in rows}
