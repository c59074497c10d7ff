"""Who may call the simulated shop: HTTP basic over TLS, OAuth 1.0a without, each key with its permission, and a host's
limit of requests.

As WooCommerce's class WC_REST_Authentication does it, and https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-http.
"""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

WINDOW_SECONDS = 15 * 60
_REQUIRED = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


@dataclass
class Key:
    """`permissions`: "read", "write" or "read_write"."""

    consumer_key: str
    consumer_secret: str
    permissions: str = "read_write"
    nonces: dict[str, int] = field(default_factory=dict)


class Refused(Exception):
    """The request is not let in, with 401 and this message."""


class Access:
    """Thread-safe."""

    def __init__(self, key: Key, *, tls: bool, home: str, clock: Callable[[], datetime]) -> None:
        """`tls`: the shop believes that it is served over TLS. `home`: its own address; empty: as it is called."""
        self.key = key
        self.tls = tls
        self.home = home
        self._clock = clock
        self._lock = threading.Lock()

    def check(self, environ: Mapping[str, Any], path: str, query: Sequence[tuple[str, str]]) -> None:
        """Raises Refused. `path` is that of the whole request."""
        self._identify(environ, path, query)
        reading = environ["REQUEST_METHOD"] in ("GET", "HEAD", "OPTIONS")
        if self.key.permissions not in ("read_write", "read" if reading else "write"):
            raise Refused(f"The API key provided does not have {'read' if reading else 'write'} permissions.")

    def _identify(self, environ: Mapping[str, Any], path: str, query: Sequence[tuple[str, str]]) -> None:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if self.tls and authorization.startswith("Basic "):
            self._check_basic(authorization.removeprefix("Basic "))
            return
        parameters = dict(query)
        if any(name not in parameters for name in _REQUIRED):
            raise Refused("Sorry, you cannot list resources.")
        self._check_signature(environ, path, query, parameters)
        with self._lock:
            self._check_time(parameters)

    def _check_basic(self, token: str) -> None:
        name, _, secret = base64.b64decode(token).decode().partition(":")
        if name != self.key.consumer_key:
            raise Refused("Consumer key is invalid.")
        if secret != self.key.consumer_secret:
            raise Refused("Consumer secret is invalid.")

    def _check_signature(
        self, environ: Mapping[str, Any], path: str, query: Sequence[tuple[str, str]], parameters: Mapping[str, str]
    ) -> None:
        if parameters["oauth_consumer_key"] != self.key.consumer_key:
            raise Refused("Consumer key is invalid.")
        algorithm = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}.get(parameters["oauth_signature_method"])
        if algorithm is None:
            raise Refused("Invalid signature - signature method is invalid.")
        # PHP gathers `include[]` into a list, which is written back as include[0]: a client that signed the former fails.
        signed: list[tuple[str, str]] = []
        for name, value in query:
            place = sum(other.startswith(name[:-1]) for other, _ in signed)
            signed.append((f"{name[:-1]}{place}]" if name.endswith("[]") else name, value))
        pairs = "&".join(
            f"{_encoded(name)}={_encoded(value)}"
            for name, value in sorted(signed, key=lambda pair: pair[0])
            if name != "oauth_signature"
        )
        address = (self.home or f"{'https' if self.tls else 'http'}://{environ.get('HTTP_HOST', '')}") + path
        text = "&".join((environ["REQUEST_METHOD"], quote(address, safe=""), quote(pairs, safe="")))
        wanted = hmac.new(f"{self.key.consumer_secret}&".encode(), text.encode(), getattr(hashlib, algorithm)).digest()
        if not hmac.compare_digest(base64.b64encode(wanted).decode(), parameters["oauth_signature"]):
            raise Refused("Invalid signature - provided signature does not match.")

    def _check_time(self, parameters: Mapping[str, str]) -> None:
        now, stamp = int(self._clock().timestamp()), int(parameters["oauth_timestamp"])
        if abs(now - stamp) > WINDOW_SECONDS:
            raise Refused("Invalid timestamp.")
        nonce = parameters["oauth_nonce"]
        if nonce in self.key.nonces:
            raise Refused("Invalid nonce - nonce has already been used.")
        self.key.nonces = {old: at for old, at in self.key.nonces.items() if at > now - WINDOW_SECONDS} | {nonce: stamp}


class Limit:
    """A host's bucket of requests: `per_second` flow in, up to `burst`. Thread-safe."""

    def __init__(self, per_second: float | None, burst: float, clock: Callable[[], datetime]) -> None:
        self._per_second = per_second
        self._burst = self._level = burst
        self._clock = clock
        self._at = clock()
        self._lock = threading.Lock()
        self.answered = self.throttled = 0

    def take(self) -> int:
        """Seconds to wait; 0: the request is let in."""
        with self._lock:
            now = self._clock()
            if self._per_second is not None:
                passed = (now - self._at).total_seconds()
                self._level = min(self._burst, self._level + passed * self._per_second)
            self._at = now
            if self._per_second is None or self._level >= 1:
                self._level -= 0 if self._per_second is None else 1
                self.answered += 1
                return 0
            self.throttled += 1
            return max(1, round((1 - self._level) / self._per_second))


def _encoded(text: str) -> str:
    """As WooCommerce normalises: decoded once more, then encoded."""
    return quote(unquote(text), safe="-._~")
