"""Customers, items, prices and stock as SuiteQL tells of changes, in pages by id.

A page's last row is where the next page starts, so rows that change meanwhile neither shift others nor drop out.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import SyncError, Unavailable
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite import rest_rows as mapped
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.rest_client import MAX_ROWS, RestClient
from erpsync.systems.netsuite.rest_reading import BEGINNING, Reading, Readings
from erpsync.systems.netsuite.rest_rows import in_matrix, sku_of, understood
from erpsync.systems.netsuite.rest_sql import ids
from erpsync.systems.netsuite.rest_wire import Row
from erpsync.systems.netsuite.settings import NetSuiteSettings

T = TypeVar("T")

# Types of items that are sold, and of those that locations hold, as `item.itemtype` has them.
_GOODS = ("InvtPart", "NonInvtPart", "Assembly", "Kit", "Service", "DwnLdItem", "GiftCert")
_STOCKED = ("InvtPart", "Assembly")

_CUSTOMERS = (
    "SELECT c.id AS id, c.entityid AS entityid, c.externalid AS externalid, c.email AS email, c.firstname AS firstname, "
    "c.lastname AS lastname, c.companyname AS companyname, c.phone AS phone, c.category AS category, "
    "c.isinactive AS isinactive FROM customer c "
    "WHERE c.id > :after AND c.lastmodifieddate >= :since ORDER BY c.id"
)
_ITEM = (
    "SELECT i.id AS id, i.itemid AS itemid, i.externalid AS externalid, i.displayname AS displayname, "
    "i.description AS description, i.isinactive AS isinactive, i.upccode AS upccode, i.weight AS weight, "
    "BUILTIN.DF(i.weightunit) AS weightunit, i.matrixtype AS matrixtype, i.parent AS parent FROM item i "
)
_ITEMS = f"{_ITEM} WHERE i.id > :after AND i.itemtype IN :types AND i.lastmodifieddate >= :since ORDER BY i.id"
_PARENTS = f"{_ITEM} WHERE i.id IN :parents"
_CHILDREN = f"{_ITEM} WHERE i.id > :after AND i.matrixtype = 'CHILD' AND i.parent IN :parents ORDER BY i.id"
_LEVELS = "SELECT l.id AS id, l.name AS name FROM pricelevel l"
# A price is of an item, a level, a currency and a quantity: together they are the key by which pages go on.
_PRICES = (
    "SELECT p.item AS item, p.pricelevel AS pricelevel, p.currency AS currency, NVL(p.quantity, 0) AS quantity, "
    "p.unitprice AS unitprice, i.itemid AS itemid, i.externalid AS externalid FROM pricing p JOIN item i ON i.id = p.item "
    "WHERE i.itemtype IN :types AND NVL(i.matrixtype, 'NONE') <> 'PARENT' AND i.lastmodifieddate >= :since "
    "AND p.pricelevel IN :levels AND p.unitprice IS NOT NULL "
    "AND (p.item > :item OR (p.item = :item AND (p.pricelevel > :pricelevel OR (p.pricelevel = :pricelevel "
    "AND (p.currency > :currency OR (p.currency = :currency AND NVL(p.quantity, 0) > :quantity)))))) "
    "ORDER BY p.item, p.pricelevel, p.currency, NVL(p.quantity, 0)"
)
_PRICE_KEY = ("item", "pricelevel", "currency", "quantity")
_LOCATIONS = "SELECT l.id AS id FROM location l WHERE l.isinactive = 'F' ORDER BY l.id"
_HELD = (
    "SELECT i.id AS id, i.itemid AS itemid, i.externalid AS externalid FROM item i "
    "WHERE i.itemtype IN :types AND i.isinactive = 'F' "
)
_SINCE = (
    "i.id IN (SELECT a.item FROM aggregateItemLocation a WHERE a.location IN :locations "
    "AND (a.lastquantityavailablechange >= :since OR :everything = 1))"
)
_MOVED = f"{_HELD} AND i.id > :after AND {_SINCE} ORDER BY i.id"
_NAMED = f"{_HELD} AND i.itemid IN :skus ORDER BY i.id"
_NAMED_BY_EXTERNAL_ID = f"{_HELD} AND i.externalid IN :skus ORDER BY i.id"
_STOCK = (
    "SELECT a.item AS item, a.location AS location, NVL(a.quantityonhand, 0) AS onhand, "
    "NVL(a.quantitycommitted, 0) AS committed FROM aggregateItemLocation a "
    "WHERE a.item IN :items AND a.location IN :locations ORDER BY a.item, a.location"
)
# NetSuite commits nothing to an order before it is approved: see `promised`. Sales have their quantities below zero.
_AWAITING_APPROVAL = (
    "SELECT l.item AS item, l.location AS location, ABS(SUM(l.quantity)) AS quantity FROM transaction t "
    "JOIN transactionline l ON l.transaction = t.id WHERE t.type = 'SalesOrd' AND t.status IN ('A', 'SalesOrd:A') "
    "AND t.externalid IS NOT NULL AND l.mainline = 'F' AND l.isclosed = 'F' AND l.item IN :items "
    "AND l.location IN :locations GROUP BY l.item, l.location ORDER BY l.item, l.location"
)


class RestChanges:
    """Reads of one account. Items that stand for charges in the settings are left out, and so are those without a SKU.
    Not for use by several threads at once."""

    def __init__(self, client: RestClient, settings: NetSuiteSettings, readings: Readings) -> None:
        self._client = client
        self._settings = settings
        self._readings = readings

    def customers(self, since: Since) -> Page[ErpCustomer]:
        reading = self._readings.at(since)
        rows = self._rows_after(_CUSTOMERS, reading)
        records, unreadable = understood(rows, lambda row: mapped.customer(row, self._settings), "customer")
        return page(reading, records, unreadable, self._next(reading, rows))

    def products(self, since: Since) -> Page[Product]:
        """Matrix items come as the product of their parent, with all its variants."""
        reading = self._readings.at(since)
        rows = self._rows_after(_ITEMS, reading, types=_GOODS)
        heads = {row["id" if row.get("matrixtype") == "PARENT" else "parent"] for row in rows if in_matrix(row)}
        alone = [row for row in rows if not in_matrix(row) and self._is_sold(row["id"], row)]
        single, unreadable = understood(alone, lambda row: mapped.single(row, self._settings), "item")
        whole = self._families(sorted(heads, key=int))
        families, more = understood(whole, lambda family: mapped.family(family, self._settings), "item")
        return page(reading, [*single, *families], [*unreadable, *more], self._next(reading, rows))

    def prices(self, since: Since) -> Page[BasePrice]:
        reading = self._readings.at(since)
        names = self._price_levels()
        after = dict(zip(_PRICE_KEY, reading.after or (0, 0, 0, 0), strict=True))
        size, levels = self._settings.page_size, ids(list(names))
        rows = self._client.rows(_PRICES, size, since=reading.since, types=_GOODS, levels=levels, **after)
        known = [row for row in rows if self._settings.currency_of(row.get("currency", ""))]
        wanted = [row for row in known if self._is_sold(row["item"], row)]
        records, unreadable = understood(wanted, lambda row: mapped.price(row, names, self._settings), "item", "item")
        last = [int(Decimal(rows[-1].get(key, "0"))) for key in _PRICE_KEY] if len(rows) == size else []
        return page(reading, records, unreadable, reading.beyond(*last) if last else None)

    def stock(self, since: Since) -> Page[StockLevel]:
        reading = self._readings.at(since)
        locations = self._locations()
        if not locations:
            return page(reading, [], [], None)
        size = max(1, self._settings.page_size // len(locations))
        rows = self._client.rows(
            _MOVED,
            size,
            after=(reading.after or (0,))[0],
            since=reading.since,
            everything=int(reading.bound == BEGINNING),
            types=_STOCKED,
            locations=ids(locations),
        )
        levels, unreadable = self._levels(rows, locations)
        following = reading.beyond(int(rows[-1]["id"])) if len(rows) == size else None
        return page(reading, levels, unreadable, following)

    def stock_of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """A row that cannot be understood is left out: the poll of changes tells of it."""
        locations, wanted = self._locations(), [sku for sku in skus if sku]
        if not locations or not wanted:
            return []
        query = _NAMED_BY_EXTERNAL_ID if self._settings.sku_field == "external_id" else _NAMED
        rows = self._client.rows(query, types=_STOCKED, skus=wanted)
        return self._levels(rows, locations)[0]

    def _locations(self) -> list[str]:
        return list(self._settings.stock_locations) or [row["id"] for row in self._client.rows(_LOCATIONS)]

    def _levels(self, rows: Sequence[Row], locations: Sequence[str]) -> tuple[list[StockLevel], list[SyncError]]:
        held = self._held([row["id"] for row in rows], locations)
        sold = [row for row in rows if self._is_sold(row["id"], row)]
        levels, unreadable = understood(sold, lambda row: mapped.stock(row, held, locations, self._settings), "item")
        return [level for of_item in levels for level in of_item], unreadable

    def _rows_after(self, query: str, reading: Reading, **more: Sequence[str]) -> list[Row]:
        after = (reading.after or (0,))[0]
        return self._client.rows(query, self._settings.page_size, since=reading.since, after=after, **more)

    def _next(self, reading: Reading, rows: Sequence[Row]) -> Reading | None:
        return reading.beyond(int(rows[-1]["id"])) if len(rows) == self._settings.page_size else None

    def _is_sold(self, item: str, row: Row) -> bool:
        return bool(sku_of(row, self._settings)) and item not in self._settings.charge_items

    def _families(self, parents: Sequence[str]) -> list[list[Row]]:
        """Each parent followed by its children."""
        if not parents:
            return []
        families = {row["id"]: [row] for row in self._client.rows(_PARENTS, parents=ids(parents))}
        for row in self._client.all_rows(_CHILDREN, "id", parents=ids(parents)):
            if row["parent"] in families and sku_of(row, self._settings):
                families[row["parent"]].append(row)
        return [family for family in families.values() if len(family) > 1]

    def _price_levels(self) -> dict[str, str]:
        """The name of each price level to be read, by id; empty for the base price. Raises Unavailable for one that
        NetSuite does not have."""
        levels = {row["id"]: row.get("name", "") for row in self._client.rows(_LEVELS)}
        wanted = {self._settings.base_price_level: ""}
        for told in self._settings.price_lists:
            found = [id_ for id_, name in levels.items() if told in (id_, name)]
            if not found:
                raise Unavailable(
                    "price-level-unknown",
                    system=SYSTEM,
                    what=f'NetSuite has no price level "{told}", or the role may not see it.',
                    next_step="Correct `price_lists` of this connection and restart the workers.",
                )
            wanted.setdefault(found[0], levels[found[0]])
        return wanted

    def _held(self, items: Sequence[str], locations: Sequence[str]) -> dict[tuple[str, str], Row]:
        """What each location holds of each item and has promised, asked for in portions that fit into one answer."""
        portion = max(1, MAX_ROWS // len(locations))
        held: dict[tuple[str, str], Row] = {}
        for start in range(0, len(items), portion):
            part = ids(items[start : start + portion])
            for row in self._client.rows(_STOCK, items=part, locations=ids(locations)):
                held[(row["item"], row["location"])] = row
            for row in self._client.rows(_AWAITING_APPROVAL, items=part, locations=ids(locations)):
                place = (row["item"], row["location"])
                held[place] = {**held.get(place, {}), "promised": row["quantity"]}
        return held


def page(reading: Reading, records: Sequence[T], unreadable: Sequence[SyncError], following: Reading | None) -> Page[T]:
    """The page, which `following` continues."""
    return Page(tuple(records), following.cursor if following else None, reading.watermark, tuple(unreadable))
