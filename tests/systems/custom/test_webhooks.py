"""Which deliveries are believed, and what they say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.orders import balance
from erpsync.ports.webhooks import Delivery, NotAuthentic
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.webhooks import CustomWebhooks, order_from_event
from tests.systems.custom.events import NOW, OLD_SECRET, SECRET, event, order, signed


def webhooks(**settings: Any) -> CustomWebhooks:
    return CustomWebhooks(
        CustomSettings.model_validate({"secret": SECRET, "url": "https://shop.example.com"} | settings)
    )


def pushed() -> CustomWebhooks:
    return webhooks(url="")


# -- what is believed


def test_a_signed_delivery_is_believed_within_the_replay_window() -> None:
    for seconds in (-300, 0, 300):
        webhooks().verify(signed(event()), NOW + timedelta(seconds=seconds))


def test_both_secrets_are_accepted_while_one_takes_the_others_place() -> None:
    both = webhooks(previous_secret=OLD_SECRET)
    both.verify(signed(event(), secret=OLD_SECRET), NOW)
    both.verify(signed(event()), NOW)
    one = signed(event(), secret=OLD_SECRET).headers["erpsync-signature"]
    two = signed(event()).headers["erpsync-signature"]
    webhooks().verify(signed(event(), erpsync_signature=f"{one}, {two}"), NOW)
    with pytest.raises(NotAuthentic):
        webhooks().verify(signed(event(), secret=OLD_SECRET), NOW)


@pytest.mark.parametrize(
    ("delivery", "reason"),
    [
        (signed(event(), at=NOW - timedelta(seconds=302)), "too old"),
        (signed(event(), at=NOW + timedelta(seconds=302)), "too new"),
        (signed(event(), secret="a secret that somebody has guessed"), "does not fit"),
        (signed(event(), erpsync_timestamp=str(int(NOW.timestamp()) + 1)), "does not fit"),
        (Delivery(signed(event()).headers, event(key="e-2")), "does not fit"),
        (signed(event(), erpsync_timestamp=""), "no timestamp"),
        (signed(event(), erpsync_timestamp="\u0661\u0662"), "no timestamp"),
        (signed(event(), erpsync_timestamp="-5"), "no timestamp"),
        (signed(event(), erpsync_signature=""), "no signature"),
        (signed(event(), erpsync_signature="v1="), "no signature"),
        (signed(event(), erpsync_signature="v0=" + "0" * 64), "no signature"),
        (signed(event(), erpsync_signature=", ".join(["v1=" + "0" * 64] * 1000)), "does not fit"),
    ],
)
def test_anything_else_is_not(delivery: Delivery, reason: str) -> None:
    with pytest.raises(NotAuthentic, match=reason):
        webhooks().verify(delivery, NOW)


def test_the_replay_window_is_a_setting() -> None:
    with pytest.raises(NotAuthentic):
        webhooks(replay_window_seconds=60).verify(signed(event(), at=NOW - timedelta(seconds=61)), NOW)


def test_a_connection_without_a_secret_believes_nobody() -> None:
    settings = CustomSettings.model_construct(None, secret=None, database="postgresql://shop")
    with pytest.raises(NotAuthentic, match="no secret"):
        CustomWebhooks(settings).verify(signed(event(), secret=""), NOW)


# -- repeats


def test_a_repeat_has_the_key_of_the_first_however_it_is_written() -> None:
    first = webhooks().delivery_key(signed(event()))
    respelt = json.dumps(json.loads(event()), indent=2, sort_keys=True).encode()
    assert webhooks().delivery_key(signed(respelt, at=NOW + timedelta(minutes=9))) == first
    assert len(first) <= 200


def test_events_that_a_careless_shop_gives_one_id_are_told_apart() -> None:
    later = order(updated_at="2026-11-26T14:00:05Z")
    keys = {
        webhooks().delivery_key(signed(body))
        for body in (event(), event(later), event(at="2026-11-26T14:00:09Z"), event(kind="order.deleted"), b"{}", b"[")
    }
    assert len(keys) == 6


# -- what is said


def test_a_whole_order_is_taken_from_its_event() -> None:
    [change] = webhooks().changes(signed(event()))
    assert (change.flow, change.source_id, change.number, change.carries_state) == ("orders", "o-1", "#1", True)
    assert change.version == datetime(2026, 11, 26, 13, 59, 59, tzinfo=UTC)
    found = order_from_event(event(), pushes=False)
    assert found.version == change.version
    assert balance(found).residual.amount == 0
    assert webhooks().topic(signed(event())) == "order.changed"


def test_an_id_alone_is_fetched_where_there_is_something_to_fetch_it_from() -> None:
    [change] = webhooks().changes(signed(event({"id": "o-1"})))
    assert (change.source_id, change.carries_state) == ("o-1", False)
    with pytest.raises(Rejected) as refused:
        pushed().changes(signed(event({"id": "o-1"})))
    assert "url" in refused.value.problem.next_step
    assert refused.value.problem.record == "order o-1"


@pytest.mark.parametrize("of", [{"id": "o-1"}, order()])
def test_a_deleted_order_needs_no_fetching(of: Any) -> None:
    body = event(of, kind="order.deleted")
    for reader in (webhooks(), pushed()):
        [change] = reader.changes(signed(body))
        assert (change.source_id, change.carries_state) == ("o-1", True)
    with pytest.raises(Skip):
        order_from_event(body, pushes=True)


def test_events_of_a_shop_that_only_pushes_never_tie() -> None:
    """In turn: a change, another one in the same second, the same order sent again an hour and a month later, and the
    next change, whose event is older than that."""
    first = event(order(updated_at="2026-11-26T14:00:00Z"), at="2026-11-26T14:00:00.2Z")
    second = event(order(updated_at="2026-11-26T14:00:00Z"), at="2026-11-26T14:00:00.7Z", key="e-2")
    again = event(order(updated_at="2026-11-26T14:00:00Z"), at="2026-11-26T15:00:00Z", key="e-3")
    month = event(order(updated_at="2026-11-26T14:00:00Z"), at="2026-12-26T15:00:00Z", key="e-4")
    change = event(order(updated_at="2026-11-26T14:00:01Z"), at="2026-11-26T14:00:01Z", key="e-5")
    versions = [pushed().changes(signed(body))[0].version for body in (first, second, again, month, change)]
    assert versions == sorted(set(versions))
    assert [order_from_event(body, pushes=True).version for body in (first, change)] == [versions[0], versions[-1]]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"total": 29.63}, "order.total"),
        ({"total": "29,63"}, "order.total"),
        ({"total": "NaN"}, "order.total"),
        ({"id": 17}, "order.id"),
        ({"updated_at": "2026-11-26T14:00:00"}, "order.updated_at"),
        ({"updated_at": 1795701600}, "order.updated_at"),
        ({"shipping_adress": {}}, "order.shipping_adress"),
        ({"currency": "euro"}, "order.currency"),
        ({"paid": "yes"}, "order.paid"),
        ({"status": "Ada's order"}, "order.status"),
        ({"lines": [{"id": "l-1", "sku": "MUG", "quantity": -1, "unit_price": "10.00"}]}, "order.lines.0.quantity"),
        ({"customer": {"email": "ada@example.com", "name": "Ada Lovelace"}}, "order.customer.name"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(wrong: Any, named: str) -> None:
    with pytest.raises(Rejected) as refused:
        webhooks().changes(signed(event(order(**wrong))))
    problem = refused.value.problem
    assert f"{named} " in problem.what
    assert problem.next_step
    assert not any(word in str(problem) for word in ("Ada", "29", "ada@"))


def test_a_body_that_is_no_event_is_refused() -> None:
    for body in (b"", b"[]", b"{}", b"\xff", b'{"id": "e-1", "type": "order.paid"}'):
        with pytest.raises(Rejected):
            webhooks().changes(signed(body))
        assert webhooks().topic(signed(body)) == ""


@pytest.mark.parametrize("of", ["null", "[]", '""', '"1001"', "1001", '[{"id": "1001"}]', "{}"])
def test_an_event_whose_order_is_none_is_kept_and_refused_with_the_fields_name(of: str) -> None:
    body = event().replace(json.dumps(order()).encode(), of.encode())
    assert webhooks().delivery_key(signed(body)).startswith("body:")
    assert webhooks().topic(signed(body)) == ""
    with pytest.raises(Rejected) as refused:
        webhooks().changes(signed(body))
    assert "Event: order" in refused.value.problem.what
    assert "1001" not in str(refused.value)
