"""What the simulated store's users and buyers do and see. See `erpsync.ports.simulator.StoreControls`."""

import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.ports.simulator import Hook, Shown, ShownProduct
from erpsync.systems.bigcommerce import simulator_orders
from erpsync.systems.bigcommerce.simulator_order_json import STATUSES
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

# What a unit of a store's settings weighs.
_GRAMS = {"KGS": 1_000, "Grams": 1, "LBS": Decimal("453.59237"), "Ounces": Decimal("28.349523125")}


class Controls:
    """At work in a Shop, one at a time."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.lock = threading.RLock()

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(place["code"] for place in self.shop.locations)

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0, **changes: Any) -> str:
        """`changes`: fields of the order besides what the port knows, as `Shop.place` spells them."""
        with self.lock:
            return str(self.shop.place(quantities, email, seconds_ago, **changes)["id"])

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        with self.lock:
            order = self.shop.orders[int(order_id)]
            for sku, quantity in quantities.items():
                self.shop.set_quantity(order, sku, quantity)
            self.shop.add_up(order)
            self.shop.change(order)

    def cancel(self, order_id: str) -> None:
        with self.lock:
            self.shop.set_status(self.shop.orders[int(order_id)], 5)

    def archive(self, order_id: str) -> None:
        """As the control panel does: the order is kept, and not listed any more."""
        with self.lock:
            order = self.shop.orders[int(order_id)]
            order["is_deleted"] = True
            self.shop.change(order, "store/order/archived")

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        with self.lock:
            return simulator_orders.refund(self.shop, self.shop.orders[int(order_id)], quantities)

    def shown(self, order_id: str) -> Shown:
        with self.lock:
            order = self.shop.orders[int(order_id)]
            skus = {line["id"]: line["sku"] for line in order["lines"]}
            shipments: dict[str, dict[str, int]] = {}
            for shipment in order["shipments"]:
                held = shipments.setdefault(shipment["tracking_number"], {})
                for item in shipment["items"]:
                    sku = skus[item["order_product_id"]]
                    held[sku] = held.get(sku, 0) + item["quantity"]
            return Shown(
                state=STATUSES[order["status_id"]],
                total=order["total"],
                notes=f"{order['external_order_id']}\n{order['staff_notes']}",
                marks=tuple(order["staff_notes"].splitlines()),
                shipments=shipments,
                messages=order["mails"],
            )

    def put_stock(self, sku: str, location: str, quantity: int) -> None:
        with self.lock:
            self.shop.stock[self._shelf(sku, location)] = quantity

    def stock(self, sku: str, location: str) -> int:
        with self.lock:
            return self.shop.stock.get(self._shelf(sku, location), 0)

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        if start_seconds is not None or end_seconds is not None:
            raise NotImplementedError("a sale price of BigCommerce's has neither start nor end")
        with self.lock:
            variant = self.shop.variant(sku)
            product = self.shop.product_of(variant)
            record = product if product["base_variant_id"] == variant["id"] else variant
            record |= {"price": base, "sale_price": promotion or Decimal(0)}
            if record is product:
                self.shop.touch(product)

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        with self.lock:
            return self.shop.prices(self.shop.variant(sku))

    def product(self, sku: str) -> list[ShownProduct]:
        with self.lock:
            return [
                shown_to_buyers(self.shop, variant) for variant in self.shop.variants.values() if variant["sku"] == sku
            ]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self.lock:
            first, _, last = name.partition(" ")
            known = next((one for one in self.shop.customers.values() if one["email"] == email), None)
            customer = known or {"id": next(self.shop.ids), "customer_group_id": 0, "addresses": []}
            customer |= {"first_name": first, "last_name": last, "email": email, "company": "", "phone": ""}
            self.shop.touch(customer, seconds_ago)
            customer.setdefault("date_created", customer["date_modified"])
            self.shop.customers[customer["id"]] = customer
            return str(customer["id"])

    def hooks(self) -> list[Hook]:
        with self.lock:
            due, self.shop.outbox = self.shop.outbox, []
            return [Hook(headers, body) for headers, body in due]

    def drop_subscriptions(self) -> None:
        """As after 48 hours of failures."""
        with self.lock:
            for hook in self.shop.hooks.values():
                hook["is_active"] = False

    def _shelf(self, sku: str, location: str) -> tuple[str, int]:
        kind, number = self.shop.stock_key(self.shop.variant(sku))
        return f"{kind}-{number}", next(place["id"] for place in self.shop.locations if place["code"] == location)


def shown_to_buyers(shop: Shop, variant: Json) -> ShownProduct:
    product = shop.product_of(variant)
    images = [one for one in shop.images.values() if one["product_id"] == product["id"]]
    own = product if product["base_variant_id"] == variant["id"] else variant
    weight = product["weight"] if own["weight"] is None else own["weight"]
    return ShownProduct(
        id=str(product["id"]),
        title=product["name"],
        description=product["description"],
        visible=product["is_visible"] and not variant["purchasing_disabled"],
        categories=tuple(shop.categories[one]["name"] for one in product["categories"]),
        images=tuple(one["source"] for one in sorted(images, key=lambda one: (one["sort_order"], one["id"]))),
        options={one["option_display_name"]: one["label"] for one in shop.values_of(variant)},
        barcode=own["upc"],
        weight_grams=weight * _GRAMS[shop.weight_units],
    )
