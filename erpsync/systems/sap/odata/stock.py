"""Stock per location: unrestricted own stock, and what of it SAP's own orders and deliveries have been promised.

SAP tells no change time for stock, so every read is of all products of the sales area, or of those that are named, zero
included. Reserved are the open confirmed quantities of order items and the quantities of deliveries whose goods issue has
not been posted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.cursors import position
from erpsync.systems.sap.odata.edm import any_of, both, number, query, text_literal
from erpsync.systems.sap.odata.masters import keyed_page
from erpsync.systems.sap.odata.materials import canonical, sales_area_filter
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import DELIVERIES, PRODUCTS, SALES_ORDERS, STOCK, Row, nested, text

# Stock type "unrestricted use" (domain LBBSA).
_UNRESTRICTED = "01"
_SOLD = "A_ProductSalesDelivery"
_FIELDS = "Product,BaseUnit"
_Amounts = dict[tuple[str, str], Decimal]


class Stock:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings) -> None:
        self._gateway = gateway
        self._settings = settings

    def levels(self, since: Since) -> Page[StockLevel]:
        self._must_have_locations()
        at = position(since, self._gateway, self._settings)
        rows, cursor = keyed_page(
            self._gateway,
            self._settings,
            at,
            PRODUCTS,
            _SOLD,
            "Product",
            sales_area_filter(self._settings),
            # A page counts levels, not products.
            size=max(1, self._settings.page_size // len(self._settings.stock_locations)),
            select=_FIELDS,
        )
        levels, unreadable = self._held(rows, _span(rows))
        return Page(tuple(levels), cursor, at.watermark, tuple(unreadable))

    def of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """A product whose rows cannot be understood is left out: the poll of all stock tells of it."""
        self._must_have_locations()
        area, wanted = sales_area_filter(self._settings), sorted({canonical(sku) for sku in skus if sku})
        queries = [
            query(_SOLD, {"filter": both(chain, area), "select": _FIELDS}) for chain, _ in any_of("Product", wanted)
        ]
        products = [row for rows in self._gateway.rows_of(PRODUCTS, queries) for row in rows]
        numbers = [text(row, "Product") for row in products]
        return self._held(products, [chain for chain, _ in any_of("Material", numbers)])[0]

    def _must_have_locations(self) -> None:
        if not self._settings.stock_locations:
            raise Rejected(
                "no-stock-locations",
                system=SYSTEM,
                what="`stock_locations` of this connection is empty.",
                next_step='Name the plants or storage locations to read, as in "1010/101A, 1020"; restart the workers.',
            )

    def _held(self, products: Sequence[Row], among: Sequence[str]) -> tuple[list[StockLevel], list[SyncError]]:
        """The levels of the products, which the filters `among` match together. A product is told whole or not at all:
        without what it was promised for it would have too much."""
        units = {canonical(text(row, "Product")): text(row, "BaseUnit") for row in products}
        bad: set[str] = set()
        on_hand, reserved = self._on_hand(among, bad), self._promised(among, units, bad)
        levels = [
            StockLevel(
                sku=Sku(text(row, "Product")),
                location=location,
                on_hand=on_hand[canonical(text(row, "Product")), location],
                reserved=reserved[canonical(text(row, "Product")), location],
                unit=text(row, "BaseUnit"),
            )
            for row in products
            if canonical(text(row, "Product")) not in bad
            for location in self._settings.stock_locations
        ]
        return levels, [_unreadable(number) for number in sorted(bad & units.keys())]

    def _on_hand(self, among: Sequence[str], bad: set[str]) -> _Amounts:
        # Special stock (consignment, project, a customer's) is nobody's to sell.
        own = both(f"InventoryStockType eq '{_UNRESTRICTED}'", "InventorySpecialStockType eq ''", self._plants("Plant"))
        found: _Amounts = defaultdict(Decimal)
        for row in self._rows(STOCK, "A_MatlStkInAcctMod", among, own):
            location = self._location(text(row, "Plant"), text(row, "StorageLocation"))
            with _noting(row, bad):
                if location:
                    found[canonical(text(row, "Material")), location] += number(row.get("MatlWrhsStkQtyInMatlBaseUnit"))
        return found

    def _promised(self, among: Sequence[str], units: Mapping[str, str], bad: set[str]) -> _Amounts:
        """In base units, on the order's or delivery's storage location, else on the first location of its plant."""
        found: _Amounts = defaultdict(Decimal)
        open_items = both(
            "SalesDocumentRjcnReason eq ''",
            "DeliveryStatus eq 'A' or DeliveryStatus eq 'B'",
            self._plants("ProductionPlant"),
        )
        items = self._rows(SALES_ORDERS, "A_SalesOrderItem", among, open_items, expand="to_ScheduleLine")
        factors = self._factors(items, units)
        for item in items:
            material, unit = canonical(text(item, "Material")), text(item, "RequestedQuantityUnit")
            location = self._nearest(text(item, "ProductionPlant"), text(item, "StorageLocation"))
            with _noting(item, bad):
                lines = nested(item, "to_ScheduleLine")
                open_ = sum((number(line.get("OpenConfdDelivQtyInOrdQtyUnit")) for line in lines), Decimal(0))
                found[material, location] += open_ * _factor(factors, material, unit, units)
        not_left = both("GoodsMovementStatus eq 'A' or GoodsMovementStatus eq 'B'", self._plants("Plant"))
        for item in self._rows(DELIVERIES, "A_OutbDeliveryItem", among, not_left):
            location = self._nearest(text(item, "Plant"), text(item, "StorageLocation"))
            with _noting(item, bad):
                found[canonical(text(item, "Material")), location] += number(item.get("ActualDeliveredQtyInBaseUnit"))
        return found

    def _rows(self, service: str, entities: str, among: Sequence[str], condition: str, **options: str) -> list[Row]:
        queries = [query(entities, {"filter": both(each, condition), **options}) for each in among]
        return [row for rows in self._gateway.rows_of(service, queries) for row in rows]

    def _factors(self, items: Sequence[Row], units: Mapping[str, str]) -> Mapping[tuple[str, str], Row]:
        """What SAP tells of each other unit that the items are ordered in."""
        others = {
            (text(item, "Material"), text(item, "RequestedQuantityUnit"))
            for item in items
            if text(item, "RequestedQuantityUnit") not in ("", units.get(canonical(text(item, "Material"))))
        }
        queries = [
            query("A_ProductUnitsOfMeasure", {"filter": chain})
            for chain, _ in any_of("Product", sorted({material for material, _ in others}))
        ]
        return {
            (canonical(text(row, "Product")), text(row, "AlternativeUnit")): row
            for answer in self._gateway.rows_of(PRODUCTS, queries)
            for row in answer
        }

    def _plants(self, field: str) -> str:
        return " or ".join(f"{field} eq {text_literal(plant)}" for plant in self._settings.plants)

    def _location(self, plant: str, storage: str) -> str:
        """The configured location that this stock lies at; empty where none is."""
        exact = f"{plant}/{storage}"
        known = self._settings.stock_locations
        return exact if exact in known else plant if plant in known else ""

    def _nearest(self, plant: str, storage: str) -> str:
        """Promises are often made on a plant alone: they count where its goods are first taken from."""
        there = (one for one in self._settings.stock_locations if one.partition("/")[0] == plant)
        return self._location(plant, storage) or next(there, "")


def _span(products: Sequence[Row]) -> list[str]:
    """The filter for what lies from the first to the last of these products, which are in their order."""
    if not products:
        return []
    first, last = (text_literal(text(products[at], "Product")) for at in (0, -1))
    return [both(f"Material ge {first}", f"Material le {last}")]


def _factor(factors: Mapping[tuple[str, str], Row], material: str, unit: str, units: Mapping[str, str]) -> Decimal:
    """Base units in one of `unit`. Raises ValueError where SAP does not tell."""
    if unit in ("", units.get(material)):
        return Decimal(1)
    row = factors.get((material, unit), {})
    if not number(row.get("QuantityNumerator")) or not number(row.get("QuantityDenominator")):
        raise ValueError("no conversion to the base unit")
    return number(row["QuantityNumerator"]) / number(row["QuantityDenominator"])


@contextmanager
def _noting(row: Row, bad: set[str]) -> Iterator[None]:
    """Notes the row's material as one that is not understood, where a value of the row is not."""
    try:
        yield
    except ValueError:
        bad.add(canonical(text(row, "Material")))


def _unreadable(material: str) -> Rejected:
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"product {material}",
        what="A quantity of its stock, orders or deliveries in SAP could not be understood, so its stock is not told.",
        next_step="Look at its stock (transaction MMBE) and at the units that its open orders are in (MM03); if all is "
        "well, report this.",
    )
