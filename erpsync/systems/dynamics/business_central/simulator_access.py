"""Who may call, and how often: tokens of the identity platform, and Business Central's limits per user.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
https://learn.microsoft.com/dynamics365/business-central/dev-itpro/administration/operational-limits-online
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from erpsync.systems.dynamics.business_central.simulator_tables import Refusal, Row

SCOPE = "https://api.businesscentral.dynamics.com/.default"


class Tokens:
    """Gives tokens for one application, and knows those that are still good."""

    def __init__(self, client_id: str, client_secret: str, seconds: int) -> None:
        self.seconds = seconds
        self._client_id = client_id
        self._client_secret = client_secret
        self._until: dict[str, float] = {}

    def give(self, body: bytes) -> tuple[int, Row]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "AADSTS70003: unsupported grant type."}
        if form.get("scope") != SCOPE:
            return 400, {"error": "invalid_scope", "error_description": "AADSTS70011: The scope is not valid."}
        if form.get("client_id") != self._client_id:
            return 400, {"error": "unauthorized_client", "error_description": "AADSTS700016: Application not found."}
        if form.get("client_secret") != self._client_secret:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
        token = secrets.token_urlsafe(32)
        self._until[token] = time.monotonic() + self.seconds
        return 200, {"token_type": "Bearer", "expires_in": self.seconds, "access_token": token}

    def check(self, header: str) -> None:
        until = self._until.get(header.removeprefix("Bearer "), 0.0)
        if not header.startswith("Bearer ") or until <= time.monotonic():
            raise Refusal(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")

    def revoke(self) -> None:
        """No token given so far is good any more, as after a secret's rotation."""
        self._until.clear()


class Limits:
    """So many requests at once, so many waiting, so many in five minutes; beyond that 429."""

    def __init__(self, concurrent: int, queue: int, per_window: int, window_seconds: float) -> None:
        self.concurrent = concurrent
        self.queue = queue
        self.per_window = per_window
        self._window_seconds = window_seconds
        self._times: deque[float] = deque()
        self.waiting = 0
        """Requests that stand in the queue."""
        self._active = 0
        self._free = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[None]:
        with self._free:
            self._count()
            if self._active >= self.concurrent:
                if self.waiting >= self.queue:
                    raise Refusal(429, "Application_TooManyRequests", "Too many requests reached. Actual (101).")
                self.waiting += 1
                self._free.notify_all()
                while self._active >= self.concurrent:
                    self._free.wait()
                self.waiting -= 1
            self._active += 1
        try:
            yield
        finally:
            with self._free:
                self._active -= 1
                self._free.notify_all()

    def until_waiting(self, count: int) -> bool:
        """Returns when so many stand in the queue; False where they do not come within a minute."""
        with self._free:
            return self._free.wait_for(lambda: self.waiting >= count, 60)

    def _count(self) -> None:
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._window_seconds:
            self._times.popleft()
        if len(self._times) >= self.per_window:
            raise Refusal(429, "Application_TooManyRequests", "Too many requests reached. Actual (6001).")
        self._times.append(now)
