"""OAuth 2.0 client credentials (RFC 6749, 4.4): a bearer token that is kept in memory and renewed before it ends.

    tokens = ClientCredentials("dynamics_bc", token_url, "client id", secret, scope=scope, clock=clock)
    reply = tokens.call(http, "GET", "/companies", write=False)

As Microsoft Entra ID has it: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from erpsync.domain.errors import Throttled, Transient, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.transport.http import HttpClient, Reply

# Renewed this long before its end, so that no request is under way with a token that has just ended.
_MARGIN = timedelta(minutes=5)
_READ_SECONDS = 30.0
# Entra's own code of what is wrong, and a word from a fixed list: neither holds a name or a secret.
_CODE = re.compile(rb"\bAADSTS\d{4,9}\b")
_ERROR = re.compile(rb'"error"\s*:\s*"([a-z_]{1,60})"')


class ClientCredentials:
    """The token of one application. Held in memory only: it is a secret, and a new one is one request away.

    Not for use by several threads at once, like the HttpClient it signs for.
    """

    def __init__(
        self, system: str, token_url: str, client_id: str, client_secret: SecretStr, *, scope: str, clock: Clock
    ) -> None:
        """`system` names the connection's system in errors."""
        self._system = system
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._clock = clock
        self._http = HttpClient(system, token_url, clock, read_seconds=_READ_SECONDS)
        self._token = ""
        self._renew_at: datetime | None = None

    def current(self) -> str:
        """A token to use now. Raises Unavailable where the credentials are refused or nobody answers, else Throttled or
        Transient."""
        if self._renew_at is None or self._clock.now() >= self._renew_at:
            self._exchange()
        return self._token

    def forget(self) -> None:
        """The next call asks for a new token: the remote refused this one before its time, as after a rotation."""
        self._renew_at = None

    def call(
        self,
        http: HttpClient,
        method: str,
        path: str,
        *,
        write: bool,
        params: Mapping[str, str] | None = None,
        json_body: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        returns: Collection[int] = (),
    ) -> Reply:
        """`http.call`, signed. A 401 is answered with a new token and one more try, which is safe for writes too: a
        request that was refused so was not begun. A second 401 is raised as Unavailable, or returned where `returns`
        has it."""
        options: dict[str, Any] = {"write": write, "params": params, "json_body": json_body, "data": data}
        first = http.call(method, path, **options, headers=self._signed(headers), returns={*returns, 401})
        if first.status != 401:
            return first
        self.forget()
        return http.call(method, path, **options, headers=self._signed(headers), returns=returns)

    def _signed(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**(headers or {}), "Authorization": f"Bearer {self.current()}"}

    def _exchange(self) -> None:
        """The times of RFC 6749 are counted from when the request was sent, so that none is used past its end."""
        asked_at = self._clock.now()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
            "scope": self._scope,
        }
        reply = self._http.call(
            "POST",
            self._token_url,
            write=False,
            data=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            returns={401},
        )
        if reply.status != 200:
            raise self._refused(reply)
        answer = reply.json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        seconds = _seconds(answer.get("expires_in")) if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token or seconds is None:
            raise Transient(
                "token-unreadable",
                system=self._system,
                what="The answer of the token endpoint holds no token.",
                next_step="If it stays so, check the connection's token address: something else may be answering there.",
            )
        self._token = token
        # A token that lasts less than the margin is used for half of its time.
        self._renew_at = asked_at + max(timedelta(seconds=seconds) - _MARGIN, timedelta(seconds=seconds / 2))

    def _refused(self, reply: Reply) -> Unavailable | Throttled:
        code = _CODE.search(reply.body)
        error = _ERROR.search(reply.body)
        words = ", ".join(found.decode() for found in (error and error[1], code and code[0]) if found)
        if error and error[1] == b"temporarily_unavailable":
            return Throttled("throttled", system=self._system, what="The token endpoint asks for patience.")
        return Unavailable(
            "credentials-refused",
            system=self._system,
            what=f"No token is given for the client id and secret ({words or reply.status}).",
            next_step="Check tenant, client_id and client_secret of this connection and that the secret has not expired; "
            "restart the workers and run `erpsync doctor`. Waiting records then go on by themselves.",
        )


def _seconds(value: object) -> float | None:
    """`expires_in` is a number, and text with some servers."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 < seconds < 10**9 else None
