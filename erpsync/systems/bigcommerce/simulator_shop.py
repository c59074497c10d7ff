"""What the simulated store holds, and the rules by which it changes. Written from BigCommerce's documents."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

Json = dict[str, Any]
CENT = Decimal("0.01")
FINE = Decimal("0.0001")
SHIPPING = Decimal("4.90")


def rounded(amount: Decimal, unit: Decimal = CENT) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


@dataclass
class Shop:
    """The store's tables. `tax` is a fraction; `inclusive` says that prices are entered with tax; `mails_at` are the
    statuses at which the buyer is told."""

    now: Callable[[], datetime]
    store_hash: str
    tax: Decimal
    inclusive: bool
    mails_at: frozenset[int]
    signing_secret: str
    currency: str = "EUR"
    weight_units: str = "KGS"
    orders: dict[int, Json] = field(default_factory=dict)
    products: dict[int, Json] = field(default_factory=dict)
    variants: dict[int, Json] = field(default_factory=dict)
    stock: dict[tuple[str, int], int] = field(default_factory=dict)
    locations: list[Json] = field(default_factory=list)
    customers: dict[int, Json] = field(default_factory=dict)
    hooks: dict[int, Json] = field(default_factory=dict)
    options: dict[int, Json] = field(default_factory=dict)
    images: dict[int, Json] = field(default_factory=dict)
    categories: dict[int, Json] = field(default_factory=dict)
    metafields: dict[int, Json] = field(default_factory=dict)
    price_lists: dict[int, str] = field(default_factory=dict)
    price_records: dict[tuple[int, int, str], Json] = field(default_factory=dict)
    outbox: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    order_ids: "count[int]" = field(default_factory=lambda: count(101))
    ids: "count[int]" = field(default_factory=lambda: count(5_001))

    def variant(self, sku: str) -> Json:
        return next(variant for variant in self.variants.values() if variant["sku"] == sku)

    def product_of(self, variant: Json) -> Json:
        return self.products[variant["product_id"]]

    def stock_key(self, variant: Json) -> tuple[str, int]:
        """Stock is counted at one level: the product's or the variant's."""
        product = self.product_of(variant)
        by_variant = product["inventory_tracking"] == "variant"
        return ("variant", variant["id"]) if by_variant else ("product", product["id"])

    def prices(self, variant: Json) -> tuple[Decimal, Decimal | None]:
        """Base and sale price: a variant's own price comes before the product's, and hides the product's sale."""
        product = self.product_of(variant)
        own, sale = variant["price"], variant["sale_price"]
        if own is None:
            return product["price"], (sale or product["sale_price"]) or None
        return own, sale or None

    def values_of(self, variant: Json) -> list[Json]:
        """A variant's values of its product's options, in the order of the options."""
        found = []
        for one in variant["option_values"]:
            option = self.options[one["option_id"]]
            label = next(value["label"] for value in option["option_values"] if value["id"] == one["id"])
            found.append({**one, "option_display_name": option["display_name"], "label": label})
        return found

    def touch(self, record: Json, seconds: float = 0.0) -> None:
        record["date_modified"] = datetime.fromtimestamp(self.now().timestamp() - seconds, self.now().tzinfo)

    def tell(self, scope: str, data: Json) -> None:
        """A delivery for each webhook that is on: signed, and with the headers that it was registered with."""
        event: Json = {"scope": scope, "store_id": "1025646", "data": data, "producer": f"stores/{self.store_hash}"}
        number = next(self.ids)
        event["hash"] = hashlib.sha1(f"{number} {json.dumps(event)}".encode()).hexdigest()  # noqa: S324
        event["created_at"] = int(self.now().timestamp())
        body = json.dumps(event).encode()
        for hook in self.hooks.values():
            if hook["is_active"] and hook["scope"] in (scope, scope.rpartition("/")[0] + "/*"):
                self.outbox.append(({**self._signed(number, body), **(hook["headers"] or {})}, body))

    def _signed(self, number: int, body: bytes) -> dict[str, str]:
        """By the rules of Standard Webhooks: https://developer-beta.bigcommerce.com/docs/integrations/webhooks/http"""
        stamp = str(int(self.now().timestamp()))
        signed = f"msg_{number}.{stamp}.".encode() + body
        digest = base64.b64encode(hmac.new(self.signing_secret.encode(), signed, hashlib.sha256).digest()).decode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "BigCommerce",
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{digest}",
        }

    # -- orders

    def place(self, quantities: Mapping[str, int], email: str, seconds: float, **changes: Any) -> Json:
        """An order, paid by card. `changes` are fields of it: another status, a customer, amounts of discounts."""
        number = next(self.order_ids)
        address = _address(email or f"buyer-{number}@example.com")
        order: Json = {
            "id": number,
            "customer_id": 0,
            "status_id": 11,
            "is_deleted": False,
            "payment_method": "Credit Card",
            "payment_status": "captured",
            "store_credit": Decimal(0),
            "gift_certificate": Decimal(0),
            "discount_amount": Decimal(0),
            "coupon_discount": Decimal(0),
            "wrapping": Decimal(0),
            "fees": [],
            "currency": self.currency,
            "staff_notes": "",
            "external_order_id": "",
            "customer_message": "",
            "billing": address,
            "addresses": [{**address, "id": next(self.ids), "method": "Fixed Shipping", "cost": SHIPPING}],
            "shipments": [],
            "refunds": [],
            "mails": 0,
            **changes,
        }
        self.touch(order, seconds)
        order["date_created"] = order["date_modified"]
        order["lines"] = [self._line(order, sku, quantity) for sku, quantity in quantities.items()]
        self.orders[number] = order
        self.add_up(order)
        order.setdefault("transactions", self._transactions(order))
        self.tell("store/order/created", {"type": "order", "id": number})
        return order

    def change(self, order: Json, scope: str = "store/order/updated", **more: Any) -> None:
        self.touch(order)
        self.tell(scope, {"type": "order", "id": order["id"], **more})

    def set_status(self, order: Json, status: int) -> None:
        if status == order["status_id"]:
            return
        before, order["status_id"] = order["status_id"], status
        if status in self.mails_at:
            order["mails"] += 1
        self.change(order)
        told = {"previous_status_id": before, "new_status_id": status}
        self.tell("store/order/statusUpdated", {"type": "order", "id": order["id"], "status": told})

    def set_quantity(self, order: Json, sku: str, quantity: int) -> None:
        line = next((line for line in order["lines"] if line["sku"] == sku), None)
        if line is None:
            order["lines"].append(self._line(order, sku, quantity))
        elif quantity:
            line["quantity"] = quantity
        else:
            order["lines"].remove(line)

    def add_up(self, order: Json) -> None:
        """Computes each line's and the order's sums."""
        for line in order["lines"]:
            self._add_up_line(line)
        lines, addresses = order["lines"], order["addresses"]
        carriage = [self.taxed(address["cost"]) for address in addresses]
        order["shipping"] = {key: sum((one[key] for one in carriage), Decimal(0)) for key in ("ex", "inc", "tax")}
        order["wrapped"] = self.taxed(order["wrapping"])
        given = order["discount_amount"] + order["coupon_discount"]
        fees = sum((fee["inc"] for fee in order["fees"]), Decimal(0))
        fee_tax = sum((fee["tax"] for fee in order["fees"]), Decimal(0))
        order["tax"] = (
            sum((line["tax"] for line in lines), Decimal(0)) + order["shipping"]["tax"] + order["wrapped"]["tax"]
        )
        order["tax"] += fee_tax
        key = "inc" if self.inclusive else "ex"
        whole = sum((line[key] for line in lines), Decimal(0)) + order["shipping"][key] + order["wrapped"][key] - given
        # Fees are told with their tax in any case, and are in the sum as they are.
        order["total"] = whole + fees + (Decimal(0) if self.inclusive else order["tax"] - fee_tax)

    def taxed(self, amount: Decimal) -> dict[str, Decimal]:
        tax = rounded(amount - amount / (1 + self.tax)) if self.inclusive else rounded(amount * self.tax)
        return (
            {"ex": amount - tax, "inc": amount, "tax": tax}
            if self.inclusive
            else {
                "ex": amount,
                "inc": amount + tax,
                "tax": tax,
            }
        )

    def _line(self, order: Json, sku: str, quantity: int) -> Json:
        variant = self.variant(sku)
        product = self.product_of(variant)
        base, sale = self.prices(variant)
        return {
            "id": next(self.ids),
            "address": order["addresses"][0]["id"] if order["addresses"] else 0,
            "sku": sku,
            "variant_id": variant["id"],
            "product_id": product["id"],
            "name": product["name"],
            "type": product["type"],
            "price": sale or base,
            "quantity": quantity,
            "shipped": 0,
            "refunded": 0,
            "discounts": [],
        }

    def _add_up_line(self, line: Json) -> None:
        one = self.taxed(line["price"])
        whole = line["price"] * line["quantity"]
        given = sum((Decimal(discount["amount"]) for discount in line["discounts"]), Decimal(0))
        tax = self.taxed(whole - given)["tax"]
        line |= {"price_ex": one["ex"], "price_inc": one["inc"], "tax": tax}
        line |= {"ex": whole - tax, "inc": whole} if self.inclusive else {"ex": whole, "inc": whole + tax}

    def _transactions(self, order: Json) -> list[Json]:
        parts = [
            ("credit_card", "stripe", order["total"] - order["store_credit"] - order["gift_certificate"]),
            ("store_credit", "storecredit", order["store_credit"]),
            ("gift_certificate", "giftcertificate", order["gift_certificate"]),
        ]
        return [
            {
                "id": next(self.ids),
                "order_id": str(order["id"]),
                "event": "purchase",
                "method": method,
                "gateway": gateway,
                "amount": amount,
                "currency": order["currency"],
                "status": "ok",
                "test": False,
                "date_created": order["date_created"].isoformat(),
            }
            for method, gateway, amount in parts
            if amount
        ]


def _address(email: str) -> Json:
    return {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "company": "",
        "street_1": "Hauptstr. 1",
        "street_2": "",
        "city": "Berlin",
        "state": "Berlin",
        "zip": "10115",
        "country": "Germany",
        "country_iso2": "DE",
        "phone": "",
        "email": email,
    }


def stocked(shop: Shop) -> Shop:
    """The shelves as they are at first: SKU-0001 to SKU-0040 are products of their own, whose stock is the product's; the
    rest are variants of one product, each with its own stock."""
    for number, name in ((1, "Main warehouse"), (2, "Shop")):
        shop.locations.append({"id": number, "code": f"LOC-{number}", "label": name, "enabled": True})
    for number in range(1, 42):
        options = number == 41
        shop.products[number] = {
            "id": number,
            "name": "Product with options" if options else f"Product {number}",
            "type": "physical",
            "sku": "" if options else f"SKU-{number:04d}",
            "price": Decimal("10.00"),
            "sale_price": Decimal(0),
            "description": "",
            "weight": Decimal("0.5"),
            "upc": "",
            "categories": [],
            "inventory_tracking": "variant" if options else "product",
            "is_visible": True,
            "availability": "available",
            "base_variant_id": None if options else 1000 + number,
        }
        shop.touch(shop.products[number])
    sizes = [{"id": 3000 + number, "label": str(number), "sort_order": number} for number in range(41, 51)]
    shop.options[2001] = {"id": 2001, "product_id": 41, "display_name": "Size", "sort_order": 0, "option_values": sizes}
    for number in range(1, 51):
        shop.variants[1000 + number] = {
            "id": 1000 + number,
            "product_id": min(number, 41),
            "sku": f"SKU-{number:04d}",
            "sku_id": None if number <= 40 else number,
            "price": None if number <= 40 else Decimal("10.00"),
            "sale_price": None,
            "weight": None,
            "upc": "",
            "purchasing_disabled": False,
            "option_values": [] if number <= 40 else [{"option_id": 2001, "id": 3000 + number}],
        }
    return shop
