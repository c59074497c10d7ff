"""A product's title, description and status, and the images that are new, by one call."""

import html
import re
from collections.abc import Sequence

from erpsync.ports.store_records import ProductField
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.product_images import Images, media_of, shown
from erpsync.systems.shopify.product_kept import image_key, metafield_of
from erpsync.systems.shopify.product_work import SHOWN, ProductCalls, Work, refused_by_store, words
from erpsync.systems.shopify.wire_products import Refusal

_TAG = re.compile(r"<[A-Za-z/!]")


class FieldWriter:
    def __init__(self, calls: ProductCalls, images: Images, namespace: str) -> None:
        self._calls = calls
        self._images = images
        self._namespace = namespace

    def apply(self, work: Work) -> None:
        """Changes what differs. An image that is refused is left out, and told."""
        given = _changed(work)
        urls = self._images.to_send(work)
        while given or urls:
            refusals = self._send(work, given, urls)
            if not refusals:
                return
            others = [each for each in refusals if not urls or each.field[:1] != ("media",)]
            if others:
                raise refused_by_store(work.draft, others[0])
            at_fault = [url for i, url in enumerate(urls) if i in {each.place for each in refusals}] or urls
            work.notes += [f"The image {shown(url)} was refused by Shopify: {words(refusals[0])}." for url in at_fault]
            urls = [url for url in urls if url not in at_fault]

    def _send(self, work: Work, given: dict[str, object], urls: Sequence[str]) -> Sequence[Refusal]:
        """Images are remembered by the same call that sends them: a lost reply does not send them twice."""
        kept = work.stored.kept
        kept.images |= {image_key(url): "" for url in urls}
        product = {"id": work.stored.id} | given
        if urls:
            product["metafields"] = [metafield_of(kept, self._namespace)]
        variables = {"product": product, "media": media_of(urls, work.draft.product.title), "made": max(len(urls), 1)}
        payload, refusals = self._calls.send("ChangeProduct", "productUpdate", variables)
        if refusals:
            for url in urls:
                kept.images.pop(image_key(url))
        elif urls:
            work.stored.kept_text = kept.text()
            self._remember(work, urls, payload.get("product"))
        return refusals

    def _remember(self, work: Work, urls: Sequence[str], product: object) -> None:
        """The new images' ids: the product's last ones, which are told from the end."""
        media = product.get("media") if isinstance(product, dict) else None
        nodes = media.get("nodes") if isinstance(media, dict) else None
        if not isinstance(nodes, list) or len(nodes) != len(urls):
            raise unreadable("What became of a product's images was not told.")
        for url, node in zip(reversed(urls), nodes, strict=True):
            work.images[url] = work.stored.kept.images[image_key(url)] = str(node.get("id"))


def html_of(text: str) -> str:
    """A description as HTML; one without tags is text, whose lines are kept."""
    return text if _TAG.search(text) else html.escape(text, quote=False).replace("\n", "<br>\n")


def _changed(work: Work) -> dict[str, object]:
    product, stored = work.draft.product, work.stored
    given: dict[str, object] = {}
    if work.owns(ProductField.TITLE) and product.title.strip() != stored.title.strip():
        given["title"] = product.title
    description = html_of(product.description)
    if work.owns(ProductField.DESCRIPTION) and description and description.strip() != stored.description.strip():
        given["descriptionHtml"] = description
    status = _status(work)
    if status:
        given["status"] = status
    return given


def _status(work: Work) -> str | None:
    """The status that the product shall have where it is another; what has no price yet is not shown."""
    product, is_shown = work.draft.product, work.stored.status in SHOWN
    if work.is_grouped or not work.owns(ProductField.STATUS) or is_shown == product.active:
        return None
    if not product.active:
        return "ARCHIVED"
    made = [each.sku for each in product.variants if each.active and work.variant_id(each.sku)]
    unpriced = [sku for sku in made if not work.is_priced(sku)]
    if unpriced:
        work.notes.append(
            f"It stays hidden until all its variants have a price; these have none: {', '.join(unpriced[:10])}."
        )
        return None
    return "ACTIVE"
