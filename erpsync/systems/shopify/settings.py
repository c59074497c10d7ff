"""What a connection to a Shopify store needs to know."""

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from erpsync.ports.settings import Names, is_neighbour

API_VERSION = "2026-10"
POINTS = "points"
"""The kind of operation whose limit is counted in points: calls to the GraphQL API."""
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_VERSION = re.compile(r"20\d\d-(01|04|07|10)")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class ShopifySettings(BaseModel):
    """One store. Give `access_token`, or `client_id` and `client_secret`: apps made since 2026 have no lasting token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: str = Field(description='The store\'s permanent address, as in "name.myshopify.com".')
    api_version: str = Field(
        default=API_VERSION, description="Version of the Admin API, and of the webhooks' payloads: year-month."
    )
    access_token: SecretStr | None = Field(
        default=None, description="Lasting Admin API token of a custom app made in the Shopify admin before 2026."
    )
    client_id: str = Field(default="", description="Client id of an app made in the Dev Dashboard.")
    client_secret: SecretStr | None = Field(
        default=None, description="Client secret of that app. Exchanged for a token that lasts a day, again and again."
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that signs the webhooks: the app's client secret (then it need not be repeated), or what "
        "the admin shows under Settings > Notifications > Webhooks.",
    )
    previous_webhook_secret: SecretStr | None = Field(
        default=None, description="The secret before, still accepted while it is being rotated."
    )
    webhook_address: str = Field(
        default="", description="Public https address of this connection's receiver; `doctor` compares it."
    )
    webhook_subscriptions: Literal["listed", "elsewhere"] = Field(
        default="listed",
        description='"elsewhere" where the subscriptions are made in the admin or in shopify.app.toml: the API does '
        "not list those, so `doctor` cannot check them.",
    )
    currency: Literal["shop", "presentment"] = Field(
        default="shop", description="Which amounts go to the ERP: the store's own currency, or what the customer saw."
    )
    write_back_namespace: str = Field(
        default="erpsync",
        min_length=3,
        max_length=255,
        description="Namespace of the metafield that tells the order's number in the ERP.",
    )
    write_back_key: str = Field(
        default="erp_order", min_length=2, max_length=64, description="Key of that metafield. Its type is JSON."
    )
    hold_tag: str = Field(
        default="erpsync",
        min_length=1,
        max_length=20,
        description='Tag of orders that wait for a person; the reason follows it, as in "erpsync: unknown-sku".',
    )
    activate_stock: bool = Field(
        default=False,
        description="Whether an item that a location does not stock yet is stocked there when its quantity is set. Off: "
        "it is refused, with what to do.",
    )
    sales_channels: Names = Field(
        default=("Online Store",),
        description="Sales channels, by their names in Shopify, to which products and collections are published when "
        "erpsync makes them.",
    )
    bulk_from: int = Field(
        default=2000,
        ge=1,
        le=10_000,
        description="Catalogues of this many variants and more are read by a bulk operation when all of it is read.",
    )
    page_size: int = Field(
        default=250, ge=1, le=250, description="Records in a page of what changed; Shopify gives no more than 250."
    )
    settle_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long Shopify may still be at work on a fulfilment whose reply was lost. It tells no figure.",
    )
    base_url: str = Field(default="", description="Address of a simulator. Empty for a real store.")

    @field_validator("shop")
    @classmethod
    def _permanent_address(cls, value: str) -> str:
        shop = value.strip().lower()
        if not _SHOP.fullmatch(shop):
            raise ValueError(
                f'"{value}" is not a store\'s permanent address: it looks like "name.myshopify.com", without https:// '
                "and is not the store's own domain"
            )
        return shop

    @field_validator("api_version")
    @classmethod
    def _a_quarter(cls, value: str) -> str:
        if not _VERSION.fullmatch(value):
            raise ValueError(f'"{value}" is not a version of the Admin API: write year and month as in "{API_VERSION}"')
        return value

    @field_validator("write_back_namespace", "write_back_key")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(f'"{value}" may have letters, digits, hyphens and underscores only')
        return value

    @field_validator("access_token", "client_secret", "webhook_secret", "previous_webhook_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty; leave it out or give the secret: anybody can sign with an empty one")
        return value

    @field_validator("hold_tag")
    @classmethod
    def _one_tag(cls, value: str) -> str:
        if "," in value or ":" in value or not value.strip():
            raise ValueError(f'"{value}" is not one tag: it holds no comma and no colon')
        return value.strip()

    @field_validator("webhook_address")
    @classmethod
    def _https(cls, value: str) -> str:
        if value and urlsplit(value).scheme != "https":
            raise ValueError(f'"{value}" is not an https address, and Shopify delivers webhooks to no other')
        return value

    @field_validator("base_url")
    @classmethod
    def _safe_for_a_token(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f'"{value}" is not an address; leave it empty, or write as in "http://127.0.0.1:8080"')
        if parts.scheme == "http" and not is_neighbour(parts.hostname or ""):
            raise ValueError(f'"{value}" would send the token unencrypted; http is for simulators on this machine')
        return value.rstrip("/")

    @model_validator(mode="after")
    def _enough_credentials(self) -> Self:
        by_client = bool(self.client_id) and self.client_secret is not None
        if self.access_token is None and not by_client:
            raise ValueError("access_token is missing; give it, or both client_id and client_secret")
        if self.webhook_secret is None and self.client_secret is None:
            raise ValueError("webhook_secret is missing, and there is no client_secret to take its place")
        return self

    @property
    def webhook_secrets(self) -> tuple[SecretStr, ...]:
        """The secrets that a delivery may be signed with, the current one first."""
        current = self.webhook_secret or self.client_secret
        return tuple(secret for secret in (current, self.previous_webhook_secret) if secret is not None)

    @property
    def address(self) -> str:
        return self.base_url or f"https://{self.shop}"
