"""Five thousand calls against a host that takes fewer than are asked of it. Time moves by itself: nobody sleeps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from erpsync.domain.errors import Throttled
from erpsync.ports.runtime import Tools
from erpsync.systems.woocommerce.pace import Pace
from erpsync.systems.woocommerce.simulator_access import Limit
from tests.systems.woocommerce.stand import stand

CALLS = 5000
# What a call takes; with it a worker alone would ask fifty times a second.
CALL_SECONDS = 0.02


class Time:
    """A clock that moves when somebody pauses, and a little with every look at it."""

    def __init__(self, look_seconds: float = 0.0) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self._look = timedelta(seconds=look_seconds)

    def now(self) -> datetime:
        self.at += self._look
        return self.at

    def pause(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.mark.parametrize("per_second", [2.0, 5.0, 10.0])
def test_under_one_call_in_a_hundred_is_refused(per_second: float) -> None:
    """The pace as the client drives it, and the simulator's own bucket."""

    time = Time()
    limit, pace = Limit(per_second, 10.0, time.now), Pace(10.0, time, time.pause)
    done = 0
    while done < CALLS:
        pace.wait()
        time.pause(CALL_SECONDS)
        wait = limit.take()
        if wait:
            pace.refused()
            time.pause(wait)
        else:
            pace.well()
            done += 1
    assert limit.answered == CALLS
    assert limit.throttled < CALLS / 100


def test_five_thousand_calls_to_a_served_shop_are_refused_under_one_in_a_hundred(tools: Tools) -> None:
    time = Time()
    with stand(replace(tools, clock=time, pause=time.pause), clock=time.now, requests_per_second=5.0) as shop:
        store = shop.open(requests_per_second=10)
        done = 0
        while done < CALLS:
            try:
                store.ping()
                done += 1
            except Throttled as error:
                time.pause(error.retry_after_seconds or 1.0)
        assert shop.shop.limit.answered == CALLS
        assert shop.shop.limit.throttled < CALLS / 100
        # And it is no crawl: at least four fifths of what the host allows.
        assert (time.at - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() < CALLS / 5.0 / 0.8


def test_a_pace_recovers_slowly_and_never_beyond_the_setting() -> None:
    time = Time()
    pace = Pace(10.0, time, time.pause)
    pace.refused()
    slow = pace.per_second
    assert slow < 7
    for _ in range(100):
        pace.well()
    assert slow < pace.per_second < slow * 1.1
    for _ in range(5000):
        pace.well()
    assert pace.per_second == 10.0
    for _ in range(100):
        pace.refused()
    assert pace.per_second >= 0.2


def test_a_worker_that_asks_rarely_does_not_wait() -> None:
    time = Time()
    paused: list[float] = []
    pace = Pace(1.0, time, paused.append)
    for _ in range(3):
        pace.wait()
        time.pause(2.0)
    assert paused == []
    pace.wait()
    pace.wait()
    assert paused == [1.0]
