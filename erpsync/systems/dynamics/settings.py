"""What a connection to Dynamics 365 needs to know, for Business Central and for Finance & Operations."""

import ipaddress
import re
from decimal import Decimal
from typing import Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

BUSINESS_CENTRAL = "business-central"
FINANCE_OPERATIONS = "finance-operations"
_BC_HOST = "https://api.businesscentral.dynamics.com"
_RATE = re.compile(r"\d+(\.\d+)?")
_TABLES = ("currencies", "taxes", "shipping_methods", "payment_journals")


class DynamicsSettings(BaseModel):
    """One company. A "charge" is the number of a G/L account in Business Central, of a service item in Finance &
    Operations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: Literal["business-central", "finance-operations"] = Field(description="Which of the two products it is.")
    tenant_id: str = Field(description="Directory (tenant) id of the Entra tenant, or its domain.")
    client_id: str = Field(description="Application (client) id of the app registration that erpsync works as.")
    client_secret: SecretStr = Field(description="A client secret of that app registration.")
    company: str = Field(
        description="Business Central: the company's name or id. Finance & Operations: the legal entity, as in usmf."
    )
    environment: str = Field(default="production", description="Business Central: the environment's name.")
    base_url: str = Field(
        default="",
        description="Finance & Operations: the environment's address, as in https://contoso.operations.dynamics.com. "
        "Business Central: empty, or the address of a simulator.",
    )
    token_url: str = Field(default="", description="Address of the token endpoint. Empty: Microsoft's for the tenant.")
    timeout_seconds: int = Field(
        default=240,
        ge=10,
        le=600,
        description="How long to wait for an answer; 100 orders in one call take minutes. Business Central itself ends "
        "a call after 8 minutes.",
    )
    currencies: dict[str, str] = Field(
        min_length=1, description='Currency codes by ISO code, as in { EUR = "EUR" }. Orders in others are refused.'
    )
    taxes: dict[str, str] = Field(
        min_length=1,
        description="By rate in percent, as in { 19 = \"S19\", 0 = \"S0\" }: the VAT product posting group or tax group "
        "(Business Central), the item sales tax group (Finance & Operations) of lines taxed so.",
    )
    prices_include_tax: bool = Field(
        default=True,
        description="Business Central: whether its customers have Prices Including VAT; orders take it from there.",
    )
    rounding_tolerance: Decimal = Field(
        default=Decimal("0.00"),
        ge=0,
        le=Decimal("0.05"),
        description="By how much the sum that Dynamics computes may miss the order's total; the rest becomes a line of "
        "rounding_charge. Zero: every order comes out to the cent by itself, or is refused.",
    )
    shipping_charge: str = Field(default="", description="Charge for shipping.")
    tip_charge: str = Field(default="", description="Charge for tips.")
    duty_charge: str = Field(default="", description="Charge for duties.")
    fee_charge: str = Field(default="", description="Charge for fees.")
    rounding_charge: str = Field(default="", description="Charge for the store's cash rounding, and for differences.")
    gift_card_charge: str = Field(
        default="", description="Charge for gift cards that are sold. Empty: they are items like others."
    )
    refund_charge: str = Field(
        default="", description="Business Central: charge for what is refunded without goods coming back."
    )
    shipping_methods: dict[str, str] = Field(
        default={},
        description="Shipment methods (Business Central) or modes of delivery by the store's method code. Empty: none "
        "is sent.",
    )
    default_shipping_method: str = Field(default="", description="That of all other method codes.")
    payment_journals: dict[str, str] = Field(
        default={}, description="Business Central: payment journals by the store's payment method."
    )
    default_payment_journal: str = Field(default="", description="That of all other payment methods.")
    customer_numbers: Literal["reference", "series"] = Field(
        default="reference",
        description="reference: new customers get a number made from erpsync's reference, so that none is made twice "
        "(the number series must allow manual numbers). series: Business Central numbers them; they are then known by "
        "e-mail address alone.",
    )
    stock_location: str = Field(
        default="MAIN",
        description="Business Central: what its stock is called here; its standard API tells one figure for all "
        "locations together.",
    )
    stock_full_seconds: int = Field(
        default=3600,
        ge=0,
        description="Business Central: how often all stock is read, besides what its item ledger says has moved.",
    )
    post_credit_memos: bool = Field(
        default=False, description="Business Central: post credit memos at once. Otherwise a person posts them."
    )
    customer_group: str = Field(default="", description="Finance & Operations: group of new customers.")
    sales_tax_group: str = Field(default="", description="Finance & Operations: sales tax group of orders.")
    site: str = Field(default="", description="Finance & Operations: site that orders ship from.")
    warehouse: str = Field(default="", description="Finance & Operations: warehouse that orders ship from.")
    order_origin: str = Field(default="", description="Finance & Operations: sales origin of orders.")
    progress_days: int = Field(
        default=60, ge=1, description="Finance & Operations: age in days up to which orders are asked for progress."
    )

    @field_validator("tenant_id", "client_id", "company")
    @classmethod
    def _given(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; the app registration in the Entra admin centre shows it")
        return value.strip()

    @field_validator("client_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty; Entra shows a client secret's value once, when it is made")
        return value

    @field_validator("base_url", "token_url")
    @classmethod
    def _safe_for_a_secret(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f'"{value}" is not an address: write as in "https://contoso.operations.dynamics.com"')
        if parts.scheme == "http" and not _is_private(parts.hostname or ""):
            raise ValueError(f'"{value}" would send secrets unencrypted; http is for simulators on this machine')
        return value.rstrip("/")

    @field_validator(*_TABLES, mode="before")
    @classmethod
    def _table_or_text(cls, value: object) -> object:
        """A table; or, where only text can be given, "EUR=EUR, USD=USD"."""
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not sign for _, sign, _ in pairs):
            raise ValueError(f'"{value}" is not a table: write {{ EUR = "EUR" }}, or "EUR=EUR" as text')
        return {key.strip(): code.strip() for key, _, code in pairs}

    @field_validator(*_TABLES)
    @classmethod
    def _codes_given(cls, value: dict[str, str]) -> dict[str, str]:
        for key, code in value.items():
            if not code:
                raise ValueError(f'"{key}" has no code; write as in {{ {key} = "CODE" }}, or leave the entry out')
        return value

    @field_validator("currencies")
    @classmethod
    def _iso_codes(cls, value: dict[str, str]) -> dict[str, str]:
        for code in value:
            if not re.fullmatch(r"[A-Z]{3}", code):
                raise ValueError(f'"{code}" is not a currency: write three capital letters, as in EUR')
        return value

    @field_validator("taxes")
    @classmethod
    def _percentages(cls, value: dict[str, str]) -> dict[str, str]:
        for rate in value:
            if not _RATE.fullmatch(rate):
                raise ValueError(f'"{rate}" is not a rate: write percent without a sign, as in "19" or "8.25"')
        return value

    @model_validator(mode="after")
    def _what_finance_operations_needs(self) -> Self:
        if self.product == FINANCE_OPERATIONS:
            if not self.base_url:
                raise ValueError("finance-operations needs base_url, the environment's address")
            if not self.customer_group:
                raise ValueError("finance-operations needs customer_group: no customer is made without one")
        return self

    @property
    def root(self) -> str:
        """https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/api-reference/v2.0/endpoints-apis-for-dynamics
        and https://learn.microsoft.com/en-us/dynamics365/fin-ops-core/dev-itpro/data-entities/odata"""
        if self.product == FINANCE_OPERATIONS:
            return f"{self.base_url}/data"
        return f"{self.base_url or _BC_HOST}/v2.0/{quote(self.tenant_id)}/{quote(self.environment)}/api/v2.0"

    @property
    def scope(self) -> str:
        return f"{self.base_url or _BC_HOST}/.default"

    @property
    def token_address(self) -> str:
        """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
        return self.token_url or f"https://login.microsoftonline.com/{quote(self.tenant_id)}/oauth2/v2.0/token"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
