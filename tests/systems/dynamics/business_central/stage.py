"""The contract suite's stage: a served company in Business Central, and adapters for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from erpsync.domain.ids import TargetId
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.dynamics.business_central import SPEC
from erpsync.systems.dynamics.business_central.adapter import BusinessCentralErp
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings
from erpsync.systems.dynamics.business_central.simulator import BusinessCentralSimulator
from erpsync.testing.erp_contract import Stage
from tests.systems.losing import losing

CREATES = "batch: POST salesOrders"
FINDS = "batch: GET salesInvoices, GET salesOrders, GET salesShipments"
_WRITES = {
    "create": CREATES,
    "customer": "batch: POST customers",
    "refund": "POST salesCreditMemos",
    "payment": "batch: POST customerPayments",
}


@contextmanager
def standard(tools: Tools) -> Iterator[Stage]:
    simulator = BusinessCentralSimulator()
    with serve({"erp": simulator}) as served:
        faulty = served["erp"].faulty

        yield Stage(
            open=lambda **changes: BusinessCentralErp(
                BusinessCentralSettings(**{**served["erp"].settings, "settle_seconds": 1, **changes}), tools
            ),
            controls=simulator,
            capabilities=SPEC.capabilities,
            lose_reply=losing(faulty, _WRITES),
            calls=lambda: faulty.operations,
            finds=FINDS,
            creates=CREATES,
            settle_seconds=1.0,
            nobody=TargetId("00000000-0000-0000-0000-000000000001"),
            wait_for_late=faulty.wait_for_late,
        )


STAGES: Mapping[str, Callable[[Tools], AbstractContextManager[Stage]]] = {"dynamics_bc": standard}
