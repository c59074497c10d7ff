"""Business Central's own events: subscriptions that are made, renewed and repaired, and notifications that nudge."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from erpsync.domain.errors import Rejected, Unavailable
from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.domain.money import Money
from erpsync.engine import intake, polling, subscriptions
from erpsync.ports.store_records import StorePrice, StoreVariant, Subscription, SubscriptionState
from erpsync.ports.subscriptions import Subscriptions
from erpsync.ports.webhooks import Delivery, NotAuthentic, Nudge
from erpsync.systems.dynamics.business_central import SPEC
from erpsync.systems.dynamics.business_central.simulator_tables import Refusal
from erpsync.systems.dynamics.business_central.webhooks import FLOWS, BusinessCentralWebhooks, client_state
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.clock import TestClock
from tests.systems.dynamics.business_central.stand import World, an_order

SECRET = "the-secret-of-our-subscriptions-0123456789"
ADDRESS = "https://erpsync.example.com/webhooks/erp"
ACTIVE = dict.fromkeys(FLOWS, SubscriptionState.ACTIVE)


@dataclass
class Door:
    """Where Business Central delivers. `status` is what deliveries are answered, `echo` what handshakes are."""

    status: int = 200
    echo: Callable[[str], str] = str
    shaken: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, url: str, body: bytes) -> tuple[int, bytes]:
        asked = parse_qs(urlsplit(url).query).get("validationToken")
        if asked:
            self.shaken.append(asked[0])
            return 200, self.echo(asked[0]).encode()
        self.bodies.append(body)
        return self.status, b""


@pytest.fixture
def door(world: World) -> Door:
    door = Door()
    world.simulator.subscriptions.call = door
    return door


def remote(world: World, secret: str = SECRET, name: str = "erp") -> Subscriptions:
    assert SPEC.open_subscriptions is not None
    opened = SPEC.open_subscriptions(ConnectionName(name), world.settings(webhook_secret=secret), world.tools)
    assert opened is not None
    return opened


def webhooks(secret: str = SECRET, name: str = "erp") -> BusinessCentralWebhooks:
    return BusinessCentralWebhooks(ConnectionName(name), SecretStr(secret))


def states(shown: Any) -> dict[str, SubscriptionState]:
    return {one.topic: one.state for one in shown}


def delivered(door: Door) -> Delivery:
    (body,) = door.bodies
    return Delivery({}, body)


def rows(world: World) -> list[dict[str, Any]]:
    return list(world.simulator.subscriptions.rows.values())


def test_subscriptions_are_made_by_handshake_and_made_again_without_effect(world: World, door: Door) -> None:
    erp = remote(world)
    assert states(erp.subscriptions(ADDRESS)) == dict.fromkeys(FLOWS, SubscriptionState.MISSING)
    assert states(erp.subscribe(ADDRESS)) == ACTIVE
    assert len(door.shaken) == len(rows(world)) == len(FLOWS)
    assert states(remote(world).subscribe(ADDRESS)) == ACTIVE
    assert len(door.shaken) == len(FLOWS), "nothing was asked again"
    assert {SECRET} & {row["clientState"] for row in rows(world)} == set()


def test_those_that_end_soon_are_renewed(world: World, door: Door) -> None:
    world.simulator.subscriptions.seconds = 86_400
    shown = remote(world).subscribe(ADDRESS)
    assert states(shown) == dict.fromkeys(FLOWS, SubscriptionState.EXPIRING)
    assert all(one.delivers for one in shown)
    ids = {row["subscriptionId"] for row in rows(world)}
    world.simulator.subscriptions.seconds = 259_200
    assert states(remote(world).subscribe(ADDRESS)) == ACTIVE
    assert {row["subscriptionId"] for row in rows(world)} == ids
    assert len(door.shaken) == 2 * len(FLOWS)


def test_those_that_have_ended_send_nothing_and_are_revived(world: World, door: Door) -> None:
    world.simulator.subscriptions.seconds = 0
    assert states(remote(world).subscribe(ADDRESS)) == dict.fromkeys(FLOWS, SubscriptionState.DISABLED)
    world.simulator.put_price("SKU-0001", Decimal("3.50"))
    assert world.simulator.subscriptions.send() == []
    world.simulator.subscriptions.seconds = 259_200
    assert states(remote(world).subscribe(ADDRESS)) == ACTIVE
    assert len(rows(world)) == len(FLOWS)


def test_another_address_or_another_secret_moves_them(world: World, door: Door) -> None:
    remote(world).subscribe(ADDRESS)
    moved = "https://new.example.com/webhooks/erp"
    assert set(states(remote(world).subscriptions(moved)).values()) == {SubscriptionState.ELSEWHERE}
    assert states(remote(world).subscribe(moved)) == ACTIVE
    other = remote(world, secret=SECRET[::-1])
    assert set(states(other.subscriptions(moved)).values()) == {SubscriptionState.DISABLED}
    assert states(other.subscribe(moved)) == ACTIVE
    assert len(rows(world)) == len(FLOWS)


def test_those_of_others_are_left_alone(world: World, door: Door) -> None:
    remote(world, name="other").subscribe("https://other.example.com/hook")
    assert states(remote(world).subscribe(ADDRESS)) == ACTIVE
    assert len(rows(world)) == 2 * len(FLOWS)
    assert {row["notificationUrl"] for row in rows(world)} == {ADDRESS, "https://other.example.com/hook"}


def test_a_receiver_that_does_not_shake_hands_is_told_of(world: World, door: Door) -> None:
    door.echo = lambda token: f"<p>{token}</p>"
    with pytest.raises(Rejected) as refused:
        remote(world).subscribe(ADDRESS)
    assert refused.value.code == "webhook-refused"
    assert "public_url" in refused.value.problem.next_step
    assert rows(world) == []


def test_an_application_that_may_not_subscribe_is_told_of(world: World, door: Door) -> None:
    world.simulator.denied = {"POST subscriptions"}
    with pytest.raises(Unavailable) as refused:
        remote(world).subscribe(ADDRESS)
    assert refused.value.code == "permission-missing"


def test_changes_nudge_their_flows_once_each(world: World, door: Door) -> None:
    remote(world).subscribe(ADDRESS)
    for sku in ("SKU-0001", "SKU-0002"):
        world.simulator.put_price(sku, Decimal("3.50"))
    world.simulator.subscriptions.send()
    delivery = delivered(door)
    webhooks().verify(delivery, datetime.now(UTC))
    assert len(json.loads(delivery.body)["value"]) == 2
    assert webhooks().topic(delivery) == "items"
    assert webhooks().changes(delivery) == [Nudge("products"), Nudge("prices")]
    assert 0 < len(webhooks().delivery_key(delivery)) <= 200
    assert world.simulator.subscriptions.send() == [], "it was taken"


def test_more_than_a_thousand_changes_are_one_notification(world: World, door: Door) -> None:
    remote(world).subscribe(ADDRESS)
    for number in range(1001):
        world.simulator.put_product(f"NEW-{number}", "New")
    world.simulator.subscriptions.send()
    delivery = delivered(door)
    (told,) = json.loads(delivery.body)["value"]
    assert told["changeType"] == "collection"
    assert webhooks().changes(delivery) == [Nudge("products"), Nudge("prices")]


def test_who_does_not_know_the_client_state_is_not_believed(world: World, door: Door) -> None:
    remote(world).subscribe(ADDRESS)
    world.simulator.put_price("SKU-0001", Decimal("3.50"))
    world.simulator.subscriptions.send()
    delivery, now = delivered(door), datetime.now(UTC)
    for stranger in (webhooks(secret="another"), webhooks(name="another")):
        with pytest.raises(NotAuthentic):
            stranger.verify(delivery, now)
    for body in (b"", b"{}", b"[]", b'{"value": []}', b'{"value": [{"clientState": 1}]}', b"\xff", b'{"value": [{}]}'):
        with pytest.raises(NotAuthentic):
            webhooks().verify(Delivery({}, body), now)
    webhooks().verify(Delivery({}, b"\xef\xbb\xbf" + delivery.body), now)


def test_of_notifications_of_several_subscriptions_only_ours_are_read() -> None:
    company = "companies(b18aed47-c385-49d2-b954-dbdf8ad71780)"
    told = [
        {"clientState": "another's", "resource": f"/api/v2.0/{company}/items(1)"},
        {"clientState": None, "resource": None},
        {
            "clientState": client_state(ConnectionName("erp"), SecretStr(SECRET)),
            "resource": f"{company}/salesOrders(1)",
        },
        {"clientState": client_state(ConnectionName("erp"), SecretStr(SECRET)), "resource": f"{company}/vendors(1)"},
    ]
    delivery = Delivery({}, json.dumps({"value": told}).encode())
    webhooks().verify(delivery, datetime.now(UTC))
    assert webhooks().changes(delivery) == [Nudge("fulfilments"), Nudge("stock")]


@pytest.mark.parametrize(("status", "left", "again"), [(503, 3, 1), (429, 3, 1), (200, 3, 0), (401, 2, 0)])
def test_what_was_not_taken_is_told_again_and_a_refusal_ends_the_subscription(
    world: World, door: Door, status: int, left: int, again: int
) -> None:
    remote(world).subscribe(ADDRESS)
    world.simulator.put_price("SKU-0001", Decimal("3.50"))
    door.status = status
    world.simulator.subscriptions.send()
    assert len(rows(world)) == left
    door.status = 200
    assert len(world.simulator.subscriptions.send()) == again


def test_one_that_business_central_deleted_is_made_again_and_a_person_is_told(
    world: World, door: Door, database: Engine
) -> None:
    bench = Bench(database, clock=TestClock(datetime.now(UTC)))
    look_after(bench, world)
    assert bench.letters() == []
    world.simulator.subscriptions.rows.popitem()
    assert [one.state for one in look_after(bench, world)] == [SubscriptionState.MISSING]
    assert len(rows(world)) == len(FLOWS)
    (letter,) = bench.letters()
    assert (letter.subject, letter.code) == ("erp webhooks", "webhooks-repaired")


def test_a_renewal_troubles_nobody(world: World, door: Door, database: Engine) -> None:
    bench = Bench(database, clock=TestClock(datetime.now(UTC)))
    world.simulator.subscriptions.seconds = 86_400
    look_after(bench, world)
    world.simulator.subscriptions.seconds = 259_200
    assert look_after(bench, world) == []
    assert states(remote(world).subscriptions(ADDRESS)) == ACTIVE
    assert bench.letters() == []


def test_a_renewal_that_fails_is_told_of_while_there_is_time(world: World, door: Door, database: Engine) -> None:
    bench = Bench(database, clock=TestClock(datetime.now(UTC)))
    world.simulator.subscriptions.seconds = 86_400
    look_after(bench, world)
    door.echo = lambda _: ""
    look_after(bench, world)
    (letter,) = bench.letters()
    assert (letter.subject, letter.code) == ("erp webhooks", "webhook-refused")


def look_after(bench: Bench, world: World) -> list[Subscription]:
    return subscriptions.look_after(bench.runtime, ERP, remote(world), ADDRESS)


def test_what_is_sold_elsewhere_is_gone_in_the_shop_without_waiting_for_the_next_poll(
    world: World, door: Door, database: Engine
) -> None:
    bench = Bench(database, clock=TestClock(datetime.now(UTC)))
    bench.webhooks[ERP] = webhooks()
    erp = world.erp(stock_locations="EAST")
    worker = bench.worker("worker-1", erp)
    price = StorePrice(base=Money(amount=Decimal(10), currency="EUR"))
    bench.store.shop.variants[Sku("SKU-0001")] = StoreVariant(
        Sku("SKU-0001"), SourceId("v1"), SourceId("p1"), "SKU-0001", price, True, True, {"front": 0}
    )
    bench.store.touch("variant", "SKU-0001")
    for source, flow in ((SHOP, "catalogue"), (ERP, "stock")):
        poll(worker, source, flow)
    bench.work()
    before = bench.store.shop.variants[Sku("SKU-0001")].stock["front"]
    remote(world).subscribe(ADDRESS)
    bench.clock.advance(60)

    world.make(world.erp(location="EAST"), an_order("1001"))
    world.simulator.subscriptions.send()
    assert bench.receive(delivered(door), ERP) is not None
    intake.take_in(worker)
    assert bench.wake.take_polls()
    assert polling.is_due(worker, ERP, "stock", timedelta(minutes=5))
    poll(worker, ERP, "stock")
    bench.work()
    after = bench.store.shop.variants[Sku("SKU-0001")].stock["front"]
    assert (before, after) == (100, 98)


def poll(worker: Any, source: ConnectionName, flow: str) -> None:
    while (polled := polling.poll(worker, source, flow)).more:
        pass
    assert polled.trouble == ""


def test_without_a_secret_there_are_no_webhooks(world: World) -> None:
    assert SPEC.open_webhooks is not None
    assert SPEC.open_subscriptions is not None
    assert SPEC.open_webhooks(ERP, world.settings()) is None
    assert SPEC.open_subscriptions(ERP, world.settings(), world.tools) is None


def test_what_the_simulator_refuses_to_subscribe_to(world: World, door: Door) -> None:
    hooks, company = world.simulator.subscriptions, world.simulator.company_id
    for resource in (
        f"/api/v2.0/companies({company})/itemLedgerEntries",
        "/api/v2.0/items",
        f"companies({company})/items",
    ):
        with pytest.raises(Refusal, match="BadRequest"):
            hooks.answer("POST", "subscriptions", {"notificationUrl": ADDRESS, "resource": resource}, "")
    good = f"/api/v2.0/companies({company})/items"
    with pytest.raises(Refusal, match="BadRequest"):
        hooks.answer("POST", "subscriptions", {"notificationUrl": "http://plain.example.com", "resource": good}, "")
    _, made = hooks.answer("POST", "subscriptions", {"notificationUrl": ADDRESS, "resource": good}, "")
    with pytest.raises(Refusal, match="RequiredParam"):
        hooks.answer("PATCH", f"subscriptions('{made['subscriptionId']}')", {"clientState": "x"}, "")
