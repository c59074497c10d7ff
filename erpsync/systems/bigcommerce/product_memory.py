"""What erpsync has put on a product besides its fields, kept in a metafield of the product.

BigCommerce does not tell where an image was fetched from, nor who has put a product into a category. The metafield does, so
that an image is fetched once, and only what erpsync has put there is ever taken away. Metafields show neither in the
storefront nor in the control panel: https://developer.bigcommerce.com/docs/store-operations/catalog#adding-product-metafields
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.reading import read

_NAMESPACE = "erpsync"
_KEY = "product"


@dataclass
class Memory:
    """Ids of images by a digest of their addresses: those that erpsync had fetched, and those that it found there. Ids of
    the categories that it has put the product into."""

    made: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    categories: set[int] = field(default_factory=set)
    id: int | None = None
    text: str = ""
    """As it was read."""


def digest(url: str) -> str:
    """Of an address, which may be long and may hold a key."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def recall(client: BigCommerceClient, product_id: int) -> Memory:
    params = {"namespace": _NAMESPACE, "key": _KEY}
    rows = list(client.pages(f"/v3/catalog/products/{product_id}/metafields", params))
    if not rows:
        return Memory()
    metafield = read(wire.Metafield, rows[0], f"product {product_id}")
    try:
        told = json.loads(metafield.value)
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    categories = told.get("categories")
    return Memory(
        made=_ids(told.get("made")),
        found=_ids(told.get("found")),
        categories={one for one in categories if isinstance(one, int)} if isinstance(categories, list) else set(),
        id=metafield.id,
        text=metafield.value,
    )


def keep(client: BigCommerceClient, product_id: int, memory: Memory) -> None:
    """Written only where it has changed. A second one of the same name is refused by BigCommerce."""
    value = json.dumps({"made": memory.made, "found": memory.found, "categories": sorted(memory.categories)})
    if value == memory.text or (memory.id is None and not (memory.made or memory.found or memory.categories)):
        return
    # Open to other API accounts: the one that replaces this one must find it.
    body = {"namespace": _NAMESPACE, "key": _KEY, "permission_set": "write", "value": value}
    path = f"/v3/catalog/products/{product_id}/metafields"
    record = f"product {product_id}"
    if memory.id is None:
        client.post(path, body, record=record)
    else:
        client.put(f"{path}/{memory.id}", body, record=record)


def _ids(told: object) -> dict[str, int]:
    return {str(key): one for key, one in told.items() if isinstance(one, int)} if isinstance(told, Mapping) else {}
