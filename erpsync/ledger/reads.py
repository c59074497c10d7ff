"""What the console and the command line show. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.ledger import connections
from erpsync.ledger.connections import ConnectionRow
from erpsync.ledger.dead_letters import DeadLetter

PAGE = 50


@dataclass(frozen=True)
class JobRow:
    id: int
    flow: str
    source: str
    target: str
    source_id: str
    number: str
    state: str
    attempts: int
    due_at: datetime
    updated_at: datetime
    created_at: datetime
    problem_code: str | None
    problem: str | None
    next_step: str | None
    target_id: str | None
    display: str | None


@dataclass(frozen=True)
class RunRow:
    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    problem_code: str | None
    note: str | None


@dataclass(frozen=True)
class DeliveryRow:
    id: int
    topic: str
    state: str
    note: str
    received_at: datetime


@dataclass(frozen=True)
class DeliveryDetail:
    """A delivery without its body. `size` is the body's, in bytes."""

    id: int
    connection: str
    topic: str
    headers: Mapping[str, str]
    size: int
    state: str
    note: str
    received_at: datetime


@dataclass(frozen=True)
class RefusalRow:
    """How often deliveries to a connection were not let in for one reason. `connection` is "?" for unknown names."""

    connection: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class SaleRow:
    """What an order sells of a SKU, for which the ERP's levels do not speak yet. `known_quantity` is how much of it the ERP
    has; the order was first seen at `since`. Its job may be kept no longer: then there is no number, either."""

    store: str
    source_id: str
    sku: str
    quantity: Decimal
    known_quantity: Decimal
    since: datetime
    job_id: int | None
    number: str | None
    state: str | None


@dataclass(frozen=True)
class StoreLevelRow:
    """What a store's location has of a SKU (None: it did not tell) as it was last set or read, at `at`."""

    sku: str
    location: str
    quantity: int | None
    sold: Decimal
    at: datetime
    push_id: int | None
    doubted_at: datetime | None


@dataclass(frozen=True)
class SkuChangeRow:
    """What a push did to a SKU at one place, or is going to do."""

    push_id: int
    push_state: str
    place: str
    before: Decimal | None
    after: Decimal
    state: str
    note: str
    at: datetime


@dataclass(frozen=True)
class Overview:
    """The ledger at a glance: `jobs` and `inbox` by state, open dead letters, paused connections, age of the
    oldest due that is not a backfill's, for those wait by right."""

    jobs: dict[str, int]
    inbox: dict[str, int]
    dead_letters: int
    connections: list[ConnectionRow]
    refusals: list[tuple[str, str, int]]
    oldest_due_seconds: float


def overview(connection: Connection, now: datetime) -> Overview:
    oldest = connection.execute(
        text("SELECT min(due_at) FROM jobs WHERE state = 'ready' AND due_at <= :now AND NOT background"), {"now": now}
    ).scalar()
    return Overview(
        jobs=_counts(connection, "SELECT state, count(*) AS n FROM jobs GROUP BY state"),
        inbox=_counts(connection, "SELECT state, count(*) AS n FROM inbox GROUP BY state"),
        dead_letters=connection.execute(text("SELECT count(*) FROM dead_letters WHERE closed_at IS NULL")).scalar_one(),
        connections=connections.everyone(connection),
        refusals=[
            (row.connection, row.reason, int(row.n))
            for row in connection.execute(
                text("SELECT connection, reason, count AS n FROM refusals ORDER BY connection, reason")
            )
        ],
        oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
    )


def jobs_by_flow(connection: Connection) -> list[tuple[str, str, int]]:
    """How many jobs a flow has in a state."""
    found = connection.execute(
        text("SELECT flow, state, count(*) AS n FROM jobs GROUP BY flow, state ORDER BY flow, state")
    )
    return [(row.flow, row.state, row.n) for row in found]


def jobs(
    connection: Connection, *, state: str = "", flow: str = "", search: str = "", before: int = 0, limit: int = PAGE
) -> list[JobRow]:
    """Newest first. `search` matches the number or the source's id exactly; `before` continues below that id."""
    conditions = ["TRUE"]
    if state:
        conditions.append("j.state = :state")
    if flow:
        conditions.append("j.flow = :flow")
    if search:
        conditions.append("(j.number = :search OR j.number = '#' || :search OR j.source_id = :search)")
    if before:
        conditions.append("j.id < :before")
    values = {"state": state, "flow": flow, "search": search, "before": before, "limit": limit}
    rows = connection.execute(text(f"{_JOBS} WHERE {' AND '.join(conditions)} ORDER BY j.id DESC LIMIT :limit"), values)
    return [JobRow(**row._mapping) for row in rows]


def job(connection: Connection, job_id: int) -> JobRow | None:
    row = connection.execute(text(f"{_JOBS} WHERE j.id = :id"), {"id": job_id}).one_or_none()
    return None if row is None else JobRow(**row._mapping)


def runs(connection: Connection, job_id: int) -> list[RunRow]:
    rows = connection.execute(
        text(
            "SELECT attempt, worker, started_at, ended_at, outcome, problem_code, note FROM runs"
            " WHERE job_id = :id ORDER BY id DESC LIMIT 100"
        ),
        {"id": job_id},
    )
    return [RunRow(**row._mapping) for row in rows]


def deliveries(connection: Connection, source: str, source_id: str) -> list[DeliveryRow]:
    """What the store told of one record."""
    rows = connection.execute(
        text(
            "SELECT id, topic, state, note, received_at FROM inbox WHERE connection = :source AND source_id = :source_id"
            " ORDER BY id DESC LIMIT 100"
        ),
        {"source": source, "source_id": source_id},
    )
    return [DeliveryRow(**row._mapping) for row in rows]


def dead_letters(
    connection: Connection, *, closed: bool = False, before: int = 0, limit: int = PAGE
) -> list[DeadLetter]:
    """Newest first."""
    rows = connection.execute(
        text(
            f"{_DEAD_LETTERS} WHERE (closed_at IS NOT NULL) = :closed AND (:before = 0 OR id < :before)"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"closed": closed, "before": before, "limit": limit},
    )
    return [DeadLetter(**row._mapping) for row in rows]


def dead_letter(connection: Connection, letter_id: int) -> DeadLetter | None:
    """One dead letter, open or closed, without locking it."""
    row = connection.execute(text(f"{_DEAD_LETTERS} WHERE id = :id"), {"id": letter_id}).one_or_none()
    return None if row is None else DeadLetter(**row._mapping)


def dead_letters_of(connection: Connection, job_id: int) -> list[DeadLetter]:
    """A job's dead letters, open and closed, newest first."""
    rows = connection.execute(text(f"{_DEAD_LETTERS} WHERE job_id = :id ORDER BY id DESC LIMIT 100"), {"id": job_id})
    return [DeadLetter(**row._mapping) for row in rows]


def delivery(connection: Connection, inbox_id: int) -> DeliveryDetail | None:
    """One delivery; None where it is no longer kept. `inbox.body_of` has its body."""
    row = connection.execute(
        text(
            "SELECT id, connection, topic, headers, length(body) AS size, state, note, received_at FROM inbox"
            " WHERE id = :id"
        ),
        {"id": inbox_id},
    ).one_or_none()
    return None if row is None else DeliveryDetail(**row._mapping)


def refusals(connection: Connection) -> list[RefusalRow]:
    """Deliveries that were not let in, latest first."""
    rows = connection.execute(
        text("SELECT connection, reason, count, first_at, last_at FROM refusals ORDER BY last_at DESC LIMIT 100")
    )
    return [RefusalRow(**row._mapping) for row in rows]


def open_sales(
    connection: Connection, erp: ConnectionName, limit: int, skus: Sequence[Sku] | None = None
) -> list[SaleRow]:
    """Sales, of these SKUs or of all, for which the ERP's levels do not speak yet, the oldest first."""
    rows = connection.execute(_OPEN_SALES, {"erp": erp, "limit": limit, "skus": None if skus is None else list(skus)})
    return [SaleRow(**row) for row in rows.mappings()]


def doubted(connection: Connection, store: ConnectionName, since: datetime, limit: int) -> list[StoreLevelRow]:
    """Levels of the store that were less than they should be, found so at `since` or later."""
    condition = "AND doubted_at >= :since ORDER BY doubted_at, sku, location LIMIT :limit"
    rows = connection.execute(text(f"{_STORE_LEVELS} {condition}"), {"store": store, "since": since, "limit": limit})
    return [StoreLevelRow(**row) for row in rows.mappings()]


def store_levels(connection: Connection, store: ConnectionName, sku: Sku) -> list[StoreLevelRow]:
    """What each location of the store has of the SKU."""
    rows = connection.execute(text(f"{_STORE_LEVELS} AND sku = :sku ORDER BY location"), {"store": store, "sku": sku})
    return [StoreLevelRow(**row) for row in rows.mappings()]


def stock_changes_of(
    connection: Connection, erp: ConnectionName, store: ConnectionName, sku: Sku, limit: int
) -> list[SkuChangeRow]:
    """What the route's latest pushes of stock did to the SKU, the newest first."""
    rows = connection.execute(_STOCK_CHANGES_OF, {"erp": erp, "store": store, "sku": sku, "limit": limit})
    return [SkuChangeRow(**row) for row in rows.mappings()]


def _counts(connection: Connection, statement: str) -> dict[str, int]:
    rows = connection.execute(text(statement))
    return {row.state: int(row.n) for row in rows}


_JOBS = """
    SELECT j.id, j.flow, j.source, j.target, j.source_id, j.number, j.state, j.attempts, j.due_at, j.updated_at,
        j.created_at, j.problem_code, j.problem, j.next_step, l.target_id, l.display
    FROM jobs j LEFT JOIN links l ON l.kind = rtrim(j.flow, 's') AND l.source = j.source AND l.target = j.target
        AND l.source_id = j.source_id
"""

_DEAD_LETTERS = """
    SELECT id, job_id, inbox_id, task, subject, code, problem, next_step, attempts, created_at, closed_at,
        closed_as, closed_by FROM dead_letters
"""

_OPEN_SALES = text("""
    SELECT s.source AS store, s.source_id, s.sku, s.quantity, s.known_quantity, COALESCE(j.created_at, o.version) AS since,
        j.id AS job_id, j.number, j.state
    FROM sales s
    JOIN sale_orders o ON o.source = s.source AND o.target = s.target AND o.source_id = s.source_id
    LEFT JOIN jobs j ON j.flow = 'orders' AND j.source = s.source AND j.target = s.target AND j.source_id = s.source_id
    WHERE s.target = :erp AND NOT s.settled AND s.quantity > 0
        AND (CAST(:skus AS text[]) IS NULL OR s.sku = ANY(CAST(:skus AS text[])))
    ORDER BY since, s.source, s.source_id, s.sku LIMIT :limit
""")

_STORE_LEVELS = """
    SELECT sku, location, quantity, sold, at, push_id, doubted_at FROM store_levels WHERE connection = :store
"""

# Not of all pushes, for their changes have no index by SKU.
_STOCK_CHANGES_OF = text("""
    SELECT p.id AS push_id, p.state AS push_state, c.place, c.before, c.after, c.state, c.note,
        COALESCE(c.done_at, p.created_at) AS at
    FROM (
        SELECT id, state, created_at FROM pushes WHERE kind = 'stock' AND erp = :erp AND store = :store
        ORDER BY id DESC LIMIT 1000
    ) AS p JOIN push_changes c ON c.push_id = p.id AND c.sku = :sku
    ORDER BY p.id DESC, c.place LIMIT :limit
""")
