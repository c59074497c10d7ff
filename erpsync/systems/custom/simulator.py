"""A shop that implements the whole contract, to practise on: written from docs/custom-shop/README.md, with no code of
the adapter's. It believes nothing unsigned, nothing old, and asks for patience when it is called too often.

Like a real one behind a proxy it lives below a path of its own (`/erpsync`), which signatures cover too.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from math import ceil
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from erpsync.ports.simulator import Hook, Start
from erpsync.systems.custom.simulator_calls import Calls, Refused
from erpsync.systems.custom.simulator_shop import Shop

PATH = "/erpsync"
SECRET = "practice-secret-of-the-simulated-shop"  # noqa: S105 - it guards nothing
ABILITIES = ("write_back", "hold", "money", "fulfilments", "stock", "prices", "variants", "products", "customers")
WINDOW_SECONDS = 300
MAX_BODY = 1024 * 1024


class CustomShop(Shop):
    """The shop. `requests` may be made in `per_seconds`, then it answers 429; `abilities` are those it implements;
    `clock` is its own, and `skew_seconds` what its ping is off it."""

    def __init__(
        self,
        *,
        secret: str = SECRET,
        abilities: Iterable[str] = ABILITIES,
        requests: int = 300,
        per_seconds: float = 10.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        skew_seconds: float = 0.0,
        whole_events: bool = True,
    ) -> None:
        super().__init__(clock, whole_events=whole_events)
        self.secret = secret
        self.abilities = tuple(abilities)
        self.skew_seconds = skew_seconds
        self.webhook_address = ""
        self.answered: dict[int, int] = {}
        """How many answers there were of each status."""
        self._requests = requests
        self._per_seconds = per_seconds
        self._window: tuple[float, int] = (0.0, 0)
        self._calls = Calls(self)
        self._counting = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        remaining, reset_seconds = self._count()
        try:
            if remaining < 0:
                raise Refused(429, "too-many-requests")
            status, answer = self._answer(environ)
        except Refused as refused:
            status = refused.status
            answer = {"error": {"code": refused.code, "message": "said by the simulator", "record": refused.record}}
        with self._counting:
            self.answered[status] = self.answered.get(status, 0) + 1
        body = b"" if status == 204 else json.dumps(answer).encode()
        headers = [
            ("Date", format_datetime(self.now(), usegmt=True)),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("RateLimit-Remaining", str(max(remaining, 0))),
            ("RateLimit-Reset", str(ceil(reset_seconds))),
        ]
        if status == 429:
            headers.append(("Retry-After", str(ceil(reset_seconds))))
        start_response(f"{status} Said", headers)
        return [body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {"url": base_url + PATH, "secret": self.secret, "abilities": ", ".join(self.abilities)}

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:  # noqa: ARG002
        """ "GET orders", "GET orders/ID", "PUT orders/ID/fulfilments/REFERENCE", "PUT stock"."""
        parts = str(environ["PATH_INFO"]).removeprefix(PATH).strip("/").split("/")
        named = [("ID", "REFERENCE")[place // 2] if place in (1, 3) else part for place, part in enumerate(parts)]
        return f"{environ['REQUEST_METHOD']} {'/'.join(named)}"

    def hooks(self) -> list[Hook]:
        hooks = []
        for event in self.take_events():
            body = json.dumps(event).encode()
            timestamp = str(int(self.now().timestamp()))
            signature = self._sign(f"{timestamp}.".encode() + body)
            headers = {"Content-Type": "application/json", "Erpsync-Timestamp": timestamp}
            hooks.append(Hook(headers | {"Erpsync-Signature": f"v1={signature}"}, body))
        return hooks

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Any]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_BODY:
            raise Refused(413, "too-large")
        body = environ["wsgi.input"].read(length)
        # The server has taken the path's escapes out; what was signed is what was sent.
        target = environ.get("REQUEST_URI") or _sent(environ)
        self._believe(environ, target, body)
        path, _, query = target.partition("?")
        if not path.startswith(f"{PATH}/"):
            raise Refused(404, "no-such-path")
        parts = [unquote(part) for part in path.removeprefix(f"{PATH}/").split("/")]
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            document = json.loads(body) if body else None
        except ValueError:
            raise Refused(400, "not-json") from None
        with self.lock:
            return self._calls.answer(environ["REQUEST_METHOD"], parts, given, document)

    def _believe(self, environ: Mapping[str, Any], target: str, body: bytes) -> None:
        timestamp = environ.get("HTTP_ERPSYNC_TIMESTAMP", "")
        if not timestamp.isdecimal() or abs(self.now().timestamp() - int(timestamp)) > WINDOW_SECONDS:
            raise Refused(401, "timestamp")
        expected = "v1=" + self._sign(f"{timestamp}.{environ['REQUEST_METHOD']} {target}.".encode() + body)
        given = [one.strip() for one in environ.get("HTTP_ERPSYNC_SIGNATURE", "").split(",")]
        if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
            raise Refused(401, "signature")

    def _sign(self, signed: bytes) -> str:
        return hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()

    def _count(self) -> tuple[int, float]:
        """How many requests are left now and for how long; below zero: none was left."""
        now = self.now().timestamp()
        with self._counting:
            began, used = self._window
            if now - began >= self._per_seconds:
                began, used = now, 0
            used += 1
            self._window = (began, used)
        return self._requests - used, max(began + self._per_seconds - now, 0.0)


def _sent(environ: Mapping[str, Any]) -> str:
    """Path and query as they were sent. wsgiref unquotes the path, and quoting it again gives the same for what the
    contract has in paths: letters, digits, hyphens, dots, underscores and escapes of anything else."""
    path = "/".join(quote(part, safe="") for part in str(environ["PATH_INFO"]).encode("latin-1").decode().split("/"))
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path
