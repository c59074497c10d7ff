"""The access token: the lasting one of the settings, or one that is exchanged for the app's credentials each day.

Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from erpsync.domain.errors import Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.shopify import refusals
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.transport.http import HttpClient

_PATH = "/admin/oauth/access_token"
# Renewed this long before its end, so that no request is under way with a token that has just ended.
_MARGIN = timedelta(minutes=5)


class Tokens:
    """Holds the token in memory only: it is a secret, and a new one is one request away."""

    def __init__(self, settings: ShopifySettings, http: HttpClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._token = ""
        self._until: datetime | None = None

    @property
    def can_renew(self) -> bool:
        return self._settings.access_token is None

    def current(self) -> str:
        """A token to use now. Raises Unavailable where the app's credentials are refused."""
        if self._settings.access_token is not None:
            return self._settings.access_token.get_secret_value()
        if self._until is None or self._clock.now() >= self._until:
            self._exchange()
        return self._token

    def forget(self) -> None:
        self._until = None

    def _exchange(self) -> None:
        secret = self._settings.client_secret
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": secret.get_secret_value() if secret else "",
        }
        reply = self._http.call(
            "POST",
            _PATH,
            write=False,
            data=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )
        if reply.status == 400:
            raise _refused(reply.body)
        refusal = refusals.of_status(reply.status)
        if refusal is not None:
            raise refusal
        answer = reply.json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        lasts = answer.get("expires_in", 0) if isinstance(answer, dict) else 0
        if not isinstance(token, str) or not token or not isinstance(lasts, int):
            raise _refused(b"")
        self._token = token
        self._until = self._clock.now() + max(timedelta(seconds=lasts) - _MARGIN, timedelta(seconds=1))


def _refused(body: bytes) -> Unavailable:
    code = re.search(rb'"error"\s*:\s*"([a-z_]{1,60})"', body)
    reason = f" ({code[1].decode()})" if code else ""
    return Unavailable(
        "credentials-refused",
        system=SYSTEM,
        what=f"Shopify gives no token for the client id and secret{reason}.",
        next_step="Check client_id and client_secret, and that the app is installed in this store, which must belong to "
        "the same organization; waiting records then go on by themselves.",
    )
