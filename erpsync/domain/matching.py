"""Which product of a store an ERP's product is: by SKU alone, exactly, and never by a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.products import Variant


@dataclass(frozen=True)
class Listed:
    """A variant that a store has, found for the SKU that was `asked` for: under that very SKU, or under one that differs
    in case or blanks alone. `priced` says that it costs something."""

    asked: Sku
    sku: Sku
    variant_id: SourceId
    product_id: SourceId
    priced: bool = True

    def __str__(self) -> str:
        return f'"{self.sku}" in product {self.product_id}'


@dataclass(frozen=True)
class Match:
    """The store's product, None where it has none, and those of its variants that stand for the ERP's SKUs."""

    product_id: SourceId | None
    variants: Mapping[Sku, SourceId] = field(default_factory=dict)


@dataclass(frozen=True)
class Ambiguous:
    """Only a person can tell. `what` is a sentence that names the SKUs and products."""

    what: str


def distinct(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Each SKU once: an ERP may keep a variant that it sells no more under the SKU of the one in its place. Of several that
    are sold all stay, and `match` says so."""
    sold = {variant.sku for variant in variants if variant.active}
    retired = {variant.sku: variant for variant in reversed(variants) if variant.sku not in sold}
    return tuple(variant for variant in variants if variant.active or retired.get(variant.sku) is variant)


def match(
    skus: Sequence[Sku],
    listed: Sequence[Listed],
    product_id: SourceId | None = None,
    known: Mapping[Sku, SourceId] | None = None,
) -> Match | Ambiguous:
    """`product_id` is the product and `known` are the variants that are linked already; what the store has besides under
    the same SKUs does not make those uncertain."""
    if twice := sorted({sku for sku in skus if skus.count(sku) > 1}):
        return Ambiguous(f"The ERP has several variants of this product under one SKU: {', '.join(twice)}.")
    variants = {sku: variant_id for sku, variant_id in (known or {}).items() if sku in skus}
    products = {} if product_id is None else {product_id: "which is linked"}
    for sku in skus:
        there = [one for one in listed if one.asked == one.sku == sku]
        there = [one for one in there if one.variant_id == variants.get(sku)] or there
        there = [one for one in there if one.product_id == product_id] or there
        if len(there) > 1:
            return Ambiguous(f"The store has the same SKU more than once: {_places(there)}.")
        if there:
            variants[sku] = there[0].variant_id
            products.setdefault(there[0].product_id, f"with {sku}")
        elif sku not in variants and (alike := [one for one in listed if one.asked == sku]):
            return Ambiguous(f'The store has "{sku}" only in another spelling: {_places(alike)}.')
    if len(products) > 1:
        where = "; ".join(f"product {each} {why}" for each, why in products.items())
        return Ambiguous(f"The SKUs of this one product are in several products of the store: {where}.")
    return Match(next(iter(products), None), variants)


def _places(listed: Sequence[Listed]) -> str:
    return ", ".join(str(one) for one in listed)
