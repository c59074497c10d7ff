"""Older Odoos differ in names and methods: they are asked, and the wrong protocol is told."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.release import Release
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo, of_simulator


@pytest.fixture
def old(tools: Tools) -> Iterator[Odoo]:
    simulator = OdooSimulator(release=17)
    with serve({"odoo": simulator}) as served:
        yield of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)


def test_check_tells_to_change_the_protocol(old: Odoo) -> None:
    checks = old.erp().check()
    assert [(check.name, check.ok) for check in checks] == [("reachable", True), ("version", False)]
    assert 'protocol = "xmlrpc"' in checks[-1].next_step


def test_check_is_well_by_the_right_protocol(old: Odoo) -> None:
    assert [check for check in old.erp(protocol="xmlrpc").check() if not check.ok] == []


@pytest.mark.parametrize(
    ("text", "info", "major"),
    [
        ("19.0", [19, 0, 0, "final", 0, ""], 19),
        ("14.0-20250102", [14, 0, 0, "final", 0, ""], 14),
        ("saas~18.2", ["saas~18", 2, 0, "final", 0, ""], 18),
        ("?", [], 0),
    ],
)
def test_a_release_is_read_as_odoo_says_it(text: str, info: list[int | str], major: int) -> None:
    assert Release.of(text, info).major == major
