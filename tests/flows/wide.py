"""A wide catalogue without wide memory: an ERP and a shop that work their records out, and count what is asked of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy import Engine, event

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import Stale, StockAnswer, StockChange, StorePrice, StoreVariant
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fake_store import FakeStore

ERP_PAGE, STORE_PAGE = 500, 250
UNITS = 7
"""What the ERP holds of each."""
_PRICE = StorePrice(base=Money(amount=Decimal(10), currency="EUR"))


def sku_of(number: int) -> Sku:
    return Sku(f"SKU-{number:07d}")


class WideErp(FakeErp):
    """Holds `units_of(number)` of each of `size` SKUs; of those in `changed`, a read from a watermark tells."""

    def __init__(self, clock: Clock, size: int, units_of: Callable[[int], int]) -> None:
        super().__init__(clock, "erp")
        self.size = size
        self.units_of = units_of
        self.changed: dict[int, int] = {}
        self.rows_told = 0

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        numbers: Sequence[int] = range(self.size) if since.watermark is None else sorted(self.changed)
        begin = int(since.cursor or 0)
        told = numbers[begin : begin + ERP_PAGE]
        self.rows_told += len(told)
        cursor = str(begin + len(told)) if begin + len(told) < len(numbers) else None
        return Page(tuple(self._level(number) for number in told), cursor, "begun")

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        self.rows_told += len(skus)
        return [self._level(int(sku.removeprefix("SKU-"))) for sku in skus]

    def _level(self, number: int) -> StockLevel:
        units = self.changed.get(number, self.units_of(number))
        return StockLevel(sku=sku_of(number), location="WH", on_hand=Decimal(units))


class WideShop(FakeStore):
    """Has one variant for each of `size` SKUs, with `units_of(number)` in stock until it is set."""

    def __init__(self, clock: Clock, size: int, units_of: Callable[[int], int]) -> None:
        super().__init__(clock, "shop")
        self.size = size
        self.units_of = units_of
        self.set: dict[Sku, int] = {}
        self.calls: list[int] = []
        """How many changes each call of `set_stock` had."""

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        begin = int(since.cursor or 0)
        told = range(begin, min(begin + STORE_PAGE, self.size)) if since.watermark is None else range(0)
        cursor = str(told.stop) if told and told.stop < self.size else None
        return Page(tuple(self._variant(number) for number in told), cursor, "begun")

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        self.calls.append(len(changes))
        return {(one.sku, one.location): self._put(one) for one in changes}

    def _put(self, change: StockChange) -> StockAnswer:
        has = self.set.get(change.sku, self.units_of(int(change.sku.removeprefix("SKU-"))))
        if change.was is not None and change.was != has:
            return Stale(has)
        self.set[change.sku] = change.quantity
        return None

    def _variant(self, number: int) -> StoreVariant:
        sku = sku_of(number)
        stock = {"main": self.set.get(sku, self.units_of(number))}
        return StoreVariant(sku, SourceId(f"v{number}"), SourceId(f"p{number}"), sku, _PRICE, True, True, stock)


@contextmanager
def counted(database: Engine) -> Iterator[list[str]]:
    """The SQL statements that are sent inside."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database, "before_cursor_execute", note)
