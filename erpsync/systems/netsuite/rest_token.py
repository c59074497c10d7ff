"""The bearer token of a connection: OAuth 2.0 client credentials, the client proving itself by a signed JWT.

Request: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162755359851.html
JWT: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from erpsync.domain.errors import Transient, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.transport.http import HttpClient, Reply

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
# NetSuite takes up to 60 minutes; a proof that is used at once needs no more than this.
_PROOF_SECONDS = 300
# Tokens last 60 minutes; renewed so long before their end that no request is under way with one that just ended.
_MARGIN = timedelta(minutes=5)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_ERROR = re.compile(rb'"error"\s*:\s*"([a-z_]{1,40})"')
# A clock that is this far off explains a refusal.
_NOTABLE_SKEW_SECONDS = 60.0


class Tokens:
    """The token of one connection, kept in memory and renewed before it ends. Not for use by several threads at once."""

    def __init__(self, settings: NetSuiteSettings, clock: Clock) -> None:
        self.replied_at: datetime | None = None
        """The Date header of the latest answer, which comes even with a refusal."""
        self._settings = settings
        self._clock = clock
        self._http = HttpClient(SYSTEM, settings.address, clock, read_seconds=settings.timeout_seconds)
        self._token = ""
        self._renew_at: datetime | None = None

    def current(self) -> str:
        """A token to use now. Raises Unavailable where the key, the certificate or the integration is refused."""
        if self._renew_at is None or self._clock.now() >= self._renew_at:
            self._exchange()
        return self._token

    def forget(self) -> None:
        """The next call asks for a new token: NetSuite refused this one before its time."""
        self._renew_at = None

    def _exchange(self) -> None:
        asked_at = self._clock.now()
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": proof(self._settings, asked_at),
        }
        reply = self._http.call(
            "POST",
            TOKEN_PATH,
            write=False,
            data=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            returns={401},
        )
        self.replied_at = date_of(reply)
        if reply.status != 200:
            raise self._refused(reply)
        answer = reply.json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Transient("token-unreadable", system=SYSTEM, what="The answer of the token endpoint holds no token.")
        self._token = token
        lasts = timedelta(seconds=float(answer.get("expires_in") or 3600))
        self._renew_at = asked_at + max(lasts - _MARGIN, lasts / 2)

    def _refused(self, reply: Reply) -> Unavailable:
        found = _ERROR.search(reply.body)
        why = found[1].decode() if found else str(reply.status)
        skew = (self._clock.now() - self.replied_at).total_seconds() if self.replied_at else 0.0
        if abs(skew) > _NOTABLE_SKEW_SECONDS:
            return Unavailable(
                "credentials-refused",
                system=SYSTEM,
                what=f"NetSuite gives no token ({why}), and this machine's clock is off by {abs(skew):.0f} s.",
                next_step="Set this machine's clock by NTP (timedatectl set-ntp true); waiting records then go on.",
            )
        return Unavailable(
            "credentials-refused",
            system=SYSTEM,
            what=f"NetSuite gives no token for the certificate ({why}).",
            next_step="Compare `account`, `client_id`, `certificate_id` and `private_key` of this connection with Setup > "
            "Integration > Manage Authentication > OAuth 2.0 Client Credentials (M2M) Setup: revoked or expired? A "
            "sandbox's are gone after each refresh. Then run `erpsync doctor`; waiting records go on by themselves.",
        )


def proof(settings: NetSuiteSettings, now: datetime) -> str:
    """The signed JWT that proves who asks. Raises Unavailable where the private key cannot be used."""
    pem = settings.private_key.get_secret_value().replace("\\n", "\n").strip().encode()
    issued_at = int(now.timestamp())
    claims = {
        "iss": settings.client_id.get_secret_value(),
        "scope": "rest_webservices",
        "aud": f"{settings.address}{TOKEN_PATH}",
        "iat": issued_at,
        "exp": issued_at + _PROOF_SECONDS,
    }
    try:
        key = load_pem_private_key(pem, password=None)
        if isinstance(key, RSAPrivateKey):
            return jwt.encode(claims, key, "PS256", headers={"kid": settings.certificate_id})
        if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES:
            return jwt.encode(claims, key, _CURVES[key.curve.name], headers={"kid": settings.certificate_id})
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise Unavailable(
        "private-key-unusable",
        system=SYSTEM,
        what="The private key is not a PEM text of an RSA key or of an EC key on P-256, P-384 or P-521, without password.",
        next_step="Give `private_key` the whole PEM file of the certificate's key (3072 or 4096 bits if RSA), then restart "
        "the workers.",
    )


def date_of(reply: Reply) -> datetime | None:
    """The remote's clock when it answered."""
    try:
        return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None
