"""The simulator beside Oracle's own WSDL and schemas, where they are at hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from lxml import etree

from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.netsuite.adapter import NetSuiteErp
from erpsync.systems.netsuite.countries import countries
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.simulator import create
from erpsync.systems.netsuite.simulator_schema import (
    FAULTS,
    OPERATIONS,
    elements,
    namespace,
    prefixes,
    simple_types,
    types,
)
from tests.systems.netsuite.stand import OFFICIAL, World, misfits, order

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"


@pytest.fixture(scope="session")
def official(contracts: Path) -> dict[str, etree._Element]:
    """Oracle's schemas by target namespace."""
    files = sorted((contracts / "netsuite" / "wsdl" / "xsd").glob("*.xsd"))
    roots = [etree.parse(file).getroot() for file in files]
    return {root.get("targetNamespace"): root for root in roots}


@pytest.fixture(scope="session")
def wsdls(contracts: Path) -> tuple[etree._Element, etree._Element]:
    """Oracle's and the simulator's."""
    with serve({"netsuite": create()}) as served:
        url = f"{served['netsuite'].base_url}/wsdl/v{OFFICIAL}_0/netsuite.wsdl"
        own = etree.fromstring(requests.get(url, timeout=60).content)
    return etree.parse(contracts / "netsuite" / "wsdl" / "netsuite.wsdl").getroot(), own


def resolved(name: str, node: etree._Element) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{node.nsmap[prefix or None]}}}{local}"


def clark(name: str) -> str:
    prefix, _, local = name.partition(":")
    uri = "http://www.w3.org/2001/XMLSchema" if prefix == "xsd" else namespace(prefix, OFFICIAL)
    return f"{{{uri}}}{local}"


@pytest.mark.parametrize("name", sorted(types()))
def test_a_type_is_a_part_of_oracles(name: str, official: dict[str, etree._Element]) -> None:
    """The same base, and fields of the same type and number in the same order, some left out."""
    own = types()[name]
    prefix, _, local = name.partition(":")
    [node] = official[namespace(prefix, OFFICIAL)].iterfind(f"{XS}complexType[@name='{local}']")
    extension = node.find(f".//{XS}extension")
    base = None if extension is None else resolved(extension.get("base"), node)

    assert (clark(own.base or own.text) if own.base or own.text else None) == base
    assert (node.get("abstract") == "true") == own.abstract
    theirs = [
        (
            resolved(e.get("ref"), e) if e.get("ref") else f"{{{namespace(prefix, OFFICIAL)}}}{e.get('name')}",
            None if e.get("ref") else resolved(e.get("type"), e),
            e.get("minOccurs", "1") != "0",
            e.get("maxOccurs", "1") == "unbounded",
        )
        for e in node.iter(f"{XS}element")
    ]
    ours = [
        (
            f"{{{namespace(f.namespace, OFFICIAL)}}}{f.name}",
            None if f.reference else clark(f.type),
            f.required,
            f.many,
        )
        for f in own.fields
    ]
    rest = iter(theirs)
    assert [field for field in ours if field not in rest] == []
    # What Oracle requires is never left out.
    assert {field for field in theirs if field[2]} <= set(ours)
    attributes = {(a.get("name"), resolved(a.get("type"), a)) for a in node.iter(f"{XS}attribute")}
    assert {(attribute, clark(type_name)) for attribute, type_name in own.attributes} <= attributes


def test_simple_types_and_elements_are_oracles(official: dict[str, etree._Element]) -> None:
    for name in simple_types():
        prefix, _, local = name.partition(":")
        assert official[namespace(prefix, OFFICIAL)].find(f"{XS}simpleType[@name='{local}']") is not None, name
    for name, type_name in elements().items():
        prefix, _, local = name.partition(":")
        node = official[namespace(prefix, OFFICIAL)].find(f"{XS}element[@name='{local}']")
        assert node is not None, name
        assert resolved(node.get("type"), node) == clark(type_name)


def test_operations_are_oracles(wsdls: tuple[etree._Element, etree._Element]) -> None:
    def described(root: etree._Element, operation: str) -> tuple[str, set[str], set[str]]:
        node = root.find(f"{WSDL}binding/{WSDL}operation[@name='{operation}']")
        headers = {h.get("part") for h in node.iterfind(f"{WSDL}input/{SOAP}header")}
        replies = {h.get("part") for h in node.iterfind(f"{WSDL}output/{SOAP}header")}
        return node.find(f"{SOAP}operation").get("soapAction"), headers, replies

    theirs, ours = wsdls
    for operation in OPERATIONS:
        action, headers, replies = described(ours, operation)
        official_action, official_headers, official_replies = described(theirs, operation)
        assert (action, replies) == (official_action, official_replies)
        assert headers <= official_headers
    assert [fault for fault in FAULTS if theirs.find(f"{WSDL}message[@name='{fault}']") is None] == []


def test_every_published_schema_is_one() -> None:
    with serve({"netsuite": create()}) as served:
        base = served["netsuite"].base_url
        for version in ("2025_2", OFFICIAL):
            for prefix in prefixes():
                document = requests.get(f"{base}/xsd/v{version}_0/{prefix}.xsd", timeout=60).content
                root = etree.fromstring(document)
                assert root.get("targetNamespace") == namespace(prefix, version)


def test_the_countries_are_oracles(official: dict[str, etree._Element]) -> None:
    root = official[namespace("types.common", OFFICIAL)]
    theirs = {e.get("value") for e in root.iterfind(f"{XS}simpleType[@name='Country']//{XS}enumeration")}

    assert set(countries().values()) == theirs


def test_the_wsdl_of_the_account_itself_is_used_when_none_is_given(tools: Tools) -> None:
    with serve({"netsuite": create()}) as served:
        settings = NetSuiteSettings(**{**served["netsuite"].settings, "endpoint_version": OFFICIAL})
        NetSuiteErp(settings, tools).ping()

        assert served["netsuite"].faulty.operations["wsdl"] > 1


def test_the_witness_notices_a_misplaced_element(
    open_world: Callable[..., World], official_schema: etree.XMLSchema
) -> None:
    world = open_world()
    world.erp().create_orders([world.draft(order("1"))])
    request = next(m for m in world.witness.messages if b"upsertList" in m and b"Response" not in m)
    version = world.settings().endpoint_version.encode()
    root = etree.fromstring(request)
    sales = f"{{urn:sales_{version.decode()}.transactions.webservices.netsuite.com}}"
    record = root.find(f".//{sales}entity").getparent()
    record.append(record.find(f"{sales}entity"))

    assert misfits([request], official_schema) == []
    assert misfits([etree.tostring(root)], official_schema) != []
    for name, value in ((b"isSuccess", b"isSucces"), (b"internalId", b"internalID")):
        reply = next(m for m in world.witness.messages if b"upsertListResponse" in m)
        assert misfits([reply.replace(name, value)], official_schema) != []
