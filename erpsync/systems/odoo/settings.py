"""What a connection to an Odoo database needs to know."""

import ipaddress
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

SYSTEM = "odoo"

_PAIR = re.compile(r"[\s,]+")


def _table(value: object) -> object:
    """Tables come from TOML; "0.19=5, 0.07=6" says the same in one line of text."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _PAIR.split(value.strip()) if pair]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError(f'"{value}" is not a table: write pairs as in "0.19=5, 0.07=6"')
    return {key: number for key, _, number in pairs}


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
CurrencyTable = Annotated[dict[str, PositiveInt], BeforeValidator(_table)]


class OdooSettings(BaseModel):
    """One Odoo database, and how orders are booked in it. Ids are Odoo's database ids: the number in a record's address."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description='Address of the Odoo server, as in "https://mycompany.odoo.com".')
    database: str = Field(min_length=1, description="Name of the database.")
    api_key: SecretStr = Field(
        description="API key of the user that erpsync works as (Preferences > Account Security > New API Key)."
    )
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
    pricelists: CurrencyTable = Field(
        default_factory=dict,
        description="Pricelist id by currency, for orders in another currency than the company's, as in USD = 3.",
    )

    @field_validator("url")
    @classmethod
    def _safe_for_a_key(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{value}" is not an address: it looks like "https://mycompany.odoo.com"')
        if parts.path.strip("/") or parts.query or parts.username:
            raise ValueError(f'"{parts.hostname}" is the address; leave out what stands before or after it')
        if parts.scheme == "http" and not _is_private(parts.hostname):
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
    def _tax_product_for_tax_lines(self) -> Self:
        if self.tax_handling == "line" and not self.tax_product:
            raise ValueError('tax_product is missing; tax_handling = "line" books the tax on it')
        return self

    @property
    def service_products(self) -> dict[str, str]:
        """The products named here, by the setting that names them."""
        fields = ("shipping_product", "discount_product", "charge_product", "rounding_product", "tax_product")
        return {name: code for name in fields if (code := str(getattr(self, name)))}


def _is_private(host: str) -> bool:
    """Loopback, or a name without a dot, as the services of one compose file call each other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host
