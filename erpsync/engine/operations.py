"""What people may do: the console and the command line both call these and nothing else. Each leaves an audit row."""

from sqlalchemy import Connection

from erpsync.domain.ids import JobId
from erpsync.engine.runtime import Runtime
from erpsync.ledger import audit, dead_letters, inbox, jobs


class NotPossible(Exception):
    """The action does not apply to the record as it is now; the text says why and what does."""


def replay_job(runtime: Runtime, job_id: JobId, actor: str) -> None:
    """Runs a closed job again, from the latest state of its source. Raises NotPossible."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        _replay_job(runtime, connection, job_id, actor)
        calls = jobs.calls(connection, [job_id], now)
    runtime.wake.jobs(calls)


def replay_dead_letter(runtime: Runtime, letter_id: int, actor: str) -> None:
    """Runs again what a dead letter is about: its job, or the reading of its delivery. Raises NotPossible."""
    now = runtime.clock.now()
    calls = []
    with runtime.database.begin() as connection:
        letter = _open_letter(connection, letter_id)
        if letter.job_id is not None:
            _replay_job(runtime, connection, letter.job_id, actor)
            calls = jobs.calls(connection, [letter.job_id], now)
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
