"""A month of price syncs in which base prices go up and down across promotions: each promotion stays as the store's users
set it, and when the last one is over the store has the ERP's last price."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module

import pytest
from sqlalchemy import Engine

from erpsync.domain.errors import Throttled
from erpsync.domain.ids import ConnectionName, Sku
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice
from erpsync.engine import polling, run
from erpsync.engine.runtime import Runtime
from erpsync.flows.price_rules import PriceRules
from erpsync.ledger import staged_prices
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store import Store
from erpsync.ports.store_records import PriceChange, Staged, StorePrice
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.clock import TestClock
from erpsync.testing.limits import limited
from erpsync.testing.reading import everything
from erpsync.testing.store_contract import StoreStage
from tests.quiet import silenced

MODULES = ("shopify", "woocommerce", "bigcommerce", "custom")
SEED = 20262
DAYS = 30
HOUR = 3600.0
# Days on which a promotion begins and one ends, with a sync every hour; on the others there is one a day.
BUSY_DAYS = (5, 20)
# On this day the ERP asks less than promotions that still run, and tells nothing new from then on.
LAST_WORD = 25
# A shop that sets nothing but a column holds any base price beside any promotion.
HOLDS_BOTH = {"custom/database"}


class Calendar(TestClock):
    """The real time and what was added to it: nobody waits for a pause, and the stores' limits hold all the same."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self._added = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._added

    def advance(self, seconds: float) -> None:
        self._added += timedelta(seconds=seconds)


@cache
def stages() -> Mapping[str, Callable[[Tools], AbstractContextManager[StoreStage]]]:
    names = [f"tests.systems.{module}.stage" for module in MODULES]
    return {name: opened for module in names for name, opened in import_module(module).STAGES.items()}


@dataclass
class Promotion:
    """From the day `begins` to the day `ends` the SKU is on sale, at `amount`. Where the store knows no ends, `by_hand`."""

    sku: str
    begins: int
    ends: int
    amount: Decimal = Decimal(0)
    by_hand: bool = False
    set_as: StorePrice | None = None
    """As the store told it when it began, with its dates; None where it tells none."""


@dataclass
class Month:
    """A store at work, and what its users and the ERP's do."""

    stage: StoreStage
    store: Store
    bench: Bench
    calendar: Calendar
    worker: Runtime
    chance: random.Random
    asked: dict[str, Decimal] = field(default_factory=dict)
    running: dict[str, Promotion] = field(default_factory=dict)
    staged: int = 0

    def ask(self, sku: str, amount: Decimal) -> None:
        """The ERP asks that much from now on."""
        self.asked[sku] = amount
        money = Money(amount=amount, currency="EUR")
        self.bench.erp.books.prices[Sku(sku)] = BasePrice(sku=Sku(sku), price=money)
        self.bench.erp.books.touch("price", sku)

    def begin(self, promotion: Promotion) -> None:
        """The store's users put it on sale, with an end where the store knows one."""
        base, _ = self.stage.controls.price(promotion.sku)
        promotion.amount = (base * Decimal("0.6")).quantize(Decimal("0.01"))
        seconds = (promotion.ends - promotion.begins) * 24 * HOUR
        try:
            self.stage.controls.put_price(promotion.sku, base, promotion=promotion.amount, end_seconds=seconds)
        except NotImplementedError:
            promotion.by_hand = True
            self.stage.controls.put_price(promotion.sku, base, promotion=promotion.amount)
        self.running[promotion.sku] = promotion
        promotion.set_as = self.told(promotion.sku)

    def end(self, promotion: Promotion) -> None:
        """It ends by itself, or the store's users take it off sale. Until then it had the same dates."""
        before, now = promotion.set_as, self.told(promotion.sku)
        if before is not None and now is not None:
            assert replace(now, base=before.base) == before
        del self.running[promotion.sku]
        if promotion.by_hand:
            base, _ = self.stage.controls.price(promotion.sku)
            self.stage.controls.put_price(promotion.sku, base)

    def told(self, sku: str) -> StorePrice | None:
        """What the store tells of the price; None where it tells nothing of its catalogue."""
        if StoreAbility.VARIANTS in self.stage.capabilities.missing:
            return None
        [variant] = [one for one in everything(self.store.variants_changed)[0] if one.sku == sku]
        assert variant.price.promotion is not None
        return variant.price

    def sync(self) -> None:
        if StoreAbility.VARIANTS in self.stage.capabilities.missing:
            self._set_directly()
            return
        for source, flow in ((SHOP, "catalogue"), (ERP, "prices")):
            self._until(lambda source=source, flow=flow: self._polled(source, flow))  # type: ignore[misc]
        self._until(self._worked)
        self.staged += len(self.waiting())

    def _until(self, done: Callable[[], bool]) -> None:
        """Goes on, half a minute at a time, for as long as a limit of a store may ask for."""
        for _ in range(60):
            if done():
                return
            self.calendar.advance(30)
        raise AssertionError(f"{done} is not done after half an hour")

    def _polled(self, source: ConnectionName, flow: str) -> bool:
        polled = polling.poll(self.worker, source, flow)
        return not (polled.trouble or polled.more)

    def _worked(self) -> bool:
        self.bench.sweep()
        for call in self.bench.wake.take_jobs():
            run.run(self.worker, call.job_id)
        return bool(self.bench.job("all")["state"] == "done")

    def waiting(self) -> dict[str, Decimal]:
        with self.bench.database.connect() as connection:
            return {one.sku: one.price for one in staged_prices.listed(connection, 50)}

    def look(self) -> None:
        """What the store itself shows, after each sync."""
        waiting = self.waiting()
        for sku, asked in self.asked.items():
            base, promotion = self.stage.controls.price(sku)
            if sku in self.running:
                assert promotion == self.running[sku].amount, f"{sku}: the promotion is gone"
            assert base == asked or waiting.get(sku) == asked, f"{sku} costs {base} instead of {asked}"

    def _set_directly(self) -> None:
        """No route has prices to a store whose catalogue cannot be read; what the store promises holds all the same."""
        changes = [PriceChange(Sku(sku), Money(amount=amount, currency="EUR")) for sku, amount in self.asked.items()]
        try:
            answers = self.store.set_base_prices(changes)
        except Throttled:
            self.calendar.advance(30)
            answers = self.store.set_base_prices(changes)
        self.staged += sum(isinstance(answer, Staged) for answer in answers.values())


@pytest.fixture(params=stages())
def month(request: pytest.FixtureRequest, tools: Tools, emptied: Engine) -> Iterator[Month]:
    calendar = Calendar()
    patiently = limited(replace(tools, clock=calendar, pause=calendar.advance))
    # Wherever the walk of the prices leads, none waits for a person.
    rules = PriceRules(largest_fall_percent=Decimal(100))
    with silenced(), stages()[request.param](patiently) as stage:
        bench = Bench(emptied, clock=calendar, price_rules=rules)
        store = stage.open()
        yield Month(stage, store, bench, calendar, bench.worker("worker-1", store=store), random.Random(SEED))


def test_a_promotion_survives_a_month_of_price_syncs(month: Month, request: pytest.FixtureRequest) -> None:
    promotions = [
        Promotion("SKU-0001", 5, 20),
        Promotion("SKU-0002", 0, 27),
        Promotion("SKU-0003", 2, 5),
        Promotion("SKU-0003", 20, 28),
    ]
    skus = [f"SKU-{number:04d}" for number in range(1, 6)]
    for sku in skus:
        month.ask(sku, month.stage.controls.price(sku)[0])
    month.sync()
    for day in range(DAYS):
        for promotion in promotions:
            if promotion.ends == day:
                month.end(promotion)
        for promotion in promotions:
            if promotion.begins == day:
                month.begin(promotion)
        steps = 24 if day in BUSY_DAYS else 1
        for _ in range(steps):
            for sku in skus if day < LAST_WORD else ():
                if month.chance.random() < 0.5:
                    month.ask(sku, Decimal(month.chance.randint(300, 2500)) / 100)
            for sku in month.running if day == LAST_WORD else ():
                month.ask(sku, month.running[sku].amount - 1)
            month.sync()
            month.look()
            month.calendar.advance(24 * HOUR / steps)
    month.sync()

    assert {sku: month.stage.controls.price(sku)[0] for sku in skus} == month.asked
    assert month.waiting() == {}
    assert month.bench.letters() == []
    stage_name = request.node.callspec.params["month"]
    assert (month.staged == 0) == (stage_name in HOLDS_BOTH), month.staged
