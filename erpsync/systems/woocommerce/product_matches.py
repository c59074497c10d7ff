"""Which product of the shop a draft is about. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.lookup import sku_twice
from erpsync.systems.woocommerce.refusals import rejected

Found = Mapping[Sku, Sequence[wire.WholeProduct]]


@dataclass(frozen=True)
class Match:
    """`product` is None where it is to be made, and where the draft is of one `variation` of a product that the ERP does
    not know as one. `variations` are those that are there, `gone` those that were there once."""

    product: wire.WholeProduct | None = None
    variations: Mapping[Sku, wire.WholeProduct] = field(default_factory=dict)
    gone: tuple[Sku, ...] = ()
    of_others_product: bool = False


def read_product(row: Mapping[str, Any]) -> wire.WholeProduct:
    """One that cannot be read says so, and which it is."""
    try:
        return wire.WholeProduct.model_validate(row)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        told = {name: str(row.get(name) or "") for name in ("id", "sku", "type", "parent_id")}
        return wire.WholeProduct(**told, unreadable=place)


def readable(product: wire.WholeProduct) -> wire.WholeProduct | Rejected:
    if not product.unreadable:
        return product
    return rejected(
        "product-unreadable",
        f"The field {product.unreadable} cannot be read.",
        "Correct the product in WooCommerce, or see which plugin changes the answers of its API; then replay.",
        f"product {product.id[:40]}",
    )


def record_of(draft: ProductDraft) -> str:
    return f"product {draft.product.id} ({', '.join(variant.sku for variant in draft.product.variants[:3])})"


def _homes(draft: ProductDraft, found: Found, mark: Sku, products: Mapping[str, wire.WholeProduct]) -> dict[str, str]:
    """The product of each thing that speaks for one: SKUs, the mark of one that is being made, and the known id."""
    skus = [variant.sku for variant in draft.product.variants]
    told = {f"SKU {sku}": home(found[sku][0]) for sku in skus if found.get(sku)}
    if found.get(mark):
        told["its beginnings"] = found[mark][0].id
    if draft.id in products:
        told["the one it is linked with"] = str(draft.id)
    return told


def home(row: wire.WholeProduct) -> str:
    return row.parent_id if row.type == "variation" else row.id


def match(
    draft: ProductDraft, found: Found, mark: Sku, products: Mapping[str, wire.WholeProduct]
) -> Match | Rejected | Skip:
    """`found` by SKU, `products` by id: those of all homes that there are."""
    for variant in draft.product.variants:
        if len(found.get(variant.sku, ())) > 1:
            return sku_twice(variant.sku, [row.id for row in found[variant.sku]])
    told = _homes(draft, found, mark, products)
    ids = set(told.values())
    if len(ids) > 1:
        return _torn(draft, told)
    if not ids:
        return Match() if draft.id is None else _gone(draft, str(draft.id))
    [product_id] = ids
    if product_id not in products:
        return _gone(draft, product_id)
    involved = [found[one.sku][0] for one in draft.product.variants if found.get(one.sku)]
    for row in (*involved, products[product_id]):
        if isinstance(error := readable(row), Rejected):
            return error
    find = _with_options if draft.product.options else _plain
    return find(draft, products[product_id], found)


def _plain(draft: ProductDraft, product: wire.WholeProduct, found: Found) -> Match | Rejected:
    """An item without options: a product of the shop, or one variation of a product that people have put together."""
    [variant] = draft.product.variants
    if not found.get(variant.sku):
        return rejected(
            "sku-differs",
            f'Product {product.id}, which it is linked with, has the SKU "{product.sku}" and not "{variant.sku}".',
            "Give it the ERP's SKU in WooCommerce, then replay.",
            record_of(draft),
        )
    row = found[variant.sku][0]
    if row.type == "variation":
        return Match(variations={variant.sku: row}, of_others_product=True)
    return Match(product=row)


def _with_options(draft: ProductDraft, product: wire.WholeProduct, found: Found) -> Match | Rejected:
    if product.type != "variable":
        return rejected(
            "type-differs",
            f"Product {product.id} is sold as one thing in WooCommerce, and in the ERP it has options.",
            'Make it a "Variable product" there and give the SKUs to its variations, or give it another SKU; then replay.',
            record_of(draft),
        )
    skus = [variant.sku for variant in draft.product.variants]
    there = {sku: found[sku][0] for sku in skus if found.get(sku)}
    if any(row.type != "variation" for row in there.values()):
        return rejected(
            "sku-of-parent",
            f"Product {product.id} itself has the SKU of one of its variations.",
            "Give the SKU to the variation, then replay.",
            record_of(draft),
        )
    gone = tuple(sku for sku in skus if sku not in there and sku in draft.variants)
    return Match(product, there, gone)


def _torn(draft: ProductDraft, told: Mapping[str, str]) -> Rejected:
    where = ", ".join(f"{what} is product {product_id}" for what, product_id in told.items())
    return rejected(
        "skus-of-several",
        f"It is spread over several products in WooCommerce: {where}.",
        "Put the SKUs on one product there, or apart in the ERP; then replay.",
        record_of(draft),
    )


def _gone(draft: ProductDraft, product_id: str) -> Rejected | Skip:
    what = f"Product {product_id} is no longer in WooCommerce, or is in its trash."
    if not draft.product.active:
        return Skip("product-gone", what=what, record=record_of(draft))
    return rejected(
        "product-gone",
        what,
        "Restore it there (Products > Trash), or make the item inactive in the ERP; then replay.",
        record_of(draft),
    )
