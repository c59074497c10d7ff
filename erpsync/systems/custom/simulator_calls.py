"""What the simulated shop answers to each call of the contract."""

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Answer = tuple[int, Any]
MAX_PAGE = 250
MAX_CHANGES = 250
MAX_PRODUCTS = 100
VARIANT = {"sku", "title", "options", "barcode", "weight_grams", "active", "price", "currency"}
PRODUCT = {
    *("reference", "id", "fields", "title", "description", "active"),
    *("categories", "image_urls", "options", "variants"),
}


class Refused(Exception):
    """An answer of 400 or above, by the contract's error."""

    def __init__(self, status: int, code: str, record: str = "") -> None:
        self.status = status
        self.code = code
        self.record = record
        super().__init__(code)


class Calls:
    """The contract's calls over a shop. The caller holds its lock."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop

    def answer(self, method: str, parts: list[str], query: Mapping[str, str], body: Any) -> Answer:
        match method, parts:
            case "GET", ["ping"]:
                return 200, self._ping()
            case "GET", ["orders"]:
                return 200, self._listed("orders", self._orders(query), self._shop.told, query)
            case "GET", ["customers"]:
                self._need("customers")
                return 200, self._listed("customers", self._shop.customers.values(), dict, query)
            case "GET", ["variants"]:
                self._need("variants")
                return 200, self._listed("variants", self._shop.variants.values(), self._variant, query)
            case "GET", ["orders", order_id]:
                return 200, self._shop.told(self._order(order_id))
            case "POST", ["orders", order_id, "erp"]:
                self._need("write_back")
                _fields(body, {"erp", "id", "number"})
                self._written(order_id).update(body)
                return 204, None
            case "POST", ["orders", order_id, "hold"]:
                self._need("hold")
                _fields(body, {"code"})
                self._written(order_id)["hold"] = body["code"]
                return 204, None
            case "PUT", ["orders", order_id, "fulfilments", reference]:
                self._need("fulfilments")
                return self._fulfil(self._order(order_id), reference, body)
            case "PUT", ["stock"]:
                self._need("stock")
                return 200, self._changes(body, {"sku", "location", "quantity", "was"}, self._stock)
            case "PUT", ["prices"]:
                self._need("prices")
                return 200, self._changes(body, {"sku", "price", "currency", "price_list"}, self._price)
            case "PUT", ["products"]:
                self._need("products")
                return 200, self._products(body)
        raise Refused(404, "no-such-path")

    def _ping(self) -> dict[str, Any]:
        shop = self._shop
        return {
            "contract": "1",
            "name": "Practice shop",
            "abilities": list(shop.abilities),
            "currency": "EUR",
            "locations": list(shop.locations),
            "webhook_address": shop.webhook_address,
            "now": (shop.now() + timedelta(seconds=shop.skew_seconds)).isoformat(),
        }

    def _need(self, ability: str) -> None:
        if ability not in self._shop.abilities:
            raise Refused(404, "no-such-path")

    def _order(self, order_id: str) -> dict[str, Any]:
        if order_id not in self._shop.orders:
            raise Refused(404, "not-found", order_id)
        order: dict[str, Any] = self._shop.orders[order_id]
        return order

    def _written(self, order_id: str) -> dict[str, Any]:
        self._order(order_id)
        written: dict[str, Any] = self._shop.written.setdefault(order_id, {})
        return written

    def _orders(self, query: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        start, end = (_time(query[name]) if name in query else None for name in ("placed_from", "placed_before"))
        for order in self._shop.orders.values():
            placed = _time(order["created_at"])
            if (start is None or placed >= start) and (end is None or placed < end):
                yield order

    def _variant(self, variant: dict[str, Any]) -> dict[str, Any]:
        return variant | {"active": self._shop.catalogue.for_sale(variant["sku"])}

    def _listed(
        self,
        kind: str,
        records: Iterable[dict[str, Any]],
        tell: Callable[[dict[str, Any]], dict[str, Any]],
        query: Mapping[str, str],
    ) -> dict[str, Any]:
        """By (updated_at, id): a record that changes meanwhile moves to a later page and takes no other's place."""
        now = self._shop.now().isoformat()
        limit = int(query.get("limit", "100"))
        if not 1 <= limit <= MAX_PAGE:
            raise Refused(400, "limit")
        since = _time(query["changed_since"]) if query.get("changed_since") else None
        after = _place(query["cursor"]) if query.get("cursor") else None
        placed = sorted((_time(one["updated_at"]), one["id"], one) for one in records)
        found = [
            one for at, key, one in placed if (since is None or at >= since) and (after is None or (at, key) > after)
        ]
        page = found[:limit]
        cursor = _cursor(page[-1]) if len(found) > limit else None
        return {kind: [tell(one) for one in page], "cursor": cursor, "now": now}

    def _fulfil(self, order: dict[str, Any], reference: str, body: Any) -> Answer:
        _fields(body, {"lines", "parcels", "notify", "location"})
        shop = self._shop
        made = shop.fulfilments.get(reference)
        if made is not None:
            same = made["order_id"] == order["id"] and made["asked"] == body
            if not same:
                raise Refused(409, "reference-used", reference)
            return 200, {"id": made["id"], "number": made["number"]}
        if order.get("status") == "cancelled":
            raise Refused(409, "cancelled", order["id"])
        ordered = {line["id"]: Decimal(line["quantity"]) for line in order["lines"]}
        by_sku = {line["sku"]: line["id"] for line in reversed(order["lines"])}
        sent = [line for one in shop.fulfilments.values() if one["order_id"] == order["id"] for line in one["lines"]]
        for line in [*sent, *body["lines"]]:
            line_id = line["line_id"] or by_sku.get(line["sku"])
            if line_id not in ordered:
                raise Refused(422, "unknown-line", reference)
            ordered[line_id] -= Decimal(line["quantity"])
        if any(left < 0 for left in ordered.values()):
            raise Refused(422, "over-ordered", reference)
        number = ", ".join(parcel["number"] for parcel in body["parcels"])
        kept = {"id": f"f-{len(shop.fulfilments) + 1}", "number": number, "order_id": order["id"], "asked": body}
        shop.fulfilments[reference] = {**body, **kept}
        if body["notify"]:
            written = self._written(order["id"])
            written["messages"] = written.get("messages", 0) + 1
        return 201, {"id": kept["id"], "number": number}

    def _changes(
        self, body: Any, fields: set[str], change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        _fields(body, {"changes"})
        if len(body["changes"]) > MAX_CHANGES:
            raise Refused(422, "too-many")
        for one in body["changes"]:
            _fields(one, fields)
        return {"results": [change(one) for one in body["changes"]]}

    def _products(self, body: Any) -> dict[str, Any]:
        _fields(body, {"products"})
        if len(body["products"]) > MAX_PRODUCTS:
            raise Refused(422, "too-many")
        for product in body["products"]:
            _fields(product, PRODUCT)
            for variant in product["variants"]:
                _fields(variant, VARIANT)
        return {"results": [self._shop.catalogue.put(product) for product in body["products"]]}

    def _stock(self, change: dict[str, Any]) -> dict[str, Any]:
        result = {"sku": change["sku"], "location": change["location"]}
        variant = self._shop.variants.get(change["sku"])
        if variant is None:
            return result | _error("unknown-sku")
        if change["location"] not in variant["stock"]:
            return result | _error("unknown-location")
        actual = variant["stock"][change["location"]]
        if change["was"] is not None and change["was"] != actual:
            return result | _error("stale") | {"actual": actual}
        self._shop.put_stock(change["sku"], change["location"], change["quantity"])
        return result

    def _price(self, change: dict[str, Any]) -> dict[str, Any]:
        result = {"sku": change["sku"]}
        variant = self._shop.variants.get(change["sku"])
        if variant is None:
            return result | _error("unknown-sku")
        if change["currency"] != variant["currency"] or change["price_list"]:
            return result | _error("currency")
        promotion = variant["promotion"]
        if promotion is not None and Decimal(change["price"]) <= Decimal(promotion["price"]):
            # This shop, as many, shows no promotion that is dearer than the price.
            if promotion["ends_at"] is None or _time(promotion["ends_at"]) > self._shop.now():
                return result | _error("promotion") | {"until": promotion["ends_at"]}
            variant["promotion"] = None
        variant |= {"price": change["price"], "updated_at": self._shop.stamp()}
        return result


def _fields(body: Any, fields: set[str]) -> None:
    if not isinstance(body, dict) or body.keys() != fields:
        raise Refused(422, "invalid")


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "said by the simulator"}}


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "time") from None
    if at.tzinfo is None:
        raise Refused(400, "time")
    return at


def _cursor(record: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(f"{record['updated_at']} {record['id']}".encode()).decode()


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
    except ValueError:
        raise Refused(400, "cursor") from None
    return _time(at), key
