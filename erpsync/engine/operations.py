"""What people may do: the console and the command line both call these and nothing else. Each leaves an audit row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from erpsync.domain.ids import ConnectionName, JobId, SourceId, TargetId
from erpsync.engine.runtime import Runtime
from erpsync.ledger import audit, backfills, backlog, dead_letters, inbox, jobs, links
from erpsync.ledger.backfills import BackfillState
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ports.backfill import Past

_UNDER_WAY = (BackfillState.RUNNING, BackfillState.PAUSED, BackfillState.FAILED)


class NotPossible(Exception):
    """The action does not apply to the record as it is now; the text says why and what does."""


@dataclass(frozen=True)
class Forgotten:
    """The store's product that the ERP's was, and how many variants were linked."""

    store_product_id: TargetId
    variants: int


def replay_job(runtime: Runtime, job_id: JobId, actor: str) -> None:
    """Runs a closed job again, from the latest state of its source. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        _replay_job(runtime, connection, job_id, actor)
        calls = backlog.calls(connection, [job_id], now)
    runtime.wake.jobs(calls)


def replay_dead_letter(runtime: Runtime, letter_id: int, actor: str) -> None:
    """Runs again what a dead letter is about: its job, or the reading of its delivery. Raises NotPossible."""
    now = runtime.clock.now()
    calls = []
    with runtime.database.begin() as connection:
        letter = _open_letter(connection, letter_id)
        if letter.job_id is not None:
            _replay_job(runtime, connection, letter.job_id, actor)
            calls = backlog.calls(connection, [letter.job_id], now)
        elif letter.inbox_id is not None and inbox.reopen(connection, letter.inbox_id):
            dead_letters.close(connection, letter_id, "replayed", actor, now)
            audit.note(connection, actor=actor, action="replay", subject=f"dead letter {letter_id}", now=now)
        else:
            raise NotPossible(
                f"Dead letter {letter_id} is about a task that reached no job; there is nothing to run again."
                " Discard it once you have read it."
            )
    runtime.wake.jobs(calls)
    runtime.wake.intake()


def discard_dead_letter(runtime: Runtime, letter_id: int, actor: str) -> None:
    """Closes a dead letter without doing what it is about. Its job stays discarded until it is replayed."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        letter = _open_letter(connection, letter_id)
        if letter.job_id is not None:
            jobs.discard(connection, letter.job_id, now)
        dead_letters.close(connection, letter_id, "discarded", actor, now)
        audit.note(connection, actor=actor, action="discard", subject=f"dead letter {letter_id}", now=now)


def forget_product(
    runtime: Runtime, erp: ConnectionName, store: ConnectionName, product_id: SourceId, actor: str
) -> Forgotten:
    """Forgets which product of the store one of the ERP's is, and its variants. Its next run finds it by its SKUs, or makes
    it anew. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        link = links.forget(connection, Ends(LinkKind.PRODUCT, erp, store), product_id)
        if link is None:
            raise NotPossible(
                f"No product {product_id} of {erp} is linked to one of {store}, so there is nothing to forget."
                " `erpsync jobs list --flow products` shows products by their ids."
            )
        variants = links.forget_displayed(connection, Ends(LinkKind.VARIANT, erp, store), product_id)
        subject, detail = f"product {product_id} of {erp}", f"was product {link.target_id} of {store}"
        audit.note(connection, actor=actor, action="forget", subject=subject, detail=detail, now=now)
    return Forgotten(link.target_id, variants)


def start_backfill(
    runtime: Runtime,
    past: Past,
    windows: Sequence[tuple[datetime | None, datetime]],
    *,
    dry_run: bool,
    concurrency: int,
    actor: str,
) -> int:
    """Has workers read that past, in a chunk for each window; returns the backfill's id. A dry run counts and moves
    nothing."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        backfill_id = backfills.create(
            connection, past, windows, dry_run=dry_run, concurrency=concurrency, actor=actor, now=now
        )
        what = f"{'count' if dry_run else 'read'} {past.flow} of {past.source}"
        _note_backfill(connection, "start", backfill_id, actor, now, what)
    runtime.wake.backfills([backfill_id] * min(concurrency, len(windows)))
    return backfill_id


def pause_backfill(runtime: Runtime, backfill_id: int, actor: str) -> None:
    """Holds a backfill: no further page is taken in, and none of its jobs begins. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if not backfills.move(connection, backfill_id, [BackfillState.RUNNING], BackfillState.PAUSED, now):
            raise NotPossible(_why_not(connection, backfill_id, "paused"))
        _note_backfill(connection, "pause", backfill_id, actor, now)


def resume_backfill(runtime: Runtime, backfill_id: int, actor: str) -> None:
    """Lets a backfill go on, and reads on what of it could not be read. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        shown = backfills.progress(connection, backfill_id)
        if (
            shown is None
            or not (shown.state == BackfillState.PAUSED or shown.chunks_failed)
            or not backfills.move(connection, backfill_id, _UNDER_WAY, BackfillState.RUNNING, now)
        ):
            raise NotPossible(_why_not(connection, backfill_id, "resumed"))
        backfills.retry_failed(connection, backfill_id, now)
        _note_backfill(connection, "resume", backfill_id, actor, now)
    runtime.wake.backfills([backfill_id] * shown.concurrency)


def cancel_backfill(runtime: Runtime, backfill_id: int, actor: str) -> int:
    """Ends a backfill where it is. The jobs that it made and that nobody has begun are taken away, as if their records had
    not been read; returns how many. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if not backfills.move(connection, backfill_id, _UNDER_WAY, BackfillState.CANCELLED, now):
            raise NotPossible(_why_not(connection, backfill_id, "cancelled"))
        withdrawn = backfills.withdraw(connection, backfill_id)
        _note_backfill(connection, "cancel", backfill_id, actor, now)
    return withdrawn


def _note_backfill(
    connection: Connection, action: str, backfill_id: int, actor: str, now: datetime, detail: str = ""
) -> None:
    subject = f"backfill {backfill_id}"
    audit.note(connection, actor=actor, action=action, subject=subject, detail=detail, now=now)


def _why_not(connection: Connection, backfill_id: int, asked: str) -> str:
    shown = backfills.progress(connection, backfill_id)
    if shown is None:
        return f"There is no backfill {backfill_id}. `erpsync backfill list` shows those there are."
    return f"Backfill {backfill_id} is {shown.state}, and cannot be {asked}. See `erpsync backfill show {backfill_id}`."


def _replay_job(runtime: Runtime, connection: Connection, job_id: JobId, actor: str) -> None:
    now = runtime.clock.now()
    way = jobs.route_of(connection, job_id)
    fresh = way is None or runtime.rereads(way[1])
    if not jobs.reopen(connection, job_id, now, fresh=fresh):
        raise NotPossible(
            f"Job {job_id} is not closed: there is no such job, or it is waiting or running already."
            f" See `erpsync jobs show {job_id}`."
        )
    letter = dead_letters.open_for_job(connection, job_id)
    if letter is not None:
        dead_letters.close(connection, letter.id, "replayed", actor, now)
    audit.note(connection, actor=actor, action="replay", subject=f"job {job_id}", now=now)


def _open_letter(connection: Connection, letter_id: int) -> dead_letters.DeadLetter:
    job_id = dead_letters.job_of(connection, letter_id)
    if job_id is not None:
        jobs.hold(connection, job_id)
    letter = dead_letters.get(connection, letter_id)
    if letter is None or letter.closed_at is not None:
        state = "does not exist" if letter is None else f"was {letter.closed_as} already"
        raise NotPossible(f"Dead letter {letter_id} {state}. `erpsync dead list` shows the open ones.")
    return letter
