"""Takes in a page of what a connection tells when it is asked, for polls and backfills alike."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from erpsync.domain.errors import Problem, SyncError
from erpsync.domain.ids import ConnectionName, JobId
from erpsync.engine.intake import advance_all, wanted_of
from erpsync.engine.runtime import Runtime
from erpsync.ledger import dead_letters, inbox, jobs
from erpsync.ledger.jobs import Wanted
from erpsync.ports.pages import Page
from erpsync.ports.webhooks import Change


@dataclass(frozen=True)
class Backfill:
    """A backfill that reads the page, and the one target that it is for, if any."""

    id: int
    target: ConnectionName | None


@dataclass(frozen=True)
class TakenIn:
    """The jobs that a page moved, and the dead letters of what could not be understood of it."""

    job_ids: list[JobId]
    letters: list[int]
    unreadable: int


def take_in(
    runtime: Runtime,
    connection: Connection,
    source: ConnectionName,
    page: Page[Change],
    told_by: str,
    backfill: Backfill | None = None,
) -> TakenIn:
    """Keeps what a page brings, and moves the jobs of its records forward. `told_by`: a poll or a backfill, for the dead
    letters' subject."""
    if page.keep is not None:
        page.keep(connection)
    wanted: list[Wanted] = []
    problems = [error.problem for error in page.unreadable]
    for change in page.records:
        try:
            wanted += _wanted(runtime, connection, source, change, backfill)
        except SyncError as error:
            problems.append(error.problem)
    _, job_ids = advance_all(runtime, connection, wanted)
    return TakenIn(job_ids, keep(runtime, connection, source, problems, told_by), len(problems))


def keep(
    runtime: Runtime, connection: Connection, source: ConnectionName, problems: Sequence[Problem], told_by: str
) -> list[int]:
    """Dead letters of what could not be understood; what is read again and again is told once."""
    now, subject = runtime.clock.now(), f"{source} {told_by}"
    kept = [dead_letters.add_once(connection, problem, subject=subject, now=now) for problem in problems]
    return [letter for letter in kept if letter is not None]


def _wanted(
    runtime: Runtime, connection: Connection, source: ConnectionName, change: Change, backfill: Backfill | None
) -> list[Wanted]:
    """What a change asks for. Of a poll, one that brings the record along asks for nothing of a target that follows it
    where it brought the same before; of a backfill it does."""
    inbox_id, told_before = None, False
    if change.body is not None:
        content = hashlib.sha256(change.body).hexdigest()
        key, topic = f"poll:{change.flow}:{change.source_id[:80]}:{content}", f"{change.flow} poll"
        now = runtime.clock.now()
        inbox_id = inbox.keep(connection, source, key, topic, change.body, change.source_id, now)
        told_before = inbox_id is None
        inbox_id = inbox.kept(connection, source, key) if inbox_id is None else inbox_id
    wanted = wanted_of(runtime, source, change, inbox_id)
    if backfill is None:
        return [one for one in wanted if not (told_before and jobs.followed(connection, one))]
    return [replace(one, backfill_id=backfill.id) for one in wanted if backfill.target in (None, one.target)]
