"""Odoo as the ERP: 19 and newer over its External JSON-2 API, 14 to 18 over XML-RPC."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.systems.odoo.settings import OdooSettings


def _open_erp(_name: ConnectionName, settings: OdooSettings, tools: Tools) -> Erp:
    from erpsync.systems.odoo.adapter import OdooErp  # noqa: PLC0415

    return OdooErp(settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.odoo.simulator import create  # noqa: PLC0415

    return create()


SPEC = SystemSpec(
    name="odoo",
    title="Odoo",
    role=Role.ERP,
    settings=OdooSettings,
    # load() of 50 orders takes about a second, their confirmation two; more would run into a worker's time limit when
    # Odoo has to retry. External ids are unique in Odoo's own table, so writing again never makes a second order.
    capabilities=Capabilities(order_batch=50, unique_references=True),
    open_erp=_open_erp,
    open_simulator=_open_simulator,
    allowance=lambda settings: Allowance(slots=settings.concurrent_requests, longest_seconds=settings.timeout_seconds),
    variants={"JSON-2": {"protocol": "json2"}, "XML-RPC": {"protocol": "xmlrpc", "user": "admin"}},
)
