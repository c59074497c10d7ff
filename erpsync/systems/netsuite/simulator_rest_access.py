"""Who may call the REST face: OAuth 2.0 client credentials with a certificate.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

TOKEN_SECONDS = 3600
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_PROOF_SECONDS = 3600
# How far ahead a client's clock may be is not documented.
_TOLERANCE_SECONDS = 60

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Refused(Exception):
    """No token is given, for the reason that RFC 6749 has a word for."""


class Certificates:
    """One integration, and the certificate it proves itself by. Gives and checks access tokens. Thread-safe."""

    def __init__(self, now: Callable[[], datetime], key: PrivateKey | None = None) -> None:
        self.client_id = "sandbox-client-id"
        self.certificate_id = "sandbox-certificate-id"
        self.revoked = False
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self._now = now
        self._lock = threading.Lock()
        self._ends: dict[str, datetime] = {}

    @property
    def private_key(self) -> str:
        """As a person keeps it, in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def exchange(self, form: Mapping[str, str], token_url: str) -> dict[str, str]:
        """An access token for a signed proof. Raises Refused."""
        if form.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type")
        if form.get("client_assertion_type") != _ASSERTION or not form.get("client_assertion"):
            raise Refused("invalid_request")
        self._check(form["client_assertion"], token_url)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._ends[token] = self._now() + timedelta(seconds=TOKEN_SECONDS)
        return {"access_token": token, "expires_in": str(TOKEN_SECONDS), "token_type": "bearer"}

    def knows(self, authorization: str) -> bool:
        """Whether the header has a token that lasts."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            ends = self._ends.get(token)
        return not self.revoked and scheme.lower() == "bearer" and ends is not None and self._now() < ends

    def end_all(self) -> None:
        """Ends every token before its time."""
        with self._lock:
            self._ends.clear()

    def _check(self, proof: str, token_url: str) -> None:
        try:
            header = jwt.get_unverified_header(proof)
            claims: dict[str, Any] = jwt.decode(
                proof,
                self.key.public_key(),
                algorithms=list(ALGORITHMS),
                options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
            )
            issued_at, ends_at = int(claims["iat"]), int(claims["exp"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise Refused("invalid_client") from None
        now = self._now().timestamp()
        right = (
            not self.revoked
            and header.get("kid") == self.certificate_id
            and claims.get("iss") == self.client_id
            and claims.get("aud") == token_url
            and "rest_webservices" in claims.get("scope", "")
        )
        timely = issued_at <= now + _TOLERANCE_SECONDS and now < ends_at
        if not right or not timely or ends_at - issued_at >= _LONGEST_PROOF_SECONDS:
            raise Refused("invalid_client")
