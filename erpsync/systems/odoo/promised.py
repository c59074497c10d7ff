"""What the stores' orders ask for and Odoo has not reserved. For quotations, and with a reservation method other than "At
Confirmation", it reserves nothing, and what was sold would count as free again.

https://www.odoo.com/documentation/19.0/applications/inventory_and_mrp/inventory/shipping_receiving/reservation_methods.html
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal

from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, WarehouseRow
from erpsync.systems.odoo.wire_catalogue import DeliveredFromRow, QuotedRow, WaitingRow


class Promised:
    """Orders that people enter are left to them: when theirs are reserved is what they have set in Odoo."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def of(self, product_ids: Collection[int], place_ids: Collection[int]) -> Mapping[tuple[int, int], Decimal]:
        """Quantities by product and location: of orders that are delivered from these places or from below them, and of
        quotations, where the settings leave them to a person."""
        promised: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
        for move in self._waiting(product_ids, place_ids):
            promised[move.product_id, move.location_id] += move.product_uom_qty - move.quantity
        for line, location_id in self._quoted(product_ids) if not self._settings.confirm else ():
            promised[line.product_id or 0, location_id] += line.product_uom_qty
        return promised

    def _waiting(self, product_ids: Collection[int], place_ids: Collection[int]) -> list[WaitingRow]:
        moves = self._client.search_in(
            WaitingRow,
            "product_id",
            product_ids,
            ["location_id", "child_of", list(place_ids)],
            ["state", "in", ["confirmed", "partially_available"]],
            ["sale_line_id", "!=", False],
        )
        ours = self._lookups.external_names(LineRow.MODEL, {move.sale_line_id for move in moves if move.sale_line_id})
        return [move for move in moves if move.sale_line_id in ours]

    def _quoted(self, product_ids: Collection[int]) -> list[tuple[QuotedRow, int]]:
        """Lines of quotations, each with the location that it would be delivered from."""
        quoted = ["order_id.state", "in", ["draft", "sent"]]
        lines = self._client.search_in(QuotedRow, "product_id", product_ids, quoted)
        ours = self._lookups.external_names(LineRow.MODEL, {line.id for line in lines})
        lines = [line for line in lines if line.id in ours]
        orders = self._client.search_in(DeliveredFromRow, "id", sorted({line.order_id for line in lines}))
        warehouse_of = {order.id: order.warehouse_id or 0 for order in orders}
        rows = self._client.search_in(WarehouseRow, "id", sorted({*warehouse_of.values()}))
        stock_of = {row.id: row.lot_stock_id or 0 for row in rows}
        return [(line, stock_of.get(warehouse_of.get(line.order_id, 0), 0)) for line in lines]
