"""What lies at the locations that the settings name, product by product."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo import failures
from erpsync.systems.odoo.changes import Reading, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LocationRow, QuantRow, WarehouseRow
from erpsync.systems.odoo.wire_catalogue import StockedRow, StorableRow


class Stock:
    """The stock's part of the Erp port.

    A product has changed where one of its quants or of its movements has: Odoo deletes quants that are used up, and only
    the movement tells of it. Such a product is told for every location, zero included.
    """

    def __init__(self, client: OdooClient, settings: OdooSettings) -> None:
        self._client = client
        self._settings = settings

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
        return told(reading, products, self._of(products.rows, places))

    def of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """A product that cannot be understood is left out: the poll of changes tells of it."""
        domain = [self._is_stocked(), ["default_code", "in", [sku for sku in skus if sku]]]
        return self._of(self._client.page(StockedRow, domain).rows, self.locations())

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
        """On hand and reserved by product and place; what lies below a place counts towards it."""
        held: dict[tuple[int, int], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
        if not product_ids:
            return held
        below = ["location_id", "child_of", [place.id for place in places]]
        internal = ["location_id.usage", "=", "internal"]
        quants = self._client.search_in(QuantRow, "product_id", product_ids, below, internal)
        paths = self._paths({row.location_id for row in quants})
        for row in quants:
            for place in places:
                if place.id in paths[row.location_id]:
                    on_hand, reserved = held[row.product_id, place.id]
                    held[row.product_id, place.id] = (on_hand + row.quantity, reserved + row.reserved_quantity)
        return held

    def _paths(self, location_ids: Iterable[int]) -> dict[int, frozenset[int]]:
        """Each location with all those it lies in."""
        rows = self._client.search_in(LocationRow, "id", sorted(location_ids))
        return {row.id: frozenset(int(part) for part in row.parent_path.split("/") if part) for row in rows}
