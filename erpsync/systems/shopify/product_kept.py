"""What erpsync remembers of a product, in a metafield on it: what of it is erpsync's own, and therefore its to take away.

Images and collections that people have added are not in it and stay. An image is known by a hash of its address, for an
address may carry a signature.
"""

import hashlib
import json
from dataclasses import dataclass, field

KEY = "product"


@dataclass
class Kept:
    """`unfinished`: it was made, and not all has been done that belongs to it. `images` are Shopify's ids by the hash of
    their address, empty where a reply was lost. `hidden` are the variants that erpsync has taken off the channels."""

    unfinished: bool = False
    images: dict[str, str] = field(default_factory=dict)
    collections: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def text(self) -> str:
        value = {
            "unfinished": self.unfinished,
            "images": self.images,
            "collections": sorted(self.collections),
            "hidden": sorted(self.hidden),
        }
        return json.dumps(value, sort_keys=True)


def kept_of(text: str) -> Kept:
    """What was kept; nothing where somebody has changed the metafield into something else."""
    try:
        found = json.loads(text)
        return Kept(
            unfinished=bool(found["unfinished"]),
            images={str(key): str(value) for key, value in found["images"].items()},
            collections={str(each) for each in found["collections"]},
            hidden={str(each) for each in found["hidden"]},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Kept()


def image_key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:24]


def metafield_of(kept: Kept, namespace: str, owner: str = "") -> dict[str, str]:
    """As an input of metafieldsSet, and without `owner` of the product's own calls."""
    given = {"namespace": namespace, "key": KEY, "type": "json", "value": kept.text()}
    return given | ({"ownerId": owner} if owner else {})
