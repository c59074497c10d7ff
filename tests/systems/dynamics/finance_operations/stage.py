"""F&O for the contract suite, once with numbers of ours and once with its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.dynamics.finance_operations import SPEC, capabilities_of
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.simulator import FinanceOperationsSimulator
from erpsync.testing.erp_contract import Stage
from tests.systems.losing import losing

FINDS = r"batch GET SalesOrderHeadersV2"
CREATES = r"batch POST SalesOrderHeadersV2.*"
_WRITES = {
    "create": CREATES,
    "customer": r"batch POST CustomersV3",
    "refund": CREATES,
    "payment": r"batch POST CustomerPaymentJournalLines",
}


@contextmanager
def _stage(tools: Tools, simulator: FinanceOperationsSimulator, settle_seconds: float) -> Iterator[Stage]:
    with serve({"dynamics_fo": simulator}) as served:
        erp = served["dynamics_fo"]

        def settings(changes: Mapping[str, Any]) -> FinanceOperationsSettings:
            return FinanceOperationsSettings.model_validate({**erp.settings, "settle_seconds": "1", **changes})

        def open_erp(**changes: Any) -> Erp:
            assert SPEC.open_erp is not None
            return SPEC.open_erp(ConnectionName("erp"), settings(changes), tools)

        yield Stage(
            open=open_erp,
            controls=simulator.controls,
            capabilities=capabilities_of(settings({})),
            lose_reply=losing(erp.faulty, _WRITES),
            calls=lambda: erp.faulty.operations,
            finds=FINDS,
            creates=CREATES,
            settle_seconds=settle_seconds,
            wait_for_late=erp.faulty.wait_for_late,
        )


STAGES: Mapping[str, Callable[[Tools], AbstractContextManager[Stage]]] = {
    "dynamics_fo/ours": lambda tools: _stage(tools, FinanceOperationsSimulator(), 0.0),
    "dynamics_fo/sequence": lambda tools: _stage(
        tools, FinanceOperationsSimulator(manual_numbers=False, manual_accounts=False), 1.0
    ),
}
