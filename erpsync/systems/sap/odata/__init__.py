"""SAP S/4HANA, cloud and on premise, over its released OData V2 services."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Ability, Capabilities, Role, SystemSpec
from erpsync.systems.sap.odata.settings import NO_PAYMENTS, SYSTEM, SapODataSettings


def _open_erp(_connection: ConnectionName, settings: SapODataSettings, tools: Tools) -> Erp:
    from erpsync.systems.sap.odata.adapter import SapODataErp  # noqa: PLC0415

    return SapODataErp(settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.sap.odata.simulator import create  # noqa: PLC0415

    return create()


def _capabilities(order_batch: int) -> Capabilities:
    # No field of a sales order, a credit memo request or a business partner is unique by SAP's doing.
    return Capabilities(order_batch=order_batch, stock_is_diffed=True, missing={Ability.PAYMENTS: NO_PAYMENTS})


SPEC = SystemSpec(
    name=SYSTEM,
    title="SAP S/4HANA",
    variants={"OData": {}},
    role=Role.ERP,
    settings=SapODataSettings,
    capabilities=_capabilities(SapODataSettings.model_fields["order_batch"].default),
    capabilities_of=lambda settings: _capabilities(settings.order_batch),
    settle_seconds=lambda settings: settings.settle_seconds,
    open_erp=_open_erp,
    open_simulator=_open_simulator,
    allowance=lambda settings: Allowance(slots=settings.concurrent_requests, longest_seconds=settings.timeout_seconds),
)
