"""The simulated account's books as the tables that SuiteQL queries. Times are in the account's own time zone.

Tables and columns as they are seen in real accounts: https://timdietrich.me/blog/netsuite-suiteql-related-transactions,
https://cdn.cdata.com/help/DNM/powerbi/pg_SuiteQLtable-aggregateitemlocation.htm,
https://softwaresurvivor.com/blog/track-netsuite-item-fulfillments-shipping-packages-suiteql.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import (
    ACCOUNTS,
    CATEGORIES,
    CURRENCIES,
    LOCATIONS,
    PAYMENT_METHODS,
    PRICE_LEVELS,
    SHIP_METHODS,
    SUBSIDIARIES,
    TAX_CODES,
    Fulfilment,
    Transaction,
)

Record: TypeAlias = tuple[Any, ...]
Local: TypeAlias = Callable[[datetime], str]
"""A time as the account writes it."""

STATUS = {
    "_pendingApproval": "A",
    "_pendingFulfillment": "B",
    "_cancelled": "C",
    "_partiallyFulfilled": "D",
    "_pendingBillingPartFulfilled": "E",
    "_pendingBilling": "F",
    "_fullyBilled": "G",
    "_closed": "H",
}
DISPLAY = "__df"
"""Ends the name of a column that holds what BUILTIN.DF shows for the one without it."""

_TYPES = {"salesOrder": "SalesOrd", "creditMemo": "CustCred", "returnAuthorization": "RtnAuth"}
_ITEM_TYPES = {
    "InventoryItem": "InvtPart",
    "NonInventorySaleItem": "NonInvtPart",
    "KitItem": "Kit",
    "AssemblyItem": "Assembly",
    "OtherChargeSaleItem": "OthCharge",
    "DiscountItem": "Discount",
}
_FULFILMENT_STATUS = {"_picked": "A", "_packed": "B", "_shipped": "C"}
# Fulfilments have lines of their own for the cost of what was sold; no order line leads to them.
_COST_LINES = 500

COLUMNS: Mapping[str, str] = {
    "customer": "id INTEGER, entityid, externalid, email, firstname, lastname, companyname, phone, category, isperson, "
    "isinactive, lastmodifieddate",
    "item": "id INTEGER, itemid, externalid, displayname, description, isinactive, itemtype, upccode, weight, weightunit, "
    f"weightunit{DISPLAY}, matrixtype, parent INTEGER, lastmodifieddate",
    "pricing": "item INTEGER, pricelevel INTEGER, currency INTEGER, quantity INTEGER, unitprice",
    "pricelevel": "id INTEGER, name, isinactive",
    "aggregateitemlocation": "item INTEGER, location INTEGER, quantityonhand INTEGER, quantitycommitted INTEGER, "
    "quantityavailable INTEGER, lastquantityavailablechange",
    "transaction": "id INTEGER, type, tranid, externalid, status, entity INTEGER, currency INTEGER, foreigntotal, "
    "trandate, createddate, lastmodifieddate",
    "transactionline": '"transaction" INTEGER, id INTEGER, uniquekey INTEGER, item INTEGER, quantity INTEGER, mainline, '
    f"iscogs, isclosed, shipmethod, shipmethod{DISPLAY}, location INTEGER",
    "previoustransactionlinelink": "previousdoc INTEGER, previousline INTEGER, previoustype, nextdoc INTEGER, "
    "nextline INTEGER, nexttype, linktype",
    "trackingnumbermap": '"transaction" INTEGER, trackingnumber INTEGER',
    "trackingnumber": "id INTEGER, trackingnumber",
    "subsidiary": "id INTEGER, name, isinactive",
    "location": "id INTEGER, name, isinactive",
    "currency": "id INTEGER, symbol, isinactive",
    "customercategory": "id INTEGER, name, isinactive",
    "paymentmethod": "id INTEGER, name, isinactive",
    "account": "id INTEGER, fullname, isinactive",
    "shipitem": "id INTEGER, itemid, isinactive",
    "salestaxitem": "id INTEGER, name, isinactive",
}
_LISTS = {
    "subsidiary": SUBSIDIARIES,
    "location": LOCATIONS,
    "currency": CURRENCIES,
    "customercategory": CATEGORIES,
    "paymentmethod": PAYMENT_METHODS,
    "account": ACCOUNTS,
    "shipitem": SHIP_METHODS,
    "salestaxitem": TAX_CODES,
    "pricelevel": PRICE_LEVELS,
}


def rows(table: str, books: Books, local: Local) -> list[Record]:
    """All rows of a table. Hold the books' lock."""
    if table in _LISTS:
        return [(int(id_), name, "F") for id_, name in _LISTS[table].items()]
    make: Callable[[Books, Local], Iterable[Record]] = _MAKERS[table]
    return list(make(books, local))


def _customers(books: Books, local: Local) -> Iterable[Record]:
    for customer in books.customers.values():
        values = customer.values
        names = ("entityId", "", "email", "firstName", "lastName", "companyName", "phone")
        texts = [customer.external_id if not name else values.get(name) for name in names]
        category = (values.get("category") or {}).get("internalId")
        person, inactive = _flag(values.get("isPerson")), _flag(values.get("isInactive"))
        yield (int(customer.internal_id), *texts, category, person, inactive, local(customer.modified_at))


def _items(books: Books, local: Local) -> Iterable[Record]:
    for item in books.items.values():
        unit = item.weight_unit.removeprefix("_")
        yield (
            int(item.internal_id),
            item.sku,
            item.external_id,
            item.title or None,
            item.description or None,
            _flag(item.inactive),
            _ITEM_TYPES[item.kind],
            item.barcode or None,
            _number(item.weight),
            None if item.weight is None else "1",
            None if item.weight is None else unit,
            item.matrix.removeprefix("_").upper() or None,
            int(item.parent_id) if item.parent_id else None,
            local(item.modified_at),
        )


def _pricing(books: Books, local: Local) -> Iterable[Record]:  # noqa: ARG001 - as the others
    for item in books.items.values():
        for (level, currency), steps in item.prices.items():
            for quantity, price in steps:
                yield (int(item.internal_id), int(level), int(currency), int(quantity), _number(price))


def _stock(books: Books, local: Local) -> Iterable[Record]:
    for item in books.items.values():
        changed = local(item.stock_changed_at)
        for location, place in item.stock.items():
            held = (place.on_hand, place.committed, place.on_hand - place.committed)
            yield (int(item.internal_id), int(location), *(_number(quantity) for quantity in held), changed)


def _transactions(books: Books, local: Local) -> Iterable[Record]:
    for made in books.transactions.values():
        yield _header(made, _TYPES[made.kind], STATUS.get(made.status, "A"), made.total, made.external_id, local)
    for deposit in books.deposits.values():
        yield _header(deposit, "CustDep", "A", deposit.values["payment"], deposit.external_id, local)
    for shipment in books.fulfilments.values():
        yield _header(shipment, "ItemShip", _FULFILMENT_STATUS[shipment.status], None, None, local)
    for invoice in books.invoices.values():
        yield _header(invoice, "CustInvc", "A", invoice.total, None, local)


def _header(
    record: Any, type_: str, status: str, total: Decimal | None, external_id: str | None, local: Local
) -> Record:
    values = getattr(record, "values", {})
    entity = (values.get("entity") or values.get("customer") or {}).get("internalId")
    currency = getattr(record, "currency_id", None) or (values.get("currency") or {}).get("internalId", "1")
    day = values.get("tranDate") or record.created_at
    return (
        int(record.internal_id),
        type_,
        record.number,
        external_id,
        status,
        int(entity) if entity else None,
        int(currency),
        _number(total),
        f"{day:%Y-%m-%d} 00:00:00",
        local(record.created_at),
        local(record.modified_at),
    )


def _lines(books: Books, local: Local) -> Iterable[Record]:  # noqa: ARG001 - as the others
    for made in books.transactions.values():
        yield from _lines_of(made)
    for shipment in books.fulfilments.values():
        yield from _shipped_lines(shipment)


def _lines_of(made: Transaction) -> Iterable[Record]:
    id_ = int(made.internal_id)
    place = (made.values.get("location") or {}).get("internalId")
    location = int(place) if place else None
    yield (id_, 0, id_ * 1000, None, None, "T", "F", "F", None, None, location)
    for line in made.lines:
        # Sales have their quantities below zero.
        sold, key = _number(-line.quantity), id_ * 1000 + line.line
        yield (
            id_,
            line.line,
            key,
            int(line.item.internal_id),
            sold,
            "F",
            "F",
            _flag(line.closed),
            None,
            None,
            location,
        )


def _shipped_lines(shipment: Fulfilment) -> Iterable[Record]:
    id_ = int(shipment.internal_id)
    carrier = ("1", shipment.carrier) if shipment.carrier else (None, None)
    for number, (_, item, quantity) in enumerate(shipment.lines, start=1):
        one = (int(item.internal_id), _number(quantity), "F")
        yield (id_, number, id_ * 1000 + number, *one, "F", "F", *carrier, None)
        yield (id_, number + _COST_LINES, id_ * 1000 + number + _COST_LINES, *one, "T", "F", None, None, None)


def _links(books: Books, local: Local) -> Iterable[Record]:  # noqa: ARG001 - as the others
    for shipment in books.fulfilments.values():
        for number, (order_line, _, _) in enumerate(shipment.lines, start=1):
            ends = (int(shipment.order_id), order_line, "SalesOrd", int(shipment.internal_id), number)
            yield (*ends, "ItemShip", "ShipRcpt")
    for invoice in books.invoices.values():
        for line in books.order(invoice.order_id).lines:
            ends = (int(invoice.order_id), line.line, "SalesOrd", int(invoice.internal_id), line.line)
            yield (*ends, "CustInvc", "OrdBill")


def _tracking_map(books: Books, local: Local) -> Iterable[Record]:  # noqa: ARG001 - as the others
    for shipment in books.fulfilments.values():
        for number in range(len(shipment.packages)):
            yield (int(shipment.internal_id), int(shipment.internal_id) * 100 + number)


def _tracking(books: Books, local: Local) -> Iterable[Record]:  # noqa: ARG001 - as the others
    for shipment in books.fulfilments.values():
        for number, package in enumerate(shipment.packages):
            yield (int(shipment.internal_id) * 100 + number, package.tracking)


def _flag(value: object) -> str:
    return "T" if value else "F"


def _number(value: Decimal | None) -> str | int | None:
    """A number as NetSuite writes it, whole ones without a point."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else f"{value.normalize():f}"


_MAKERS: Mapping[str, Callable[[Books, Local], Iterable[Record]]] = {
    "customer": _customers,
    "item": _items,
    "pricing": _pricing,
    "aggregateitemlocation": _stock,
    "transaction": _transactions,
    "transactionline": _lines,
    "previoustransactionlinelink": _links,
    "trackingnumbermap": _tracking_map,
    "trackingnumber": _tracking,
}
