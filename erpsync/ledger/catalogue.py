"""What stores sell, as they last told: which SKU is which variant, what it costs, and what each location has of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.ports.store_records import StoreVariant


@dataclass(frozen=True)
class KnownVariant:
    """A variant of the store's catalogue."""

    sku: Sku
    variant_id: SourceId
    product_id: SourceId
    title: str
    active: bool


def keep(connection: Connection, store: ConnectionName, variants: Sequence[StoreVariant], read_at: datetime) -> None:
    """Takes in a page of variants that was asked for at `read_at`. What is new, or is not as we left it, becomes dirty for
    the stock and the prices that the store gets."""
    if not variants:
        return
    connection.execute(_KEEP, {"store": store, "read_at": read_at, **_columns(variants)})
    places = [(one.sku, place, quantity) for one in variants if one.tracked for place, quantity in one.stock.items()]
    if places:
        skus, locations, quantities = (list(column) for column in zip(*places, strict=True))
        values = {"store": store, "read_at": read_at, "skus": skus, "places": locations, "quantities": quantities}
        connection.execute(_LEVELS, values)


def by_sku(connection: Connection, store: ConnectionName, skus: Sequence[Sku]) -> dict[Sku, list[KnownVariant]]:
    """The store's variants of these SKUs: several where the SKU is ambiguous there."""
    found: dict[Sku, list[KnownVariant]] = {}
    for row in connection.execute(_BY_SKU, {"store": store, "skus": list(skus)}):
        variant = KnownVariant(Sku(row.sku), SourceId(row.variant_id), SourceId(row.product_id), row.title, row.active)
        found.setdefault(variant.sku, []).append(variant)
    return found


def drop(connection: Connection, store: ConnectionName, product_id: SourceId) -> None:
    """Forgets the variants of a product that the store says it has no longer, until it tells of them again."""
    connection.execute(_DROP, {"store": store, "product_id": product_id})


def forget_unseen(connection: Connection, store: ConnectionName, since: datetime) -> None:
    """Forgets variants that were not told since then."""
    connection.execute(_FORGET_UNSEEN, {"store": store, "since": since})


def size(connection: Connection, store: ConnectionName) -> int:
    """How many SKUs the store counts the stock of."""
    return int(connection.execute(_SIZE, {"store": store}).scalar_one())


def locations(connection: Connection, store: ConnectionName) -> list[str]:
    """The places of the store that have told of stock."""
    return list(connection.execute(_LOCATIONS, {"store": store}).scalars())


def _columns(variants: Sequence[StoreVariant]) -> dict[str, list[object]]:
    # A page may tell a variant twice; the last word counts.
    latest = list({one.id: one for one in variants}.values())
    return {
        "variant_ids": [one.id for one in latest],
        "product_ids": [one.product_id for one in latest],
        "skus": [one.sku for one in latest],
        "titles": [one.title for one in latest],
        "tracked": [one.tracked for one in latest],
        "active": [one.active for one in latest],
        "base_prices": [one.price.base.amount for one in latest],
        "currencies": [one.price.base.currency for one in latest],
        "promotions": [one.price.promotion.amount if one.price.promotion else None for one in latest],
        "promotions_from": [one.price.promotion_from for one in latest],
        "promotions_until": [one.price.promotion_until for one in latest],
        "changed_at": [one.changed_at for one in latest],
    }


# Whatever follows the ERP into a store has its one job there.
_FOLLOWERS = "(SELECT flow AS kind, source AS erp FROM jobs WHERE target = :store AND flow IN ('stock', 'prices'))"

_KEEP = text(f"""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:variant_ids AS text[]), CAST(:product_ids AS text[]), CAST(:skus AS text[]), CAST(:titles AS text[]),
            CAST(:tracked AS boolean[]), CAST(:active AS boolean[]), CAST(:base_prices AS numeric[]),
            CAST(:currencies AS text[]), CAST(:promotions AS numeric[]), CAST(:promotions_from AS timestamptz[]),
            CAST(:promotions_until AS timestamptz[]), CAST(:changed_at AS timestamptz[])
        ) AS t (variant_id, product_id, sku, title, tracked, active, base_price, currency, promotion, promotion_from,
            promotion_until, changed_at)
    ), news AS (
        SELECT t.sku, f.kind, f.erp
        FROM told t LEFT JOIN store_variants v ON v.connection = :store AND v.variant_id = t.variant_id
        CROSS JOIN {_FOLLOWERS} AS f
        WHERE v.sku IS DISTINCT FROM t.sku OR (f.kind = 'stock' AND v.tracked <> t.tracked)
            OR (f.kind = 'prices' AND (v.base_price <> t.base_price OR v.promotion IS DISTINCT FROM t.promotion))
    ), marked AS (
        INSERT INTO dirty (kind, erp, store, sku) SELECT DISTINCT kind, erp, :store, sku FROM news
        ORDER BY kind, erp, sku ON CONFLICT DO NOTHING
    )
    INSERT INTO store_variants (connection, variant_id, product_id, sku, title, tracked, active, base_price, currency,
        promotion, promotion_from, promotion_until, changed_at, seen_at)
    SELECT :store, variant_id, product_id, sku, title, tracked, active, base_price, currency, promotion, promotion_from,
        promotion_until, changed_at, :read_at FROM told ORDER BY sku, variant_id
    ON CONFLICT (connection, variant_id) DO UPDATE SET
        product_id = excluded.product_id, sku = excluded.sku, title = excluded.title, tracked = excluded.tracked,
        active = excluded.active, base_price = excluded.base_price, currency = excluded.currency,
        promotion = excluded.promotion, promotion_from = excluded.promotion_from,
        promotion_until = excluded.promotion_until, changed_at = excluded.changed_at, seen_at = excluded.seen_at
""")

# A level that was set after the reading began says more than the reading. What is not as it should be may hold a sale that
# nobody has told of yet: see `flows.stock_sending`.
_LEVELS = text(f"""
    WITH told AS (
        SELECT DISTINCT ON (sku, place) * FROM unnest(
            CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:quantities AS bigint[])
        ) AS t (sku, place, quantity)
    ), sold AS (
        SELECT sku, sum(quantity) AS units FROM (
            SELECT s.sku, max(s.quantity) AS quantity FROM sales s
            WHERE s.source = :store AND s.sku = ANY(CAST(:skus AS text[])) GROUP BY s.sku, s.source_id
        ) AS by_order GROUP BY sku
    ), compared AS (
        SELECT t.sku, t.place, t.quantity, l.quantity AS was, COALESCE(s.units, 0) AS sold,
            COALESCE(s.units, 0) - l.sold AS since, l.sku IS NULL AS missing, l.at >= :read_at AS newer
        FROM told t LEFT JOIN store_levels l ON l.connection = :store AND l.sku = t.sku AND l.location = t.place
        LEFT JOIN sold s ON s.sku = t.sku
    ), drifted AS (
        SELECT sku, bool_and(missing) AS fresh FROM compared GROUP BY sku
        HAVING NOT bool_or(COALESCE(newer, false))
            AND (bool_or(missing) OR bool_or(was IS NULL) OR sum(quantity) <> sum(was) - max(since))
    ), marked AS (
        INSERT INTO dirty (kind, erp, store, sku)
        SELECT f.kind, f.erp, :store, d.sku FROM drifted d CROSS JOIN {_FOLLOWERS} AS f WHERE f.kind = 'stock'
        ORDER BY f.erp, d.sku ON CONFLICT DO NOTHING
    )
    INSERT INTO store_levels AS l (connection, sku, location, quantity, sold, at, was_read, doubted_at)
    SELECT :store, c.sku, c.place, c.quantity, c.sold, :read_at, true,
        CASE WHEN NOT d.fresh THEN CAST(:read_at AS timestamptz) END
    FROM compared c JOIN drifted d ON d.sku = c.sku
    ON CONFLICT (connection, sku, location) DO UPDATE SET quantity = excluded.quantity, sold = excluded.sold,
        at = excluded.at, was_read = true, foreseen = false, doubted_at = COALESCE(excluded.doubted_at, l.doubted_at)
""")

_BY_SKU = text("""
    SELECT sku, variant_id, product_id, title, active FROM store_variants
    WHERE connection = :store AND sku = ANY(:skus) ORDER BY sku, variant_id
""")

_DROP = text("DELETE FROM store_variants WHERE connection = :store AND product_id = :product_id")

_FORGET_UNSEEN = text("DELETE FROM store_variants WHERE connection = :store AND seen_at < :since")

_SIZE = text("SELECT count(DISTINCT sku) FROM store_variants WHERE connection = :store AND tracked")

_LOCATIONS = text("SELECT DISTINCT location FROM store_levels WHERE connection = :store ORDER BY location")
