"""Which of an ERP's products speaks for a SKU that several of them have.

An ERP may keep what it sells no more under the SKU of what it sells in its place (Odoo, for one, keeps no references
unique): what is retired yields, and where two are sold a person must say which is meant.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.products import Product
from erpsync.flows import product_told
from erpsync.flows.product_plan import Holder, State, state_of
from erpsync.ledger import links
from erpsync.ledger.links import Ends, Link


def others(
    connection: Connection, ends: Ends, products: Sequence[Product], variants: Mapping[SourceId, Link]
) -> dict[TargetId, dict[Sku, Holder]]:
    """Of each of these products the SKUs that are held by another one, by the links of their variants."""
    held = {
        (product.id, variant.sku): TargetId(variants[SourceId(variant.sku)].display)
        for product in products
        for variant in product.variants
        if SourceId(variant.sku) in variants and variants[SourceId(variant.sku)].display != product.id
    }
    found: dict[TargetId, dict[Sku, Holder]] = {product.id: {} for product in products}
    if not held:
        return found
    ids = {SourceId(holder) for holder in held.values()}
    linked = links.find(connection, ends, ids)
    told = {key: product_told.product_of(one) for key, one in product_told.last(connection, ends.source, ids).items()}
    for (product_id, sku), holder in held.items():
        link, now = linked.get(SourceId(holder)), told.get(SourceId(holder))
        # What it was told as is not kept for ever; then it is as it was put.
        sold = link is not None and (state_of(link) is not State.HIDDEN if now is None else _sells(now, sku))
        found[product_id][sku] = Holder(holder, link, sold=sold)
    return found


def in_turn(products: Sequence[Product]) -> set[TargetId]:
    """Those that share a SKU with another of them that goes first: the one that is sold, if either is."""
    first: dict[Sku, TargetId] = {}
    for product in sorted(products, key=lambda each: not each.active):
        for variant in product.variants:
            first.setdefault(variant.sku, product.id)
    return {product.id for product in products if any(first[each.sku] != product.id for each in product.variants)}


def _sells(product: Product, sku: Sku) -> bool:
    return product.active and any(variant.active and variant.sku == sku for variant in product.variants)
