"""What a connection to an Odoo database needs to know."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Names, is_neighbour

SYSTEM = "odoo"

_SEPARATOR = re.compile(r"[,\n]+")


def _table(value: object) -> object:
    """Tables come from TOML; "0.19=5, 0.07=6" says the same in one line of text."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _SEPARATOR.split(value) if pair.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError(f'"{value}" is not a table: write pairs as in "0.19=5, 0.07=6"')
    return {key.strip(): number.strip() for key, _, number in pairs}


def _rate(value: object) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f'"{value}" is not a tax rate: write a fraction, as in "0.19" for 19 %') from None
    if not rate.is_finite() or not 0 <= rate < 1:
        raise ValueError(f'"{value}" is not a tax rate: write a fraction below 1, as in "0.19" for 19 %')
    return rate


Rate = Annotated[Decimal, BeforeValidator(_rate)]
RateTable = Annotated[dict[Rate, PositiveInt], BeforeValidator(_table)]
IdTable = Annotated[dict[str, PositiveInt], BeforeValidator(_table)]


class OdooSettings(BaseModel):
    """One Odoo database, and how orders are booked in it. Ids are Odoo's database ids: the number in a record's address."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description='Address of the Odoo server, as in "https://mycompany.odoo.com".')
    database: str = Field(min_length=1, description="Name of the database.")
    api_key: SecretStr = Field(
        description="API key of the user that erpsync works as (Preferences > Account Security > New API Key)."
    )
    protocol: Literal["json2", "xmlrpc"] = Field(
        default="json2", description='"json2" for Odoo 19 and newer, "xmlrpc" for Odoo 14 to 18.'
    )
    user: str = Field(default="", description='Login of the user that the key belongs to. With protocol "xmlrpc".')
    company: PositiveInt | None = Field(
        default=None, description="Id of the company that orders belong to. Empty: the user's own company."
    )
    warehouse: PositiveInt | None = Field(
        default=None, description="Id of the warehouse that delivers. Empty: the company's default."
    )
    sales_team: PositiveInt | None = Field(default=None, description="Id of the sales team. Empty: Odoo's choice.")
    confirm: bool = Field(
        default=True, description="Confirm each quotation into a sales order. false: a person confirms it in Odoo."
    )
    customer_reference: Literal["reference", "number"] = Field(
        default="reference",
        description="What goes into the order's Customer Reference: erpsync's \"reference\", by which orders are then also "
        'found, or the shop\'s order "number", which people search for. The other one goes into Source Document.',
    )
    guest_partner: PositiveInt | None = Field(
        default=None, description="Id of one contact for all guests. Empty: each guest becomes a contact of their own."
    )
    shipping_product: str = Field(
        default="", description="Internal reference of the service product that shipping costs are booked on."
    )
    discount_product: str = Field(
        default="",
        description="Internal reference of the service product for discounts that are no exact percentage. Empty: the "
        "unit price is lowered instead.",
    )
    charge_product: str = Field(
        default="", description="Internal reference of the service product for tips, duties and fees."
    )
    rounding_product: str = Field(
        default="",
        description="Internal reference of the service product that takes the cents by which Odoo's total differs from "
        "the store's, and the store's own cash rounding.",
    )
    rounding_limit: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        description="The largest difference that goes to the rounding product, in the order's currency. An order that "
        "differs by more stays a quotation and becomes a dead letter.",
    )
    tax_handling: Literal["mapped", "line", "odoo"] = Field(
        default="mapped",
        description='"mapped": each line gets the Odoo taxes listed for the store\'s rates. "line": the store\'s tax is a '
        'line of its own, on tax_product. "odoo": the products\' taxes and the fiscal position decide.',
    )
    taxes: RateTable = Field(
        default_factory=dict,
        description='For orders whose prices exclude tax: Odoo tax id by rate, as in "0.19" = 5. With tax_handling '
        '"mapped".',
    )
    taxes_included: RateTable = Field(
        default_factory=dict,
        description="The same for orders whose prices include tax: ids of Odoo taxes that are included in the price.",
    )
    tax_product: str = Field(
        default="", description='Internal reference of the service product for tax_handling "line".'
    )
    pricelists: IdTable = Field(
        default_factory=dict,
        description="Pricelist id by currency, for orders in another currency than the company's, as in USD = 3.",
    )

    shipping_methods: IdTable = Field(
        default_factory=dict,
        description="Delivery method id by the store's code of a shipping method, as in standard = 2.",
    )
    default_shipping_method: PositiveInt | None = Field(
        default=None, description="Delivery method id for codes not listed. Empty: the order gets none."
    )
    customer_groups: IdTable = Field(
        default_factory=dict, description="Contact tag id by the store's name of a customer group, as in vip = 4."
    )
    default_customer_group: PositiveInt | None = Field(
        default=None, description="Contact tag id for customers in none of the listed groups. Empty: no tag."
    )
    customer_pricelists: IdTable = Field(
        default_factory=dict, description="Pricelist id of a customer by the store's name of a customer group."
    )
    payment_methods: IdTable = Field(
        default_factory=dict,
        description="Journal id (bank or cash) by the store's name of a payment method, as in paypal = 8.",
    )
    default_payment_journal: PositiveInt | None = Field(
        default=None, description="Journal id for payment methods not listed. Empty: such a payment is refused."
    )
    confirm_payments: bool = Field(
        default=True, description="Post payments. false: they stay drafts that a person posts in Odoo."
    )
    refund_product: str = Field(
        default="",
        description="Internal reference of the service product for what is paid back without naming an item or shipping.",
    )
    confirm_refunds: bool = Field(
        default=True, description="Post credit notes. false: they stay drafts that a person posts in Odoo."
    )
    stock_locations: Names = Field(
        default=(),
        description='Locations whose stock is told, by full name, as in "WH/Stock"; what lies in locations below counts '
        "towards it. Empty: the stock location of each warehouse.",
    )
    price_lists: Names = Field(
        default=(), description="Price lists that are told besides the products' own prices, by name or by id."
    )
    order_fields: FieldTable = Field(
        default_factory=dict,
        description="Further fields of the sales order, each with the expression that fills it, as in "
        'x_studio_gift = "note". A linked record is given by its name, or by its id with "/.id" after the field\'s name.',
    )
    customer_fields: FieldTable = Field(
        default_factory=dict, description="The same for the contact that a customer becomes."
    )
    page_size: int = Field(default=500, ge=1, le=500, description="How many records one page of changes holds.")
    overlap_seconds: float = Field(
        default=900.0,
        ge=60,
        description="How far a read of changes reaches back before the last one. Odoo dates a change by the start of its "
        "transaction: longer than the longest transaction in this Odoo, scheduled actions included.",
    )
    concurrent_requests: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. Each keeps one of Odoo's workers busy, which people "
        "need too.",
    )
    timeout_seconds: float = Field(
        default=90.0,
        ge=40,
        description="How long to wait for an answer. Odoo runs a call that lost a race up to five times by itself, with "
        "waits of up to 30 s in all.",
    )

    @field_validator("url")
    @classmethod
    def _safe_for_a_key(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{value}" is not an address: it looks like "https://mycompany.odoo.com"')
        if parts.path.strip("/") or parts.query or parts.username:
            raise ValueError(f'"{parts.hostname}" is the address; leave out what stands before or after it')
        if parts.scheme == "http" and not is_neighbour(parts.hostname):
            raise ValueError(f'"{value}" would send the API key unencrypted: write https://')
        return value.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty; give the API key that Odoo showed when it was made")
        return value

    @field_validator("pricelists")
    @classmethod
    def _currencies(cls, value: dict[str, int]) -> dict[str, int]:
        for currency in value:
            if not re.fullmatch("[A-Z]{3}", currency):
                raise ValueError(f'"{currency}" is not a currency: write three capital letters, as in USD')
        return value

    @model_validator(mode="after")
    def _user_for_xmlrpc(self) -> Self:
        if self.protocol == "xmlrpc" and not self.user.strip():
            raise ValueError('user is missing; protocol = "xmlrpc" signs in with it')
        return self

    @model_validator(mode="after")
    def _tax_product_for_tax_lines(self) -> Self:
        if self.tax_handling == "line" and not self.tax_product:
            raise ValueError('tax_product is missing; tax_handling = "line" books the tax on it')
        return self

    @property
    def service_products(self) -> dict[str, str]:
        """The products named here, by the setting that names them."""
        fields = (
            *("shipping_product", "discount_product", "charge_product", "rounding_product", "tax_product"),
            "refund_product",
        )
        return {name: code for name in fields if (code := str(getattr(self, name)))}
