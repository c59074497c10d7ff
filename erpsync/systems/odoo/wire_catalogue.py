"""Products, prices and customers as Odoo answers them; see `wire`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from erpsync.systems.odoo.wire import Link, LinkedName, Owner, Row, Text, Time


class TemplateRow(Row):
    """A product with its variants."""

    MODEL: ClassVar[str] = "product.template"

    name: Text
    description_sale: Text
    categ_id: LinkedName
    active: bool
    sale_ok: bool
    weight_uom_name: Text
    """kg or lb, for all products alike."""
    write_date: Time


class VariantRow(Row):
    MODEL: ClassVar[str] = "product.product"

    product_tmpl_id: Owner
    default_code: Text
    barcode: Text
    weight: Decimal
    active: bool
    product_template_attribute_value_ids: list[int]
    write_date: Time


class ValueRow(Row):
    """What an attribute may be for one product: "M" of "Size"."""

    MODEL: ClassVar[str] = "product.template.attribute.value"

    name: Text
    attribute_id: LinkedName
    attribute_line_id: Link


class PricedRow(Row):
    """A variant and what it costs."""

    MODEL: ClassVar[str] = "product.product"

    product_tmpl_id: Owner
    default_code: Text
    lst_price: Decimal
    currency_id: LinkedName
    uom_id: LinkedName
    taxes_id: list[int]


class PriceListRow(Row):
    MODEL: ClassVar[str] = "product.pricelist"

    name: Text
    currency_id: LinkedName


class PriceRuleRow(Row):
    """A rule of a price list."""

    MODEL: ClassVar[str] = "product.pricelist.item"

    pricelist_id: Owner
    applied_on: str
    """3_global, 2_product_category, 1_product or 0_product_variant."""
    product_tmpl_id: Link
    product_id: Link
    compute_price: str
    """fixed, percentage or formula."""
    fixed_price: Decimal
    percent_price: Decimal
    min_quantity: Decimal
    date_start: Time
    date_end: Time


class StockedRow(Row):
    MODEL: ClassVar[str] = "product.product"

    default_code: Text
    uom_id: LinkedName


class WaitingRow(Row):
    """A movement of a sales order, for which `quantity` is reserved so far."""

    MODEL: ClassVar[str] = "stock.move"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {"quantity": ("reserved_availability",)}

    product_id: Owner
    location_id: Owner
    sale_line_id: Link
    product_uom_qty: Decimal
    quantity: Decimal


class QuotedRow(Row):
    """A line of a quotation."""

    MODEL: ClassVar[str] = "sale.order.line"

    order_id: Owner
    product_id: Link
    product_uom_qty: Decimal


class DeliveredFromRow(Row):
    """A sales order with the warehouse that delivers it."""

    MODEL: ClassVar[str] = "sale.order"

    warehouse_id: Link


class ContactRow(Row):
    """A customer as Odoo's users keep it."""

    MODEL: ClassVar[str] = "res.partner"

    name: Text
    email: Text
    phone: Text
    is_company: bool
    company_name: Text
    parent_id: LinkedName
    category_id: list[int]
    active: bool
    write_date: Time


class TaggedRow(Row):
    MODEL: ClassVar[str] = "res.partner"

    category_id: list[int]


class StorableRow(Row):
    """Asks how this Odoo tells goods that are kept in stock."""

    MODEL: ClassVar[str] = "product.product"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {"is_storable": ()}

    is_storable: bool = False
