"""Five thousand calls against a host that takes fewer than are asked of it. Time moves by itself: nobody sleeps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from erpsync.domain.errors import Throttled
from erpsync.ports.limits import Lesson
from erpsync.ports.runtime import Tools
from erpsync.systems.woocommerce import SPEC
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.systems.woocommerce.simulator_access import Limit
from erpsync.testing.limits import limited
from tests.systems.woocommerce.stand import stand

CALLS = 5000
# What a call takes; with it a worker alone would ask fifty times a second.
CALL_SECONDS = 0.02


class Time:
    """A clock that moves when somebody pauses."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self.paused: list[float] = []

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.move(seconds)


def settings(**changes: object) -> WooCommerceSettings:
    values = {
        "url": "https://shop.example.com",
        "consumer_key": "ck_1",
        "consumer_secret": "cs_1",
        "webhook_secret": "w",
    }
    return WooCommerceSettings.model_validate(values | changes)


def with_limiter(tools: Tools, time: Time, per_second: float) -> Tools:
    allowance = SPEC.allowance(settings(requests_per_second=per_second))
    return limited(replace(tools, clock=time, pause=time.pause), allowance)


@pytest.mark.parametrize("per_second", [2.0, 5.0, 10.0])
def test_under_one_call_in_a_hundred_is_refused(tools: Tools, per_second: float) -> None:
    """The limiter as the client drives it, and the simulator's own bucket."""
    time = Time()
    limit, limiter = Limit(per_second, 10.0, time.now), with_limiter(tools, time, 10.0).limiter
    done = 0
    while done < CALLS:
        with limiter.permit() as permit:
            time.move(CALL_SECONDS)
            wait = limit.take()
            permit.learn(Lesson(throttled=bool(wait)))
        if wait:
            time.move(wait)
        else:
            done += 1
    assert limit.answered == CALLS
    assert limit.throttled < CALLS / 100


def test_five_thousand_calls_to_a_served_shop_are_refused_under_one_in_a_hundred(tools: Tools) -> None:
    time = Time()
    begun = time.now()
    with stand(with_limiter(tools, time, 10.0), clock=time.now, requests_per_second=5.0) as shop:
        store = shop.open()
        done = 0
        while done < CALLS:
            try:
                store.ping()
                done += 1
            except Throttled as error:
                time.move(error.retry_after_seconds or 1.0)
        assert shop.shop.limit.answered == CALLS
        assert shop.shop.limit.throttled < CALLS / 100
        # And it is no crawl: at least four fifths of what the host allows, which nothing but refusals tells.
        assert (time.at - begun).total_seconds() < CALLS / 5.0 / 0.8


def test_calls_are_spread_evenly_and_who_asks_rarely_does_not_wait(tools: Tools) -> None:
    time = Time()
    limiter = with_limiter(tools, time, 1.0).limiter
    for _ in range(3):
        with limiter.permit():
            time.move(2.0)
    assert time.paused == []
    for _ in range(2):
        with limiter.permit():
            pass
    assert time.paused == [1.0]
