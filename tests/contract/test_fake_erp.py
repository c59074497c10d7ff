"""The fake that flows are tested with keeps the contract that the real adapters keep."""

from collections.abc import Callable

import pytest

from erpsync.ports.spec import Capabilities
from erpsync.testing.clock import TestClock
from erpsync.testing.erp_contract import ErpContract, Stage
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fake_users import FakeUsers
from erpsync.testing.faults import FaultKind

SETTLE_SECONDS = 60.0
METHODS = {
    "create": "create_orders",
    "customer": "upsert_customers",
    "refund": "post_refunds",
    "payment": "post_payments",
}


class TestContract(ErpContract):
    @pytest.fixture(params=[True, False], ids=["unique references", "no unique references"])
    def stage(self, request: pytest.FixtureRequest) -> Stage:
        unique = bool(request.param)
        clock = TestClock()
        erp = FakeErp(clock, unique_references=unique)
        settle_seconds = 0.0 if unique else SETTLE_SECONDS

        def lose_reply(write: str) -> Callable[[], int]:
            fault = erp.faults.add(FaultKind.LOST_REPLY, METHODS[write], seconds=settle_seconds)
            return lambda: fault.fired

        return Stage(
            open=lambda page_size=500: FakeErp(clock, page_size=page_size, of=erp),
            controls=FakeUsers(erp.books),
            capabilities=Capabilities(order_batch=10, unique_references=unique),
            lose_reply=lose_reply,
            wait_for_late=erp.faults.catch_up,
            calls=dict,
            finds="find_orders",
            creates="create_orders",
            settle_seconds=settle_seconds,
        )
