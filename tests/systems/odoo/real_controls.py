"""What a real Odoo's users do and see, by calls of the tests' own. See `erpsync.ports.simulator.ErpControls`.

Its changes have the time at which they are made: nothing can give a record another one from outside.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.ports.simulator import Booked
from tests.odoo_server import SHOP, OdooServer

_ARCHIVED_TOO = {"active_test": False}
_TAKEN = "taken by hand"


class RealControls:
    def __init__(self, server: OdooServer) -> None:
        self._server = server
        moves = server.call("stock.move", "search", domain=[], order="id desc", limit=1)
        self._last_before = max(moves, default=0)
        """Movements up to this one are other tests'."""

    @property
    def locations(self) -> tuple[str, ...]:
        return ("WH/Stock", SHOP)

    def booked(self, reference: str) -> list[Booked]:
        fields = ("name", "state", "locked", "amount_total", "currency_id")
        orders = self._server.search("sale.order", [["client_order_ref", "=", reference]], *fields)
        return [
            Booked(
                id=str(order["id"]),
                number=order["name"],
                reference=reference,
                state={"cancel": "cancelled"}.get(order["state"], "closed" if order["locked"] else "open"),
                total=Decimal(str(order["amount_total"])).quantize(Decimal("0.01")),
                currency=order["currency_id"][1],
                quantities=self._quantities(order["id"]),
            )
            for order in orders
        ]

    def credited(self, reference: str) -> list[Decimal]:
        wanted = [["move_type", "=", "out_refund"], ["ref", "=", reference], ["state", "=", "posted"]]
        return [_money(row["amount_total"]) for row in self._server.search("account.move", wanted, "amount_total")]

    def paid(self, reference: str) -> list[Decimal]:
        wanted = [["memo", "=", reference], ["state", "in", ["in_process", "paid"]]]
        return [_money(row["amount"]) for row in self._server.search("account.payment", wanted, "amount")]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        found = self._server.search("res.partner", [["email", "=", email]], "name")
        if found:
            self._server.call("res.partner", "write", ids=[found[0]["id"]], vals={"name": name})
            return str(found[0]["id"])
        values = {"name": name, "email": email, "customer_rank": 1}
        return str(self._server.call("res.partner", "create", vals_list=[values])[0])

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        found = self._product(sku)
        if found is None:
            values = {"name": title, "default_code": sku, "active": active, "is_storable": True}
            return str(self._server.call("product.template", "create", vals_list=[values])[0])
        template = found["product_tmpl_id"][0]
        self._server.call("product.template", "write", ids=[template], vals={"name": title, "active": active})
        return str(template)

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        found = self._product(sku)
        assert found is not None
        template = found["product_tmpl_id"][0]
        self._server.call("product.template", "write", ids=[template], vals={"list_price": float(price)})

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        """The count that Odoo documents for imports: one call, which a repeat does not double."""
        found = self._product(sku)
        assert found is not None
        product = found["id"]
        [place] = self._server.search("stock.location", [["complete_name", "=", location]], "name")
        self._give_back(product, place["id"])
        count = {"product_id": product, "location_id": place["id"], "inventory_quantity_auto_apply": float(on_hand)}
        self._server.call("stock.quant", "create", vals_list=[count], context={"inventory_mode": True})
        if reserved:
            self._take(product, place["id"], reserved)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        """What is left over waits in a back order."""
        wanted = [["sale_id", "=", int(order_id)], ["state", "not in", ["done", "cancel"]]]
        [picking] = self._server.search("stock.picking", wanted, "name")
        left = dict(quantities)
        for move in self._server.search("stock.move", [["picking_id", "=", picking["id"]]], "product_id"):
            sku = self._sku(move["product_id"][0])
            quantity = float(left.pop(sku, Decimal(0)))
            values = {"quantity": quantity, "picked": quantity > 0}
            self._server.call("stock.move", "write", ids=[move["id"]], vals=values)
        assert left == {}
        context = {"skip_backorder": True}
        self._server.call("stock.picking", "button_validate", ids=[picking["id"]], context=context)
        if carrier or number:
            values = {"carrier_id": self._carrier(carrier), "carrier_tracking_ref": number}
            self._server.call("stock.picking", "write", ids=[picking["id"]], vals=values)

    def invoice(self, order_id: str) -> None:
        """As people enter one by hand: what the products' invoicing policy would make of it is another matter."""
        [order] = self._server.search("sale.order", [["id", "=", int(order_id)]], "partner_invoice_id", "currency_id")
        kept = ("product_id", "price_unit", "discount", "tax_ids", "name")
        counted = ("product_uom_qty", "qty_delivered", "qty_invoiced", "product_type")
        rows = self._server.search("sale.order.line", [["order_id", "=", int(order_id)]], *kept, *counted)
        shipped = any(row["qty_delivered"] for row in rows)
        commands = []
        for row in rows:
            by_delivery = shipped and row["product_type"] != "service"
            quantity = row["qty_delivered" if by_delivery else "product_uom_qty"] - row["qty_invoiced"]
            if quantity > 0:
                values = {
                    **{name: row[name] for name in kept},
                    "product_id": row["product_id"][0],
                    "quantity": quantity,
                }
                commands.append([0, 0, {**values, "sale_line_ids": [[6, 0, [row["id"]]]]}])
        document = {
            "move_type": "out_invoice",
            "partner_id": order["partner_invoice_id"][0],
            "currency_id": order["currency_id"][0],
            "invoice_line_ids": commands,
        }
        ids = self._server.call("account.move", "create", vals_list=[document])
        self._server.call("account.move", "action_post", ids=ids)

    def _quantities(self, order_id: int) -> dict[str, Decimal]:
        wanted = [["order_id", "=", order_id], ["product_id.type", "=", "consu"], ["product_uom_qty", ">", 0]]
        rows = self._server.search("sale.order.line", wanted, "product_id", "product_uom_qty")
        quantities: dict[str, Decimal] = {}
        for row in rows:
            sku = self._sku(row["product_id"][0])
            quantities[sku] = quantities.get(sku, Decimal(0)) + Decimal(str(row["product_uom_qty"]))
        return quantities

    def _product(self, sku: str) -> dict[str, Any] | None:
        found = self._server.call(
            "product.product",
            "search_read",
            domain=[["default_code", "=", sku]],
            fields=["product_tmpl_id"],
            context=_ARCHIVED_TOO,
        )
        return found[0] if found else None

    def _sku(self, product_id: int) -> str:
        [row] = self._server.call(
            "product.product", "read", ids=[product_id], fields=["default_code"], context=_ARCHIVED_TOO
        )
        return str(row["default_code"])

    def _carrier(self, name: str) -> int:
        found = self._server.search("delivery.carrier", [["name", "=", name]], "name")
        if found:
            return int(found[0]["id"])
        product = self._product("SHIPPING")
        assert product is not None
        values = {"name": name, "product_id": product["id"]}
        return int(self._server.call("delivery.carrier", "create", vals_list=[values])[0])

    def _take(self, product: int, place: int, quantity: Decimal) -> None:
        """A delivery without a sales order that reserves so much."""
        [kind] = self._server.search("stock.picking.type", [["code", "=", "outgoing"]], "default_location_dest_id")[:1]
        to = kind["default_location_dest_id"][0]
        places = {"location_id": place, "location_dest_id": to}
        move = {"product_id": product, "product_uom_qty": float(quantity), **places}
        values = {"picking_type_id": kind["id"], "origin": _TAKEN, "move_ids": [[0, 0, move]], **places}
        [picking] = self._server.call("stock.picking", "create", vals_list=[values])
        self._server.call("stock.picking", "action_confirm", ids=[picking])
        self._server.call("stock.picking", "action_assign", ids=[picking])

    def _give_back(self, product: int, place: int) -> None:
        """Nothing that a test before has left behind waits for what is put there now."""
        here = [["product_id", "=", product], ["location_id", "=", place], ["id", "<=", self._last_before]]
        left = self._server.search("stock.move", [*here, ["state", "not in", ["done", "cancel"]]], "picking_id")
        if pickings := sorted({row["picking_id"][0] for row in left if row["picking_id"]}):
            self._server.call("stock.picking", "action_cancel", ids=pickings)
        mine = [["origin", "=", _TAKEN], ["state", "not in", ["done", "cancel"]], ["location_id", "=", place]]
        taken = self._server.search("stock.picking", [*mine, ["move_ids.product_id", "=", product]], "name")
        if taken:
            self._server.call("stock.picking", "action_cancel", ids=[row["id"] for row in taken])


def _money(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))
