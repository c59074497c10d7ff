"""What must be written so that a sales order becomes what it shall be; nothing is sent here.

F&O publishes no action that cancels an order or its delivery remainder, and a line's status cannot be written. What can be
done through data entities is to delete lines that nothing was delivered of, and to lower the quantity of others to what was
delivered, which leaves nothing to deliver; an order without lines is stopped, so that nobody processes it, and stays under
its number with the store's reference.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.dynamics.finance_operations import refusals
from erpsync.systems.dynamics.finance_operations.client import Write
from erpsync.systems.dynamics.finance_operations.items import DIMENSIONS
from erpsync.systems.dynamics.finance_operations.mapper import Document
from erpsync.systems.dynamics.finance_operations.standing import INVOICED, Standing
from erpsync.systems.dynamics.finance_operations.wire import HEADERS, LINES, LineRow, Row

# What a line is worth. Its text and places may have been changed by F&O's users, who know why.
_COMPARED = ("OrderedSalesQuantity", "SalesPrice", "LineDiscountAmount", "SalesTaxItemGroupCode")
# Instructions for the writing rather than properties of the order: they read back otherwise.
_INSTRUCTIONS = frozenset({"SkipCreateAutoCharges", "OverrideSalesTax", "IsDeliveryAddressOrderSpecific"})


def amendment(order: Standing, document: Document) -> list[Write]:
    """Makes the order equal the document; empty where it does. Raises Rejected where the order is over, where more has been
    delivered, and where F&O overruled a price."""
    writes = [*_header(order, document), *_lines(order, document)]
    if writes and order.canceled:
        raise refusals.order_closed(order.number, "Cancelled")
    if writes and order.header["SalesOrderStatus"] == INVOICED:
        raise refusals.order_closed(order.number, INVOICED)
    return writes


def cancellation(order: Standing) -> list[Write]:
    """Empties and stops the order; nothing where it is cancelled already. Raises Rejected where goods have left."""
    if order.canceled:
        return []
    if order.begun or order.header["SalesOrderStatus"] in ("Delivered", INVOICED):
        raise refusals.order_begun(order.number)
    stop = Write("PATCH", HEADERS, {"IsSalesProcessingStopped": "Yes"}, (order.number,))
    return [*(_deletion(line) for line in order.lines), stop]


def closing(order: Standing, charges: frozenset[str]) -> list[Write]:
    """Leaves of the goods what was delivered. `charges` are the items of charges, which are still to be invoiced."""
    if not order.begun:
        return cancellation(order)
    writes = []
    for line in order.lines:
        delivered = order.delivered.get(line["InventoryLotId"], Decimal(0))
        if line["ItemNumber"] in charges or delivered == line["OrderedSalesQuantity"]:
            continue
        if line["SalesOrderLineStatus"] == INVOICED:
            continue
        if delivered:
            writes.append(_patch(line, {"OrderedSalesQuantity": delivered}))
        else:
            writes.append(_deletion(line))
    return writes


def overruled(write: Write, row: Row) -> str:
    """What F&O made of a line's price or quantity instead of what it was given; empty where it took it or is silent."""
    if write.entity is not LINES or not row:
        return ""
    given = {name: write.body[name] for name in _COMPARED if name in write.body}
    return ", ".join(
        f"{name} of {row.get('ItemNumber', 'a line')} is {row[name]} instead of {value}"
        for name, value in given.items()
        if name in row and not _same(row[name], value)
    )


def _header(order: Standing, document: Document) -> list[Write]:
    known: Mapping[str, Any] = dict(order.header)
    compared = {name: value for name, value in document.header.items() if name not in _INSTRUCTIONS}
    if all(_same(known.get(name), value) for name, value in compared.items()):
        return []
    changed = {
        name: value
        for name, value in document.header.items()
        if name in _INSTRUCTIONS or not _same(known.get(name), value)
    }
    return [Write("PATCH", HEADERS, changed, (order.number,))]


def _lines(order: Standing, document: Document) -> list[Write]:
    """Lines that are equal stay; others of the same item are changed; the rest is deleted and added."""
    present = list(order.lines)
    missing = []
    for row, expected in zip(document.lines, document.expected, strict=True):
        equal = next((line for line in present if _key(line) == _key(row) and not _changes(line, row)), None)
        if equal is None:
            missing.append(row)
            continue
        if equal["LineAmount"] != expected:
            told = f"{equal['ItemNumber']} {equal['LineAmount']:f} instead of {expected:f}"
            raise refusals.amounts_differ(document.record, order.number, told)
        present.remove(equal)
    writes = []
    for row in missing:
        line = next((line for line in present if _key(line) == _key(row)), None)
        if line is None:
            writes.append(Write("POST", LINES, {"SalesOrderNumber": order.number, **row}))
            continue
        present.remove(line)
        writes.append(_changed(order, line, row))
    for line in present:
        if order.delivered.get(line["InventoryLotId"]) or line["SalesOrderLineStatus"] == INVOICED:
            raise refusals.already_delivered(order.number, line["ItemNumber"])
        writes.append(_deletion(line))
    return writes


def _changed(order: Standing, line: LineRow, row: Row) -> Write:
    delivered = order.delivered.get(line["InventoryLotId"], Decimal(0))
    if abs(delivered) > abs(row["OrderedSalesQuantity"]) or line["SalesOrderLineStatus"] == INVOICED:
        raise refusals.already_delivered(order.number, line["ItemNumber"])
    return _patch(line, _changes(line, row))


def _changes(line: LineRow, row: Row) -> Row:
    known: Mapping[str, Any] = dict(line)
    return {name: row[name] for name in _COMPARED if name in row and not _same(known[name], row[name])}


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["ItemNumber"], *(row.get(name) or "" for name in DIMENSIONS))


def _patch(line: LineRow, body: Row) -> Write:
    return Write("PATCH", LINES, body, (line["InventoryLotId"],), line["@odata.etag"])


def _deletion(line: LineRow) -> Write:
    return Write("DELETE", LINES, {}, (line["InventoryLotId"],), line["@odata.etag"])


def _same(known: object, wanted: object) -> bool:
    """Account numbers and codes mean the same in any case."""
    if isinstance(known, str) and isinstance(wanted, str):
        return known.strip().lower() == wanted.strip().lower()
    return known == wanted
