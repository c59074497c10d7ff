"""A Shopify store to practise on: its Admin GraphQL API, its webhooks, and a hand on what happens in it.

Besides what Shopify has there is a control surface, as methods and, for other processes, under /_control/:

- POST /_control/orders {"count": 3} or {"order": {...}} (see `Shop.place`) places orders
- POST /_control/orders/ID/edit, /refund, /cancel, /delete with the arguments as JSON
- POST /_control/deliveries takes the webhooks that are due

Each answers {"orders": [...], "deliveries": [{"headers": {...}, "body": "..."}]}: the store sends nothing by itself.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from erpsync.ports.simulator import Start
from erpsync.systems.shopify.simulator_api import AdminApi, Response, Rules
from erpsync.systems.shopify.simulator_orders import Fulfilment, Order, in_shop_money, totals
from erpsync.systems.shopify.simulator_outbox import Outbox, Request
from erpsync.systems.shopify.simulator_store import SKUS, Shop

WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 - of a simulator
_ORDER_ACTION = re.compile(r"/_control/orders/(\d+)/(edit|refund|cancel|delete)")


def _now() -> datetime:
    return datetime.now(UTC)


class ShopifySimulator:
    """Implements `erpsync.ports.simulator.Simulator`. What its users and buyers do is in `simulator_controls`, which holds
    `lock` while it changes `shop`."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = _now,
        skus: Mapping[str, Decimal] = SKUS,
        latency_seconds: float = 0.0,
        webhook_secret: str = WEBHOOK_SECRET,
        **rules: Any,
    ) -> None:
        """`rules` are the fields of `simulator_api.Rules`."""
        self.rules = replace(Rules(), **rules)
        self._clock = clock
        self._latency_seconds = latency_seconds
        self.lock = threading.RLock()
        self.shop = Shop(clock, skus)
        self.outbox = Outbox(webhook_secret, self.rules.domain, self.rules.versions[-1], clock)
        self.api = AdminApi(self.shop, self.rules, clock, self.outbox.announce)

    # --- what happens in the store -----------------------------------------------------------------

    def place_order(self, lines: Sequence[Mapping[str, Any]] | None = None, **wanted: Any) -> str:
        """Places an order, see `Shop.place`, and returns its id."""
        with self.lock:
            order = self.shop.place(lines, **wanted)
            self.outbox.announce(order, "orders/create", *(["orders/paid"] if order.financial_status == "PAID" else []))
            return str(order.id)

    def edit_order(self, order_id: str, **edit: Any) -> None:
        """Edits lines or the note, see `Shop.edit`."""
        with self.lock:
            self.outbox.announce(self.shop.edit(self.shop.find(order_id), **edit), "orders/edited", "orders/updated")

    def refund_order(self, order_id: str, **refund: Any) -> None:
        """Gives back goods or money, see `Shop.refund`."""
        with self.lock:
            order = self.shop.refund(self.shop.find(order_id), **refund)
            self.outbox.announce(order, "refunds/create", "orders/updated")

    def cancel_order(self, order_id: str) -> None:
        with self.lock:
            self.outbox.announce(self.shop.cancel(self.shop.find(order_id)), "orders/cancelled", "orders/updated")

    def delete_order(self, order_id: str) -> None:
        with self.lock:
            self.outbox.announce(self.shop.orders.pop(int(order_id)), "orders/delete")

    def forget_tokens(self) -> None:
        """As when the app is installed anew: tokens given out before are refused."""
        with self.lock:
            self.api.forget_tokens()

    def deliver(self, order_id: str, topic: str) -> Request:
        """A signed request about the order as it is now. Sending the pair again is Shopify's redelivery."""
        with self.lock:
            return self.outbox.request(self.shop.find(order_id), topic)

    def webhook_requests(self) -> list[Request]:
        """The requests that are due since this was last asked, in the order of what happened."""
        with self.lock:
            return self.outbox.take()

    # --- the Simulator protocol --------------------------------------------------------------------

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "shop": self.rules.domain,
            "access_token": self.rules.access_token,
            "webhook_secret": self.outbox.secret,
            "base_url": base_url,
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self.lock:
            return {
                "orders": [_record(order) for order in self.shop.orders.values()],
                "fulfilments": [
                    _shipment(order, each) for order in self.shop.orders.values() for each in order.fulfilments
                ],
                "subscriptions": [dict(each) for each in self.api.subscriptions],
            }

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        path = str(environ.get("PATH_INFO", ""))
        if path.endswith("/graphql.json"):
            try:
                return str(json.loads(body).get("operationName") or "graphql")
            except (ValueError, AttributeError):
                return "graphql"
        return "access_token" if path == "/admin/oauth/access_token" else path.strip("/")

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if self._latency_seconds:
            time.sleep(self._latency_seconds)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with self.lock:
            self.api.bulk.base_url = f"http://{environ.get('HTTP_HOST', '')}"
            response = self._respond(environ, body)
        given = response.body
        content = given if isinstance(given, bytes) else json.dumps(given, default=str).encode()
        headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", str(len(content))),
            ("Date", self._clock().strftime("%a, %d %b %Y %H:%M:%S GMT")),
            *response.headers,
        ]
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
        return [content]

    # --- how -----------------------------------------------------------------------------------------

    def _respond(self, environ: Mapping[str, Any], body: bytes) -> Response:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path == "/admin/oauth/access_token" and method == "POST":
            return self.api.exchange(body)
        if path.startswith("/admin/api/"):
            return self.api.answer(method, path, environ.get("HTTP_X_SHOPIFY_ACCESS_TOKEN", ""), body)
        if path.startswith("/_bulk/") and method == "GET":
            number = path.removeprefix("/_bulk/").removesuffix(".jsonl")
            return Response(*self.api.bulk.file(int(number), environ.get("HTTP_RANGE", "")))
        if path.startswith("/_control/") and method == "POST":
            return self._control(path, body)
        return Response(404, {"errors": "Not Found"})

    def _control(self, path: str, body: bytes) -> Response:
        try:
            wanted = json.loads(body or b"{}")
            orders = self._act(path, wanted)
        except (ValueError, TypeError, KeyError, StopIteration) as error:
            return Response(400, {"errors": f"{type(error).__name__}: {error}"})
        if orders is None:
            return Response(404, {"errors": "Not Found"})
        due = [{"headers": headers, "body": content.decode()} for headers, content in self.webhook_requests()]
        known = [self.shop.orders[int(each)] for each in orders if int(each) in self.shop.orders]
        return Response(200, {"orders": [_record(order) for order in known], "deliveries": due})

    def _act(self, path: str, wanted: dict[str, Any]) -> list[str] | None:
        if path == "/_control/deliveries":
            return []
        if path == "/_control/orders":
            count = int(wanted.get("count", 1))
            return [self.place_order(**wanted.get("order", {})) for _ in range(count)]
        found = _ORDER_ACTION.fullmatch(path)
        if found is None:
            return None
        getattr(self, f"{found[2]}_order")(found[1], **wanted)
        return [found[1]]


def create() -> ShopifySimulator:
    """One with the standard seed: 50 items, 10 customers, no orders yet."""
    return ShopifySimulator()


def _shipment(order: Order, each: Fulfilment) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "order_id": str(order.id),
        "location": str(each.location),
        "numbers": list(each.numbers),
        "lines": {str(line.sku): quantity for _, line, quantity in each.lines},
        "notified": each.notified,
        "status": each.status,
    }


def _record(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "name": order.name,
        "lines": [{"sku": line.sku, "quantity": line.current} for line in order.lines],
        "total": f"{totals(order, in_shop_money)['current_total']:f}",
        "currency": order.currency,
        "cancelled": order.cancelled_at is not None,
        "updated_at": order.updated_at.isoformat(),
        "metafields": {name: dict(metafield) for name, metafield in order.metafields.items()},
    }
