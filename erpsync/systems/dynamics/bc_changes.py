"""What changed in Business Central, read in pages.

A watermark is Business Central's clock at the start of the read, less ten minutes: its own limit for one request is
eight, so a row that commits late is still inside the next read. A read's rows are those from the watermark on.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_changes import ErpCustomer, Page, Since
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.cursors import Cursor
from erpsync.systems.dynamics.lookups import Company
from erpsync.systems.dynamics.mapper import customer_of, price_of, product_of, progress_of
from erpsync.systems.dynamics.wire import Row

T = TypeVar("T")
# https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/administration/operational-limits-online
OVERLAP = timedelta(minutes=10)
_CUSTOMER = "id,number,displayName,type,email,phoneNumber,blocked,lastModifiedDateTime"
_ITEM = (
    "id,number,displayName,type,blocked,gtin,itemCategoryCode,baseUnitOfMeasureCode,unitPrice,priceIncludesTax,"
    "lastModifiedDateTime"
)
# The documents that tell of an order's progress, in the order they are read; and the field that names the order.
_PHASES = (("salesOrders", "number"), ("salesShipments", "orderNumber"), ("salesInvoices", "orderNumber"))
# 100 orders are 3 x 5 conditions: one call.
_ORDERS_AT_ONCE = 100


class Changes:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._local_currency = ""

    def customers(self, since: Since) -> Page[ErpCustomer]:
        return self._modified(since, "customers", _CUSTOMER, customer_of, "customer")

    def products(self, since: Since) -> Page[Product]:
        return self._modified(since, "items", _ITEM, product_of, "item")

    def prices(self, since: Since) -> Page[BasePrice]:
        currency = self._currency()
        return self._modified(since, "items", _ITEM, lambda row: price_of(row, currency), "item")

    def progress(self, since: Since) -> Page[OrderProgress]:
        cursor = self._start(since)
        entity, field = _PHASES[cursor.phase]
        path = cursor.next_path or self._since(cursor, entity, f"id,{field},lastModifiedDateTime")
        page = self._company.odata.page(path, _ORDERS_AT_ONCE)
        numbers = sorted({row[field] for row in page.rows if row.get(field)})
        found = self._documents(numbers)
        records, unreadable = refusals.readable(
            [{"number": number} for number in numbers],
            lambda row: progress_of(row["number"], *(rows.get(row["number"], []) for rows in found)),
            "sales order",
        )
        more = bool(page.next_path) or cursor.phase + 1 < len(_PHASES)
        phase = cursor.phase if page.next_path else cursor.phase + 1
        after = Cursor(cursor.watermark, phase, page.next_path, cursor.since).text() if more else None
        return Page(records, after, cursor.watermark, unreadable)

    def _documents(self, numbers: Sequence[str]) -> list[dict[str, list[Row]]]:
        """The orders, shipments and invoices of these order numbers, each by order number."""
        wanted = [
            ("salesOrders", "number", {}),
            ("salesShipments", "orderNumber", {"expand": "salesShipmentLines"}),
            ("salesInvoices", "orderNumber", {}),
        ]
        found = self._company.found_in(wanted, numbers) if numbers else [[], [], []]
        by_number: list[dict[str, list[Row]]] = []
        for (_, field, _), rows in zip(wanted, found, strict=True):
            by: dict[str, list[Row]] = {}
            for row in rows:
                by.setdefault(row[field], []).append(row)
            by_number.append(by)
        return by_number

    def _modified(
        self, since: Since, entity: str, select: str, read: Callable[[Row], T | None], what: str
    ) -> Page[T]:
        cursor = self._start(since)
        page = self._company.odata.page(cursor.next_path or self._since(cursor, entity, select))
        records, unreadable = refusals.readable(page.rows, read, what)
        after = Cursor(cursor.watermark, 0, page.next_path, cursor.since).text() if page.next_path else None
        return Page(records, after, cursor.watermark, unreadable)

    def _start(self, since: Since) -> Cursor:
        if since.cursor is not None:
            return Cursor.of(since.cursor)
        return Cursor(instant_text(self._company.server_time() - OVERLAP), 0, "", since.watermark or "")

    def _since(self, cursor: Cursor, entity: str, select: str) -> str:
        condition = f"lastModifiedDateTime ge {cursor.since}" if cursor.since else ""
        return self._company.at(entity, filter=condition, select=select, orderby="lastModifiedDateTime")

    def _currency(self) -> str:
        if not self._local_currency:
            rows = self._company.odata.all(self._company.at("generalLedgerSetup", select="localCurrencyCode"))
            self._local_currency = str(rows[0]["localCurrencyCode"])
        return self._local_currency


def instant_text(at: datetime) -> str:
    """As OData spells it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
