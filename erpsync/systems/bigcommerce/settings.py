"""What a connection to a BigCommerce store needs to know."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from erpsync.ports.settings import Address, Table

API = "https://api.bigcommerce.com"
MAX_PAGE = 250
"""The most that a list answers with: https://developer.bigcommerce.com/docs/rest-catalog/products#get-all-products"""

_HASH = re.compile(r"[a-z0-9]{1,32}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,63}")
_MEANINGS = ("open", "closed", "cancelled", "skip")


class BigCommerceSettings(BaseModel):
    """One store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store_hash: str = Field(description="The store's hash, as in the API path /stores/HASH/v3.")
    access_token: SecretStr = Field(description="Access token of an API account of the store, or of an app.")
    webhook_secret: SecretStr = Field(
        description="At least 16 random characters of your own. Each webhook is registered with it as a header, and only "
        "deliveries that bring it are believed.",
    )
    previous_webhook_secret: SecretStr | None = Field(
        default=None, description="The secret before, still accepted while it is being rotated."
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="Client secret of the API account or app. Where it is given, deliveries must be signed with it too.",
    )
    webhook_header: str = Field(default="X-Erpsync-Secret", description="Name of the header that carries the secret.")
    webhook_address: str = Field(
        default="", description="Public https address of this connection's receiver; `doctor` compares it."
    )
    statuses: Table = Field(
        default_factory=dict,
        description='What an order status means where it differs from the rule, by its id: "open", "closed", "cancelled" '
        'or "skip", as in { 12 = "skip" }.',
    )
    archived_orders: Literal["skip", "cancel"] = Field(
        default="skip",
        description='What an archived (deleted) order means: nothing, or "cancel" for the ERP to cancel it.',
    )
    several_addresses: Literal["reject", "first"] = Field(
        default="reject",
        description='An order that ships to several addresses is refused, or with "first" goes to the first of them.',
    )
    customer_groups: Table = Field(
        default_factory=dict,
        description='Names of the customer groups by their ids, as in { 2 = "wholesale" }. Where given, the customers of '
        "orders are looked up for their group.",
    )
    write_back: Literal["external_order_id", "staff_notes"] = Field(
        default="external_order_id",
        description="Where the ERP's number is written on an order. An external id that another system has set is kept, "
        "and the number then goes to the staff notes.",
    )
    carriers: Table = Field(
        default_factory=dict,
        description='The tracking_carrier (a courier of AfterShip) by the ERP\'s name of it, as in { DHL = "dhl" }.',
    )
    variants_read: Literal["all", "changed"] = Field(
        default="all",
        description="Whether a poll of variants reads all of them, or those of products that changed: faster, and blind "
        "to a price that changed on an option's variant alone.",
    )
    page_size: int = Field(default=MAX_PAGE, ge=1, le=MAX_PAGE, description="Records asked for in one call.")
    timeout_seconds: float = Field(default=60.0, gt=0, description="How long an answer is waited for.")
    settle_seconds: float = Field(
        default=120.0,
        ge=0,
        description="How long BigCommerce may still be at work on a shipment whose reply was lost; looked up after that.",
    )
    base_url: Address = Field(default=API, description="Address of the API; another one for a simulator.")

    @field_validator("store_hash")
    @classmethod
    def _a_hash(cls, value: str) -> str:
        found = value.strip().lower().removeprefix("stores/")
        if not _HASH.fullmatch(found):
            raise ValueError(
                f'"{value[:60]}" is not a store hash: it is the part after /stores/ in the API path, such as "x1y2z3"'
            )
        return found

    @field_validator("access_token", "webhook_secret", "previous_webhook_secret", "client_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty; leave it out or give the secret")
        return value

    @field_validator("webhook_secret", "previous_webhook_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        # It is all that tells the store's deliveries from anybody's.
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("is shorter than 16 characters; make one with `openssl rand -hex 32`")
        return value

    @field_validator("webhook_header")
    @classmethod
    def _a_header(cls, value: str) -> str:
        if not _HEADER.fullmatch(value) or value.lower() in ("content-type", "content-length", "host", "user-agent"):
            raise ValueError(f'"{value[:60]}" cannot be the header of a secret')
        return value

    @field_validator("webhook_address")
    @classmethod
    def _https(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme != "https" or parts.port not in (None, 443)):
            raise ValueError(f'"{value}" is not an https address on port 443, and BigCommerce delivers to no other')
        return value

    @field_validator("statuses")
    @classmethod
    def _known_meanings(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [
            f'{key} = "{meaning}"' for key, meaning in value.items() if not key.isdecimal() or meaning not in _MEANINGS
        ]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: write a status id and one of {', '.join(_MEANINGS)}")
        return value

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that a delivery may bring, the current one first."""
        both = (self.webhook_secret, self.previous_webhook_secret)
        return tuple(secret.get_secret_value() for secret in both if secret is not None)
