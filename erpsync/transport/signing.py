"""Signatures: HMAC-SHA256 over a time and what is sent, so that a copy is worth nothing some minutes later.

A webhook, and an ERP's nudge, signs `TIMESTAMP.BODY`. A call of ours signs `TIMESTAMP.METHOD TARGET.BODY`, where the
target is path and query as they are sent. Both go as `Erpsync-Timestamp: 1795702800` and `Erpsync-Signature: v1=HEX`, or
several of these with a comma between, one for each secret that is in use.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from erpsync.ports.webhooks import NotAuthentic

TIMESTAMP = "Erpsync-Timestamp"
SIGNATURE = "Erpsync-Signature"
# Two secrets in use make two; more than a few are somebody who tries.
_MAX_SIGNATURES = 8
_HEX = re.compile(r"v1=([0-9a-f]{64})")


def call_headers(secrets: Sequence[bytes], method: str, target: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that sign one request of ours."""
    timestamp = str(int(now.timestamp()))
    signed = f"{timestamp}.{method} {target}.".encode() + body
    return {TIMESTAMP: timestamp, SIGNATURE: ", ".join(f"v1={_hex(secret, signed)}" for secret in secrets)}


def verify_webhook(
    secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime, window_seconds: float
) -> None:
    """Raises NotAuthentic. `headers` are by lower-case name; the time taken does not tell which secret nearly fitted."""
    timestamp = headers.get(TIMESTAMP.lower(), "").strip()
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 11:
        raise NotAuthentic("there is no timestamp in seconds since 1970")
    given = headers.get(SIGNATURE.lower(), "").split(",")[:_MAX_SIGNATURES]
    signatures = [found.group(1) for one in given if (found := _HEX.fullmatch(one.strip()))]
    if not signatures:
        raise NotAuthentic("there is no signature")
    expected = [_hex(secret, f"{timestamp}.".encode() + body) for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in expected for other in signatures]
    if not any(matches):
        raise NotAuthentic("the signature does not fit timestamp and body")
    if abs(now.timestamp() - int(timestamp)) > window_seconds:
        raise NotAuthentic("the timestamp is too old or too new")


def _hex(secret: bytes, signed: bytes) -> str:
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()
