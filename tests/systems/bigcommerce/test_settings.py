"""What a connection may be told."""

import pytest
from pydantic import ValidationError

from erpsync.ports.spec import Role
from erpsync.systems.bigcommerce import SPEC
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

GOOD = {"store_hash": "x1y2z3", "access_token": "token", "webhook_secret": "sixteen-characters"}


def test_a_minimum_is_enough() -> None:
    settings = BigCommerceSettings.model_validate(GOOD)
    assert settings.base_url == "https://api.bigcommerce.com"
    assert BigCommerceSettings.model_validate({**GOOD, "store_hash": "stores/X1Y2Z3"}).store_hash == "x1y2z3"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"store_hash": "https://store.example.com"}, "store hash"),
        ({"access_token": " "}, "empty"),
        ({"webhook_secret": "short"}, "16 characters"),
        ({"webhook_secret": None}, "webhook_secret"),
        ({"webhook_header": "Content-Type"}, "header"),
        ({"webhook_address": "https://erpsync.example.com:8443/x"}, "443"),
        ({"statuses": "12=later"}, "status id"),
        ({"base_url": "http://api.example.com"}, "unencrypted"),
        ({"page_size": "251"}, "250"),
        ({"surprise": "1"}, "surprise"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BigCommerceSettings.model_validate({**GOOD, **changes})
    assert words in str(caught.value)


def test_secrets_are_not_shown() -> None:
    assert "sixteen-characters" not in repr(BigCommerceSettings.model_validate(GOOD))


def test_the_system_presents_itself() -> None:
    assert (SPEC.name, SPEC.role) == ("bigcommerce", Role.STORE)
    assert SPEC.settle_seconds(BigCommerceSettings.model_validate({**GOOD, "settle_seconds": "7"})) == 7
    assert all(field.description for field in BigCommerceSettings.model_fields.values())
