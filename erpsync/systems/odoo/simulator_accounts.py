"""Invoices, credit notes and payments, as Odoo's Invoicing app has them.

Source: addons/account/models/account_move.py and account_payment.py of Odoo 19, and its answers.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.odoo import simulator_amounts as amounts
from erpsync.systems.odoo.simulator_records import Database, Record, user_error, value_error

_PREFIXES = {"out_invoice": "INV", "out_refund": "RINV"}
_POSTED = ("posted", "in_process", "paid")


def create_move(database: Database, values: Mapping[str, Any]) -> int:
    company = next(iter(database.tables["res.company"].values()))
    journal = next(row["id"] for row in database.tables["account.journal"].values() if row["type"] == "sale")
    defaults: Record = {"move_type": "entry", "currency_id": company["currency_id"], "journal_id": journal}
    own = {name: value or None for name, value in values.items() if name != "invoice_line_ids"}
    number = database.insert("account.move", {**defaults, **own, "state": "draft"})
    _apply_lines(database, number, values.get("invoice_line_ids") or [])
    return number


def write_move(database: Database, number: int, values: Mapping[str, Any]) -> None:
    move = database.get("account.move", number)
    if move["state"] == "posted" and "invoice_line_ids" in values:
        raise user_error("You cannot modify a posted entry of this journal.")
    own = {name: value or None for name, value in values.items() if name != "invoice_line_ids"}
    database.update("account.move", number, own)
    _apply_lines(database, number, values.get("invoice_line_ids") or [])


def post_moves(database: Database, numbers: list[int]) -> None:
    for number in numbers:
        move = database.get("account.move", number)
        if move["state"] != "draft":
            raise user_error(f"The entry {move['name']} (id {number}) must be in draft.")
        if not move["partner_id"]:
            raise user_error("The field 'Customer' is required, please complete it to validate the Customer Invoice.")
        if not database.below("account.move.line", "move_id", number):
            raise user_error("You need to add a line before posting.")
    for number in numbers:
        move = database.get("account.move", number)
        posted = [row for row in database.tables["account.move"].values() if row["move_type"] == move["move_type"]]
        name = f"{_PREFIXES.get(move['move_type'], 'MISC')}/{database.now():%Y}/{len(posted):05}"
        day = move["invoice_date"] or f"{database.now():%Y-%m-%d}"
        database.update("account.move", number, {"state": "posted", "name": name, "invoice_date": day})
        _count_invoiced(database, number)


def create_payment(database: Database, values: Mapping[str, Any]) -> int:
    if Decimal(values.get("amount") or 0) < 0:
        raise user_error("The payment amount cannot be negative.")
    journal = database.tables["account.journal"].get(values.get("journal_id") or 0)
    if journal is None or journal["type"] not in ("bank", "cash", "credit"):
        raise user_error("Please define a payment method line on your payment.")
    own = {name: value or None for name, value in values.items()}
    return database.insert("account.payment", {"date": f"{database.now():%Y-%m-%d}", **own, "state": "draft"})


def post_payments(database: Database, numbers: list[int]) -> None:
    for number in numbers:
        payment = database.get("account.payment", number)
        if payment["state"] != "draft":
            raise user_error("Only a draft payment can be posted.")
        journal = database.get("account.journal", payment["journal_id"])
        name = f"P{journal['code']}/{database.now():%Y}/{number:05}"
        database.update("account.payment", number, {"state": "in_process", "name": name})


def invoice_order(database: Database, order_id: int) -> int:
    """Posts an invoice for what has been delivered, or for all of it where nothing has."""
    order = database.get("sale.order", order_id)
    lines = [line for line in database.lines(order_id) if not line["display_type"]]
    delivered = any(line["qty_delivered"] for line in lines)
    commands = []
    for line in lines:
        is_service = database.get("product.product", line["product_id"])["type"] == "service"
        quantity = line["qty_delivered"] if delivered and not is_service else line["product_uom_qty"]
        open_quantity = Decimal(quantity or 0) - Decimal(line["qty_invoiced"] or 0)
        if open_quantity > 0:
            kept = {name: line[name] for name in ("product_id", "name", "price_unit", "discount", "tax_ids")}
            commands.append((0, 0, {**kept, "quantity": open_quantity, "sale_line_ids": [line["id"]]}))
    values = {
        "move_type": "out_invoice",
        "partner_id": order["partner_invoice_id"],
        "currency_id": order["currency_id"],
        "invoice_origin": order["name"],
        "invoice_line_ids": commands,
    }
    made = create_move(database, values)
    post_moves(database, [made])
    return made


def credited(database: Database, reference: str) -> list[Decimal]:
    moves = [row for row in database.tables["account.move"].values() if row["move_type"] == "out_refund"]
    return [row["amount_total"] for row in moves if row["ref"] == reference and row["state"] == "posted"]


def paid(database: Database, reference: str) -> list[Decimal]:
    payments = [row for row in database.tables["account.payment"].values() if row["state"] in _POSTED]
    return [amounts.rounded(Decimal(row["amount"])) for row in payments if row["memo"] == reference]


def _apply_lines(database: Database, move_id: int, commands: list[Any]) -> None:
    for command, number, values in commands:
        filled = {name: value or None for name, value in values.items() if name != "id"}
        if command == 0:
            external = values.get("id")
            numbers = {"quantity": Decimal(1), **filled, "tax_ids": filled.get("tax_ids") or []}
            sold: list[int] = filled.get("sale_line_ids") or []
            made = database.insert("account.move.line", {**numbers, "move_id": move_id, "sale_line_ids": sold})
            if external:
                database.name_record(external, "account.move.line", made)
            _link_to_order(database, move_id, made, sold)
        elif command == 1:
            lists = {name: filled[name] or [] for name in ("tax_ids", "sale_line_ids") if name in filled}
            database.update("account.move.line", number, {**filled, **lists})
        else:
            raise value_error(f"Wrong command {command}")
    lines = database.below("account.move.line", "move_id", move_id)
    database.derive("account.move", move_id, amounts.total(database, "account.move.line", lines, "quantity"))
    _count_invoiced(database, move_id)


def _link_to_order(database: Database, move_id: int, line_id: int, sale_lines: list[int]) -> None:
    for number in sale_lines:
        sold = database.get("sale.order.line", number)
        database.derive("sale.order.line", number, {"invoice_lines": [*sold["invoice_lines"], line_id]})
        order = database.get("sale.order", sold["order_id"])
        if move_id not in order["invoice_ids"]:
            database.derive("sale.order", order["id"], {"invoice_ids": [*order["invoice_ids"], move_id]})


def _count_invoiced(database: Database, move_id: int) -> None:
    """What has been invoiced of the lines that the document is for: invoices less credit notes."""
    for line in database.below("account.move.line", "move_id", move_id):
        for number in line["sale_line_ids"]:
            counted = {"qty_invoiced": Decimal(0), "qty_invoiced_posted": Decimal(0)}
            for each in database.get("sale.order.line", number)["invoice_lines"]:
                booked = database.get("account.move.line", each)
                move = database.get("account.move", booked["move_id"])
                sign = -1 if move["move_type"] == "out_refund" else 1
                counted["qty_invoiced"] += sign * Decimal(booked["quantity"] or 0)
                if move["state"] == "posted":
                    counted["qty_invoiced_posted"] += sign * Decimal(booked["quantity"] or 0)
            database.derive("sale.order.line", number, counted)
