"""One request of one person: who it is, what they may do, and how they are answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, HTTPException
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erpsync.bootstrap import Assembly
from erpsync.config import Operator
from erpsync.engine.operations import NotPossible
from erpsync.engine.runtime import Runtime
from erpsync.web.console.accounts import Accounts, csrf_token, is_own_form
from erpsync.web.console.pages import Pages
from erpsync.web.console.throttle import Throttle

SEE_OTHER = 303
MAX_WANTED = 500


@dataclass(frozen=True)
class Console:
    """What the console's pages work with, built once by `erpsync.web.app`."""

    assembly: Assembly
    runtime: Runtime
    accounts: Accounts
    throttle: Throttle
    pages: Pages

    @property
    def database(self) -> Engine:
        return self.assembly.database


class SignInNeeded(Exception):
    """Nobody is signed in, or no longer."""


@dataclass(frozen=True)
class Visit:
    """A request of an operator who is signed in. Templates read it as `visit`."""

    request: Request
    console: Console
    operator: Operator

    @property
    def csrf(self) -> str:
        return csrf_token(self.request.session)

    @property
    def may_act(self) -> bool:
        return self.operator.role == "operator"

    def is_at(self, section: str) -> bool:
        """Whether the page shown belongs to this part of the console."""
        path = self.request.url.path.rstrip("/")
        return path == section or (section != "/console" and path.startswith(f"{section}/"))

    def page(self, template: str, **values: object) -> Response:
        flash = self.request.session.pop("flash", None)
        return self.console.pages.page(template, visit=self, flash=flash, **values)

    def act(self, action: Callable[[], object], done: str, then: str) -> Response:
        """Does it and goes on to the page `then`, which says that it is `done`, or why it was not possible."""
        try:
            action()
        except NotPossible as error:
            self.request.session["flash"] = {"said": str(error), "done": False}
        else:
            self.request.session["flash"] = {"said": done, "done": True}
        return RedirectResponse(then, SEE_OTHER)


def reader(request: Request) -> Visit:
    """Whoever is signed in. Raises SignInNeeded."""
    console: Console = request.app.state.console
    operator = console.accounts.recognise(request.session)
    if operator is None:
        raise SignInNeeded
    return Visit(request, console, operator)


def operator(visit: Annotated[Visit, Depends(reader)]) -> Visit:
    """Whoever is signed in and may act. Raises HTTPException 403."""
    if not visit.may_act:
        raise HTTPException(403, "Your role is viewer: you may look at everything here, and an operator may act on it.")
    return visit


def actor(visit: Annotated[Visit, Depends(reader)], csrf: Annotated[str, Form()] = "") -> Visit:
    """Whoever may act, by a form of this console. Raises HTTPException 403."""
    check_form(visit.request, csrf)
    return operator(visit)


def check_form(request: Request, token: str) -> None:
    """Raises HTTPException 403 for a form that is not of this session."""
    if not is_own_form(request.session, token):
        raise HTTPException(403, "This form is not of your present session. Go back, load the page anew and try again.")


def ask_to_sign_in(request: Request, _: Exception) -> Response:
    """The answer to SignInNeeded. Remembers the page in the session, which is signed, never in an address."""
    console: Console = request.app.state.console
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site":
        # A link in a chat or a mail: the browser withholds a strict cookie, so that this may be somebody signed in. A
        # step from our own page brings the cookie along; a session set now would sign them out.
        return console.pages.page("arrive.html", here=here)
    request.session["wanted"] = here if request.method == "GET" and len(here) <= MAX_WANTED else "/console"
    return RedirectResponse("/console/sign-in", SEE_OTHER)


Reader = Annotated[Visit, Depends(reader)]
OperatorOnly = Annotated[Visit, Depends(operator)]
Actor = Annotated[Visit, Depends(actor)]
