"""What a connection to an SAP system needs to know. Codes are SAP's internal ones, as table columns hold them (order type
"TA", not "OR" as an English screen shows it)."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from erpsync.mapping import FieldTable
from erpsync.ports.settings import Address, Names, PercentTable, Table, TimeZone

SYSTEM = "sap_soap"
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,29}")
_LOCATION = re.compile(r"[A-Z0-9]{1,4}/[A-Z0-9]{1,4}")
# What erpsync fills itself, by the names of BAPISDHD1: an override would break finding, pricing or the credit block.
_OURS = frozenset({"PURCH_NO_C", "DOC_TYPE", "SALES_ORG", "DISTR_CHAN", "DIVISION", "CURRENCY", "REF_DOC"})


class SapSoapSettings(BaseModel):
    """One client of one SAP system. An empty code means that the field is left to SAP."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: Address = Field(
        min_length=1, description='Where the system answers HTTPS, as in "https://sap.example.com:44300".'
    )
    client: str = Field(pattern=r"^\d{3}$", description='SAP client (Mandant), as in "100".')
    path: str = Field(
        default="",
        description="Path of the web service's binding, as SOAMANAGER shows it. Empty: the one that the README sets up, "
        "/sap/bc/srt/rfc/sap/zerpsync/<client>/zerpsync/zerpsync.",
    )
    wsdl_url: str = Field(
        default="",
        description="Address or path of the WSDL. Empty: where SAP serves that of the binding (document style).",
    )
    operations: Table = Field(
        default={},
        description="Names of the operations in your WSDL where they differ from the wrapper's: "
        '{ Z_ERPSYNC_ORDER_CREATE = "Z_SHOP_ORDER_CREATE" }.',
    )
    user: str = Field(
        default="", description="User of type System (B) or Communications data (C), for basic authentication."
    )
    password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    client_certificate: str = Field(
        default="",
        description="File of an X.509 client certificate (PEM) instead of user and password; mapped to the user.",
    )
    client_key: str = Field(default="", description="File of its private key (PEM), where it is not in the same file.")
    ca_file: str = Field(
        default="",
        description="File of the certificates to trust (PEM), where the server's come from a private authority.",
    )
    language: str = Field(default="EN", pattern="^[A-Z]{2}$", description="Logon language: that of messages and texts.")
    time_zone: TimeZone = Field(
        default="UTC", description='Zone whose date orders and payments are booked at, as in "Europe/Berlin".'
    )
    concurrent_requests: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. Each keeps one of SAP's dialog work processes busy.",
    )
    timeout_seconds: int = Field(
        default=180,
        ge=5,
        le=900,
        description="How long to wait for an answer; 100 orders in one call may take minutes. Keep it well below "
        "ERPSYNC_TASK_SECONDS.",
    )
    wrapper_keeps_references_unique: bool = Field(
        default=True,
        description="Whether the wrapper refuses a second record with the same reference, as the one in `abap/` does. "
        "`erpsync doctor` compares this with what the wrapper says of itself.",
    )
    settle_seconds: int = Field(
        default=660,
        ge=1,
        description="Where the wrapper does not: how long SAP may still be at work on a request whose reply was lost. The "
        "default is above 600 seconds, the usual limit of a dialog step (rdisp/max_wprun_time), with its update.",
    )
    page_size: int = Field(default=500, ge=1, le=5000, description="Rows a page when changes are read.")
    overlap_seconds: int = Field(
        default=4200,
        ge=60,
        description="How far each read reaches back before the start of the one before. More than an hour, since SAP "
        "stamps changes in local time, which repeats an hour when summer time ends.",
    )

    company: str = Field(default="", max_length=4, description="Company code (BUKRS) of payments and new customers.")
    sales_organization: str = Field(min_length=1, max_length=4, description="Sales organisation (VKORG).")
    distribution_channel: str = Field(min_length=1, max_length=2, description="Distribution channel (VTWEG).")
    division: str = Field(min_length=1, max_length=2, description="Division (SPART).")
    order_type: str = Field(default="TA", max_length=4, description="Order type (AUART).")
    plant: str = Field(default="", max_length=4, description="Delivering plant of items (WERKS).")
    storage_location: str = Field(default="", max_length=4, description="Storage location of items (LGORT).")
    currencies: Table = Field(
        min_length=1, description='SAP\'s currencies by ISO code: { EUR = "EUR" }. Orders in others are refused.'
    )
    note_text_id: str = Field(default="0001", max_length=4, description="Header text (TDID) for the customer's note.")
    region_countries: Names = Field(
        default=("US", "CA", "AU", "BR"), description="Countries whose regions have the same codes in SAP (T005S)."
    )
    shipping_methods: Table = Field(
        default={}, description='Shipping conditions (VSBED) by the store\'s method code: { express = "10" }.'
    )
    default_shipping_method: str = Field(default="", max_length=2, description="That of all other method codes.")
    cancel_reason: str = Field(
        default="", max_length=2, description="Reason for rejection (ABGRU) by which orders are cancelled and closed."
    )
    delivery_block: str = Field(
        default="01", min_length=1, max_length=2, description="Block (LIFSK) of an order whose total differs."
    )

    price_condition: str = Field(
        min_length=1, max_length=4, description="Condition type of an item's price, open to manual entry, net of tax."
    )
    discount_condition: str = Field(default="", max_length=4, description="Fixed amount (calculation type B), item.")
    shipping_condition: str = Field(default="", max_length=4, description="Fixed amount, header, for shipping charges.")
    tip_condition: str = Field(default="", max_length=4, description="Fixed amount, header, for tips.")
    duty_condition: str = Field(default="", max_length=4, description="Fixed amount, header, for duties.")
    fee_condition: str = Field(default="", max_length=4, description="Fixed amount, header, for fees.")
    rounding_condition: str = Field(
        default="", max_length=4, description="Fixed amount, header, either sign, for cents that prices cannot express."
    )
    tax_handling: Literal["store", "erp"] = Field(
        default="store",
        description="Whose tax counts: the store's, as amounts of `tax_condition`; or the one that SAP computes, and "
        "orders for which it comes to another total are blocked.",
    )
    tax_condition: str = Field(
        default="",
        max_length=4,
        description="Tax condition type with a fixed amount, item and header, for the store's tax.",
    )
    tax_codes: PercentTable = Field(
        default={}, description='Tax codes (MWSKZ) by percent: { "19" = "A1", "7" = "A2" }.'
    )

    model_customer: str = Field(
        default="",
        max_length=10,
        description="Reference customer of new ones: account group, terms, reconciliation account.",
    )
    customer_groups: Table = Field(
        default={}, description='Customer groups (KDGRP) by the store\'s group: { wholesale = "02" }.'
    )
    default_customer_group: str = Field(default="", max_length=2, description="That of all others.")

    stock_locations: Names = Field(default=(), description='Where stock is read: plant/storage location, "1000/0001".')
    base_price_condition: str = Field(
        default="PR00", max_length=4, description="Condition type whose records are the base prices (A304)."
    )
    price_lists: Names = Field(default=(), description="Price list types (PLTYP) to read besides (A306).")
    prices_include_tax: bool = Field(default=False, description="Whether those records contain the tax.")
    inactive_statuses: Names = Field(
        default=(), description="Material statuses (MSTAV, VMSTA) that take an item out of the store."
    )

    credit_type: str = Field(default="G2", max_length=4, description="Order type of credit memo requests.")
    credit_reason: str = Field(default="", max_length=3, description="Order reason (AUGRU) of credit memo requests.")
    refund_material: str = Field(
        default="",
        max_length=40,
        description="Service material for what is refunded without goods: shipping, goodwill.",
    )
    payment_methods: Table = Field(
        default={}, description='Clearing accounts (HKONT) by the store\'s payment method: { card = "113105" }.'
    )
    default_payment_method: str = Field(default="", max_length=10, description="The account of all others.")
    payment_document_type: str = Field(default="DZ", max_length=2, description="Document type (BLART) of payments.")

    order_fields: FieldTable = Field(
        default={},
        description="Fields of the order's header (BAPISDHD1, or your append to VBAK), each with an expression.",
    )
    customer_fields: FieldTable = Field(
        default={}, description="Fields of the customer BAPI (BAPIKNA101_1, BAPIKNA106), each with an expression."
    )

    @field_validator("path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError(f'"{value}" is not a path: it starts with /sap/bc/srt/')
        return value

    @field_validator("wsdl_url")
    @classmethod
    def _address_or_path(cls, value: str) -> str:
        if "://" in value and not value.startswith(("https://", "http://")):
            raise ValueError(f'"{value}" is neither an address over https nor a path')
        return value

    @field_validator("client_certificate", "client_key", "ca_file")
    @classmethod
    def _there(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError(f'there is no file "{value}"')
        return value

    @field_validator("stock_locations")
    @classmethod
    def _plant_and_place(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for location in value:
            if not _LOCATION.fullmatch(location):
                raise ValueError(f'"{location}" is not a location: write plant/storage location, as in "1000/0001"')
        return value

    @field_validator("order_fields", "customer_fields")
    @classmethod
    def _field_names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _FIELD.fullmatch(name):
                raise ValueError(f'"{name}" is not a field of SAP: capitals, digits and _, at most 30, as in ZZGIFT')
            if name in _OURS:
                raise ValueError(f"{name} is filled by erpsync itself and cannot be overridden")
        return value

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        secret = self.password.get_secret_value()
        if bool(self.user) == bool(self.client_certificate):
            raise ValueError("give either user and password, or client_certificate")
        if self.user and not secret:
            raise ValueError("password is empty")
        if self.tax_handling == "store" and bool(self.tax_condition) != bool(self.tax_codes):
            raise ValueError("tax_condition and tax_codes go together where tax_handling = store")
        return self

    def iso_currency(self, code: str) -> str:
        """The ISO code of a currency, by that of SAP."""
        return next((iso for iso, own in self.currencies.items() if own == code), code)

    @property
    def service(self) -> str:
        return self.path or f"/sap/bc/srt/rfc/sap/zerpsync/{self.client}/zerpsync/zerpsync"

    @property
    def endpoint(self) -> str:
        return f"{self.base_url}{self.service}?sap-client={self.client}&sap-language={self.language}"

    @property
    def wsdl(self) -> str:
        # flv_10002A111AD1 names the WSDL of a binding in document style with its policies, as SOAMANAGER links it.
        served = f"{self.base_url}/sap/bc/srt/wsdl/flv_10002A111AD1/bndg_url{self.service}?sap-client={self.client}"
        return self.wsdl_url or served
