"""A store's day on fast forward: orders with all that goes wrong, and the count of what came of them.

Speaks to erpsync only as the store would, by webhooks over HTTP, and judges only by the simulators' own records.
"""

import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

_POST_SECONDS = 10.0
_RETRY_SECONDS = 0.5
# As a store does it (Shopify: eight more tries over four hours), only faster.
_TRIES = 120


class Shop(Protocol):
    """The store simulator's control surface."""

    def place_order(self, lines: Sequence[Mapping[str, Any]]) -> str: ...

    def edit_order(self, order_id: str, **edit: Any) -> None: ...

    def deliver(self, order_id: str, topic: str) -> tuple[Mapping[str, str], bytes]:
        """A signed webhook with the order as it is now."""
        ...

    def records(self) -> Mapping[str, list[dict[str, Any]]]: ...


@dataclass(frozen=True)
class Placed:
    """One order as the buyer left it: `total` is what the ERP must come to."""

    source_id: str
    number: str
    total: Decimal
    trouble: str


@dataclass(frozen=True)
class Delivery:
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Tally:
    """The posting's own record: deliveries sent, those that had to be tried again, and the slowest answer in seconds."""

    sent: int = 0
    tried_again: int = 0
    slowest_seconds: float = 0.0
    refused: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, tries: int, seconds: float, status: int) -> None:
        with self._lock:
            self.sent += 1
            self.tried_again += tries - 1
            self.slowest_seconds = max(self.slowest_seconds, seconds)
            if status != 200:
                self.refused.append(status)


@dataclass(frozen=True)
class Outcome:
    """What the ERP's own records say of the placed orders."""

    once: int
    dead: int
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not (self.missing or self.doubled or self.different)


def place(shop: Shop, count: int, seed: int, *, unknown_skus: int = 1) -> list[tuple[Placed, list[list[Delivery]]]]:
    """Places `count` orders. Each comes with its deliveries in rounds: those of one round are posted at once.

    Among them, by `seed`: a tenth delivered two or three times concurrently, a tenth whose update arrives before their
    creation, and `unknown_skus` orders of an item that no ERP has.
    """
    chance = random.Random(seed)  # noqa: S311 - a rehearsal is to be repeatable, not secret
    numbers = list(range(count))
    chance.shuffle(numbers)
    unknown, repeated = set(numbers[:unknown_skus]), set(numbers[unknown_skus : unknown_skus + count // 10])
    reordered = set(numbers[unknown_skus + count // 10 : unknown_skus + 2 * (count // 10)])
    placed = []
    for number in range(count):
        lines = [{"sku": "SKU-9999"}] if number in unknown else _basket(chance)
        order = shop.place_order(lines)
        first = Delivery(*shop.deliver(order, "orders/create"))
        rounds, trouble = [[first]], ""
        if number in unknown:
            trouble = "unknown SKU"
        elif number in repeated:
            rounds, trouble = [[first] * chance.choice((2, 3))], "delivered twice or more"
        elif number in reordered:
            shop.edit_order(order, note="changed by the buyer", quantities={lines[0]["sku"]: 3})
            rounds, trouble = [[Delivery(*shop.deliver(order, "orders/updated"))], [first]], "update before creation"
        placed.append((order, trouble, rounds))
    known = {str(record["id"]): record for record in shop.records()["orders"]}
    return [
        (Placed(order, known[order]["name"], Decimal(known[order]["total"]), trouble), rounds)
        for order, trouble, rounds in placed
    ]


def post(address: str, rounds: Sequence[Sequence[Delivery]], tally: Tally) -> None:
    """Posts an order's deliveries, each until it is answered 200 or refused for good, as a store does."""
    for deliveries in rounds:
        if len(deliveries) == 1:
            _post_one(address, deliveries[0], tally)
            continue
        with ThreadPoolExecutor(len(deliveries)) as pool:
            list(pool.map(lambda one: _post_one(address, one, tally), deliveries))


def judge(
    placed: Sequence[Placed], sales_orders: Sequence[Mapping[str, Any]], dead: Mapping[str, str], connection: str
) -> Outcome:
    """Compares what was placed with the ERP's records (`externalId`, `total`) and the dead letters (number -> code).

    An order that is a dead letter counts as dead when the ERP has none of it, else as what the ERP has.
    """
    found: dict[str, list[Decimal]] = {}
    for record in sales_orders:
        found.setdefault(str(record["externalId"]), []).append(Decimal(str(record["total"])))
    once, gone, missing, doubled, different = 0, 0, [], [], []
    for order in placed:
        totals = found.get(f"{connection}-{order.source_id}", [])
        if len(totals) > 1:
            doubled.append(order.number)
        elif not totals and order.number in dead:
            gone += 1
        elif not totals:
            missing.append(order.number)
        elif totals[0] != order.total:
            different.append(f"{order.number}: {totals[0]} in the ERP, {order.total} in the store")
        else:
            once += 1
    return Outcome(once, gone, tuple(missing), tuple(doubled), tuple(different))


def wait_until(done: Callable[[], bool], seconds: float, every_seconds: float = 0.25) -> bool:
    """True as soon as `done` is, False after that many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_seconds)
    return True


def _basket(chance: random.Random) -> list[dict[str, Any]]:
    skus = chance.sample(range(1, 51), chance.randint(1, 3))
    return [{"sku": f"SKU-{sku:04d}", "quantity": chance.randint(1, 4)} for sku in skus]


def _post_one(address: str, delivery: Delivery, tally: Tally) -> None:
    tries, status, seconds = 0, 0, 0.0
    while tries < _TRIES:
        tries += 1
        started = time.monotonic()
        status = _status(address, delivery)
        seconds = time.monotonic() - started
        # 4xx other than these means that it will never be taken.
        if status == 200 or (400 <= status < 500 and status not in (408, 429)):
            break
        time.sleep(_RETRY_SECONDS)
    tally.count(tries, seconds, status)


def _status(address: str, delivery: Delivery) -> int:
    request = urllib.request.Request(address, delivery.body, dict(delivery.headers), method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_POST_SECONDS) as answer:  # noqa: S310 - loopback, by the caller
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
