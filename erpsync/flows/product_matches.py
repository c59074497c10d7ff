"""Which products of a store an ERP's are, looked at before anything is written: what `erpsync products match` shows.

It decides as the flow does. The store's catalogue is read for it, and kept in the ledger, which the flow looks into.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.matching import Ambiguous, Listed, match
from erpsync.domain.products import Product
from erpsync.flows import catalogue
from erpsync.flows.context import FlowContext
from erpsync.ledger import checkpoints, links, matching
from erpsync.ledger.links import Ends, Link, LinkKind
from erpsync.ports.pages import Since


class Found(StrEnum):
    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    ONLY_IN_ERP = "only in ERP"
    ONLY_IN_STORE = "only in store"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Row:
    """A SKU, or a product none of whose SKUs can be told: then `sku` lists them and `detail` says why."""

    found: Found
    sku: str
    title: str = ""
    erp_product: str = ""
    store_product: str = ""
    detail: str = ""


def matches(context: FlowContext) -> Iterator[Row]:
    """Every SKU of both ends. Keeps the ERP's SKUs in memory, nothing else that grows with the catalogue."""
    _read_catalogue(context)
    spelt: set[str] = set()
    since: Since | None = Since()
    while since is not None:
        with context.calling(context.target):
            page = context.erp.products_changed(since)
        for error in page.unreadable:
            yield Row(Found.UNREADABLE, error.problem.record, detail=error.problem.what)
        spelt |= {_plain(variant.sku) for product in page.records for variant in product.variants}
        yield from _of_page(context, page.records)
        since = Since(cursor=page.cursor) if page.cursor is not None else None
    with context.database.connect() as connection:
        for one in matching.catalogue(connection, context.source):
            if _plain(one.sku) not in spelt:
                yield Row(Found.ONLY_IN_STORE, one.sku, one.title, store_product=one.product_id)


def _read_catalogue(context: FlowContext) -> None:
    since: Since | None = Since()
    while since is not None:
        page = catalogue.changes(context, since)
        since = Since(cursor=page.cursor) if page.cursor is not None else None
        with context.database.begin() as connection:
            if page.keep is not None:
                page.keep(connection)
            if since is None:
                now = context.clock.now()
                checkpoints.put(connection, context.source, matching.LOOKED_AT, now.isoformat(), now)


def _of_page(context: FlowContext, products: Sequence[Product]) -> Iterator[Row]:
    ids = [SourceId(product.id) for product in products]
    skus = [variant.sku for product in products for variant in product.variants]
    with context.database.begin() as connection:
        linked = links.find(connection, Ends(LinkKind.PRODUCT, context.target, context.source), ids)
        variants = links.find(
            connection, Ends(LinkKind.VARIANT, context.target, context.source), list(map(SourceId, skus))
        )
        listed = matching.listed(connection, context.source, skus)
    known = {Sku(sku): SourceId(link.target_id) for sku, link in variants.items()}
    by_sku: dict[Sku, list[Listed]] = {}
    for one in listed:
        by_sku.setdefault(one.asked, []).append(one)
    for product in products:
        yield from _of_product(product, linked.get(SourceId(product.id)), known, by_sku)


def _of_product(
    product: Product, link: Link | None, known: dict[Sku, SourceId], by_sku: dict[Sku, list[Listed]]
) -> Iterator[Row]:
    skus = [variant.sku for variant in product.variants]
    listed = [one for sku in skus for one in by_sku.get(sku, ())]
    found = match(skus, listed, SourceId(link.target_id) if link else None, known)
    if isinstance(found, Ambiguous):
        yield Row(Found.AMBIGUOUS, ", ".join(skus), product.title, product.id, detail=found.what)
        return
    for sku in skus:
        there = sku in found.variants
        state = Found.MATCHED if there else Found.ONLY_IN_ERP
        yield Row(state, sku, product.title, product.id, (found.product_id or "") if there else "")


def _plain(sku: str) -> str:
    return sku.replace(" ", "").lower()
