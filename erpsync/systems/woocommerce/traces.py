"""What erpsync remembers on a product or variation, in a custom field that the shop's users do not see.

WooCommerce does not tell who has hidden a product, put it into a category or added an image, nor where an image came from:
without this, what a person did could not be told from what the ERP wants.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from erpsync.domain.products import Product
from erpsync.systems.woocommerce import wire

# An image that was sent and whose attachment is not known yet: the product's last one.
SENT = 0


@dataclass(frozen=True)
class Trace:
    """`unfinished`: being made, not all of it is there yet. `hidden`: by erpsync, and not by a person. `categories` that it
    was put into and `images` (address's digest, attachment) that it was given by erpsync."""

    unfinished: bool = False
    hidden: bool = False
    categories: tuple[int, ...] = ()
    images: tuple[tuple[str, int], ...] = ()

    def meta(self, key: str) -> dict[str, Any]:
        """The custom field, as it is written."""
        value = {
            "unfinished": self.unfinished,
            "hidden": self.hidden,
            "categories": list(self.categories),
            "images": [list(image) for image in self.images],
        }
        return {"key": key, "value": value}


def read_trace(product: wire.WholeProduct, key: str) -> Trace:
    """What is not as it was written, a plugin having changed it say, counts as never written."""
    value = product.meta(key)
    if not isinstance(value, dict):
        return Trace()
    return Trace(
        unfinished=bool(value.get("unfinished")),
        hidden=bool(value.get("hidden")),
        categories=tuple(each for each in _list(value.get("categories")) if isinstance(each, int)),
        images=tuple(
            (image[0], image[1])
            for image in _list(value.get("images"))
            if isinstance(image, list) and len(image) == 2 and isinstance(image[0], str) and isinstance(image[1], int)
        ),
    )


def digest(url: str) -> str:
    """Stands for an address, which may hold a secret."""
    return sha256(url.encode()).hexdigest()[:20]


def mark(product: Product, prefix: str) -> str:
    """The SKU that a product with variations has while it is being made, and no longer: without one it could not be found
    again after a lost reply, and SKUs are what WooCommerce itself keeps unique."""
    return f"{prefix[:40]}-{digest(f'{product.id} {product.variants[0].sku}')}"


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
