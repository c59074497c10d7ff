"""What stores have sold, and how much of it the ERP has in its own figures.

A unit that is sold leaves the store's count at once, and the ERP's when it has the order. Between the two it is a sale
that the ERP has not seen: `ledger.stock` takes it off what the ERP says it has. It is settled once the ERP's level was
read after the ERP had the order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku, SourceId, TargetId


@dataclass(frozen=True)
class Ends:
    """The store that sells and the ERP that is to know."""

    store: ConnectionName
    erp: ConnectionName


@dataclass(frozen=True)
class Sold:
    """What an order takes out of the store at that version; of a cancelled order nothing. None where that cannot be read:
    what is known of it stays."""

    source_id: SourceId
    version: datetime
    quantities: Mapping[Sku, Decimal] | None


@dataclass(frozen=True)
class Unread:
    """An order that has moved on since its sales were last kept. `body` is the delivery that carries its state, if any."""

    source_id: SourceId
    version: datetime
    body: bytes | None


@dataclass(frozen=True)
class Awaited:
    """An order that the ERP has, as `order_id`, and whose sales are not settled yet."""

    store: ConnectionName
    source_id: SourceId
    order_id: TargetId


def keep(connection: Connection, ends: Ends, orders: Sequence[Sold]) -> None:
    """Keeps what these orders sell now. An older version than is known changes nothing."""
    latest = {one.source_id: one for one in sorted(orders, key=lambda one: one.version)}
    if not latest:
        return
    one_at_a_time(connection, ends.erp)
    values = {"source": ends.store, "target": ends.erp}
    versions = {"ids": list(latest), "versions": [one.version for one in latest.values()]}
    moved = [SourceId(key) for key in connection.execute(_ORDERS, values | versions).scalars()]
    fresh = {key: quantities for key in moved if (quantities := latest[key].quantities) is not None}
    rows = [(key, sku, quantity) for key, quantities in fresh.items() for sku, quantity in quantities.items() if sku]
    columns = {
        "fresh": sorted(fresh),
        "ids": [row[0] for row in rows],
        "skus": [row[1] for row in rows],
        "quantities": [row[2] for row in rows],
    }
    if fresh:
        connection.execute(_KEEP, values | columns)


def known(connection: Connection, ends: Ends, orders: Mapping[SourceId, Mapping[Sku, Decimal]], now: datetime) -> None:
    """The ERP has these orders, with these quantities, or a person has decided that it needs none of them."""
    rows = [(key, sku, quantity) for key, quantities in orders.items() for sku, quantity in quantities.items() if sku]
    values = {
        "source": ends.store,
        "target": ends.erp,
        "orders": list(orders),
        "ids": [row[0] for row in rows],
        "skus": [row[1] for row in rows],
        "quantities": [row[2] for row in rows],
        "now": now,
    }
    if orders:
        one_at_a_time(connection, ends.erp)
        connection.execute(_KNOWN, values)


def waived(connection: Connection, ends: Ends, source_ids: Sequence[SourceId], now: datetime) -> None:
    """The ERP gets none of these orders, by a rule of the route: it has all it will ever have of them."""
    one_at_a_time(connection, ends.erp)
    connection.execute(_WAIVED, {"source": ends.store, "target": ends.erp, "ids": list(source_ids), "now": now})


def waive_discarded(connection: Connection, erp: ConnectionName, now: datetime) -> None:
    """A person discarded these orders: what they sold is settled in the ERP by hand, or never."""
    one_at_a_time(connection, erp)
    connection.execute(_WAIVE_DISCARDED, {"target": erp, "now": now})


def stores(connection: Connection, erp: ConnectionName) -> list[ConnectionName]:
    """Those that have orders on their way to the ERP, or stuck."""
    return [ConnectionName(name) for name in connection.execute(_STORES_SELLING, {"erp": erp}).scalars()]


def unread(connection: Connection, ends: Ends, limit: int) -> list[Unread]:
    """Orders on their way, or stuck, whose sales are not kept as of their latest version."""
    rows = connection.execute(_UNREAD, {"source": ends.store, "target": ends.erp, "limit": limit})
    return [Unread(SourceId(row.source_id), row.wanted_version, row.body) for row in rows]


def awaited(connection: Connection, erp: ConnectionName) -> list[Awaited]:
    rows = connection.execute(_AWAITED, {"target": erp})
    return [Awaited(ConnectionName(row.source), SourceId(row.source_id), TargetId(row.target_id)) for row in rows]


def counted_from(connection: Connection, erp: ConnectionName, orders: Collection[Awaited], now: datetime) -> None:
    """The ERP's figures count these orders from now on, and did not before."""
    one_at_a_time(connection, erp)
    connection.execute(_COUNTED_FROM, {"target": erp, "now": now, **_among(orders)})


def settle(
    connection: Connection,
    erp: ConnectionName,
    asked: Sequence[Sku] = (),
    as_of: datetime | None = None,
    *,
    among: Collection[Awaited] | None = None,
) -> None:
    """Settles the sales for which the ERP's levels speak by now. Of the SKUs that it was `asked` for at `as_of` and said
    nothing of, it keeps no stock. `among`: of these orders alone, and of what sells nothing or that the ERP never gets."""
    one_at_a_time(connection, erp)
    connection.execute(_SETTLE, {"target": erp, "asked": list(asked), "as_of": as_of, **_among(among)})


def unsettled(
    connection: Connection,
    erp: ConnectionName,
    limit: int,
    after: str = "",
    *,
    among: Collection[Awaited] | None = None,
) -> list[Sku]:
    """SKUs after `after`, components in place of kits, of sales that the ERP knows of by now, so that its levels are worth
    reading. `among`: see `settle`."""
    values = {"target": erp, "limit": limit, "after": after, **_among(among)}
    return [Sku(sku) for sku in connection.execute(_UNSETTLED, values).scalars()]


def purge(connection: Connection, before: datetime) -> int:
    """Forgets settled sales that the ERP has known since before then. What stores are known to have sold in all is counted
    without them from now on."""
    for erp in connection.execute(_ERPS).scalars().all():
        one_at_a_time(connection, ConnectionName(erp))
    connection.execute(_PURGE, {"before": before})
    return connection.execute(_PURGE_ORDERS, {"before": before}).rowcount


def one_at_a_time(connection: Connection, erp: ConnectionName) -> None:
    """Until the transaction ends, nobody else writes sales or levels of the ERP: they change many rows in whatever order,
    and two would wait for one another."""
    connection.execute(_ONE_AT_A_TIME, {"erp": erp})


def _among(orders: Collection[Awaited] | None) -> dict[str, object]:
    return {
        "any": orders is None,
        "stores": [one.store for one in orders or ()],
        "ids": [one.source_id for one in orders or ()],
    }


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('erpsync.stock'), hashtext(:erp))")

_ORDERS = text("""
    INSERT INTO sale_orders AS o (source, target, source_id, version)
    SELECT :source, :target, id, version
    FROM unnest(CAST(:ids AS text[]), CAST(:versions AS timestamptz[])) AS t (id, version) ORDER BY id
    ON CONFLICT (source, target, source_id) DO UPDATE SET version = excluded.version
    WHERE excluded.version >= o.version RETURNING source_id
""")

# Every store that gets stock from the ERP.
_STORES = "SELECT j.target FROM jobs j WHERE j.flow = 'stock' AND j.source = :target"

# What other stores sell of the same stock changes too, so that all stores of the ERP are marked.
_KEEP = text(f"""
    WITH told AS (
        SELECT id, sku, sum(quantity) AS quantity FROM unnest(
            CAST(:ids AS text[]), CAST(:skus AS text[]), CAST(:quantities AS numeric[])
        ) AS t (id, sku, quantity) GROUP BY id, sku
    ), gone AS (
        UPDATE sales s SET quantity = 0, settled = false
        WHERE s.source = :source AND s.target = :target AND s.source_id = ANY(CAST(:fresh AS text[])) AND s.quantity <> 0
            AND NOT EXISTS (SELECT 1 FROM told t WHERE t.id = s.source_id AND t.sku = s.sku)
        RETURNING s.sku
    ), put AS (
        INSERT INTO sales AS s (source, target, source_id, sku, quantity)
        SELECT :source, :target, id, sku, quantity FROM told ORDER BY id, sku
        ON CONFLICT (source, target, source_id, sku) DO UPDATE SET quantity = excluded.quantity, settled = false
        WHERE s.quantity <> excluded.quantity
        RETURNING s.sku
    )
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :target, store, sku FROM (SELECT sku FROM gone UNION SELECT sku FROM put) AS moved
    CROSS JOIN ({_STORES}) AS stores (store) ORDER BY store, sku ON CONFLICT DO NOTHING
""")

_KNOWN = text("""
    UPDATE sales s SET known_quantity = k.quantity, known_at = :now, settled = false
    FROM (
        SELECT o.id, s.sku, COALESCE(sum(t.quantity), 0) AS quantity
        FROM unnest(CAST(:orders AS text[])) AS o (id)
        JOIN sales s ON s.source = :source AND s.target = :target AND s.source_id = o.id
        LEFT JOIN unnest(CAST(:ids AS text[]), CAST(:skus AS text[]), CAST(:quantities AS numeric[]))
            AS t (id, sku, quantity) ON t.id = o.id AND t.sku = s.sku
        GROUP BY o.id, s.sku
    ) AS k
    WHERE s.source = :source AND s.target = :target AND s.source_id = k.id AND s.sku = k.sku
        AND (s.known_at IS NULL OR s.known_quantity <> k.quantity)
""")

_WAIVED = text("""
    UPDATE sales SET known_quantity = quantity, known_at = :now, settled = false
    WHERE source = :source AND target = :target AND source_id = ANY(:ids)
        AND (known_at IS NULL OR known_quantity <> quantity)
""")

_WAIVE_DISCARDED = text("""
    UPDATE sales s SET known_quantity = s.quantity, known_at = :now FROM jobs j
    WHERE s.target = :target AND NOT s.settled
        AND (s.known_at IS NULL OR s.known_quantity <> s.quantity)
        AND j.flow = 'orders' AND j.source = s.source AND j.target = s.target AND j.source_id = s.source_id
        AND j.state = 'discarded'
""")

_STORES_SELLING = text("""
    SELECT DISTINCT source FROM jobs
    WHERE flow = 'orders' AND target = :erp AND state IN ('ready', 'running', 'dead') ORDER BY source
""")

_UNREAD = text("""
    SELECT j.source_id, j.wanted_version, i.body FROM jobs j
    LEFT JOIN sale_orders o ON o.source = j.source AND o.target = j.target AND o.source_id = j.source_id
    LEFT JOIN inbox i ON i.id = j.state_inbox_id
    WHERE j.flow = 'orders' AND j.source = :source AND j.target = :target AND j.state IN ('ready', 'running', 'dead')
        AND (o.version IS NULL OR o.version < j.wanted_version)
    ORDER BY j.id LIMIT :limit
""")

_AWAITED = text("""
    SELECT DISTINCT s.source, s.source_id, l.target_id FROM sales s
    JOIN links l ON l.kind = 'order' AND l.source = s.source AND l.source_id = s.source_id AND l.target = s.target
    WHERE s.target = :target AND NOT s.settled AND s.known_at IS NOT NULL
""")

_THESE = "(s.source, s.source_id) IN (SELECT * FROM unnest(CAST(:stores AS text[]), CAST(:ids AS text[])))"

_COUNTED_FROM = text(f"""
    UPDATE sales s SET known_at = :now WHERE s.target = :target AND NOT s.settled AND s.known_at IS NOT NULL AND {_THESE}
""")

_AMONG = f"""(
    CAST(:any AS boolean) OR s.quantity = 0 OR {_THESE} OR EXISTS (
        SELECT 1 FROM jobs j WHERE j.flow = 'orders' AND j.source = s.source AND j.target = s.target
            AND j.source_id = s.source_id AND j.state IN ('skipped', 'discarded'))
)"""

# A kit is settled when the levels of all its components were read since. What the ERP counts by now was counted twice
# until here.
_SETTLE = text(f"""
    WITH settled AS (
    UPDATE sales s SET settled = true
    WHERE s.target = :target AND NOT s.settled AND s.known_quantity = s.quantity AND {_AMONG} AND s.known_at < COALESCE((
        SELECT min(CASE WHEN l.as_of IS NULL AND p.sku = ANY(CAST(:asked AS text[]))
            THEN CAST(:as_of AS timestamptz) ELSE l.as_of END)
        FROM (
            SELECT k.component AS sku FROM stock_kits k WHERE k.erp = s.target AND k.store = s.source AND k.sku = s.sku
            UNION SELECT s.sku WHERE NOT EXISTS (
                SELECT 1 FROM stock_kits k WHERE k.erp = s.target AND k.store = s.source AND k.sku = s.sku)
        ) AS p LEFT JOIN stock_levels l ON l.connection = :target AND l.sku = p.sku
        HAVING bool_and(l.as_of IS NOT NULL OR p.sku = ANY(CAST(:asked AS text[])))
    ), '-infinity') RETURNING s.sku
    )
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :target, store, sku FROM settled CROSS JOIN ({_STORES}) AS stores (store)
    ORDER BY store, sku ON CONFLICT DO NOTHING
""")

_UNSETTLED = text(f"""
    SELECT DISTINCT COALESCE(k.component, s.sku) AS sku FROM sales s
    LEFT JOIN stock_kits k ON k.erp = s.target AND k.store = s.source AND k.sku = s.sku
    WHERE s.target = :target AND NOT s.settled AND s.known_at IS NOT NULL AND {_AMONG}
        AND COALESCE(k.component, s.sku) > :after
    ORDER BY sku LIMIT :limit
""")

_ERPS = text("SELECT DISTINCT target FROM sales ORDER BY target")

_PURGE = text("""
    WITH gone AS (
        DELETE FROM sales WHERE settled AND known_at < :before RETURNING source, source_id, sku, quantity
    ), units AS (
        SELECT source, sku, sum(quantity) AS sold FROM (
            SELECT source, source_id, sku, max(quantity) AS quantity FROM gone GROUP BY source, source_id, sku
        ) AS by_order GROUP BY source, sku
    )
    UPDATE store_levels l SET sold = l.sold - u.sold FROM units u WHERE l.connection = u.source AND l.sku = u.sku
""")

_PURGE_ORDERS = text("""
    DELETE FROM sale_orders o WHERE o.version < :before AND NOT EXISTS (
        SELECT 1 FROM sales s WHERE s.source = o.source AND s.target = o.target AND s.source_id = o.source_id)
""")
