"""SAP ECC and S/4HANA on premise, by SOAP: function modules that the customer exposes as a web service (see `abap/`)."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.systems.sap.soap.settings import SapSoapSettings


def _open_erp(_connection: ConnectionName, settings: SapSoapSettings, tools: Tools) -> Erp:
    from erpsync.systems.sap.soap.adapter import SapSoapErp  # noqa: PLC0415 - zeep is loaded by those who need it

    return SapSoapErp(settings, tools)


def _open_simulator() -> Simulator:
    from erpsync.systems.sap.soap.simulator import create  # noqa: PLC0415

    return create()


def _capabilities(settings: SapSoapSettings) -> Capabilities:
    """A reference is unique because the wrapper writes it as a database key in the update that writes the order; see
    the README, "Why an order cannot come twice"."""
    return Capabilities(
        order_batch=100, unique_references=settings.wrapper_keeps_references_unique, stock_is_diffed=True
    )


def _settle_seconds(settings: SapSoapSettings) -> float:
    return 0.0 if settings.wrapper_keeps_references_unique else float(settings.settle_seconds)


SPEC = SystemSpec(
    name="sap_soap",
    title="SAP",
    role=Role.ERP,
    settings=SapSoapSettings,
    capabilities=Capabilities(order_batch=100, unique_references=True, stock_is_diffed=True),
    open_erp=_open_erp,
    open_simulator=_open_simulator,
    allowance=lambda settings: Allowance(slots=settings.concurrent_requests, longest_seconds=settings.timeout_seconds),
    capabilities_of=_capabilities,
    settle_seconds=_settle_seconds,
    variants={
        "SOAP, wrapper of erpsync's": {"wrapper_keeps_references_unique": "true"},
        "SOAP, other wrapper": {"wrapper_keeps_references_unique": "false"},
    },
)
