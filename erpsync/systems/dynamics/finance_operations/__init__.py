"""Microsoft Dynamics 365 Finance & Operations (Supply Chain Management) as the ERP, over its OData data entities."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.systems.dynamics.finance_operations.settings import SYSTEM, FinanceOperationsSettings

# An order is a header and its lines, each an insert of its own; twenty of five lines take F&O about half a minute, well
# below a worker's time limit. The remote would take 5,000 operations in one batch.
ORDER_BATCH = 20


def _open_erp(_name: ConnectionName, settings: FinanceOperationsSettings, tools: Tools) -> Erp:
    from erpsync.systems.dynamics.finance_operations.adapter import FinanceOperationsErp  # noqa: PLC0415

    return FinanceOperationsErp(settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.dynamics.finance_operations.simulator import create  # noqa: PLC0415

    return create()


def capabilities_of(settings: FinanceOperationsSettings) -> Capabilities:
    """Numbers that erpsync gives are keys, which F&O keeps unique; those of its own sequences say nothing of the store."""
    return Capabilities(order_batch=ORDER_BATCH, unique_references=settings.numbers_are_ours, stock_is_diffed=True)


SPEC = SystemSpec(
    name=SYSTEM,
    title="Dynamics 365 F&O",
    role=Role.ERP,
    settings=FinanceOperationsSettings,
    capabilities=Capabilities(order_batch=ORDER_BATCH, unique_references=True, stock_is_diffed=True),
    open_erp=_open_erp,
    open_simulator=_open_simulator,
    # https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/service-protection-api-limits: limits by
    # user are gone, those by the load of the service are told by 429 and Retry-After.
    allowance=lambda settings: Allowance(slots=settings.concurrent_requests, longest_seconds=settings.timeout_seconds),
    capabilities_of=capabilities_of,
    settle_seconds=lambda settings: 0.0 if settings.numbers_are_ours else float(settings.settle_seconds),
    variants={
        "with numbers of ours": {"order_numbers": "ours", "customer_accounts": "ours"},
        "with its number sequence": {"order_numbers": "sequence", "customer_accounts": "sequence"},
    },
)
