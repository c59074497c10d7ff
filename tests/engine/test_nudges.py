"""An ERP that says that something changed is polled at once; many such words are one poll, and none of them is lost."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from pydantic import SecretStr

from erpsync.engine import intake, polling
from erpsync.engine.nudges import SignedNudges
from erpsync.ports.webhooks import Delivery, NotAuthentic
from erpsync.testing.barrier import together
from erpsync.testing.bench import ERP, Bench
from erpsync.testing.faults import FaultKind
from tests.flows.stock_world import StockWorld

SECRET = "a-secret-of-the-erp-that-is-long-enough"
EVERY = timedelta(minutes=5)


class Nudged(StockWorld):
    """A shop and an ERP whose stock has been read; the ERP nudges from now on."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.database)
        self.bench.webhooks[ERP] = SignedNudges(SecretStr(SECRET))
        self.stock("A", 5)
        self.poll()
        assert self.in_shop("A") == 5
        self.bench.clock.advance(60)

    def nudge(self, *flows: str, event: str = "") -> int | None:
        at = str(int(self.bench.clock.now().timestamp()))
        body = json.dumps({"changed": flows, "event": event}).encode()
        return self.bench.receive(Delivery(signed(at, body), body), ERP)

    def take_in(self) -> None:
        intake.take_in(self.bench.runtime)

    def due(self, flow: str = "stock") -> bool:
        return polling.is_due(self.bench.runtime, ERP, flow, EVERY)

    def settled(self) -> list[tuple[str, str]]:
        rows = self.bench.rows("SELECT state, note FROM inbox WHERE connection = 'erp' ORDER BY id")
        return [(row["state"], row["note"]) for row in rows]


def signed(at: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    signature = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"erpsync-timestamp": at, "erpsync-signature": f"v1={signature}"}


@pytest.fixture
def world(bench: Bench) -> Nudged:
    return Nudged(bench)


def test_a_nudge_moves_stock_to_the_shop_without_waiting_for_the_next_poll(world: Nudged) -> None:
    world.stock("A", 2, None)
    assert not world.due()
    world.nudge("stock")
    world.take_in()
    assert world.bench.wake.take_polls(), "workers are told at once"
    assert world.due()
    world.poll_stock()
    assert world.in_shop("A") == 2
    assert not world.due()
    assert world.settled() == [("applied", "polled soon: stock")]


def test_a_nudge_is_heeded_though_no_message_reaches_a_worker(world: Nudged) -> None:
    world.bench.wake.up = False
    world.nudge("stock")
    world.take_in()
    assert not world.bench.wake.take_polls()
    assert world.due()


def test_a_burst_of_nudges_is_one_poll(world: Nudged) -> None:
    for number in range(100):
        world.nudge("stock", event=str(number))
    world.take_in()
    assert world.due()
    world.poll_stock()
    assert not world.due()
    assert len(world.settled()) == 100


def test_nudges_that_go_on_are_a_poll_every_fifteen_seconds(world: Nudged) -> None:
    polls = 0
    for second in range(60):
        world.nudge("stock", event=str(second))
        world.take_in()
        if world.due():
            world.poll_stock()
            polls += 1
        world.bench.clock.advance(1)
    assert polls == 4


def test_a_nudge_that_comes_while_a_poll_is_at_work_makes_one_more(world: Nudged) -> None:
    def nudge_meanwhile(operation: str) -> None:
        if operation == "stock_changed":
            world.bench.erp.faults.on_arrival = None
            world.nudge("stock", event="late")
            world.take_in()

    world.bench.erp.faults.on_arrival = nudge_meanwhile
    world.poll_stock()
    assert not world.due(), "not at once"
    world.bench.clock.advance(polling.NUDGE_GAP.total_seconds())
    assert world.due()
    world.poll_stock()
    world.bench.clock.advance(polling.NUDGE_GAP.total_seconds())
    assert not world.due()


def test_a_long_read_is_not_begun_again_as_soon_as_it_ends(world: Nudged) -> None:
    world.bench.erp.faults.on_arrival = lambda _: world.bench.clock.advance(60)
    world.poll_stock()
    world.bench.erp.faults.on_arrival = None
    world.nudge("stock")
    world.take_in()
    world.bench.clock.advance(30)
    assert not world.due()
    world.bench.clock.advance(31)
    assert world.due()


def test_a_nudge_is_not_forgotten_by_a_poll_that_fails(world: Nudged) -> None:
    world.nudge("stock")
    world.take_in()
    down = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "stock_changed")
    assert polling.poll(world.bench.runtime, ERP, "stock").trouble == "unavailable"
    assert down.fired == 1
    assert world.due()


def test_a_nudge_of_what_no_route_takes_from_there_is_ignored(world: Nudged) -> None:
    world.nudge("orders", "dreams")
    world.take_in()
    assert world.settled() == [("ignored", "no route syncs this")]
    assert not world.bench.wake.take_polls()


def test_each_flow_is_nudged_for_itself(world: Nudged) -> None:
    for flow in ("fulfilments", "products"):
        polling.poll(world.bench.runtime, ERP, flow)
    world.bench.clock.advance(60)
    world.nudge("products", "stock")
    world.take_in()
    assert [world.due(flow) for flow in ("stock", "products", "fulfilments")] == [True, True, False]


def test_the_same_nudge_again_is_a_repeat_and_one_of_another_event_is_not(world: Nudged) -> None:
    assert world.nudge("stock", event="1") is not None
    assert world.nudge("stock", event="1") is None
    assert world.nudge("stock", event="2") is not None


def test_two_workers_that_take_nudges_in_at_once_wait_for_one_another(world: Nudged) -> None:
    for number in range(400):
        world.nudge(*(("stock", "products") if number % 2 else ("products", "stock")), event=str(number))
    for future in together(*(lambda name=name: intake.take_in(world.bench.worker(name)) for name in ("a", "b"))):
        future.result()
    assert {state for state, _ in world.settled()} == {"applied"}
    assert world.due()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"changed": "stock"}', b'{"changed": [1]}', b'{"changed": ["' + b"x" * 41]
)
def test_a_body_that_cannot_be_read_is_kept_for_a_person(world: Nudged, body: bytes) -> None:
    at = str(int(world.bench.clock.now().timestamp()))
    world.bench.receive(Delivery(signed(at, body), body), ERP)
    world.take_in()
    (letter,) = world.bench.letters()
    assert letter.code == "delivery-unreadable"
    assert not world.due()


def test_what_is_not_signed_or_signed_too_long_ago_is_not_believed(world: Nudged) -> None:
    body = b'{"changed": ["stock"]}'
    now = int(world.bench.clock.now().timestamp())
    for headers in (
        {},
        signed(str(now), body, "another-secret"),
        signed(str(now), b"{}"),
        signed(str(now - 301), body),
        signed(str(now + 301), body),
    ):
        with pytest.raises(NotAuthentic):
            world.bench.receive(Delivery(headers, body), ERP)
    assert world.bench.receive(Delivery(signed(str(now - 299), body), body), ERP) is not None
