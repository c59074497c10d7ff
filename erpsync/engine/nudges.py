"""The nudge that any ERP can send from a script of its own: signed as a custom shop's webhooks are, and the same for all.

    POST /webhooks/CONNECTION
    Erpsync-Timestamp: 1795702800
    Erpsync-Signature: v1=HEX of HMAC-SHA256 over TIMESTAMP.BODY with the connection's `nudge_secret`

    {"changed": ["stock", "products"]}

Whatever else the body holds is the sender's own affair. It makes two nudges of one second two.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.ports.webhooks import Change, Delivery, Nudge, Webhooks
from erpsync.transport import signing

WINDOW_SECONDS = 300.0
_SIGNED = signing.TIMESTAMP.lower()


class _Body(BaseModel):
    changed: list[Annotated[str, Field(max_length=40)]] = Field(max_length=20)


class SignedNudges:
    """Reads an ERP's signed nudges. See `erpsync.ports.webhooks.Webhooks`."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret.get_secret_value().encode()

    def verify(self, delivery: Delivery, now: datetime) -> None:
        signing.verify_webhook([self._secret], delivery.headers, delivery.body, now, WINDOW_SECONDS)

    def delivery_key(self, delivery: Delivery) -> str:
        signed = f"{delivery.headers.get(_SIGNED, '')}.".encode() + delivery.body
        return f"nudge:{hashlib.sha256(signed).hexdigest()}"

    def topic(self, delivery: Delivery) -> str:
        del delivery
        return "nudge"

    def changes(self, delivery: Delivery) -> Sequence[Nudge]:
        try:
            flows = _Body.model_validate_json(delivery.body).changed
        except ValidationError:
            raise Rejected(
                "delivery-unreadable",
                system="erpsync",
                what='The body of a nudge is not of the form {"changed": ["stock"]}.',
                next_step="Correct the script that sends it, then discard this; the poll finds what changed all the same.",
            ) from None
        return [Nudge(flow) for flow in dict.fromkeys(flows)]


class NudgesAndOwn:
    """Reads signed nudges, and what else comes as the system's own webhooks do it."""

    def __init__(self, nudges: SignedNudges, own: Webhooks) -> None:
        self._nudges = nudges
        self._own = own

    def verify(self, delivery: Delivery, now: datetime) -> None:
        self._reader(delivery).verify(delivery, now)

    def delivery_key(self, delivery: Delivery) -> str:
        return self._reader(delivery).delivery_key(delivery)

    def topic(self, delivery: Delivery) -> str:
        return self._reader(delivery).topic(delivery)

    def changes(self, delivery: Delivery) -> Sequence[Change | Nudge]:
        return self._reader(delivery).changes(delivery)

    def _reader(self, delivery: Delivery) -> Webhooks:
        """By the timestamp: the inbox keeps no signature."""
        return self._nudges if _SIGNED in delivery.headers else self._own


def webhooks_of(nudge_secret: SecretStr | None, own: Webhooks | None) -> Webhooks | None:
    """What reads a connection's deliveries; None where it sends none."""
    if nudge_secret is None:
        return own
    nudges = SignedNudges(nudge_secret)
    return nudges if own is None else NudgesAndOwn(nudges, own)
