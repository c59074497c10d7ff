"""What a connection to a company of Finance & Operations needs to know."""

import re
from decimal import Decimal, InvalidOperation
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Address, Names, Table, TimeZone

SYSTEM = "dynamics_fo"
# Fields by which records are found again, or that carry what the order costs: no expression may overwrite them.
_ORDER_KEYS = frozenset({"dataAreaId", "SalesOrderNumber", "CustomersOrderReference", "CurrencyCode"})
_CUSTOMER_KEYS = frozenset({"dataAreaId", "CustomerAccount"})
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FinanceOperationsSettings(BaseModel):
    """One company (legal entity) of one environment. Codes and numbers are F&O's own; an empty one is not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(
        min_length=1, description='Address of the environment, as in "https://contoso.operations.dynamics.com".'
    )
    tenant: str = Field(min_length=1, description="Id or domain of the Microsoft Entra tenant.")
    client_id: str = Field(min_length=1, description="Application (client) id of the app registration in Entra.")
    client_secret: SecretStr = Field(description="A client secret of that app registration.")
    token_url: Address = Field(
        default="", description="Address of the token endpoint. Empty: Microsoft's own for the tenant."
    )
    company: str = Field(description='Legal entity that orders are booked in (dataAreaId), as in "usmf".')
    time_zone: TimeZone = Field(
        default="UTC", description='Zone whose date payments are booked at, as in "Europe/Berlin".'
    )
    order_numbers: Literal["ours", "sequence"] = Field(
        default="ours",
        description='"ours": the sales order number is made from the store\'s reference, so that F&O itself refuses a '
        "second one; its number sequence must allow that (Manual, or changes to a lower or higher number). "
        '"sequence": F&O numbers; a write whose reply was lost then waits `settle_seconds`.',
    )
    customer_accounts: Literal["ours", "sequence"] = Field(
        default="ours", description="The same for customer accounts."
    )
    customer_reference_field: str = Field(
        default="IdentificationNumber",
        description="Text field of CustomersV3 that keeps the store's reference of a customer; in no other use.",
    )
    currencies: Names = Field(
        min_length=1, description="Currencies that orders may have, as in EUR, USD. Orders in others are refused."
    )
    base_currency: str = Field(
        default="",
        description="Accounting currency of the company, that of base prices. Empty: the first of `currencies`.",
    )
    sales_tax_group: str = Field(
        default="", description="Sales tax group of orders and their lines. Empty: the customer's."
    )
    tax_codes: Table = Field(
        default={},
        description='Item sales tax group by rate in percent, as in { "19" = "FULL", "7" = "RED", "0" = "EXEMPT" }. "0" is '
        "for whatever the store does not tax.",
    )
    tax_calculation: Literal["line", "total"] = Field(
        default="line",
        description="Calculation method in the general ledger parameters (Sales tax): rounded per line, or on the total.",
    )
    shipping_charge: str = Field(default="", description="Service item for shipping charges.")
    tip_charge: str = Field(default="", description="Service item for tips.")
    duty_charge: str = Field(default="", description="Service item for duties.")
    fee_charge: str = Field(default="", description="Service item for fees.")
    rounding_charge: str = Field(
        default="",
        description="Service item for cash rounding, and for cents by which F&O's tax differs from the store's.",
    )
    refund_charge: str = Field(
        default="", description="Service item for refunds that belong to no goods, and for goods that do not come back."
    )
    rounding_limit: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        description="The most that tax by the rates of `tax_codes` may differ from the store's; it goes to "
        "`rounding_charge`. An order that differs by more is refused.",
    )
    payment_methods: Table = Field(
        default={}, description='Methods of payment by the store\'s name of the gateway: { card = "CARD" }.'
    )
    default_payment_method: str = Field(default="", description="Method of payment of all other gateways.")
    payment_journal: str = Field(
        default="", description="Journal name of the customer payment journals that payments are entered in."
    )
    shipping_methods: Table = Field(
        default={}, description='Modes of delivery by the store\'s method code: { standard = "10" }.'
    )
    default_shipping_method: str = Field(default="", description="Mode of delivery of all other method codes.")
    customer_groups: Table = Field(
        default={}, description='Customer groups by the store\'s name of a group: { wholesale = "20" }.'
    )
    default_customer_group: str = Field(default="", description="Customer group of all others. F&O requires one.")
    site: str = Field(default="", description="Site that orders are delivered from.")
    warehouse: str = Field(default="", description="Warehouse that orders are delivered from.")
    state_countries: Names = Field(
        default=("US", "CA"),
        description="Countries whose states are set up in F&O under the store's codes. F&O refuses a state that it does "
        "not know, so that those of other countries are left out.",
    )
    sales_origin: str = Field(default="", description="Sales origin of orders, by which reports tell them apart.")
    stock_locations: Names = Field(default=(), description="Warehouses to read stock from. Empty: all of the company.")
    price_lists: Names = Field(default=(), description="Price groups to read trade agreements of, besides base prices.")
    prices_include_tax: bool = Field(default=False, description="Whether F&O's prices contain sales tax.")
    inactive_lifecycle_states: Names = Field(
        default=(), description="Product lifecycle states in which a product is not sold any more."
    )
    order_reference_patterns: Names = Field(
        default=(),
        description='Only orders whose customer reference is like one of these are told of, as in "shop-*". Empty: all.',
    )
    progress_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="For how many days after it was made a cancelled or stopped order is still told of; and how far back "
        "the first read of packing slips and invoices goes.",
    )
    page_size: int = Field(default=500, ge=1, le=5000, description="Records a page when reading what changed.")
    concurrent_requests: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. F&O documents no limit: it throttles by the load it is "
        "under.",
    )
    timeout_seconds: int = Field(
        default=180,
        ge=10,
        le=900,
        description="How long to wait for an answer. Keep it below ERPSYNC_TASK_SECONDS; batches of orders take a while.",
    )
    settle_seconds: int = Field(
        default=600,
        ge=0,
        le=3600,
        description="How long F&O may still be at work on a request whose reply was lost. It counts for payments and for "
        "changes of orders, and wherever F&O gives the number.",
    )
    order_fields: FieldTable = Field(
        default={}, description="Further fields of SalesOrderHeadersV2, each with the expression that fills it."
    )
    customer_fields: FieldTable = Field(
        default={}, description="Further fields of CustomersV3, each with the expression that fills it."
    )

    @field_validator("url")
    @classmethod
    def _environment(cls, value: str) -> str:
        if urlsplit(value).path.strip("/"):
            raise ValueError(f'"{value}" has more than the address; leave out what stands behind the host, /data too')
        return value

    @field_validator("client_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty; Entra shows the value once, when the secret is made")
        return value

    @field_validator("company")
    @classmethod
    def _legal_entity(cls, value: str) -> str:
        # OData spells legal entities in small letters, the user interface in capitals.
        company = value.strip().lower()
        if not re.fullmatch(r"[a-z0-9]{1,4}", company):
            raise ValueError(f'"{value}" is not a legal entity: it has up to four letters and digits, as in "usmf"')
        return company

    @field_validator("currencies", "base_currency")
    @classmethod
    def _iso_codes(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for code in (value,) if isinstance(value, str) else value:
            if code and not re.fullmatch("[A-Z]{3}", code):
                raise ValueError(f'"{code}" is not a currency: write three capital letters, as in EUR')
        return value

    @field_validator("tax_codes")
    @classmethod
    def _percentages(cls, value: dict[str, str]) -> dict[str, str]:
        for rate, code in value.items():
            try:
                percent = Decimal(rate)
            except InvalidOperation:
                percent = Decimal(-1)
            if not percent.is_finite() or not 0 <= percent < 100 or not code:
                raise ValueError(f'"{rate}" = "{code}": write percent without a sign and a group, as in "19" = "FULL"')
        return {f"{Decimal(rate).normalize():f}": code for rate, code in value.items()}

    @field_validator("customer_reference_field")
    @classmethod
    def _field_name(cls, value: str) -> str:
        if not _FIELD.fullmatch(value) or value in _CUSTOMER_KEYS:
            raise ValueError(f'"{value}" is not a field that may keep the reference')
        return value

    @field_validator("order_fields")
    @classmethod
    def _no_order_keys(cls, value: dict[str, str]) -> dict[str, str]:
        return _checked(value, _ORDER_KEYS)

    @field_validator("customer_fields")
    @classmethod
    def _no_customer_keys(cls, value: dict[str, str]) -> dict[str, str]:
        return _checked(value, _CUSTOMER_KEYS)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def numbers_are_ours(self) -> bool:
        return self.order_numbers == "ours" and self.customer_accounts == "ours"

    @property
    def token_address(self) -> str:
        return self.token_url or f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token"

    @property
    def price_currency(self) -> str:
        return self.base_currency or self.currencies[0]

    @property
    def charges(self) -> dict[str, str]:
        """The service items named here, by the setting that names them."""
        names = ("shipping_charge", "tip_charge", "duty_charge", "fee_charge", "rounding_charge", "refund_charge")
        return {name: item for name in names if (item := str(getattr(self, name)))}


def _checked(table: dict[str, str], keys: frozenset[str]) -> dict[str, str]:
    for field in table:
        if not _FIELD.fullmatch(field):
            raise ValueError(f'"{field}" cannot be a field of a data entity')
        if field in keys:
            raise ValueError(
                f"{field} is a field that erpsync finds records by or counts with; it cannot be overwritten"
            )
    return table
