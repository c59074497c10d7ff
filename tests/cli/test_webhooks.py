"""`erpsync webhooks`: what the stores have of what erpsync needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from erpsync.cli.sandbox import secret_fields
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import Served, serve
from erpsync.systems import registry
from erpsync.systems.shopify.simulator import ShopifySimulator
from tests.cli.conftest import Run

PUBLIC = '[web]\npublic_url = "https://erpsync.example.com"'


@pytest.fixture
def configure(surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """A shop without any webhook, in a configuration that says how stores reach this machine."""
    with serve({"shop": ShopifySimulator(subscriptions=[])}) as served:
        path = write_configuration(
            tmp_path / "practice",
            {"shop": ("shopify", served["shop"])},
            {"shopify": secret_fields(registry.spec("shopify"))},
            routes=[],
            tables=[PUBLIC],
        )
        surroundings.setenv("ERPSYNC_CONFIG", str(path))
        yield served["shop"]


def test_what_is_missing_is_listed_and_then_made(run: Run, configure: Served) -> None:
    before = run("webhooks", "list", "--json")
    assert before.code == 1
    assert {one["state"] for one in before.document["connections"]["shop"]} == {"missing"}
    made = run("webhooks", "subscribe")
    assert made.code == 0
    assert "https://erpsync.example.com/webhooks/shop" in made.stdout
    after = run("webhooks", "list", "shop", "--json")
    assert after.code == 0
    assert {one["state"] for one in after.document["connections"]["shop"]} == {"active"}


def test_another_name_is_told_which_there_are(run: Run, configure: Served) -> None:
    shown = run("webhooks", "list", "nobody")
    assert shown.code == 2
    assert "there are: shop" in shown.stderr


def test_without_a_public_address_it_says_what_to_set(run: Run) -> None:
    shown = run("webhooks", "list")
    assert shown.code == 2
    assert "public_url" in shown.stderr
