"""The web process: receiver, console and probes in one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import RedirectResponse, Response

import erpsync
from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.ledger import session
from erpsync.ports.runtime import Wake
from erpsync.tasks.app import app as celery
from erpsync.tasks.wake import BackgroundWake, CeleryWake
from erpsync.web import contract, errors, metrics, probes, receiver
from erpsync.web.console import actions, push_views, sign_in, stock_views, views
from erpsync.web.console.accounts import SESSION, Accounts
from erpsync.web.console.forms import FormLimit
from erpsync.web.console.pages import Pages
from erpsync.web.console.signing import signing_key
from erpsync.web.console.throttle import Throttle
from erpsync.web.console.visit import Console, SignInNeeded, ask_to_sign_in
from erpsync.web.headers import SecurityHeaders
from erpsync.web.receiver import Receiver
from erpsync.web.refusals import Refusals

log = structlog.get_logger()

CONSOLE_POOL = 10
# With its overflow, a connection for each of the receiver's threads.
RECEIVER_POOL = receiver.KEEPERS // 2


def create() -> FastAPI:
    """The application as configured, for `uvicorn --factory`. Raises ConfigurationError."""
    assembly = bootstrap.configured(pool_size=CONSOLE_POOL)
    try:
        assembly.announce()
    except SQLAlchemyError as error:
        # Workers announce too. A web process that runs answers 503, which a store understands better than silence.
        log.warning("ledger.unavailable", error=type(error).__name__)
    return create_app(assembly, BackgroundWake(CeleryWake(celery)))


def create_app(assembly: Assembly, wake: Wake) -> FastAPI:
    """The application over an assembly. `wake` must not block. Raises ConfigurationError for an unusable signing key."""
    app = FastAPI(
        title="erpsync",
        version=erpsync.__version__,
        lifespan=_lifespan,
        # Their pages load scripts from elsewhere; the document itself stays.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A redirect would be built on whatever Host header the caller sends.
        redirect_slashes=False,
    )
    app.state.receiver = _receiver(assembly, wake)
    app.state.questions = anyio.CapacityLimiter(probes.QUESTIONS)
    app.include_router(receiver.router)
    app.include_router(probes.router)
    pages = Pages()
    errors.add_handlers(app, pages)
    app.add_api_route("/", _to_console, include_in_schema=False)
    app.add_api_route("/openapi.json", lambda: contract.document(app.openapi()), include_in_schema=False)
    if assembly.settings.web.operators:
        _add_console(app, assembly, wake, pages)
    else:
        _add_setup_page(app, pages)
    app.add_middleware(FormLimit, prefix="/console")
    app.add_middleware(SecurityHeaders)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    intake: Receiver = app.state.receiver
    intake.refusals.start()
    yield
    intake.refusals.stop()
    intake.database.dispose()


def _receiver(assembly: Assembly, wake: Wake) -> Receiver:
    # An Assembly opens them when first asked, which is not for several threads: so all of them now.
    webhooks = {name: one for name, bound in assembly.bound.items() if (one := bound.webhooks()) is not None}
    # Apart from the console's, so that nothing a person looks at takes a store's connection; and with less patience.
    database = session.open_engine(
        assembly.settings.database_url,
        pool_size=RECEIVER_POOL,
        statement_milliseconds=receiver.STATEMENT_MILLISECONDS,
    )
    return Receiver(
        webhooks=webhooks,
        silent=frozenset(assembly.bound.keys() - webhooks.keys()),
        handshakes={name: asked for name in webhooks if (asked := assembly.bound[name].spec.handshake)},
        max_bytes=assembly.settings.web.max_webhook_bytes,
        database=database,
        clock=assembly.clock,
        wake=wake,
        refusals=Refusals(database, assembly.clock),
        keepers=anyio.CapacityLimiter(receiver.KEEPERS),
    )


def _add_console(app: FastAPI, assembly: Assembly, wake: Wake, pages: Pages) -> None:
    web = assembly.settings.web
    key = signing_key(assembly.settings.home)
    app.state.console = Console(
        assembly=assembly,
        runtime=assembly.runtime(wake),
        accounts=Accounts(web.operators, key, assembly.clock),
        throttle=Throttle(assembly.clock),
        pages=pages,
    )
    app.include_router(sign_in.router)
    app.include_router(views.router)
    app.include_router(push_views.router)
    app.include_router(stock_views.router)
    app.include_router(actions.router)
    app.include_router(metrics.router)
    app.add_exception_handler(SignInNeeded, ask_to_sign_in)
    app.add_middleware(
        SessionMiddleware,
        secret_key=key,
        session_cookie="erpsync_session",
        max_age=int(SESSION.total_seconds()),
        path="/console",
        same_site="strict",
        https_only=web.secure_cookies,
    )


def _add_setup_page(app: FastAPI, pages: Pages) -> None:
    """Nobody can sign in, so there is one page, which says how to change that."""

    def style() -> Response:
        return pages.style()

    def setup() -> Response:
        return pages.page("setup.html", 403)

    app.add_api_route("/console/style.css", style, include_in_schema=False)
    for path in ("/console", "/console/{rest:path}"):
        app.add_api_route(path, setup, methods=["GET", "POST"], include_in_schema=False)


def _to_console() -> Response:
    return RedirectResponse("/console", 303)
