"""Who may talk to the simulator: users, OAuth clients and the client number, and sessions with their csrf tokens."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from erpsync.systems.sap.odata.simulator_batch import Result


class Access:
    """Not locked: its caller holds the system's lock."""

    def __init__(self, *, oauth: bool) -> None:
        self.user, self.password = "ERPSYNC", secrets.token_urlsafe(12)
        self.client = "100"
        self.oauth = oauth
        self.token_seconds = 3600.0
        self.sessions: dict[str, str] = {}
        self.tokens: dict[str, float] = {}

    def settings(self, base_url: str) -> dict[str, str]:
        if self.oauth:
            token_url = f"{base_url}/oauth/token"
            known = {"token_url": token_url, "client_id": self.user, "client_secret": self.password}
        else:
            known = {"user": self.user, "password": self.password}
        return {"sap_client": self.client, **known}

    def logged_on(self, environ: Mapping[str, Any]) -> bool:
        client = parse_qs(str(environ.get("QUERY_STRING", ""))).get("sap-client", [self.client])
        if client != [self.client]:
            return False
        kind, _, secret = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if self.oauth:
            return kind == "Bearer" and self.tokens.get(secret, 0.0) > time.monotonic()
        return kind == "Basic" and secret == self._basic()

    def token(self, environ: Mapping[str, Any], body: bytes) -> Result:
        form = parse_qs(body.decode())
        kind, _, secret = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if (
            not self.oauth
            or kind != "Basic"
            or secret != self._basic()
            or form.get("grant_type") != ["client_credentials"]
        ):
            return Result(401, [("Content-Type", "application/json")], b'{"error":"invalid_client"}')
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + self.token_seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": int(self.token_seconds)}
        return Result(200, [("Content-Type", "application/json")], json.dumps(answer).encode())

    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def session(self, environ: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
        """The csrf token of the session that the cookie names, else of a new one with the cookie that makes it known."""
        name = f"SAP_SESSIONID_S4H_{self.client}"
        cookies = dict(
            part.strip().partition("=")[::2] for part in str(environ.get("HTTP_COOKIE", "")).split(";") if "=" in part
        )
        if cookies.get(name, "") in self.sessions:
            return self.sessions[cookies[name]], []
        session = secrets.token_urlsafe(18)
        self.sessions[session] = secrets.token_urlsafe(18)
        return self.sessions[session], [("Set-Cookie", f"{name}={session}; path=/; HttpOnly")]
