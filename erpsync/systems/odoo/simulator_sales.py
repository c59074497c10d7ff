"""What Odoo's Sales app enforces: required fields, defaults, totals, and what may not be changed after confirmation.

Source: addons/sale/models/sale_order.py and sale_order_line.py of Odoo 19, and its answers.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.odoo import simulator_accounts as accounts
from erpsync.systems.odoo import simulator_amounts as amounts
from erpsync.systems.odoo import simulator_products as products
from erpsync.systems.odoo import simulator_stock as stock
from erpsync.systems.odoo.simulator_models import MODELS
from erpsync.systems.odoo.simulator_records import Database, OdooError, Record, user_error, value_error
from erpsync.systems.odoo.simulator_search import display_name

_TWO_DIGITS = ("product_uom_qty", "discount")
_ORDER_REQUIRED = {
    "partner_id": "Customer",
    "company_id": "Company",
    "partner_invoice_id": "Invoice Address",
    "partner_shipping_id": "Delivery Address",
}
_NOTHING: Mapping[str, Any] = {}
_LOCKED = {"product_id", "name", "price_unit", "product_uom_qty", "tax_ids", "discount"}


class MissingValue(OdooError):
    """A required field is empty. load() names the field."""

    def __init__(self, field: str, label: str, model: str) -> None:
        self.field = field
        text = f"Missing required value for the field '{label}' ({field}).\nModel: '{model}'"
        super().__init__(422, "odoo.exceptions.ValidationError", f"The operation cannot be completed: {text}")


def create(database: Database, model: str, values: Mapping[str, Any], context: Mapping[str, Any] = _NOTHING) -> int:
    """A record with Odoo's defaults for what `values` leaves out; what is given empty stays empty."""
    _check_names(model, values)
    values = _linked(model, values)
    if model in _CREATE:
        return _CREATE[model](database, values)
    filled = _clean(values)
    if model == "res.partner":
        rank = 1 if context.get("res_partner_search_mode") == "customer" else 0
        filled = {"type": "contact", "is_company": False, "active": True, "customer_rank": rank} | filled
        if filled["type"] == "contact" and not filled.get("name"):
            raise user_error("Contacts require a name")
        filled |= _partner_extras(database, filled)
    elif "active" in MODELS[model]:
        filled = {"active": True} | filled
    return database.insert(model, filled)


def write(database: Database, model: str, number: int, values: Mapping[str, Any]) -> None:
    _check_names(model, values)
    values = _linked(model, values)
    if model in _WRITE:
        _WRITE[model](database, number, values)
    else:
        filled = _clean(values)
        if model == "res.partner":
            filled |= _partner_extras(database, {**database.get(model, number), **filled})
        database.update(model, number, filled)


def unlink(database: Database, model: str, number: int) -> None:
    record = database.get(model, number)
    if model == "sale.order.line":
        order = database.get("sale.order", record["order_id"])
        if order["state"] == "sale" and not record["display_type"]:
            raise user_error("Once a sales order is confirmed, you can't remove one of its lines")
        database.delete(model, number)
        _total(database, order["id"])
        return
    if model == "sale.order":
        if record["state"] not in ("draft", "cancel"):
            raise user_error("You can not delete a sent quotation or a confirmed sales order.")
        for line in database.lines(number):
            database.delete("sale.order.line", line["id"])
    database.delete(model, number)


def confirm(database: Database, numbers: list[int]) -> None:
    for number in numbers:
        if database.get("sale.order", number)["state"] not in ("draft", "sent"):
            raise user_error("Some orders are not in a state requiring confirmation.")
    for number in numbers:
        stamp = f"{database.clock():%Y-%m-%d %H:%M:%S}"
        database.update("sale.order", number, {"state": "sale", "date_order": stamp})
        stock.plan_delivery(database, number)


def cancel(database: Database, numbers: list[int]) -> None:
    """Nothing asks whether goods have left."""
    if any(database.get("sale.order", number)["locked"] for number in numbers):
        raise user_error("You cannot cancel a locked order. Please unlock it first.")
    for number in numbers:
        stock.cancel_transfers(database, stock.open_transfers(database, number))
        database.update("sale.order", number, {"state": "cancel"})


def _create_order(database: Database, values: Mapping[str, Any]) -> int:
    partner = values.get("partner_id")
    if partner and partner not in database.tables["res.partner"]:
        raise OdooError(404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.")
    company = next(iter(database.tables["res.company"]))
    filled: Record = {
        "company_id": company,
        "partner_invoice_id": partner,
        "partner_shipping_id": partner,
        "pricelist_id": next(iter(database.tables["product.pricelist"]), None),
        "warehouse_id": next(iter(database.tables["stock.warehouse"]), None),
        "date_order": f"{database.clock():%Y-%m-%d %H:%M:%S}",
        **{name: value or None for name, value in values.items() if name != "order_line"},
    }
    required = {**_ORDER_REQUIRED, **({"pricelist_id": "Pricelist"} if database.price_list_required else {})}
    for name, label in required.items():
        if not filled.get(name):
            raise MissingValue(name, label, "Sales Order (sale.order)")
    filled |= {"state": "draft", "locked": False, "currency_id": _currency(database, filled)}
    number = database.insert("sale.order", filled)
    database.update("sale.order", number, {"name": f"S{number:05}"})
    _apply_lines(database, number, values.get("order_line") or [])
    _total(database, number)
    return number


def _write_order(database: Database, number: int, values: Mapping[str, Any]) -> None:
    order = database.get("sale.order", number)
    if "pricelist_id" in values and order["state"] == "sale":
        raise user_error("You cannot change the pricelist of a confirmed order !")
    filled = {name: value or None for name, value in values.items() if name != "order_line"}
    for name, label in _ORDER_REQUIRED.items():
        if name in filled and not filled[name]:
            raise MissingValue(name, label, "Sales Order (sale.order)")
    if "pricelist_id" in filled:
        filled["currency_id"] = _currency(database, {**order, **filled})
    database.update("sale.order", number, filled)
    _apply_lines(database, number, values.get("order_line") or [])
    _total(database, number)


def _currency(database: Database, order: Record) -> int:
    """The price list's, else the company's."""
    pricelist = database.tables["product.pricelist"].get(order["pricelist_id"] or 0)
    return int((pricelist or database.get("res.company", order["company_id"]))["currency_id"])


def _apply_lines(database: Database, order_id: int, commands: list[Any]) -> None:
    for command, number, values in commands:
        if command == 0:
            external = values.get("id")
            made = _create_line(database, {**{k: v for k, v in values.items() if k != "id"}, "order_id": order_id})
            if external:
                database.name_record(external, "sale.order.line", made)
        elif command == 1:
            _write_line(database, number, {**values, "order_id": order_id})
        elif command == 2:
            unlink(database, "sale.order.line", number)
        else:
            raise value_error(f"Wrong command {command}")


def _create_line(database: Database, values: Mapping[str, Any]) -> int:
    filled: Record = {name: value or None for name, value in values.items()}
    product = database.tables["product.product"].get(filled.get("product_id") or 0)
    if not filled.get("display_type") and product is None:
        raise user_error("Missing required fields on accountable sale order line.")
    if product is not None:
        default = {"name": display_name(database, "product.product", product["id"]), "product_uom_qty": Decimal(1)}
        filled = {**default, "price_unit": product["list_price"], "tax_ids": list(product["taxes_id"]), **filled}
    if not filled.get("name"):
        raise MissingValue("name", "Description", "Sales Order Line (sale.order.line)")
    number = database.insert("sale.order.line", _numbers(filled))
    _total(database, filled["order_id"])
    _plan(database, filled["order_id"])
    return number


def _write_line(database: Database, number: int, values: Mapping[str, Any]) -> None:
    line = database.get("sale.order.line", number)
    order = database.get("sale.order", line["order_id"])
    filled = {name: value or None for name, value in values.items()}
    if "display_type" in filled and filled["display_type"] != line["display_type"]:
        raise user_error("You cannot change the type of a sale order line.")
    beyond_draft = order["state"] in ("sale", "cancel")
    if "product_id" in filled and filled["product_id"] != line["product_id"] and beyond_draft:
        raise user_error("You cannot modify the product of this order line.")
    if "product_uom_qty" in filled:
        quantity = Decimal(filled["product_uom_qty"] or 0)
        if order["state"] == "sale" and quantity < (line["qty_delivered"] or 0):
            raise user_error(
                "The ordered quantity of a sale order line cannot be decreased below the amount already delivered. "
                "Instead, create a return in your inventory."
            )
        if "price_unit" not in filled and line["product_id"]:
            filled["price_unit"] = database.get("product.product", line["product_id"])["list_price"]
    if order["locked"] and _LOCKED & filled.keys():
        raise user_error("It is forbidden to modify the following fields in a locked order:\nQuantity")
    database.update("sale.order.line", number, _numbers(filled))
    _total(database, line["order_id"])
    _plan(database, line["order_id"])


def _plan(database: Database, order_id: int) -> None:
    if database.get("sale.order", order_id)["state"] == "sale":
        stock.plan_delivery(database, order_id)


def _numbers(values: Mapping[str, Any]) -> Record:
    """Prices are kept as given, quantities and percentages with two digits."""
    numbers = {
        name: Decimal(values[name] or 0) for name in ("product_uom_qty", "price_unit", "discount") if name in values
    }
    rounded = {name: amounts.rounded(value) if name in _TWO_DIGITS else value for name, value in numbers.items()}
    return (
        {**values, **rounded, "tax_ids": values.get("tax_ids") or []} if "tax_ids" in values else {**values, **rounded}
    )


def _total(database: Database, order_id: int) -> None:
    sums = amounts.total(database, "sale.order.line", database.lines(order_id), "product_uom_qty")
    database.update("sale.order", order_id, sums)


def _linked(model: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Links to many as lists of ids: [[6, 0, ids]] says the same as Odoo's command to set them."""
    sets = {
        name: value[0][2]
        for name, value in values.items()
        if MODELS[model][name].type == "many2many" and value and isinstance(value[0], (list, tuple))
    }
    return {**values, **sets}


def _clean(values: Mapping[str, Any]) -> Record:
    return {
        name: None if value is False and name not in ("active", "is_company") else value
        for name, value in values.items()
    }


def _partner_extras(database: Database, partner: Record) -> Record:
    country = database.tables["res.country"].get(partner.get("country_id") or 0)
    email = (partner.get("email") or "").strip().lower()
    return {"email_normalized": email if "@" in email else None, "country_code": country["code"] if country else None}


def _check_names(model: str, values: Mapping[str, Any]) -> None:
    for name in values:
        if name not in MODELS[model]:
            raise value_error(f"Invalid field {name!r} on model {model!r}")


_CREATE: Mapping[str, Callable[[Database, Mapping[str, Any]], int]] = {
    "sale.order": _create_order,
    "sale.order.line": _create_line,
    "product.template": products.create_template,
    "product.product": products.create_variant,
    "account.move": accounts.create_move,
    "account.payment": accounts.create_payment,
    "stock.quant": stock.create_quant,
}
_WRITE: Mapping[str, Callable[[Database, int, Mapping[str, Any]], None]] = {
    "sale.order": _write_order,
    "sale.order.line": _write_line,
    "product.template": products.write_template,
    "product.product": products.write_variant,
    "account.move": accounts.write_move,
}
