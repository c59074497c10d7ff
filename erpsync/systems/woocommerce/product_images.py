"""Images of products. WooCommerce fetches them itself, and knows them by ids of its own from then on.

https://woocommerce.github.io/woocommerce-rest-api-docs/#product-images-properties. An address that is sent again is fetched
and stored again, and the whole row is refused where one cannot be fetched: so each is sent once and alone, and remembered.
"""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from erpsync.domain.errors import Rejected, SyncError
from erpsync.systems.woocommerce import refusals, wire
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.product_matches import read_product, readable
from erpsync.systems.woocommerce.product_rows import House, Row
from erpsync.systems.woocommerce.traces import SENT, Trace, digest


def send_image(
    client: WooCommerceClient, product: wire.WholeProduct, url: str, house: House, record: str
) -> wire.WholeProduct | str:
    """The product with the image as its last one, or why not. In the same write the product remembers that it was sent, so
    that it is known for what it is though the reply be lost. Raises what concerns the call."""
    trace = house.trace(product)
    sent = replace(trace, images=(*known_images(product, trace).items(), (digest(url), SENT)))
    images: list[Row] = [{"id": image.id} for image in product.images]
    row = {"id": int(product.id), "images": [*images, {"src": url}], "meta_data": [sent.meta(house.field)]}
    [answer] = client.write_all("products", [row], [record], refusals.of_product)
    if isinstance(answer, Rejected):
        name = urlsplit(url).path.rpartition("/")[2]
        return f"The image {name} was not taken. {answer.problem.what}"
    told = answer if isinstance(answer, SyncError) else readable(read_product(answer))
    if isinstance(told, SyncError):
        raise told
    return told


def known_images(product: wire.WholeProduct, trace: Trace) -> dict[str, int]:
    """The attachment of each address that was sent, by its digest; that of the latest may not be noted yet."""
    known = {address: number for address, number in trace.images if number != SENT}
    last = product.images[-1].id if product.images else SENT
    unsettled = [address for address, number in trace.images if number == SENT]
    if unsettled and last != SENT and last not in known.values():
        known[unsettled[-1]] = last
    return known


def arranged(product: wire.WholeProduct, urls: Sequence[str], house: House) -> Row:
    """What is left to do once all are there: the ERP's in its order, those that it no longer has taken off, and those of
    people kept, before or behind the ERP's as they are now."""
    trace = house.trace(product)
    known = known_images(product, trace)
    there = [image.id for image in product.images]
    addresses = [digest(url) for url in urls]
    ours = [known[address] for address in dict.fromkeys(addresses) if known.get(address) in there]
    others = [number for number in there if number not in known.values()]
    shall = others + ours if there and there[0] in others else ours + others
    row: Row = {"images": [{"id": number} for number in shall]} if shall != there else {}
    remembered = tuple((address, number) for address, number in known.items() if address in addresses)
    settled = replace(trace, unfinished=False, images=remembered)
    return row if settled == trace else row | {"meta_data": [settled.meta(house.field)]}
