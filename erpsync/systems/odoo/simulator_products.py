"""Products as templates with variants: what a variant has from its template is kept by the template alone.

Source: addons/product/models/product_template.py and product_product.py of Odoo 19.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.odoo.simulator_models import DELEGATED
from erpsync.systems.odoo.simulator_records import Database, Record

_NEW: Record = {"type": "consu", "is_storable": False, "sale_ok": True, "active": True, "weight_uom_name": "kg"}


def create_template(database: Database, values: Mapping[str, Any]) -> int:
    """With the one variant that a product without attributes has."""
    own = {name: value for name, value in values.items() if name in DELEGATED or name == "active"}
    template = _insert(database, own)
    of_variant = {name: value for name, value in values.items() if name not in DELEGATED}
    _insert_variant(database, template, {"active": own.get("active", True), **of_variant})
    return template


def create_variant(database: Database, values: Mapping[str, Any]) -> int:
    """With a template of its own, where none is given."""
    template = values.get("product_tmpl_id")
    if not template:
        own = {name: value for name, value in values.items() if name in DELEGATED or name == "active"}
        template = _insert(database, own)
    return _insert_variant(database, template, {k: v for k, v in values.items() if k not in DELEGATED})


def write_template(database: Database, number: int, values: Mapping[str, Any]) -> None:
    """Archiving a template archives its variants."""
    own = {name: value for name, value in values.items() if name in DELEGATED or name == "active"}
    database.update("product.template", number, own)
    for variant in database.below("product.product", "product_tmpl_id", number):
        if "active" in own:
            database.update("product.product", variant["id"], {"active": own["active"]})
    _mirror(database, number)


def write_variant(database: Database, number: int, values: Mapping[str, Any]) -> None:
    template = database.get("product.product", number)["product_tmpl_id"]
    own = {name: value for name, value in values.items() if name not in DELEGATED}
    if own:
        database.update("product.product", number, own)
    delegated = {name: value for name, value in values.items() if name in DELEGATED}
    if delegated:
        database.update("product.template", template, delegated)
    _mirror(database, template)


def _insert(database: Database, values: Mapping[str, Any]) -> int:
    company = next(iter(database.tables["res.company"].values()))
    defaults = {
        "currency_id": company["currency_id"],
        "uom_id": next(iter(database.tables["uom.uom"])),
        "categ_id": next(iter(database.tables["product.category"])),
        "list_price": Decimal(1),
    }
    return database.insert("product.template", {**_NEW, **defaults, **values})


def _insert_variant(database: Database, template: int, values: Mapping[str, Any]) -> int:
    made = database.insert("product.product", {"active": True, **values, "product_tmpl_id": template})
    _mirror(database, template)
    return made


def _mirror(database: Database, number: int) -> None:
    template = database.get("product.template", number)
    for variant in database.below("product.product", "product_tmpl_id", number):
        chosen = variant["product_template_attribute_value_ids"]
        extras = [database.get("product.template.attribute.value", each)["price_extra"] for each in chosen]
        price = Decimal(template["list_price"] or 0) + sum((Decimal(extra or 0) for extra in extras), Decimal(0))
        shown = {name: template[name] for name in DELEGATED}
        database.derive("product.product", variant["id"], {**shown, "lst_price": price})
