"""What a connection to a company in Business Central needs to know. Codes and numbers are as its users see them."""

from decimal import Decimal
from typing import Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Address, Names, PercentTable, Table, TimeZone, long_secret
from erpsync.systems.dynamics.business_central.wire import CUSTOMER_FIELDS, ORDER_FIELDS

SYSTEM = "dynamics_bc"
CHARGES = ("shipping_account", "tip_account", "duty_account", "fee_account", "rounding_account", "adjustment_account")
NO_LEDGER = (
    "The connection names no ledger_page, and API v2.0 tells no stock per location; stock stays as the store has it."
)
"""What happens instead where stock cannot be read."""

_API = "https://api.businesscentral.dynamics.com"
_LOGIN = "https://login.microsoftonline.com"
# Line types of sales lines: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_salesorderline
_KINDS = {"account": "Account", "item": "Item", "charge": "Charge", "resource": "Resource"}


class BusinessCentralSettings(BaseModel):
    """One company of one environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tenant: str = Field(min_length=1, description="Microsoft Entra tenant: its id, or a domain such as contoso.com.")
    environment: str = Field(default="production", min_length=1, description='Environment, as in "production".')
    company: str = Field(
        min_length=1, description="Name or id of the company, as Business Central's Companies page has it."
    )
    client_id: str = Field(min_length=1, description="Application (client) id of the app registration.")
    client_secret: SecretStr = Field(description="A client secret of that app registration.")
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Any secret, of 32 characters at least: Business Central's webhooks are made and believed by it. "
        "Without it none are made.",
    )
    base_url: Address = Field(
        default=_API, description="Address of the service. Another one for a simulator or an own server."
    )
    token_url: Address = Field(default="", description="Token endpoint. Empty: the tenant's own at Microsoft Entra.")
    concurrent_requests: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. Business Central works on 5 of a user's and lets the "
        "others wait.",
    )
    timeout_seconds: int = Field(
        default=180,
        ge=10,
        le=600,
        description="How long to wait for an answer. Keep it well below ERPSYNC_TASK_SECONDS.",
    )
    settle_seconds: int = Field(
        default=630,
        ge=1,
        description="How long a request whose reply was lost may still be at work: the operation limit of 8 minutes and "
        "the gateway's of 10, and a little more.",
    )
    order_batch: int = Field(
        default=100,
        ge=1,
        le=100,
        description="Orders found and made in one $batch. Business Central makes them one after another: with 100 that "
        "takes a second or more each, and all must be done within timeout_seconds. Lower it where `jobs show` tells of "
        "lost replies.",
    )
    page_size: int = Field(default=500, ge=1, le=500, description="Records read per page of changes.")
    time_zone: TimeZone = Field(
        default="UTC",
        description='Zone whose date orders, credit memos and payments are booked at, as in "Europe/Berlin".',
    )
    currencies: Table = Field(
        default_factory=dict,
        description='Currency codes by the store\'s, where they differ: { GBP = "STG" }. Others go as they are.',
    )
    tax_codes: PercentTable = Field(
        default_factory=dict,
        description='VAT product posting group (or tax group) by percent: { "19" = "VAT19", "0" = "NOVAT" }. Empty: the '
        "items' and accounts' own decide.",
    )
    default_tax_code: str = Field(
        default="", description="The same for percents that are not in `tax_codes`, or that the store does not tell."
    )
    shipping_account: str = Field(
        default="",
        description="What shipping is charged by: the number of a G/L account, or kind:number with the kind item, "
        'charge or resource, as in "item:FREIGHT".',
    )
    tip_account: str = Field(default="", description="The same for tips.")
    duty_account: str = Field(default="", description="The same for duties.")
    fee_account: str = Field(default="", description="The same for fees.")
    rounding_account: str = Field(
        default="",
        description="The same for the store's cash rounding, and for the cents by which Business Central's total differs.",
    )
    adjustment_account: str = Field(
        default="", description="The same for what is refunded without goods coming back into stock."
    )
    rounding_limit: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        description="The largest difference that goes to `rounding_account`. An order that differs by more is refused.",
    )
    shipping_methods: Table = Field(
        default_factory=dict, description='Shipment method codes by the store\'s method code: { standard = "DHL" }.'
    )
    default_shipping_method: str = Field(default="", description="Shipment method code of all other methods.")
    payment_terms: str = Field(default="", description="Payment terms code of orders. Empty: the customer's own.")
    payment_methods: Table = Field(
        default_factory=dict,
        description='Cash receipt journal batch by the store\'s payment method: { paypal = "PAYPAL" }.',
    )
    default_payment_journal: str = Field(default="", description="Cash receipt journal batch of all other methods.")
    location: str = Field(default="", description="Location code of order lines. Empty: as Business Central chooses.")
    stock_locations: Names = Field(
        default=(), description="Location codes to read stock from. Empty: every location, and stock without one."
    )
    sku_separator: str = Field(
        default="|",
        max_length=3,
        description='A SKU is an item\'s number; that of a variant is number, separator and code: "1896-S|RED".',
    )
    ledger_page: str = Field(
        default="ItemLedgerEntries",
        description="Service name under which page 38 is published, for stock per location. Empty: no stock is read.",
    )
    sales_lines_page: str = Field(
        default="SalesLines",
        description="Service name of page 516, for what orders have been promised. Empty: nothing counts as promised.",
    )
    shipments_page: str = Field(
        default="PostedSalesShipments",
        description="Service name of page 142, for carriers and tracking numbers. Empty: shipments come without.",
    )
    post_credit_memos: bool = Field(default=True, description="Post each credit memo. false: a person posts the draft.")
    order_fields: FieldTable = Field(
        default_factory=dict, description="Fields of the sales order, each with the expression that fills it."
    )
    customer_fields: FieldTable = Field(
        default_factory=dict, description="Fields of the customer, each with the expression that fills it."
    )

    _long = field_validator("webhook_secret")(long_secret)

    @field_validator("client_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty; give the secret's value, which Entra shows once when it is made")
        return value

    @field_validator(*CHARGES)
    @classmethod
    def _kind_and_number(cls, value: str) -> str:
        kind, colon, number = value.rpartition(":")
        if value and (not number.strip() or (colon and kind.strip().lower() not in _KINDS)):
            raise ValueError(
                f'"{value}" is no account: write its number, or item:NUMBER, charge:NUMBER, resource:NUMBER'
            )
        return value

    @model_validator(mode="after")
    def _fields_that_the_api_has(self) -> Self:
        for setting, table, known in (
            ("order_fields", self.order_fields, ORDER_FIELDS),
            ("customer_fields", self.customer_fields, CUSTOMER_FIELDS),
        ):
            unknown = sorted(set(table) - known)
            if unknown:
                raise ValueError(
                    f"{setting}: API v2.0 lets nobody write {', '.join(unknown)}; fields of extensions are not in it. "
                    f"Possible are {', '.join(sorted(known))}"
                )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def service(self) -> str:
        return f"{self.base_url}/v2.0/{quote(self.tenant, safe='')}/{quote(self.environment, safe='')}"

    @property
    def token_endpoint(self) -> str:
        return self.token_url or f"{_LOGIN}/{quote(self.tenant, safe='')}/oauth2/v2.0/token"

    @property
    def scope(self) -> str:
        return f"{_API}/.default"

    @property
    def charge_items(self) -> frozenset[str]:
        """Numbers of items that are charges, in capitals: they are no goods, though they are items."""
        charges = [self.charge(setting) for setting in CHARGES]
        return frozenset(charge[1].upper() for charge in charges if charge and charge[0] == "Item")

    def iso_currency(self, code: str) -> str:
        """The store's code of a currency, by that of Business Central."""
        return next((iso for iso, own in self.currencies.items() if own.upper() == code.upper()), code)

    def charge(self, setting: str) -> tuple[str, str] | None:
        """Line type and number of what a charge is booked on; None where the setting is empty."""
        kind, _, number = str(getattr(self, setting)).rpartition(":")
        return (_KINDS[kind.strip().lower() or "account"], number.strip()) if number else None
