"""A store's webhooks and a broker in memory, which implement the ports in full and fail as they are told."""

import hmac
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.domain.orders import Order
from erpsync.ports.runtime import Clock, JobCall
from erpsync.ports.stock_cache import ByProduct
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic

SECRET = "a secret of the fake shop"  # noqa: S105 - it guards nothing


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
                what=f"The delivery is not one of this shop's: {fields_of(error)}.",
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


class FakeStockCache:
    """Keeps what it is given, for ever. See `erpsync.ports.stock_cache.StockCache`."""

    def __init__(self) -> None:
        self.products: dict[str, Mapping[str, Mapping[str, int]]] = {}

    def put(self, store: ConnectionName, products: ByProduct) -> None:
        del store
        self.products |= products


class FakeWake:
    """A broker: holds messages until they are taken, unless it is not `up`. See `erpsync.ports.runtime.Wake`."""

    def __init__(self, clock: Clock) -> None:
        self.up = True
        self._clock = clock
        self._lock = threading.Lock()
        self._intake = False
        self._polls = False
        self._jobs: list[tuple[datetime, JobCall]] = []
        self._letters: list[int] = []
        self._backfills: list[tuple[datetime, int]] = []

    def intake(self) -> None:
        self._intake = self._intake or self.up

    def polls(self) -> None:
        self._polls = self._polls or self.up

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

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        at = self._clock.now() + timedelta(seconds=delay_seconds)
        with self._lock:
            if self.up:
                self._backfills += [(at, one) for one in ids]
        return self.up

    def lose_everything(self) -> None:
        """As a broker that kept its messages in memory and was restarted."""
        with self._lock:
            self._intake, self._polls, self._jobs, self._letters, self._backfills = False, False, [], [], []

    def take_intake(self) -> bool:
        asked, self._intake = self._intake, False
        return asked

    def take_polls(self) -> bool:
        asked, self._polls = self._polls, False
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

    def take_backfills(self) -> list[int]:
        """The calls to backfills whose time has come, in the order in which they were sent; they are gone from the
        broker."""
        now = self._clock.now()
        with self._lock:
            due = [one for at, one in self._backfills if at <= now]
            self._backfills = [(at, one) for at, one in self._backfills if at > now]
        return due


def _change(entry: Mapping[str, object]) -> Change:
    return Change(
        flow=str(entry["flow"]),
        source_id=SourceId(str(entry["source_id"])),
        version=datetime.fromisoformat(str(entry["version"])),
        number=str(entry["number"]),
        carries_state=bool(entry["carries_state"]),
    )


def fields_of(error: Exception) -> str:
    """Which field, never its content."""
    if isinstance(error, ValidationError):
        return ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
    return type(error).__name__
