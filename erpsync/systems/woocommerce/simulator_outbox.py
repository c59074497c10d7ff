"""The simulated shop's webhooks: what is due, and the bodies, made when they are taken and not before.

As WooCommerce's class WC_Webhook does it. There is no second try.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from erpsync.ports.simulator import Hook
from erpsync.systems.woocommerce.simulator_shapes import Shapes, delivery_id
from erpsync.systems.woocommerce.simulator_shop import Shop, Webhook

# The seventh failure in a row, as a real shop did it.
FAILURES_TO_DISABLE = 7
_AGENT = "WooCommerce/10.0.2 Hookshot (WordPress/6.8.2)"


class Outbox:
    """Not thread-safe: the caller holds the lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._due: list[tuple[int, str, int]] = []
        self._pings: list[int] = []

    def told(self, shop: Shop, event: str, order_id: int) -> None:
        """What happens again before it is delivered is delivered once."""
        for hook in shop.webhooks.values():
            if hook.status == "active" and hook.topic == event and (hook.id, event, order_id) not in self._due:
                self._due.append((hook.id, event, order_id))

    def ping(self, hook_id: int) -> None:
        self._pings.append(hook_id)

    def take(self, shop: Shop, shapes: Shapes) -> list[Hook]:
        """The pings, then the deliveries; "updated" comes first, as it may."""
        hooks = [_ping(hook_id) for hook_id in self._pings]
        due = sorted(self._due, key=lambda each: each[1] != "order.updated")
        self._pings, self._due = [], []
        for hook_id, event, order_id in due:
            hook = shop.webhooks.get(hook_id)
            if hook is not None and hook.status == "active":
                hooks.append(self._delivery(hook, event, _body(shop, shapes, event, order_id)))
        return hooks

    def failed(self, hook: Webhook) -> None:
        """The receiver did not answer with 2xx."""
        hook.failures += 1
        if hook.failures >= FAILURES_TO_DISABLE:
            hook.status = "disabled"

    def _delivery(self, hook: Webhook, event: str, payload: Any) -> Hook:
        body = json.dumps(payload).encode()
        signature = hmac.new(hook.secret.encode(), body, hashlib.sha256).digest()
        resource, _, name = event.partition(".")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _AGENT,
            "X-WC-Webhook-Source": "https://shop.example.com/",
            "X-WC-Webhook-Topic": event,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": name,
            "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-WC-Webhook-ID": str(hook.id),
            "X-WC-Webhook-Delivery-ID": delivery_id(hook.id, self._clock()),
        }
        return Hook(headers, body)


def _ping(hook_id: int) -> Hook:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": _AGENT}
    return Hook(headers, f"webhook_id={hook_id}".encode())


def _body(shop: Shop, shapes: Shapes, event: str, order_id: int) -> Any:
    if event == "order.deleted":
        return {"id": order_id}
    order = shop.orders.get(order_id)
    if order is None:
        return {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}
    return shapes.order(order)
