"""Signed calls to a shop that implements the contract, at the pace that it tells."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Transient
from erpsync.ports.runtime import Tools
from erpsync.systems.custom import refusals, wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.pace import lesson
from erpsync.systems.custom.settings import CustomSettings
from erpsync.transport import signing
from erpsync.transport.http import HttpClient, Reply, encode_json

T = TypeVar("T", bound=wire.Wire)


class CustomClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: CustomSettings, tools: Tools) -> None:
        self._http = HttpClient(
            SYSTEM,
            settings.url,
            tools.clock,
            read_seconds=settings.timeout_seconds,
            limiter=tools.limiter,
            lesson=lesson,
        )
        self._secrets = settings.secrets
        self._base = urlsplit(settings.url).path.rstrip("/")
        self._clock = tools.clock
        self.date = ""
        """The Date header of the last answer."""

    def get(self, path: str, params: Mapping[str, str] | None = None, *, record: str = "") -> bytes:
        """What a read answers. Raises Skip where the shop has no such order, Transient, Unavailable, Throttled."""
        query = f"?{urlencode({name: value for name, value in params.items() if value})}" if params else ""
        reply = self._call("GET", path + query, b"", write=False)
        if reply.status != 200:
            raise refusals.of_reply(reply, write=False, record=record)
        return reply.body

    def post(self, path: str, body: wire.Wire, record: str) -> None:
        """A write that says nothing but that it was done, and which may be done twice. Raises what is refused."""
        reply = self._call("POST", path, _encoded(body), write=False)
        if reply.status not in (200, 201, 204):
            raise refusals.of_reply(reply, write=True, record=record)

    def put(self, path: str, body: wire.Wire, model: type[T], *, record: str = "", once: bool = False) -> T:
        """A write with an answer. `once`: a lost reply is OutcomeUnknown, not an outage. Raises what is refused."""
        reply = self._call("PUT", path, _encoded(body), write=once)
        if reply.status not in (200, 201):
            raise refusals.of_reply(reply, write=True, record=record)
        return read(reply.body, model)

    def _call(self, method: str, path: str, body: bytes, *, write: bool) -> Reply:
        signed = signing.call_headers(self._secrets, method, self._base + path, body, self._clock.now())
        headers = {"Accept": "application/json", **signed}
        if body:
            headers["Content-Type"] = "application/json"
        reply = self._http.call(method, path, write=write, data=body or None, headers=headers)
        self.date = reply.headers.get("Date", "")
        return reply


def part(value: str) -> str:
    """An id as one part of a path. Raises Rejected for the two that every HTTP client takes for steps in it."""
    if value in (".", ".."):
        raise Rejected(
            "id-unusable",
            system=SYSTEM,
            what=f'"{value}" cannot be part of an address.',
            next_step="Give the record another id in the shop.",
        )
    return quote(value, safe="")


def _encoded(body: wire.Wire) -> bytes:
    return encode_json(body.model_dump(mode="json"))


def read(body: bytes, model: type[T]) -> T:
    """Raises Transient where it is not what the contract says: a proxy's page, or a shop that is being changed."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the body"
        raise strange(f"not the contract's {model.__name__}: see {where}") from None


def strange(what: str) -> Transient:
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what=f"The shop's answer is {what}.",
        next_step="If it stays so, check `url`, and let the shop's developer compare it with docs/custom-shop/README.md.",
    )
