"""The simulated shop's routes but those of its catalogue: orders, customers, webhooks, settings."""

from collections.abc import Callable, Mapping
from typing import Any

from erpsync.systems.woocommerce.simulator_catalogue import Shelves
from erpsync.systems.woocommerce.simulator_lists import Answer, Trouble, batch, in_time, listed
from erpsync.systems.woocommerce.simulator_shapes import Shapes
from erpsync.systems.woocommerce.simulator_shop import Order, Shop, Webhook

# Statuses that "any" leaves out; a checkout's draft it does not.
_HIDDEN = frozenset({"trash", "auto-draft"})
_STATUSES = frozenset(
    {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"}
)


class Api:
    """Not thread-safe: the caller holds the lock. `pinged` is told of every webhook that is made."""

    def __init__(
        self,
        shop: Shop,
        shapes: Shapes,
        shelves: Shelves,
        *,
        batch_limit: int,
        pinged: Callable[[int], None],
    ) -> None:
        self.shop = shop
        self.shapes = shapes
        self.shelves = shelves
        self._batch_limit = batch_limit
        self._pinged = pinged

    def answer(self, method: str, parts: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        """Raises Trouble."""
        match (method, *parts):
            case ("GET", "orders"):
                return listed(self._orders(query), self.shapes.order, query)
            case ("GET", "orders", order_id):
                return Answer(200, self.shapes.order(self._order(order_id, 404)))
            case ("POST", "orders"):
                order = self.shop.place({}, status="pending")
                return Answer(201, self.shapes.order(self._change_order(order, body)))
            case ("POST", "orders", "batch"):
                return batch(
                    body,
                    self._batch_limit,
                    self.shapes.order,
                    lambda row: self._change_order(self._order(row["id"], 400), row),
                )
            case ("PUT" | "POST", "orders", order_id):
                return Answer(200, self.shapes.order(self._change_order(self._order(order_id, 400), body)))
            case ("DELETE", "orders", order_id):
                order = self._order(order_id, 404)
                self.shop.trash(order, force=query.get("force") == "true")
                return Answer(200, self.shapes.order(order))
            case ("GET", "orders", order_id, "refunds"):
                order = self._order(order_id, 404)
                return listed(order.refunds, lambda refund: self.shapes.refund(order, refund), query)
            case ("GET", "orders", order_id, "notes"):
                return self._notes(self._order(order_id, 404), query)
            case ("POST", "orders", order_id, "notes"):
                return self._add_note(self._order(order_id, 404), body)
            case ("GET", "customers"):
                customers = [
                    customer
                    for customer in self.shop.customers.values()
                    if query.get("role", "customer") in ("all", customer.role)
                ]
                return listed(customers, self.shapes.customer, query)
        return self._more(method, parts, query, body)

    def _more(self, method: str, parts: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        match (method, *parts):
            case (_, "products" | "variations", *rest):
                return self.shelves.answer(method, (parts[0], *rest), query, body)
            case ("GET", "webhooks"):
                hooks = list(self.shop.webhooks.values())
                return listed(hooks, self.shapes.webhook, {"order": "desc", **query})
            case ("POST", "webhooks"):
                return self._add_webhook(body)
            case ("PUT" | "POST", "webhooks", hook_id):
                return self._change_webhook(self._webhook(hook_id), body)
            case ("DELETE", "webhooks", hook_id):
                hook = self._webhook(hook_id)
                del self.shop.webhooks[hook.id]
                return Answer(200, self.shapes.webhook(hook))
            case ("GET", "data", "currencies", "current"):
                return Answer(200, {"code": self.shop.currency, "name": "Euro", "symbol": "&euro;"})
            case ("GET", "settings", group, name):
                return self._setting(group, name)
        raise Trouble(404, "rest_no_route", "No route was found matching the URL and request method.")

    # -- lists

    def _orders(self, query: Mapping[str, str]) -> list[Order]:
        wanted = query.get("status", "any").split(",")
        include = query.get("include", "").split(",") if query.get("include") else None
        return [
            order
            for order in self.shop.orders.values()
            if (order.status not in _HIDDEN if wanted == ["any"] else order.status in wanted)
            and (include is None or str(order.id) in include)
            and in_time(query, order.created_at, order.modified_at, self.shapes.offset)
        ]

    def _notes(self, order: Order, query: Mapping[str, str]) -> Answer:
        kind = query.get("type", "any")
        notes = [note for note in order.notes if kind == "any" or note["customer_note"] == (kind == "customer")]
        return Answer(200, [self.shapes.note(order, note) for note in notes])

    # -- writes

    def _change_order(self, order: Order, body: Mapping[str, Any]) -> Order:
        status = body.get("status", order.status)
        if status not in _STATUSES:
            raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): status", params={"status": "not one of"})
        for meta in body.get("meta_data", []):
            self.shop.set_meta(order, meta["key"], meta["value"])
        self.shop.set_status(order, status)
        self.shop.touch(order)
        return order

    def _add_note(self, order: Order, body: Mapping[str, Any]) -> Answer:
        note = {
            "id": self.shop.next_id(),
            "at": self.shop.now(),
            "note": body["note"],
            "customer_note": body.get("customer_note") is True,
        }
        order.notes.append(note)
        return Answer(201, self.shapes.note(order, note))

    def _add_webhook(self, body: Mapping[str, Any]) -> Answer:
        if not str(body.get("delivery_url", "")).startswith("http") or "." not in str(body.get("topic", "")):
            raise Trouble(400, "woocommerce_rest_webhook_invalid_delivery_url", "Webhook delivery URL must be valid.")
        hook = Webhook(
            self.shop.next_id(),
            body.get("name") or "Webhook created on some day",
            body["topic"],
            body["delivery_url"],
            body.get("secret") or "generated",
            body.get("status", "active"),
            self.shop.now(),
        )
        self.shop.webhooks[hook.id] = hook
        self._pinged(hook.id)
        return Answer(201, self.shapes.webhook(hook))

    def _change_webhook(self, hook: Webhook, body: Mapping[str, Any]) -> Answer:
        for name in ("name", "status", "delivery_url", "secret", "topic"):
            if name in body:
                setattr(hook, name, body[name])
        if body.get("status") == "active":
            hook.failures = 0
        return Answer(200, self.shapes.webhook(hook))

    def _order(self, order_id: object, status: int) -> Order:
        order = self.shop.orders.get(int(str(order_id))) if str(order_id).isdecimal() else None
        if order is None:
            raise Trouble(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return order

    def _webhook(self, hook_id: str) -> Webhook:
        hook = self.shop.webhooks.get(int(hook_id))
        if hook is None:
            raise Trouble(404, "woocommerce_rest_webhook_invalid_id", "Invalid ID.")
        return hook

    def _setting(self, group: str, name: str) -> Answer:
        values = {
            "woocommerce_prices_include_tax": _yes(self.shop.prices_include_tax),
            "woocommerce_tax_round_at_subtotal": _yes(self.shop.round_at_subtotal),
            "woocommerce_manage_stock": _yes(self.shop.manage_stock),
            "woocommerce_weight_unit": self.shop.weight_unit,
            "woocommerce_currency": self.shop.currency,
        }
        if name not in values:
            raise Trouble(404, "rest_setting_setting_invalid", "Invalid setting.")
        return Answer(200, {"id": name, "group_id": group, "value": values[name]})


def _yes(value: bool) -> str:
    return "yes" if value else "no"
