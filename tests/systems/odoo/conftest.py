"""Odoo twice: the simulator, and a real one where there is one to be had. Tests that use `odoo` hold for both alike."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.adapter import OdooErp
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from erpsync.testing.barrier import Meeting
from tests import odoo_server
from tests.odoo_server import OdooServer, real_odoo
from tests.systems.odoo.drafts import buyer

__all__ = ["real_odoo"]


@dataclass(frozen=True)
class Odoo:
    """One of the two, with what a test does to it besides calling the adapter."""

    server: OdooServer
    settings_for: Callable[..., OdooSettings]
    tools: Tools
    deliver: Callable[[int], None]
    invoice: Callable[[int], None]
    new_key: Callable[..., str]

    def erp(self, **settings: object) -> OdooErp:
        return OdooErp(self.settings_for(**settings), self.tools)

    def customer(self, tag: str) -> TargetId:
        """A contact with an address, made by the adapter."""
        reference = f"{tag}-buyer"
        made = self.erp().upsert_customers([buyer(reference, f"{tag}@example.com")])[reference]
        assert isinstance(made, RecordRef)
        return made.target_id

    def order(self, target_id: str) -> dict[str, object]:
        names = ("name", "state", "amount_total", "client_order_ref", "origin", "date_order")
        links = ("partner_id", "partner_invoice_id", "partner_shipping_id")
        [found] = self.server.search("sale.order", [["id", "=", int(target_id)]], *names, *links)
        return found

    def lines(self, target_id: str) -> list[tuple[str, float, float]]:
        """Text, quantity and unit price of the lines that ask for something, and notes."""
        rows = self.server.search(
            "sale.order.line",
            [["order_id", "=", int(target_id)]],
            "name",
            "product_uom_qty",
            "price_unit",
            "display_type",
        )
        asked = [row for row in rows if row["product_uom_qty"] or row["display_type"]]
        return [(row["name"], row["product_uom_qty"], row["price_unit"]) for row in asked]


@pytest.fixture
def tag() -> str:
    """Part of every reference of one test: the real Odoo keeps what other tests made."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def simulator() -> OdooSimulator:
    return OdooSimulator()


@pytest.fixture
def faulty(simulator: OdooSimulator) -> Iterator[tuple[OdooServer, FaultySimulator]]:
    """The simulator being served, and what to aim faults with."""
    with serve({"odoo": simulator}) as served:
        yield OdooServer(served["odoo"].base_url, DATABASE, API_KEY), served["odoo"].faulty


@pytest.fixture
def simulated(simulator: OdooSimulator, faulty: tuple[OdooServer, FaultySimulator], tools: Tools) -> Odoo:
    return of_simulator(simulator, faulty[0], tools)


@pytest.fixture
def real(real_odoo: OdooServer, tools: Tools) -> Odoo:
    return of_real(real_odoo, tools)


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.odoo)])
def odoo(request: pytest.FixtureRequest) -> Odoo:
    found: Odoo = request.getfixturevalue("simulated" if request.param == "simulator" else "real")
    return found


def meeting_at(operation: str) -> Callable[[str], None]:
    """For a simulator's `between`: two workers' calls of that operation have both arrived before either is carried out."""
    meeting = Meeting(2)

    def meet(called: str) -> None:
        if called == operation:
            meeting.arrive()

    return meet


def of_simulator(simulator: OdooSimulator, server: OdooServer, tools: Tools) -> Odoo:
    def settings_for(**changes: object) -> OdooSettings:
        return OdooSettings.model_validate({**simulator.settings(server.url), **changes})

    def new_key(*groups: str) -> str:
        key = secrets.token_hex(20)
        simulator.add_key(key, *groups)
        return key

    return Odoo(server, settings_for, tools, simulator.deliver, simulator.invoice, new_key)


def of_real(server: OdooServer, tools: Tools) -> Odoo:
    groups_of = {
        "user": (),
        "sales": ("sales_team.group_sale_salesman_all_leads",),
        "contacts": ("base.group_partner_manager",),
        "invoicing": ("account.group_account_invoice",),
        "external_ids": (),
    }

    def new_key(*groups: str) -> str:
        login = f"user-{secrets.token_hex(4)}"
        named = [name for group in groups for name in groups_of[group]]
        key = odoo_server.key_of_new_user(server, login, *named)
        if "external_ids" in groups:
            odoo_server.let_read_external_ids(server, login)
        return key

    return Odoo(
        server,
        lambda **changes: odoo_server.settings_for(server, **changes),
        tools,
        lambda order_id: odoo_server.deliver(server, order_id),
        lambda order_id: odoo_server.invoice(server, order_id),
        new_key,
    )
