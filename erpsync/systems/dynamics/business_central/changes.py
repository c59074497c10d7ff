"""Customers, products and base prices that changed."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from erpsync.domain.errors import SyncError
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.pages import Page, Since
from erpsync.systems.dynamics.business_central import mapper
from erpsync.systems.dynamics.business_central.client import BusinessCentral
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.reading import BAD_ROW, place_of, read_changed, unreadable
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import Customer, Item, ItemVariant, select

T = TypeVar("T")
_ITEM = {"$select": select(Item), "$expand": f"itemVariants($select={select(ItemVariant)})"}


class Changes:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def customers(self, since: Since) -> Page[ErpCustomer]:
        return self._page(
            "customers", "customer", {"$select": select(Customer)}, since, lambda row: [mapper.customer(row)]
        )

    def products(self, since: Since) -> Page[Product]:
        categories = self._lookups.categories()
        return self._page("items", "item", _ITEM, since, lambda row: [mapper.product(row, categories, self._settings)])

    def prices(self, since: Since) -> Page[BasePrice]:
        """An item's change time moves with its price. API v2.0 has no sales price lists."""
        currency = self._settings.iso_currency(self._lookups.local_currency())
        return self._page("items", "item", _ITEM, since, lambda row: mapper.prices(row, currency, self._settings))

    def _page(
        self, entity: str, kind: str, params: dict[str, str], since: Since, read: Callable[[Any], Iterable[T]]
    ) -> Page[T]:
        size = self._settings.page_size
        rows, place = read_changed(self._client, entity, params, place_of(since), size)
        records: list[T] = []
        bad: list[SyncError] = []
        for row in rows:
            try:
                records += read(row)
            except BAD_ROW as error:
                bad.append(unreadable(kind, row, error))
        cursor = place.as_cursor() if len(rows) == size else None
        return Page(tuple(records), cursor, place.watermark, tuple(bad))
