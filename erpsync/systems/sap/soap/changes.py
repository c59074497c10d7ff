"""What SAP tells of its own accord: pages by key, from a watermark by its own clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.soap import reading, wire
from erpsync.systems.sap.soap.client import Reply, Wrapper, stamp
from erpsync.systems.sap.soap.rows import row
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings

T = TypeVar("T")


@dataclass(frozen=True)
class _Place:
    """Where a read stands: what it tells changes since, where the next read starts, and the last key it has told."""

    since: str = ""
    watermark: str = ""
    key: str = ""

    def __str__(self) -> str:
        return "|".join((self.since, self.watermark, self.key))


class Changes:
    """See `erpsync.ports.erp_changes.ErpChanges`."""

    def __init__(self, wrapper: Wrapper, settings: SapSoapSettings) -> None:
        self._wrapper = wrapper
        self._settings = settings
        self._area = {"IV_VKORG": settings.sales_organization, "IV_VTWEG": settings.distribution_channel}

    def customers(self, since: Since) -> Page[ErpCustomer]:
        arguments = {**self._area, "IV_SPART": self._settings.division}
        return self._page(
            wire.CUSTOMERS_CHANGED, since, arguments, lambda told: reading.customers(told, self._settings)
        )

    def products(self, since: Since) -> Page[Product]:
        return self._page(
            wire.MATERIALS_CHANGED, since, self._area, lambda told: reading.products(told, self._settings)
        )

    def prices(self, since: Since) -> Page[BasePrice]:
        """All prices that are valid now, every time: one begins to count by its date, without any change."""
        lists = [row(wire.PRICE_LIST, "price list", {"PLTYP": name}) for name in self._settings.price_lists]
        arguments = {**self._area, "IV_KSCHL": self._settings.base_price_condition, "IT_PRICE_LIST": lists}
        return self._page(wire.PRICES_CHANGED, since, arguments, lambda told: reading.prices(told, self._settings))

    def stock(self, since: Since) -> Page[StockLevel]:
        arguments = {"IT_LOCATION": self._places(), "IT_WANTED": []}
        return self._page(wire.STOCK, since, arguments, lambda told: reading.stock(told, self._settings))

    def stock_of(self, skus: Sequence[Sku]) -> tuple[StockLevel, ...]:
        """A material with a row that cannot be understood is left out: the poll of all stock tells of it."""
        places = self._places()
        # A longer one is no material's.
        wanted = [row(wire.WANTED, sku, {"MATNR": sku}) for sku in skus if 0 < len(sku) <= wire.WANTED["MATNR"].length]
        if not wanted:
            return ()
        where = {"IV_SINCE": Decimal(0), "IV_CURSOR": "", "IV_LIMIT": len(wanted)}
        reply = self._wrapper.call(wire.STOCK, {"IT_LOCATION": places, "IT_WANTED": wanted, **where})
        return reading.stock(reply, self._settings)[0]

    def progress(self, since: Since) -> Page[OrderProgress]:
        return self._page(wire.PROGRESS_CHANGED, since, {}, lambda told: reading.progress(told, self._settings))

    def _places(self) -> list[wire.Row]:
        """Raises Rejected where none are configured."""
        if not self._settings.stock_locations:
            raise Rejected(
                "setting-missing",
                system=SYSTEM,
                what="stock_locations of this connection is empty: there is no stock to read.",
                next_step='Set it to plants and storage locations, as in "1000/0001", and restart the workers.',
            )
        places = [location.partition("/") for location in self._settings.stock_locations]
        return [row(wire.LOCATION, "location", {"WERKS": plant, "LGORT": place}) for plant, _, place in places]

    def _page(
        self,
        function: str,
        since: Since,
        arguments: Mapping[str, object],
        read: Callable[[Reply], reading.Read[T]],
    ) -> Page[T]:
        place = _Place(*since.cursor.split("|", 2)) if since.cursor else _Place(since=since.watermark or "")
        where = {
            "IV_SINCE": Decimal(place.since or 0),
            "IV_CURSOR": place.key,
            "IV_LIMIT": self._settings.page_size,
        }
        reply = self._wrapper.call(function, {**arguments, **where})
        watermark = place.watermark or self._start(reply)
        records, unreadable = read(reply)
        key = reply.text("EV_CURSOR")
        cursor = str(_Place(place.since, watermark, key)) if key else None
        return Page(records, cursor, watermark, unreadable)

    def _start(self, reply: Reply) -> str:
        """SAP's clock when the read began, less the overlap."""
        began = reply.moment("EV_NOW")
        return f"{stamp(began - timedelta(seconds=self._settings.overlap_seconds)):f}" if began else "0"
