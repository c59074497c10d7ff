"""A product's images by their addresses: BigCommerce fetches them itself, one a call.

https://developer.bigcommerce.com/docs/rest-catalog/products/images#create-a-product-image: up to 1,000 of a product, 8 MB
each, addresses of up to 255 characters. One that cannot be fetched is a note, and is tried again with the next put.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from erpsync.domain.errors import Rejected
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.product_memory import Memory, digest
from erpsync.systems.bigcommerce.reading import read

MAX_ADDRESS = 255
MAX_IMAGES = 1_000
# BigCommerce adds numbers to the name of a file: "front__83011__60806.jpg".
_ADDED = re.compile(r"(__\d+)+$")


def put_images(
    client: BigCommerceClient, product_id: int, there: Sequence[wire.Image], urls: Sequence[str], memory: Memory
) -> list[str]:
    """Has those fetched that are not there yet, and takes away those that it has had fetched and that the ERP names no
    more; notes of what could not be had. `memory` is changed, and to be kept afterwards.

    An image of the same file name that nobody knows of is taken for the one that is wanted: a person's, or one whose reply
    was lost.
    """
    ids = {image.id for image in there}
    memory.made = {key: one for key, one in memory.made.items() if one in ids}
    memory.found = {key: one for key, one in memory.found.items() if one in ids}
    known = {*memory.made.values(), *memory.found.values()}
    strangers = {_name(image.image_file): image.id for image in there if image.id not in known}
    notes: list[str] = []
    count = len(there)
    for place, url in enumerate(dict.fromkeys(urls)):
        key = digest(url)
        if key in memory.made or key in memory.found:
            continue
        stranger = strangers.pop(_name(url), None) if _name(url) else None
        if stranger is not None:
            memory.found[key] = stranger
        elif why := _unfit(url, count):
            notes.append(f"The image {_shown(url)} was left out: {why}.")
        else:
            body = {"image_url": url, "sort_order": place, "is_thumbnail": count == 0}
            count += _make(client, product_id, body, memory, notes)
    _take_away(client, product_id, urls, memory)
    return notes


def _make(client: BigCommerceClient, product_id: int, body: dict[str, Any], memory: Memory, notes: list[str]) -> bool:
    record, url = f"product {product_id}", str(body["image_url"])
    try:
        answer = client.post(f"/v3/catalog/products/{product_id}/images", body, record=record)
    except Rejected as error:
        if error.code != "request-refused":
            raise
        notes.append(f"The image {_shown(url)} could not be taken: {error.problem.what}")
        return False
    memory.made[digest(url)] = read(wire.Image, (answer.body or {}).get("data"), record).id
    return True


def _take_away(client: BigCommerceClient, product_id: int, urls: Sequence[str], memory: Memory) -> None:
    """One that a person or another program has put there stays in any case, and so do all where a new one is missing."""
    wanted = {digest(url) for url in urls}
    memory.found = {key: one for key, one in memory.found.items() if key in wanted}
    if not wanted <= {*memory.made, *memory.found}:
        return
    for key, image_id in list(memory.made.items()):
        if key in wanted:
            continue
        try:
            client.delete(f"/v3/catalog/products/{product_id}/images/{image_id}", record=f"product {product_id}")
        except Rejected as error:
            if error.code != "not-found":
                raise
        del memory.made[key]


def _unfit(url: str, count: int) -> str:
    if not url.startswith(("https://", "http://")):
        return "it has no address that BigCommerce can fetch"
    if len(url) > MAX_ADDRESS:
        return f"its address is longer than {MAX_ADDRESS} characters"
    return f"the product has {MAX_IMAGES} images" if count >= MAX_IMAGES else ""


def _name(address: str) -> str:
    """The file's name without what BigCommerce or an address may change of it."""
    stem = PurePosixPath(unquote(urlsplit(address).path)).stem
    return re.sub(r"[^a-z0-9]", "", _ADDED.sub("", stem).lower())


def _shown(url: str) -> str:
    """Without a query, which may hold a key."""
    return urlsplit(url)._replace(query="", fragment="").geturl()[:120]
