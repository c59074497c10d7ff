"""S/4HANA as the contract suite has it: with taxes by classification, and with all amounts as conditions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems import registry
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.simulator import SapSimulator
from erpsync.testing.erp_contract import Stage
from tests.systems.losing import losing

NAME = "sap_odata"
SETTLE_SECONDS = 1.0
CREATES = {"create": "A_SalesOrder", "customer": "A_BusinessPartner", "refund": "A_CreditMemoRequest"}
CONDITIONS: Mapping[str, str] = {
    "tax_handling": "condition",
    "tax_codes": "19=ZT19, 7=ZT07, 0=ZT00",
    "shipping_charge": "condition YBHD",
    "tip_charge": "condition YBHD",
    "rounding_charge": "condition YBHD",
    "discount_condition": "",
}


@contextmanager
def stage(tools: Tools, changes: Mapping[str, str] | None = None, *, oauth: bool = False) -> Iterator[Stage]:
    simulator = SapSimulator(oauth=oauth)
    spec = registry.spec(NAME)
    with serve({NAME: simulator}) as served:
        system = served[NAME]

        def open_erp(**more: object) -> Erp:
            assert spec.open_erp is not None
            values = {**system.settings, "settle_seconds": str(SETTLE_SECONDS), **(changes or {}), **more}
            return spec.open_erp(ConnectionName("erp"), SapODataSettings.model_validate(values), tools)

        yield Stage(
            open=open_erp,
            controls=simulator,
            capabilities=spec.capabilities,
            lose_reply=losing(system.faulty, {kind: f"create {entity}" for kind, entity in CREATES.items()}),
            wait_for_late=system.faulty.wait_for_late,
            calls=lambda: system.faulty.operations,
            finds="read A_SalesOrder by PurchaseOrderByCustomer",
            creates="create A_SalesOrder",
            settle_seconds=SETTLE_SECONDS,
        )


STAGES: dict[str, Callable[[Tools], AbstractContextManager[Stage]]] = {
    NAME: stage,
    f"{NAME}/conditions": lambda tools: stage(tools, CONDITIONS),
    f"{NAME}/oauth": lambda tools: stage(tools, oauth=True),
}
