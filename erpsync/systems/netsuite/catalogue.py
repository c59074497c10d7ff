"""Products and base prices that changed."""

from collections.abc import Sequence

from erpsync.domain.products import BasePrice, Product
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite.catalogue_mapper import base_prices, family, gone, is_child, is_parent, parent_of, single
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.queries import any_of, one_of, search
from erpsync.systems.netsuite.reading import Position, deletions, modified, position, rows, to_deleted
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord

# Items that are sold: https://system.netsuite.com/help/helpcenter/en_US/srbrowser/Browser2023_2/schema/enum/itemtype.html
_SOLD = ["_inventoryItem", "_nonInventoryItem", "_service", "_kit", "_assembly"]
_DELETED = (
    "inventoryItem",
    "lotNumberedInventoryItem",
    "serializedInventoryItem",
    "nonInventorySaleItem",
    "nonInventoryResaleItem",
    "serviceSaleItem",
    "serviceResaleItem",
    "kitItem",
    "assemblyItem",
    "lotNumberedAssemblyItem",
    "serializedAssemblyItem",
)
# An item with all its prices is a large record.
_WHOLE_ITEMS = 100


class Catalogue:
    """One account's items. Those that stand for charges in the settings are left out, and so are those without a SKU."""

    def __init__(self, client: SuiteTalk, settings: NetSuiteSettings) -> None:
        self._client = client
        self._settings = settings

    def products_changed(self, since: Since) -> Page[Product]:
        at = position(since, self._client.server_time)
        if at.deleted:
            told = [gone(one, self._settings) for one in deletions(self._client, at, _DELETED)]
            return at.page(tuple(product for product in told if product), (), None)
        found, following = self._rows(at, self._settings.page_size, body_only=True)
        plain = [single(item, self._settings) for item in found if not is_parent(item) and not is_child(item)]
        products = [*plain, *self._families(found)]
        return at.page(tuple(product for product in products if product), (), to_deleted(at, following))

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        at = position(since, self._client.server_time)
        found, following = self._rows(at, min(self._settings.page_size, _WHOLE_ITEMS), body_only=False)
        prices = [price for item in found for price in base_prices(item, self._settings)]
        return at.page(tuple(prices), (), following)

    def _rows(self, at: Position, size: int, *, body_only: bool) -> tuple[list[ReadRecord], Position | None]:
        criteria = {**modified("lastModifiedDate", at.since), "type": one_of(_SOLD)}
        found, following = rows(self._client, "Item", criteria, at, size, body_only=body_only)
        return [item for item in found if item["internalId"] not in self._settings.charge_items], following

    def _families(self, found: Sequence[ReadRecord]) -> list[Product | None]:
        """Of each matrix item of which a part has changed, all of it."""
        heads = {item["internalId"] for item in found if is_parent(item)}
        heads |= {parent_of(item) for item in found if is_child(item)} - {""}
        if not heads:
            return []
        asked = any_of(sorted(heads))
        parents = search(self._client, "Item", {"internalId": asked})
        # Not the body alone: the options are a list.
        children = [item for item in search(self._client, "Item", {"parent": asked}, body_only=False) if is_child(item)]
        return [
            family(parent, [child for child in children if parent_of(child) == parent["internalId"]], self._settings)
            for parent in parents
        ]
