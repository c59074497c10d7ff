"""The simulated shop's routes: lists, single records, batches, and what each refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from erpsync.systems.woocommerce.simulator_shapes import Shapes, only
from erpsync.systems.woocommerce.simulator_shop import Order, Product, Shop, Webhook

T = TypeVar("T")
MOST = 100
# Statuses that "any" leaves out; a checkout's draft it does not.
_HIDDEN = frozenset({"trash", "auto-draft"})
_STATUSES = frozenset(
    {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"}
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    total: int | None = None
    per_page: int = 10


class Trouble(Exception):
    """A WP_Error."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}
        super().__init__(code)


class Api:
    """Not thread-safe: the caller holds the lock. `pinged` is told of every webhook that is made."""

    def __init__(
        self,
        shop: Shop,
        shapes: Shapes,
        *,
        lists_variations: bool,
        tells_parent: bool,
        batch_limit: int,
        pinged: Callable[[int], None],
    ) -> None:
        self.shop = shop
        self.shapes = shapes
        self._lists_variations = lists_variations
        self._tells_parent = tells_parent
        self._batch_limit = batch_limit
        self._pinged = pinged

    def answer(self, method: str, parts: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        """Raises Trouble."""
        match (method, *parts):
            case ("GET", "orders"):
                return self._list(self._orders(query), self.shapes.order, query)
            case ("GET", "orders", order_id):
                return Answer(200, self.shapes.order(self._order(order_id, 404)))
            case ("POST", "orders"):
                order = self.shop.place({}, status="pending")
                return Answer(201, self.shapes.order(self._change_order(order, body)))
            case ("POST", "orders", "batch"):
                return self._batch(
                    body, lambda row: self._change_order(self._order(row["id"], 400), row), self.shapes.order
                )
            case ("PUT" | "POST", "orders", order_id):
                return Answer(200, self.shapes.order(self._change_order(self._order(order_id, 400), body)))
            case ("DELETE", "orders", order_id):
                order = self._order(order_id, 404)
                self.shop.trash(order, force=query.get("force") == "true")
                return Answer(200, self.shapes.order(order))
            case ("GET", "orders", order_id, "refunds"):
                order = self._order(order_id, 404)
                return self._list(order.refunds, lambda refund: self.shapes.refund(order, refund), query)
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
                return self._list(customers, self.shapes.customer, query)
        return self._more(method, parts, query, body)

    def _more(self, method: str, parts: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        match (method, *parts):
            case ("GET", "products"):
                return self._list(self._products(query), self.shapes.product, query)
            case ("POST", "products", "batch"):
                return self._batch(body, lambda row: self._change_product(row, 0), self.shapes.product)
            case ("PUT" | "POST", "products", product_id):
                _check_types(body)
                return Answer(200, self.shapes.product(self._change_product({**body, "id": product_id}, 0)))
            case ("GET", "products", parent_id, "variations"):
                found = [one for one in self._variations(query) if one.parent_id == int(parent_id)]
                return self._list(found, self._variation, query)
            case ("POST", "products", parent_id, "variations", "batch"):
                return self._batch(body, lambda row: self._change_product(row, int(parent_id)), self._variation)
            case ("GET", "variations") if self._lists_variations:
                return self._list(self._variations(query), self._variation, query)
            case ("GET", "webhooks"):
                hooks = list(self.shop.webhooks.values())
                return self._list(hooks, self.shapes.webhook, {"order": "desc", **query})
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

    def _list(self, records: list[T], shape: Callable[[T], dict[str, Any]], query: Mapping[str, str]) -> Answer:
        per_page = _number(query, "per_page", 10)
        if not 1 <= per_page <= MOST:
            raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): per_page", params={"per_page": "1..100"})
        page = _number(query, "page", 1)
        # WordPress sorts by date, latest first, unless it is told otherwise.
        shapes = [shape(record) for record in records]
        key = "id" if query.get("orderby") == "id" else "date_created_gmt"
        shapes.sort(key=lambda one: (one.get(key) or "", one["id"]), reverse=query.get("order", "desc") == "desc")
        offset = _number(query, "offset", (page - 1) * per_page)
        fields = [name for name in query.get("_fields", "").split(",") if name]
        rows = [only(one, fields) for one in shapes[offset : offset + per_page]]
        return Answer(200, rows, len(shapes), per_page)

    def _orders(self, query: Mapping[str, str]) -> list[Order]:
        wanted = query.get("status", "any").split(",")
        include = query.get("include", "").split(",") if query.get("include") else None
        return [
            order
            for order in self.shop.orders.values()
            if (order.status not in _HIDDEN if wanted == ["any"] else order.status in wanted)
            and (include is None or str(order.id) in include)
            and self._in_time(query, order.created_at, order.modified_at)
        ]

    def _products(self, query: Mapping[str, str]) -> list[Product]:
        """By SKU variations are found too, and a SKU with a comma only where it is asked for alone."""
        skus = {*query["sku"].split(","), query["sku"]} if query.get("sku") else None
        return [
            product
            for product in self.shop.products.values()
            if (product.sku in skus if skus is not None else product.type != "variation")
            and query.get("type", product.type) == product.type
            and self._in_time(query, product.created_at, product.modified_at)
        ]

    def _variations(self, query: Mapping[str, str]) -> list[Product]:
        return [
            product
            for product in self.shop.products.values()
            if product.type == "variation" and self._in_time(query, product.created_at, product.modified_at)
        ]

    def _in_time(self, query: Mapping[str, str], created_at: datetime, modified_at: datetime) -> bool:
        """Every limit leaves out its own second."""
        for name, moment, sign in (
            ("after", created_at, 1),
            ("before", created_at, -1),
            ("modified_after", modified_at, 1),
            ("modified_before", modified_at, -1),
        ):
            if name in query and (self._told(moment, query) - self._asked(query[name])).total_seconds() * sign <= 0:
                return False
        return True

    def _told(self, moment: datetime, query: Mapping[str, str]) -> datetime:
        gmt = query.get("dates_are_gmt") in ("true", "1")
        return moment if gmt else moment + self.shapes.offset

    def _asked(self, text: str) -> datetime:
        """What has a zone is turned to the shop's own time, though it is then compared with UTC where that is asked for."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) + self.shapes.offset

    def _notes(self, order: Order, query: Mapping[str, str]) -> Answer:
        kind = query.get("type", "any")
        notes = [note for note in order.notes if kind == "any" or note["customer_note"] == (kind == "customer")]
        return Answer(200, [self.shapes.note(order, note) for note in notes])

    # -- writes

    def _batch(
        self, body: Any, change: Callable[[Mapping[str, Any]], T], shape: Callable[[T], dict[str, Any]]
    ) -> Answer:
        """Its rows are not checked against the schema, as a single record is."""
        rows = body.get("update", []) if isinstance(body, dict) else []
        if len(rows) > self._batch_limit:
            raise Trouble(413, "woocommerce_rest_request_entity_too_large", "Unable to accept that many items.")
        told = []
        for row in rows:
            try:
                told.append(shape(change(row)))
            except Trouble as trouble:
                told.append({"id": row.get("id"), "error": trouble.body})
        return Answer(200, {"update": told} if rows else [])

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

    def _change_product(self, row: Mapping[str, Any], parent_id: int) -> Product:
        product = self.shop.products.get(int(row["id"]))
        if product is None or product.parent_id != parent_id:
            code = (
                "woocommerce_rest_product_invalid_id"
                if not parent_id
                else "woocommerce_rest_product_variation_invalid_id"
            )
            raise Trouble(400, code, "Invalid ID.")
        if "stock_quantity" in row:
            self._set_stock(product, row)
        if "regular_price" in row:
            _set_price(product, row["regular_price"])
        product.modified_at = self.shop.now()
        return product

    def _set_stock(self, product: Product, row: Mapping[str, Any]) -> None:
        if isinstance(row.get("manage_stock"), bool):
            product.manage_stock = row["manage_stock"]
        # Ignored, and answered well, where stock is not counted.
        if product.manage_stock is True and self.shop.manage_stock:
            product.stock = int(row["stock_quantity"] or 0)

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

    def _variation(self, product: Product) -> dict[str, Any]:
        return self.shapes.variation(product, tells_parent=self._tells_parent)

    def _setting(self, group: str, name: str) -> Answer:
        values = {
            "woocommerce_prices_include_tax": _yes(self.shop.prices_include_tax),
            "woocommerce_tax_round_at_subtotal": _yes(self.shop.round_at_subtotal),
            "woocommerce_manage_stock": _yes(self.shop.manage_stock),
            "woocommerce_currency": self.shop.currency,
        }
        if name not in values:
            raise Trouble(404, "rest_setting_setting_invalid", "Invalid setting.")
        return Answer(200, {"id": name, "group_id": group, "value": values[name]})


def _check_types(body: Mapping[str, Any]) -> None:
    if not isinstance(body.get("stock_quantity", 0), int | None):
        params = {"stock_quantity": "stock_quantity is not of type integer."}
        raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): stock_quantity", params=params)


def _set_price(product: Product, price: str) -> None:
    """A regular price at or below the sale price ends the sale without a word."""
    try:
        regular = Decimal(price)
    except InvalidOperation:
        raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): regular_price", params={}) from None
    product.regular_price = price
    if product.sale_price and regular <= Decimal(product.sale_price):
        product.sale_price, product.sale_from, product.sale_to = "", None, None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Trouble(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: "not an integer"})
    return int(text)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
