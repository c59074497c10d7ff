"""Puts products of the ERP into the store: looked up, made or changed, one bad one alone.

A product is made with its variants in one call; changes go in batches. Prices, sale prices and stock of what is there are
never sent. https://developer.bigcommerce.com/docs/store-operations/catalog
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductAnswer, ProductDraft, ProductField, StoreProduct
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.batches import PRODUCTS_PER_CALL, VARIANTS_PER_CALL, put_all
from erpsync.systems.bigcommerce.catalogue import Catalogue, shelved
from erpsync.systems.bigcommerce.categories import Categories
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.orders import is_id
from erpsync.systems.bigcommerce.product_bodies import Changes, changes, is_one_of_several, whole
from erpsync.systems.bigcommerce.product_images import put_images
from erpsync.systems.bigcommerce.product_memory import Memory, keep, recall
from erpsync.systems.bigcommerce.product_options import ProductOptions
from erpsync.systems.bigcommerce.product_rules import Terms, named, refuse_unfit
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.refusals import SYSTEM, concerns_all, words_of


@dataclass
class _Work:
    """One product on its way; `error` ends it. `is_new`: it is made here, and so everything is set and not only what the
    ERP owns."""

    draft: ProductDraft
    product: wire.Product | None = None
    known: dict[Sku, wire.Variant] = field(default_factory=dict)
    """The variants of the draft that the store had before."""
    is_new: bool = False
    memory: Memory = field(default_factory=Memory)
    categories: list[int] | None = None
    changes: Changes = field(default_factory=Changes)
    error: SyncError | None = None

    @property
    def there(self) -> wire.Product:
        if self.product is None:
            raise LookupError(f"{named(self.draft)} is not in the store yet")
        return self.product

    @property
    def more(self) -> list[Variant]:
        """Variants that are to be added to a product that is there."""
        if self.is_new:
            return []
        return [variant for variant in self.draft.product.variants if variant.sku not in self.known]

    def sets(self, one: ProductField) -> bool:
        """Whether the product's images or categories are ours to set."""
        is_part = self.product is not None and is_one_of_several(self.draft, self.product)
        return (self.is_new or one in self.draft.fields) and not is_part


class Products:
    def __init__(self, client: BigCommerceClient, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._categories = Categories(client)

    def put(self, drafts: Sequence[ProductDraft]) -> dict[TargetId, ProductAnswer]:
        """See the port."""
        if not drafts:
            return {}
        terms = Terms.told(self._client.get("/v2/store").body or {})
        works = [_Work(draft) for draft in drafts]
        _each(works, lambda work: refuse_unfit(work.draft, terms))
        self._find(_going_on(works))
        _each(works, self._recall)
        _each(works, lambda work: self._make_or_compare(work, terms))
        self._change("/v3/catalog/variants", VARIANTS_PER_CALL, works, lambda work: work.changes.variants)
        self._change("/v3/catalog/products", PRODUCTS_PER_CALL, works, _product_change)
        _each(works, lambda work: self._options(work).add(work.more, terms, work.changes.notes))
        _each(works, self._put_images)
        self._reread([work for work in _going_on(works) if work.is_new or work.more])
        return {work.draft.product.id: work.error or _answer(work) for work in works}

    def _find(self, works: Sequence[_Work]) -> None:
        """Which products of the store they are: those that are known, and for the rest those that have the SKUs."""
        ids = [work.draft.id for work in works if work.draft.id and is_id(work.draft.id)]
        products = {str(product.id): product for product in self._catalogue.whole_products(ids)}
        for work in works:
            work.product = products.get(work.draft.id or "")
            work.known = _known(work)
        found = self._catalogue.find(variant.sku for work in works for variant in work.more)
        owners = {sku: str(one.product.id) for sku, one in found.items()}
        others = self._catalogue.whole_products([one for one in owners.values() if one not in products])
        products |= {str(product.id): product for product in others}
        _each(works, lambda work: _resolve(work, owners, products))

    def _recall(self, work: _Work) -> None:
        """What was put on the product before, and the categories that it shall have now."""
        wanted = work.draft.product
        images = bool(wanted.image_urls) and work.sets(ProductField.IMAGES)
        categories = bool(wanted.categories) and work.sets(ProductField.CATEGORIES)
        if work.product is not None and (images or categories):
            work.memory = recall(self._client, work.product.id)
        if categories:
            work.categories = self._categorised(work)

    def _categorised(self, work: _Work) -> list[int]:
        """Those of the ERP and those that people have put it into, without what erpsync has put it into and the ERP names
        no more."""
        told = [self._categories.named(name) for name in dict.fromkeys(work.draft.product.categories)]
        wanted = [one for one in told if isinstance(one, int)]
        work.changes.notes += [one for one in told if isinstance(one, str)]
        current = work.product.categories if work.product else ()
        dropped = work.memory.categories - set(wanted) if len(wanted) == len(told) else set()
        work.memory.categories = (work.memory.categories - dropped) | (set(wanted) - set(current))
        return list(dict.fromkeys([*(one for one in current if one not in dropped), *wanted]))

    def _make_or_compare(self, work: _Work, terms: Terms) -> None:
        notes = work.changes.notes
        if work.product is None:
            body, said = whole(work.draft, terms, work.categories or [])
            answer = self._client.post("/v3/catalog/products", body, record=named(work.draft))
            work.product = read(wire.Product, (answer.body or {}).get("data"), named(work.draft))
            notes += said
            if answer.status == 207:
                notes.append(f"BigCommerce made it only in part: {words_of(answer.body)}.")
            return
        options = self._options(work)
        options.refuse_unfit(work.more)
        work.changes = changes(work.draft, work.product, work.known, terms, work.categories)
        work.changes.notes = [*notes, *work.changes.notes, *options.differences(work.known)]

    def _change(
        self, path: str, most: int, works: Sequence[_Work], bodies: Callable[[_Work], list[dict[str, Any]]]
    ) -> None:
        """Sends what differs, of many products in one call."""
        due = [(work, body) for work in _going_on(works) for body in bodies(work)]
        try:
            answers = put_all(self._client, path, [body for _, body in due], most)
        except SyncError as error:
            for work, _ in due:
                work.error = error
            return
        for (work, _), refused in zip(due, answers, strict=True):
            if refused is not None:
                work.error = work.error or _of(work.draft, refused)

    def _options(self, work: _Work) -> ProductOptions:
        return ProductOptions(self._client, work.draft, work.there)

    def _put_images(self, work: _Work) -> None:
        urls = work.draft.product.image_urls
        if urls and work.sets(ProductField.IMAGES):
            work.changes.notes += put_images(self._client, work.there.id, work.there.images, urls, work.memory)
        keep(self._client, work.there.id, work.memory)

    def _reread(self, works: Sequence[_Work]) -> None:
        """For the ids of variants that were made."""
        try:
            found = {one.id: one for one in self._catalogue.products([str(work.there.id) for work in works])}
        except SyncError as error:
            for work in works:
                work.error = error
            return
        for work in works:
            work.product = found.get(work.there.id, work.product)


def _each(works: Sequence[_Work], step: Callable[[_Work], None]) -> None:
    """One product after the other; where the way to the store fails, none of them goes on."""
    for work in _going_on(works):
        try:
            step(work)
        except SyncError as error:
            work.error = error
            if concerns_all(error):
                for rest in _going_on(works):
                    rest.error = error
                return


def _going_on(works: Sequence[_Work]) -> list[_Work]:
    return [work for work in works if work.error is None]


def _known(work: _Work) -> dict[Sku, wire.Variant]:
    """The product's variants that are the draft's: by their ids, whatever SKU they have now, else by their SKUs."""
    if work.product is None:
        return {}
    there = shelved(work.product)
    by_id = {str(one.variant.id): one.variant for one in there}
    by_sku = {one.sku: one.variant for one in there if one.sku}
    found = {
        variant.sku: by_id.get(work.draft.variants.get(variant.sku, "")) or by_sku.get(variant.sku)
        for variant in work.draft.product.variants
    }
    return {sku: variant for sku, variant in found.items() if variant is not None}


def _resolve(work: _Work, owners: Mapping[Sku, str], products: Mapping[str, wire.Product]) -> None:
    """Raises Rejected where it is gone, or several products have its SKUs."""
    if work.draft.id and work.product is None:
        raise Rejected(
            "product-gone",
            system=SYSTEM,
            record=named(work.draft),
            what=f"BigCommerce has no product {work.draft.id} any more: it was deleted there.",
            next_step="Take it out of the shop in the ERP and discard this; or make it in BigCommerce with its SKUs, "
            "link it anew, and replay.",
        )
    theirs = {variant.sku: owners[variant.sku] for variant in work.more if variant.sku in owners}
    ids = set(theirs.values()) | ({str(work.product.id)} if work.product else set())
    if len(ids) > 1:
        placed = theirs | {sku: str(variant.product_id) for sku, variant in work.known.items()}
        where = ", ".join(f"SKU {sku} in product {placed[sku]}" for sku in sorted(placed))
        raise Rejected(
            "sku-ambiguous",
            system=SYSTEM,
            record=named(work.draft),
            what=f"Its SKUs are in several products of BigCommerce: {where[:400]}.",
            next_step="Bring them into one product in BigCommerce, or part them in the ERP; then replay.",
        )
    if ids:
        work.product = products[ids.pop()]
        work.known = _known(work)
    work.is_new = work.product is None


def _product_change(work: _Work) -> list[dict[str, Any]]:
    return [{"id": work.there.id, **work.changes.product}] if work.changes.product else []


def _of(draft: ProductDraft, refused: Rejected) -> Rejected:
    problem = refused.problem
    return Rejected(problem.code, system=SYSTEM, record=named(draft), what=problem.what, next_step=problem.next_step)


def _answer(work: _Work) -> StoreProduct:
    variants = {Sku(one.sku): SourceId(str(one.variant.id)) for one in shelved(work.there) if one.sku}
    ours = {sku: SourceId(str(variant.id)) for sku, variant in work.known.items()}
    return StoreProduct(SourceId(str(work.there.id)), variants | ours, tuple(dict.fromkeys(work.changes.notes)))
