"""Served accounts. Every message is held against Oracle's own schema where that is at hand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.netsuite.simulator import NetSuiteSimulator, create
from tests.systems.netsuite.stand import OFFICIAL, MovableClock, Witness, World, misfits


@pytest.fixture(scope="session")
def official_schema(contracts: Path) -> etree.XMLSchema:
    """All of Oracle's schemas as one."""
    files = sorted((contracts / "netsuite" / "wsdl" / "xsd").glob("*.xsd"))
    spaces = {file: etree.parse(file).getroot().get("targetNamespace") for file in files}
    imports = "".join(
        f'<xsd:import namespace="{space}" schemaLocation="{file.as_uri()}"/>' for file, space in spaces.items()
    )
    return etree.XMLSchema(
        etree.XML(f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">{imports}</xsd:schema>')
    )


@pytest.fixture(scope="session")
def own_wsdl() -> Iterator[str]:
    """The simulator's WSDL at an address that lasts, so that it is parsed once."""
    with serve({"wsdl": create()}) as served:
        yield f"{served['wsdl'].base_url}/wsdl/v2025_2_0/netsuite.wsdl"


@pytest.fixture(params=["own WSDL, 2025.2", f"Oracle's WSDL, {OFFICIAL}"])
def endpoint(request: pytest.FixtureRequest, own_wsdl: str) -> dict[str, str]:
    """Settings for each WSDL that the adapter must work with."""
    if request.param.startswith("own"):
        return {"endpoint_version": "2025_2", "wsdl_url": own_wsdl}
    contracts: Path = request.getfixturevalue("contracts")
    return {"endpoint_version": OFFICIAL, "wsdl_url": str(contracts / "netsuite" / "wsdl" / "netsuite.wsdl")}


@pytest.fixture
def open_world(
    endpoint: dict[str, str], tools: Tools, request: pytest.FixtureRequest
) -> Iterator[Callable[..., World]]:
    """Serves accounts; at the end, every message is validated where Oracle's schema is at hand."""
    try:
        schema = request.getfixturevalue("official_schema")
    except pytest.skip.Exception:
        schema = None  # told by the tests that need it
    opened: list[World] = []
    with ExitStack() as stack:

        def open_(simulator: NetSuiteSimulator | None = None, clock: MovableClock | None = None) -> World:
            witness = Witness(simulator or create())
            served = stack.enter_context(serve({"netsuite": witness}))["netsuite"]
            moving = clock or MovableClock()
            opened.append(World(witness, served, replace(tools, clock=moving), moving, endpoint))
            return opened[-1]

        yield open_
    for world in opened if schema is not None else []:
        assert misfits(world.witness.messages, schema) == []


@pytest.fixture
def world(open_world: Callable[..., World]) -> World:
    return open_world()
