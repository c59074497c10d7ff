"""How requests prove who they are: a communication user, or a bearer token by OAuth 2.0 client credentials."""

from base64 import b64encode
from datetime import datetime, timedelta
from urllib.parse import urlencode

from erpsync.domain.errors import Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.transport.http import HttpClient

# Renewed this long before its end, so that no request is under way with a token that has just ended.
_MARGIN = timedelta(seconds=60)


class Access:
    """Holds the token in memory only. Not for use by several threads at once."""

    def __init__(self, settings: SapODataSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._token = ""
        self._until: datetime | None = None

    @property
    def can_renew(self) -> bool:
        """Whether a refused token may merely have ended early."""
        return bool(self._settings.token_url) and self._until is not None

    def header(self) -> str:
        """The Authorization header of the next request. Raises Unavailable where no token is given."""
        if not self._settings.token_url:
            return _basic(self._settings.user, self._settings.password.get_secret_value())
        if self._until is None or self._clock.now() >= self._until:
            self._ask()
        return f"Bearer {self._token}"

    def forget(self) -> None:
        self._until = None

    def _ask(self) -> None:
        form = {"grant_type": "client_credentials"}
        if self._settings.scope:
            form["scope"] = self._settings.scope
        secret = self._settings.client_secret.get_secret_value()
        reply = HttpClient(SYSTEM, self._settings.token_url, self._clock).call(
            "POST",
            "",
            write=False,
            data=urlencode(form).encode(),
            headers={
                "Authorization": _basic(self._settings.client_id, secret),
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            returns={401},
        )
        answer = reply.json() if reply.status == 200 else {}
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Unavailable(
                "credentials-refused",
                system=SYSTEM,
                what=f"The token endpoint gives no token for the client id and secret ({reply.status}).",
                next_step="Check token_url, client_id, client_secret and scope of this connection, restart the workers and "
                "run `erpsync doctor`; waiting records then go on by themselves.",
            )
        lasts = str(answer.get("expires_in"))
        seconds = int(lasts) if lasts.isdigit() else 300
        self._token = token
        self._until = self._clock.now() + max(timedelta(seconds=seconds) - _MARGIN, timedelta(seconds=1))


def _basic(user: str, secret: str) -> str:
    return "Basic " + b64encode(f"{user}:{secret}".encode()).decode()
