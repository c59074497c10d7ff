"""What becomes of sales orders: delivered, invoiced, cancelled.

No entity tells when an order changed, so a read covers what may have: first all orders that are not over, then those
that packing slips and invoices since the watermark belong to, then cancelled ones that are not old. Orders that were over
before stay out, so that a poll grows with the open orders, not with all there ever were. So do old ones that are stopped
(Do not process), as all are that erpsync cancelled: nothing is delivered of them until they go on, and a packing slip or an
invoice would bring one back. The watermark is a day by F&O's clock: slips and invoices know no time, and may be dated back
by some days when they are posted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.finance_operations import query, reading, standing
from erpsync.systems.dynamics.finance_operations.amounts import Item
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.items import Items
from erpsync.systems.dynamics.finance_operations.reading import Rows
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.standing import Standing
from erpsync.systems.dynamics.finance_operations.wire import HEADERS, INVOICES, SLIP_LINES, SLIPS, TRACKING, Entity

# A document may be posted with an earlier date than today's; by more than this it would be missed.
BACKDATED_DAYS = 3
# Orders a page: each needs five entities read, 25 orders a filter.
_PAGE = 100
_PARTS = ("open", "shipped", "invoiced", "cancelled")


@dataclass(frozen=True)
class _Evidence:
    """What belongs to the orders of a page, by order number."""

    slips: Mapping[str, list[Mapping[str, Any]]]
    slip_lines: Mapping[str, list[Mapping[str, Any]]]
    tracking: Mapping[str, list[Mapping[str, Any]]]
    invoices: Mapping[str, list[Mapping[str, Any]]]
    skus: Mapping[Item, Sku]


class Progress:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings, items: Items, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._items = items
        self._clock = clock

    def changed(self, since: Since) -> Page[OrderProgress]:
        if since.cursor is None:
            part, after, start, watermark = _PARTS[0], None, since.watermark or "", ""
        else:
            part, after, start, watermark = json.loads(since.cursor)
        numbers, following = self._numbers(part, after, start)
        # The first answer tells F&O's time: what happens from now on is for the next read.
        watermark = watermark or self._today()
        records, unreadable = self._tell(numbers)
        if following is None and part != _PARTS[-1]:
            part = _PARTS[_PARTS.index(part) + 1]
        elif following is None:
            return Page(records, None, watermark, unreadable)
        return Page(records, json.dumps([part, following, start, watermark]), watermark, unreadable)

    def _numbers(self, part: str, after: str | None, start: str) -> tuple[list[str], str | None]:
        """The next order numbers of that part of the read, and where it goes on."""
        if part == "shipped":
            return self._of(SLIPS, "SalesId", after, f"DeliveryDate ge {self._since(start)}", "CustomerRef")
        if part == "invoiced":
            return self._of(INVOICES, "SalesOrderNumber", after, f"InvoiceDate ge {self._since(start)}")
        canceled = query.enumeration("SalesStatus", standing.CANCELED)
        young = f"OrderCreationDateTime ge {self._since('')}"
        if part == "cancelled":
            wanted = f"SalesOrderStatus eq {canceled} and {young}"
        else:
            invoiced = query.enumeration("SalesStatus", standing.INVOICED)
            going_on = f"IsSalesProcessingStopped eq {query.enumeration('NoYes', 'No')}"
            wanted = f"SalesOrderStatus ne {canceled} and SalesOrderStatus ne {invoiced} and ({young} or {going_on})"
        return self._of(HEADERS, "SalesOrderNumber", after, wanted)

    def _of(
        self,
        entity: Entity[Any],
        column: str,
        after: str | None,
        wanted: str,
        reference: str = "CustomersOrderReference",
    ) -> tuple[list[str], str | None]:
        patterns = self._settings.order_reference_patterns
        filter_ = query.both(wanted, query.either(reference, patterns) if patterns else "")
        size = min(self._settings.page_size, _PAGE)
        page: Rows[Any] = reading.page(self._client, entity, Since(cursor=after), size, filter_)
        return [row[column] for row in page.rows if row[column]], page.cursor

    def _since(self, start: str) -> str:
        first = self._clock.now() - timedelta(days=self._settings.progress_days)
        return query.moment(datetime.fromisoformat(start) if start else first)

    def _today(self) -> str:
        now = self._client.replied_at or self._clock.now()
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - timedelta(days=BACKDATED_DAYS)).isoformat()

    def _tell(self, numbers: Sequence[str]) -> tuple[tuple[OrderProgress, ...], tuple[SyncError, ...]]:
        orders = standing.read(self._client, numbers)
        evidence = self._evidence(orders)
        records: list[OrderProgress] = []
        unreadable: list[SyncError] = []
        for number, order in orders.items():
            if order.is_credit:
                continue
            try:
                records.append(self._progress(order, evidence))
            except (KeyError, ValueError, TypeError, ArithmeticError) as error:
                row = {"SalesOrderNumber": number}
                unreadable.append(reading.unreadable_row("sales order", row, "SalesOrderNumber", error))
        return tuple(records), tuple(unreadable)

    def _evidence(self, orders: Mapping[str, Standing]) -> _Evidence:
        chunks = query.chunks(list(orders))
        columns = ((SLIPS, "SalesId"), (SLIP_LINES, "SalesId"), (TRACKING, "SalesOrderNumber"))
        reads: list[Read[Any]] = [
            Read(entity, query.either(column, chunk))
            for entity, column in (*columns, (INVOICES, "SalesOrderNumber"))
            for chunk in chunks
        ]
        answers = self._client.read_many(reads)
        size = len(chunks)
        slips, slip_lines, tracking, invoices = (answers[at * size : (at + 1) * size] for at in range(4))
        items = {standing.item_of(line) for order in orders.values() for line in order.lines}
        return _Evidence(
            _by(slips, "SalesId"),
            _by(slip_lines, "SalesId"),
            _by(tracking, "SalesOrderNumber"),
            _by(invoices, "SalesOrderNumber"),
            self._items.skus(items),
        )

    def _progress(self, order: Standing, evidence: _Evidence) -> OrderProgress:
        return OrderProgress(
            order_id=TargetId(order.number),
            display=order.number,
            reference=order.header["CustomersOrderReference"],
            state=self._state(order),
            fulfilments=tuple(
                fulfilment
                for slip in evidence.slips.get(order.number, [])
                if (fulfilment := self._fulfilment(order, slip, evidence)).lines
            ),
            invoices=tuple(
                Invoice(
                    id=TargetId(row["InvoiceNumber"]),
                    number=row["InvoiceNumber"],
                    total=Money(amount=row["TotalInvoiceAmount"], currency=row["CurrencyCode"]),
                    issued_at=query.day(row["InvoiceDate"]),
                )
                for row in evidence.invoices.get(order.number, [])
            ),
        )

    def _state(self, order: Standing) -> ErpOrderState:
        """By what is left of the goods: a charge that was not on the packing slip holds nothing up."""
        if order.canceled:
            return ErpOrderState.CANCELLED
        if order.header["SalesOrderStatus"] == standing.INVOICED:
            return ErpOrderState.INVOICED
        charges = set(self._settings.charges.values())
        goods = [line for line in order.lines if line["ItemNumber"] not in charges]
        remaining = any(
            line["OrderedSalesQuantity"] > order.delivered.get(line["InventoryLotId"], Decimal(0)) for line in goods
        )
        if goods and not remaining:
            return ErpOrderState.SHIPPED
        return ErpOrderState.PART_SHIPPED if any(order.delivered.values()) else ErpOrderState.OPEN

    def _fulfilment(self, order: Standing, slip: Mapping[str, Any], evidence: _Evidence) -> Fulfilment:
        number = slip["PackingSlipId"]
        items = {line["InventoryLotId"]: standing.item_of(line) for line in order.lines}
        charges = set(self._settings.charges.values())
        lines = []
        for row in evidence.slip_lines.get(order.number, []):
            if row["PackingSlipId"] != number or row["ItemId"] in charges or row["Qty"] <= 0:
                continue
            item = items.get(row["InventTransId"], Item(row["ItemId"]))
            lines.append(ShippedLine(sku=evidence.skus.get(item, Sku(item.number)), quantity=row["Qty"]))
        return Fulfilment(
            id=TargetId(f"{order.number}/{number}"),
            order_id=TargetId(order.number),
            shipped_at=query.day(slip["DeliveryDate"]),
            lines=tuple(lines),
            parcels=tuple(
                Parcel(
                    carrier=slip["ShipCarrierId"] or slip["DlvMode"],
                    number=row["TrackingNumber"],
                    url=row["TrackingURL"],
                )
                for row in evidence.tracking.get(order.number, [])
                if row["PackingSlipNumber"] == number
            ),
        )


def _by(pages: Sequence[Sequence[Mapping[str, Any]]], column: str) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in (row for rows in pages for row in rows):
        found.setdefault(row[column], []).append(row)
    return found
