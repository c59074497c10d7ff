"""Dirty SKUs: those of which something changed since a store was last told. What a push of stock or prices starts from."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.ledger.pushes import PushKind, Way

# Everything is read once a day: what is refused day after day stays in here.
FAILED_SINCE = timedelta(days=2)


def mark(connection: Connection, way: Way, skus: Sequence[Sku]) -> None:
    """These are to be looked at by the next run."""
    if skus:
        connection.execute(_MARK, {"kind": way.kind, "erp": way.erp, "store": way.store, "skus": list(skus)})


def take(connection: Connection, way: Way, limit: int, after: str) -> list[Sku]:
    """Takes up to `limit` of them after `after`, in the database's order, which need not be Python's."""
    values = {"kind": way.kind, "erp": way.erp, "store": way.store, "limit": limit, "after": after}
    return [Sku(sku) for sku in connection.execute(_TAKE, values).scalars()]


def mark_failed(connection: Connection, kind: PushKind, erp: ConnectionName, since: datetime) -> None:
    """Marks what stores have refused since then: what was in the way may have been put right."""
    connection.execute(_MARK_FAILED, {"kind": kind, "erp": erp, "since": since})


# Rows of dirty are made in one order everywhere: two that made them in different orders would wait for one another.
_MARK = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT :kind, :erp, :store, sku FROM unnest(CAST(:skus AS text[])) AS t (sku) ORDER BY sku
    ON CONFLICT DO NOTHING
""")

# A stretch of the key: rows that were taken before lie outside, and are not looked at again.
_TAKE = text("""
    WITH taken AS (
        DELETE FROM dirty WHERE kind = :kind AND erp = :erp AND store = :store AND sku > :after AND sku <= (
            SELECT max(sku) FROM (
                SELECT sku FROM dirty WHERE kind = :kind AND erp = :erp AND store = :store AND sku > :after
                ORDER BY sku LIMIT :limit
            ) AS next
        ) RETURNING sku
    )
    SELECT sku FROM taken ORDER BY sku
""")

_MARK_FAILED = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT p.kind, p.erp, p.store, c.sku FROM pushes p JOIN push_changes c ON c.push_id = p.id
    WHERE p.kind = :kind AND p.erp = :erp AND p.created_at >= :since AND c.state = 'failed'
    ORDER BY p.store, c.sku ON CONFLICT DO NOTHING
""")
