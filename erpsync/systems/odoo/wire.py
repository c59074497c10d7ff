"""What Odoo answers, spelled as Odoo spells it, and checked where it enters.

A row's fields are also what is asked for: `list(OrderRow.model_fields)`. Odoo writes false for every empty value, whatever
its type, and a link to another record as [id, display name].

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
"""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _text(value: Any) -> Any:
    return "" if value is False else value


def _link(value: Any) -> Any:
    if value is False:
        return None
    return value[0] if isinstance(value, list) and len(value) == 2 else value


def _linked_name(value: Any) -> Any:
    return value[1] if isinstance(value, list) and len(value) == 2 else _text(value)


Text = Annotated[str, BeforeValidator(_text)]
Link = Annotated[int | None, BeforeValidator(_link)]
Owner = Annotated[int, BeforeValidator(_link)]
LinkedName = Annotated[str, BeforeValidator(_linked_name)]


class Row(BaseModel):
    """A record of `MODEL`, with the fields that erpsync reads."""

    model_config = ConfigDict(frozen=True)

    MODEL: ClassVar[str]

    id: int


class OrderRow(Row):
    MODEL: ClassVar[str] = "sale.order"

    name: str
    state: str
    """draft, sent (a quotation that was mailed), sale or cancel."""
    locked: bool
    client_order_ref: Text
    partner_invoice_id: Link
    partner_shipping_id: Link
    currency_id: LinkedName
    amount_untaxed: Decimal
    amount_tax: Decimal
    amount_total: Decimal


class LineRow(Row):
    MODEL: ClassVar[str] = "sale.order.line"

    order_id: Owner
    display_type: Text
    """Empty for items; line_note, line_section or line_subsection for text."""
    product_id: Link
    name: Text
    product_uom_qty: Decimal
    price_unit: Decimal
    discount: Decimal
    tax_ids: list[int]
    qty_delivered: Decimal
    qty_invoiced_posted: Decimal


class PartnerRow(Row):
    MODEL: ClassVar[str] = "res.partner"

    name: Text
    company_name: Text
    email_normalized: Text
    street: Text
    street2: Text
    zip: Text
    city: Text
    country_code: Text


class ProductRow(Row):
    MODEL: ClassVar[str] = "product.product"

    default_code: Text


class ExternalIdRow(Row):
    MODEL: ClassVar[str] = "ir.model.data"

    name: str
    res_id: int


class CountryRow(Row):
    MODEL: ClassVar[str] = "res.country"

    code: Text


class StateRow(Row):
    MODEL: ClassVar[str] = "res.country.state"

    code: str
    country_id: Link


class TaxRow(Row):
    MODEL: ClassVar[str] = "account.tax"

    amount: Decimal
    amount_type: str
    type_tax_use: str
    price_include: bool


class NamedRow(Row):
    """Any record, for asking whether it exists."""

    MODEL: ClassVar[str] = ""

    display_name: Text


class LoadMessage(BaseModel):
    """What load() says about one record. `record` counts the records of the call; absent where it concerns the call."""

    type: str
    message: str = ""
    record: int | None = None
    field: Text = ""


class LoadReply(BaseModel):
    """load()'s answer: false instead of ids means that nothing at all was written."""

    ids: list[int] | Literal[False]
    messages: list[LoadMessage] = Field(default_factory=list)


class ErrorBody(BaseModel):
    """The body of a 4xx or 5xx. Its `debug` holds a traceback and is not even read."""

    name: str = ""
    message: Text = ""


class Version(BaseModel):
    """GET /web/version."""

    version: str
    version_info: list[int | str]
