from typing import Any

import pytest
from pydantic import ValidationError

from erpsync.systems.shopify.settings import ShopifySettings

GOOD: dict[str, Any] = {"shop": "name.myshopify.com", "access_token": "shpat_1", "webhook_secret": "s3cret"}


def settings(**changes: Any) -> ShopifySettings:
    return ShopifySettings(**{name: value for name, value in (GOOD | changes).items() if value is not None})


def test_the_defaults_are_the_newest_version_and_the_stores_own_currency() -> None:
    found = settings()
    assert (found.api_version, found.currency, found.address) == ("2026-10", "shop", "https://name.myshopify.com")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"shop": "www.example.com"}, "name.myshopify.com"),
        ({"shop": "https://name.myshopify.com"}, "without https://"),
        ({"shop": "name.myshopify.com.evil.example"}, "permanent address"),
        ({"shop": "name.myshopify.com/../other"}, "permanent address"),
        ({"api_version": "2026-11"}, "2026-10"),
        ({"api_version": "latest"}, "year and month"),
        ({"webhook_secret": ""}, "anybody can sign"),
        ({"webhook_secret": "  "}, "anybody can sign"),
        ({"previous_webhook_secret": ""}, "anybody can sign"),
        ({"access_token": None}, "access_token is missing"),
        ({"access_token": None, "client_id": "abc"}, "client_secret"),
        ({"webhook_secret": None}, "webhook_secret is missing"),
        ({"webhook_address": "http://example.com/hook"}, "https"),
        ({"base_url": "http://shop.example.com"}, "unencrypted"),
        ({"base_url": "http://10.0.0.7:8080"}, "unencrypted"),
        ({"base_url": "ftp://127.0.0.1"}, "address"),
        ({"write_back_key": "erp order"}, "letters, digits"),
        ({"write_back_namespace": "ab"}, "at least 3"),
        ({"hold_tag": "a, b"}, "comma"),
        ({"hold_tag": "a: b"}, "colon"),
        ({"page_size": 251}, "250"),
        ({"bulk_from": 20_000}, "10000"),
        ({"settle_seconds": -1}, "0"),
        ({"unknown": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_value_is_named_with_what_a_right_one_looks_like(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        settings(**changes)
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080", "http://localhost:1", "http://sandbox:8000", "https://x.example"]
)
def test_a_simulator_may_be_reached_without_tls_on_this_machine_only(address: str) -> None:
    assert settings(base_url=address).address == address


def test_the_shops_name_is_compared_in_one_spelling() -> None:
    assert settings(shop=" Name.MyShopify.com ").shop == "name.myshopify.com"


def test_the_client_secret_signs_webhooks_where_no_other_secret_is_given() -> None:
    found = settings(webhook_secret=None, access_token=None, client_id="id", client_secret="shpss_1")
    assert [secret.get_secret_value() for secret in found.webhook_secrets] == ["shpss_1"]


def test_secrets_do_not_show() -> None:
    assert "shpat_1" not in repr(settings())
    assert "s3cret" not in str(settings())


def test_every_setting_is_described() -> None:
    assert [name for name, field in ShopifySettings.model_fields.items() if not field.description] == []
