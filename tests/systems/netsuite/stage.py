"""The ERP contract's stages for NetSuite: one account, served for each test, by every protocol."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.sandbox.runner import serve
from erpsync.systems.netsuite import SPEC
from erpsync.systems.netsuite.adapter import NetSuiteErp
from erpsync.systems.netsuite.rest_adapter import NetSuiteRestErp
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.simulator import NetSuiteSimulator, create
from erpsync.testing.erp_contract import Stage
from tests.systems.losing import losing

_SOAP_WRITES = {
    "create": "upsertList:SalesOrder",
    "customer": "upsertList:Customer",
    "refund": "upsertList:CreditMemo",
    "payment": "upsertList:CustomerDeposit",
}

_REST_WRITES = {
    "create": "(PUT|POST) salesOrder",
    "customer": "(PUT|POST) customer",
    "refund": "PUT creditMemo",
    "payment": "PUT customerDeposit",
}


@contextmanager
def soap(
    tools: Tools,
    endpoint: Mapping[str, str] | None = None,
    watched: Callable[[NetSuiteSimulator], Simulator] = lambda simulator: simulator,
) -> Iterator[Stage]:
    """By SuiteTalk SOAP; `endpoint` are settings that choose a version and a WSDL, `watched` puts a witness between."""
    simulator = create()
    with serve({"netsuite": watched(simulator)}) as served:
        account = served["netsuite"]

        def open_(**changes: object) -> Erp:
            settings = NetSuiteSettings.model_validate({**account.settings, **(endpoint or {}), **changes})
            return NetSuiteErp(settings, tools)

        yield Stage(
            open=open_,
            controls=simulator,
            capabilities=SPEC.capabilities,
            lose_reply=losing(account.faulty, _SOAP_WRITES),
            wait_for_late=account.faulty.wait_for_late,
            calls=lambda: account.faulty.operations,
            finds="getList:salesOrder by externalId",
            creates="upsertList:SalesOrder",
        )


@contextmanager
def rest(tools: Tools) -> Iterator[Stage]:
    """By the REST record API and SuiteQL, which stay when SOAP ends with NetSuite 2028.2."""
    simulator = create()
    with serve({"netsuite": simulator}) as served:
        account = served["netsuite"]

        def open_(**changes: object) -> Erp:
            settings = NetSuiteSettings.model_validate({**account.settings, **simulator.rest.settings(), **changes})
            return NetSuiteRestErp(settings, tools)

        yield Stage(
            open=open_,
            controls=simulator,
            capabilities=SPEC.capabilities,
            lose_reply=losing(account.faulty, _REST_WRITES),
            wait_for_late=account.faulty.wait_for_late,
            calls=lambda: account.faulty.operations,
            finds="find SalesOrd",
            # Before, by the flow; which of them are there, for what is there is no part of a job; and what the job made.
            finds_per_batch=3,
            creates="(PUT|POST) salesOrder",
        )


STAGES: dict[str, Callable[[Tools], AbstractContextManager[Stage]]] = {"netsuite/soap": soap, "netsuite/rest": rest}
