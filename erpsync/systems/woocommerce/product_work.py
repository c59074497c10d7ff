"""One draft on its way into the shop: what it is about, which rows it comes to, and what it is answered with. Pure."""

from dataclasses import dataclass, field
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField, StoreProduct
from erpsync.systems.woocommerce import product_rows as rows
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.product_matches import Match, record_of
from erpsync.systems.woocommerce.refusals import rejected


@dataclass
class Work:
    """`product` and `variations` are as the shop has them now, `made` those that were made of the draft's SKUs."""

    draft: ProductDraft
    match: Match = field(default_factory=Match)
    product: wire.WholeProduct | None = None
    variations: dict[Sku, wire.WholeProduct] = field(default_factory=dict)
    owned: frozenset[ProductField] = rows.EVERY_FIELD
    categories: list[int] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    made: set[Sku] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    error: SyncError | None = None

    @property
    def record(self) -> str:
        return record_of(self.draft)

    @property
    def whole(self) -> bool:
        """Whether it is about a product, and not about one variation of a product that people have put together."""
        return not self.match.of_others_product

    def things(self) -> dict[Sku, wire.WholeProduct]:
        """What is sold under its SKUs."""
        if self.draft.product.options or self.product is None:
            return self.variations
        return {self.draft.product.variants[0].sku: self.product}

    def to_make(self) -> list[Variant]:
        """Its variants that are variations and not there yet; what was there once stays deleted."""
        variants = self.draft.product.variants if self.draft.product.options else ()
        return [one for one in variants if one.sku not in self.variations and one.sku not in self.match.gone]

    def fail(self, error: SyncError | None) -> None:
        """The first error is what it is answered with."""
        self.error = self.error or error

    def settle(self, match: Match, house: rows.House) -> None:
        """Takes over what the shop has of it. One that was begun and not finished is still being made, and all of it is the
        ERP's."""
        self.match, self.product, self.variations = match, match.product, dict(match.variations)
        if not self.whole or (self.product is not None and not house.trace(self.product).unfinished):
            self.owned = self.draft.fields
        product = self.draft.product
        if not product.options:
            return
        if self.product is not None and rows.lacks_option(self.draft, self.product):
            if self.to_make():
                self.error = _options_differ(self.draft, self.product)
            return
        there = self.product.attributes if self.product is not None else ()
        variants = product.variants if ProductField.OPTIONS in self.owned else self.to_make()
        if variants:
            self.attributes = rows.offered(self.draft, there, variants)

    def product_row(self, house: rows.House) -> rows.Row:
        """Empty where the product is as it should be."""
        if self.product is None:
            return rows.new_product(self.draft, house, self.categories)
        row = rows.changed_product(self.draft, self.product, self.owned, self.categories, self.attributes, house)
        return self.with_id(row)

    def variation_rows(self, house: rows.House) -> list[tuple[Variant, rows.Row]]:
        new = {variant.sku for variant in self.to_make()}
        wanted = []
        for variant in self.draft.product.variants:
            if variant.sku in new:
                wanted.append((variant, rows.new_variation(self.draft, variant, self.attributes, house)))
            elif variant.sku in self.variations:
                there = self.variations[variant.sku]
                row = rows.changed_variation(self.draft, variant, there, self.owned, self.attributes, house)
                if row:
                    wanted.append((variant, {"id": int(there.id)} | row))
        return wanted

    def finishing_row(self, house: rows.House) -> rows.Row:
        """It is shown before its images come, and all of it is there when they have."""
        if self.product is None:
            return {}
        show = ProductField.STATUS in self.owned and rows.active(self.draft) and not self.unpriced()
        done = not self.image_urls()
        return self.with_id(rows.finished_product(self.draft, self.product, show=show, done=done, house=house))

    def image_urls(self) -> tuple[str, ...]:
        """Those that the product shall have; none: they stay as they are."""
        return self.draft.product.image_urls if self.whole and ProductField.IMAGES in self.owned else ()

    def with_id(self, row: rows.Row) -> rows.Row:
        return {"id": int(self.product.id)} | row if row and self.product is not None else {}

    def unpriced(self) -> list[Sku]:
        """Its active variants that have no price in the shop."""
        wanted = {variant.sku for variant in self.draft.product.variants if variant.active}
        return [sku for sku, there in self.things().items() if sku in wanted and not rows.has_price(there)]

    def took(self, variant: Variant, there: wire.WholeProduct) -> None:
        """What was made under the variant's SKU, which is held against what was sent."""
        self.made.add(variant.sku)
        if there.sku != variant.sku:
            self.fail(_sku_not_taken(variant.sku, there.id))

    def parent_id(self) -> str:
        if self.product is not None:
            return self.product.id
        return next(iter(self.variations.values())).parent_id

    def answer(self) -> StoreProduct:
        variants = {sku: SourceId(there.id) for sku, there in self.things().items()}
        return StoreProduct(SourceId(self.parent_id()), variants, tuple(self.notes))


def options_lost(variant: Variant) -> Rejected:
    return rejected(
        "options-not-taken",
        "WooCommerce kept the variation without its options, and it is hidden: buyers would get it for any choice.",
        "Update WooCommerce: before 10.5 it loses options whose names are not in Latin letters. Or take the option off the"
        " product there and give it another name in the ERP. Then replay.",
        f"SKU {variant.sku}",
    )


def _options_differ(draft: ProductDraft, product: wire.WholeProduct) -> Rejected:
    there = ", ".join(one.name for one in product.attributes if one.variation)
    return rejected(
        "options-differ",
        f"Product {product.id} has the options {there}, and in the ERP they are {', '.join(draft.product.options)}.",
        "Name them alike on both sides, then replay.",
        record_of(draft),
    )


def _sku_not_taken(sku: Sku, product_id: str) -> Rejected:
    return rejected(
        "sku-not-taken",
        f"WooCommerce made product {product_id} for it and kept another SKU.",
        "See that SKUs are switched on and which plugin changes them; give the product its SKU, then replay.",
        f"SKU {sku}",
    )
