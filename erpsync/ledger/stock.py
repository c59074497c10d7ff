"""Stock: what the ERP told, what each store has, and what each should have.

A page of levels is one statement; which SKUs it has changed is noted, so that what follows costs what changed. What they
come to is counted in `flows.stock_counting`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.ledger.sales import one_at_a_time
from erpsync.ledger.stock_rules import Rule


@dataclass(frozen=True)
class Feed:
    """An ERP's location that feeds a store's: `share` of what is free there, 1 for all of it."""

    erp_location: str
    store_location: str
    share: Decimal = Decimal(1)


@dataclass(frozen=True)
class Terms:
    """How a route counts. `feeds` in the order in which sales that nobody has placed are taken from the store's locations;
    `units` is how many pieces one of the ERP's units holds; `safety` is for every SKU that has no rule of its own;
    `until_shipped`: the ERP's figures do not count an order before it is shipped."""

    erp: ConnectionName
    store: ConnectionName
    feeds: tuple[Feed, ...]
    safety: Decimal = Decimal(0)
    safety_at: Mapping[str, Decimal] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)
    until_shipped: bool = False


@dataclass(frozen=True)
class Level:
    """What the ERP holds at one of its locations, in its unit, as it told at `as_of`."""

    location: str
    on_hand: Decimal
    reserved: Decimal
    unit: str
    as_of: datetime
    changed_at: datetime


@dataclass(frozen=True)
class OpenSale:
    """A sale that the ERP's levels do not speak for yet. `known_quantity` is what the ERP has of it, since `known_at`."""

    store: ConnectionName
    source_id: SourceId
    sku: Sku
    quantity: Decimal
    known_quantity: Decimal
    known_at: datetime | None


@dataclass(frozen=True)
class Has:
    """What a store's location has as it was last set or read (`was_read`), when `sold` units of the SKU were known to be
    sold in all; `foreseen`: or so it seems, for a reply was lost, or something was sold or cancelled meanwhile."""

    quantity: int | None
    sold: Decimal
    doubted_at: datetime | None
    undone_at: datetime | None
    push_id: int | None
    was_read: bool
    foreseen: bool


@dataclass(frozen=True)
class Facts:
    """All that is known of some SKUs: what they are made of (`parts`), which kits of which stores a component is in
    (`kits`), the ERP's levels, open sales, rules, and what the store has and has sold."""

    skus: tuple[Sku, ...]
    parts: Mapping[Sku, Mapping[Sku, Decimal]]
    kits: Mapping[tuple[ConnectionName, Sku], Mapping[Sku, Decimal]]
    levels: Mapping[Sku, tuple[Level, ...]]
    sales: tuple[OpenSale, ...]
    rules: Mapping[tuple[ConnectionName, Sku, str], Rule]
    has: Mapping[tuple[Sku, str], Has]
    sold: Mapping[Sku, Decimal]


@dataclass(frozen=True)
class Desired:
    """What a store's location should have of a SKU. `expected` is what it has by all that is known, None where that is
    nothing; `sold` is how much of the SKU the store has sold in all, as far as anybody has told.

    `was_read`: that is what was read there, and sales since are not taken off, for the reading may have held them already.
    `sure`: nothing was sold or cancelled since it was read; or it is known to have been set, and nothing was cancelled
    since, of which the store may have kept what it had.

    `doubted_at`: since then it is known to have had something else, in which a sale may hide. `undone`: a person took
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
    was_read: bool = False
    sure: bool = True

    @property
    def differs(self) -> bool:
        """Whether the store is to be told, or at least asked."""
        return self.quantity != self.expected or not self.sure

    def is_doubted(self, settled_before: datetime) -> bool:
        """Whether the store had something else than it should, and its orders were not read since."""
        return self.doubted_at is not None and self.doubted_at >= settled_before


def keep_levels(
    connection: Connection,
    erp: ConnectionName,
    levels: Sequence[StockLevel],
    as_of: datetime,
    *,
    whole: bool = False,
) -> int:
    """Takes in levels that were asked for at `as_of`, in one statement; returns how many have changed. Their SKUs become
    dirty for every store that gets stock from there. `whole`: of a reading of all that there is, which is noted for those
    that have not changed, too; else that is left out where nothing depends on it."""
    latest = {(one.sku, one.location): one for one in levels}.values()
    values = {
        "erp": erp,
        "skus": [one.sku for one in latest],
        "places": [one.location for one in latest],
        "on_hand": [one.on_hand for one in latest],
        "reserved": [one.reserved for one in latest],
        "units": [one.unit for one in latest],
        "as_of": as_of,
        "whole": whole,
    }
    if not latest:
        return 0
    one_at_a_time(connection, erp)
    return int(connection.execute(_KEEP_LEVELS, values).scalar_one())


def touch(connection: Connection, erp: ConnectionName, store: ConnectionName) -> None:
    """Marks all that the ERP has as dirty for the store: it is new, or the route's terms have changed."""
    connection.execute(_TOUCH, {"erp": erp, "store": store})


def related(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> list[Sku]:
    """These with the parts that they are made of, and the kits that either are in: what changes together."""
    ends = {"erp": terms.erp, "store": terms.store}
    parts = {*skus, *(row.component for row in connection.execute(_PARTS, ends | {"skus": list(skus)}))}
    kits = connection.execute(_KITS, ends | {"skus": sorted(parts)})
    return sorted(Sku(sku) for sku in {*parts, *(row.sku for row in kits if row.store == terms.store)})


def facts(connection: Connection, terms: Terms, skus: Sequence[Sku]) -> Facts:
    """Reads what is known of those of these SKUs that the store counts and that are one variant there."""
    ends = {"erp": terms.erp, "store": terms.store}
    counted = [Sku(sku) for sku in connection.execute(_COUNTED, ends | {"skus": list(skus)}).scalars()]
    parts: dict[Sku, dict[Sku, Decimal]] = {}
    for row in connection.execute(_PARTS, ends | {"skus": counted}):
        parts.setdefault(row.sku, {})[row.component] = row.quantity
    components = sorted({Sku(part) for sku in counted for part in parts.get(sku, (sku,))})
    kits: dict[tuple[ConnectionName, Sku], dict[Sku, Decimal]] = {}
    for row in connection.execute(_KITS, ends | {"skus": components}):
        kits.setdefault((row.store, row.sku), {})[row.component] = row.quantity
    named = sorted({*counted, *components, *(sku for _, sku in kits)})
    rules = connection.execute(_RULES, ends | {"skus": named})
    has = connection.execute(_HAS, ends | {"skus": counted})
    return Facts(
        skus=tuple(counted),
        parts=parts,
        kits=kits,
        levels=levels(connection, terms.erp, components),
        sales=tuple(OpenSale(*row) for row in connection.execute(_OPEN_SALES, ends | {"skus": named})),
        rules={(store, sku, place): Rule(sku, place, *rest) for store, sku, place, *rest in rules},
        has={(sku, place): Has(*rest) for sku, place, *rest in has},
        sold={row.sku: row.units for row in connection.execute(_SOLD, ends | {"skus": counted})},
    )


def levels(connection: Connection, erp: ConnectionName, skus: Sequence[Sku]) -> dict[Sku, tuple[Level, ...]]:
    """What the ERP holds of those of these SKUs that it has told of."""
    found: dict[Sku, tuple[Level, ...]] = {}
    for sku, *told in connection.execute(_LEVELS, {"erp": erp, "skus": list(skus)}):
        found[sku] = (*found.get(sku, ()), Level(*told))
    return found


def told(
    connection: Connection,
    store: ConnectionName,
    levels: Sequence[tuple[Desired, int | None]],
    now: datetime,
    push_id: int | None = None,
    were_read: Collection[tuple[Sku, str]] = (),
    doubted: frozenset[Sku] = frozenset(),
    undone: bool = False,
    foreseen: Collection[tuple[Sku, str]] = (),
) -> None:
    """What the store has of these at `now`; None where it did not tell. All locations of a SKU are told together, those
    that `were_read` and those that we have set, or (`foreseen`) may have set."""
    if not levels:
        return
    values = {
        "store": store,
        "skus": [one.sku for one, _ in levels],
        "places": [one.location for one, _ in levels],
        "quantities": [quantity for _, quantity in levels],
        "sold": [one.sold for one, _ in levels],
        "read": [(one.sku, one.location) in were_read for one, _ in levels],
        "doubted": [one.sku in doubted for one, _ in levels],
        "push_id": push_id,
        "foreseen": [(one.sku, one.location) in foreseen for one, _ in levels],
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
        CROSS JOIN (SELECT target FROM jobs WHERE flow = 'stock' AND source = :erp) AS s (store)
        ORDER BY store, sku ON CONFLICT DO NOTHING
    ), confirmed AS (
        UPDATE stock_levels l SET as_of = :as_of FROM told t
        WHERE l.connection = :erp AND l.sku = t.sku AND l.location = t.place AND l.as_of < :as_of
            AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.sku = l.sku AND k.location = l.location)
            AND (CAST(:whole AS boolean) OR EXISTS (
                SELECT 1 FROM sales s WHERE s.target = :erp AND NOT s.settled AND (s.sku = l.sku OR EXISTS (
                    SELECT 1 FROM stock_kits k
                    WHERE k.erp = :erp AND k.store = s.source AND k.sku = s.sku AND k.component = l.sku))))
    )
    SELECT count(*) FROM kept
""")

_TOUCH = text("""
    INSERT INTO dirty (kind, erp, store, sku)
    SELECT DISTINCT 'stock', :erp, :store, sku FROM stock_levels WHERE connection = :erp
    ORDER BY sku ON CONFLICT DO NOTHING
""")

_COUNTED = text("""
    SELECT sku FROM store_variants WHERE connection = :store AND sku = ANY(CAST(:skus AS text[]))
    GROUP BY sku HAVING count(*) = 1 AND bool_and(tracked) ORDER BY sku
""")

_PARTS = text("""
    SELECT sku, component, quantity FROM stock_kits
    WHERE erp = :erp AND store = :store AND sku = ANY(CAST(:skus AS text[])) ORDER BY sku, component
""")

_KITS = text("""
    SELECT store, sku, component, quantity FROM stock_kits WHERE erp = :erp AND component = ANY(CAST(:skus AS text[]))
""")

_LEVELS = text("""
    SELECT sku, location, on_hand, reserved, unit, as_of, changed_at FROM stock_levels
    WHERE connection = :erp AND sku = ANY(CAST(:skus AS text[]))
""")

_OPEN_SALES = text("""
    SELECT source, source_id, sku, quantity, known_quantity, known_at FROM sales
    WHERE target = :erp AND NOT settled AND sku = ANY(CAST(:skus AS text[]))
""")

_RULES = text("""
    SELECT store, sku, location, safety, unlimited, preorder, pack FROM stock_rules
    WHERE erp = :erp AND sku = ANY(CAST(:skus AS text[]))
""")

_HAS = text("""
    SELECT sku, location, quantity, sold, doubted_at, undone_at, push_id, was_read, foreseen FROM store_levels
    WHERE connection = :store AND sku = ANY(CAST(:skus AS text[]))
""")

_SOLD = text("""
    SELECT sku, sum(quantity) AS units FROM (
        SELECT sku, max(quantity) AS quantity FROM sales
        WHERE source = :store AND sku = ANY(CAST(:skus AS text[])) GROUP BY sku, source_id
    ) AS by_order GROUP BY sku
""")

_TOLD = text("""
    INSERT INTO store_levels AS l (connection, sku, location, quantity, sold, at, was_read, foreseen, push_id, doubted_at,
        undone_at)
    SELECT :store, sku, place, quantity, sold, :now, read, foreseen, CAST(:push_id AS bigint),
        CASE WHEN doubted THEN CAST(:now AS timestamptz) END,
        CASE WHEN CAST(:undone AS boolean) THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:quantities AS bigint[]), CAST(:sold AS numeric[]),
        CAST(:read AS boolean[]), CAST(:foreseen AS boolean[]), CAST(:doubted AS boolean[]))
        AS t (sku, place, quantity, sold, read, foreseen, doubted)
    ORDER BY sku, place
    ON CONFLICT (connection, sku, location) DO UPDATE SET quantity = excluded.quantity, sold = excluded.sold,
        at = excluded.at, was_read = excluded.was_read, foreseen = excluded.foreseen,
        push_id = COALESCE(excluded.push_id, l.push_id),
        doubted_at = excluded.doubted_at,
        undone_at = excluded.undone_at
""")

_UNKNOWN = text("""
    (SELECT 'only in the ERP' AS why, l.sku FROM stock_levels l WHERE l.connection = :erp
        AND NOT EXISTS (SELECT 1 FROM store_variants v WHERE v.connection = :store AND v.sku = l.sku)
        GROUP BY l.sku ORDER BY l.sku LIMIT :limit)
    UNION ALL
    (SELECT 'only in the store', v.sku FROM store_variants v WHERE v.connection = :store AND v.tracked AND v.sku <> ''
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
