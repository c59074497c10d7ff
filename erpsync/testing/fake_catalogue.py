"""What a fake store sells, and how it takes a product that is put into it. See `erpsync.ports.store.Store.put_products`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import zero
from erpsync.domain.products import Variant
from erpsync.ports.simulator import ShownProduct
from erpsync.ports.store_records import (
    ProductAnswer,
    ProductDraft,
    ProductField,
    StorePrice,
    StoreProduct,
    StoreVariant,
)

CURRENCY = "EUR"
_ALL = frozenset(ProductField)


@dataclass(frozen=True)
class ShopProduct:
    """A product besides its variants; `options` are the names of its options."""

    id: SourceId
    title: str = ""
    description: str = ""
    visible: bool = True
    categories: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """What a variant has besides its price and stock; `options` are its values of the product's options."""

    options: tuple[str, ...] = ()
    barcode: str = ""
    weight_grams: Decimal | None = None


@dataclass
class Catalogue:
    """Variants are by their SKU; of two that have the same, one is by another name. Details are by the variant's id."""

    products: dict[SourceId, ShopProduct] = field(default_factory=dict)
    variants: dict[Sku, StoreVariant] = field(default_factory=dict)
    details: dict[SourceId, Detail] = field(default_factory=dict)

    def with_sku(self, sku: Sku) -> list[StoreVariant]:
        return [variant for variant in self.variants.values() if variant.sku == sku]

    def product(self, variant: StoreVariant) -> ShopProduct:
        """The variant's product, which has the variant's title until it is given one of its own."""
        return self.products.get(variant.product_id) or ShopProduct(variant.product_id, variant.title)

    def shown(self, sku: Sku) -> list[ShownProduct]:
        """What buyers and the shop's users see of the products that have the SKU."""
        return [self._shown(variant) for variant in self.with_sku(sku)]

    def put(self, draft: ProductDraft, system: str) -> ProductAnswer:
        """Makes or changes the product. A variant that is made counts its stock, and has none yet."""
        unknown = [variant.sku for variant in draft.product.variants if variant.sku not in draft.variants]
        found = [variant for sku in unknown for variant in self.with_sku(sku)]
        ids = {variant.product_id for variant in found} | ({draft.id} if draft.id else set())
        if len(ids) > 1 or len({variant.sku for variant in found}) < len(found):
            where = ", ".join(f"{variant.sku} in product {variant.product_id}" for variant in found)
            return _refused(system, "sku-ambiguous", f"There is more than one product to choose from: {where}.")
        known = [variant for variant in self.variants.values() if variant.product_id in ids]
        if draft.id and not known:
            return _refused(system, "product-gone", f"There is no product {draft.id} any more.")
        product = self.product(known[0]) if known else ShopProduct(SourceId(f"product-{len(self.variants) + 1}"))
        self.products[product.id] = _changed_product(product, draft, draft.fields if known else _ALL)
        variants = {variant.sku: self._put_variant(product.id, draft, variant).id for variant in draft.product.variants}
        return StoreProduct(product.id, variants)

    def _shown(self, variant: StoreVariant) -> ShownProduct:
        product, detail = self.product(variant), self.details.get(variant.id, Detail())
        return ShownProduct(
            id=product.id,
            title=product.title,
            description=product.description,
            visible=product.visible,
            categories=product.categories,
            images=product.images,
            options=dict(zip(product.options, detail.options, strict=False)),
            barcode=detail.barcode,
            weight_grams=detail.weight_grams,
        )

    def _put_variant(self, product_id: SourceId, draft: ProductDraft, wanted: Variant) -> StoreVariant:
        there = [one for one in self.with_sku(wanted.sku) if one.product_id == product_id]
        if there:
            variant = there[0]
        else:
            price = StorePrice(draft.prices.get(wanted.sku, zero(CURRENCY)))
            title = wanted.title or draft.product.title
            variant = StoreVariant(
                wanted.sku, SourceId(f"variant-{len(self.variants) + 1}"), product_id, title, price, True, True
            )
            self.variants[wanted.sku] = variant
        detail = self.details.get(variant.id, Detail())
        self.details[variant.id] = _changed_detail(detail, wanted, draft.fields if there else _ALL)
        return variant


def _changed_product(product: ShopProduct, draft: ProductDraft, fields: frozenset[ProductField]) -> ShopProduct:
    wanted = draft.product
    values = {
        "title": (ProductField.TITLE, wanted.title),
        "description": (ProductField.DESCRIPTION, wanted.description),
        "categories": (ProductField.CATEGORIES, wanted.categories),
        "images": (ProductField.IMAGES, wanted.image_urls),
        "options": (ProductField.OPTIONS, wanted.options),
    }
    visible = wanted.active if ProductField.STATUS in fields else product.visible
    return replace(product, visible=visible, **_owned(values, fields))


def _changed_detail(detail: Detail, wanted: Variant, fields: frozenset[ProductField]) -> Detail:
    values = {
        "options": (ProductField.OPTIONS, wanted.options),
        "barcode": (ProductField.BARCODE, wanted.barcode),
        "weight_grams": (ProductField.WEIGHT, wanted.weight_grams),
    }
    return replace(detail, **_owned(values, fields))


def _owned(values: Mapping[str, tuple[ProductField, Any]], fields: frozenset[ProductField]) -> dict[str, Any]:
    """Those that are owned, and not empty."""
    return {name: value for name, (owner, value) in values.items() if owner in fields and value}


def _refused(system: str, code: str, what: str) -> Rejected:
    return Rejected(code, system=system, what=what, next_step="Settle it by hand, then replay or discard.")
