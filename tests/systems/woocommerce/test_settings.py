"""What a connection may say, and how it is told what it may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from erpsync.systems import registry
from erpsync.systems.woocommerce.settings import WooCommerceSettings

GIVEN: dict[str, Any] = {
    "url": "https://example.com/shop/",
    "consumer_key": "ck_1",
    "consumer_secret": "cs_1",
    "webhook_secret": "secret0secret0secret",
}


def settings(**changes: object) -> WooCommerceSettings:
    return WooCommerceSettings.model_validate({**GIVEN, **changes})


def test_the_registry_has_it() -> None:
    spec = registry.spec("woocommerce")
    assert spec.settings is WooCommerceSettings
    assert spec.capabilities.missing == {}
    assert spec.settle_seconds(settings(settle_seconds=7)) == 7


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"url": ""}, "at least 1"),
        ({"url": "example.com"}, "not an address"),
        ({"url": "http://example.com"}, "unencrypted"),
        ({"url": "https://ck:cs@example.com"}, "no user name"),
        ({"site_address": "example.com"}, "not an address"),
        ({"consumer_key": "cs_1"}, "begins with ck_"),
        ({"consumer_secret": ""}, "is empty"),
        ({"webhook_secret": " "}, "is empty"),
        ({"webhook_secret": "a&b<c>"}, "letters and digits"),
        ({"previous_webhook_secret": "a'b"}, "letters and digits"),
        ({"webhook_address": "http://erpsync.example.com/webhooks/shop"}, "not an https"),
        ({"page_size": 101}, "less than or equal to 100"),
        ({"page_size": 1}, "greater than or equal to 2"),
        ({"meta_prefix": "my prefix"}, "letters, digits"),
        ({"shipment_note": "{carrier} {weight}"}, "no other braces"),
        ({"shipment_note": "{"}, "no other braces"),
        ({"unknown": "1"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(**changes)


def test_lists_may_be_text() -> None:
    assert settings(cancelled_statuses="cancelled, failed ,void").cancelled_statuses == ("cancelled", "failed", "void")


@pytest.mark.parametrize(
    ("url", "authentication", "signs"),
    [
        ("https://example.com", "auto", False),
        ("http://10.0.0.7", "auto", True),
        ("http://10.0.0.7", "basic", False),
        ("https://example.com", "oauth1", True),
    ],
)
def test_keys_travel_over_tls_only_unless_told_otherwise(url: str, authentication: str, signs: bool) -> None:
    assert settings(url=url, authentication=authentication).signs is signs


def test_secrets_are_not_shown() -> None:
    shown = f"{settings()!r} {settings().model_dump()}"
    assert "cs_1" not in shown
    assert "secret0secret" not in shown
