"""Deliveries, stock and reservations, as Odoo's Inventory app has them with delivery in one step.

Source: addons/stock/models/stock_quant.py, stock_move.py and addons/sale_stock of Odoo 19; https://www.odoo.com/documentation/
19.0/applications/inventory_and_mrp/inventory/shipping_receiving/reservation_methods.html (at confirmation, or by people).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.odoo.simulator_records import Database, Record, user_error

_ENDED = ("done", "cancel")
_NONE = Decimal(0)


def plan_delivery(database: Database, order_id: int) -> None:
    """Makes what is on its way equal what a confirmed order asks for, and reserves what is there."""
    order = database.get("sale.order", order_id)
    for line in database.lines(order_id):
        product = database.tables["product.product"].get(line["product_id"] or 0)
        if product is None or product["type"] == "service":
            continue
        moves = _moves(database, line["id"])
        asked = Decimal(line["product_uom_qty"] or 0)
        gone = sum((move["quantity"] for move in moves if move["state"] == "done"), _NONE)
        waiting = [move for move in moves if move["state"] not in _ENDED]
        on_its_way = sum((move["product_uom_qty"] for move in waiting), _NONE)
        if asked - gone != on_its_way:
            _set_waiting(database, order, line, waiting, asked - gone)


def ship(
    database: Database,
    order_id: int,
    quantities: Mapping[str, Decimal],
    carrier: str = "",
    number: str = "",
) -> None:
    """Validates the order's open transfer with so much of each SKU; the rest waits in a back order."""
    picking = _open_picking(database, order_id)
    if picking is None:
        raise user_error("Nothing to check the availability for.")
    left = dict(quantities)
    back_order: int | None = None
    for move in database.below("stock.move", "picking_id", picking["id"]):
        if move["state"] in _ENDED:
            continue
        product = database.get("product.product", move["product_id"])
        done = min(left.get(product["default_code"], _NONE), move["product_uom_qty"])
        left[product["default_code"]] = left.get(product["default_code"], _NONE) - done
        rest = move["product_uom_qty"] - done
        if rest and back_order is None:
            back_order = _new_picking(database, order_id)
        if rest and done:
            reserved = min(max(Decimal(move["quantity"] or 0) - done, _NONE), rest)
            remaining = {"product_uom_qty": rest, "quantity": reserved, "picking_id": back_order}
            database.insert("stock.move", {**_copied(move), **remaining, "state": _state(reserved, rest)})
            database.update("stock.move", move["id"], {"product_uom_qty": done})
        elif rest:
            database.update("stock.move", move["id"], {"picking_id": back_order})
        if done:
            _finish(database, move, done)
    if any(left.values()):
        raise user_error("More was to be shipped than the transfer holds.")
    now = f"{database.now():%Y-%m-%d %H:%M:%S}"
    sent = {"state": "done", "date_done": now, "carrier_tracking_ref": number or None}
    database.update("stock.picking", picking["id"], {**sent, "carrier_id": _carrier(database, carrier)})


def cancel_transfers(database: Database, numbers: list[int]) -> None:
    for number in numbers:
        if database.get("stock.picking", number)["state"] == "done":
            raise user_error("You cannot cancel a stock move that has been set to 'Done'.")
        for move in database.below("stock.move", "picking_id", number):
            if move["state"] not in _ENDED:
                _reserve(database, move["product_id"], move["location_id"], -Decimal(move["quantity"] or 0))
                database.update("stock.move", move["id"], {"state": "cancel", "quantity": _NONE})
        database.update("stock.picking", number, {"state": "cancel"})


def open_transfers(database: Database, order_id: int) -> list[int]:
    pickings = database.below("stock.picking", "sale_id", order_id)
    return [picking["id"] for picking in pickings if picking["state"] not in _ENDED]


def count(database: Database, product_id: int, location_id: int, on_hand: Decimal, reserved: Decimal) -> None:
    """An inventory count. A quant that is used up is deleted sooner or later: here at once."""
    adjustment = {"state": "done", "product_id": product_id, "location_id": location_id, "picking_code": None}
    database.insert("stock.move", {**adjustment, "quantity": on_hand, "product_uom_qty": on_hand})
    quant = _quant(database, product_id, location_id)
    if not on_hand and not reserved:
        if quant is not None:
            database.delete("stock.quant", quant["id"])
        return
    values = {"quantity": on_hand, "reserved_quantity": reserved}
    if quant is None:
        database.insert("stock.quant", {"product_id": product_id, "location_id": location_id, **values})
    else:
        database.update("stock.quant", quant["id"], values)


def create_quant(database: Database, values: Mapping[str, Any]) -> int:
    """A count by import, as Odoo documents it: what is counted twice is the same."""
    product, place = values["product_id"], values["location_id"]
    counted = Decimal(values.get("inventory_quantity_auto_apply") or values.get("quantity") or 0)
    known = _quant(database, product, place)
    count(database, product, place, counted, known["reserved_quantity"] if known else _NONE)
    quant = _quant(database, product, place)
    return int(quant["id"]) if quant else 0


def new_location(database: Database, name: str, usage: str, above: int | None = None) -> int:
    """Places lie in one another; their full names leave out the root."""
    parent = database.tables["stock.location"].get(above or 0)
    full = f"{parent['complete_name']}/{name}" if parent else name
    values = {"name": name, "complete_name": full, "usage": usage, "location_id": above, "active": True}
    made = database.insert("stock.location", values)
    path = f"{parent['parent_path'] if parent else ''}{made}/"
    database.update("stock.location", made, {"parent_path": path})
    return made


def _set_waiting(database: Database, order: Record, line: Record, waiting: list[Record], wanted: Decimal) -> None:
    for move in waiting:
        _reserve(database, move["product_id"], move["location_id"], -Decimal(move["quantity"] or 0))
        if move is not waiting[0] or wanted <= 0:
            database.update("stock.move", move["id"], {"state": "cancel", "quantity": _NONE})
    if wanted <= 0:
        _close_if_empty(database, order["id"])
        return
    place = database.get("stock.warehouse", order["warehouse_id"])["lot_stock_id"]
    at_once = _reserves_at_confirmation(database, order["warehouse_id"])
    reserved = _reserve(database, line["product_id"], place, wanted) if at_once else _NONE
    values = {"product_uom_qty": wanted, "quantity": reserved, "state": _state(reserved, wanted)}
    if waiting:
        database.update("stock.move", waiting[0]["id"], values)
        return
    picking = _open_picking(database, order["id"])
    picking_id = picking["id"] if picking else _new_picking(database, order["id"])
    of_line = {"product_id": line["product_id"], "sale_line_id": line["id"], "location_id": place}
    database.insert("stock.move", {**of_line, **values, "picking_id": picking_id, "picking_code": "outgoing"})


def _reserves_at_confirmation(database: Database, warehouse_id: int) -> bool:
    """Else people reserve by hand, or Odoo some days before the delivery."""
    deliveries = database.below("stock.picking.type", "warehouse_id", warehouse_id)
    return all(each["reservation_method"] == "at_confirm" for each in deliveries)


def _close_if_empty(database: Database, order_id: int) -> None:
    picking = _open_picking(database, order_id)
    if picking and all(move["state"] == "cancel" for move in database.below("stock.move", "picking_id", picking["id"])):
        database.update("stock.picking", picking["id"], {"state": "cancel"})


def _finish(database: Database, move: Record, done: Decimal) -> None:
    """What leaves is taken from the stock, below zero if need be: Odoo never refuses it."""
    reserved = min(Decimal(move["quantity"] or 0), done)
    database.update("stock.move", move["id"], {"state": "done", "quantity": done})
    quant = _quant(database, move["product_id"], move["location_id"])
    if quant is None:
        values = {"product_id": move["product_id"], "location_id": move["location_id"], "reserved_quantity": _NONE}
        database.insert("stock.quant", {**values, "quantity": -done})
    else:
        left = {"quantity": quant["quantity"] - done, "reserved_quantity": quant["reserved_quantity"] - reserved}
        database.update("stock.quant", quant["id"], left)
    line = database.get("sale.order.line", move["sale_line_id"])
    database.update("sale.order.line", line["id"], {"qty_delivered": Decimal(line["qty_delivered"] or 0) + done})


def _reserve(database: Database, product_id: int, location_id: int, wanted: Decimal) -> Decimal:
    """Reserves up to so much, or gives back; returns what was."""
    quant = _quant(database, product_id, location_id)
    if quant is None or not wanted:
        return _NONE
    free = max(quant["quantity"] - quant["reserved_quantity"], _NONE)
    change: Decimal = min(wanted, free) if wanted > 0 else max(wanted, -quant["reserved_quantity"])
    if change:
        database.update("stock.quant", quant["id"], {"reserved_quantity": quant["reserved_quantity"] + change})
    return change


def _quant(database: Database, product_id: int, location_id: int) -> Record | None:
    quants = database.below("stock.quant", "product_id", product_id)
    return next((quant for quant in quants if quant["location_id"] == location_id), None)


def _moves(database: Database, line_id: int) -> list[Record]:
    return database.below("stock.move", "sale_line_id", line_id)


def _open_picking(database: Database, order_id: int) -> Record | None:
    return next((database.get("stock.picking", each) for each in open_transfers(database, order_id)), None)


def _new_picking(database: Database, order_id: int) -> int:
    order = database.get("sale.order", order_id)
    warehouse = database.get("stock.warehouse", order["warehouse_id"])
    values = {"state": "confirmed", "sale_id": order_id, "carrier_id": order["carrier_id"]}
    made = database.insert("stock.picking", {**values, "location_id": warehouse["lot_stock_id"]})
    database.update("stock.picking", made, {"name": f"{warehouse['code']}/OUT/{made:05}"})
    return made


def _carrier(database: Database, name: str) -> int | None:
    if not name:
        return None
    known = [row["id"] for row in database.tables["delivery.carrier"].values() if row["name"] == name]
    return known[0] if known else database.insert("delivery.carrier", {"name": name, "active": True})


def _copied(move: Record) -> Record:
    return {name: move[name] for name in ("product_id", "sale_line_id", "location_id", "picking_code")}


def _state(reserved: Decimal, wanted: Decimal) -> str:
    if reserved >= wanted:
        return "assigned"
    return "partially_available" if reserved else "confirmed"
