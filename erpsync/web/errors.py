"""What is said when there is nothing better to say: a page for people, JSON for everybody else, never a trace."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from erpsync.web.console.pages import Pages
from erpsync.web.headers import secure

log = structlog.get_logger()

NOT_FOUND = "There is nothing at this address."
NOT_ALLOWED = "This address does not take {method} requests."
WEBHOOK_NOT_ALLOWED = "Stores deliver webhooks to this address by POST; there is nothing to read here."
MISREAD = "Part of this address or form could not be understood."
FAULT = "Something went wrong inside erpsync. It is in the log; nothing was changed halfway."
LEDGER = "The ledger (PostgreSQL) does not answer. Work already taken in is safe; try again in a moment."


def add_handlers(app: FastAPI, pages: Pages) -> None:
    def answer(request: Request, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
        if request.url.path.startswith("/console"):
            title = HTTPStatus(status).phrase
            return pages.page("error.html", status, headers, title=title, sentence=sentence)
        return JSONResponse({"detail": sentence}, status, headers)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return answer(request, error.status_code, _sentence(request, error), error.headers)

    @app.exception_handler(RequestValidationError)
    def misread(request: Request, error: RequestValidationError) -> Response:
        in_path = any(one["loc"][0] == "path" for one in error.errors())
        return answer(request, 404, NOT_FOUND) if in_path else answer(request, 400, MISREAD)

    @app.exception_handler(SQLAlchemyError)
    def ledger_fails(request: Request, error: SQLAlchemyError) -> Response:
        log.warning("ledger.unavailable", path=request.url.path, error=type(error).__name__)
        return answer(request, 503, LEDGER, {"Retry-After": "10"})

    @app.exception_handler(Exception)
    def fault(request: Request, _: Exception) -> Response:
        """Answers outside all middleware, hence the headers; the server logs the trace."""
        response = answer(request, 500, FAULT)
        secure(response.headers)
        return response


def _sentence(request: Request, error: HTTPException) -> str:
    """The words given with the error, or better ones than the name of its status."""
    if error.detail != HTTPStatus(error.status_code).phrase:
        return error.detail
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        webhook = request.url.path.startswith("/webhooks/")
        return WEBHOOK_NOT_ALLOWED if webhook else NOT_ALLOWED.format(method=request.method)
    return NOT_FOUND if error.status_code == HTTPStatus.NOT_FOUND else f"{error.detail}."
