"""What a connection to an S/4HANA system needs to know. Keys are SAP's own, as its users see them after logging on in
the connection's language."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Address, Names, PercentTable, Table, TimeZone

SYSTEM = "sap_odata"
MAX_BATCH = 100
NO_PAYMENTS = (
    "SAP releases no OData service that posts a customer's payment: the payment method and the store's order number travel "
    "on the sales order, and the provider's statement clears the invoice by that number."
)
# A dialog work process is ended after 600 s (rdisp/max_wprun_time, rdisp/scheduler/prio_normal/max_runtime), and one
# that hangs in the database up to 60 s later: https://itsiti.com/rdisp-scheduler-prio_normal-max_runtime/
LONGEST_REQUEST_SECONDS = 660.0

_CHARGE = re.compile(r"(?:material|condition) \S+")
_LOCATION = re.compile(r"[A-Z0-9]{1,4}(/[A-Z0-9]{1,4})?")
_CHARGES = ("shipping_charge", "tip_charge", "duty_charge", "fee_charge", "rounding_charge", "refund_charge")


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_flag)]


class SapODataSettings(BaseModel):
    """One client of one S/4HANA system, and the sales area in which a store sells."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(
        min_length=1, description='Address of the system, as in "https://my300000-api.s4hana.ondemand.com".'
    )
    sap_client: str = Field(default="", description='Client (sap-client), as in "100". Empty: the system\'s default.')
    language: str = Field(
        default="EN",
        pattern=r"^[A-Z]{2}$",
        description="Language to log on in. Partner functions and units are spelled in it: SH, PC in EN; WE, ST in DE.",
    )
    time_zone: TimeZone = Field(
        default="UTC",
        description="Time zone of the system (transaction STZAC), which its dates are in. S/4HANA Cloud: UTC.",
    )
    user: str = Field(default="", description="Communication user, for basic authentication.")
    password: SecretStr = Field(default=SecretStr(""), description="Password of that user.")
    token_url: Address = Field(
        default="", description="Address of the OAuth 2.0 token endpoint, for client credentials."
    )
    client_id: str = Field(default="", description="OAuth 2.0 client id.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="OAuth 2.0 client secret.")
    scope: str = Field(default="", description="OAuth 2.0 scope. Empty: none is asked for.")
    services: Table = Field(
        default={},
        description="Other paths of services, below /sap/opu/odata/sap/ or from the root where they start with a slash: "
        '{ API_OUTBOUND_DELIVERY_SRV = "API_OUTBOUND_DELIVERY_SRV" } for its first version.',
    )
    concurrent_requests: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. Each keeps one of SAP's dialog work processes busy.",
    )
    timeout_seconds: int = Field(
        default=180,
        ge=10,
        le=900,
        description="How long to wait for an answer. Keep it below ERPSYNC_TASK_SECONDS.",
    )
    settle_seconds: float = Field(
        default=LONGEST_REQUEST_SECONDS,
        ge=0,
        le=7200,
        description="How long SAP may still be at work on a request whose answer was lost: its own limit of a dialog "
        "request (600 s, rdisp/max_wprun_time or rdisp/scheduler/prio_normal/max_runtime) and 60 s until it is ended. "
        "Raise it where yours is higher.",
    )
    order_batch: int = Field(
        default=20,
        ge=1,
        le=MAX_BATCH,
        description="Orders in one $batch. A hundred may take minutes: the ICM's PROCTIMEOUT must allow for it.",
    )
    page_size: int = Field(default=500, ge=1, le=500, description="Rows in one answer.")

    sales_organization: str = Field(min_length=1, max_length=4, description="Sales organization.")
    distribution_channel: str = Field(min_length=1, max_length=2, description="Distribution channel.")
    division: str = Field(min_length=1, max_length=2, description="Division of the sales area.")
    company: str = Field(
        default="",
        max_length=4,
        description="Company code. New customers then get its data and the role FLCU00 as well. Empty: only FLCU01.",
    )
    reconciliation_account: str = Field(default="", description="Reconciliation account of new customers in `company`.")
    order_type: str = Field(default="OR", description="Sales document type of orders (in German: TA).")
    order_origin: str = Field(
        default="",
        max_length=4,
        description="Customer purchase order type of the store's orders. Set: only such orders' progress is read.",
    )
    currencies: Table = Field(
        default={},
        description='SAP\'s currency by ISO code, as in { EUR = "EUR" }; others are refused. Empty: any by ISO code.',
    )

    price_condition: str = Field(default="PMP0", description="Condition type of a manual price per quantity, on items.")
    discount_condition: str = Field(
        default="",
        description="Condition type of an absolute discount on items. Empty: prices are sent after discount.",
    )
    tax_handling: Literal["classification", "condition"] = Field(
        default="classification",
        description='"classification": SAP computes the tax, by the tax classification of each item. "condition": each '
        "item brings the store's own tax amount as a manual condition.",
    )
    tax_codes: PercentTable = Field(
        default={},
        description='By percent, as in { "19" = "1", "7" = "2", "0" = "0" }: the tax classification of items '
        "(ProductTaxClassification1), or with tax_handling = condition the condition type that takes the amount.",
    )
    shipping_charge: str = Field(
        default="",
        description='What shipping is booked as: "material SHIPPING", an item of that material; or "condition YBHD", a '
        "header condition (with tax_handling = condition only).",
    )
    tip_charge: str = Field(default="", description="What tips are booked as, likewise.")
    duty_charge: str = Field(default="", description="What duties are booked as, likewise.")
    fee_charge: str = Field(default="", description="What fees are booked as, likewise.")
    rounding_charge: str = Field(
        default="",
        description="What the store's cash rounding, and the cents by which SAP would compute another tax, are booked as.",
    )
    rounding_limit: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        description="The largest difference between the store's and SAP's tax that goes to `rounding_charge`.",
    )
    mismatch_block: str = Field(
        default="",
        max_length=2,
        description="Delivery block that an order gets whose total in SAP is not the store's, until that is mended. "
        "Empty: none.",
    )

    customer_grouping: str = Field(
        default="", description="Grouping of new business partners, which has their number range."
    )
    customer_terms: str = Field(default="", description="Terms of payment of new customers.")
    customer_shipping_condition: str = Field(default="", description="Shipping condition of new customers.")
    customer_account_group: str = Field(default="", description="Account assignment group of new customers.")
    customer_tax: Table = Field(
        default={},
        description='Tax classification of new customers by tax category and departure country, as in { "TTX1/DE" = "1" }.',
    )
    customer_groups: Table = Field(default={}, description="Customer group in SAP by the store's group.")
    default_customer_group: str = Field(default="", description="Customer group of all others.")
    order_addresses: Flag = Field(
        default=True,
        description="Send each order's own addresses (S/4HANA 2021 and newer). false: the customer's address counts.",
    )
    ship_to_function: str = Field(default="SH", description="Partner function of the ship-to party.")
    bill_to_function: str = Field(default="BP", description="Partner function of the bill-to party.")
    regions: Flag = Field(
        default=True, description="Send the region code of addresses; false where SAP's codes differ."
    )

    payment_methods: Table = Field(
        default={}, description="Payment method in SAP, one character, by the store's name of it. Others: none is set."
    )
    shipping_methods: Table = Field(default={}, description="Shipping condition in SAP by the store's method code.")
    default_shipping_method: str = Field(default="", description="Shipping condition of all other method codes.")
    note_text: str = Field(
        default="", description='Text type of orders that takes the note, as in "TX01". Empty: not sent.'
    )
    payment_text: str = Field(default="", description="Text type of orders that takes the payment methods' names.")
    rejection_reason: str = Field(
        default="", description="Rejection reason of items that are cancelled or closed. Required for both."
    )
    refund_type: str = Field(default="CR", description="Document type of credit memo requests (in German: G2).")
    refund_reason: str = Field(default="", description="Order reason of credit memo requests.")
    refund_charge: str = Field(
        default="", description='What refunds without goods are booked as: "material REFUND". Empty: as `fee_charge`.'
    )

    stock_locations: Names = Field(
        default=(),
        description='Plants or storage locations to read stock from: "1010" or "1010/101A", separated by commas.',
    )
    inactive_statuses: Names = Field(
        default=(), description="Statuses, cross-plant or of the sales area, in which a product is not sold."
    )
    list_price_condition: str = Field(default="PPR0", description="Condition type of base prices.")
    prices_include_tax: Flag = Field(default=False, description="Whether that condition type's prices include tax.")
    price_lists: Names = Field(default=(), description="Price list types to read besides the base prices.")
    tracking_field: str = Field(
        default="BillOfLading",
        description="Field of outbound deliveries that holds tracking numbers, a custom field (YY1_...) included.",
    )
    carrier_function: str = Field(default="SP", description="Partner function of the carrier in outbound deliveries.")
    carriers: Table = Field(default={}, description="Carriers' names by their supplier numbers in SAP.")

    order_fields: FieldTable = Field(
        default={}, description="Fields of A_SalesOrder, each with an expression over the order."
    )
    customer_fields: FieldTable = Field(default={}, description="Fields of A_BusinessPartner, each with an expression.")

    @field_validator("customer_tax")
    @classmethod
    def _category_and_country(cls, value: dict[str, str]) -> dict[str, str]:
        for key in value:
            if not re.fullmatch(r"[A-Z0-9]{1,4}/[A-Z]{2}", key):
                raise ValueError(f'"{key}" is not a tax category and a country: write as in "TTX1/DE"')
        return value

    @field_validator("stock_locations")
    @classmethod
    def _locations(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for location in value:
            if not _LOCATION.fullmatch(location):
                raise ValueError(f'"{location}" is neither a plant (1010) nor a storage location (1010/101A)')
        return value

    @model_validator(mode="after")
    def _one_way_to_log_on(self) -> Self:
        basic = bool(self.user and self.password.get_secret_value())
        oauth = bool(self.token_url and self.client_id and self.client_secret.get_secret_value())
        if basic == oauth:
            raise ValueError("give either user and password, or token_url, client_id and client_secret")
        if self.company and not self.reconciliation_account:
            raise ValueError("reconciliation_account is missing; new customers of a company code need it")
        return self

    @model_validator(mode="after")
    def _charges(self) -> Self:
        for name in _CHARGES:
            value = str(getattr(self, name))
            if value and not _CHARGE.fullmatch(value):
                raise ValueError(
                    f'{name} = "{value}": write "material" or "condition" and its key, as in "material SHIPPING"'
                )
            if value.startswith("condition") and (self.tax_handling != "condition" or name == "refund_charge"):
                raise ValueError(
                    f"{name} must be a material here: a header condition is spread over the items and taxed like them"
                )
        return self

    def iso_currency(self, code: str) -> str:
        """The ISO code of a currency, by that of SAP."""
        return next((iso for iso, own in self.currencies.items() if own == code), code)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def charge_materials(self) -> dict[str, str]:
        """The materials that charges are booked on, by the setting that names them."""
        chosen = {name: str(getattr(self, name)).partition(" ") for name in _CHARGES}
        return {name: key for name, (kind, _, key) in chosen.items() if kind == "material"}

    @property
    def plants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(location.partition("/")[0] for location in self.stock_locations))
