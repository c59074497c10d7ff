"""Looks materials of the connection's sales area up: whether they may be sold, and in which unit."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from erpsync.ports.runtime import Clock
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import any_of, both, query
from erpsync.systems.sap.odata.materials import Material, canonical, sales_area_filter
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.wire import PRODUCTS, text

# Long enough to spare a backlog the look-ups, short enough that a material that was extended is noticed.
_KEEP = timedelta(minutes=10)
_FIELDS = "Product,BaseUnit,SalesMeasureUnit,IsMarkedForDeletion,ProductSalesStatus"


class Materials:
    """Finds materials and remembers them for ten minutes. What was not found is always asked again: somebody may just have
    put it right."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings, clock: Clock) -> None:
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._known: dict[str, tuple[Material, datetime]] = {}

    def find(self, numbers: Iterable[str]) -> Mapping[str, Material]:
        """Those of `numbers` that the sales area sells, in one call for those not known yet."""
        now = self._clock.now()
        wanted = {number: canonical(number) for number in dict.fromkeys(numbers) if number}
        unseen = {key for key in wanted.values() if key not in self._known or self._known[key][1] <= now}
        for key in unseen:
            self._known.pop(key, None)
        for material in self._asked(unseen):
            self._known[canonical(material.number)] = (material, now + _KEEP)
        return {number: self._known[key][0] for number, key in wanted.items() if key in self._known}

    def forget(self) -> None:
        """For materials that SAP no longer takes as they were."""
        self._known.clear()

    def _asked(self, keys: Iterable[str]) -> Iterable[Material]:
        area = sales_area_filter(self._settings)
        queries = [
            query("A_ProductSalesDelivery", {"filter": both(chain, area), "select": _FIELDS})
            for chain, _ in any_of("Product", sorted(keys))
        ]
        for rows in self._gateway.rows_of(PRODUCTS, queries):
            for row in rows:
                blocked = text(row, "ProductSalesStatus") in self._settings.inactive_statuses
                if not row.get("IsMarkedForDeletion") and not blocked:
                    yield Material(text(row, "Product"), text(row, "SalesMeasureUnit") or text(row, "BaseUnit"))
