"""One HTTP client for every system: time limits, a size limit, verified TLS, and failures as domain errors."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests
import simplejson
from requests.structures import CaseInsensitiveDict

from erpsync import __version__
from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient, Unavailable
from erpsync.ports.limits import CALLS, UNLIMITED, Lesson, Limiter
from erpsync.ports.runtime import Clock
from erpsync.transport import failures

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
MAX_REPLY_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer whose status means the same with no two systems (2xx, 3xx, 400, 403, 404, 409, 422, ...)."""

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    encoding: str | None = None
    """The character set that the answer names."""

    def json(self) -> Any:
        """The body as JSON with Decimal numbers, parsed once. Raises Transient where it is none: a proxy's page, say."""
        try:
            return self._parsed
        except ValueError as error:
            raise Transient(
                "reply-unreadable",
                system=self.system,
                what=f"The answer ({self.status}) was not JSON.",
                next_step="If it stays so, check the connection's address: a proxy or a login page may be answering.",
            ) from error

    @cached_property
    def _parsed(self) -> Any:
        return simplejson.loads(self.body, use_decimal=True)


class HttpClient:
    """Calls one remote system, each request with a permit of its limiter. Not for use by several threads at once."""

    def __init__(
        self,
        system: str,
        base_url: str,
        clock: Clock,
        *,
        settle_seconds: float = 0.0,
        read_seconds: float = READ_SECONDS,
        headers: Mapping[str, str] | None = None,
        limiter: Limiter = UNLIMITED,
        lesson: Callable[[Reply, Lesson], Lesson] = lambda _reply, plain: plain,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> None:
        """`settle_seconds` is passed on to OutcomeUnknown: how long this remote may still be at work on a lost request.
        `lesson`: what a reply says of the pace, given what 429 and Retry-After say in it."""
        self.system = system
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": f"erpsync/{__version__}", **(headers or {})})
        # The environment's proxies and .netrc must not redirect or sign calls that carry a merchant's credentials.
        self.session.trust_env = False
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._read_seconds = read_seconds
        self._limiter = limiter
        self._lesson = lesson
        self._max_reply_bytes = max_reply_bytes

    def call(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        params: Mapping[str, str] | None = None,
        json_body: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: requests.auth.AuthBase | None = None,
        returns: Collection[int] = (),
        operation: str = CALLS,
        cost: float = 1.0,
    ) -> Reply:
        """One request. `write` says that repeating it blindly could do it twice; it decides what a lost reply means.
        `operation`, `cost`: what it takes of the connection's limit.

        Raises Unavailable, Throttled, Transient or OutcomeUnknown; every other status is returned to be read,
        and so are those in `returns`, which this remote explains in the body.
        `json_body` may hold Decimals, which are sent as exact numbers.
        """
        if json_body is not None:
            data = encode_json(json_body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        reply = self.send(
            method,
            path,
            write=write,
            params=params,
            data=data,
            headers=headers,
            auth=auth,
            operation=operation,
            cost=cost,
        )
        failure = self.failure(reply, write=write)
        if failure is not None and reply.status not in returns:
            raise failure
        return reply

    def send(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: requests.auth.AuthBase | None = None,
        operation: str = CALLS,
        cost: float = 1.0,
    ) -> Reply:
        """One request, whatever the status of its answer. Raises Throttled where the connection's limit says to wait, and
        what a request without an answer, or with too long a one, comes to."""
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        with self._limiter.permit(operation, cost) as permit:
            try:
                with self.session.request(
                    method,
                    url,
                    params=params,
                    data=data,
                    headers=headers,
                    auth=auth,
                    allow_redirects=False,
                    stream=True,
                    timeout=(CONNECT_SECONDS, self._read_seconds),
                ) as response:
                    body = self._read(response, write)
            except requests.RequestException as error:
                raise failures.of_exception(
                    error, system=self.system, write=write, settle_seconds=self._settle_seconds
                ) from error
            reply = Reply(
                self.system, response.status_code, CaseInsensitiveDict(response.headers), body, response.encoding
            )
            permit.learn(self._lesson(reply, failures.lesson(reply.status, reply.headers, self._clock.now())))
        return reply

    def failure(self, reply: Reply, *, write: bool) -> SyncError | None:
        """The domain error for a status that means the same with every remote; None where the system must read the body."""
        return failures.of_status(
            reply.status,
            reply.headers,
            system=self.system,
            write=write,
            settle_seconds=self._settle_seconds,
            now=self._clock.now(),
        )

    def _read(self, response: requests.Response, write: bool) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_reply_bytes:
                what = f"The answer exceeds {self._max_reply_bytes} bytes."
                fix = "Check the connection's address; no known system answers with this much."
                if write:
                    raise OutcomeUnknown(
                        "reply-too-large",
                        system=self.system,
                        what=what,
                        settle_seconds=self._settle_seconds,
                        next_step=fix,
                    )
                raise Unavailable("reply-too-large", system=self.system, what=what, next_step=fix)
        return bytes(body)


def encode_json(value: object) -> bytes:
    """JSON in UTF-8, Decimals as numbers with the digits they have."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":")).encode()
