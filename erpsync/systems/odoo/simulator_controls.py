"""What the simulator's own users do and see. See `erpsync.ports.simulator.ErpControls`."""

from collections.abc import Mapping
from decimal import Decimal
from threading import Lock
from typing import Any

from erpsync.ports.simulator import Booked
from erpsync.systems.odoo import simulator_accounts as accounts
from erpsync.systems.odoo import simulator_sales as sales
from erpsync.systems.odoo import simulator_stock as stock
from erpsync.systems.odoo.simulator_amounts import rounded
from erpsync.systems.odoo.simulator_records import Database, Record


class Controls:
    """Over one database, between calls."""

    def __init__(self, database: Database, lock: Lock) -> None:
        self._database = database
        self._lock = lock

    @property
    def locations(self) -> tuple[str, ...]:
        with self._lock:
            places = [row["lot_stock_id"] for row in self._database.tables["stock.warehouse"].values()]
            return tuple(self._database.get("stock.location", place)["complete_name"] for place in places)

    def booked(self, reference: str) -> list[Booked]:
        with self._lock:
            orders = self._database.tables["sale.order"].values()
            return [self._booked(order) for order in orders if order["client_order_ref"] == reference]

    def credited(self, reference: str) -> list[Decimal]:
        with self._lock:
            return accounts.credited(self._database, reference)

    def paid(self, reference: str) -> list[Decimal]:
        with self._lock:
            return accounts.paid(self._database, reference)

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self._lock, self._database.aged(seconds_ago):
            for row in self._database.tables["res.partner"].values():
                if row["email"] == email:
                    sales.write(self._database, "res.partner", row["id"], {"name": name})
                    return str(row["id"])
            values = {"name": name, "email": email, "customer_rank": 1}
            return str(sales.create(self._database, "res.partner", values))

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        with self._lock, self._database.aged(seconds_ago):
            found = self._variant(sku)
            if found is None:
                values = {"name": title, "default_code": sku, "active": active, "is_storable": True}
                return str(sales.create(self._database, "product.template", values))
            template = found["product_tmpl_id"]
            sales.write(self._database, "product.template", template, {"name": title, "active": active})
            return str(template)

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        with self._lock, self._database.aged(seconds_ago):
            template = self._known(sku)["product_tmpl_id"]
            sales.write(self._database, "product.template", template, {"list_price": price})

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        with self._lock, self._database.aged(seconds_ago):
            places = self._database.tables["stock.location"].values()
            [place] = [row["id"] for row in places if row["complete_name"] == location]
            stock.count(self._database, self._known(sku)["id"], place, on_hand, reserved)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        with self._lock, self._database.aged(seconds_ago):
            stock.ship(self._database, int(order_id), quantities, carrier, number)

    def deliver(self, order_id: int) -> None:
        """Ships everything that the order asks for."""
        with self._lock:
            order = self._booked(self._database.get("sale.order", order_id))
        self.ship(order.id, order.quantities)

    def invoice(self, order_id: str | int) -> None:
        with self._lock, self._database.transaction():
            accounts.invoice_order(self._database, int(order_id))

    def change(self, model: str, number: int, **values: Any) -> None:
        """Whatever else a person changes on a record."""
        with self._lock, self._database.transaction():
            sales.write(self._database, model, number, values)

    def add(self, model: str, **values: Any) -> int:
        """A record that a person enters."""
        with self._lock, self._database.transaction():
            return sales.create(self._database, model, values)

    def _booked(self, order: Record) -> Booked:
        quantities: dict[str, Decimal] = {}
        for line in self._database.lines(order["id"]):
            product = self._database.tables["product.product"].get(line["product_id"] or 0)
            if product and product["type"] != "service" and line["product_uom_qty"]:
                sku = product["default_code"]
                quantities[sku] = quantities.get(sku, Decimal(0)) + line["product_uom_qty"]
        state = "cancelled" if order["state"] == "cancel" else "closed" if order["locked"] else "open"
        return Booked(
            id=str(order["id"]),
            number=order["name"],
            reference=order["client_order_ref"] or "",
            state=state,
            total=rounded(Decimal(order["amount_total"])),
            currency=self._database.get("res.currency", order["currency_id"])["name"],
            quantities=quantities,
        )

    def _variant(self, sku: str) -> Record | None:
        products = self._database.tables["product.product"].values()
        return next((row for row in products if row["default_code"] == sku), None)

    def _known(self, sku: str) -> Record:
        found = self._variant(sku)
        if found is None:
            raise LookupError(f"no product {sku}")
        return found
