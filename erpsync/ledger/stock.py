"""Stock: what the ERP told, what each store has, and what each should have.

available = max(0, on hand - reserved - safety stock - what was sold and the ERP has not seen), for each location; a kit has
what its scarcest component allows. All of it is one statement over the SKUs in question, so that a poll costs what changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.domain.inventory import StockLevel


@dataclass(frozen=True)
class Feed:
    """An ERP's location that feeds a store's: `share` of what is free there, 1 for all of it."""

    erp_location: str
    store_location: str
    share: Decimal = Decimal(1)


@dataclass(frozen=True)
class Terms:
    """How a route counts. `feeds` in the order in which sales that nobody has placed are taken from the store's locations;
    `units` is how many pieces one of the ERP's units holds; `safety` is for every SKU that has no rule of its own."""

    erp: ConnectionName
    store: ConnectionName
    feeds: tuple[Feed, ...]
    safety: Decimal = Decimal(0)
    safety_at: Mapping[str, Decimal] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """What a store's location should have of a SKU. `expected` is what it has by all that is known, None where that is
    nothing; `sold` is how much of the SKU the store has sold in all, as far as anybody has told.

    `doubted_at`: since then it is known to have had less, for which a sale must be looked for. `undone`: a person took
    this quantity back, and the ERP has told nothing new since.
    """

    sku: Sku
    location: str
    quantity: int
    expected: int | None
    sold: Decimal
    doubted_at: datetime | None
    undone: bool
    push_id: int | None


def keep_levels(
    connection: Connection,
    erp: ConnectionName,
    levels: Sequence[StockLevel],
    as_of: datetime,
) -> int:
    """Takes in levels that were asked for at `as_of`, in one statement; returns how many have changed. Their SKUs become
    dirty for every store that gets stock from there."""
    latest = {(one.sku, one.location): one for one in levels}.values()
    values = {
        "erp": erp,
        "skus": [one.sku for one in latest],
        "places": [one.location for one in latest],
        "on_hand": [one.on_hand for one in latest],
        "reserved": [one.reserved for one in latest],
        "units": [one.unit for one in latest],
        "as_of": as_of,
    }
    return int(connection.execute(_KEEP_LEVELS, values).scalar_one()) if latest else 0


def touch(connection: Connection, erp: ConnectionName, store: ConnectionName) -> None:
    """Marks all that the ERP has as dirty for the store: it is new, or the route's terms have changed."""
    connection.execute(_TOUCH, {"erp": erp, "store": store})


def mark(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> None:
    connection.execute(_MARK, {"erp": terms.erp, "store": terms.store, "skus": list(skus)})


def take_dirty(connection: Connection, terms: Terms, limit: int, after: str) -> tuple[list[Sku], str]:
    """Takes up to `limit` SKUs after `after` from the dirty ones; returns them with the kits that they are in and the parts
    that they are made of, and the last of them, empty where there was none."""
    values = {"erp": terms.erp, "store": terms.store, "limit": limit, "after": after}
    rows = connection.execute(_TAKE_DIRTY, values).all()
    return [Sku(row.sku) for row in rows], max((row.sku for row in rows if row.itself), default="")


def desired(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Desired]:
    """What the store should have of those of these SKUs that it counts, that are one variant there, and that the ERP
    knows."""
    rows = connection.execute(_DESIRED, {**_terms(terms), "skus": list(skus)})
    return [
        Desired(
            Sku(row.sku),
            row.place,
            int(row.quantity),
            None if row.expected is None else int(row.expected),
            row.sold,
            row.doubted_at,
            row.undone,
            row.push_id,
        )
        for row in rows
    ]


def told(
    connection: Connection,
    store: ConnectionName,
    levels: Sequence[tuple[Desired, int | None]],
    now: datetime,
    push_id: int | None = None,
    doubted: frozenset[Sku] = frozenset(),
    undone: bool = False,
) -> None:
    """What the store has of these at `now`; None where it did not tell. All locations of a SKU are told together."""
    if not levels:
        return
    values = {
        "store": store,
        "skus": [one.sku for one, _ in levels],
        "places": [one.location for one, _ in levels],
        "quantities": [quantity for _, quantity in levels],
        "sold": [one.sold for one, _ in levels],
        "doubted": [one.sku in doubted for one, _ in levels],
        "push_id": push_id,
        "undone": undone,
        "now": now,
    }
    connection.execute(_TOLD, values)


def unknown(connection: Connection, terms: Terms, limit: int) -> dict[str, list[str]]:
    """SKUs that one side has and the other has not, or that stand on several variants: what is not synced, and why."""
    values = {"erp": terms.erp, "store": terms.store, "limit": limit}
    found: dict[str, list[str]] = {"only in the ERP": [], "only in the store": [], "on several variants": []}
    for row in connection.execute(_UNKNOWN, values):
        found[row.why].append(row.sku)
    return found


def erp_locations(connection: Connection, erp: ConnectionName) -> list[str]:
    return list(connection.execute(_ERP_LOCATIONS, {"erp": erp}).scalars())


def by_product(
    connection: Connection, store: ConnectionName, skus: Sequence[Sku]
) -> dict[str, dict[str, dict[str, int]]]:
    """What the store has of all variants of these SKUs' products, by product, SKU and location."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in connection.execute(_BY_PRODUCT, {"store": store, "skus": list(skus)}):
        found.setdefault(row.product_id, {}).setdefault(row.sku, {})[row.location] = int(row.quantity)
    return found


def _terms(terms: Terms) -> dict[str, object]:
    return {
        "erp": terms.erp,
        "store": terms.store,
        "erp_places": [feed.erp_location for feed in terms.feeds],
        "store_places": [feed.store_location for feed in terms.feeds],
        "shares": [feed.share for feed in terms.feeds],
        "safety": terms.safety,
        "safety_places": list(terms.safety_at),
        "safety_values": list(terms.safety_at.values()),
        "unit_names": list(terms.units),
        "unit_sizes": list(terms.units.values()),
    }


_KEEP_LEVELS = text("""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:on_hand AS numeric[]), CAST(:reserved AS numeric[]),
            CAST(:units AS text[])
        ) AS t (sku, place, on_hand, reserved, unit)
    ), kept AS (
        INSERT INTO stock_levels AS l (connection, sku, location, on_hand, reserved, unit, as_of, changed_at)
        SELECT :erp, sku, place, on_hand, reserved, unit, :as_of, :as_of FROM told ORDER BY sku, place
        ON CONFLICT (connection, sku, location) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved,
            unit = excluded.unit, as_of = excluded.as_of, changed_at = excluded.changed_at
        WHERE excluded.as_of >= l.as_of
            AND (l.on_hand, l.reserved, l.unit) IS DISTINCT FROM (excluded.on_hand, excluded.reserved, excluded.unit)
        RETURNING sku, location
    ), marked AS (
        INSERT INTO dirty (kind, erp, store, sku) SELECT DISTINCT 'stock', :erp, store, sku FROM kept
        CROSS JOIN (SELECT target FROM jobs WHERE flow = 'stock' AND source = :erp) AS s (store) ON CONFLICT DO NOTHING
    ), confirmed AS (
        UPDATE stock_levels l SET as_of = :as_of FROM told t
        WHERE l.connection = :erp AND l.sku = t.sku AND l.location = t.place AND l.as_of < :as_of
            AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.sku = l.sku AND k.location = l.location)
            AND EXISTS (
                SELECT 1 FROM sales s WHERE s.target = :erp AND NOT s.settled AND (s.sku = l.sku OR EXISTS (
                    SELECT 1 FROM stock_kits k
                    WHERE k.erp = :erp AND k.store = s.source AND k.sku = s.sku AND k.component = l.sku)))
    )
    SELECT count(*) FROM kept
""")

_TOUCH = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :erp, :store, sku FROM stock_levels WHERE connection = :erp ON CONFLICT DO NOTHING
""")

_MARK = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :erp, :store, sku FROM unnest(CAST(:skus AS text[])) AS t (sku) ON CONFLICT DO NOTHING
""")

_TAKE_DIRTY = text("""
    WITH taken AS (
        DELETE FROM dirty WHERE kind = 'stock' AND erp = :erp AND store = :store AND sku IN (
            SELECT sku FROM dirty WHERE kind = 'stock' AND erp = :erp AND store = :store AND sku > :after
            ORDER BY sku LIMIT :limit
        ) RETURNING sku
    ), parts AS (
        SELECT sku FROM taken
        UNION SELECT k.component FROM taken t JOIN stock_kits k ON k.erp = :erp AND k.store = :store AND k.sku = t.sku
    ), touched AS (
        SELECT sku FROM parts
        UNION SELECT k.sku FROM parts p JOIN stock_kits k ON k.erp = :erp AND k.store = :store AND k.component = p.sku
    )
    SELECT sku, sku IN (SELECT sku FROM taken) AS itself FROM touched
""")

# Read downwards: the SKUs, what they are made of, what is free of each part, what of it is still to be sold, what that
# makes; and beside it what the store has by now.
_DESIRED = text("""
    WITH scope AS (
        SELECT v.sku FROM store_variants v WHERE v.connection = :store AND v.sku = ANY(CAST(:skus AS text[]))
        GROUP BY v.sku HAVING count(*) = 1 AND bool_and(v.tracked)
    ), rules AS (
        SELECT r.* FROM stock_rules r WHERE r.erp = :erp AND r.store = :store
    ), parts AS (
        SELECT s.sku, k.component, k.quantity, true AS of_kit FROM scope s
        JOIN stock_kits k ON k.erp = :erp AND k.store = :store AND k.sku = s.sku
        UNION ALL
        SELECT s.sku, s.sku, 1, false FROM scope s
        WHERE NOT EXISTS (SELECT 1 FROM stock_kits k WHERE k.erp = :erp AND k.store = :store AND k.sku = s.sku)
    ), feeds AS (
        SELECT * FROM unnest(CAST(:erp_places AS text[]), CAST(:store_places AS text[]), CAST(:shares AS numeric[]))
            WITH ORDINALITY AS f (erp_place, place, share, rank)
    ), places AS (
        SELECT f.place, min(f.rank) AS rank, min(s.safety) AS safety FROM feeds f
        LEFT JOIN unnest(CAST(:safety_places AS text[]), CAST(:safety_values AS numeric[])) AS s (place, safety)
            ON s.place = f.place
        GROUP BY f.place
    ), units AS (
        SELECT * FROM unnest(CAST(:unit_names AS text[]), CAST(:unit_sizes AS numeric[])) AS u (unit, size)
    ), components AS (
        SELECT l.sku AS component, min(l.as_of) AS as_of FROM stock_levels l
        WHERE l.connection = :erp AND l.sku IN (SELECT component FROM parts) GROUP BY l.sku
    ), free AS (
        SELECT l.sku AS component, f.place, sum((l.on_hand - l.reserved) * COALESCE(u.size, 1) * f.share) AS units
        FROM stock_levels l JOIN feeds f ON f.erp_place = l.location LEFT JOIN units u ON u.unit = l.unit
        WHERE l.connection = :erp AND l.sku IN (SELECT component FROM parts) GROUP BY l.sku, f.place
    ), sold_parts AS (
        SELECT c.component, k.quantity AS each, c.as_of, s.* FROM components c
        JOIN stock_kits k ON k.erp = :erp AND k.component = c.component
        JOIN sales s ON s.target = :erp AND s.source = k.store AND s.sku = k.sku AND NOT s.settled
        UNION ALL
        SELECT c.component, COALESCE(r.pack, 1), c.as_of, s.* FROM components c
        JOIN sales s ON s.target = :erp AND s.sku = c.component AND NOT s.settled
        LEFT JOIN stock_rules r ON r.erp = :erp AND r.store = s.source AND r.sku = s.sku AND r.location = ''
        WHERE NOT EXISTS (SELECT 1 FROM stock_kits k WHERE k.erp = :erp AND k.store = s.source AND k.sku = s.sku)
    ), unseen AS (
        SELECT component, sum(each * GREATEST(0,
            quantity - CASE WHEN known_at < as_of THEN known_quantity ELSE 0 END)) AS units
        FROM sold_parts GROUP BY component
    ), standing AS (
        SELECT c.component, p.place, p.rank, COALESCE(n.units, 0) AS unseen, GREATEST(0, COALESCE(f.units, 0)
            - COALESCE(here.safety, everywhere.safety, p.safety, CAST(:safety AS numeric))) AS units
        FROM components c CROSS JOIN places p
        LEFT JOIN free f ON f.component = c.component AND f.place = p.place
        LEFT JOIN unseen n ON n.component = c.component
        LEFT JOIN rules here ON here.sku = c.component AND here.location = p.place
        LEFT JOIN rules everywhere ON everywhere.sku = c.component AND everywhere.location = ''
    ), promised AS (
        SELECT component, place, rank, units - LEAST(units, GREATEST(0, unseen
            - (sum(units) OVER (PARTITION BY component ORDER BY rank) - units))) AS units
        FROM standing
    ), made AS (
        SELECT p.sku, s.place, s.rank, bool_or(p.of_kit) AS of_kit, min(floor(s.units / p.quantity)) AS units
        FROM (SELECT *, count(*) OVER (PARTITION BY sku) AS pieces FROM parts) AS p
        JOIN promised s ON s.component = p.component
        GROUP BY p.sku, s.place, s.rank, p.pieces HAVING count(*) = p.pieces
    ), wanted AS (
        SELECT m.sku, m.place, m.rank, GREATEST(0, floor((m.units
            - CASE WHEN m.of_kit THEN COALESCE(here.safety, everywhere.safety, 0) ELSE 0 END)
            / CASE WHEN m.of_kit THEN 1 ELSE COALESCE(everywhere.pack, 1) END)
            + CASE WHEN m.rank = (SELECT min(rank) FROM places) THEN COALESCE(everywhere.preorder, 0) ELSE 0 END
        ) AS quantity
        FROM made m
        LEFT JOIN rules here ON here.sku = m.sku AND here.location = m.place
        LEFT JOIN rules everywhere ON everywhere.sku = m.sku AND everywhere.location = ''
        WHERE NOT COALESCE(everywhere.unlimited, false)
    ), sold AS (
        SELECT sku, sum(quantity) AS units FROM (
            SELECT s.sku, max(s.quantity) AS quantity FROM sales s
            WHERE s.source = :store AND s.sku IN (SELECT sku FROM scope) GROUP BY s.sku, s.source_id
        ) AS by_order GROUP BY sku
    ), present AS (
        SELECT w.*, l.quantity AS had, l.doubted_at, l.undone_at, l.push_id, COALESCE(s.units, 0) AS sold,
            COALESCE(s.units, 0) - l.sold AS since, GREATEST(COALESCE(l.quantity, 0), 0) AS stock
        FROM wanted w LEFT JOIN store_levels l ON l.connection = :store AND l.sku = w.sku AND l.location = w.place
        LEFT JOIN sold s ON s.sku = w.sku
    ), counted AS (
        SELECT *, sum(stock) OVER (PARTITION BY sku ORDER BY rank) - stock AS before,
            sum(stock) OVER (PARTITION BY sku) AS all_stock,
            row_number() OVER (PARTITION BY sku ORDER BY rank) = 1 AS first
        FROM present
    )
    SELECT sku, place, LEAST(quantity, 1000000000) AS quantity, sold, doubted_at, push_id,
        had - LEAST(stock, GREATEST(0, since - before))
            - CASE WHEN first THEN GREATEST(0, since - all_stock) + LEAST(0, since) ELSE 0 END AS expected,
        undone_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM parts p JOIN stock_levels e ON e.connection = :erp AND e.sku = p.component
            WHERE p.sku = counted.sku AND e.changed_at > counted.undone_at) AS undone
    FROM counted ORDER BY sku, rank
""")

_TOLD = text("""
    INSERT INTO store_levels AS l (connection, sku, location, quantity, sold, at, push_id, doubted_at, undone_at)
    SELECT :store, sku, place, quantity, sold, :now, CAST(:push_id AS bigint),
        CASE WHEN doubted THEN CAST(:now AS timestamptz) END,
        CASE WHEN CAST(:undone AS boolean) THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:quantities AS bigint[]), CAST(:sold AS numeric[]),
        CAST(:doubted AS boolean[])) AS t (sku, place, quantity, sold, doubted) ORDER BY sku, place
    ON CONFLICT (connection, sku, location) DO UPDATE SET quantity = excluded.quantity, sold = excluded.sold,
        at = excluded.at, push_id = COALESCE(excluded.push_id, l.push_id), doubted_at = excluded.doubted_at,
        undone_at = excluded.undone_at
""")

_UNKNOWN = text("""
    (SELECT 'only in the ERP' AS why, l.sku FROM stock_levels l WHERE l.connection = :erp
        AND NOT EXISTS (SELECT 1 FROM store_variants v WHERE v.connection = :store AND v.sku = l.sku)
        GROUP BY l.sku ORDER BY l.sku LIMIT :limit)
    UNION ALL
    (SELECT 'only in the store', v.sku FROM store_variants v WHERE v.connection = :store AND v.tracked
        AND NOT EXISTS (SELECT 1 FROM stock_levels l WHERE l.connection = :erp AND l.sku = v.sku)
        AND NOT EXISTS (SELECT 1 FROM stock_kits k WHERE k.erp = :erp AND k.store = :store AND k.sku = v.sku)
        GROUP BY v.sku ORDER BY v.sku LIMIT :limit)
    UNION ALL
    (SELECT 'on several variants', v.sku FROM store_variants v WHERE v.connection = :store AND v.sku <> ''
        GROUP BY v.sku HAVING count(*) > 1 ORDER BY v.sku LIMIT :limit)
""")

_ERP_LOCATIONS = text("SELECT DISTINCT location FROM stock_levels WHERE connection = :erp ORDER BY location")

_BY_PRODUCT = text("""
    SELECT v.product_id, v.sku, l.location, l.quantity FROM store_variants v
    JOIN store_levels l ON l.connection = v.connection AND l.sku = v.sku
    WHERE v.connection = :store AND l.quantity IS NOT NULL AND v.product_id IN (
        SELECT product_id FROM store_variants WHERE connection = :store AND sku = ANY(CAST(:skus AS text[])))
    ORDER BY v.product_id, v.sku, l.location
""")
