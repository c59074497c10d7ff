"""What `erpsync doctor` finds, and what it says to do."""

from datetime import UTC, datetime, timedelta

from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.bigcommerce.adapter import BigCommerceStore
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator import SCOPES, BigCommerceSimulator
from tests.systems.bigcommerce.conftest import Bench, HandClock

ADDRESS = "https://erpsync.example.com/webhooks/shop"


def failed(store: BigCommerceStore) -> dict[str, Check]:
    found = {check.name: check for check in store.check() if not check.ok}
    assert all(check.next_step for check in found.values())
    return found


def test_all_is_well_in_a_store_that_is_set_up(bench: Bench) -> None:
    bench.store().subscribe(ADDRESS)
    before = bench.simulator.records()
    checks = bench.store(webhook_address=ADDRESS).check()
    assert all(check.ok for check in checks)
    assert any("EUR" in check.detail and "without tax" in check.detail for check in checks)
    assert any("LOC-1 (Main warehouse)" in check.detail for check in checks)
    assert bench.simulator.records() == before


def test_a_wrong_token_and_a_wrong_store(bench: Bench) -> None:
    assert failed(bench.store(access_token="wrong")).keys() == {"credentials"}
    assert failed(bench.store(store_hash="other1")).keys() == {"reachable"}


def test_a_store_that_does_not_answer(bench: Bench) -> None:
    bench.served.faulty.add(Fault(FaultKind.REFUSE, times=None))
    assert failed(bench.store()).keys() == {"reachable"}


def test_each_missing_scope_is_named(tools: Tools) -> None:
    names = {
        "orders:modify": "Orders: modify",
        "transactions:read": "Order Transactions: read",
        "products:read": "Products: read",
        "products:modify": "Products: modify",
        "inventory:modify": "Store Inventory: modify",
        "customers:read": "Customers: read",
        "information:read": "store",
    }
    for scope, name in names.items():
        with serve({"shop": BigCommerceSimulator(scopes=SCOPES - {scope})}) as served:
            store = BigCommerceStore(BigCommerceSettings.model_validate(served["shop"].settings), tools)
            assert failed(store).keys() == {name}


def test_a_clock_that_is_off(tools: Tools) -> None:
    clock = HandClock()
    clock.time = datetime.now(UTC) + timedelta(minutes=5)
    with serve({"shop": BigCommerceSimulator()}) as served:
        settings = BigCommerceSettings.model_validate(served["shop"].settings)
        store = BigCommerceStore(settings, Tools(clock, tools.nonce, tools.cache_directory, clock.pause))
        assert failed(store).keys() == {"clock"}


def test_webhooks_that_the_store_has_switched_off_and_locations_that_are_closed(bench: Bench) -> None:
    bench.store().subscribe(ADDRESS)
    bench.simulator.drop_subscriptions()
    for place in bench.simulator.shop.locations:
        place["enabled"] = False
    found = failed(bench.store(webhook_address=ADDRESS))
    assert found.keys() == {"webhooks", "locations"}
    assert "90 days" in found["webhooks"].detail
