"""Why a store has the quantity of a SKU that it has: the arithmetic of `flows.stock_counting` in words, with every figure
that goes into it. Reads the ledger alone, whose rules and kits are those of the route's last run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName, Sku
from erpsync.flows.stock import settled_before
from erpsync.flows.stock_counting import Count
from erpsync.flows.stock_rules import StockRules
from erpsync.flows.stock_terms import current_terms
from erpsync.ledger import catalogue, reads, stock
from erpsync.ledger.pushes import ChangeState, PushState
from erpsync.ledger.reads import SaleRow, SkuChangeRow, StoreLevelRow
from erpsync.ledger.stock import Desired, Level, Terms

# Enough to see what has become of it lately.
_CHANGES = 10
# More orders of one SKU on their way than a person reads.
_SALES = 1_000


@dataclass(frozen=True)
class Unseen:
    """A sale that takes so many pieces of a part that the ERP's figures do not have yet."""

    sale: SaleRow
    takes: Decimal


@dataclass(frozen=True)
class Part:
    """What one of the SKU is made of, `each` so many pieces: itself, where it is no kit. What the ERP holds of it, and what
    was sold that the ERP has not seen, in this store and in others."""

    sku: Sku
    each: Decimal
    levels: tuple[Level, ...]
    unseen: tuple[Unseen, ...]


@dataclass(frozen=True)
class Place:
    """A location of the store: how its quantity is come to, step by step, and what it has by all that is known. `told` is
    what it had when it was last set or read, None where it has told nothing; `note` says what follows."""

    location: str
    steps: tuple[str, ...]
    quantity: int
    has: int | None
    told: StoreLevelRow | None
    note: str


@dataclass(frozen=True)
class Explanation:
    """`unsynced` says why the SKU is not synced, empty where it is; then there are no `places`. `left_alone` is what the
    store has at locations that nothing is set at."""

    erp: ConnectionName
    store: ConnectionName
    sku: Sku
    unsynced: str
    parts: tuple[Part, ...]
    places: tuple[Place, ...]
    left_alone: tuple[StoreLevelRow, ...]
    changes: tuple[SkuChangeRow, ...]


def explained(
    connection: Connection, rules: StockRules, erp: ConnectionName, store: ConnectionName, sku: Sku, now: datetime
) -> Explanation:
    """Of any SKU, known or not. Writes nothing."""
    changes = tuple(reads.stock_changes_of(connection, erp, store, sku, _CHANGES))
    try:
        terms = current_terms(connection, rules, erp, store)
    except Rejected as error:
        return _unsynced(connection, Terms(erp, store, ()), sku, str(error), changes)
    facts = stock.facts(connection, terms, [sku])
    count = Count(terms, facts)
    rows = count.desired()
    if not rows:
        return _unsynced(connection, terms, sku, _why_not(connection, count, sku), changes)
    told = {row.location: row for row in reads.store_levels(connection, store, sku)}
    left_alone = tuple(row for row in told.values() if row.location not in count.places)
    since = settled_before(connection, store, now)
    places = [
        Place(
            row.location,
            tuple(_steps(count, index, row)),
            row.quantity,
            row.expected,
            told.get(row.location),
            _note(terms, row, changes, since),
        )
        for index, row in enumerate(rows)
    ]
    parts = _parts(connection, count, sku)
    return Explanation(erp, store, sku, "", parts, tuple(places), left_alone, changes)


def _unsynced(
    connection: Connection, terms: Terms, sku: Sku, why: str, changes: tuple[SkuChangeRow, ...]
) -> Explanation:
    levels = stock.levels(connection, terms.erp, [sku]).get(sku, ())
    parts = (Part(sku, Decimal(1), levels, ()),) if levels else ()
    told = tuple(reads.store_levels(connection, terms.store, sku))
    return Explanation(terms.erp, terms.store, sku, why, parts, (), told, changes)


def _why_not(connection: Connection, count: Count, sku: Sku) -> str:
    terms, facts = count.terms, count.facts
    variants = catalogue.by_sku(connection, terms.store, [sku]).get(sku, [])
    if not variants:
        return f"{terms.store} has no variant with this SKU."
    if len(variants) > 1:
        ids = ", ".join(one.variant_id for one in variants)
        return f"In {terms.store} it stands on several variants ({ids}), and nobody can say which is meant."
    if sku not in facts.skus:
        return f"{terms.store} does not count the stock of it."
    if count.rule(sku).unlimited or not count.parts(sku):
        return "By the route's rules it is unlimited, and not counted."
    missing = [part for part in count.parts(sku) if part not in facts.levels]
    if missing:
        return f"{terms.erp} has told nothing of {', '.join(missing)}."
    return f"No location of {terms.erp} feeds one of {terms.store}."


def _parts(connection: Connection, count: Count, sku: Sku) -> tuple[Part, ...]:
    sold = sorted({sale.sku for sale in count.facts.sales})
    rows = reads.open_sales(connection, count.terms.erp, _SALES, sold)
    orders = {(row.store, row.source_id, row.sku): row for row in rows}
    found = []
    for part, each in count.parts(sku).items():
        unseen = [
            Unseen(orders[sale.store, sale.source_id, sale.sku], takes)
            for sale, takes in count.unseen(part)
            if takes > 0 and (sale.store, sale.source_id, sale.sku) in orders
        ]
        found.append(Part(part, each, count.facts.levels[part], tuple(unseen)))
    return tuple(found)


def _steps(count: Count, index: int, row: Desired) -> Iterator[str]:
    parts, rule, is_kit = count.parts(row.sku), count.rule(row.sku), row.sku in count.facts.parts
    for part, each in parts.items():
        for step in _part_steps(count, index, part):
            yield f"{part}: {step}" if is_kit else step
        if each != 1:
            yield f"{part}: each takes {_plain(each)}, enough for {_plain(count.promised(part)[index] // each)}"
    if len(parts) > 1:
        yield "the part that is scarcest decides"
    if is_kit and (kept := count.safety_rule(row.sku, index)):
        yield f"less {_plain(kept)} safety stock of the kit itself"
    if not is_kit and rule.pack != 1:
        yield f"{_plain(rule.pack)} of these make one in {count.terms.store}"
    if index == 0 and rule.preorder:
        yield f"{_plain(rule.preorder)} more may be sold before they are there"
    yield f"comes to {row.quantity}"


def _part_steps(count: Count, index: int, part: Sku) -> Iterator[str]:
    """From what the ERP holds to what may be promised of a part at one of the store's locations."""
    terms = count.terms
    shares = {feed.erp_location: feed.share for feed in terms.feeds if feed.store_location == count.places[index]}
    fed = [level for level in count.facts.levels[part] if level.location in shares]
    for level in fed:
        yield _level_step(level, terms.units.get(level.unit, Decimal(1)), shares[level.location])
    if not fed:
        yield f"{terms.erp} has told of nothing at {' or '.join(shares)}"
    if len(fed) > 1:
        yield f"together {_plain(count.units(part, index))}"
    free, promised = count.free(part, index), count.promised(part)[index]
    if safety := count.safety(part, index):
        yield f"less {_plain(safety)} safety stock: {_plain(free)}"
    elif count.units(part, index) < 0:
        yield "less than nothing counts as 0"
    if free != promised:
        unseen = sum((taken for _, taken in count.unseen(part)), Decimal(0))
        of_all = "" if unseen == free - promised else f" of the {_plain(unseen)}"
        yield f"less {_plain(free - promised)}{of_all} sold that {terms.erp}'s figures do not have yet: {_plain(promised)}"


def _level_step(level: Level, pieces: Decimal, share: Decimal) -> str:
    words = f"{_plain(level.on_hand)} on hand - {_plain(level.reserved)} reserved"
    if pieces != 1 or share != 1:
        words = f"({words})"
    if pieces != 1:
        words += f" x {_plain(pieces)} a {level.unit}"
    if share != 1:
        words += f" x share {_plain(share)}"
    return f"{level.location}: {words} = {_plain((level.on_hand - level.reserved) * pieces * share)}"


def _note(terms: Terms, row: Desired, changes: Sequence[SkuChangeRow], since: datetime) -> str:
    if not row.differs:
        return f"{terms.store} has what it should have."
    if row.quantity == row.expected and not row.undone:
        return f"By all that is known {terms.store} has what it should have; the next push asks it."
    if row.undone:
        return f"A person took the last push back: it is left alone until {terms.erp} tells something new of it."
    if row.is_doubted(since):
        return f"{terms.store} had something else than it should have: its orders are read before anything is set."
    here = [change for change in changes if change.place == row.location]
    for change in here:
        if change.push_state == PushState.HELD and change.state == ChangeState.PLANNED:
            return f"Push {change.push_id} would set it, and waits for a person."
    if here and here[0].state == ChangeState.FAILED:
        return f"Push {here[0].push_id} could not set it: {here[0].note}"
    return "The next push sets it."


def _plain(number: Decimal) -> str:
    """As people write it: 18, not 18.0."""
    return f"{number.normalize():f}"
