"""One HTTP client for every system: time limits, a size limit, verified TLS, and failures as domain errors."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import simplejson
from requests.structures import CaseInsensitiveDict

from erpsync import __version__
from erpsync.domain.errors import OutcomeUnknown, Transient, Unavailable
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

    def json(self) -> Any:
        """The body as JSON with Decimal numbers. Raises Transient where it is none: a proxy's page, say."""
        try:
            return simplejson.loads(self.body, use_decimal=True)
        except ValueError as error:
            raise Transient(
                "reply-unreadable",
                system=self.system,
                what=f"The answer ({self.status}) was not JSON.",
                next_step="If it stays so, check the connection's address: a proxy or a login page may be answering.",
            ) from error


class HttpClient:
    """Calls one remote system. Not for use by several threads at once."""

    def __init__(
        self,
        system: str,
        base_url: str,
        clock: Clock,
        *,
        settle_seconds: float = 0.0,
        read_seconds: float = READ_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`settle_seconds` is passed on to OutcomeUnknown: how long this remote may still be at work on a lost request."""
        self.system = system
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": f"erpsync/{__version__}", **(headers or {})})
        # The environment's proxies and .netrc must not redirect or sign calls that carry a merchant's credentials.
        self.session.trust_env = False
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._read_seconds = read_seconds

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
    ) -> Reply:
        """One request. `write` says that repeating it blindly could do it twice; it decides what a lost reply means.

        Raises Unavailable, Throttled, Transient or OutcomeUnknown; every other status is returned to be read,
        and so are those in `returns`, which this remote explains in the body.
        `json_body` may hold Decimals, which are sent as exact numbers.
        """
        if json_body is not None:
            data = encode_json(json_body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
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
        failure = failures.of_status(
            response.status_code,
            response.headers,
            system=self.system,
            write=write,
            settle_seconds=self._settle_seconds,
            now=self._clock.now(),
        )
        if failure is not None and response.status_code not in returns:
            raise failure
        return Reply(self.system, response.status_code, CaseInsensitiveDict(response.headers), body)

    def _read(self, response: requests.Response, write: bool) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                what = f"The answer exceeds {MAX_REPLY_BYTES} bytes."
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
