"""What a store has under the SKUs of an ERP, as far as its catalogue has been read."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.domain.matching import Listed

LOOKED_AT = "catalogue looked at"


def is_read(connection: Connection, store: ConnectionName) -> bool:
    """Whether all that the store has was read once, by a poll or to be looked at."""
    return bool(connection.execute(_IS_READ, {"store": store, "looked": LOOKED_AT}).scalar())


def listed(connection: Connection, store: ConnectionName, skus: Sequence[Sku]) -> list[Listed]:
    """The store's variants under these SKUs, and those under SKUs that differ in case or blanks alone."""
    rows = connection.execute(_LISTED, {"store": store, "skus": list(skus)})
    return [
        Listed(Sku(row.asked), Sku(row.sku), SourceId(row.variant_id), SourceId(row.product_id), row.priced)
        for row in rows
    ]


def catalogue(connection: Connection, store: ConnectionName) -> Iterator[Row[Any]]:
    """All that the store has, as rows of sku, product_id and title in the order of the SKUs, however many they are."""
    streaming = connection.execution_options(stream_results=True, max_row_buffer=1_000)
    yield from streaming.execute(_CATALOGUE, {"store": store})


def sizes(connection: Connection, store: ConnectionName, product_ids: Sequence[SourceId]) -> dict[SourceId, int]:
    """How many variants each of these products of the store has."""
    rows = connection.execute(_SIZES, {"store": store, "ids": list(product_ids)})
    return {SourceId(row.product_id): row.size for row in rows}


def now_priced(connection: Connection, erp: ConnectionName, flow: str) -> list[SourceId]:
    """Up to 500 of the ERP's products that a store was given hidden, for want of prices, whose variants all cost something
    there by now; but none whose job is not done."""
    rows = connection.execute(_NOW_PRICED, {"erp": erp, "flow": flow})
    return [SourceId(source_id) for source_id in rows.scalars()]


# A poll that reads everything anew has no watermark meanwhile, and finds what an earlier one has seen.
_IS_READ = text("""
    SELECT EXISTS (
        SELECT 1 FROM checkpoints c WHERE c.connection = :store AND (
            c.kind = :looked OR (c.kind = 'catalogue changed' AND (c.value ->> 'watermark' IS NOT NULL OR EXISTS (
                SELECT 1 FROM store_variants v
                WHERE v.connection = :store AND v.seen_at < CAST(c.value ->> 'full_at' AS timestamptz)
            )))
        )
    )
""")

_LISTED = text("""
    SELECT w.sku AS asked, v.sku, v.variant_id, v.product_id, v.base_price > 0 AS priced
    FROM unnest(CAST(:skus AS text[])) AS w (sku)
    JOIN store_variants v ON v.connection = :store AND lower(replace(v.sku, ' ', '')) = lower(replace(w.sku, ' ', ''))
    ORDER BY v.product_id, v.variant_id
""")

_CATALOGUE = text("""
    SELECT sku, product_id, title FROM store_variants WHERE connection = :store ORDER BY sku, variant_id
""")

_SIZES = text("""
    SELECT product_id, count(*) AS size FROM store_variants
    WHERE connection = :store AND product_id = ANY(:ids) GROUP BY product_id
""")

# The condition on the hash is that of links_unpriced_idx, word for word.
_NOW_PRICED = text("""
    SELECT DISTINCT l.source_id FROM links l
    JOIN jobs j ON j.flow = :flow AND j.source = l.source AND j.target = l.target AND j.source_id = l.source_id
    WHERE l.source = :erp AND l.kind = 'product' AND l.content_hash LIKE '% unpriced' AND j.state = 'done'
    AND (SELECT bool_and(v.base_price > 0) FROM store_variants v
        WHERE v.connection = l.target AND v.product_id = l.target_id)
    ORDER BY l.source_id LIMIT 500
""")
