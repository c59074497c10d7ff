"""What operators do. Each is a form of a page, carried out by `engine.operations` in the operator's name."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import Field
from starlette.responses import Response

from erpsync.domain.ids import JobId
from erpsync.engine import operations
from erpsync.engine import pushes as pushing
from erpsync.engine.operations import NotPossible
from erpsync.ledger import reads
from erpsync.web.console.pages import counted
from erpsync.web.console.views import MAX_ID, Id
from erpsync.web.console.visit import Actor

LATER = "Load this page again to see what came of it."

Chosen = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Form(alias="id", max_length=reads.PAGE)]

Number = Annotated[int, Form(ge=0, le=MAX_ID)]
Planned = Annotated[str, Form(max_length=32)]

router = APIRouter(prefix="/console", include_in_schema=False)


@router.post("/jobs/{job_id}/replay")
def replay_job(visit: Actor, job_id: Id) -> Response:
    return visit.act(
        lambda: operations.replay_job(visit.console.runtime, JobId(job_id), visit.operator.name),
        done=f"Job {job_id} runs again from the latest state of its source. {LATER}",
        then=f"/console/jobs/{job_id}",
    )


@router.post("/backfills/{backfill_id}/pause")
def pause_backfill(visit: Actor, backfill_id: Id) -> Response:
    return visit.act(
        lambda: operations.pause_backfill(visit.console.runtime, backfill_id, visit.operator.name),
        done=f"Backfill {backfill_id} is paused.",
        then="/console",
    )


@router.post("/backfills/{backfill_id}/resume")
def resume_backfill(visit: Actor, backfill_id: Id) -> Response:
    return visit.act(
        lambda: operations.resume_backfill(visit.console.runtime, backfill_id, visit.operator.name),
        done=f"Backfill {backfill_id} goes on.",
        then="/console",
    )


@router.post("/pushes/{push_id}/apply")
def apply_push(visit: Actor, push_id: Id, changed: Number, alarming: Number, planned: Planned = "") -> Response:
    seen = pushing.Seen(changed, alarming, planned)
    return visit.act(
        lambda: pushing.apply(visit.console.runtime, push_id, visit.operator.name, seen),
        done=f"Push {push_id} is being sent. {LATER}",
        then=f"/console/pushes/{push_id}",
    )


@router.post("/pushes/{push_id}/undo")
def undo_push(visit: Actor, push_id: Id) -> Response:
    return visit.act(
        lambda: pushing.undo(visit.console.runtime, push_id, visit.operator.name),
        done=f"Push {push_id} is being taken back, by a push of its own.",
        then=f"/console/pushes/{push_id}",
    )


@router.post("/dead-letters/replay")
def replay_dead_letters(visit: Actor, chosen: Chosen) -> Response:
    """Each in a transaction of its own: one that is not possible any more keeps none of the others."""
    refused: list[str] = []

    def replay_each() -> None:
        for letter_id in chosen:
            try:
                operations.replay_dead_letter(visit.console.runtime, letter_id, visit.operator.name)
            except NotPossible as error:
                refused.append(str(error))
        if refused:
            raise NotPossible(f"{len(chosen) - len(refused)} of {len(chosen)} were replayed. {' '.join(refused)}")

    return visit.act(
        replay_each,
        done=f"{counted(len(chosen), 'dead letter was', 'dead letters were')} replayed. {LATER}",
        then="/console/dead-letters",
    )


@router.post("/dead-letters/{letter_id}/replay")
def replay_dead_letter(visit: Actor, letter_id: Id) -> Response:
    return visit.act(
        lambda: operations.replay_dead_letter(visit.console.runtime, letter_id, visit.operator.name),
        done=f"Dead letter {letter_id} is closed, and what it is about runs again. {LATER}",
        then=f"/console/dead-letters/{letter_id}",
    )


@router.post("/dead-letters/{letter_id}/discard")
def discard_dead_letter(visit: Actor, letter_id: Id) -> Response:
    return visit.act(
        lambda: operations.discard_dead_letter(visit.console.runtime, letter_id, visit.operator.name),
        done=f"Dead letter {letter_id} is discarded.",
        then=f"/console/dead-letters/{letter_id}",
    )
