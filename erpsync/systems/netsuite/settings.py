"""What a connection to a NetSuite account needs to know. "Internal id" is the number NetSuite shows when Home >
Set Preferences > Show Internal IDs is on."""

import ipaddress
import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

ENDPOINT_VERSION = "2025_2"
_ACCOUNT = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)?")
_VERSION = re.compile(r"20\d\d_[12]")
_INTERNAL_ID = re.compile(r"-?\d+")
_RATE = re.compile(r"\d+(\.\d+)?")


class NetSuiteSettings(BaseModel):
    """One account. Ids are internal ids; an empty id means that the field is not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(
        description="Account id, from Setup > Company > Company Information: 1234567, or 1234567_SB1 for a sandbox."
    )
    consumer_key: SecretStr = Field(description="Consumer key of the integration record.")
    consumer_secret: SecretStr = Field(description="Consumer secret of the integration record.")
    token_id: SecretStr = Field(description="Id of the access token of the user and role that erpsync works as.")
    token_secret: SecretStr = Field(description="Secret of that access token.")
    endpoint_version: str = Field(
        default=ENDPOINT_VERSION,
        description="SuiteTalk endpoint, year_release. 2025_2 is the last; from NetSuite 2027.1 on the only one.",
    )
    base_url: str = Field(default="", description="Address of a simulator. Empty: the account's own SuiteTalk domain.")
    wsdl_url: str = Field(
        default="", description="Address or path of the WSDL. Empty: where the endpoint serves its own."
    )
    timeout_seconds: int = Field(
        default=180,
        ge=10,
        le=900,
        description="How long to wait for an answer; 100 orders in one call may take minutes. Keep it well below "
        "ERPSYNC_TASK_SECONDS. NetSuite itself ends a call after 900 seconds.",
    )
    subsidiary: str = Field(
        default="", description="Subsidiary of customers and orders. Required by OneWorld accounts."
    )
    location: str = Field(default="", description="Location of orders.")
    currencies: dict[str, str] = Field(
        min_length=1,
        description='Currency ids by ISO code, as in { EUR = "4", USD = "1" }. Orders in others are refused. Give one '
        'currency with an empty id, { EUR = "" }, where the account does not use Multiple Currencies.',
    )
    sku_field: Literal["item_id", "external_id"] = Field(
        default="item_id",
        description="What a SKU is in NetSuite: the item's name/number, or its external id (then looked up in bulk).",
    )
    order_form: str = Field(default="", description="Custom form of sales orders. Empty: the role's preferred form.")
    order_status: Literal["", "pending_approval", "pending_fulfillment"] = Field(
        default="", description="Status of new orders. Empty: as the account's preferences have it."
    )
    payment_field: str = Field(
        default="", description="Script id of a free-text body field for the payment methods, as in custbody_payment."
    )
    tax_handling: Literal["item", "lines"] = Field(
        default="item",
        description="How the store's tax arrives: as one line of `tax_item`, lines untaxed; or on each line, as its "
        "tax code and tax amount (accounts with tax codes on lines only).",
    )
    tax_item: str = Field(default="", description="Item of the tax line, for tax_handling = item.")
    tax_code: str = Field(
        default="",
        description="Tax code of all lines: with tax_handling = item one that charges nothing; empty where the account "
        "has no tax codes on lines. With tax_handling = lines, that of rates not in `tax_codes`.",
    )
    tax_codes: dict[str, str] = Field(
        default={}, description='Tax codes by rate in percent, for tax_handling = lines: { "19" = "6", "0" = "5" }.'
    )
    discount_item: str = Field(
        default="",
        description="Discount item for a line below each discounted line. Empty: the line's amount is after discount.",
    )
    shipping_item: str = Field(
        default="", description="Item for shipping charges as lines. Empty: they go into the order's shipping cost."
    )
    shipping_methods: dict[str, str] = Field(
        default={}, description='Shipping items (Ship Via) by the store\'s method code: { standard = "3" }.'
    )
    default_shipping_method: str = Field(default="", description="Shipping item of all other method codes.")
    tip_item: str = Field(default="", description="Item for tips.")
    duty_item: str = Field(default="", description="Item for duties.")
    fee_item: str = Field(default="", description="Item for fees.")
    rounding_item: str = Field(default="", description="Item for the store's cash rounding.")

    @field_validator("account")
    @classmethod
    def _account_id(cls, value: str) -> str:
        # Addresses spell a sandbox 1234567-sb1; the signature needs 1234567_SB1.
        account = value.strip().upper().replace("-", "_")
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(f'"{value}" is not an account id: it looks like 1234567, or 1234567_SB1 for a sandbox')
        return account

    @field_validator("endpoint_version")
    @classmethod
    def _year_and_release(cls, value: str) -> str:
        if not _VERSION.fullmatch(value):
            raise ValueError(f'"{value}" is not an endpoint version: write year and release as in "{ENDPOINT_VERSION}"')
        return value

    @field_validator("consumer_key", "consumer_secret", "token_id", "token_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty; NetSuite shows it once, when the integration record or the token is made")
        return value

    @field_validator("base_url")
    @classmethod
    def _safe_for_a_signature(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f'"{value}" is not an address; leave it empty, or write as in "http://127.0.0.1:8080"')
        if parts.scheme == "http" and not _is_private(parts.hostname or ""):
            raise ValueError(f'"{value}" would send orders unencrypted; http is for simulators on this machine')
        return value.rstrip("/")

    @field_validator("currencies", "tax_codes", "shipping_methods", mode="before")
    @classmethod
    def _table_or_text(cls, value: object) -> object:
        """A table; or, where only text can be given, "EUR=4, USD=1"."""
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not sign for _, sign, _ in pairs):
            raise ValueError(
                f'"{value}" is not a table: write {{ EUR = "4" }}, or "EUR=4" where only text can be given'
            )
        return {key.strip(): internal_id.strip() for key, _, internal_id in pairs}

    @field_validator("currencies")
    @classmethod
    def _iso_codes(cls, value: dict[str, str]) -> dict[str, str]:
        for code, internal_id in value.items():
            if not re.fullmatch(r"[A-Z]{3}", code):
                raise ValueError(f'"{code}" is not a currency: write three capital letters, as in EUR')
            if internal_id:
                _check_id(internal_id)
            elif len(value) > 1:
                raise ValueError(f"{code} has no id; only an account with one currency may leave it empty")
        return value

    @field_validator("tax_codes")
    @classmethod
    def _percentages(cls, value: dict[str, str]) -> dict[str, str]:
        for rate in value:
            if not _RATE.fullmatch(rate):
                raise ValueError(f'"{rate}" is not a rate: write percent without a sign, as in "19" or "8.25"')
        return value

    @field_validator("tax_codes", "shipping_methods")
    @classmethod
    def _ids_in_tables(cls, value: dict[str, str]) -> dict[str, str]:
        for internal_id in value.values():
            _check_id(internal_id)
        return value

    @field_validator(
        "subsidiary",
        "location",
        "order_form",
        "tax_item",
        "tax_code",
        "discount_item",
        "shipping_item",
        "default_shipping_method",
        "tip_item",
        "duty_item",
        "fee_item",
        "rounding_item",
    )
    @classmethod
    def _internal_id(cls, value: str) -> str:
        if value:
            _check_id(value)
        return value

    @model_validator(mode="after")
    def _tax_codes_where_lines_carry_tax(self) -> Self:
        if self.tax_handling == "lines" and not self.tax_code and not self.tax_codes:
            raise ValueError("tax_handling = lines needs tax_codes, or a tax_code for every line")
        return self

    @property
    def address(self) -> str:
        """Where the account's web services are. The host is derived as Oracle describes it; `doctor` asks NetSuite:
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3494684.html"""
        host = self.account.lower().replace("_", "-")
        return self.base_url or f"https://{host}.suitetalk.api.netsuite.com"

    @property
    def endpoint(self) -> str:
        return f"{self.address}/services/NetSuitePort_{self.endpoint_version}"

    @property
    def wsdl(self) -> str:
        return self.wsdl_url or f"{self.address}/wsdl/v{self.endpoint_version}_0/netsuite.wsdl"


def _check_id(value: str) -> None:
    if not _INTERNAL_ID.fullmatch(value):
        raise ValueError(f'"{value}" is not an internal id: it is a number, as in "42"')


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
