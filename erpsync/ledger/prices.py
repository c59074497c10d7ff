"""Base prices: what ERPs tell, and what each store has.

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
    None where that is nothing. `staged` is what waits there for a promotion's end, in the same currency. `undone`: a person
    took this price back, and the ERP has told nothing new since."""

    sku: Sku
    place: str
    amount: Decimal
    currency: str
    tax_included: bool
    before: Decimal | None = None
    staged: Decimal | None = None
    push_id: int | None = None
    undone: bool = False


@dataclass(frozen=True)
class Priced:
    """A price at a place of a store: its price list, empty for the base."""

    sku: Sku
    place: str
    price: Money


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


def asked_until(connection: Connection, erp: ConnectionName) -> datetime | None:
    """All that the ERP had to tell of its prices before that time has been read; None where no poll reads them."""
    return connection.execute(_ASKED_UNTIL, {"erp": erp}).scalar()


def touch(connection: Connection, terms: Terms) -> None:
    """Marks all that the ERP has as dirty for the store: it is new, or the route's rules have changed."""
    connection.execute(_TOUCH, {"erp": terms.erp, "store": terms.store})


def offers(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Offer]:
    """What the ERP asks for those of these SKUs that are one variant in the store, for each list that a SKU is in."""
    rows = connection.execute(_OFFERS, {**_terms(terms), "skus": list(skus)})
    return [Offer(**{**row._mapping, "sku": Sku(row.sku)}) for row in rows]


def asked(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Offer]:
    """The base prices of these SKUs, whether the store has them or not."""
    rows = connection.execute(_ASKED, {**_terms(terms), "skus": list(skus)})
    return [Offer(**{**row._mapping, "sku": Sku(row.sku)}) for row in rows]


def told(
    connection: Connection, terms: Terms, prices: Sequence[Priced], now: datetime, push_id: int, *, undone: bool = False
) -> None:
    """The store has these from `now` on."""
    if not prices:
        return
    values = {"store": terms.store, **columns(prices), "push_id": push_id, "undone": undone, "now": now}
    connection.execute(_TOLD, values)
    connection.execute(_TOLD_BASES, values)


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


def columns(prices: Sequence[Priced]) -> dict[str, object]:
    """The parameters of a statement over these."""
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
        SELECT DISTINCT t.sku FROM told t LEFT JOIN LATERAL (
            SELECT * FROM erp_prices WHERE connection = :erp AND sku = t.sku AND price_list = t.price_list
                AND currency = t.currency AND unit = t.unit AND minimum_quantity = t.minimum_quantity LIMIT 1
        ) AS p ON true WHERE (p.price, p.tax_included) IS DISTINCT FROM (t.price, t.tax_included)
    ), marked AS (
        INSERT INTO dirty (kind, erp, store, sku) SELECT 'prices', :erp, store, sku FROM news CROSS JOIN {_FOLLOWERS}
        ORDER BY store, sku ON CONFLICT DO NOTHING
    )
    INSERT INTO erp_prices AS p (connection, sku, price_list, currency, unit, minimum_quantity, price, tax_included,
        changed_at, seen_at)
    SELECT :erp, sku, price_list, currency, unit, minimum_quantity, price, tax_included, :as_of, :as_of FROM told
    ON CONFLICT (connection, sku, price_list, currency, unit, minimum_quantity) DO UPDATE SET
        price = excluded.price, tax_included = excluded.tax_included, seen_at = excluded.seen_at,
        changed_at = CASE WHEN (p.price, p.tax_included) IS DISTINCT FROM (excluded.price, excluded.tax_included)
            THEN excluded.changed_at ELSE p.changed_at END
""")

# Of a poll that is not through nobody knows what it has still to tell.
_ASKED_UNTIL = text("""
    SELECT CASE WHEN value ->> 'cursor' IS NULL THEN CAST(value ->> 'begun_at' AS timestamptz) ELSE 'epoch' END
    FROM checkpoints WHERE connection = :erp AND kind = 'prices changed'
""")

_FORGET = text(f"""
    WITH gone AS (
        DELETE FROM erp_prices WHERE connection = :erp AND seen_at < :before RETURNING sku
    )
    INSERT INTO dirty (kind, erp, store, sku) SELECT DISTINCT 'prices', :erp, store, sku FROM gone CROSS JOIN {_FOLLOWERS}
    ORDER BY store, sku ON CONFLICT DO NOTHING
""")

_TOUCH = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'prices', :erp, :store, sku FROM erp_prices WHERE connection = :erp
    ORDER BY sku ON CONFLICT DO NOTHING
""")

# What is asked of each row stands in subqueries that PostgreSQL leaves as they are (LATERAL with OFFSET or LIMIT): each is
# one look into an index, also while a catalogue is loaded and the statistics still say that it is empty.
_LISTS = "unnest(CAST(:erp_lists AS text[]), CAST(:store_lists AS text[])) AS l (erp_list, place)"
# A list of the store may be in a currency of its own; its base prices are in one alone.
_MEANT = """
    SELECT *, bool_or(currency = own) OVER (PARTITION BY sku, place) AS in_own FROM (
        SELECT s.sku, l.place, p.price, p.currency, p.tax_included, p.changed_at,
            COALESCE(NULLIF(CAST(:currency AS text), ''), s.currency, p.currency) AS own, s.base
        FROM scope s CROSS JOIN LATERAL (
            SELECT * FROM erp_prices WHERE connection = :erp AND sku = s.sku AND minimum_quantity <= 1 OFFSET 0
        ) AS p JOIN lists l ON l.erp_list = p.price_list
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
        SELECT a.sku, v.base, v.currency FROM unnest(CAST(:skus AS text[])) AS a (sku) CROSS JOIN LATERAL (
            SELECT count(*) AS variants, min(base_price) AS base, min(currency) AS currency FROM store_variants
            WHERE connection = :store AND sku = a.sku
        ) AS v WHERE v.variants = 1 AND a.sku <> ''
    ), lists AS (SELECT * FROM {_LISTS}), meant AS ({_MEANT}), clear AS ({_CLEAR})
    SELECT c.sku, c.place, c.price AS amount, c.currency, c.tax_included,
        CASE WHEN c.place = '' THEN c.base WHEN h.currency = c.currency THEN h.price END AS before,
        CASE WHEN g.currency = c.currency THEN g.price END AS staged, h.push_id,
        h.undone_at IS NOT NULL AND h.undone_at >= c.changed_at AS undone
    FROM clear c LEFT JOIN LATERAL (
        SELECT * FROM store_prices WHERE connection = :store AND sku = c.sku AND place = c.place LIMIT 1
    ) AS h ON true LEFT JOIN LATERAL (
        SELECT * FROM staged_prices WHERE erp = :erp AND store = :store AND sku = c.sku AND place = c.place LIMIT 1
    ) AS g ON true
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

# In the order in which `ledger.catalogue` takes these rows, too: neither waits for the other.
_TOLD_BASES = text(f"""
    UPDATE store_variants v SET base_price = n.price FROM (
        SELECT w.variant_id, t.price FROM (SELECT * FROM {_TOLD_PRICES} WHERE place = '' ORDER BY sku) AS t
        CROSS JOIN LATERAL (
            SELECT variant_id FROM store_variants WHERE connection = :store AND sku = t.sku ORDER BY variant_id FOR UPDATE
        ) AS w
    ) AS n WHERE v.connection = :store AND v.variant_id = n.variant_id
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
