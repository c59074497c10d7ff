"""The simulated API of orders: v2, and what v3 has of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.bigcommerce.simulator_http import (
    Handler,
    Request,
    Response,
    at,
    iso,
    rfc,
    text,
    v2_error,
    v2_list,
    v3_error,
    v3_list,
    wanted,
)
from erpsync.systems.bigcommerce.simulator_order_json import fee_json, head_json, line_json, link_json, tax_json
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_WRITABLE = frozenset({"external_order_id", "staff_notes", "status_id", "customer_message"})
_SORTS = {"id": "id", "date_created": "date_created", "date_modified": "date_modified"}


class OrdersApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/v2/orders"): self._list,
            ("GET", "/v2/orders/{id}"): self._get,
            ("PUT", "/v2/orders/{id}"): self._update,
            ("GET", "/v2/orders/{id}/products"): self._products,
            ("GET", "/v2/orders/{id}/shipping_addresses"): self._addresses,
            ("GET", "/v2/orders/{id}/taxes"): self._taxes,
            ("GET", "/v2/orders/{id}/shipments"): self._shipments,
            ("POST", "/v2/orders/{id}/shipments"): self._ship,
            ("GET", "/v3/orders/{id}/transactions"): self._transactions,
            ("GET", "/v3/orders/payment_actions/refunds"): self._refunds,
            ("PUT", "/v3/orders/metafields"): self._metafields,
        }

    def _list(self, request: Request) -> Response:
        """Archived orders are left out."""
        query = request.query
        rows = [order for order in self._shop.orders.values() if not order["is_deleted"] and _matches(order, query)]
        field, _, direction = query.get("sort", "id").partition(":")
        if field not in _SORTS:
            return v2_error(400, "The field 'sort' is invalid.", {"sort": field})
        rows.sort(key=lambda order: order[_SORTS[field]], reverse=direction == "desc")
        return v2_list(request, [self._json(order, query) for order in rows])

    def _get(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        return _gone() if order is None else Response(200, self._json(order, request.query))

    def _update(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return _gone()
        if not isinstance(request.body, dict) or not request.body.keys() <= _WRITABLE:
            return v2_error(400, "The body has a field that cannot be written.")
        order |= {key: value for key, value in request.body.items() if key != "status_id"}
        self._shop.change(order)
        if "status_id" in request.body:
            self._shop.set_status(order, request.body["status_id"])
        return Response(200, self._json(order, {}))

    def _products(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return _gone()
        return v2_list(request, [line_json(order, line) for line in order["lines"]])

    def _addresses(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return _gone()
        rows = []
        for one in order["addresses"]:
            cost = self._shop.taxed(one["cost"])
            rows.append(
                {
                    **{key: value for key, value in one.items() if key not in ("method", "cost")},
                    "order_id": order["id"],
                    "shipping_method": one["method"],
                    "base_cost": text(one["cost"]),
                    "cost_ex_tax": text(cost["ex"]),
                    "cost_inc_tax": text(cost["inc"]),
                    "cost_tax": text(cost["tax"]),
                }
            )
        return v2_list(request, rows)

    def _taxes(self, request: Request) -> Response:
        """With `details` a row for each line and each address; without, what cannot be told apart is one row."""
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return _gone()
        rows: list[Json] = []
        for line in order["lines"]:
            told = {"order_product_id": str(line["id"]), "line_item_type": "item"}
            rows.append(tax_json(order, line["address"], line["tax"], self._shop.tax, told))
        for address in order["addresses"]:
            told = {"line_item_type": "shipping"}
            rows.append(tax_json(order, address["id"], self._shop.taxed(address["cost"])["tax"], self._shop.tax, told))
        rows = [row for row in rows if Decimal(row["line_amount"])]
        if request.query.get("details") != "true":
            rows = [{k: v for k, v in row.items() if k not in ("order_product_id", "line_item_type")} for row in rows]
        return v2_list(request, rows)

    def _shipments(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        return _gone() if order is None else v2_list(request, order["shipments"])

    def _ship(self, request: Request) -> Response:
        """One address a shipment, no more than is open of a line; the status follows, and with it the e-mail."""
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return _gone()
        body = request.body if isinstance(request.body, dict) else {}
        if len(body.get("tracking_number", "")) > 50:
            return v2_error(400, "The field 'tracking_number' is invalid.", {"tracking_number": "too long"})
        lines = {line["id"]: line for line in order["lines"]}
        items = body.get("items") or []
        if not items or body.get("order_address_id") not in {one["id"] for one in order["addresses"]}:
            return v2_error(400, "The required field 'order_address_id' or 'items' was not supplied.")
        for item in items:
            line = lines.get(item.get("order_product_id"))
            if line is None or line["address"] != body["order_address_id"]:
                return v2_error(400, "The field 'order_product_id' is invalid.", {"order_product_id": "unknown"})
            if not 0 < item.get("quantity", 0) <= line["quantity"] - line["shipped"]:
                return v2_error(400, "The field 'quantity' is invalid.", {"quantity": "more than is open"})
        for item in items:
            lines[item["order_product_id"]]["shipped"] += item["quantity"]
        shipment = self._shipment(order, body, items)
        order["shipments"].append(shipment)
        self._shop.tell("store/shipment/created", {"type": "shipment", "id": shipment["id"], "orderId": order["id"]})
        open_lines = any(line["shipped"] < line["quantity"] for line in order["lines"])
        self._shop.set_status(order, 3 if open_lines else 2)
        return Response(201, shipment)

    def _shipment(self, order: Json, body: Json, items: list[Json]) -> Json:
        told = (
            "tracking_number",
            "shipping_method",
            "shipping_provider",
            "tracking_carrier",
            "tracking_link",
            "comments",
        )
        return {
            "id": next(self._shop.ids),
            "order_id": order["id"],
            "customer_id": order["customer_id"],
            "order_address_id": body["order_address_id"],
            "date_created": rfc(self._shop.now()),
            **{name: str(body.get(name, "")) for name in told},
            "items": [{**item, "product_id": 0} for item in items],
        }

    def _transactions(self, request: Request) -> Response:
        order = self._shop.orders.get(request.ids[0])
        if order is None:
            return v3_error(404, "Order not found")
        if not order["transactions"]:
            return Response(204)
        return Response(200, {"data": order["transactions"], "meta": {}})

    def _refunds(self, request: Request) -> Response:
        of = wanted(request.query, "order_id:in")
        orders = [order for order in self._shop.orders.values() if of is None or str(order["id"]) in of]
        rows = [refund for order in orders for refund in order["refunds"]]
        return v3_list(request, sorted(rows, key=lambda row: row["id"]))

    def _metafields(self, request: Request) -> Response:
        if not request.body:
            counted = {"total": 0, "success": 0, "failed": 0}
            return Response(422, {"data": [], "errors": [], "meta": counted})
        return v3_error(404, "Metafield not found")

    def _json(self, order: Json, query: Mapping[str, str]) -> Json:
        include = set(query.get("include", "").split(","))
        head = head_json(order, self._shop)
        if "consignments" in include or "consignments.line_items" in include:
            head["consignments"] = self._consignments(order, "consignments.line_items" in include)
        if "fees" in include:
            head["fees"] = [fee_json(fee) for fee in order["fees"]]
        return head

    def _consignments(self, order: Json, expanded: bool) -> Json:
        shipping = []
        for address in order["addresses"]:
            cost = self._shop.taxed(address["cost"])
            lines = [line for line in order["lines"] if line["address"] == address["id"]]
            shipping.append(
                {
                    **{key: value for key, value in address.items() if key not in ("method", "cost")},
                    "shipping_method": address["method"],
                    "base_cost": address["cost"],
                    "cost_ex_tax": cost["ex"],
                    "cost_inc_tax": cost["inc"],
                    "cost_tax": cost["tax"],
                    "line_items": [line_json(order, line) if expanded else link_json(order, line) for line in lines],
                }
            )
        return {"pickups": [], "shipping": shipping, "downloads": [], "email": {"gift_certificates": []}}


def _matches(order: Json, query: Mapping[str, str]) -> bool:
    tests = (
        ("min_id", lambda value: order["id"] >= int(value)),
        ("max_id", lambda value: order["id"] <= int(value)),
        ("status_id", lambda value: order["status_id"] == int(value)),
        ("min_date_modified", lambda value: _second(order["date_modified"]) >= _second(at(value))),
        ("max_date_modified", lambda value: _second(order["date_modified"]) <= _second(at(value))),
        ("min_date_created", lambda value: _second(order["date_created"]) >= _second(at(value))),
        ("max_date_created", lambda value: _second(order["date_created"]) <= _second(at(value))),
    )
    return all(test(query[name]) for name, test in tests if name in query)


def _second(moment: Any) -> int:
    return int(moment.timestamp())


def _gone() -> Response:
    return v2_error(404, "The requested resource was not found.")


def refund(shop: Shop, order: Json, quantities: Mapping[str, int]) -> Decimal:
    """Gives back the price of that much of each SKU with its tax."""
    items: list[Json] = []
    net = tax = Decimal(0)
    for line in order["lines"]:
        quantity = quantities.get(line["sku"], 0)
        if not quantity:
            continue
        line["refunded"] += quantity
        share = Decimal(quantity) / line["quantity"]
        given = sum((Decimal(one["amount"]) for one in line["discounts"]), Decimal(0))
        amount = ((line["inc"] if shop.inclusive else line["ex"]) - given) * share
        amount, line_tax = amount.quantize(Decimal("0.01")), (line["tax"] * share).quantize(Decimal("0.01"))
        net, tax = net + amount, tax + line_tax
        items.append({"item_type": "PRODUCT", "item_id": line["id"], "quantity": quantity, "requested_amount": amount})
    whole = net if shop.inclusive else net + tax
    number = next(shop.ids)
    order["refunds"].append(
        {
            "id": number,
            "order_id": order["id"],
            "user_id": 0,
            "created": iso(shop.now()),
            "reason": "",
            "total_amount": whole,
            "total_tax": tax,
            "items": items,
            "payments": [
                {"id": number, "provider_id": "stripe", "amount": whole, "offline": False, "is_declined": False}
            ],
        }
    )
    every = all(line["refunded"] >= line["quantity"] for line in order["lines"])
    order["payment_status"] = "refunded" if every else "partially refunded"
    shop.set_status(order, 4 if every else 14)
    shop.tell("store/order/refund/created", {"type": "order", "id": order["id"], "refund": {"refund_id": number}})
    return whole
