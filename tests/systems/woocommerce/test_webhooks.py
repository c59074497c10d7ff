"""The shop's webhooks: believed, read, made and repaired."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from erpsync.domain.errors import Rejected
from erpsync.ports.simulator import Hook
from erpsync.ports.store_records import SubscriptionState
from erpsync.ports.webhooks import Delivery, NotAuthentic
from erpsync.systems.woocommerce.webhooks import WooCommerceWebhooks
from tests.systems.woocommerce.stand import Stand

ADDRESS = "https://erpsync.example.com/webhooks/shop"
SECRET = "simulated0webhook0secret"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(hook: Hook) -> Delivery:
    return Delivery({name.lower(): value for name, value in hook.headers.items()}, hook.body)


def deliveries(shop: Stand) -> list[Delivery]:
    return [delivery(hook) for hook in shop.shop.hooks()]


def subscribed(shop: Stand) -> WooCommerceWebhooks:
    shop.open().subscribe(ADDRESS)
    shop.shop.hooks()
    return WooCommerceWebhooks(shop.settings())


def signed(body: bytes, topic: str = "order.updated", secret: str = SECRET) -> Delivery:
    proof = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Delivery({"x-wc-webhook-signature": proof, "x-wc-webhook-topic": topic}, body)


def test_the_ping_of_a_new_webhook_is_let_in_and_changes_nothing(shop: Stand) -> None:
    shop.open().subscribe(ADDRESS)
    pings = deliveries(shop)
    assert len(pings) == 3
    webhooks = WooCommerceWebhooks(shop.settings())
    for ping in pings:
        webhooks.verify(ping, NOW)
        assert (webhooks.topic(ping), webhooks.changes(ping)) == ("", [])
    # One row in the inbox at most, however many are sent.
    assert len({webhooks.delivery_key(ping) for ping in pings}) == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"webhook_id=7&id=8"),
        ({}, b"webhook_id=7\n"),
        ({}, b"webhook_id=x"),
        ({}, b'{"id": 7}'),
        ({}, b""),
        ({"x-wc-webhook-topic": "order.updated"}, b"webhook_id=7"),
        ({"x-wc-webhook-signature": "AAAA"}, b"webhook_id=7"),
        ({"x-wc-webhook-signature": "not base64!"}, b'{"id": 7}'),
        ({"x-wc-webhook-signature": ""}, b'{"id": 7}'),
    ],
)
def test_nothing_else_is_let_in_unsigned(shop: Stand, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(NotAuthentic):
        WooCommerceWebhooks(shop.settings()).verify(Delivery(headers, body), NOW)


def test_a_changed_body_and_another_secret_are_not_believed(shop: Stand) -> None:
    webhooks = subscribed(shop)
    shop.shop.place({"SKU-0001": 1})
    told = deliveries(shop)[0]
    webhooks.verify(told, NOW)
    with pytest.raises(NotAuthentic):
        webhooks.verify(Delivery(told.headers, told.body + b" "), NOW)
    with pytest.raises(NotAuthentic):
        webhooks.verify(signed(b"{}", secret="another"), NOW)


def test_the_secret_before_is_believed_while_it_is_rotated(shop: Stand) -> None:
    settings = shop.settings(webhook_secret="new0secret", previous_webhook_secret="old0secret")
    for secret in ("new0secret", "old0secret"):
        WooCommerceWebhooks(settings).verify(signed(b"{}", secret=secret), NOW)


def test_two_deliveries_of_a_second_have_one_id_and_two_keys(shop: Stand) -> None:
    webhooks = subscribed(shop)
    shop.shop.place({"SKU-0001": 1})
    shop.shop.place({"SKU-0001": 1})
    created = [one for one in deliveries(shop) if webhooks.topic(one) == "order.created"]
    assert len({one.headers["x-wc-webhook-delivery-id"] for one in created}) == 1
    assert len({webhooks.delivery_key(one) for one in created}) == 2
    assert webhooks.delivery_key(created[0]) == webhooks.delivery_key(created[0])


def test_updated_before_created_tells_the_same_version_twice(shop: Stand) -> None:
    webhooks = subscribed(shop)
    order_id = shop.shop.place({"SKU-0001": 1})
    told = deliveries(shop)
    assert [webhooks.topic(one) for one in told] == ["order.updated", "order.created"]
    changes = [change for one in told for change in webhooks.changes(one)]
    assert {(change.source_id, change.version, change.carries_state) for change in changes} == {
        (order_id, shop.order(order_id).version, False)
    }


def test_a_body_tells_what_is_true_when_it_is_delivered(shop: Stand) -> None:
    webhooks = subscribed(shop)
    order_id = shop.shop.place({"SKU-0001": 1})
    shop.shop.edit(order_id, {"SKU-0001": 4})
    updated = [one for one in deliveries(shop) if webhooks.topic(one) == "order.updated"]
    assert len(updated) == 1
    assert json.loads(updated[0].body)["line_items"][0]["quantity"] == 4
    assert shop.open().order_from_event(updated[0].body).content_hash() == shop.order(order_id).content_hash()


def test_deleted_orders_error_objects_and_drafts_change_nothing(shop: Stand) -> None:
    webhooks = subscribed(shop)
    gone = shop.shop.place({"SKU-0001": 1})
    shop.shop.trash(gone, force=True)
    shop.shop.place({"SKU-0001": 1}, status="checkout-draft")
    told = deliveries(shop)
    assert any(b"woocommerce_rest_shop_order_invalid_id" in one.body for one in told)
    for one in told:
        webhooks.verify(one, NOW)
        assert webhooks.changes(one) == []
    deleted = signed(json.dumps({"id": int(gone)}).encode(), "order.deleted")
    webhooks.verify(deleted, NOW)
    assert webhooks.changes(deleted) == []


def test_other_topics_change_nothing(shop: Stand) -> None:
    webhooks = WooCommerceWebhooks(shop.settings())
    assert webhooks.changes(signed(b'{"id": 3}', "product.updated")) == []


@pytest.mark.parametrize("body", [b"[]", b"not json", b'{"id": 3}', b'{"id": 3, "date_modified_gmt": "soon"}'])
def test_a_body_that_cannot_be_read_is_refused_with_a_next_step(shop: Stand, body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        WooCommerceWebhooks(shop.settings()).changes(signed(body))
    assert refused.value.code == "delivery-unreadable"
    assert refused.value.problem.next_step


def test_an_event_that_is_no_order_is_refused(shop: Stand) -> None:
    with pytest.raises(Rejected):
        shop.open().order_from_event(b"[]")


def test_webhooks_that_failed_too_often_are_off_and_are_revived(shop: Stand) -> None:
    subscribed(shop)
    shop.shop.drop_subscriptions()
    shop.shop.place({"SKU-0001": 1})
    assert deliveries(shop) == []
    assert {one.state for one in shop.open().subscriptions(ADDRESS)} == {SubscriptionState.DISABLED}
    shop.open().subscribe(ADDRESS)
    assert len(shop.shop.records()["webhooks"]) == 3
    shop.shop.place({"SKU-0001": 1})
    assert len(deliveries(shop)) == 2


def test_six_failures_do_not_switch_a_webhook_off(shop: Stand) -> None:
    subscribed(shop)
    hook = next(iter(shop.shop.shop.webhooks.values()))
    for _ in range(6):
        shop.shop._outbox.failed(hook)
    assert hook.status == "active"
    shop.shop._outbox.failed(hook)
    assert hook.status == "disabled"


def test_webhooks_that_deliver_elsewhere_are_moved_and_strangers_are_left_alone(shop: Stand) -> None:
    subscribed(shop)
    shop.shop.api.answer(
        "POST", ("webhooks",), {}, {"topic": "order.updated", "delivery_url": "https://crm.example.com", "secret": "x"}
    )
    moved = "https://new.example.com/webhooks/shop"
    assert {one.state for one in shop.open().subscriptions(moved)} == {SubscriptionState.ELSEWHERE}
    assert {one.state for one in shop.open().subscribe(moved)} == {SubscriptionState.ACTIVE}
    urls = [hook.delivery_url for hook in shop.shop.shop.webhooks.values()]
    assert sorted(urls) == ["https://crm.example.com", moved, moved, moved]


def test_a_webhook_made_by_hand_for_our_address_is_used(shop: Stand) -> None:
    shop.shop.api.answer("POST", ("webhooks",), {}, {"topic": "order.updated", "delivery_url": ADDRESS})
    states = {one.topic: one.state for one in shop.open().subscriptions(ADDRESS)}
    assert states["order.updated"] is SubscriptionState.ACTIVE
    shop.open().subscribe(ADDRESS)
    assert len(shop.shop.records()["webhooks"]) == 3


def test_a_repaired_webhook_has_the_secret_of_the_connection(shop: Stand) -> None:
    subscribed(shop)
    shop.shop.drop_subscriptions()
    shop.open(webhook_secret="rotated0secret").subscribe(ADDRESS)
    assert {hook.secret for hook in shop.shop.shop.webhooks.values()} == {"rotated0secret"}


def test_subscribing_again_gives_the_shop_the_secret_that_took_the_others_place(shop: Stand) -> None:
    """The shop does not tell the secret, and goes on signing with the one that it has."""
    subscribed(shop)
    rotated = shop.open(webhook_secret="rotated0secret", previous_webhook_secret=SECRET)
    assert {one.state for one in rotated.subscriptions(ADDRESS)} == {SubscriptionState.ACTIVE}
    assert {one.state for one in rotated.subscribe(ADDRESS)} == {SubscriptionState.ACTIVE}
    shop.shop.hooks()
    shop.shop.place({"SKU-0001": 1})
    told = deliveries(shop)
    assert len(told) == 2
    for one in told:
        WooCommerceWebhooks(shop.settings(webhook_secret="rotated0secret")).verify(one, NOW)
