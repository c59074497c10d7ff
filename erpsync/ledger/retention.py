"""What is deleted when it is old: raw deliveries hold personal data and are needed only until their job is closed."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from erpsync.ledger import pushes, sales

DAYS = 30
# Nothing personal is in them; what a push has changed is asked for weeks later.
KEPT_LONGER = timedelta(days=60)
# So few are deleted well within the time that a statement may take, and a month after a first load there are millions.
BATCH = 5_000


def purge(connection: Connection, before: datetime, limit: int = BATCH) -> dict[str, int]:
    """Deletes settled deliveries, ended runs and reservations from before that time, but none that a job, an open dead
    letter, or a product that waits for its prices needs; of deliveries and of runs `limit` at most, the oldest."""
    return {
        "deliveries": connection.execute(_DELIVERIES, {"before": before, "limit": limit}).rowcount,
        "runs": connection.execute(_RUNS, {"before": before, "limit": limit}).rowcount,
        "reservations": connection.execute(_RESERVATIONS, {"before": before}).rowcount,
        "pushes": pushes.purge(connection, before - KEPT_LONGER),
        "sales": sales.purge(connection, before - KEPT_LONGER),
    }


_DELIVERIES = text("""
    DELETE FROM inbox WHERE id = ANY (ARRAY(
        SELECT i.id FROM inbox i WHERE i.received_at < :before AND i.state IN ('applied', 'stale', 'ignored')
        AND NOT EXISTS (
            SELECT 1 FROM jobs j WHERE j.state_inbox_id = i.id AND j.state NOT IN ('done', 'skipped', 'discarded'))
        AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.inbox_id = i.id AND d.closed_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM links l WHERE l.source = i.connection AND l.source_id = i.source_id
            AND l.kind = 'product' AND l.content_hash LIKE '% unpriced')
        ORDER BY i.id LIMIT :limit
    ))
""")

_RESERVATIONS = text("DELETE FROM reservations WHERE until < :before")

_RUNS = text("""
    DELETE FROM runs WHERE id = ANY (ARRAY(SELECT id FROM runs WHERE ended_at < :before ORDER BY id LIMIT :limit))
""")
