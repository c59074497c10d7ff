"""Base prices that wait for the end of a promotion which the store cannot hold beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Row, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.ledger.prices import Priced, Terms, columns


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


def put(connection: Connection, terms: Terms, prices: Sequence[tuple[Priced, datetime | None]], now: datetime) -> None:
    """These wait for the end of a promotion, each until then, in place of what waited before."""
    if prices:
        values = {**_ends(terms), **columns([one for one, _ in prices]), "untils": [until for _, until in prices]}
        connection.execute(_PUT, {**values, "now": now})


def drop(connection: Connection, terms: Terms, prices: Sequence[Priced]) -> None:
    """The store has these: they wait no more."""
    if prices:
        values = {"skus": [one.sku for one in prices], "places": [one.place for one in prices]}
        connection.execute(_DROP, {**_ends(terms), **values})


def keep_only(connection: Connection, terms: Terms, skus: Sequence[Sku], wanted: Sequence[tuple[Sku, str]]) -> None:
    """Of these SKUs only what is still `wanted` at a place goes on waiting."""
    values = {"scope": list(skus), "skus": [sku for sku, _ in wanted], "places": [place for _, place in wanted]}
    connection.execute(_KEEP_ONLY, {**_ends(terms), **values})


def mark_due(connection: Connection, terms: Terms, now: datetime) -> None:
    """Makes dirty what waits and whose promotion may be over by now."""
    connection.execute(_MARK_DUE, {**_ends(terms), "now": now})


def listed(
    connection: Connection, limit: int, store: ConnectionName | None = None, after: str = ""
) -> list[StagedPrice]:
    """What waits of the next `limit` SKUs after that one, whole SKUs at a time."""
    rows = connection.execute(_LISTED, {"store": store, "limit": limit, "after": after})
    return [_staged(row) for row in rows]


def _staged(row: Row[tuple[object, ...]]) -> StagedPrice:
    values = dict(row._mapping)
    names = {"erp": ConnectionName(values["erp"]), "store": ConnectionName(values["store"]), "sku": Sku(values["sku"])}
    return StagedPrice(**{**values, **names})


def _ends(terms: Terms) -> dict[str, object]:
    return {"erp": terms.erp, "store": terms.store}


_MARK_DUE = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'prices', erp, store, sku FROM staged_prices
    WHERE erp = :erp AND store = :store AND (until IS NULL OR until <= :now)
    ORDER BY sku ON CONFLICT DO NOTHING
""")

_DROP = text("""
    DELETE FROM staged_prices WHERE erp = :erp AND store = :store
        AND (sku, place) IN (SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[])))
""")

_KEEP_ONLY = text("""
    DELETE FROM staged_prices WHERE erp = :erp AND store = :store AND sku = ANY(CAST(:scope AS text[]))
        AND (sku, place) NOT IN (SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[])))
""")

_PUT = text("""
    INSERT INTO staged_prices (erp, store, sku, place, price, currency, until, since)
    SELECT :erp, :store, sku, place, price, currency, until, :now FROM unnest(
        CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:amounts AS numeric[]), CAST(:currencies AS text[]),
        CAST(:untils AS timestamptz[])
    ) AS t (sku, place, price, currency, until) ORDER BY sku, place
    ON CONFLICT (erp, store, sku, place) DO UPDATE SET price = excluded.price, currency = excluded.currency,
        until = excluded.until
""")

_LISTED = text("""
    SELECT erp, store, sku, place, price, currency, until, since FROM staged_prices
    WHERE store = COALESCE(:store, store) AND sku = ANY (ARRAY(
        SELECT DISTINCT sku FROM staged_prices WHERE store = COALESCE(:store, store) AND sku > :after
        ORDER BY sku LIMIT :limit
    )) ORDER BY sku, store, place, erp
""")
