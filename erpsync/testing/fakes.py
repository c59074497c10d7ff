"""A store, its webhooks and a broker in memory, which implement the ports in full and fail as they are told."""

import hmac
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock, JobCall
from erpsync.ports.store import OrderNote
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.testing.faults import Faults

SECRET = "a secret of the fake shop"  # noqa: S105 - it guards nothing


class FakeStore:
    """A store. `orders` is what it holds, `notes` what it was told of each. See `erpsync.ports.store.Store`."""

    def __init__(self, clock: Clock, name: str = "shop") -> None:
        self.name = name
        self.faults = Faults(name, clock)
        self.orders: dict[SourceId, Order] = {}
        self.notes: dict[SourceId, OrderNote] = {}

    def put(self, order: Order) -> Order:
        """The shop now has the order in this state."""
        self.orders[order.source_id] = order
        return order

    def ping(self) -> None:
        self.faults.call("ping", lambda: None)

    def check(self) -> Sequence[Check]:
        return _check(self)

    def order_from_event(self, body: bytes) -> Order:
        try:
            return Order.model_validate_json(json.dumps(json.loads(body)["order"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected(
                "order-unreadable",
                system=self.name,
                what=f"The event carries no order that can be read: {_fields(error)}.",
                next_step="Compare the event with the shop's documents.",
            ) from error

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return self.faults.call("read_orders", lambda: {source_id: self._read(source_id) for source_id in source_ids})

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        return self.faults.call("write_back", lambda: {note.source_id: self._note(note) for note in notes})

    def _read(self, source_id: SourceId) -> Order | SyncError:
        gone = Skip("order-gone", what="The shop has no such order any more.", record=f"order {source_id}")
        error = self.faults.refusal_of("read_orders", source_id)
        return error if error is not None else self.orders.get(source_id, gone)

    def _note(self, note: OrderNote) -> SyncError | None:
        error = self.faults.refusal_of("write_back", note.source_id)
        if error is None:
            self.notes[note.source_id] = note
        return error


class FakeWebhooks:
    """Reads what `delivery_of` writes. See `erpsync.ports.webhooks.Webhooks`."""

    def __init__(self, secret: str = SECRET) -> None:
        self.bug: Exception | None = None
        """Raised by `changes` in place of reading, as by an adapter with a mistake."""
        self._secret = secret

    def verify(self, delivery: Delivery, now: datetime) -> None:
        del now
        sent = delivery.headers.get("x-fake-secret", "")
        if not hmac.compare_digest(sent.encode(), self._secret.encode()):
            raise NotAuthentic("wrong secret")

    def delivery_key(self, delivery: Delivery) -> str:
        return delivery.headers["x-fake-delivery"]

    def topic(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-fake-topic", "")

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        if self.bug is not None:
            raise self.bug
        try:
            return [_change(entry) for entry in json.loads(delivery.body)["changes"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected(
                "delivery-unreadable",
                system="fake shop",
                what=f"The delivery is not one of this shop's: {_fields(error)}.",
                next_step="Look at the delivery, then replay or discard it.",
            ) from error


def change_of(order: Order, *, flow: str = "orders", carries_state: bool = True) -> Change:
    """What the shop says when the order has come to this state."""
    return Change(flow, order.source_id, order.version, order.number, carries_state)


def delivery_of(key: str, changes: Sequence[Change], order: Order | None = None) -> Delivery:
    """A delivery as the fake shop sends it. `key` is equal for repeats."""
    entries = [
        {
            "flow": change.flow,
            "source_id": change.source_id,
            "version": change.version.isoformat(),
            "number": change.number,
            "carries_state": change.carries_state,
        }
        for change in changes
    ]
    state = None if order is None else json.loads(order.model_dump_json())
    headers = {"x-fake-secret": SECRET, "x-fake-delivery": key, "x-fake-topic": "orders/updated"}
    return Delivery(headers, json.dumps({"changes": entries, "order": state}).encode())


class FakeWake:
    """A broker: holds messages until they are taken, unless it is not `up`. See `erpsync.ports.runtime.Wake`."""

    def __init__(self, clock: Clock) -> None:
        self.up = True
        self._clock = clock
        self._lock = threading.Lock()
        self._intake = False
        self._jobs: list[tuple[datetime, JobCall]] = []
        self._letters: list[int] = []

    def intake(self) -> None:
        self._intake = self._intake or self.up

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        at = self._clock.now() + timedelta(seconds=delay_seconds)
        with self._lock:
            if self.up:
                self._jobs += [(at, call) for call in calls]
        return self.up

    def dead_letters(self, ids: Sequence[int]) -> bool:
        with self._lock:
            if self.up:
                self._letters += ids
        return self.up

    def lose_everything(self) -> None:
        """As a broker that kept its messages in memory and was restarted."""
        with self._lock:
            self._intake, self._jobs, self._letters = False, [], []

    def take_intake(self) -> bool:
        asked, self._intake = self._intake, False
        return asked

    def take_jobs(self) -> list[JobCall]:
        """The calls whose time has come, in the order in which they were sent; they are gone from the broker."""
        now = self._clock.now()
        with self._lock:
            due = [call for at, call in self._jobs if at <= now]
            self._jobs = [(at, call) for at, call in self._jobs if at > now]
        return due

    def take_dead_letters(self) -> list[int]:
        with self._lock:
            letters, self._letters = self._letters, []
        return letters


def _check(remote: FakeStore) -> list[Check]:
    try:
        remote.ping()
    except SyncError as error:
        return [Check("reachable", ok=False, detail=error.problem.what, next_step=error.problem.next_step)]
    return [Check("reachable", ok=True, detail=f"{remote.name} answers.")]


def _change(entry: Mapping[str, object]) -> Change:
    return Change(
        flow=str(entry["flow"]),
        source_id=SourceId(str(entry["source_id"])),
        version=datetime.fromisoformat(str(entry["version"])),
        number=str(entry["number"]),
        carries_state=bool(entry["carries_state"]),
    )


def _fields(error: Exception) -> str:
    """Which field, never its content."""
    if isinstance(error, ValidationError):
        return ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
    return type(error).__name__
