"""What a load balancer or an orchestrator asks: is the process alive, and can it take webhooks."""

from typing import Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from erpsync.ledger import session

READY_SECONDS = 2.5
# A ledger that hangs must not collect a thread for every question.
QUESTIONS = 2


class Health(BaseModel):
    status: Literal["alive"]


class Readiness(BaseModel):
    """`postgresql` is "answers", "does not answer" or "has no tables of erpsync's"."""

    status: Literal["ready", "not ready"]
    postgresql: str


router = APIRouter()


@router.get("/health", summary="Is the process alive", response_model=Health)
async def health() -> Response:
    """Answers as long as the process does, whatever else is down."""
    return JSONResponse({"status": "alive"})


@router.get(
    "/ready",
    summary="Can webhooks be taken",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "PostgreSQL does not answer, or has no tables yet."}},
)
async def ready(request: Request) -> Response:
    """Answers within 3 s. Redis is not asked: webhooks are taken without it."""
    database: Engine = request.app.state.receiver.database
    limiter: anyio.CapacityLimiter = request.app.state.questions
    try:
        with anyio.fail_after(READY_SECONDS):
            revision = await anyio.to_thread.run_sync(
                session.current_revision, database, abandon_on_cancel=True, limiter=limiter
            )
    except (SQLAlchemyError, TimeoutError):
        return JSONResponse({"status": "not ready", "postgresql": "does not answer"}, 503)
    if not revision:
        return JSONResponse({"status": "not ready", "postgresql": "has no tables of erpsync's"}, 503)
    return JSONResponse({"status": "ready", "postgresql": "answers"})
