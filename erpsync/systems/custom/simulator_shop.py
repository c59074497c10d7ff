"""What the simulated shop holds, and what its buyers and users do. Records are JSON values as the contract has them."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

from erpsync.ports.simulator import Shown, ShownProduct
from erpsync.systems.custom.simulator_products import Catalogue

Record = dict[str, Any]
LOCATIONS = ("shop", "warehouse")
TAX_RATE = Decimal("0.19")
SHIPPING = Decimal("4.90")


class Shop:
    """See `erpsync.ports.simulator.StoreControls`. Prices are net, with 19 % tax on top; a buyer pays by card at once."""

    def __init__(self, clock: Callable[[], datetime], *, whole_events: bool = True) -> None:
        self.lock = threading.RLock()
        self.orders: dict[str, Record] = {}
        self.variants: dict[str, Record] = {}
        self.customers: dict[str, Record] = {}
        self.fulfilments: dict[str, Record] = {}
        self.written: dict[str, Record] = {}
        """By order: what was written back, why it is held, how often its buyer was told of a shipment."""
        self.spoilt: dict[str, Record] = {}
        """By order: what it is told with instead, as by a shop with a fault."""
        self._clock = clock
        self._whole_events = whole_events
        self._events: list[Record] = []
        self._numbers = count(1001)
        self._last = clock()
        for number in range(1, 51):
            sku = f"SKU-{number:04d}"
            self.variants[sku] = {
                "id": f"v{number}",
                "product_id": f"p{number}",
                "sku": sku,
                "title": f"Item {number}",
                "price": f"{10 + number}.00",
                "currency": "EUR",
                "promotion": None,
                "tracked": True,
                "active": True,
                "stock": dict.fromkeys(LOCATIONS, 100),
                "updated_at": self.stamp(),
            }
        self.catalogue = Catalogue(self)

    @property
    def locations(self) -> tuple[str, ...]:
        return LOCATIONS

    def now(self) -> datetime:
        return self._clock()

    def number(self) -> int:
        """One that no other record has."""
        return next(self._numbers)

    def stamp(self, seconds_ago: float = 0.0) -> str:
        """The time of a change; no two are the same unless one is backdated."""
        if seconds_ago:
            return (self.now() - timedelta(seconds=seconds_ago)).isoformat()
        self._last = max(self.now(), self._last + timedelta(microseconds=1))
        return self._last.isoformat()

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0) -> str:
        with self.lock:
            number = self.number()
            at = self.stamp(seconds_ago)
            address = {"first_name": "Ada", "last_name": "Buyer", "line1": "Main Street 1", "city": "Vienna"}
            order = {
                "id": f"o-{number}",
                "number": f"W{number}",
                "created_at": at,
                "currency": "EUR",
                "taxes_included": False,
                "customer": {
                    "email": email or f"buyer-{number}@example.com",
                    "first_name": "Ada",
                    "last_name": "Buyer",
                },
                "billing_address": address | {"postal_code": "1010", "country": "AT"},
                "lines": [],
                "shipping_lines": [
                    {"id": f"s-{number}", "code": "standard", "title": "Standard", "price": f"{SHIPPING}"}
                    | _taxed(SHIPPING)
                ],
                "paid": True,
                "payments": [],
                "refunds": [],
            }
            self.orders[str(order["id"])] = order
            self._fill(order, quantities)
            total = self._total(order)
            order["payments"] = [{"id": f"pay-{number}", "method": "card", "amount": f"{total}", "paid_at": at}]
            self._change(order, at)
            return str(order["id"])

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        with self.lock:
            order = self.orders[order_id]
            left = {line["sku"]: line["quantity"] for line in order["lines"]} | dict(quantities)
            self._fill(order, left)
            self._change(order)

    def cancel(self, order_id: str) -> None:
        with self.lock:
            self.orders[order_id]["status"] = "cancelled"
            self._change(self.orders[order_id])

    def delete(self, order_id: str) -> None:
        with self.lock:
            del self.orders[order_id]
            self._tell("order.deleted", {"id": order_id}, self.stamp())

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        with self.lock:
            order, lines, total = self.orders[order_id], [], Decimal(0)
            for line in order["lines"]:
                quantity = quantities.get(line["sku"], 0)
                if quantity:
                    amount = Decimal(line["unit_price"]) * quantity
                    tax = _cents(amount * TAX_RATE)
                    total += amount + tax
                    told = {"line_id": line["id"], "sku": line["sku"], "quantity": quantity}
                    lines.append({**told, "amount": f"{amount}", "tax": f"{tax}", "restocked": True})
            at, number = self.stamp(), self.number()
            order["refunds"].append({"id": f"r-{number}", "created_at": at, "lines": lines, "total": f"{total}"})
            self._change(order, at)
            return total

    def shown(self, order_id: str) -> Shown:
        with self.lock:
            order, written = self.orders[order_id], self.written.get(order_id, {})
            shipments = {
                one["parcels"][0]["number"]: {line["sku"]: int(Decimal(line["quantity"])) for line in one["lines"]}
                for one in self.fulfilments.values()
                if one["order_id"] == order_id
            }
            return Shown(
                state=order.get("status", "open"),
                total=Decimal(order["total"]),
                notes=written.get("number", ""),
                marks=(written["hold"],) if written.get("hold") else (),
                shipments=shipments,
                messages=written.get("messages", 0),
            )

    def put_stock(self, sku: str, location: str, quantity: int) -> None:
        with self.lock:
            self.variants[sku]["stock"][location] = quantity
            self.variants[sku]["updated_at"] = self.stamp()

    def stock(self, sku: str, location: str) -> int:
        return int(self.variants[sku]["stock"][location])

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        with self.lock:
            starts, ends = (
                None if one is None else (self.now() + timedelta(seconds=one)).isoformat()
                for one in (start_seconds, end_seconds)
            )
            set_ = None if promotion is None else {"price": f"{promotion}", "starts_at": starts, "ends_at": ends}
            self.variants[sku] |= {"price": f"{base}", "promotion": set_, "updated_at": self.stamp()}

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        promotion = self.variants[sku]["promotion"]
        return Decimal(self.variants[sku]["price"]), Decimal(promotion["price"]) if promotion else None

    def product(self, sku: str) -> list[ShownProduct]:
        with self.lock:
            return self.catalogue.shown(sku)

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self.lock:
            customer_id = f"c-{self.number()}"
            first, _, last = name.partition(" ")
            told = {"id": customer_id, "email": email, "first_name": first, "last_name": last}
            self.customers[customer_id] = {**told, "updated_at": self.stamp(seconds_ago)}
            return customer_id

    def drop_subscriptions(self) -> None:
        raise NotImplementedError("the shop's webhooks are set up by its developer and do not end by themselves")

    def take_events(self) -> list[Record]:
        with self.lock:
            taken, self._events = self._events, []
            return taken

    def told(self, order: Record) -> Record:
        """The order as it is sent; a field that its fault takes away is None there."""
        spoilt = self.spoilt.get(order["id"], {})
        return {name: value for name, value in (order | spoilt).items() if value is not None}

    def records(self) -> Mapping[str, list[Record]]:
        with self.lock:
            return {
                "orders": list(self.orders.values()),
                "products": list(self.catalogue.products.values()),
                "variants": list(self.variants.values()),
                "customers": list(self.customers.values()),
                "fulfilments": list(self.fulfilments.values()),
                "written": [{"order_id": order_id, **told} for order_id, told in self.written.items()],
            }

    def _fill(self, order: Record, quantities: Mapping[str, int]) -> None:
        lines = []
        for sku, quantity in quantities.items():
            price = Decimal(self.variants[sku]["price"])
            if quantity:
                line = {"id": f"{order['id']}-{sku}", "sku": sku, "title": self.variants[sku]["title"]}
                lines.append(line | {"quantity": quantity, "unit_price": f"{price}"} | _taxed(price * quantity))
        order["lines"] = lines

    def _total(self, order: Record) -> Decimal:
        goods = sum((Decimal(line["unit_price"]) * line["quantity"] for line in order["lines"]), Decimal(0))
        parts = [*order["lines"], *order["shipping_lines"]]
        return goods + SHIPPING + sum((Decimal(tax["amount"]) for one in parts for tax in one["taxes"]), Decimal(0))

    def _change(self, order: Record, at: str = "") -> None:
        order |= {"total": f"{self._total(order)}", "updated_at": at or self.stamp()}
        told = self.told(order) if self._whole_events else {"id": order["id"]}
        self._tell("order.changed", told, order["updated_at"])

    def _tell(self, kind: str, order: Record, at: str) -> None:
        self._events.append({"id": f"e-{self.number()}", "type": kind, "occurred_at": at, "order": order})


def _taxed(net: Decimal) -> Record:
    return {"taxes": [{"title": "VAT", "amount": f"{_cents(net * TAX_RATE)}", "rate": f"{TAX_RATE}"}]}


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
