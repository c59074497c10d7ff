"""Makes and changes products with their variants.

A product is made by one productSet, whole or not at all, and found again by its SKUs after a lost reply. That call is
never used for a product that is there: a list that it is given replaces the one there is, and deletes what people have
added meanwhile (https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet). Changes go by calls that add
and change only.

What is made is marked as unfinished in a metafield (see `product_kept`) until its images, categories and sales channels
are there too: an attempt that follows goes on where the one before has ended.
"""

from collections.abc import Callable, Mapping, Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.ports.store_records import ProductAnswer, ProductDraft, StoreProduct
from erpsync.systems.shopify.catalogue import number_of
from erpsync.systems.shopify.categories import Categories
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.product_drafts import check, refused
from erpsync.systems.shopify.product_fields import FieldWriter, html_of
from erpsync.systems.shopify.product_images import Images
from erpsync.systems.shopify.product_kept import Kept, metafield_of
from erpsync.systems.shopify.product_reads import DEFAULT_OPTION, DEFAULT_VALUE, ProductReader, StoredProduct
from erpsync.systems.shopify.product_variants import VariantWriter, price_of
from erpsync.systems.shopify.product_work import ProductCalls, Work
from erpsync.systems.shopify.sales_channels import SalesChannels
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.skus import Skus
from erpsync.systems.shopify.turns import in_turn
from erpsync.systems.shopify.wire_products import ValueInput

_METAFIELDS_PER_CALL = 25


class ProductWriter:
    def __init__(
        self, lists: ListReader, skus: Skus, places: Places, settings: ShopifySettings, pause: Callable[[float], None]
    ) -> None:
        self._calls = calls = ProductCalls(lists.client)
        self._places = places
        self._channels = channels = SalesChannels(lists, settings.sales_channels)
        self._namespace = settings.write_back_namespace
        self._reader = ProductReader(lists, skus, self._namespace)
        self._variants = VariantWriter(calls, places, channels)
        self._categories = Categories(calls, channels, self._namespace)
        self._images = Images(calls, pause)
        self._fields = FieldWriter(calls, self._images, self._namespace)

    def put(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        """See the port."""
        found = self._reader.find(drafts)
        claimed: dict[Sku, TargetId] = {}
        works: list[Work] = []

        def put(draft: ProductDraft) -> Work:
            check(draft)
            stored = found[draft.product.id]
            if isinstance(stored, SyncError):
                raise stored
            if stored is None:
                _claim(draft, claimed)
            works.append(Work(draft, stored or self._make(draft)))
            return self._put(works[-1])

        done = in_turn(drafts, lambda draft: draft.product.id, put)
        # Of those too that have failed on the way: what was done of them is done.
        unsettled = self._settle(works)
        return {
            each: (unsettled.get(each) or _told(work)) if isinstance(work, Work) else work
            for each, work in done.items()
        }

    def _put(self, work: Work) -> Work:
        if work.is_grouped:
            work.notes.append(
                f"It is a variant of product {number_of(work.stored.id)} in Shopify, whose title, description, options, "
                "images, categories and status are left alone."
            )
        self._variants.apply(work)
        self._fields.apply(work)
        self._images.detach_old(work)
        self._categories.apply(work)
        if work.stored.kept.unfinished:
            self._publish(work)
            work.stored.kept.unfinished = False
        return work

    def _make(self, draft: ProductDraft) -> StoredProduct:
        product, currency = draft.product, self._places.currency
        options = [name.strip() for name in product.options] or [DEFAULT_OPTION]
        values = [[value.strip() for value in each.options] or [DEFAULT_VALUE] for each in product.variants]
        given = self._variants.inputs(draft, product.variants)
        places = self._variants.places(len(given))
        for one, variant, of_one in zip(given, product.variants, values, strict=True):
            one["sku"] = variant.sku
            one["optionValues"] = [ValueInput(optionName=n, name=v) for n, v in zip(options, of_one, strict=True)]
            one["inventoryQuantities"] = [{"locationId": at, "name": "available", "quantity": 0} for at in places]
        priced = all(price_of(draft, each, currency) for each in product.variants if each.active)
        shape = {
            "title": product.title,
            "descriptionHtml": html_of(product.description),
            "status": ("ACTIVE" if priced else "DRAFT") if product.active else "ARCHIVED",
            "productOptions": [
                {"name": name, "values": [{"name": value} for value in dict.fromkeys(column)]}
                for name, *column in zip(options, *values, strict=True)
            ],
            "variants": given,
            "metafields": [metafield_of(Kept(unfinished=True), self._namespace)],
        }
        variables = {"product": shape} | self._reader.place_of_kept
        return self._reader.product(self._calls.write(draft, "MakeProduct", "productSet", variables).get("product"))

    def _publish(self, work: Work) -> None:
        where = self._channels.for_new_products()
        if not where:
            work.notes.append(
                "It is on no sales channel: the store has none of those in `sales_channels`. Publish it in Shopify."
            )
        self._channels.change(self._calls, work.draft, "Publish", work.stored.id, where)

    def _settle(self, works: Sequence[Work]) -> dict[TargetId, SyncError]:
        """Tells what became of the images, and writes what is remembered of each product; what went wrong with that."""
        try:
            self._images.look(works)
        except SyncError as error:
            for work in works:
                if work.images:
                    work.notes.append(f"What became of its images is not known: {error.problem.what}")
        changed = {work.stored.id: work.stored for work in works if work.stored.kept.text() != work.stored.kept_text}
        failed: dict[str, SyncError] = {}
        for start in range(0, len(changed), _METAFIELDS_PER_CALL):
            chunk = list(changed.values())[start : start + _METAFIELDS_PER_CALL]
            metafields = [metafield_of(stored.kept, self._namespace, stored.id) for stored in chunk]
            try:
                _, refusals = self._calls.send("WriteBack", "metafieldsSet", {"metafields": metafields})
                if refusals:
                    raise unreadable("What erpsync remembers of the products could not be written.")
            except SyncError as error:
                failed |= dict.fromkeys((stored.id for stored in chunk), error)
        return {work.draft.product.id: failed[work.stored.id] for work in works if work.stored.id in failed}


def _told(work: Work) -> StoreProduct:
    ids = {variant.sku: work.variant_id(variant.sku) for variant in work.draft.product.variants}
    variants = {sku: SourceId(number_of(gid)) for sku, gid in ids.items() if gid is not None}
    return StoreProduct(SourceId(number_of(work.stored.id)), variants, tuple(work.notes))


def _claim(draft: ProductDraft, claimed: dict[Sku, TargetId]) -> None:
    """Raises Rejected where another product to be made has one of its SKUs."""
    others = {claimed[each.sku]: each.sku for each in draft.product.variants if each.sku in claimed}
    for other, sku in others.items():
        raise refused(
            draft,
            "sku-ambiguous",
            f"Product {other} of the ERP has the SKU {sku} too.",
            "Give each item in the ERP a SKU of its own; the change is then taken over by itself.",
        )
    claimed |= {each.sku: draft.product.id for each in draft.product.variants}
