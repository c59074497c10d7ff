"""Sales orders as they stand in F&O: header, lines, and how much of each line has been delivered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from erpsync.systems.dynamics.finance_operations import query
from erpsync.systems.dynamics.finance_operations.amounts import Item
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.items import dimensions
from erpsync.systems.dynamics.finance_operations.wire import HEADERS, LINES, SLIP_LINES, HeaderRow, LineRow

OPEN = "Backorder"
INVOICED = "Invoiced"
CANCELED = "Canceled"


@dataclass(frozen=True)
class Standing:
    """`delivered` is by inventory lot: packing slips less their corrections."""

    header: HeaderRow
    lines: tuple[LineRow, ...]
    delivered: Mapping[str, Decimal]

    @property
    def number(self) -> str:
        return self.header["SalesOrderNumber"]

    @property
    def begun(self) -> bool:
        """Whether anything has been delivered or invoiced."""
        return any(self.delivered.values()) or any(line["SalesOrderLineStatus"] == INVOICED for line in self.lines)

    @property
    def is_credit(self) -> bool:
        """Whether it is a credit note to be: all of it comes back."""
        return bool(self.lines) and all(line["OrderedSalesQuantity"] < 0 for line in self.lines)

    @property
    def emptied(self) -> bool:
        """Cancelled by erpsync: nothing is left of it, and it is stopped."""
        return not self.lines and self.header["IsSalesProcessingStopped"] == "Yes"

    @property
    def canceled(self) -> bool:
        return self.emptied or self.header["SalesOrderStatus"] == CANCELED


def read(client: FoClient, numbers: Sequence[str], header_fields: tuple[str, ...] = ()) -> Mapping[str, Standing]:
    """Those of the orders that F&O has, in one request. `header_fields` are read besides those of HeaderRow."""
    chunks = query.chunks(numbers)
    reads: list[Read[Any]] = []
    for chunk in chunks:
        reads.append(Read(HEADERS, query.either("SalesOrderNumber", chunk), also=header_fields))
        reads.append(Read(LINES, query.either("SalesOrderNumber", chunk)))
        reads.append(Read(SLIP_LINES, query.either("SalesId", chunk)))
    answers = client.read_many(reads)
    headers: list[HeaderRow] = [row for rows in answers[0::3] for row in rows]
    lines: list[LineRow] = [row for rows in answers[1::3] for row in rows]
    delivered: dict[str, Decimal] = {}
    for slip in (row for rows in answers[2::3] for row in rows):
        lot = slip["InventTransId"]
        delivered[lot] = delivered.get(lot, Decimal(0)) + slip["Qty"]
    return {header["SalesOrderNumber"]: _standing(header, lines, delivered) for header in headers}


def item_of(line: LineRow) -> Item:
    return Item(line["ItemNumber"], dimensions(line))


def _standing(header: HeaderRow, lines: Sequence[LineRow], delivered: Mapping[str, Decimal]) -> Standing:
    own = [line for line in lines if line["SalesOrderNumber"] == header["SalesOrderNumber"]]
    own.sort(key=lambda line: (line["LineNumber"], line["InventoryLotId"]))
    lots = {line["InventoryLotId"] for line in own}
    return Standing(header, tuple(own), {lot: quantity for lot, quantity in delivered.items() if lot in lots})
