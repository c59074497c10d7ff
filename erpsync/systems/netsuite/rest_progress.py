"""What became of sales orders, by SuiteQL: status, fulfilments with tracking numbers, and invoices.

An order is told when it, one of its fulfilments or one of its invoices has changed: a tracking number that is added later
does not touch the order. Links between them: https://timdietrich.me/blog/netsuite-suiteql-related-transactions
"""

from collections.abc import Sequence

from erpsync.domain.fulfilments import OrderProgress
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite import rest_rows as mapped
from erpsync.systems.netsuite.rest_changes import page
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_reading import Readings
from erpsync.systems.netsuite.rest_rows import letter, understood
from erpsync.systems.netsuite.rest_sql import ids
from erpsync.systems.netsuite.rest_wire import Row
from erpsync.systems.netsuite.settings import NetSuiteSettings

# A fulfilment that is only picked (A) or packed (B) has not left.
_SHIPPED = "C"
# Expressions in a list; Oracle takes 1000.
_AT_ONCE = 500

_ORDERS = (
    "SELECT t.id AS id, t.tranid AS tranid, t.externalid AS externalid, t.status AS status FROM transaction t "
    "WHERE t.type = 'SalesOrd' AND t.id > :after AND (t.lastmodifieddate >= :since OR t.id IN ("
    "SELECT l.previousdoc FROM PreviousTransactionLineLink l JOIN transaction n ON n.id = l.nextdoc "
    "WHERE n.type IN ('ItemShip', 'CustInvc', 'CashSale') AND n.lastmodifieddate >= :since)) ORDER BY t.id"
)
# Of a fulfilment's lines those that the order's lines lead to: it has others, for the cost of what was sold.
_LINES = (
    "SELECT n.uniquekey AS uniquekey, l.previousdoc AS order_id, s.id AS id, s.status AS status, "
    "TO_CHAR(s.trandate, 'YYYY-MM-DD') AS shipped_on, i.itemid AS itemid, i.externalid AS externalid, "
    "ABS(n.quantity) AS quantity, BUILTIN.DF(n.shipmethod) AS carrier FROM PreviousTransactionLineLink l "
    "JOIN transaction s ON s.id = l.nextdoc JOIN transactionline n ON n.transaction = s.id AND n.id = l.nextline "
    "JOIN item i ON i.id = n.item WHERE s.type = 'ItemShip' AND l.linktype = 'ShipRcpt' AND l.previousdoc IN :orders "
    "AND n.uniquekey > :after ORDER BY n.uniquekey"
)
_TRACKING = (
    "SELECT m.transaction AS shipment, t.id AS id, t.trackingnumber AS trackingnumber FROM trackingNumberMap m "
    "JOIN trackingNumber t ON t.id = m.trackingnumber WHERE m.transaction IN :shipments AND t.id > :after ORDER BY t.id"
)
_INVOICES = (
    "SELECT DISTINCT l.previousdoc AS order_id, v.id AS id, v.tranid AS tranid, v.foreigntotal AS total, "
    "v.currency AS currency, TO_CHAR(v.trandate, 'YYYY-MM-DD') AS issued_on FROM PreviousTransactionLineLink l "
    "JOIN transaction v ON v.id = l.nextdoc WHERE v.type IN ('CustInvc', 'CashSale') AND l.previousdoc IN :orders "
    "AND v.id > :after ORDER BY v.id"
)


def progress(client: RestClient, settings: NetSuiteSettings, readings: Readings, since: Since) -> Page[OrderProgress]:
    """Sales orders that may have changed, each with all its shipments and invoices."""
    reading = readings.at(since)
    size = settings.page_size
    rows = client.rows(_ORDERS, size, since=reading.since, after=(reading.after or (0,))[0])
    orders = [row["id"] for row in rows]
    shipped = _shipped(client, orders)
    numbers = _numbers(client, [shipment for of_order in shipped.values() for shipment in of_order])
    invoices = _invoices(client, orders)

    def read(row: Row) -> OrderProgress:
        return mapped.progress(row, shipped.get(row["id"], {}), numbers, invoices.get(row["id"], []), settings)

    records, unreadable = understood(rows, read, "sales order")
    following = reading.beyond(int(orders[-1])) if len(rows) == size else None
    return page(reading, records, unreadable, following)


def _shipped(client: RestClient, orders: Sequence[str]) -> dict[str, dict[str, list[Row]]]:
    """The lines of each order's fulfilments that have left, by fulfilment."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in client.all_rows(_LINES, "uniquekey", orders=ids(orders)) if orders else []:
        if letter(row) == _SHIPPED:
            found.setdefault(row["order_id"], {}).setdefault(row["id"], []).append(row)
    return found


def _numbers(client: RestClient, shipments: Sequence[str]) -> dict[str, list[str]]:
    """The tracking numbers of each fulfilment."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(shipments), _AT_ONCE):
        for row in client.all_rows(_TRACKING, "id", shipments=ids(shipments[start : start + _AT_ONCE])):
            found.setdefault(row["shipment"], []).append(row.get("trackingnumber", ""))
    return found


def _invoices(client: RestClient, orders: Sequence[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in client.all_rows(_INVOICES, "id", orders=ids(orders)) if orders else []:
        found.setdefault(row["order_id"], []).append(row)
    return found
