"""Stock per location, from the item ledger: what remains of each item's open entries, less nothing.

An item's change time does not move with its stock, and API v2.0's item ledger entries have no location; so page 38 is
read, published as a web service. Entry numbers tell which items moved: a read goes on from the highest number seen, less
an overlap. Numbers are given before their transaction commits, so a lower one may be seen after a higher; it is at most
as many numbers behind as other sessions took meanwhile, and a thousand entries are far more than the longest posting
lets pass by. What orders have been promised changes without any entry: items with outstanding sales lines, now or at the
last read, are told each time.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Page, Since
from erpsync.systems.dynamics.business_central import mapper
from erpsync.systems.dynamics.business_central.client import BusinessCentral, one_of, text
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.reading import BAD_ROW, strange_place, unreadable
from erpsync.systems.dynamics.business_central.settings import NO_LEDGER, SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import ItemEntry, PromisedRow, StockRow, select

OVERLAP_ENTRIES = 1000
_ITEM = {
    "$select": "id,number,baseUnitOfMeasureCode",
    "$expand": "itemVariants($select=code)",
    "$orderby": "number",
}
_Amounts: TypeAlias = Mapping[tuple[str, str, str], Sequence[Any]]
"""Quantities as they were read, by item, variant and location: one that is none is that item's fault alone."""


@dataclass(frozen=True)
class _Mark:
    """The highest entry number seen, and the items that had outstanding sales lines."""

    entry: int
    promised: tuple[str, ...]

    def as_text(self) -> str:
        return json.dumps([self.entry, *self.promised], separators=(",", ":"))


@dataclass(frozen=True)
class _Place:
    """Where a read stands: from which mark (None: all items) to which, and the item told last."""

    start: str | None
    watermark: str
    after: str

    def as_text(self) -> str:
        return json.dumps([self.start, self.watermark, self.after], separators=(",", ":"))


class Stock:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def levels(self, since: Since) -> Page[StockLevel]:
        self._must_have_ledger()
        promised = self._promised()
        place = self._place(since, promised)
        items, after = self._all_after(place.after) if place.start is None else self._moved(place, promised)
        records, bad = self._told(items, promised)
        following = _Place(place.start, place.watermark, after).as_text() if after else None
        return Page(tuple(records), following, place.watermark, tuple(bad))

    def of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """An item that cannot be understood is left out: the poll of changes tells of it."""
        self._must_have_ledger()
        items = self._named(self._lookups.numbers(skus), "type eq 'Inventory'")
        records, _ = self._told(items, self._promised(one_of("No", [item["number"] for item in items])))
        # Capitals do not count there.
        wanted = {sku.upper() for sku in skus}
        return [level for level in records if level.sku.upper() in wanted]

    def _must_have_ledger(self) -> None:
        if not self._settings.ledger_page:
            raise Rejected(
                "no-ledger-page",
                system=SYSTEM,
                what=NO_LEDGER,
                next_step="Publish page 38 as a web service in Business Central and set `ledger_page` to its name.",
            )

    def _place(self, since: Since, promised: _Amounts) -> _Place:
        if since.cursor is not None:
            try:
                return _Place(*json.loads(since.cursor))
            except (TypeError, ValueError):
                raise strange_place() from None
        latest = self._client.read(
            "itemLedgerEntries", {"$select": "entryNumber", "$orderby": "entryNumber desc", "$top": "1"}
        )
        before = _mark(since.watermark).entry
        mark = _Mark(
            max([before, *(row["entryNumber"] for row in latest)]),
            tuple(sorted({number for number, _, _ in promised})),
        )
        return _Place(since.watermark, mark.as_text(), "")

    def _size(self) -> int:
        """Items per page: each is told once for every location."""
        places = len(self._settings.stock_locations) or len(self._lookups.location_codes()) + 1
        return max(self._settings.page_size // places, 1)

    def _all_after(self, number: str) -> tuple[list[Any], str]:
        """The next items, and the last one's number where there may be more."""
        where = "type eq 'Inventory'" + (f" and number gt {text(number)}" if number else "")
        size = self._size()
        items = self._client.read("items", {**_ITEM, "$filter": where, "$top": str(size)}, page_size=size)
        return items, str(items[-1]["number"]) if len(items) == size else ""

    def _moved(self, place: _Place, promised: _Amounts) -> tuple[list[Any], str]:
        """The next items that have new entries, or that orders have been promised, now or at the last read."""
        mark = _mark(place.start)
        where = f"entryNumber gt {max(mark.entry - OVERLAP_ENTRIES, 0)}"
        entries = self._client.read_all("itemLedgerEntries", {"$select": select(ItemEntry), "$filter": where})
        numbers = {row["itemNumber"] for row in entries} | {number for number, _, _ in promised} | set(mark.promised)
        left = sorted(number for number in numbers if number > place.after)
        wanted = left[: self._size()]
        # An item may have got another number since, so fewer may be found than were wanted.
        return self._named(wanted), wanted[-1] if len(left) > len(wanted) else ""

    def _named(self, numbers: Sequence[str], condition: str = "") -> list[Any]:
        filters = (f"{condition} and ({some})" if condition else some for some in one_of("number", numbers))
        return [row for some in filters for row in self._client.read_all("items", {**_ITEM, "$filter": some})]

    def _told(self, items: Sequence[Any], promised: _Amounts) -> tuple[list[StockLevel], list[SyncError]]:
        if not items:
            return [], []
        on_hand = self._on_hand([item["number"] for item in items])
        places = self._settings.stock_locations or ("", *self._lookups.location_codes())
        records: list[StockLevel] = []
        bad: list[SyncError] = []
        for item in items:
            try:
                number = item["number"]
                # The item itself besides its variants, and stock without a location: both may have been there before.
                codes = ["", *(variant["code"] for variant in item["itemVariants"])]
                records += [
                    StockLevel(
                        sku=mapper.sku_of(number, code, self._settings),
                        location=location,
                        on_hand=_sum(on_hand, number, code, [location]),
                        reserved=_sum(promised, number, code, _promising(location, places)),
                        unit=item["baseUnitOfMeasureCode"],
                    )
                    for code in codes
                    for location in places
                ]
            except BAD_ROW as error:
                bad.append(unreadable("item", item, error))
        return records, bad

    def _on_hand(self, numbers: Sequence[str]) -> _Amounts:
        levels: defaultdict[tuple[str, str, str], list[Any]] = defaultdict(list)
        for some in one_of("Item_No", numbers):
            params = {"$select": select(StockRow), "$filter": f"Open eq true and ({some})"}
            for row in self._client.read_page_service(self._settings.ledger_page, params):
                key = (row["Item_No"], row["Variant_Code"], row["Location_Code"])
                levels[key].append(row["Remaining_Quantity"])
        return dict(levels)

    def _promised(self, among: Sequence[str] = ("",)) -> _Amounts:
        """What sales orders still have to deliver, of the items that the filters `among` match together. A read of changes
        needs all of it each time, since it changes without any entry."""
        levels: defaultdict[tuple[str, str, str], list[Any]] = defaultdict(list)
        if not self._settings.sales_lines_page:
            return {}
        where = "Document_Type eq 'Order' and Type eq 'Item' and Outstanding_Quantity gt 0"
        for some in among:
            params = {"$select": select(PromisedRow), "$filter": f"{where} and ({some})" if some else where}
            for row in self._client.read_page_service(self._settings.sales_lines_page, params):
                key = (row["No"], row["Variant_Code"], row["Location_Code"])
                levels[key].append(row["Outstanding_Quantity"])
        return dict(levels)


def _promising(location: str, places: Sequence[str]) -> list[str]:
    """Whose promises count at a location: its own, and at the first one those of lines that name none, where stock without
    a location is not told. Their goods are sold all the same."""
    return [location, ""] if location == places[0] and "" not in places else [location]


def _sum(amounts: _Amounts, number: str, code: str, locations: Sequence[str]) -> Decimal:
    found = (one for location in locations for one in amounts.get((number, code, location), ()))
    return sum(map(Decimal, found), Decimal(0))


def _mark(watermark: str | None) -> _Mark:
    try:
        entry, *promised = json.loads(watermark or "[0]")
        return _Mark(int(entry), tuple(str(number) for number in promised))
    except (TypeError, ValueError):
        raise strange_place() from None
