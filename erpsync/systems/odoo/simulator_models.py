"""The models of the simulator's Odoo and their fields, spelled as Odoo 19 spells them.

Source: https://www.odoo.com/documentation/19.0/developer/reference/backend/orm.html; `fields_get` of a real Odoo 19.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A field's type. `model`: what a relation points to. `inverse`: the field of the lines that points back."""

    type: str
    model: str = ""
    inverse: str = ""


def _one(model: str) -> Kind:
    return Kind("many2one", model)


def _many(model: str) -> Kind:
    return Kind("many2many", model)


CHAR, TEXT, CHOICE, NUMBER, MONEY = Kind("char"), Kind("text"), Kind("selection"), Kind("float"), Kind("monetary")
FLAG, INTEGER, DAY, TIME = Kind("boolean"), Kind("integer"), Kind("date"), Kind("datetime")

DELEGATED: Mapping[str, Kind] = {
    **dict.fromkeys(("name", "description_sale", "type"), CHAR),
    "weight_uom_name": CHAR,
    "list_price": NUMBER,
    **dict.fromkeys(("sale_ok", "is_storable"), FLAG),
    "categ_id": _one("product.category"),
    "uom_id": _one("uom.uom"),
    "currency_id": _one("res.currency"),
    "taxes_id": _many("account.tax"),
}
"""What a product has from its template: read on both, kept by the template."""

MODELS: Mapping[str, Mapping[str, Kind]] = {
    "res.partner": {
        **dict.fromkeys(("name", "email", "email_normalized", "phone", "company_name", "type"), CHAR),
        **dict.fromkeys(("street", "street2", "zip", "city", "country_code", "ref"), CHAR),
        **dict.fromkeys(("is_company", "active"), FLAG),
        "customer_rank": INTEGER,
        "parent_id": _one("res.partner"),
        "country_id": _one("res.country"),
        "state_id": _one("res.country.state"),
        "category_id": _many("res.partner.category"),
        "property_product_pricelist": _one("product.pricelist"),
    },
    "res.partner.category": {"name": CHAR, "active": FLAG},
    "res.country": {"name": CHAR, "code": CHAR},
    "res.country.state": {"name": CHAR, "code": CHAR, "country_id": _one("res.country")},
    "res.currency": {"name": CHAR, "active": FLAG},
    "res.company": {"name": CHAR, "currency_id": _one("res.currency")},
    "res.users": {"name": CHAR, "login": CHAR, "company_id": _one("res.company")},
    "crm.team": {"name": CHAR},
    "uom.uom": {"name": CHAR},
    "delivery.carrier": {"name": CHAR, "active": FLAG, "product_id": _one("product.product")},
    "product.category": {"name": CHAR},
    "product.pricelist": {"name": CHAR, "currency_id": _one("res.currency")},
    "product.pricelist.item": {
        **dict.fromkeys(("applied_on", "compute_price"), CHOICE),
        **dict.fromkeys(("fixed_price", "percent_price", "min_quantity"), NUMBER),
        **dict.fromkeys(("date_start", "date_end"), TIME),
        "pricelist_id": _one("product.pricelist"),
        "product_tmpl_id": _one("product.template"),
        "product_id": _one("product.product"),
    },
    "product.template": {
        **DELEGATED,
        "active": FLAG,
        "product_variant_ids": Kind("one2many", "product.product", "product_tmpl_id"),
    },
    "product.product": {
        **DELEGATED,
        "product_tmpl_id": _one("product.template"),
        **dict.fromkeys(("default_code", "barcode"), CHAR),
        **dict.fromkeys(("weight", "lst_price"), NUMBER),
        "active": FLAG,
        "product_template_attribute_value_ids": _many("product.template.attribute.value"),
        "stock_quant_ids": Kind("one2many", "stock.quant", "product_id"),
        "stock_move_ids": Kind("one2many", "stock.move", "product_id"),
    },
    "product.attribute": {"name": CHAR},
    "product.template.attribute.line": {"product_tmpl_id": _one("product.template")},
    "product.template.attribute.value": {
        "name": CHAR,
        "price_extra": NUMBER,
        "attribute_id": _one("product.attribute"),
        "attribute_line_id": _one("product.template.attribute.line"),
    },
    "account.tax": {
        **dict.fromkeys(("name", "amount_type", "type_tax_use"), CHAR),
        "amount": NUMBER,
        **dict.fromkeys(("price_include", "active"), FLAG),
    },
    "account.journal": {"name": CHAR, "code": CHAR, "type": CHOICE},
    "account.move": {
        **dict.fromkeys(("name", "ref", "invoice_origin"), CHAR),
        **dict.fromkeys(("move_type", "state"), CHOICE),
        **dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total"), MONEY),
        "invoice_date": DAY,
        "partner_id": _one("res.partner"),
        "currency_id": _one("res.currency"),
        "journal_id": _one("account.journal"),
        "reversed_entry_id": _one("account.move"),
        "invoice_line_ids": Kind("one2many", "account.move.line", "move_id"),
    },
    "account.move.line": {
        "move_id": _one("account.move"),
        "product_id": _one("product.product"),
        "name": TEXT,
        **dict.fromkeys(("quantity", "price_unit", "discount"), NUMBER),
        **dict.fromkeys(("price_subtotal", "price_total"), MONEY),
        "tax_ids": _many("account.tax"),
        "sale_line_ids": _many("sale.order.line"),
    },
    "account.payment": {
        **dict.fromkeys(("name", "memo"), CHAR),
        **dict.fromkeys(("payment_type", "partner_type", "state"), CHOICE),
        "amount": MONEY,
        "date": DAY,
        "partner_id": _one("res.partner"),
        "currency_id": _one("res.currency"),
        "journal_id": _one("account.journal"),
    },
    "stock.warehouse": {"name": CHAR, "code": CHAR, "lot_stock_id": _one("stock.location")},
    "stock.picking.type": {
        "name": CHAR,
        **dict.fromkeys(("code", "reservation_method"), CHOICE),
        "warehouse_id": _one("stock.warehouse"),
    },
    "stock.location": {
        **dict.fromkeys(("name", "complete_name", "parent_path"), CHAR),
        "usage": CHOICE,
        "active": FLAG,
        "location_id": _one("stock.location"),
    },
    "stock.quant": {
        "product_id": _one("product.product"),
        "location_id": _one("stock.location"),
        **dict.fromkeys(("quantity", "reserved_quantity", "inventory_quantity_auto_apply"), NUMBER),
    },
    "stock.picking": {
        "name": CHAR,
        "state": CHOICE,
        "date_done": TIME,
        "sale_id": _one("sale.order"),
        "location_id": _one("stock.location"),
        "carrier_id": _one("delivery.carrier"),
        **dict.fromkeys(("carrier_tracking_ref", "carrier_tracking_url"), CHAR),
        "move_ids": Kind("one2many", "stock.move", "picking_id"),
    },
    "stock.move": {
        **dict.fromkeys(("state", "picking_code"), CHOICE),
        **dict.fromkeys(("quantity", "product_uom_qty"), NUMBER),
        "product_id": _one("product.product"),
        "picking_id": _one("stock.picking"),
        "sale_line_id": _one("sale.order.line"),
        "location_id": _one("stock.location"),
    },
    "sale.order": {
        **dict.fromkeys(("name", "client_order_ref", "origin", "x_studio_channel"), CHAR),
        "state": CHOICE,
        **dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total"), MONEY),
        **dict.fromkeys(("partner_id", "partner_invoice_id", "partner_shipping_id"), _one("res.partner")),
        "locked": FLAG,
        "date_order": TIME,
        "pricelist_id": _one("product.pricelist"),
        "currency_id": _one("res.currency"),
        "company_id": _one("res.company"),
        "warehouse_id": _one("stock.warehouse"),
        "team_id": _one("crm.team"),
        "carrier_id": _one("delivery.carrier"),
        "order_line": Kind("one2many", "sale.order.line", "order_id"),
        "picking_ids": Kind("one2many", "stock.picking", "sale_id"),
        "invoice_ids": _many("account.move"),
    },
    "sale.order.line": {
        "order_id": _one("sale.order"),
        "product_id": _one("product.product"),
        "name": TEXT,
        "display_type": CHOICE,
        **dict.fromkeys(("product_uom_qty", "price_unit", "discount"), NUMBER),
        **dict.fromkeys(("qty_delivered", "qty_invoiced", "qty_invoiced_posted"), NUMBER),
        **dict.fromkeys(("price_subtotal", "price_total"), MONEY),
        "tax_ids": _many("account.tax"),
        "invoice_lines": _many("account.move.line"),
        "move_ids": Kind("one2many", "stock.move", "sale_line_id"),
    },
    "ir.model.data": {
        **dict.fromkeys(("module", "name", "model"), CHAR),
        "res_id": INTEGER,
        "noupdate": FLAG,
    },
}
_STAMPS = ("create_date", "write_date")


def kind_of(model: str, name: str) -> Kind | None:
    if name == "id":
        return INTEGER
    if name == "display_name":
        return CHAR
    return TIME if name in _STAMPS else MODELS[model].get(name)
