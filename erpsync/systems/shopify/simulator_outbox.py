"""The simulated store's webhooks: signed, and kept until somebody takes them.

Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.systems.shopify.simulator_orders import Order
from erpsync.systems.shopify.simulator_rest import RestView

Request: TypeAlias = tuple[dict[str, str], bytes]
# Deliveries that nobody takes are lost at last, the oldest first.
MAX_DUE = 10_000


class Outbox:
    """Not thread-safe by itself."""

    def __init__(self, secret: str, domain: str, version: str, clock: Callable[[], datetime]) -> None:
        self.secret = secret
        self._domain = domain
        self._version = version
        self._clock = clock
        self._due: deque[Request] = deque(maxlen=MAX_DUE)

    def announce(self, order: Order, *topics: str) -> None:
        """Puts a delivery for each topic on the pile, with the order as it is now."""
        self._due.extend(self.request(order, topic) for topic in topics)

    def take(self) -> list[Request]:
        due = list(self._due)
        self._due.clear()
        return due

    def request(self, order: Order, topic: str) -> Request:
        body = json.dumps(_content(order, topic), default=_number, separators=(",", ":"), ensure_ascii=False).encode()
        now = self._clock()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(self.secret, body),
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-API-Version": self._version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Triggered-At": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond * 1000:09d}Z",
            "X-Shopify-Order-Id": str(order.id),
            "User-Agent": "Shopify-Captain-Hook",
        }
        return headers, body


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _content(order: Order, topic: str) -> Mapping[str, Any]:
    if topic == "orders/delete":
        return {"id": order.id}
    if topic == "refunds/create":
        return RestView(order).refund(order.refunds[-1])
    if topic == "orders/edited":
        at = order.updated_at.isoformat()
        return {"order_edit": {"id": order.id + 1, "order_id": order.id, "created_at": at, "committed_at": at}}
    return RestView(order).body()


def _number(value: object) -> object:
    """Tax rates and the sums of refunds are numbers in a webhook, unlike all other amounts."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
