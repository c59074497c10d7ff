"""Variants with their prices and what each location has of them.

They are listed by id, which never changes, among those that changed since. All of a large catalogue is read by a bulk
operation instead. A sale is a `compareAtPrice` above the `price`
(https://help.shopify.com/en/manual/products/details/product-pricing/sale-pricing); it has no end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.systems.shopify import bulk
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.documents_reads import BULK_VARIANTS
from erpsync.systems.shopify.lists import ListReader, page_of, unreadable_row
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.reads import Position, after_id, position, since_term, with_watermark
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.wire_catalogue import Level, Variant
from erpsync.transport.http import HttpClient

# More are read page by page.
_MOST_LEVELS = 20
# Between two looks at a bulk operation: soon at first, for a small catalogue takes seconds.
_LOOK_SECONDS = (2.0, 5.0, 10.0, 20.0)
_ACTIVE = frozenset({"ACTIVE", "UNLISTED"})


class VariantChanges:
    def __init__(
        self, lists: ListReader, places: Places, settings: ShopifySettings, pause: Callable[[float], None]
    ) -> None:
        self._lists = lists
        self._places = places
        self._settings = settings
        self._pause = pause
        # Without a token: the file of a bulk operation lies with a file store.
        self._files = HttpClient(SYSTEM, settings.address, lists.client.clock)

    def changed(self, since: Since) -> Page[StoreVariant]:
        place = position(since)
        first = since.cursor is None and place.begun is None
        if place.bulk:
            return self._in_bulk(place)
        if first and self._is_large():
            return self._begin_bulk(place)
        terms = [since_term("updated_at", place.begun), f"id:>={place.last_id + 1}" if place.last_id else ""]
        variables = {
            "query": " ".join(term for term in terms if term) or None,
            "levels": max(min(len(self._places.all()), _MOST_LEVELS), 1),
        }
        page, answer = self._lists.page("VariantsListed", "productVariants", variables, self._settings.page_size)
        place = with_watermark(place, answer, self._lists.client.clock)
        told, unreadable = self._read([(node, self._levels_of(node)) for node in page.nodes])
        return Page(told, after_id(place, page), place.watermark, unreadable)

    def _is_large(self) -> bool:
        count = self._lists.client.call("CatalogueSize").data.get("productVariantsCount") or {}
        found = count.get("count")
        return isinstance(found, int) and found >= self._settings.bulk_from

    def _begin_bulk(self, place: Position) -> Page[StoreVariant]:
        # The clock is read before the operation starts: what changes while it runs is read again.
        place = with_watermark(place, self._lists.client.call("Ping"), self._lists.client.clock)
        place = place.moved(bulk=bulk.start(self._lists.client, BULK_VARIANTS))
        return Page((), place.cursor(), place.watermark)

    def _in_bulk(self, place: Position) -> Page[StoreVariant]:
        try:
            return self._bulk_page(place)
        except bulk.BulkFailed:
            # A poll that asked for the same file again would never end: all is read page by page, from the start.
            return Page((), place.moved(bulk="", looks=0, offset=0).cursor(), place.watermark)

    def _bulk_page(self, place: Position) -> Page[StoreVariant]:
        address = bulk.address_of(self._lists.client, place.bulk)
        if address is None:
            self._pause(_LOOK_SECONDS[min(place.looks, len(_LOOK_SECONDS) - 1)])
            return Page((), place.moved(looks=place.looks + 1).cursor(), place.watermark)
        if not address:
            return Page((), None, place.watermark)
        part = bulk.read_part(self._files, address, place.offset, self._settings.page_size)
        told, unreadable = self._read([(group.record, group.children) for group in part.groups])
        following = None if part.offset is None else place.moved(offset=part.offset).cursor()
        return Page(told, following, place.watermark, unreadable)

    def _levels_of(self, node: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        item = node.get("inventoryItem")
        if not isinstance(item, dict):
            return ()
        page = page_of(item.get("inventoryLevels"))
        return self._lists.rest("MoreLevels", "inventoryLevels", page, {"id": item.get("id")})

    def _read(
        self, rows: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
    ) -> tuple[tuple[StoreVariant, ...], tuple[SyncError, ...]]:
        told: list[StoreVariant] = []
        unreadable: list[SyncError] = []
        for node, levels in rows:
            try:
                variant = Variant.model_validate(node)
                # One without a SKU has nothing that an ERP could know it by.
                if variant.sku.strip():
                    stock = [Level.model_validate(level) for level in levels]
                    told.append(_variant(variant, stock, self._places.currency))
            except ValidationError as error:
                unreadable.append(unreadable_row("variant", node.get("id"), error))
        return tuple(told), tuple(unreadable)


def price_of(variant: Variant, currency: str) -> StorePrice:
    """The price before and during a sale."""
    price = Money(amount=variant.price, currency=currency)
    if variant.compare_at is None or variant.compare_at <= variant.price:
        return StorePrice(base=price)
    return StorePrice(base=Money(amount=variant.compare_at, currency=currency), promotion=price)


def _variant(variant: Variant, levels: Sequence[Level], currency: str) -> StoreVariant:
    return StoreVariant(
        sku=Sku(variant.sku.strip()),
        id=SourceId(number_of(variant.id)),
        product_id=SourceId(number_of(variant.product.id)),
        title=variant.title,
        price=price_of(variant, currency),
        tracked=variant.item.tracked,
        active=variant.product.status in _ACTIVE,
        stock={level.location.id: level.available for level in levels if level.available is not None},
        changed_at=variant.updated_at,
    )


def number_of(gid: str) -> str:
    """The id as it stands at the end of a record's address in the admin."""
    return gid.rpartition("/")[2]
