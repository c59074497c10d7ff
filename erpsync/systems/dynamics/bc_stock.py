"""Stock in Business Central: what its item ledger says has moved, all of it every so often, reservations always.

An item's own change time does not move with its stock, so movements are read from the item ledger, whose entries are
numbered. `inventory` is on hand; what open sales orders have not shipped yet is reserved. Deleting an order frees stock
without an entry anywhere: the full reading finds that.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.erp_changes import Page, Since
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.bc_changes import OVERLAP, instant_text
from erpsync.systems.dynamics.client import PAGE_SIZE
from erpsync.systems.dynamics.cursors import Cursor
from erpsync.systems.dynamics.lookups import Company
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

_ITEM = "id,number,type,inventory,baseUnitOfMeasureCode"
_STOCKED = "type eq 'Inventory'"
# Entries are numbered when they are made and seen when they commit; so many numbers back are looked at again.
_ENTRIES_AGAIN = 500
_FULL_AT = 2


class Stock:
    """`reserved` is read once a reading and kept for its pages."""

    def __init__(self, company: Company, settings: DynamicsSettings) -> None:
        self._company = company
        self._settings = settings
        self._reserved: tuple[str, dict[str, Decimal]] = ("", {})

    def levels(self, since: Since) -> Page[StockLevel]:
        """A watermark is "entry number;orders read at;all read at"."""
        if since.cursor is not None:
            return self._full(Cursor.of(since.cursor))
        now = self._company.server_time()
        newest = self._newest_entry()
        old = _Mark.of(since.watermark)
        if old is None or now >= old.full_at + timedelta(seconds=self._settings.stock_full_seconds):
            return self._full(Cursor(_Mark(newest, now - OVERLAP, now).text(), 0, ""))
        mark = _Mark(newest, now - OVERLAP, old.full_at).text()
        numbers = self._moved(old)
        if len(numbers) > PAGE_SIZE:
            return self._full(Cursor(_Mark(newest, now - OVERLAP, now).text(), 0, ""))
        rows = self._company.found("items", "number", numbers, select=_ITEM) if numbers else []
        reserved = self._reservations(mark)
        return self._page([row for row in rows if row["type"] == "Inventory"], reserved, mark, None)

    def _full(self, cursor: Cursor) -> Page[StockLevel]:
        first = self._company.at("items", filter=_STOCKED, select=_ITEM, orderby="number")
        page = self._company.odata.page(cursor.next_path or first)
        after = Cursor(cursor.watermark, 0, page.next_path).text() if page.next_path else None
        return self._page(page.rows, self._reservations(cursor.watermark), cursor.watermark, after)

    def _page(self, rows: list[Row], reserved: dict[str, Decimal], mark: str, after: str | None) -> Page[StockLevel]:
        def level(row: Row) -> StockLevel:
            return StockLevel(
                sku=Sku(row["number"]),
                location=self._settings.stock_location,
                on_hand=Decimal(row["inventory"]),
                reserved=reserved.get(row["number"], Decimal(0)),
                unit=row.get("baseUnitOfMeasureCode") or "",
            )

        records, unreadable = refusals.readable(rows, level, "item")
        return Page(records, after, mark, unreadable)

    def _moved(self, old: "_Mark") -> set[str]:
        """The items with ledger entries, or on orders changed, since then."""
        after = max(old.entry - _ENTRIES_AGAIN, 0)
        path = self._company.at("itemLedgerEntries", filter=f"entryNumber gt {after}", select="entryNumber,itemNumber")
        numbers = {row["itemNumber"] for row in self._company.odata.all(path)}
        changed = f"lastModifiedDateTime ge {instant_text(old.orders_at)}"
        for order in self._company.odata.all(
            self._company.at("salesOrders", filter=changed, select="id", expand="salesOrderLines")
        ):
            numbers |= {line["lineObjectNumber"] for line in order["salesOrderLines"] if line["lineType"] == "Item"}
        return numbers

    def _reservations(self, mark: str) -> dict[str, Decimal]:
        if self._reserved[0] != mark:
            path = self._company.at("salesOrders", filter="fullyShipped eq false", select="id", expand="salesOrderLines")
            reserved: dict[str, Decimal] = {}
            for order in self._company.odata.all(path):
                for line in order["salesOrderLines"]:
                    if line["lineType"] == "Item":
                        number = line["lineObjectNumber"]
                        reserved[number] = reserved.get(number, Decimal(0)) + _outstanding(line)
            self._reserved = (mark, reserved)
        return self._reserved[1]

    def _newest_entry(self) -> int:
        path = self._company.at("itemLedgerEntries", orderby="entryNumber desc", top="1", select="entryNumber")
        rows = self._company.odata.rows(self._company.odata.get(path))
        return int(rows[0]["entryNumber"]) if rows else 0


class _Mark:
    """The parts of a stock watermark."""

    def __init__(self, entry: int, orders_at: datetime, full_at: datetime) -> None:
        self.entry, self.orders_at, self.full_at = entry, orders_at, full_at

    def text(self) -> str:
        return f"{self.entry};{instant_text(self.orders_at)};{instant_text(self.full_at)}"

    @staticmethod
    def of(text: str | None) -> "_Mark | None":
        """None where there is none, or one that cannot be read: then everything is read."""
        parts = (text or "").split(";")
        try:
            at = [datetime.fromisoformat(part).astimezone(UTC) for part in parts[1:]]
            return _Mark(int(parts[0]), at[0], at[_FULL_AT - 1])
        except (ValueError, IndexError):
            return None


def _outstanding(line: Row) -> Decimal:
    return max(Decimal(line["quantity"]) - Decimal(line.get("shippedQuantity") or 0), Decimal(0))
