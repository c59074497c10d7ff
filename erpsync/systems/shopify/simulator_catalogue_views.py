"""The simulated store's products, variants, places and channels as the Admin API's types. See `simulator_graphql`."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import (
    Catalogue,
    Collection,
    Location,
    Media,
    PriceList,
    Product,
    Variant,
)
from erpsync.systems.shopify.simulator_orders import cents, gid
from erpsync.systems.shopify.simulator_search import connection, matching, page


def product(each: Product, catalogue: Catalogue) -> dict[str, Any]:
    def listed(records: Sequence[Any], view: Any, *, reverse: bool = False) -> Any:
        rows = list(enumerate(records))
        return connection(rows, lambda row: view(row[1]), lambda row: (-row[0] if reverse else row[0],))

    def metafield(_info: Any, key: str, namespace: str | None = None) -> dict[str, Any] | None:
        found = each.metafields.get(f"{namespace}.{key}")
        return found and found | {"__typename": "Metafield", "namespace": namespace, "key": key}

    def images(info: Any, **asked: Any) -> Any:
        found = [catalogue.media[number] for number in each.media]
        return listed(found, lambda one: media(one, catalogue), reverse=asked.get("reverse", False))(info, **asked)

    def collections(info: Any, **asked: Any) -> Any:
        found = [one for one in catalogue.collections.values() if each.id in one.products]
        return listed(found, collection)(info, **asked)

    def variants(info: Any, **asked: Any) -> Any:
        return listed(catalogue.of_product(each), lambda one: variant(one, catalogue))(info, **asked)

    return {
        "__typename": "Product",
        "id": gid("Product", each.id),
        "title": each.title,
        "status": each.status,
        "descriptionHtml": each.description,
        "options": lambda _info, first=None: [
            {"__typename": "ProductOption", "id": gid("ProductOption", option.id), "name": option.name, "position": i}
            for i, option in enumerate(each.options[:first], start=1)
        ],
        "variants": variants,
        "media": images,
        "collections": collections,
        "metafield": metafield,
        "publishedOnPublication": lambda _info, publicationId: number_of(publicationId) in each.publications,
    }


def media(each: Media, catalogue: Catalogue) -> dict[str, Any]:
    """Fetched a while after the call that it came with has been answered."""
    done = catalogue.now() >= each.at + timedelta(seconds=catalogue.image_seconds)
    error = {"code": "IMAGE_DOWNLOAD_FAILURE", "message": "The image could not be downloaded."}
    return {
        "__typename": "MediaImage",
        "id": gid("MediaImage", each.id),
        "alt": each.alt,
        "status": ("FAILED" if each.broken else "READY") if done else "PROCESSING",
        "mediaErrors": [error] if done and each.broken else [],
    }


def collection(each: Collection) -> dict[str, Any]:
    return {
        "__typename": "Collection",
        "id": gid("Collection", each.id),
        "title": each.title,
        "handle": each.handle,
        "publishedOnPublication": lambda _info, publicationId: number_of(publicationId) in each.publications,
    }


def publication(number: int, name: str) -> dict[str, Any]:
    channel = {"__typename": "Channel", "id": gid("Channel", number), "name": name}
    return {
        "__typename": "Publication",
        "id": gid("Publication", number),
        "channels": connection([channel], lambda one: one, lambda _: (0,)),
    }


def variant(each: Variant, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", each.id),
        "sku": each.sku,
        "displayName": f"{each.product.title} - {' / '.join(each.values)}",
        "barcode": each.barcode or None,
        "inventoryPolicy": each.policy,
        "selectedOptions": [
            {"name": option.name, "value": value}
            for option, value in zip(each.product.options, each.values, strict=True)
        ],
        "publishedOnPublication": lambda _info, publicationId: number_of(publicationId) not in each.off,
        "price": f"{cents(each.price):f}",
        "compareAtPrice": None if each.compare_at is None else f"{cents(each.compare_at):f}",
        "updatedAt": each.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "product": product(each.product, catalogue),
        "inventoryItem": item(each, catalogue),
    }


def item(each: Variant, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", each.item_id),
        "sku": each.sku,
        "tracked": each.tracked,
        "measurement": {
            "id": gid("InventoryItemMeasurement", each.item_id),
            "weight": each.weight and {"value": float(each.weight[0]), "unit": each.weight[1]},
        },
        "inventoryLevel": lambda _info, locationId, **_: _level_at(each, locationId, catalogue),
        "inventoryLevels": connection(
            list(each.levels), lambda place: level(each, catalogue.locations[place]), lambda place: (place,)
        ),
    }


def level(each: Variant, place: Location) -> dict[str, Any]:
    identity = f"gid://shopify/InventoryLevel/{place.id}?inventory_item_id={each.item_id}"
    quantity = {"name": "available", "quantity": each.levels[place.id], "id": identity}
    return {
        "id": identity,
        "isActive": True,
        "location": location(place),
        "quantities": lambda _info, names: [quantity] if "available" in names else [],
    }


def location(place: Location) -> dict[str, Any]:
    return {
        "__typename": "Location",
        "id": gid("Location", place.id),
        "name": place.name,
        "isActive": place.active,
        "isFulfillmentService": bool(place.service),
    }


def price_list(each: PriceList, catalogue: Catalogue) -> dict[str, Any]:
    def prices(
        info: Any, first: int | None = None, after: str | None = None, query: str | None = None, **_: Any
    ) -> Any:
        found = matching(list(each.prices), query, {"variant_id": lambda number: number})
        return page(info, found, lambda number: (number,), one, first=first, after=after)

    def one(number: int) -> dict[str, Any]:
        price, compare_at = each.prices[number]
        return {
            "price": _amount(price),
            "compareAtPrice": None if compare_at is None else _amount(compare_at),
            "variant": variant(catalogue.variants[number], catalogue),
        }

    def _amount(amount: Decimal) -> dict[str, str]:
        return {"amount": f"{amount:f}", "currencyCode": each.currency}

    identity = gid("PriceList", each.id)
    return {
        "__typename": "PriceList", "id": identity, "name": each.name, "currency": each.currency, "prices": prices,
    }  # fmt: skip


def _level_at(each: Variant, location_id: str, catalogue: Catalogue) -> dict[str, Any] | None:
    number = int(location_id.rpartition("/")[2])
    return level(each, catalogue.locations[number]) if number in each.levels else None


def number_of(identity: str) -> int:
    """The number at the end of a global id; 0, which is no record's, where there is none."""
    number = identity.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0
