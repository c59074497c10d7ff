"""Dead letters: what needs a person. The table is the truth; the queue of that name only announces it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import JobId
from erpsync.ledger.texts import storable


@dataclass(frozen=True)
class DeadLetter:
    """An open or closed dead letter. Without `job_id` it is about a delivery (`inbox_id`) or a task that reached no job."""

    id: int
    job_id: JobId | None
    inbox_id: int | None
    task: str
    subject: str
    code: str
    problem: str
    next_step: str
    attempts: int
    created_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    closed_by: str | None


def add(
    connection: Connection,
    problem: Problem,
    *,
    subject: str,
    now: datetime,
    inbox_id: int | None = None,
    task: str = "",
) -> int:
    """Keeps a dead letter that no job stands for: an unreadable delivery, or a task that never reached a job."""
    values: dict[str, object] = {
        "inbox_id": inbox_id,
        "task": task,
        "subject": storable(subject),
        "code": problem.code,
        "now": now,
    }
    values |= {"problem": storable(problem.what), "next_step": storable(problem.next_step)}
    return int(connection.execute(_ADD, values).scalar_one())


def add_once(connection: Connection, problem: Problem, *, subject: str, now: datetime) -> int | None:
    """As `add`, of what no delivery and no task stands for; None where an open dead letter says the same already."""
    values = {"subject": storable(subject), "code": problem.code, "problem": storable(problem.what)}
    if connection.execute(_SAID, values).one_or_none() is not None:
        return None
    return add(connection, problem, subject=subject, now=now)


def close_said(connection: Connection, subject: str, code: str, now: datetime) -> None:
    """What `add_once` told of this subject under this code is over by itself."""
    connection.execute(_CLOSE_SAID, {"subject": storable(subject), "code": code, "now": now})


def get(connection: Connection, letter_id: int) -> DeadLetter | None:
    """Locks it until the transaction ends; see `jobs.hold` for what to lock before."""
    row = connection.execute(text(f"{_SELECT} WHERE id = :id FOR UPDATE"), {"id": letter_id}).one_or_none()
    return None if row is None else DeadLetter(**row._mapping)


def open_for_job(connection: Connection, job_id: JobId) -> DeadLetter | None:
    row = connection.execute(
        text(f"{_SELECT} WHERE job_id = :id AND closed_at IS NULL FOR UPDATE"), {"id": job_id}
    ).one_or_none()
    return None if row is None else DeadLetter(**row._mapping)


def job_of(connection: Connection, letter_id: int) -> JobId | None:
    """The job it is about, if any, without locking anything."""
    job_id = connection.execute(text("SELECT job_id FROM dead_letters WHERE id = :id"), {"id": letter_id}).scalar()
    return None if job_id is None else JobId(job_id)


def close(connection: Connection, letter_id: int, closed_as: str, actor: str, now: datetime) -> bool:
    """False where it is closed already."""
    values = {"id": letter_id, "closed_as": closed_as, "actor": actor, "now": now}
    return connection.execute(_CLOSE, values).rowcount == 1


def routed(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Remembers that messages about these were sent; forgets it at worst, and then they are sent once more."""
    connection.execute(_ROUTED, {"ids": list(ids), "now": now})


def unrouted(connection: Connection, limit: int, routed_before: datetime, now: datetime) -> list[int]:
    """Open dead letters that were not announced although they were routed to the queue before `routed_before`, or never
    were; marks them routed now. This is how the queue is rebuilt after a broker lost it."""
    values = {"limit": limit, "before": routed_before, "now": now}
    return list(connection.execute(_UNROUTED, values).scalars())


def unannounced(connection: Connection, letter_id: int) -> DeadLetter | None:
    """An open dead letter that nobody was told of yet, without locking it."""
    condition = "WHERE id = :id AND announced_at IS NULL AND closed_at IS NULL"
    row = connection.execute(text(f"{_SELECT} {condition}"), {"id": letter_id}).one_or_none()
    return None if row is None else DeadLetter(**row._mapping)


def announced(connection: Connection, letter_id: int, now: datetime) -> bool:
    """Marks a dead letter announced. False where it was already, or is closed: it is announced once."""
    return connection.execute(_ANNOUNCED, {"id": letter_id, "now": now}).rowcount == 1


_COLUMNS = """id, job_id, inbox_id, task, subject, code, problem, next_step, attempts, created_at,
    closed_at, closed_as, closed_by"""
_SELECT = f"SELECT {_COLUMNS} FROM dead_letters"

_ADD = text("""
    INSERT INTO dead_letters (inbox_id, task, subject, code, problem, next_step, created_at)
    VALUES (:inbox_id, :task, :subject, :code, :problem, :next_step, :now) RETURNING id
""")

_SAID = text("""
    SELECT 1 FROM dead_letters
    WHERE closed_at IS NULL AND job_id IS NULL AND subject = :subject AND code = :code AND problem = :problem LIMIT 1
""")

_CLOSE_SAID = text("""
    UPDATE dead_letters SET closed_at = :now, closed_as = 'superseded', closed_by = 'erpsync'
    WHERE closed_at IS NULL AND job_id IS NULL AND subject = :subject AND code = :code
""")

_CLOSE = text("""
    UPDATE dead_letters SET closed_at = :now, closed_as = :closed_as, closed_by = :actor
    WHERE id = :id AND closed_at IS NULL
""")

# Waits for nobody: a letter that another transaction is closing need not be marked, and else the two could deadlock.
_ROUTED = text("""
    UPDATE dead_letters SET routed_at = :now WHERE id = ANY (ARRAY(
        SELECT id FROM dead_letters WHERE id = ANY(:ids) FOR UPDATE SKIP LOCKED
    ))
""")

_UNROUTED = text("""
    UPDATE dead_letters SET routed_at = :now WHERE id = ANY (ARRAY(
        SELECT id FROM dead_letters
        WHERE closed_at IS NULL AND announced_at IS NULL AND (routed_at IS NULL OR routed_at < :before)
        ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    )) RETURNING id
""")

_ANNOUNCED = text("""
    UPDATE dead_letters SET announced_at = :now WHERE id = :id AND announced_at IS NULL AND closed_at IS NULL
""")
