"""Access tokens by OAuth 2.0 client credentials:
https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from erpsync.domain.errors import Transient, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.names import SYSTEM
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.transport.http import HttpClient

# Renewed this long before it ends, so that no call sets out with a token that ends under way.
_EARLY = timedelta(minutes=5)
# Entra's codes for what a person must mend: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
_REASONS = {
    "invalid_client": "The client secret is wrong or has expired; make a new one for the app registration.",
    "unauthorized_client": "The application is not known in this tenant; check tenant_id and client_id.",
    "invalid_request": "The tenant is not known; check tenant_id.",
    "invalid_scope": "The address asked for is not a resource of this tenant; check base_url.",
}


class Tokens:
    """The token of one connection, renewed when it is about to end."""

    def __init__(self, settings: DynamicsSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._http = HttpClient(SYSTEM, settings.token_address, clock)
        self._token = ""
        self._until: datetime | None = None

    def header(self) -> dict[str, str]:
        """The Authorization header. Raises Unavailable where Entra gives no token."""
        if self._until is None or self._clock.now() >= self._until:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        self._until = None

    def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "scope": self._settings.scope,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = self._http.call("POST", "", write=False, data=urlencode(form).encode(), headers=headers)
        answer = reply.json()
        if reply.status != 200 or not isinstance(answer, dict) or not answer.get("access_token"):
            raise _refused(str(answer.get("error", "")) if isinstance(answer, dict) else "")
        try:
            lasts = timedelta(seconds=int(answer["expires_in"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Transient("reply-unreadable", system=SYSTEM, what="The token's duration is unreadable.") from error
        self._token = answer["access_token"]
        self._until = self._clock.now() + max(lasts - _EARLY, lasts / 2)


def _refused(code: str) -> Unavailable:
    return Unavailable(
        "credentials-refused",
        system=SYSTEM,
        what=f"Microsoft Entra gave no access token ({code if code in _REASONS else 'no known reason'}).",
        next_step=_REASONS.get(code, "Check tenant_id, client_id and client_secret, then run `erpsync doctor`."),
    )
