"""Who may do what, and how often: tokens of Entra, rights, and F&O's throttling.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/service-protection-api-limits
"""

import secrets
import time
from collections import deque
from collections.abc import Collection
from urllib.parse import parse_qs

TENANT = "contoso.onmicrosoft.com"
CLIENT_ID = "4c3d2e1f-0000-4000-8000-000000000001"
CLIENT_SECRET = "a secret of the simulated application"  # noqa: S105 - it guards nothing


class Limits:
    """User-based limits: requests within a sliding window, and at once. None: not enforced."""

    def __init__(self, requests: int | None = 6000, window_seconds: float = 300.0, at_once: int = 52) -> None:
        self.requests = requests
        self.window_seconds = window_seconds
        self.at_once = at_once


class Access:
    """Not thread-safe by itself. `denied` are (method, entity) pairs that the application's user has no right to."""

    def __init__(self, limits: Limits, token_seconds: int, denied: Collection[tuple[str, str]]) -> None:
        self.denied = set(denied)
        self.busy_seconds = 0
        """While above 0 the environment is short of resources: everything is refused with this Retry-After."""
        self._limits = limits
        self._token_seconds = token_seconds
        self._tokens: dict[str, float] = {}
        self._times: deque[float] = deque()
        self._under_way = 0

    def token(self, tenant: str, form: bytes, host: str) -> tuple[int, dict[str, object]]:
        """The answer of the token endpoint: status and JSON."""
        fields = {name: values[0] for name, values in parse_qs(form.decode()).items()}
        if fields.get("grant_type") != "client_credentials":
            return 400, _refusal("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if tenant != TENANT or fields.get("client_id") != CLIENT_ID:
            return 400, _refusal("unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if fields.get("client_secret") != CLIENT_SECRET:
            return 401, _refusal("invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if fields.get("scope") != f"http://{host}/.default":
            return 400, _refusal("invalid_scope", "AADSTS70011: The provided value for the scope is not valid.")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + self._token_seconds
        return 200, {"token_type": "Bearer", "expires_in": self._token_seconds, "access_token": token}

    def knows(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self._tokens.get(token, 0.0) > time.monotonic()

    def forget_tokens(self) -> None:
        """As after a rotation of the secret."""
        self._tokens.clear()

    def enter(self) -> tuple[str, int] | None:
        """Begins a request; or why it is throttled, and after how many seconds it may come again."""
        if self.busy_seconds:
            return (
                "This request could not be processed at this time due to system experiencing high resource utilization.",
                (self.busy_seconds),
            )
        now = time.monotonic()
        while self._times and self._times[0] < now - self._limits.window_seconds:
            self._times.popleft()
        if self._limits.requests is not None and len(self._times) >= self._limits.requests:
            wait = self._times[0] + self._limits.window_seconds - now
            return f"Number of requests exeeded the limit of {self._limits.requests}.", int(wait) + 1
        if self._under_way >= self._limits.at_once:
            return f"Number of concurrent requests exceeded the limit of {self._limits.at_once}.", 1
        self._times.append(now)
        self._under_way += 1
        return None

    def leave(self) -> None:
        self._under_way -= 1


def _refusal(error: str, description: str) -> dict[str, object]:
    return {"error": error, "error_description": f"{description} Trace ID: 0", "error_codes": []}
