"""How WooCommerce's webhooks are believed and read.

Sources: https://woocommerce.com/document/webhooks/ and deliveries of real 10.0.2 and 7.9.0 shops. A body is made when it is
delivered, not when the thing happened: "updated" may come before "created", and both hold the order as it was then. So no
body is taken for the order's state: it is read.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

import simplejson
from pydantic import SecretStr, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.mapper import DRAFTS
from erpsync.systems.woocommerce.refusals import rejected
from erpsync.systems.woocommerce.settings import WooCommerceSettings

FLOW = "orders"
_ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
# Sent unsigned when a webhook is made; WooCommerce wants it answered with 200, and it says nothing else.
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_PING_KEY = "ping"


class WooCommerceWebhooks:
    """Reads the deliveries of one shop."""

    def __init__(self, settings: WooCommerceSettings) -> None:
        secrets = (settings.webhook_secret, settings.previous_webhook_secret)
        self._secrets = tuple(_bytes(secret) for secret in secrets if secret is not None)

    def verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - WooCommerce signs no time
        """See the port. The ping is let in though it proves nothing: it changes nothing, and all pings are one delivery, so
        that a stranger who sends them leaves one row at most."""
        if _is_ping(delivery):
            return
        try:
            given = base64.b64decode(delivery.headers.get("x-wc-webhook-signature", ""), validate=True)
        except (binascii.Error, ValueError):
            raise NotAuthentic("the signature is not base64") from None
        if not given:
            raise NotAuthentic("there is no signature")
        # Every secret is tried, so that the time taken does not tell which one matched.
        matches = [hmac.compare_digest(given, _sign(secret, delivery.body)) for secret in self._secrets]
        if not any(matches):
            raise NotAuthentic("the signature does not fit the body")

    def delivery_key(self, delivery: Delivery) -> str:
        """X-WC-Webhook-Delivery-ID is the webhook and the second, the same for two orders: it counts with the body only."""
        if _is_ping(delivery):
            return _PING_KEY
        parts = (delivery.headers.get("x-wc-webhook-delivery-id", ""), self.topic(delivery))
        return hashlib.sha256(
            b"\0".join([*(part.encode(errors="replace") for part in parts), delivery.body])
        ).hexdigest()

    def topic(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-wc-webhook-topic", "").strip().lower()[:100]

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        """See the port. A ping, a deleted order ({"id": N}), an error object that came in place of an order, a draft and
        anything that is no order change nothing: the first that tells of it is a poll."""
        if _is_ping(delivery) or self.topic(delivery) not in _ORDER_TOPICS:
            return []
        body = _object(delivery.body)
        if "id" not in body and {"code", "message"} <= body.keys():
            return []
        try:
            head = wire.OrderHead.model_validate(body)
        except ValidationError as error:
            raise _unreadable(f"the field {error.errors()[0]['loc'][0]} cannot be read") from None
        if head.status in DRAFTS:
            return []
        return [Change(FLOW, SourceId(head.id), head.date_modified_gmt, head.number or head.id, carries_state=False)]


def _is_ping(delivery: Delivery) -> bool:
    return (
        _PING.fullmatch(delivery.body) is not None
        and "x-wc-webhook-signature" not in delivery.headers
        and "x-wc-webhook-topic" not in delivery.headers
    )


def _object(body: bytes) -> dict[str, object]:
    try:
        found = simplejson.loads(body, use_decimal=True)
    except ValueError:
        raise _unreadable("the body is not JSON") from None
    if not isinstance(found, dict):
        raise _unreadable("the body is not one record")
    return found


def _sign(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def _bytes(secret: SecretStr) -> bytes:
    return secret.get_secret_value().encode()


def _unreadable(complaint: str) -> Rejected:
    return rejected(
        "delivery-unreadable",
        f"In the webhook, {complaint}.",
        "Check in WooCommerce (Settings > Advanced > Webhooks) that its API version is v3; the order is read again when it"
        " changes, or found by the next poll.",
    )
