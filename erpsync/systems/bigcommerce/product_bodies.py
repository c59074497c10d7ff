"""What is sent of a product: whole where it is made, and what differs where it is there. Pure.

A product without options has one base variant, whose SKU, price, weight and barcode are the product's own fields. Stock,
sale prices and everything that is not named here are left out of what is sent, and so stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from erpsync.domain.ids import Sku
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.product_rules import Terms, barcode, has_options, price_of, weight

_THEN = "Set one, then sync the product again or show it in BigCommerce."


@dataclass
class Changes:
    """What differs: fields of the product, and of its variants with their ids. `notes` say what could not be had."""

    product: dict[str, Any] = field(default_factory=dict)
    variants: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def whole(draft: ProductDraft, terms: Terms, categories: Sequence[int]) -> tuple[dict[str, Any], list[str]]:
    """A product that is to be made, and notes. It is hidden as long as one of its active variants has no price.

    Stock is counted, and is nothing until it is set: https://developer.bigcommerce.com/docs/rest-catalog/products
    """
    product, notes = draft.product, list[str]()
    prices = {variant.sku: price_of(draft.prices, variant.sku) for variant in product.variants}
    active = [variant for variant in product.variants if variant.active]
    unpriced = [variant.sku for variant in active if prices[variant.sku] is None]
    if product.active and unpriced:
        notes.append(f"It was made hidden: SKU {', '.join(unpriced[:5])} has no price. {_THEN}")
    body: dict[str, Any] = {
        "name": product.title.strip(),
        "type": "physical",
        "description": product.description,
        "price": min((price for price in prices.values() if price is not None), default=Decimal(0)),
        # Required of every product, as categories are by the newer product pages of the control panel.
        "weight": Decimal(0),
        "categories": list(categories),
        "is_visible": bool(product.active and active and not unpriced),
        "inventory_tracking": "variant" if product.options else "product",
    }
    if not product.options:
        [only] = product.variants
        return body | {"sku": only.sku} | _measures(only, terms, notes), notes
    body["variants"] = [
        new_variant(one, draft, terms, notes)
        | {
            "option_values": [
                {"option_display_name": option.strip(), "label": value.strip()}
                for option, value in zip(product.options, one.options, strict=True)
            ]
        }
        for one in product.variants
    ]
    return body, notes


def new_variant(variant: Variant, draft: ProductDraft, terms: Terms, notes: list[str]) -> dict[str, Any]:
    """A variant that is to be made, besides its options. Without a price of its own it would cost what its product does:
    it gets 0, by which it is known, and cannot be bought."""
    price = price_of(draft.prices, variant.sku)
    body = {"sku": variant.sku, "price": price or Decimal(0), **_measures(variant, terms, notes)}
    return body | {"purchasing_disabled": not variant.active or price is None}


def changes(
    draft: ProductDraft,
    product: wire.Product,
    known: Mapping[Sku, wire.Variant],
    terms: Terms,
    categories: Sequence[int] | None,
) -> Changes:
    """What differs from the product as the store has it, of the fields that the ERP owns. `known` are the variants of the
    draft that are there; `categories` those that it shall have, None: as they are."""
    found = Changes()
    if is_one_of_several(draft, product):
        found.notes.append(
            f"It is one of several variants of BigCommerce's product {product.id}, which was left as it is."
        )
    else:
        _change_product(draft, product, categories, found)
        _change_visibility(draft, product, known, found)
    for variant in draft.product.variants:
        if variant.sku not in known:
            continue
        if has_options(product):
            _change_variant(draft, variant, product, known[variant.sku], terms, found)
        else:
            found.product |= _other_measures(draft, variant, product.upc, product.weight, terms, found.notes)
    return found


def is_one_of_several(draft: ProductDraft, product: wire.Product) -> bool:
    """Whether an item that stands alone in the ERP was made a variant of a product by the store's people."""
    return not draft.product.options and has_options(product)


def _change_product(
    draft: ProductDraft, product: wire.Product, categories: Sequence[int] | None, found: Changes
) -> None:
    wanted, owned = draft.product, draft.fields
    title = wanted.title.strip()
    if ProductField.TITLE in owned and title != product.name.strip():
        found.product["name"] = title
    if ProductField.DESCRIPTION in owned and wanted.description and wanted.description != product.description:
        found.product["description"] = wanted.description
    # The list is the whole of them: those that people have added are in it.
    if categories is not None and set(categories) != set(product.categories):
        found.product["categories"] = list(categories)


def _change_variant(
    draft: ProductDraft, variant: Variant, product: wire.Product, there: wire.Variant, terms: Terms, found: Changes
) -> None:
    weighs = product.weight if there.weight is None else there.weight
    body = _other_measures(draft, variant, there.upc, weighs, terms, found.notes)
    active = variant.active and (draft.product.active or not is_one_of_several(draft, product))
    if ProductField.STATUS in draft.fields and active == there.purchasing_disabled:
        if not active:
            body["purchasing_disabled"] = True
        elif not _costs(product, there):
            found.notes.append(f"SKU {variant.sku} cannot be bought: it has no price. {_THEN}")
        elif product.inventory_tracking == "none":
            found.notes.append(f"SKU {variant.sku} cannot be bought: the product's stock is not tracked.")
        else:
            body["purchasing_disabled"] = False
    if body:
        found.variants.append({"id": there.id, **body})


def _other_measures(
    draft: ProductDraft, variant: Variant, upc: str, weighs: Decimal, terms: Terms, notes: list[str]
) -> dict[str, Any]:
    """Barcode and weight, where the ERP owns them and they differ."""
    wanted = _measures(variant, terms, notes, draft.fields)
    has = {"upc": upc, "weight": weighs}
    return {name: value for name, value in wanted.items() if value != has[name]}


def _change_visibility(
    draft: ProductDraft, product: wire.Product, known: Mapping[Sku, wire.Variant], found: Changes
) -> None:
    """Hides a product that is not active, or has nothing left to be bought; shows one that is, and has its prices."""
    if ProductField.STATUS not in draft.fields:
        return
    ours = {variant.id for variant in known.values()}
    others = [one for one in product.variants if one.id not in ours and not one.purchasing_disabled]
    active = [variant for variant in draft.product.variants if variant.active]
    visible = bool(draft.product.active and (active or others))
    if visible == product.is_visible:
        return
    unpriced = [
        one.sku
        for one in active
        if not (_costs(product, known[one.sku]) if one.sku in known else price_of(draft.prices, one.sku))
    ]
    if visible and unpriced:
        found.notes.append(f"It stays hidden: SKU {', '.join(unpriced[:5])} has no price. {_THEN}")
        return
    found.product["is_visible"] = visible


def _costs(product: wire.Product, variant: wire.Variant) -> Decimal:
    return product.price if variant.price is None else variant.price


def _measures(
    variant: Variant, terms: Terms, notes: list[str], fields: frozenset[ProductField] = frozenset(ProductField)
) -> dict[str, Any]:
    """Barcode and weight, where there are any."""
    upc = barcode(variant, notes) if ProductField.BARCODE in fields else ""
    weighs = weight(variant, terms, notes) if ProductField.WEIGHT in fields else None
    return ({"upc": upc} if upc else {}) | ({} if weighs is None else {"weight": weighs})
