"""What people may do with pushes: let one that is held go on, and take one back. Each leaves an audit row."""

from dataclasses import dataclass

from sqlalchemy import Connection

from erpsync.engine.operations import NotPossible
from erpsync.engine.runtime import Runtime
from erpsync.ledger import audit, backlog, dead_letters, jobs, pushes
from erpsync.ledger.pushes import Push, PushKind, PushState
from erpsync.ports.runtime import JobCall


@dataclass(frozen=True)
class Seen:
    """What a person was shown of a push: see `ledger.pushes.Push`. `planned` is the fingerprint of its prices; quantities
    are worked out again as they are sent."""

    changed: int
    alarming: int
    planned: str = ""


def look(connection: Connection, push: Push) -> Seen:
    planned = pushes.fingerprint(connection, push.id) if push.kind is PushKind.PRICES else ""
    return Seen(push.changed, push.alarming, planned)


def apply(runtime: Runtime, push_id: int, actor: str, seen: Seen | None = None) -> None:
    """A person has looked at a held push: it is sent. Raises NotPossible, also where more is in it by now than was
    `seen`, or other prices."""
    with runtime.database.begin() as connection:
        push = _existing(connection, push_id)
        if seen is not None and (push.changed > seen.changed or push.alarming > seen.alarming):
            raise NotPossible(
                f"Push {push_id} has grown: it changes {push.changed} SKUs by now, {push.alarming} of them alarmingly. Look"
                " at it once more."
            )
        if seen is not None and seen.planned != look(connection, push).planned:
            raise NotPossible(
                f"{push.erp} has told other prices since, and push {push_id} has them. Look at it once more."
            )
        if not pushes.approve(connection, push_id, actor):
            raise NotPossible(f"Push {push_id} is {_state(push)}; only one that is held can be applied.")
        dead_letters.close_said(connection, *push.letter, runtime.clock.now())
        calls = _note(runtime, connection, push, "apply", actor)
    runtime.wake.jobs(calls)


def undo(runtime: Runtime, push_id: int, actor: str) -> int:
    """Sets back what a push has set, where nothing has changed it since; returns the id of the push that does so.

    Nothing is pushed for these records until the ERP tells something new of them. Raises NotPossible.
    """
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        push = _existing(connection, push_id)
        if push.state is not PushState.DONE:
            raise NotPossible(f"Push {push_id} is {_state(push)}; only one that is done can be taken back.")
        current = pushes.open_one(connection, push.way)
        if current is not None:
            raise NotPossible(
                f"Push {current.id} of the same route is {_state(current)}: one goes on at a time. Wait for its end, or"
                f" see `erpsync {push.kind} plan {current.id}`."
            )
        back = pushes.begin(connection, push.way, now, undoes=push.id, actor=actor)
        if pushes.plan_undo(connection, back) == 0:
            raise NotPossible(f"Push {push_id} has changed nothing of which it is known what was there before.")
        pushes.move(connection, back.id, PushState.PUSHING, now, f"takes back push {push.id}")
        calls = _note(runtime, connection, push, "undo", actor)
    runtime.wake.jobs(calls)
    return back.id


def _existing(connection: Connection, push_id: int) -> Push:
    push = pushes.get(connection, push_id)
    if push is None:
        raise NotPossible(f"There is no push {push_id}.")
    return push


def _state(push: Push) -> str:
    return "being planned" if push.state is PushState.PLANNING else str(push.state)


def _note(runtime: Runtime, connection: Connection, push: Push, action: str, actor: str) -> list[JobCall]:
    """The audit row; and the route's job is to run."""
    now = runtime.clock.now()
    audit.note(connection, actor=actor, action=action, subject=f"push {push.id}", now=now)
    job_id = jobs.of_route(connection, push.kind, push.erp, push.store)
    if job_id is None:
        return []
    jobs.run_again(connection, job_id, now)
    return backlog.calls(connection, [job_id], now)
