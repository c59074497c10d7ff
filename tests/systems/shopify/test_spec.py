import subprocess
import sys

from erpsync.ports.spec import Role
from erpsync.systems import registry
from erpsync.systems.shopify import SPEC


def test_the_registry_finds_it() -> None:
    assert registry.spec("shopify") is SPEC
    assert SPEC.role is Role.STORE


def test_it_lacks_nothing_and_waits_out_a_lost_fulfilment() -> None:
    assert SPEC.capabilities.missing == {}
    assert SPEC.capabilities.compares_stock
    settings = SPEC.settings(shop="a.myshopify.com", access_token="t", webhook_secret="s", settle_seconds="9")
    assert SPEC.settle_seconds(settings) == 9


def test_knowing_the_system_loads_no_driver() -> None:
    code = "import sys, erpsync.systems.shopify; print(sorted({'requests', 'graphql'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "[]\n"
