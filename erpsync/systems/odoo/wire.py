"""What Odoo answers, spelled as Odoo spells it, and checked where it enters.

A row's fields are also what is asked for: `list(OrderRow.model_fields)`. Odoo writes false for every empty value, whatever
its type, and a link to another record as [id, display name].

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _text(value: Any) -> Any:
    return "" if value is False else value


def _link(value: Any) -> Any:
    if value is False:
        return None
    return value[0] if isinstance(value, list) and len(value) == 2 else value


def _linked_name(value: Any) -> Any:
    return value[1] if isinstance(value, list) and len(value) == 2 else _text(value)


def _time(value: Any) -> Any:
    """Odoo's times are in UTC without saying so."""
    if value is False:
        return None
    return datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC) if isinstance(value, str) else value


TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
Text = Annotated[str, BeforeValidator(_text)]
Link = Annotated[int | None, BeforeValidator(_link)]
Owner = Annotated[int, BeforeValidator(_link)]
LinkedName = Annotated[str, BeforeValidator(_linked_name)]
Time = Annotated[datetime | None, BeforeValidator(_time)]


class Row(BaseModel):
    """A record of `MODEL`, with the fields that erpsync reads.

    `SPELLED`: fields that not every Odoo has under this name, each with its names in older releases, newest first; one
    that none of the names fits is left at its default.
    """

    model_config = ConfigDict(frozen=True)

    MODEL: ClassVar[str]
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    id: int


class OrderRow(Row):
    MODEL: ClassVar[str] = "sale.order"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {"locked": ()}

    name: str
    state: str
    """draft, sent (a quotation that was mailed), sale or cancel."""
    locked: bool = False
    client_order_ref: Text
    partner_id: Link
    partner_invoice_id: Link
    partner_shipping_id: Link
    currency_id: LinkedName
    amount_untaxed: Decimal
    amount_tax: Decimal
    amount_total: Decimal

    @model_validator(mode="before")
    @classmethod
    def _locked_before_17(cls, value: Any) -> Any:
        """Up to Odoo 16 a locked order was one in the state "done"."""
        if isinstance(value, dict) and value.get("state") == "done":
            return {**value, "state": "sale", "locked": True}
        return value


class ProgressRow(OrderRow):
    """A sales order with what tells how far it is."""

    invoice_ids: list[int]
    write_date: Time


class LineRow(Row):
    MODEL: ClassVar[str] = "sale.order.line"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "tax_ids": ("tax_id",),
        "qty_invoiced_posted": ("qty_invoiced",),
    }

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
    country_id: Link


class ProductRow(Row):
    MODEL: ClassVar[str] = "product.product"

    default_code: Text
    type: Text
    """consu for goods, service, combo; up to Odoo 17 also product, for goods that are kept in stock."""


class ExternalIdRow(Row):
    MODEL: ClassVar[str] = "ir.model.data"

    name: str
    res_id: int


class LocationRow(Row):
    MODEL: ClassVar[str] = "stock.location"

    complete_name: Text
    parent_path: Text
    """Ids from the root down to the location itself, as in "1/7/8/"."""


class WarehouseRow(Row):
    MODEL: ClassVar[str] = "stock.warehouse"

    lot_stock_id: Link


class QuantRow(Row):
    """So much of a product at one place, of one lot, package and owner."""

    MODEL: ClassVar[str] = "stock.quant"

    product_id: Owner
    location_id: Owner
    quantity: Decimal
    reserved_quantity: Decimal


class MoveRow(Row):
    """A movement of goods. `quantity` has been moved once the state is done."""

    MODEL: ClassVar[str] = "stock.move"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {"quantity": ("quantity_done",)}

    sale_line_id: Link
    product_id: Link
    picking_id: Link
    state: str
    picking_code: Text
    """incoming, outgoing or internal; empty without a transfer."""
    quantity: Decimal


class PickingRow(Row):
    """A transfer. The fields of carriers come with the Delivery apps."""

    MODEL: ClassVar[str] = "stock.picking"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "carrier_id": (),
        "carrier_tracking_ref": (),
        "carrier_tracking_url": (),
    }

    sale_id: Link
    date_done: Time
    carrier_id: LinkedName = ""
    carrier_tracking_ref: Text = ""
    carrier_tracking_url: Text = ""


class MoveDocumentRow(Row):
    """An invoice or a credit note."""

    MODEL: ClassVar[str] = "account.move"

    name: Text
    move_type: str
    state: str
    """draft, posted or cancel."""
    amount_total: Decimal
    currency_id: LinkedName
    invoice_date: Text


class PaymentRow(Row):
    MODEL: ClassVar[str] = "account.payment"

    name: Text
    state: str
    """draft, posted (in_process and paid from Odoo 18 on), cancel or rejected."""


class MemoRow(Row):
    """Asks what this Odoo calls a payment's memo."""

    MODEL: ClassVar[str] = "account.payment"
    SPELLED: ClassVar[Mapping[str, tuple[str, ...]]] = {"memo": ("ref",)}

    memo: Text = ""


class CurrencyRow(Row):
    MODEL: ClassVar[str] = "res.currency"

    name: str


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


class JournalRow(Row):
    MODEL: ClassVar[str] = "account.journal"

    type: str
    """sale, purchase, cash, bank, credit or general."""


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
