"""How many requests at once: what the account says of it, and what it does when there are too many."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from erpsync.domain.errors import Throttled
from erpsync.domain.ids import ConnectionName
from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.local import LocalBuckets
from erpsync.engine.limits.records import Seen
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.netsuite import SPEC
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_access import Fault

ERP = ConnectionName("erp")


@dataclass
class Limited:
    """An account by one transport, with the limiter that a connection has."""

    simulator: NetSuiteSimulator
    served: Served
    tools: Tools
    transport: str

    def __post_init__(self) -> None:
        self.buckets = LocalBuckets(self.tools.clock)

    def erp(self, **changes: Any) -> Any:
        of_transport = self.simulator.rest.settings() if self.transport == "rest" else {}
        settings = SPEC.settings(**{**self.served.settings, **of_transport, **changes})
        allowance = SPEC.allowance(settings)
        limiter = ConnectionLimiter(ERP, "netsuite", allowance, self.buckets, self.tools.pause, self.tools.nonce)
        assert SPEC.open_erp is not None
        return SPEC.open_erp(ERP, settings, replace(self.tools, limiter=limiter))

    def seen(self) -> Seen:
        return self.buckets.look([ERP])[ERP]


@pytest.fixture(params=["soap", "rest"])
def account(request: pytest.FixtureRequest, tools: Tools) -> Iterator[Limited]:
    simulator = NetSuiteSimulator(skus={}, concurrency=12)
    with serve({"erp": simulator}) as served:
        yield Limited(simulator, served["erp"], tools, request.param)


def test_doctor_sizes_the_limit_by_what_the_account_takes(account: Limited) -> None:
    account.erp().ping()
    assert account.seen().slots == 5
    account.erp().check()
    assert account.seen().slots == 5  # only administrators are told
    account.simulator.soap.administrator = account.simulator.rest.administrator = True
    account.erp().check()
    assert account.seen().slots == 12


def test_a_limit_of_the_configuration_stays(account: Limited) -> None:
    account.simulator.soap.administrator = account.simulator.rest.administrator = True
    account.erp(concurrent_requests=3).check()
    assert account.seen().slots == 3


def test_too_many_at_once_halves_how_many_are_made(account: Limited) -> None:
    erp = account.erp()
    account.simulator.access.faults.append(
        Fault("exceededConcurrentRequestLimitFault", "WS_REQUEST_BLOCKED", "Request blocked.")
    )
    with pytest.raises(Throttled):
        erp.ping()
    assert account.simulator.access.faults == []
    seen = account.seen()
    assert (seen.slots, seen.configured_slots, seen.throttles_last_hour) == (2, 5, 1)
