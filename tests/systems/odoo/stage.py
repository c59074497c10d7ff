"""Odoo for the contract suite: the simulator by both protocols, and a real one."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import ErpControls
from erpsync.sandbox.faults import FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo import SPEC
from erpsync.systems.odoo.adapter import OdooErp
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.simulator import OdooSimulator
from erpsync.testing.erp_contract import Stage
from tests.odoo_server import OdooServer, behind_proxy, values_for
from tests.systems.losing import losing
from tests.systems.odoo.real_controls import RealControls

_WRITES = {
    "create": "sale.order/load",
    "customer": "res.partner/load",
    "refund": "account.move/load",
    "payment": "account.payment/load",
}


@contextmanager
def simulated(protocol: str, tools: Tools, release: int = 19) -> Iterator[Stage]:
    simulator = OdooSimulator(release=release)
    with serve({"odoo": simulator}) as served:
        settings = {**served["odoo"].settings, "protocol": protocol}
        yield _stage(settings, simulator, served["odoo"].faulty, tools, "shop")


@contextmanager
def real(protocol: str, server: OdooServer, tools: Tools) -> Iterator[Stage]:
    """A server that is kept: references are unique to the test, and what a test archives is brought back."""
    controls = RealControls(server)
    with behind_proxy(server) as (proxied, faulty):
        settings = {**values_for(proxied), "protocol": protocol}
        yield _stage(settings, controls, faulty, tools, f"t{secrets.token_hex(4)}")
    controls.put_product("SKU-0008", "Product 8")


STAGES: dict[str, Callable[[Tools], AbstractContextManager[Stage]]] = {
    "odoo/json2": partial(simulated, "json2"),
    "odoo/xmlrpc": partial(simulated, "xmlrpc"),
}


def _stage(
    settings: Mapping[str, object], controls: ErpControls, faulty: FaultySimulator, tools: Tools, tag: str
) -> Stage:
    def open_erp(**changes: object) -> OdooErp:
        return OdooErp(OdooSettings.model_validate({**settings, **changes}), tools)

    return Stage(
        open=open_erp,
        controls=controls,
        capabilities=SPEC.capabilities,
        lose_reply=losing(faulty, _WRITES),
        calls=lambda: dict(faulty.operations),
        finds=r"sale\.order/search_read by reference",
        creates=r"sale\.order/load",
        tag=tag,
        wait_for_late=faulty.wait_for_late,
    )
