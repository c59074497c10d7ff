"""Takes webhooks in: verify, keep, commit, wake, answer. Never maps a record, calls a remote or waits for a broker."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

import anyio
import anyio.to_thread
import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from erpsync.domain.ids import ConnectionName
from erpsync.ledger import inbox
from erpsync.ports.runtime import Clock, Wake
from erpsync.ports.webhooks import Delivery, NotAuthentic, Webhooks
from erpsync.web.refusals import Refusals

log = structlog.get_logger()

# A store gives up after 5 s in all (https://shopify.dev/docs/apps/build/webhooks); a refusal must reach it before.
ANSWER_SECONDS = 3.7
# A body that took most of that to arrive still gets this long to be kept.
LEAST_KEEPING_SECONDS = 1.0
BODY_SECONDS = 10.0
RETRY_AFTER_SECONDS = 10
STATEMENT_MILLISECONDS = 3_000
KEEPERS = 20

# Identifiers and sentences, as such tokens are: no markup, and nothing of a length that tells a story.
HANDSHAKE_TOKEN = re.compile(r"[A-Za-z0-9 ._~:/+=-]{1,300}")
MAX_HEADERS = 60
MAX_HEADER_VALUE = 1000
SECRET_WORDS = ("token", "secret", "signature", "hmac", "password", "api-key")

Outcome = Literal["stored", "duplicate"]


class Kept(BaseModel):
    """The delivery is in the inbox: by this request, or by an earlier one of the same delivery."""

    status: Outcome


class Refusal(BaseModel):
    """Why nothing was kept, in words."""

    detail: str


class Refused(Exception):
    """This delivery is not let in. `counted_for` is a connection's name or "?", empty where it is not counted."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, counted_for: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.counted_for = counted_for
        self.headers = headers or {}
        super().__init__(detail)


@dataclass(frozen=True)
class Receiver:
    """What the endpoint works with; all of it may be used from several threads. `webhooks` and `silent` together are the
    configured connections: those that send webhooks and those that send none. `handshakes` names the parameter whose
    value a system wants back before it sends any, where one does."""

    webhooks: Mapping[ConnectionName, Webhooks]
    silent: frozenset[ConnectionName]
    max_bytes: int
    database: Engine
    clock: Clock
    wake: Wake
    refusals: Refusals
    keepers: anyio.CapacityLimiter
    handshakes: Mapping[ConnectionName, str] = field(default_factory=dict)

    def sender(self, name: str) -> ConnectionName:
        """The connection of that name. Raises Refused where it is none that sends webhooks."""
        known = ConnectionName(name)
        if known in self.webhooks:
            return known
        if known in self.silent:
            raise Refused(HTTPStatus.NOT_FOUND, "This connection sends no webhooks.", counted_for=name)
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such connection.", counted_for="?")

    def handshake(self, name: ConnectionName, query: Mapping[str, str]) -> str | None:
        """The token that a system wants back which is about to send webhooks here; None for a delivery. Raises Refused for
        one that no system would send: anybody may ask, and they shall not choose freely what is said here."""
        parameter = self.handshakes.get(name)
        token = None if parameter is None else query.get(parameter)
        if token is not None and not HANDSHAKE_TOKEN.fullmatch(token):
            raise Refused(HTTPStatus.BAD_REQUEST, "This is no token of a handshake.", counted_for=name)
        return token

    def keep(self, name: ConnectionName, delivery: Delivery) -> Outcome:
        """Verifies and keeps a delivery; it is committed on return. Blocks. Raises NotAuthentic, SQLAlchemyError."""
        webhooks = self.webhooks[name]
        now = self.clock.now()
        webhooks.verify(delivery, now)
        key, topic = webhooks.delivery_key(delivery), webhooks.topic(delivery)
        with self.database.begin() as connection:
            row_id = inbox.store(connection, name, key, topic, kept_headers(delivery.headers), delivery.body, now)
        if row_id is None:
            return "duplicate"
        self.wake.intake()
        return "stored"


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    return found


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What the inbox keeps of a delivery's headers: nothing that proves who sent it, and no more than a bounded amount."""
    plain = [(name, value[:MAX_HEADER_VALUE]) for name, value in headers.items() if not _is_secret(name)]
    return dict(plain[:MAX_HEADERS])


def _is_secret(name: str) -> bool:
    if name in ("authorization", "cookie") or name.startswith("proxy-"):
        return True
    return any(word in name for word in SECRET_WORDS)


router = APIRouter()

_PARAMETER = {
    "name": "connection",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The name of the connection, as `erpsync.toml` spells it.",
}
_BODY = {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait before the next try."}}


@router.post(
    "/webhooks/{connection}",
    summary="Deliver a webhook",
    response_model=Kept,
    responses={
        401: {"model": Refusal, "description": "The delivery does not prove where it comes from."},
        404: {"model": Refusal, "description": "No such connection, or one that sends no webhooks."},
        408: {"model": Refusal, "description": "The body did not arrive in time."},
        413: {"model": Refusal, "description": "The body is larger than `web.max_webhook_bytes`."},
        500: {"model": Refusal, "description": "A fault of erpsync's own. Nothing was kept; deliver again."},
        503: {"model": Refusal, "description": "Nothing was kept; deliver again.", "headers": _RETRY_AFTER},
    },
    openapi_extra={"parameters": [_PARAMETER], "requestBody": _BODY},
)
async def receive(request: Request) -> Response:
    """Keeps the delivery, whole, and answers 200 only once it is committed. Deliver again after any other answer."""
    receiver: Receiver = request.app.state.receiver
    began = anyio.current_time()
    connection, size = "?", 0
    try:
        connection = receiver.sender(request.path_params["connection"])
        token = receiver.handshake(connection, request.query_params)
        if token is not None:
            log.info("webhook", connection=connection, outcome="handshake", status=200, bytes=0)
            return PlainTextResponse(token)
        body = await _read_body(request, receiver.max_bytes, connection)
        size = len(body)
        delivery = Delivery(joined(request.headers.items()), body)
        outcome = await _keep(receiver, connection, delivery, began)
    except Refused as refused:
        log.warning("webhook", connection=connection, outcome=refused.detail, status=refused.status.value, bytes=size)
        if refused.counted_for:
            receiver.refusals.count(refused.counted_for, refused.detail)
        return JSONResponse({"detail": refused.detail}, refused.status, refused.headers)
    log.info("webhook", connection=connection, outcome=outcome, status=200, bytes=size)
    return JSONResponse({"status": outcome})


async def _read_body(request: Request, limit: int, name: ConnectionName) -> bytes:
    """Raises Refused for a body that is too large, before reading it where its length is given, or arrives too slowly."""
    too_large = Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {limit} bytes.", counted_for=name
    )
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > len(str(limit)) or int(declared) > limit:
        raise too_large
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_SECONDS:.0f} s."
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, detail, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refused(HTTPStatus.BAD_REQUEST, "The sender left before the end of the body.") from None
    return bytes(body)


async def _keep(receiver: Receiver, name: ConnectionName, delivery: Delivery, began: float) -> Outcome:
    """A ledger that hangs is given up in time: its thread is left behind, and what it commits later was not confirmed, so
    that the store's next try finds it as a duplicate."""
    seconds = max(LEAST_KEEPING_SECONDS, ANSWER_SECONDS - (anyio.current_time() - began))
    try:
        with anyio.fail_after(seconds):
            return await anyio.to_thread.run_sync(
                receiver.keep, name, delivery, abandon_on_cancel=True, limiter=receiver.keepers
            )
    except NotAuthentic as error:
        raise Refused(HTTPStatus.UNAUTHORIZED, error.reason, counted_for=name) from None
    except (SQLAlchemyError, TimeoutError) as error:
        log.warning("ledger.unavailable", error=type(error).__name__)
        detail = "The ledger does not answer; nothing was kept. Deliver again."
        later = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=later) from None
