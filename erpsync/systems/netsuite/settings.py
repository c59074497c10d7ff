"""What a connection to a NetSuite account needs to know. "Internal id" is the number NetSuite shows when Home >
Set Preferences > Show Internal IDs is on."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Address, Names, PercentTable, Table
from erpsync.systems.netsuite import fields

ENDPOINT_VERSION = "2025_2"
CHARGES = (
    "tax_item",
    "discount_item",
    "shipping_item",
    "tip_item",
    "duty_item",
    "fee_item",
    "rounding_item",
    "refund_item",
)
"""Settings that name items for what is not goods."""

_ACCOUNT = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)?")
_VERSION = re.compile(r"20\d\d_[12]")
_INTERNAL_ID = re.compile(r"-?\d+")
_TOKEN = ("consumer_key", "consumer_secret", "token_id", "token_secret")
_CERTIFICATE = ("client_id", "certificate_id", "private_key")
_NONE = SecretStr("")


class NetSuiteSettings(BaseModel):
    """One account. Ids are internal ids; an empty id means that the field is not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(
        description="Account id, from Setup > Company > Company Information: 1234567, or 1234567_SB1 for a sandbox."
    )
    transport: Literal["soap", "rest"] = Field(
        default="soap",
        description="soap: SuiteTalk SOAP with token-based authentication. rest: SuiteTalk REST with OAuth 2.0.",
    )
    consumer_key: SecretStr = Field(default=_NONE, description="Consumer key of the integration record, for soap.")
    consumer_secret: SecretStr = Field(
        default=_NONE, description="Consumer secret of the integration record, for soap."
    )
    token_id: SecretStr = Field(
        default=_NONE, description="Id of the access token of the user and role that erpsync works as, for soap."
    )
    token_secret: SecretStr = Field(default=_NONE, description="Secret of that access token, for soap.")
    client_id: SecretStr = Field(
        default=_NONE, description="Client id (consumer key) of the integration record, for rest."
    )
    certificate_id: str = Field(
        default="", description="Id that NetSuite gave the uploaded certificate of the OAuth 2.0 mapping, for rest."
    )
    private_key: SecretStr = Field(default=_NONE, description="Private key of that certificate, as PEM, for rest.")
    endpoint_version: str = Field(
        default=ENDPOINT_VERSION,
        description="SuiteTalk endpoint, year_release. 2025_2 is the last; from NetSuite 2027.1 on the only one.",
    )
    base_url: Address = Field(
        default="", description="Address of a simulator. Empty: the account's own SuiteTalk domain."
    )
    wsdl_url: str = Field(
        default="", description="Address or path of the WSDL. Empty: where the endpoint serves its own."
    )
    concurrent_requests: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="Requests at once, of all workers together. Unset: 5, the limit of an account without SuiteCloud "
        "Plus, or the account's own once `erpsync doctor` has read it. The limit counts all integrations: set it lower "
        "where there are others.",
    )
    timeout_seconds: int = Field(
        default=180,
        ge=10,
        le=900,
        description="How long to wait for an answer; 100 orders in one call may take minutes. Keep it well below "
        "ERPSYNC_TASK_SECONDS. NetSuite itself ends a call after 900 seconds.",
    )
    page_size: int = Field(
        default=500, ge=5, le=1000, description="Records a page of what changed in NetSuite, 5 to 1000."
    )
    subsidiary: str = Field(
        default="", description="Subsidiary of customers and orders. Required by OneWorld accounts."
    )
    location: str = Field(default="", description="Location of orders.")
    stock_locations: Names = Field(default=(), description="Locations whose stock is read. Empty: all of them.")
    currencies: Table = Field(
        min_length=1,
        description='Currency ids by ISO code, as in { EUR = "4", USD = "1" }. Orders in others are refused. Give one '
        'currency with an empty id, { EUR = "" }, where the account does not use Multiple Currencies.',
    )
    base_price_level: str = Field(default="1", description="Price level that is the base price; 1 in every account.")
    price_lists: Names = Field(
        default=(), description="Price levels to read besides the base price, by name or internal id."
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
    payment_methods: Table = Field(
        default={}, description='Payment methods of customer deposits by the store\'s method: { card = "5" }.'
    )
    default_payment_method: str = Field(default="", description="Payment method of all other methods of the store.")
    payment_account: str = Field(
        default="", description="Account that customer deposits go to. Empty: Undeposited Funds."
    )
    customer_groups: Table = Field(
        default={}, description='Customer categories by the store\'s group name: { wholesale = "2" }.'
    )
    default_customer_group: str = Field(default="", description="Customer category of all other customers.")
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
    tax_codes: PercentTable = Field(
        default={}, description='Tax codes by rate in percent, for tax_handling = lines: { "19" = "6", "0" = "5" }.'
    )
    discount_item: str = Field(
        default="",
        description="Discount item for a line below each discounted line. Empty: the line's amount is after discount.",
    )
    shipping_item: str = Field(
        default="", description="Item for shipping charges as lines. Empty: they go into the order's shipping cost."
    )
    shipping_methods: Table = Field(
        default={}, description='Shipping items (Ship Via) by the store\'s method code: { standard = "3" }.'
    )
    default_shipping_method: str = Field(default="", description="Shipping item of all other method codes.")
    tip_item: str = Field(default="", description="Item for tips.")
    duty_item: str = Field(default="", description="Item for duties.")
    fee_item: str = Field(default="", description="Item for fees.")
    rounding_item: str = Field(default="", description="Item for the store's cash rounding.")
    refund_as: Literal["credit_memo", "return_authorization"] = Field(
        default="credit_memo", description="What a refund becomes: a credit memo, or a return authorization."
    )
    refund_item: str = Field(
        default="", description="Item for what is refunded without goods coming back: goodwill, shipping, breakage."
    )
    order_fields: FieldTable = Field(
        default={},
        description='Fields of sales orders with the expression that fills each, as in { custbody_gift = "note" }. '
        'A kind may follow the name: { "custbody_channel:select" = "\'5\'" }.',
    )
    customer_fields: FieldTable = Field(
        default={}, description="The same for customers, as in { custentity_phone2 = \"billing.phone || ''\" }."
    )

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

    @field_validator("tax_codes", "shipping_methods", "payment_methods", "customer_groups")
    @classmethod
    def _ids_in_tables(cls, value: dict[str, str]) -> dict[str, str]:
        for internal_id in value.values():
            _check_id(internal_id)
        return value

    @field_validator("stock_locations")
    @classmethod
    def _ids_in_lists(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for internal_id in value:
            _check_id(internal_id)
        return value

    @field_validator(
        "subsidiary",
        "location",
        "base_price_level",
        "order_form",
        "default_payment_method",
        "payment_account",
        "default_customer_group",
        "tax_code",
        "default_shipping_method",
        *CHARGES,
    )
    @classmethod
    def _internal_id(cls, value: str) -> str:
        if value:
            _check_id(value)
        return value

    @field_validator("payment_field")
    @classmethod
    def _body_field(cls, value: str) -> str:
        if value and not value.startswith("custbody"):
            raise ValueError(f'"{value}" is not the script id of a body field: it begins with custbody')
        return value

    @field_validator("order_fields")
    @classmethod
    def _fields_of_orders(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            fields.of_order(name)
        return value

    @field_validator("customer_fields")
    @classmethod
    def _fields_of_customers(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            fields.of_customer(name)
        return value

    @model_validator(mode="after")
    def _tax_codes_where_lines_carry_tax(self) -> Self:
        if self.tax_handling == "lines" and not self.tax_code and not self.tax_codes:
            raise ValueError("tax_handling = lines needs tax_codes, or a tax_code for every line")
        return self

    @model_validator(mode="after")
    def _secrets_of_the_transport(self) -> Self:
        needed = _TOKEN if self.transport == "soap" else _CERTIFICATE
        missing = [name for name in needed if not _text(getattr(self, name)).strip()]
        if missing:
            raise ValueError(
                f"transport = {self.transport} needs {', '.join(missing)}; NetSuite shows secrets only once"
            )
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

    @property
    def charge_items(self) -> frozenset[str]:
        """Items that stand for charges, not goods."""
        return frozenset(getattr(self, name) for name in CHARGES) - {""}

    def currency_of(self, internal_id: str) -> str:
        """The ISO code of a currency's id, empty where it is not configured. With one currency it is that one."""
        only = next(iter(self.currencies)) if "" in self.currencies.values() else ""
        return only or next((code for code, id_ in self.currencies.items() if id_ == internal_id), "")


def _text(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _check_id(value: str) -> None:
    if not _INTERNAL_ID.fullmatch(value):
        raise ValueError(f'"{value}" is not an internal id: it is a number, as in "42"')
