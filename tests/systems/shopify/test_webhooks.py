"""Deliveries: which are believed, what they are called, what they say has changed, and in which order."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic, Webhooks
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.webhooks import ShopifyWebhooks

SHOP = "name.myshopify.com"
SECRET = "s3cret"
NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
BIG_ID = 2**53 + 3


def webhooks(**changes: Any) -> Webhooks:
    given = {"shop": SHOP, "access_token": "t", "webhook_secret": SECRET} | changes
    return ShopifyWebhooks(ShopifySettings(**given))


def signed(body: bytes, *, secret: str = SECRET, shop: str = SHOP, **headers: str) -> Delivery:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    fixed = {"x-shopify-hmac-sha256": signature, "x-shopify-shop-domain": shop}
    return Delivery(fixed | {f"x-shopify-{name.replace('_', '-')}": value for name, value in headers.items()}, body)


def change(topic: str, body: dict[str, Any], triggered_at: str = "2026-10-05T09:30:15.5Z", **changes: Any) -> Change:
    delivery = signed(json.dumps(body).encode(), topic=topic, triggered_at=triggered_at)
    (found,) = webhooks(**changes).changes(delivery)
    return found


def refused(delivery: Delivery, **changes: Any) -> str:
    with pytest.raises(NotAuthentic) as raised:
        webhooks(**changes).verify(delivery, NOW)
    return raised.value.reason


class TestVerify:
    def test_a_right_signature_is_believed(self) -> None:
        webhooks().verify(signed(b'{"id":1}'), NOW)

    def test_the_body_may_be_any_bytes_as_far_as_the_signature_goes(self) -> None:
        webhooks().verify(signed(b"\xff\xfe\x00 not utf-8"), NOW)

    def test_both_secrets_are_believed_while_one_replaces_the_other(self) -> None:
        both = webhooks(webhook_secret="new", previous_webhook_secret=SECRET)
        both.verify(signed(b"{}"), NOW)
        both.verify(signed(b"{}", secret="new"), NOW)

    def test_a_changed_body_is_not_believed(self) -> None:
        genuine = signed(b'{"id":1}')
        assert refused(Delivery(genuine.headers, b'{"id":2}')) == "the signature does not fit the body"

    @pytest.mark.parametrize("signature", ["", "not base64!", "\u00e9\u00e9\u00e9\u00e9", "AAAA", "=" * 4])
    def test_a_missing_or_broken_signature_is_not_believed(self, signature: str) -> None:
        genuine = signed(b"{}")
        assert "signature" in refused(Delivery(dict(genuine.headers) | {"x-shopify-hmac-sha256": signature}, b"{}"))

    def test_a_signature_in_hexadecimal_is_not_believed(self) -> None:
        digest = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
        assert refused(Delivery({"x-shopify-hmac-sha256": digest, "x-shopify-shop-domain": SHOP}, b"{}"))

    def test_an_empty_secret_signs_nothing(self) -> None:
        assert refused(signed(b"{}", secret="")) == "the signature does not fit the body"

    @pytest.mark.parametrize("shop", ["other.myshopify.com", "", "name.myshopify.com.example.com"])
    def test_a_right_signature_on_another_store_is_not_believed(self, shop: str) -> None:
        assert refused(signed(b"{}", shop=shop)) == "the delivery is another store's"

    def test_the_stores_name_may_be_in_any_case(self) -> None:
        webhooks().verify(signed(b"{}", shop="Name.MyShopify.com"), NOW)

    def test_an_old_delivery_is_believed_as_shopify_repeats_for_hours(self) -> None:
        webhooks().verify(signed(b"{}", triggered_at="2026-10-05T05:00:00Z"), NOW)


class TestDeliveryKey:
    def test_repeats_have_one_key_and_other_deliveries_another(self) -> None:
        first = signed(b"{}", webhook_id="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043")
        second = signed(b"{}", webhook_id="b54557e4-bdd9-4b37-8a5f-bf7d70bcd044")
        assert webhooks().delivery_key(first) == webhooks().delivery_key(first)
        assert webhooks().delivery_key(first) != webhooks().delivery_key(second)

    @pytest.mark.parametrize("webhook_id", ["", "x" * 5000, "short", "with space and 'quotes'"])
    def test_without_a_usable_id_the_body_is_the_key(self, webhook_id: str) -> None:
        def key(body: bytes, topic: str) -> str:
            return webhooks().delivery_key(signed(body, webhook_id=webhook_id, topic=topic))

        assert key(b"1", "orders/paid") == key(b"1", "orders/paid")
        assert len({key(b"1", "orders/paid"), key(b"2", "orders/paid"), key(b"1", "orders/updated")}) == 3
        assert len(key(b"1", "orders/paid")) <= 200

    def test_a_body_cannot_pass_for_an_id(self) -> None:
        assert webhooks().delivery_key(signed(b"1")).startswith("sha256:")


class TestChanges:
    @pytest.mark.parametrize(
        "topic",
        ["orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled",
         "orders/partially_fulfilled"],
    )  # fmt: skip
    def test_a_topic_whose_body_is_the_order_carries_its_state(self, bench: Any, topic: str) -> None:
        order_id = bench.simulator.place_order()
        (found,) = bench.webhooks().changes(bench.delivery(order_id, topic))
        assert (found.flow, found.source_id, found.number, found.carries_state) == ("orders", order_id, "#1001", True)
        assert int(order_id) > 2**53

    @pytest.mark.parametrize("topic", ["orders/edited", "refunds/create", "orders/delete"])
    def test_a_topic_whose_body_is_something_else_only_names_the_order(self, bench: Any, topic: str) -> None:
        order_id = bench.simulator.place_order()
        bench.simulator.refund_order(order_id, shipping="1.00")
        (found,) = bench.webhooks().changes(bench.delivery(order_id, topic))
        assert (found.flow, found.source_id, found.carries_state) == ("orders", order_id, False)

    @pytest.mark.parametrize(
        "topic", ["products/update", "inventory_levels/update", "customers/create", "app/uninstalled", ""]
    )
    def test_other_topics_change_nothing_whatever_their_body(self, topic: str) -> None:
        assert webhooks().changes(signed(b"\xff not even json", topic=topic)) == []

    def test_a_body_with_fields_left_out_is_fetched(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        whole = bench.delivery(order_id)
        body = json.loads(whole.body)
        for name in ("refunds", "customer", "total_tip_received"):
            trimmed = {key: value for key, value in body.items() if key != name}
            (found,) = bench.webhooks().changes(Delivery(whole.headers, json.dumps(trimmed).encode()))
            assert found.carries_state is False, name

    @pytest.mark.parametrize(
        ("tip", "presentment", "carries_state"), [("0", "USD", True), ("2.50", "USD", False), ("2.50", "EUR", True)]
    )
    def test_a_tip_that_the_body_has_in_another_currency_only_is_fetched(
        self, bench: Any, tip: str, presentment: str, carries_state: bool
    ) -> None:
        rate = "1.25" if presentment == "USD" else "1"
        order_id = bench.simulator.place_order(tip=tip, presentment_currency=presentment, presentment_rate=rate)
        (found,) = bench.webhooks(currency="presentment").changes(bench.delivery(order_id))
        assert found.carries_state is carries_state
        (found,) = bench.webhooks(currency="shop").changes(bench.delivery(order_id))
        assert found.carries_state is True

    def test_an_id_beyond_two_to_the_fifty_third_keeps_its_digits(self) -> None:
        assert change("orders/delete", {"id": BIG_ID}).source_id == str(BIG_ID)
        assert change("orders/delete", {"id": str(BIG_ID)}).source_id == str(BIG_ID)

    @pytest.mark.parametrize("bad", [None, 1.5, True, -1, 0, "gid://shopify/Order/", "12; drop", [], "9" * 400])
    def test_an_id_that_is_none_is_refused(self, bad: object) -> None:
        for topic, field in (("orders/updated", "id"), ("refunds/create", "order_id"), ("orders/delete", "id")):
            with pytest.raises(Rejected) as raised:
                change(topic, {field: bad, "updated_at": "2026-10-05T09:30:15Z"})
            assert raised.value.code == "delivery-unreadable"
            assert field in raised.value.problem.what
        with pytest.raises(Rejected):
            change("orders/edited", {"order_edit": {"order_id": bad}})

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            (b"[]", "not a JSON object"),
            (b'"text"', "not a JSON object"),
            (b"", "not JSON"),
            (b'{"id":', "not JSON"),
            (b'\xff\xfe{"id":1}', "not UTF-8"),
            ('{"id":1}'.encode("utf-16"), "not UTF-8"),
            (b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
            (b'{"id":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "nested too deeply"),
            (b'{"id":1,"id":2}', "twice"),
            (b'{"id":1,"a":{"b":1,"b":2}}', "twice"),
            (b'{"id":1,"a":NaN}', "NaN"),
            (b'{"id":1,"a":-Infinity}', "Infinity"),
            (b'{"id":' + b"9" * 5000 + b"}", "not JSON"),
        ],
    )  # fmt: skip
    def test_a_body_that_could_be_read_in_two_ways_or_none_is_refused(self, body: bytes, complaint: str) -> None:
        with pytest.raises(Rejected) as raised:
            webhooks().changes(signed(body, topic="orders/updated", triggered_at="2026-10-05T09:30:15Z"))
        assert raised.value.code == "delivery-unreadable"
        assert complaint in raised.value.problem.what

    def test_times_that_no_clock_can_hold_are_refused(self) -> None:
        for moment in ("9999-12-31T23:59:59-05:00", "yesterday", 1728120615, "2026-10-05"):
            with pytest.raises(Rejected):
                change("orders/updated", {"id": 1, "updated_at": moment})

    def test_a_body_and_headers_without_a_time_are_refused(self) -> None:
        with pytest.raises(Rejected):
            webhooks().changes(signed(b'{"id":1}', topic="orders/delete", triggered_at="9999-12-31T23:59:59-05:00"))


class TestVersion:
    """The order of changes: `updated_at` first, the trigger's time within its second."""

    def version(self, updated_at: str, triggered_at: str) -> datetime:
        return change("orders/updated", {"id": 1, "updated_at": updated_at}, triggered_at).version

    def test_a_later_update_wins(self) -> None:
        early = self.version("2026-10-05T09:30:15Z", "2026-10-05T09:30:15.9Z")
        late = self.version("2026-10-05T09:30:16Z", "2026-10-05T09:30:16.1Z")
        assert early < late

    def test_of_two_updates_in_one_second_the_one_triggered_later_wins(self) -> None:
        moments = [
            "09:30:14.9",
            "09:30:15.000",
            "09:30:15.500000001",
            "09:30:15.502",
            "09:30:16.3",
            "09:30:19",
            "09:31:15",
        ]
        versions = [self.version("2026-10-05T09:30:15Z", f"2026-10-05T{moment}Z") for moment in moments]
        assert versions == sorted(set(versions))

    def test_an_old_body_does_not_win_by_a_trigger_that_lags_or_lies(self) -> None:
        newer = self.version("2026-10-05T09:30:16Z", "2026-10-05T09:30:16.1Z")
        assert self.version("2026-10-05T09:30:15Z", "2026-10-05T09:45:00Z") < newer
        assert self.version("2026-10-05T09:30:15Z", "9999-01-01T00:00:00Z") < newer
        assert self.version("2026-10-05T09:30:15Z", "0001-01-01T00:00:00Z") > self.version(
            "2026-10-05T09:30:14Z", "2026-10-05T09:30:14.9Z"
        )

    def test_an_old_body_under_another_topic_does_not_win_either(self) -> None:
        """Neither the topic nor the trigger's time is signed, and a captured body is."""
        newer = self.version("2026-10-05T09:30:16Z", "2026-10-05T09:30:16.1Z")
        captured = {"id": 1, "order_id": 1, "updated_at": "2026-10-05T09:30:15Z", "created_at": "2026-10-05T09:30:15Z"}
        for topic in ("orders/delete", "refunds/create", "orders/updated"):
            assert change(topic, captured, "9999-01-01T00:00:00Z").version < newer

    def test_a_repeat_has_the_version_of_the_first_attempt(self, bench: Any) -> None:
        delivery = bench.delivery(bench.simulator.place_order())
        bench.clock.move(3600)
        assert bench.webhooks().changes(delivery) == bench.webhooks().changes(delivery)

    def test_a_time_with_an_offset_is_the_same_moment(self) -> None:
        assert self.version("2026-10-05T04:30:15-05:00", "2026-10-05T09:30:15.5Z") == self.version(
            "2026-10-05T09:30:15Z", "2026-10-05T04:30:15.5-05:00"
        )

    def test_an_edit_and_its_update_are_in_the_order_they_were_triggered_in(self) -> None:
        edit = {
            "order_edit": {"order_id": 1, "committed_at": "2026-10-05T09:30:15Z", "created_at": "2026-10-05T09:00:00Z"}
        }
        edited = change("orders/edited", edit, "2026-10-05T09:30:15.2Z")
        refunded = change(
            "refunds/create", {"order_id": 1, "created_at": "2026-10-05T09:30:15Z"}, "2026-10-05T09:30:15.3Z"
        )
        assert edited.version < refunded.version < self.version("2026-10-05T09:30:15Z", "2026-10-05T09:30:15.4Z")

    def test_without_a_trigger_time_the_body_alone_decides(self) -> None:
        delivery = signed(b'{"id":1,"updated_at":"2026-10-05T09:30:15Z"}', topic="orders/updated")
        (found,) = webhooks().changes(delivery)
        assert found.version == self.version("2026-10-05T09:30:15Z", "2026-10-05T09:30:15Z")


def test_what_happens_in_the_store_arrives_in_order(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    for act in (
        lambda: bench.simulator.edit_order(order_id, note="ring twice"),
        lambda: bench.simulator.refund_order(order_id, shipping="1.00"),
        lambda: bench.simulator.cancel_order(order_id),
    ):
        bench.clock.move(0.2)
        act()
    reader = bench.webhooks()
    deliveries = [
        Delivery({name.lower(): value for name, value in headers.items()}, body)
        for headers, body in bench.simulator.webhook_requests()
    ]
    for delivery in deliveries:
        reader.verify(delivery, bench.clock.now())
    assert [reader.topic(delivery) for delivery in deliveries] == [
        "orders/create", "orders/paid", "orders/edited", "orders/updated",
        "refunds/create", "orders/updated", "orders/cancelled", "orders/updated",
    ]  # fmt: skip
    versions = [reader.changes(delivery)[0].version for delivery in deliveries]
    assert versions == sorted(versions)
    assert len(set(versions)) == 4
    assert len({reader.delivery_key(delivery) for delivery in deliveries}) == 8


def test_a_topic_is_lower_case_and_no_longer_than_it_may_be() -> None:
    assert webhooks().topic(Delivery({"x-shopify-topic": "X" * 300}, b"")) == "x" * 100
    assert webhooks().topic(Delivery({}, b"")) == ""
