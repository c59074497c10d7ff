"""Which products of a store an ERP's are, looked at before anything is written: what `erpsync products match` shows.

It decides as the flow does. The store's catalogue is read for it, and kept in the ledger, which the flow looks into.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.matching import Ambiguous, Listed, distinct, match
from erpsync.domain.products import Product
from erpsync.flows.context import FlowContext
from erpsync.ledger import catalogue, checkpoints, links, matching
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


@dataclass
class _Told:
    """What the ERP has told so far: which product sells each SKU, and the rows of those that none has sold yet."""

    sold: dict[Sku, TargetId] = field(default_factory=dict)
    unsold: dict[Sku, Row] = field(default_factory=dict)

    def take(self, product: Product, rows: Iterable[tuple[Sku, Row]]) -> Iterator[Row]:
        """What is retired yields to what is sold under its SKU; see `flows.product_claims`."""
        selling = _sold(product)
        for sku, row in rows:
            if sku not in selling:
                self.unsold.setdefault(sku, row)
            elif (other := self.sold.setdefault(sku, product.id)) == product.id:
                yield row
            else:
                detail = f"The ERP sells it as product {other}, too."
                yield replace(row, found=Found.AMBIGUOUS, store_product="", detail=detail)

    def rest(self) -> Iterator[Row]:
        return (row for sku, row in self.unsold.items() if sku not in self.sold)


def matches(context: FlowContext) -> Iterator[Row]:
    """Every SKU of both ends. Keeps the ERP's SKUs in memory, nothing else that grows with the catalogue."""
    yield from _read_catalogue(context)
    spelt: set[str] = set()
    told = _Told()
    since: Since | None = Since()
    while since is not None:
        with context.calling(context.target):
            page = context.erp.products_changed(since)
        yield from map(_unreadable, page.unreadable)
        spelt |= {_plain(variant.sku) for product in page.records for variant in product.variants}
        for product, rows in _of_page(context, page.records):
            yield from told.take(product, rows)
        since = Since(cursor=page.cursor) if page.cursor is not None else None
    yield from told.rest()
    with context.database.connect() as connection:
        for one in matching.catalogue(connection, context.source):
            if _plain(one.sku) not in spelt:
                yield Row(Found.ONLY_IN_STORE, one.sku, one.title, store_product=one.product_id)


def _read_catalogue(context: FlowContext) -> Iterator[Row]:
    """Reads it whole, beside a poll that may do the same: what each of them has not seen, it forgets for itself."""
    begun = context.clock.now()
    since: Since | None = Since()
    while since is not None:
        read_at = context.clock.now()
        with context.calling(context.source):
            page = context.store.variants_changed(since)
        yield from map(_unreadable, page.unreadable)
        since = Since(cursor=page.cursor) if page.cursor is not None else None
        with context.database.begin() as connection:
            catalogue.keep(connection, context.source, page.records, read_at)
            if since is None:
                catalogue.forget_unseen(connection, context.source, begun)
                now = context.clock.now()
                checkpoints.put(connection, context.source, matching.LOOKED_AT, now.isoformat(), now)


def _of_page(context: FlowContext, products: Sequence[Product]) -> Iterator[tuple[Product, Iterable[tuple[Sku, Row]]]]:
    ids = [SourceId(product.id) for product in products]
    skus = list(dict.fromkeys(variant.sku for product in products for variant in product.variants))
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
        yield product, _of_product(product, linked.get(SourceId(product.id)), known, by_sku)


def _of_product(
    product: Product, link: Link | None, known: dict[Sku, SourceId], by_sku: dict[Sku, list[Listed]]
) -> Iterator[tuple[Sku, Row]]:
    """Rows by SKU; the one of a product none of whose SKUs can be told by one that is sold, if any is."""
    skus = [variant.sku for variant in distinct(product.variants)]
    listed = [one for sku in dict.fromkeys(skus) for one in by_sku.get(sku, ())]
    found = match(skus, listed, SourceId(link.target_id) if link else None, known)
    if isinstance(found, Ambiguous):
        row = Row(Found.AMBIGUOUS, ", ".join(skus), product.title, product.id, detail=found.what)
        yield next((sku for sku in skus if sku in _sold(product)), skus[0]), row
        return
    for sku in skus:
        there = sku in found.variants
        state = Found.MATCHED if there else Found.ONLY_IN_ERP
        yield sku, Row(state, sku, product.title, product.id, (found.product_id or "") if there else "")


def _sold(product: Product) -> set[Sku]:
    return {variant.sku for variant in product.variants if product.active and variant.active}


def _unreadable(error: SyncError) -> Row:
    return Row(Found.UNREADABLE, error.problem.record, detail=error.problem.what)


def _plain(sku: str) -> str:
    return sku.replace(" ", "").lower()
