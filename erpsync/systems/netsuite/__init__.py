"""NetSuite, by SuiteTalk: SOAP with token-based authentication, or REST with OAuth 2.0."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.systems.netsuite.settings import NetSuiteSettings


def _open_erp(_connection: ConnectionName, settings: NetSuiteSettings, tools: Tools) -> Erp:
    if settings.transport == "rest":
        from erpsync.systems.netsuite.rest_adapter import NetSuiteRestErp  # noqa: PLC0415 - zeep is not needed there

        return NetSuiteRestErp(settings, tools)
    from erpsync.systems.netsuite.adapter import NetSuiteErp  # noqa: PLC0415 - zeep is loaded by those who need it

    return NetSuiteErp(settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.netsuite.simulator import create  # noqa: PLC0415

    return create()


# https://docs.jitterbit.com/integration-studio/design/connectors/netsuite/netsuite-troubleshooting/concurrency-governance
_LEAST_CONCURRENCY = 5


def _allowance(settings: NetSuiteSettings) -> Allowance:
    """NetSuite counts requests at once, and nothing else: of the account, all integrations together
    (https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/bridgehead_1525252812.html)."""
    slots = settings.concurrent_requests or _LEAST_CONCURRENCY
    return Allowance(slots=slots, longest_seconds=settings.timeout_seconds)


SPEC = SystemSpec(
    name="netsuite",
    title="NetSuite",
    role=Role.ERP,
    settings=NetSuiteSettings,
    # upsertList takes 100 records, matched by externalId, which NetSuite keeps unique per record type:
    # https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3533243.html
    capabilities=Capabilities(order_batch=100, unique_references=True),
    open_erp=_open_erp,
    open_simulator=_open_simulator,
    allowance=_allowance,
    variants={"SOAP": {"transport": "soap"}, "REST": {"transport": "rest"}},
)
