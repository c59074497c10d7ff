"""What a connection to a WooCommerce shop needs to know."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from erpsync.ports.settings import Address

# The one place that core WooCommerce keeps stock in.
LOCATION = "shop"
_META_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _listed(value: object) -> object:
    if isinstance(value, str):
        return [entry.strip() for entry in value.split(",") if entry.strip()]
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Several names, as a list or as text with commas."""


class WooCommerceSettings(BaseModel):
    """One shop. WordPress must have "pretty" permalinks, for without them it ignores the keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Address = Field(
        min_length=1,
        description='The shop\'s address, sub-folder included, as in "https://example.com/shop". Plain http only inside '
        "your own network.",
    )
    consumer_key: str = Field(description='Consumer key of a REST API key with the permission "Read/Write" (ck_...).')
    consumer_secret: SecretStr = Field(description="Its consumer secret (cs_...).")
    webhook_secret: SecretStr = Field(
        description="Signs the webhooks. Choose it yourself: 16 or more letters and digits; erpsync gives it to the shop."
    )
    previous_webhook_secret: SecretStr | None = Field(
        default=None, description="The secret before, still accepted while it is being rotated."
    )
    webhook_address: str = Field(
        default="", description="Public https address of this connection's receiver; `doctor` compares it."
    )
    authentication: Literal["auto", "basic", "oauth1"] = Field(
        default="auto",
        description='"auto": HTTP basic over https, OAuth 1.0a over http. "basic": for a shop reached over http inside '
        'your network whose WordPress believes that it is served over https. "oauth1": for a web server that passes no '
        "Authorization header on.",
    )
    site_address: str = Field(
        default="",
        description="The shop's own Site Address (Settings > General), where it is called by another one: OAuth signs "
        "it, with http:// as the shop is reached without TLS, and nothing is sent there. Empty: the same as `url`.",
    )
    unplaced_statuses: Names = Field(
        default=("pending",),
        description="Order statuses that wait for the buyer and are not synced. Drafts never are.",
    )
    cancelled_statuses: Names = Field(
        default=("cancelled", "failed"), description="Order statuses that mean that the order is off."
    )
    closed_statuses: Names = Field(default=("completed",), description="Order statuses that mean that all is done.")
    shipping_code: Literal["method", "instance", "title"] = Field(
        default="method",
        description='What an order\'s shipping is called by: "method" (flat_rate), "instance" (flat_rate:3) or "title".',
    )
    refunds_restock: bool = Field(
        default=True, description="Whether refunded goods come back to stock; WooCommerce does not tell by refund."
    )
    enable_stock_tracking: bool = Field(
        default=False, description="Switches stock management on for products whose stock is set and that have it off."
    )
    tracking_meta_key: str = Field(
        default="_wc_shipment_tracking_items",
        description="Order meta that holds tracking numbers, as the Shipment Tracking extensions keep them.",
    )
    complete_when_shipped: bool = Field(
        default=True,
        description='Sets an order to "completed" once all of it is shipped. The shop then sends its own e-mail of that.',
    )
    shipment_note: str = Field(
        default="Your order is on its way. {carrier} {number} {url}",
        description="What the buyer is told of a shipment; {carrier}, {number} and {url} are filled in.",
    )
    meta_prefix: str = Field(default="erpsync", description="Begins the names of the meta that erpsync writes.")
    page_size: int = Field(default=100, ge=2, le=100, description="Records per page; WooCommerce allows 100.")
    requests_per_second: float = Field(
        default=10.0,
        gt=0,
        le=1000,
        description="How fast all workers together may ask; halved by itself while the shop refuses.",
    )
    concurrent_requests: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Requests at once, of all workers together. Each takes one of the host's PHP processes, which the "
        "shop's own visitors need too.",
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="How long to wait for an answer.")
    settle_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How long the shop may still be at work on a request whose reply was lost: PHP's max_execution_time.",
    )

    @field_validator("consumer_secret", "webhook_secret", "previous_webhook_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty; leave it out or give the secret: anybody can sign with an empty one")
        return value

    @field_validator("webhook_secret", "previous_webhook_secret")
    @classmethod
    def _plain_text(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and set(value.get_secret_value()) & set("&<>\"'"):
            raise ValueError("has one of & < > \" ' which WordPress stores otherwise; use letters and digits")
        return value

    @field_validator("consumer_key")
    @classmethod
    def _a_key(cls, value: str) -> str:
        if not re.fullmatch(r"ck_[A-Za-z0-9]+", value.strip()):
            raise ValueError("is not a consumer key: it begins with ck_")
        return value.strip()

    @field_validator("site_address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
            raise ValueError(f'"{value}" is not an address; it looks like "http://shop.example.com/folder"')
        return value.rstrip("/")

    @field_validator("webhook_address")
    @classmethod
    def _https(cls, value: str) -> str:
        if value and urlsplit(value).scheme != "https":
            raise ValueError(f'"{value}" is not an https address; orders must not travel unencrypted')
        return value

    @field_validator("tracking_meta_key", "meta_prefix")
    @classmethod
    def _meta_name(cls, value: str) -> str:
        if not _META_KEY.fullmatch(value):
            raise ValueError(f'"{value}" may have up to 100 letters, digits, hyphens and underscores')
        return value

    @field_validator("shipment_note")
    @classmethod
    def _known_places(cls, value: str) -> str:
        try:
            value.format(carrier="", number="", url="")
        except (KeyError, IndexError, ValueError):
            raise ValueError("may hold {carrier}, {number} and {url}, and no other braces") from None
        return value

    @property
    def signs(self) -> bool:
        """Whether requests are signed by OAuth 1.0a instead of carrying the keys."""
        if self.authentication == "auto":
            return urlsplit(self.url).scheme == "http"
        return self.authentication == "oauth1"
