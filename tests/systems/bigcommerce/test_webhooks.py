"""Which deliveries are believed, how repeats are known, and what they tell."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.ports.webhooks import Delivery, NotAuthentic
from tests.systems.bigcommerce.conftest import Bench

ADDRESS = "https://erpsync.example.com/webhooks/shop"
NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
SECRET = "a-secret-of-sixteen-or-more"


def delivery(secret: str = SECRET, header: str = "x-erpsync-secret", **changes: Any) -> Delivery:
    body = {
        "scope": "store/order/updated",
        "store_id": "1",
        "data": {"type": "order", "id": 250},
        "hash": "dd70c0976e06b67aaf671e73f49dcb79230ebf9d",
        "created_at": 1561479335,
        "producer": "stores/simstore1",
        **changes,
    }
    return Delivery({header: secret}, json.dumps(body).encode())


def test_the_secret_of_ours_is_the_proof(bench: Bench) -> None:
    webhooks = bench.webhooks(webhook_secret=SECRET, client_secret=None)
    webhooks.verify(delivery(), NOW)
    for forged in (delivery("guessed-secret-of-no-use"), delivery(""), delivery(header="x-other")):
        with pytest.raises(NotAuthentic):
            webhooks.verify(forged, NOW)


def test_the_secret_before_is_believed_while_it_is_rotated(bench: Bench) -> None:
    webhooks = bench.webhooks(
        webhook_secret="the-new-secret-of-ours", previous_webhook_secret=SECRET, client_secret=None
    )
    webhooks.verify(delivery(), NOW)
    webhooks.verify(delivery("the-new-secret-of-ours"), NOW)


def test_another_stores_delivery_is_not_believed(bench: Bench) -> None:
    webhooks = bench.webhooks(webhook_secret=SECRET, client_secret=None)
    for producer in ("stores/other", None):
        with pytest.raises(NotAuthentic):
            webhooks.verify(delivery(producer=producer), NOW)


def test_a_signature_is_asked_for_where_the_client_secret_is_known(bench: Bench) -> None:
    bench.store().subscribe(ADDRESS)
    bench.simulator.place({"SKU-0001": 1})
    hook = bench.simulator.hooks()[0]
    headers = {name.lower(): value for name, value in hook.headers.items()}
    bench.webhooks().verify(Delivery(headers, hook.body), NOW)
    with pytest.raises(NotAuthentic):
        bench.webhooks().verify(Delivery(headers, hook.body.replace(b"order", b"Order", 1)), NOW)
    unsigned = {name: value for name, value in headers.items() if name != "webhook-signature"}
    with pytest.raises(NotAuthentic):
        bench.webhooks().verify(Delivery(unsigned, hook.body), NOW)
    bench.webhooks(client_secret=None).verify(Delivery(unsigned, hook.body), NOW)


def test_repeats_are_known_and_neighbours_are_not_taken_for_them(bench: Bench) -> None:
    webhooks = bench.webhooks()
    key = webhooks.delivery_key(delivery())
    assert webhooks.delivery_key(delivery(store_id="2")) == key
    signed = Delivery({**delivery().headers, "webhook-id": "msg_1"}, delivery().body)
    others = [
        signed,
        delivery(scope="store/order/archived"),
        delivery(data={"type": "order", "id": 251}),
        delivery(hash="0"),
        delivery(created_at=1561479336),
        delivery(hash=None),
        delivery(hash="x" * 5000),
    ]
    keys = {webhooks.delivery_key(one) for one in others}
    assert len(keys) == len(others)
    assert key not in keys
    assert all(0 < len(one) <= 200 for one in keys)


def test_a_delivery_tells_the_order_and_when_and_never_its_state(bench: Bench) -> None:
    [change] = bench.webhooks().changes(delivery())
    assert (change.flow, change.source_id, change.number, change.carries_state) == ("orders", "250", "250", False)
    assert change.version == datetime.fromtimestamp(1561479335, UTC)


@pytest.mark.parametrize(
    ("scope", "data", "ids"),
    [
        ("store/order/refund/created", {"type": "order", "id": 250, "refund": {"refund_id": 3}}, ["250"]),
        ("store/order/statusUpdated", {"type": "order", "id": 250}, ["250"]),
        ("store/shipment/created", {"type": "shipment", "id": 12, "orderId": 251}, ["251"]),
        ("store/customer/updated", {"type": "customer", "id": 32}, []),
        ("store/product/inventory/updated", {"type": "product", "id": 1}, []),
    ],
)
def test_topics(bench: Bench, scope: str, data: dict[str, Any], ids: list[str]) -> None:
    found = bench.webhooks().changes(delivery(scope=scope, data=data))
    assert [change.source_id for change in found] == ids
    assert bench.webhooks().topic(delivery(scope=scope)) == scope


@pytest.mark.parametrize(
    "changes", [{"data": None}, {"data": {"type": "order", "id": "x"}}, {"created_at": "now"}, {"created_at": 10**18}]
)
def test_what_cannot_be_read_is_refused_with_what_to_do(bench: Bench, changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        bench.webhooks().changes(delivery(**changes))
    assert caught.value.problem.next_step


def test_no_delivery_carries_an_order(bench: Bench) -> None:
    with pytest.raises(Rejected):
        bench.store().order_from_event(delivery().body)
