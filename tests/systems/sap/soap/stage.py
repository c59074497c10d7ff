"""SAP systems to practise on: with a wrapper that keeps references unique, and with one that does not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.sap.soap import SPEC
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from erpsync.testing.erp_contract import Stage
from tests.systems.losing import losing

SETTLE_SECONDS = 1
_WRITES = {
    "create": "Z_ERPSYNC_ORDER_CREATE",
    "customer": "Z_ERPSYNC_CUSTOMER_SAVE",
    "refund": "Z_ERPSYNC_REFUND",
    "payment": "Z_ERPSYNC_PAYMENT",
}


@contextmanager
def _staged(tools: Tools, *, keeps_unique: bool) -> Iterator[Stage]:
    simulator = SapSoapSimulator(keeps_unique=keeps_unique)
    with serve({"sap": simulator}) as running:
        served = running["sap"]

        def settings(**changes: Any) -> Any:
            return SPEC.settings(**{**served.settings, "settle_seconds": SETTLE_SECONDS, **changes})

        def open_(**changes: Any) -> Erp:
            assert SPEC.open_erp is not None
            return SPEC.open_erp(ConnectionName("sap"), settings(**changes), tools)

        assert SPEC.capabilities_of is not None
        yield Stage(
            open=open_,
            controls=simulator,
            capabilities=SPEC.capabilities_of(settings()),
            lose_reply=losing(served.faulty, _WRITES),
            wait_for_late=served.faulty.wait_for_late,
            calls=lambda: served.faulty.operations,
            finds="Z_ERPSYNC_ORDER_FIND",
            creates="Z_ERPSYNC_ORDER_CREATE",
            settle_seconds=SPEC.settle_seconds(settings()),
        )


def unique(tools: Tools) -> AbstractContextManager[Stage]:
    return _staged(tools, keeps_unique=True)


def not_unique(tools: Tools) -> AbstractContextManager[Stage]:
    return _staged(tools, keeps_unique=False)


STAGES: dict[str, Callable[[Tools], AbstractContextManager[Stage]]] = {
    "sap_soap": unique,
    "sap_soap/references not unique": not_unique,
}
