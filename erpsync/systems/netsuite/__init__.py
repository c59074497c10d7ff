"""NetSuite, by SuiteTalk SOAP web services with token-based authentication."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Ability, Capabilities, Role, SystemSpec
from erpsync.systems.netsuite.settings import NetSuiteSettings

_NOT_YET = (
    Ability.CUSTOMERS_CHANGED,
    Ability.PRODUCTS_CHANGED,
    Ability.PRICES_CHANGED,
    Ability.STOCK_LEVELS,
    Ability.CLOSE_ORDERS,
    Ability.PROGRESS,
    Ability.REFUNDS,
    Ability.PAYMENTS,
)
_BY_HAND = "erpsync does not do this with NetSuite; it is done by hand there and in the store."


def _open_erp(connection: ConnectionName, settings: NetSuiteSettings, tools: Tools) -> Erp:
    from erpsync.systems.netsuite.adapter import NetSuiteErp  # noqa: PLC0415 - zeep is loaded by those who need it

    return NetSuiteErp(connection, settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.netsuite.simulator import create  # noqa: PLC0415

    return create()


SPEC = SystemSpec(
    name="netsuite",
    title="NetSuite",
    role=Role.ERP,
    settings=NetSuiteSettings,
    # upsertList takes 100 records, matched by externalId, which NetSuite keeps unique per record type:
    # https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3533243.html
    capabilities=Capabilities(order_batch=100, unique_references=True, missing=dict.fromkeys(_NOT_YET, _BY_HAND)),
    open_erp=_open_erp,
    open_simulator=_open_simulator,
)
