"""Base prices: what ERPs tell, what each store has, and what waits for a promotion to end.

A price is that of an ERP's list, in one currency and one sales unit, from the first piece on. Where a list says several
such things of a SKU, nobody can say which is meant: it is left alone and told by `unsynced`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice


@dataclass(frozen=True)
class Terms:
    """Which of the ERP's price lists feed which of the store's; of either side an empty name is the base. `currency` is
    that of the store's base prices, empty: as it tells of each."""

    erp: ConnectionName
    store: ConnectionName
    lists: Mapping[str, str]
    currency: str = ""


@dataclass(frozen=True)
class Offer:
    """What the ERP asks for a SKU that is one variant in the store, and what it costs there `before`, by all that is known;
    None where that is nothing. `undone`: a person took this price back, and the ERP has told nothing new since."""

    sku: Sku
    place: str
    amount: Decimal
    currency: str
    tax_included: bool
    before: Decimal | None
    push_id: int | None
    undone: bool


@dataclass(frozen=True)
class Priced:
    """A price at a place of a store: its price list, empty for the base."""

    sku: Sku
    place: str
    price: Money


@dataclass(frozen=True)
class StagedPrice:
    """A base price that waits for the end of a promotion, `since` when; `until` is None where nobody knows its end."""

    erp: ConnectionName
    store: ConnectionName
    sku: Sku
    place: str
    price: Decimal
    currency: str
    until: datetime | None
    since: datetime


def keep(connection: Connection, erp: ConnectionName, prices: Sequence[BasePrice], as_of: datetime) -> None:
    """Takes in prices that were asked for at `as_of`, in one statement. The SKUs of those that have changed become dirty
    for every store that gets prices from there."""
    latest = {
        (one.sku, one.price_list, one.price.currency, one.unit, one.minimum_quantity.normalize()): one for one in prices
    }.values()
    if not latest:
        return
    values = {
        "erp": erp,
        "skus": [one.sku for one in latest],
        "lists": [one.price_list for one in latest],
        "currencies": [one.price.currency for one in latest],
        "units": [one.unit for one in latest],
        "minimums": [one.minimum_quantity for one in latest],
        "amounts": [one.price.amount for one in latest],
        "taxed": [one.tax_included for one in latest],
        "as_of": as_of,
    }
    connection.execute(_KEEP, values)


def forget(connection: Connection, erp: ConnectionName, before: datetime) -> None:
    """Deletes prices that were last told before that time: a whole reading has ended since and left them out."""
    connection.execute(_FORGET, {"erp": erp, "before": before})


def touch(connection: Connection, terms: Terms) -> None:
    """Marks all that the ERP has as dirty for the store: it is new, or the route's rules have changed."""
    connection.execute(_TOUCH, {"erp": terms.erp, "store": terms.store})


def mark(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> None:
    connection.execute(_MARK, {"erp": terms.erp, "store": terms.store, "skus": list(skus)})


def mark_due(connection: Connection, terms: Terms, now: datetime) -> None:
    """Marks what is staged and whose promotion may be over by now."""
    connection.execute(_MARK_DUE, {"erp": terms.erp, "store": terms.store, "now": now})


def take_dirty(connection: Connection, terms: Terms, limit: int, after: str) -> list[Sku]:
    """Takes up to `limit` SKUs after `after` from the dirty ones, in their order."""
    values = {"erp": terms.erp, "store": terms.store, "limit": limit, "after": after}
    return sorted(Sku(sku) for sku in connection.execute(_TAKE_DIRTY, values).scalars())


def offers(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Offer]:
    """What the ERP asks for those of these SKUs that are one variant in the store, for each list that a SKU is in."""
    rows = connection.execute(_OFFERS, {**_terms(terms), "skus": list(skus)})
    return [Offer(**{**row._mapping, "sku": Sku(row.sku)}) for row in rows]


def asked(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Offer]:
    """The base prices of these SKUs, whether the store has them or not."""
    rows = connection.execute(_ASKED, {**_terms(terms), "skus": list(skus)})
    return [Offer(**{**row._mapping, "sku": Sku(row.sku)}, before=None, push_id=None, undone=False) for row in rows]


def told(
    connection: Connection, terms: Terms, prices: Sequence[Priced], now: datetime, push_id: int, *, undone: bool = False
) -> None:
    """The store has these from `now` on, and none of them waits any more."""
    if not prices:
        return
    values = {**_terms(terms), **_columns(prices), "push_id": push_id, "undone": undone, "now": now}
    connection.execute(_TOLD, values)
    connection.execute(_TOLD_BASES, values)
    connection.execute(_UNSTAGE, values)


def stage(
    connection: Connection, terms: Terms, prices: Sequence[tuple[Priced, datetime | None]], now: datetime
) -> None:
    """These wait for the end of a promotion, each until then, in place of what waited before."""
    if prices:
        columns = _columns([one for one, _ in prices])
        values = {**_terms(terms), **columns, "untils": [until for _, until in prices], "now": now}
        connection.execute(_STAGE, values)


def unstage(connection: Connection, terms: Terms, skus: Sequence[Sku], wanted: Sequence[tuple[Sku, str]]) -> None:
    """Of these SKUs only what is still `wanted` at a place goes on waiting."""
    values = {
        **_terms(terms),
        "scope": list(skus),
        "skus": [sku for sku, _ in wanted],
        "places": [place for _, place in wanted],
    }
    connection.execute(_UNSTAGE_OTHERS, values)


def staged(
    connection: Connection, limit: int, store: ConnectionName | None = None, after: str = ""
) -> list[StagedPrice]:
    """What waits for promotions to end, by store and SKU; those after that SKU."""
    rows = connection.execute(_STAGED, {"store": store, "limit": limit, "after": after})
    return [
        StagedPrice(
            **{
                **row._mapping,
                "erp": ConnectionName(row.erp),
                "store": ConnectionName(row.store),
                "sku": Sku(row.sku),
            }
        )
        for row in rows
    ]


def size(connection: Connection, store: ConnectionName) -> int:
    """How many SKUs the store sells."""
    return int(connection.execute(_SIZE, {"store": store}).scalar_one())


def unsynced(connection: Connection, terms: Terms, limit: int) -> dict[str, list[str]]:
    """SKUs whose prices are not synced, in all or in part, by the reason why."""
    found: dict[str, list[str]] = {
        "only in the ERP": [],
        "only in the store": [],
        "on several variants": [],
        "in other currencies alone": [],
        "in several currencies or sales units": [],
        "quantity breaks, which are left out": [],
    }
    for row in connection.execute(_UNSYNCED, {**_terms(terms), "limit": limit}):
        found[row.why].append(row.sku)
    return found


def _terms(terms: Terms) -> dict[str, object]:
    return {
        "erp": terms.erp,
        "store": terms.store,
        "erp_lists": list(terms.lists),
        "store_lists": list(terms.lists.values()),
        "currency": terms.currency,
    }


def _columns(prices: Sequence[Priced]) -> dict[str, object]:
    return {
        "skus": [one.sku for one in prices],
        "places": [one.place for one in prices],
        "amounts": [one.price.amount for one in prices],
        "currencies": [one.price.currency for one in prices],
    }


_FOLLOWERS = "(SELECT target FROM jobs WHERE flow = 'prices' AND source = :erp) AS f (store)"

_KEEP = text(f"""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:skus AS text[]), CAST(:lists AS text[]), CAST(:currencies AS text[]), CAST(:units AS text[]),
            CAST(:minimums AS numeric[]), CAST(:amounts AS numeric[]), CAST(:taxed AS boolean[])
        ) AS t (sku, price_list, currency, unit, minimum_quantity, price, tax_included)
    ), news AS (
        SELECT DISTINCT t.sku FROM told t LEFT JOIN erp_prices p ON p.connection = :erp AND p.sku = t.sku
            AND p.price_list = t.price_list AND p.currency = t.currency AND p.unit = t.unit
            AND p.minimum_quantity = t.minimum_quantity
        WHERE (p.price, p.tax_included) IS DISTINCT FROM (t.price, t.tax_included)
    ), marked AS (
        INSERT INTO dirty (kind, erp, store, sku) SELECT 'prices', :erp, store, sku FROM news CROSS JOIN {_FOLLOWERS}
        ON CONFLICT DO NOTHING
    )
    INSERT INTO erp_prices AS p (connection, sku, price_list, currency, unit, minimum_quantity, price, tax_included,
        changed_at, seen_at)
    SELECT :erp, sku, price_list, currency, unit, minimum_quantity, price, tax_included, :as_of, :as_of FROM told
    ON CONFLICT (connection, sku, price_list, currency, unit, minimum_quantity) DO UPDATE SET
        price = excluded.price, tax_included = excluded.tax_included, seen_at = excluded.seen_at,
        changed_at = CASE WHEN (p.price, p.tax_included) IS DISTINCT FROM (excluded.price, excluded.tax_included)
            THEN excluded.changed_at ELSE p.changed_at END
""")

_FORGET = text(f"""
    WITH gone AS (
        DELETE FROM erp_prices WHERE connection = :erp AND seen_at < :before RETURNING sku
    )
    INSERT INTO dirty (kind, erp, store, sku) SELECT DISTINCT 'prices', :erp, store, sku FROM gone CROSS JOIN {_FOLLOWERS}
    ON CONFLICT DO NOTHING
""")

_TOUCH = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'prices', :erp, :store, sku FROM erp_prices WHERE connection = :erp ON CONFLICT DO NOTHING
""")

_MARK = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'prices', :erp, :store, sku FROM unnest(CAST(:skus AS text[])) AS t (sku) ON CONFLICT DO NOTHING
""")

_MARK_DUE = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'prices', erp, store, sku FROM staged_prices
    WHERE erp = :erp AND store = :store AND (until IS NULL OR until <= :now) ON CONFLICT DO NOTHING
""")

_TAKE_DIRTY = text("""
    DELETE FROM dirty WHERE kind = 'prices' AND erp = :erp AND store = :store AND sku IN (
        SELECT sku FROM dirty WHERE kind = 'prices' AND erp = :erp AND store = :store AND sku > :after
        ORDER BY sku LIMIT :limit
    ) RETURNING sku
""")

_LISTS = "unnest(CAST(:erp_lists AS text[]), CAST(:store_lists AS text[])) AS l (erp_list, place)"
# A list of the store may be in a currency of its own; its base prices are in one alone.
_MEANT = """
    SELECT *, bool_or(currency = own) OVER (PARTITION BY sku, place) AS in_own FROM (
        SELECT s.sku, l.place, p.price, p.currency, p.tax_included, p.changed_at,
            COALESCE(NULLIF(CAST(:currency AS text), ''), s.currency, p.currency) AS own, s.base
        FROM scope s CROSS JOIN lists l JOIN erp_prices p ON p.connection = :erp AND p.sku = s.sku
            AND p.price_list = l.erp_list AND p.minimum_quantity <= 1
    ) AS every
"""
_CLEAR = """
    SELECT * FROM (
        SELECT *, count(*) OVER (PARTITION BY sku, place) AS rivals FROM meant
        WHERE currency = own OR (place <> '' AND NOT in_own)
    ) AS counted WHERE rivals = 1
"""

_OFFERS = text(f"""
    WITH scope AS (
        SELECT v.sku, min(v.base_price) AS base, min(v.currency) AS currency FROM store_variants v
        WHERE v.connection = :store AND v.sku = ANY(CAST(:skus AS text[])) AND v.sku <> ''
        GROUP BY v.sku HAVING count(*) = 1
    ), lists AS (SELECT * FROM {_LISTS}), meant AS ({_MEANT}), clear AS ({_CLEAR})
    SELECT c.sku, c.place, c.price AS amount, c.currency, c.tax_included,
        CASE WHEN c.place = '' THEN c.base WHEN h.currency = c.currency THEN h.price END AS before, h.push_id,
        h.undone_at IS NOT NULL AND h.undone_at >= c.changed_at AS undone
    FROM clear c LEFT JOIN store_prices h ON h.connection = :store AND h.sku = c.sku AND h.place = c.place
    ORDER BY c.sku, c.place
""")

# Of a SKU that the store does not have the currency is that of the rest.
_ASKED = text(f"""
    WITH scope AS (
        SELECT sku, CAST(0 AS numeric) AS base,
            (SELECT currency FROM store_variants WHERE connection = :store AND currency <> '' LIMIT 1) AS currency
        FROM unnest(CAST(:skus AS text[])) AS t (sku)
    ), lists AS (SELECT * FROM {_LISTS} WHERE l.place = ''), meant AS ({_MEANT}), clear AS ({_CLEAR})
    SELECT sku, place, price AS amount, currency, tax_included FROM clear
""")

_TOLD_PRICES = """unnest(CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:amounts AS numeric[]),
    CAST(:currencies AS text[])) AS t (sku, place, price, currency)"""

_TOLD = text(f"""
    INSERT INTO store_prices (connection, sku, place, price, currency, at, push_id, undone_at)
    SELECT :store, sku, place, price, currency, :now, :push_id, CASE WHEN :undone THEN CAST(:now AS timestamptz) END
    FROM {_TOLD_PRICES} ORDER BY sku, place
    ON CONFLICT (connection, sku, place) DO UPDATE SET price = excluded.price, currency = excluded.currency,
        at = excluded.at, push_id = excluded.push_id, undone_at = excluded.undone_at
""")

# In the order in which `ledger.catalogue` takes these rows, too.
_TOLD_BASES = text(f"""
    UPDATE store_variants v SET base_price = n.price FROM (
        SELECT w.variant_id, t.price FROM {_TOLD_PRICES}
        JOIN store_variants w ON w.connection = :store AND w.sku = t.sku
        WHERE t.place = '' ORDER BY w.variant_id FOR UPDATE OF w
    ) AS n WHERE v.connection = :store AND v.variant_id = n.variant_id
""")

_UNSTAGE = text("""
    DELETE FROM staged_prices WHERE erp = :erp AND store = :store
        AND (sku, place) IN (SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[])))
""")

_UNSTAGE_OTHERS = text("""
    DELETE FROM staged_prices WHERE erp = :erp AND store = :store AND sku = ANY(CAST(:scope AS text[]))
        AND (sku, place) NOT IN (SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[])))
""")

_STAGE = text("""
    INSERT INTO staged_prices (erp, store, sku, place, price, currency, until, since)
    SELECT :erp, :store, sku, place, price, currency, until, :now FROM unnest(
        CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:amounts AS numeric[]), CAST(:currencies AS text[]),
        CAST(:untils AS timestamptz[])
    ) AS t (sku, place, price, currency, until) ORDER BY sku, place
    ON CONFLICT (erp, store, sku, place) DO UPDATE SET price = excluded.price, currency = excluded.currency,
        until = excluded.until
""")

_STAGED = text("""
    SELECT erp, store, sku, place, price, currency, until, since FROM staged_prices
    WHERE store = COALESCE(:store, store) AND sku > :after ORDER BY sku, store, place LIMIT :limit
""")

_SIZE = text("SELECT count(DISTINCT sku) FROM store_variants WHERE connection = :store AND sku <> ''")

_UNSYNCED = text(f"""
    WITH scope AS (
        SELECT v.sku, min(v.base_price) AS base, min(v.currency) AS currency FROM store_variants v
        WHERE v.connection = :store AND v.sku <> '' GROUP BY v.sku HAVING count(*) = 1
    ), lists AS (SELECT * FROM {_LISTS}), meant AS ({_MEANT}), fitting AS (
        SELECT sku, place, count(*) FILTER (WHERE currency = own OR (place <> '' AND NOT in_own)) AS rivals FROM meant
        GROUP BY sku, place
    ), listed AS (
        SELECT p.sku, p.minimum_quantity FROM erp_prices p JOIN lists l ON l.erp_list = p.price_list
        WHERE p.connection = :erp
    )
    (SELECT DISTINCT 'only in the ERP' AS why, p.sku FROM listed p
        WHERE NOT EXISTS (SELECT 1 FROM store_variants v WHERE v.connection = :store AND v.sku = p.sku)
        ORDER BY p.sku LIMIT :limit)
    UNION ALL
    (SELECT 'only in the store', s.sku FROM scope s WHERE NOT EXISTS (SELECT 1 FROM listed p WHERE p.sku = s.sku)
        ORDER BY s.sku LIMIT :limit)
    UNION ALL
    (SELECT 'on several variants', v.sku FROM store_variants v WHERE v.connection = :store AND v.sku <> ''
        GROUP BY v.sku HAVING count(*) > 1 ORDER BY v.sku LIMIT :limit)
    UNION ALL
    (SELECT DISTINCT 'in other currencies alone', sku FROM fitting WHERE rivals = 0 ORDER BY sku LIMIT :limit)
    UNION ALL
    (SELECT DISTINCT 'in several currencies or sales units', sku FROM fitting WHERE rivals > 1 ORDER BY sku LIMIT :limit)
    UNION ALL
    (SELECT DISTINCT 'quantity breaks, which are left out', sku FROM listed WHERE minimum_quantity > 1
        ORDER BY sku LIMIT :limit)
""")
