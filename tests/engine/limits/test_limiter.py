"""Permits as adapters take them: bounded waits, slots that come back, workers that share, and Redis lost and found."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import sleep as pause

import pytest

from erpsync.domain.errors import Paced
from erpsync.engine.limits.limiter import LEASE_MARGIN_SECONDS, ConnectionLimiter
from erpsync.engine.limits.local import LocalBuckets
from erpsync.engine.limits.records import MAX_PAUSE_SECONDS, RULES, Answer, Ask, Buckets
from erpsync.engine.limits.shared import FailsafeBuckets, SharedBuckets, open_buckets
from erpsync.ports.limits import CALLS, Allowance, Lesson, Level, Limiter, Rate, background
from erpsync.sandbox.runner import serve
from erpsync.servers.launcher import Servers, ensure
from erpsync.servers.redis import RedisServer
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator
from erpsync.testing.barrier import together
from tests.engine.limits.conftest import PATIENT_SECONDS, OpenDesk, Time
from tests.engine.limits.processes import killed_holder, throttled_pings

OpenLimiter = Callable[..., Limiter]


def limiter_of(buckets: Buckets, time: Time, connection: str, allowance: Allowance) -> ConnectionLimiter:
    return ConnectionLimiter(connection, "shop", allowance, buckets, time.pause, secrets.token_urlsafe)


@pytest.fixture
def open_limiter(open_desk: OpenDesk, time: Time, connection: str) -> OpenLimiter:
    buckets = open_desk().buckets

    def open_one(rate: Rate | None = None, slots: int = 0, name: str = "") -> Limiter:
        rates = {CALLS: rate} if rate else {}
        return limiter_of(buckets, time, name or connection, Allowance(rates, slots))

    return open_one


class TestPermits:
    def test_a_short_wait_is_paused_for(self, open_limiter: OpenLimiter, time: Time) -> None:
        limiter = open_limiter(Rate(1.0, 1.0))
        for _ in range(3):
            with limiter.permit():
                pass
        assert time.paused == [1.0, 1.0]

    def test_a_long_wait_is_the_ledgers(self, open_limiter: OpenLimiter, time: Time) -> None:
        limiter = open_limiter(Rate(0.05, 1.0))
        with limiter.permit():
            pass
        with pytest.raises(Paced) as raised, limiter.permit():
            pytest.fail("it had no permit")
        assert raised.value.retry_after_seconds == 20.0
        assert raised.value.counts_as_attempt is False
        assert time.paused == []

    def test_nobody_pauses_longer_than_five_seconds_for_a_slot(self, open_limiter: OpenLimiter, time: Time) -> None:
        limiter = open_limiter(slots=1)
        with limiter.permit():
            with pytest.raises(Paced), limiter.permit():
                pytest.fail("there was no slot")
            assert MAX_PAUSE_SECONDS - RULES.look_seconds < sum(time.paused) <= MAX_PAUSE_SECONDS
        with limiter.permit():
            pass

    def test_a_slot_comes_back_however_its_request_ended(self, open_limiter: OpenLimiter, time: Time) -> None:
        limiter = open_limiter(slots=1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError), limiter.permit():
                raise ZeroDivisionError
        assert time.paused == []

    def test_an_answers_wait_stops_the_other_workers(self, open_limiter: OpenLimiter, time: Time) -> None:
        ours, theirs = open_limiter(), open_limiter()
        with ours.permit() as permit:
            permit.learn(Lesson(throttled=True, wait_seconds=30.0))
        with pytest.raises(Paced) as raised, theirs.permit():
            pytest.fail("the remote asked for patience")
        assert raised.value.retry_after_seconds == 30.0
        time.move(28.0)
        with theirs.permit():
            pass
        assert time.paused == [2.0]

    def test_what_is_learned_late_counts_as_well(self, open_limiter: OpenLimiter) -> None:
        ours, theirs = open_limiter(), open_limiter()
        ours.learn(Lesson(throttled=True, wait_seconds=30.0))
        with pytest.raises(Paced), theirs.permit():
            pytest.fail("the remote asked for patience")

    def test_a_chatty_connection_slows_no_other(self, open_limiter: OpenLimiter, time: Time, connection: str) -> None:
        chatty, other = open_limiter(Rate(1.0, 1.0), 1), open_limiter(Rate(1.0, 1.0), 1, f"{connection}-2")
        with chatty.permit():
            with pytest.raises(Paced), chatty.permit():
                pytest.fail("there was no slot")
            time.paused.clear()
            with other.permit():
                pass
        assert time.paused == []

    def test_background_work_is_what_a_backfill_says_it_is(self, open_limiter: OpenLimiter) -> None:
        limiter = open_limiter(Rate(0.01, 4.0))
        with background():
            for _ in range(3):
                with limiter.permit():
                    pass
            with pytest.raises(Paced), limiter.permit():
                pytest.fail("half is for live traffic")
        with limiter.permit():
            pass


class TestWorkers:
    """Processes and threads at a simulator that counts, in real time."""

    def test_processes_never_hold_more_slots_than_there_are(
        self, servers: Servers, connection: str, tmp_path: Path
    ) -> None:
        simulator = NetSuiteSimulator(skus={}, concurrency=2, latency_seconds=0.05)
        with serve({"erp": simulator}) as served:
            values = {**served["erp"].settings, "transport": "rest", "concurrent_requests": 2}
            throttled = throttled_pings(
                servers.redis_url, connection, "netsuite", values, tmp_path, processes=4, calls=8
            )
        assert throttled == 0

    def test_an_account_that_others_use_up_throttles_and_has_answered_every_process_in_the_end(
        self, servers: Servers, connection: str, tmp_path: Path
    ) -> None:
        """Else the processes above could have as many slots as they like, and nobody would notice."""
        simulator = NetSuiteSimulator(skus={}, concurrency=2)
        with serve({"erp": simulator}) as served:
            others, refused = ExitStack(), threading.Event()
            for _ in range(2):
                others.enter_context(simulator.access.slot())

            def leave() -> None:
                # Of two processes, one that asks for the third time has been answered before.
                while sum(served["erp"].faulty.operations.values()) < 3 and not refused.wait(0.01):
                    continue
                others.close()

            leaving = threading.Thread(target=leave)
            leaving.start()
            try:
                values = {**served["erp"].settings, "transport": "rest", "concurrent_requests": 2}
                throttled = throttled_pings(
                    servers.redis_url, connection, "netsuite", values, tmp_path, processes=2, calls=1
                )
            finally:
                refused.set()
                leaving.join()
        assert throttled > 0

    def test_processes_keep_to_one_rate_together(self, servers: Servers, connection: str, tmp_path: Path) -> None:
        simulator = WooCommerceSimulator(requests_per_second=25.0, burst=5)
        with serve({"shop": simulator}) as served:
            values = {**served["shop"].settings, "requests_per_second": 20.0, "concurrent_requests": 8}
            throttled = throttled_pings(
                servers.redis_url, connection, "woocommerce", values, tmp_path, processes=3, calls=20
            )
        assert throttled == simulator.limit.throttled == 0
        assert simulator.limit.answered >= 60

    def test_a_killed_holders_slot_returns_by_its_lease(self, servers: Servers, connection: str, time: Time) -> None:
        allowance = Allowance(slots=1, longest_seconds=20.0)
        killed_holder(servers.redis_url, connection, allowance.longest_seconds)
        time.at = datetime.now(UTC)  # what Redis's clock says, to be moved from here on
        buckets = SharedBuckets(servers.redis_url, now=lambda: time.at.timestamp(), socket_seconds=PATIENT_SECONDS)
        limiter = limiter_of(buckets, time, connection, allowance)
        with pytest.raises(Paced), limiter.permit():
            pytest.fail("it is still held, for all that anybody knows")
        time.move(20.0 + LEASE_MARGIN_SECONDS)
        with limiter.permit():
            pass
        buckets.close()

    def test_threads_that_race_for_one_slot_have_it_one_after_another(self, servers: Servers, connection: str) -> None:
        buckets = SharedBuckets(servers.redis_url, socket_seconds=PATIENT_SECONDS)
        inside: list[int] = []
        most: list[int] = []

        def work() -> None:
            limiter = ConnectionLimiter(connection, "shop", Allowance(slots=1), buckets, pause, secrets.token_urlsafe)
            with limiter.permit():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

        for future in together(*[work] * 8):
            future.result()
        buckets.close()
        assert most == [1] * 8


class CountingBuckets(SharedBuckets):
    """Counts how often Redis was asked for a permit, in vain too."""

    asked = 0

    def take(self, connection: str, ask: Ask) -> Answer:
        self.asked += 1
        return super().take(connection, ask)


class TestWithoutRedis:
    @pytest.fixture
    def redis(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
        """A Redis of the test's own, to be frozen."""
        directory = tmp_path_factory.mktemp("redis")
        with ensure("postgresql://nobody@nowhere/none", None, directory, fast=True, keep=False) as servers:
            assert servers.redis is not None
            yield servers.redis
            servers.redis.thaw()

    @pytest.fixture
    def shared(self, redis: RedisServer) -> Iterator[CountingBuckets]:
        # Long enough for one that is merely busy, and short enough for a test to wait out one that is frozen.
        buckets = CountingBuckets(redis.url, socket_seconds=3.0)
        yield buckets
        buckets.close()

    def test_a_frozen_redis_is_done_without_and_found_again(
        self, redis: RedisServer, shared: CountingBuckets, time: Time, connection: str
    ) -> None:
        buckets = FailsafeBuckets(shared, LocalBuckets(time, processes=4), time)
        limiter = limiter_of(buckets, time, connection, Allowance({CALLS: Rate(4.0, 8.0)}, slots=8))
        with limiter.permit():
            assert buckets.look([connection])[connection].in_flight == 1

        redis.freeze()
        for _ in range(2):  # this process's quarter of the burst
            with limiter.permit():
                pass
        assert time.paused == []
        assert not buckets.is_shared()
        with limiter.permit():
            assert time.paused == [1.0]
        assert shared.asked == 2  # once before, and once in vain: its time limit is not paid again and again

        redis.thaw()
        time.move(5)
        with limiter.permit():
            assert buckets.is_shared()
            # What Redis did of the call that got no answer is taken back.
            assert buckets.look([connection])[connection].in_flight == 1

    def test_a_slot_that_was_taken_without_redis_comes_back_although_redis_is_there_again(
        self, redis: RedisServer, shared: CountingBuckets, time: Time, connection: str
    ) -> None:
        local = LocalBuckets(time, processes=4)
        limiter = limiter_of(FailsafeBuckets(shared, local, time), time, connection, Allowance(slots=4))
        redis.freeze()
        with limiter.permit():
            assert local.look([connection])[connection].in_flight == 1
            redis.thaw()
            time.move(5)
        assert local.look([connection])[connection].in_flight == 0
        assert shared.look([connection])[connection].in_flight == 0

    def test_what_the_remote_asked_for_holds_when_redis_is_lost(
        self, redis: RedisServer, shared: CountingBuckets, time: Time, connection: str
    ) -> None:
        limiter = limiter_of(FailsafeBuckets(shared, LocalBuckets(time), time), time, connection, Allowance())
        with limiter.permit() as permit:
            permit.learn(Lesson(throttled=True, wait_seconds=30.0))
        redis.kill()
        with pytest.raises(Paced) as raised, limiter.permit():
            pytest.fail("the remote asked for patience")
        assert raised.value.retry_after_seconds == 30.0

    def test_each_process_takes_no_more_than_its_part(self, time: Time, connection: str) -> None:
        buckets = open_buckets("", time, processes=4)
        limiter = limiter_of(buckets, time, connection, Allowance({CALLS: Rate(8.0, 40.0)}, slots=8))
        limiter.learn(Lesson(level=Level(left=20.0, per_second=2.0, burst=40.0)))
        limiter.resize(12)
        for _ in range(5):
            with limiter.permit():
                pass
        assert time.paused == []
        with limiter.permit():
            assert time.paused == [2.0]
        assert not buckets.is_shared()
        assert buckets.look([connection]) == {}

    def test_an_address_that_is_none_is_as_good_as_no_redis(self, time: Time, connection: str) -> None:
        buckets = open_buckets("no address", time, processes=1)
        with limiter_of(buckets, time, connection, Allowance(slots=1)).permit():
            pass
        assert not buckets.is_shared()
