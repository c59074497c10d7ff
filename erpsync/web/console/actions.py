"""What operators do. Each is a form of a page, carried out by `engine.operations` in the operator's name."""

from fastapi import APIRouter
from starlette.responses import Response

from erpsync.domain.ids import JobId
from erpsync.engine import operations
from erpsync.web.console.views import Id
from erpsync.web.console.visit import Actor

router = APIRouter(prefix="/console", include_in_schema=False)


@router.post("/jobs/{job_id}/replay")
def replay_job(visit: Actor, job_id: Id) -> Response:
    return visit.act(
        lambda: operations.replay_job(visit.console.runtime, JobId(job_id), visit.operator.name),
        done=f"Job {job_id} runs again from the latest state of its source.",
        then=f"/console/jobs/{job_id}",
    )


@router.post("/dead-letters/{letter_id}/replay")
def replay_dead_letter(visit: Actor, letter_id: Id) -> Response:
    return visit.act(
        lambda: operations.replay_dead_letter(visit.console.runtime, letter_id, visit.operator.name),
        done=f"Dead letter {letter_id} is closed, and what it is about runs again.",
        then=f"/console/dead-letters/{letter_id}",
    )


@router.post("/dead-letters/{letter_id}/discard")
def discard_dead_letter(visit: Actor, letter_id: Id) -> Response:
    return visit.act(
        lambda: operations.discard_dead_letter(visit.console.runtime, letter_id, visit.operator.name),
        done=f"Dead letter {letter_id} is discarded.",
        then=f"/console/dead-letters/{letter_id}",
    )
