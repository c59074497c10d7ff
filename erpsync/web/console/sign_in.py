"""Signing in and out."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erpsync.web.console.accounts import csrf_token
from erpsync.web.console.pages import duration
from erpsync.web.console.visit import SEE_OTHER, Console, Reader, check_form

log = structlog.get_logger()
router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/sign-in")
def show_sign_in(request: Request) -> Response:
    return _form(request)


@router.post("/sign-in")
def sign_in(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    check_form(request, csrf)
    console: Console = request.app.state.console
    address = request.client.host if request.client else "?"
    wait = console.throttle.attempt(name, address)
    if wait > 0:
        log.warning("console.sign_in_throttled", address=address)
        later = f"Too many attempts. Try again in {duration(wait + 1)}."
        return _form(request, 429, later, {"Retry-After": str(int(wait) + 1)})
    wanted = str(request.session.get("wanted", "/console"))
    operator = console.accounts.sign_in(request.session, name, password)
    if operator is None:
        # Not the name that was given: people type their password there.
        log.warning("console.sign_in_failed", address=address)
        return _form(request, 403, "The name or the password is wrong.")
    console.throttle.forget(name, address)
    log.info("console.signed_in", operator=operator.name, role=operator.role, address=address)
    return RedirectResponse(wanted, SEE_OTHER)


@router.post("/sign-out")
def sign_out(visit: Reader, csrf: Annotated[str, Form()] = "") -> Response:
    check_form(visit.request, csrf)
    visit.request.session.clear()
    return RedirectResponse("/console/sign-in", SEE_OTHER)


def _form(request: Request, status: int = 200, problem: str = "", headers: dict[str, str] | None = None) -> Response:
    console: Console = request.app.state.console
    return console.pages.page("sign_in.html", status, headers, csrf=csrf_token(request.session), problem=problem)
