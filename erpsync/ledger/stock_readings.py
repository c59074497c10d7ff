"""Whole readings of an ERP's stock: what one does not tell of is not there any more, and no change would ever tell of it.

Places of SKUs that it tells of otherwise, as where the connection reads a location no longer, are forgotten; of SKUs that
are gone nothing is left.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName
from erpsync.ledger import checkpoints
from erpsync.ledger.sales import one_at_a_time

_SINCE = "stock read whole since"
# In place of the time at which a reading began of which a record could not be read: what it did not tell may be there.
_NOBODY_KNOWS = datetime.min.replace(tzinfo=UTC)


def page_taken_in(
    connection: Connection, erp: ConnectionName, as_of: datetime, *, first: bool, last: bool, whole: bool
) -> None:
    """A page of a whole reading, asked for at `as_of`, is in the ledger, and its levels are marked with that time; `whole`:
    all of it could be read."""
    # A backfill may read beside a poll: the earlier of two that overlap counts, so that none takes the other's for untold.
    begun = checkpoints.get(connection, erp, _SINCE)
    if not whole:
        begun = _NOBODY_KNOWS.isoformat()
    elif begun is None and first:
        begun = as_of.isoformat()
    if last and begun is not None:
        one_at_a_time(connection, erp)
        connection.execute(_DROP_UNTOLD, {"erp": erp, "begun": datetime.fromisoformat(begun), "as_of": as_of})
    checkpoints.put(connection, erp, _SINCE, None if last else begun, as_of)


# A reading that told nothing at all says nothing.
_DROP_UNTOLD = text("""
    WITH untold AS (
        SELECT l.sku, l.location, EXISTS (
            SELECT 1 FROM stock_levels t WHERE t.connection = :erp AND t.sku = l.sku AND t.as_of >= :begun) AS elsewhere
        FROM stock_levels l WHERE l.connection = :erp AND l.as_of < :begun
            AND EXISTS (SELECT 1 FROM stock_levels t WHERE t.connection = :erp AND t.as_of >= :begun)
    ), forgotten AS (
        DELETE FROM stock_levels l USING untold u
        WHERE l.connection = :erp AND l.sku = u.sku AND l.location = u.location AND u.elsewhere RETURNING l.sku
    ), emptied AS (
        UPDATE stock_levels l SET on_hand = 0, reserved = 0, as_of = :as_of,
            changed_at = CASE WHEN on_hand = 0 AND reserved = 0 THEN changed_at ELSE :as_of END FROM untold u
        WHERE l.connection = :erp AND l.sku = u.sku AND l.location = u.location AND NOT u.elsewhere RETURNING l.sku
    )
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :erp, store, sku FROM (SELECT sku FROM forgotten UNION SELECT sku FROM emptied) AS moved
    CROSS JOIN (SELECT target FROM jobs WHERE flow = 'stock' AND source = :erp) AS s (store)
    ORDER BY store, sku ON CONFLICT DO NOTHING
""")
