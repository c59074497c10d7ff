"""How BigCommerce's webhooks are believed and read.

A delivery names what changed and carries nothing of it, so that everything is fetched before it is believed. The proof is a
header with a secret of ours, which the webhook was registered with. Lately deliveries are signed as well, by the rules of
https://www.standardwebhooks.com with the client secret of the API account
(https://developer-beta.bigcommerce.com/docs/integrations/webhooks/http); the signature is asked for where that secret is
configured.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.systems.bigcommerce.refusals import SYSTEM
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

FLOW = "orders"
_PLAIN = re.compile(r"[A-Za-z0-9/*_.-]{1,64}")
_MAX_EPOCH = 4_102_444_800  # the year 2100: later is no time of an event


class BigCommerceWebhooks:
    """Reads the deliveries of one store."""

    def __init__(self, settings: BigCommerceSettings) -> None:
        self._producer = f"stores/{settings.store_hash}"
        self._header = settings.webhook_header.lower()
        self._secrets = tuple(secret.encode() for secret in settings.webhook_secrets)
        client_secret = settings.client_secret
        self._client_secret = client_secret.get_secret_value().encode() if client_secret else None

    def verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - see below
        """See the port. The age is not judged: repeats come for 48 hours, and an old delivery only makes erpsync read the
        order as it is now."""
        given = delivery.headers.get(self._header, "").encode()
        if not given:
            raise NotAuthentic("there is no secret")
        # Every secret is tried, so that the time taken does not tell which one matched.
        matches = [hmac.compare_digest(given, secret) for secret in self._secrets]
        if not any(matches):
            raise NotAuthentic("the secret is not ours")
        if self._client_secret is not None:
            self._verify_signature(delivery, self._client_secret)
        body = _read(delivery.body)
        if body is None:
            raise NotAuthentic("the body is not a delivery's")
        if body.get("producer") != self._producer:
            raise NotAuthentic("the delivery is another store's")

    def delivery_key(self, delivery: Delivery) -> str:
        """Of what repeats have alike: topic, record, hash and time
        (https://developer.bigcommerce.com/docs/integrations/webhooks#troubleshooting). By the documents' examples the hash
        is of the record and not of the event: two changes of one second differ by the id of a signed delivery alone, and
        without one the second is found by the next poll."""
        body = _read(delivery.body) or {}
        found_hash, created = body.get("hash"), body.get("created_at")
        scope, source_id = self.topic(delivery), _order_id(body)
        if isinstance(found_hash, str) and _PLAIN.fullmatch(found_hash) and isinstance(created, int) and source_id:
            message = delivery.headers.get("webhook-id", "").strip()
            marked = f":{message}" if _PLAIN.fullmatch(message) else ""
            return f"{scope}:{source_id}:{found_hash}:{created}{marked}"[:200]
        return f"sha256:{hashlib.sha256(delivery.body).hexdigest()}"

    def topic(self, delivery: Delivery) -> str:
        scope = (_read(delivery.body) or {}).get("scope")
        return scope if isinstance(scope, str) and _PLAIN.fullmatch(scope) else ""

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        """See the port. The version is the event's time in whole seconds, as `date_modified` is; where two deliveries have
        the same, the order is read, which it is in any case."""
        body = _read(delivery.body)
        if body is None:
            raise _unreadable("the body is not a JSON object")
        if not self.topic(delivery).startswith(("store/order/", "store/shipment/")):
            return []
        source_id = _order_id(body)
        if not source_id:
            raise _unreadable("there is no order's id")
        created = body.get("created_at")
        if isinstance(created, bool) or not isinstance(created, int) or not 0 < created < _MAX_EPOCH:
            raise _unreadable("created_at is not a time")
        return [Change(FLOW, SourceId(source_id), datetime.fromtimestamp(created, UTC), source_id, carries_state=False)]

    def _verify_signature(self, delivery: Delivery, secret: bytes) -> None:
        headers = delivery.headers
        signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + delivery.body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
        given = [part.partition(",")[2].encode() for part in headers.get("webhook-signature", "").split()]
        matches = [hmac.compare_digest(one, expected) for one in given]
        if not any(matches):
            raise NotAuthentic("the signature does not fit the body")


def _read(body: bytes) -> Mapping[str, object] | None:
    """None where it is no JSON object."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _order_id(body: Mapping[str, object]) -> str:
    """The order that it is about, empty where none is told: a shipment's delivery has its own id beside the order's."""
    data = body.get("data")
    if not isinstance(data, dict):
        return ""
    found = data.get("orderId") if data.get("type") == "shipment" else data.get("id")
    if isinstance(found, bool) or not isinstance(found, (int, str)):
        return ""
    text = str(found)
    return text if text.isascii() and text.isdecimal() and len(text) < 16 else ""


def _unreadable(complaint: str) -> Rejected:
    return Rejected(
        "delivery-unreadable",
        system=SYSTEM,
        what=f"In the webhook, {complaint}.",
        next_step="Discard this: the next poll finds what changed. If it comes again, report it.",
    )
