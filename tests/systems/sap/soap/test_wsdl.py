"""A WSDL that an ABAP system wrote, and the simulator's beside it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.transport.soap import SoapClient
from tests.systems.sap.soap.stand import World

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
POLICY = "{http://schemas.xmlsoap.org/ws/2004/09/policy}"
TARGET = "urn:sap-com:document:sap:rfc:functions"


@pytest.fixture
def official(contracts: Path) -> Path:
    return contracts / "sap" / "soap" / "zws_bapi_salesorder_create_binding.wsdl"


@pytest.fixture
def own(world: World) -> etree._Element:
    answer = requests.get(world.settings().wsdl, auth=(b"ERPSYNC", "Käse-init-1".encode()), timeout=60)
    return etree.fromstring(answer.content)


class Recorder:
    """An address that keeps what is posted there."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.posted.append((environ["HTTP_SOAPACTION"], body))
        answer = (
            f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:ZBAPI_SALESORDER_CREATEResponse '
            f'xmlns:n="{TARGET}"><DETAIL_MESSAGE><item><TYPE>W</TYPE><ID>V1</ID><NUMBER>555</NUMBER><MESSAGE/>'
            "<MESSAGE_LONG/><LOG_NO/><LOG_MSG_NO>000000</LOG_MSG_NO><PARAMETER/><ROW>0</ROW><FIELD/><SYSTEM/></item>"
            "</DETAIL_MESSAGE><PR_ITEM/><SALES_NO>0000004711</SALES_NO></n:ZBAPI_SALESORDER_CREATEResponse>"
            "</e:Body></e:Envelope>"
        ).encode()
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(answer)))])
        return [answer]

    def settings(self, base_url: str) -> dict[str, str]:
        return {}

    def records(self) -> dict[str, list[dict[str, Any]]]:
        return {}

    def operation(self, environ: Any, body: bytes) -> str:
        return "call"


def test_a_request_for_the_official_wsdl_has_the_shape_that_it_defines(official: Path, tools: Tools) -> None:
    recorder = Recorder()
    item = {
        "MATERIAL_NO": "000010", "MATERIAL": "SKU-0001", "UNIT": "ST", "QTY": Decimal("2.000"), "CUST_MATERIAL": "",
        "PLANT": "1000", "SHIPPING_POINT": "", "DELIVERY_DATE": date(2026, 1, 2).isoformat(),
    }  # fmt: skip
    arguments = {
        "SALES_ORG": "1000", "CUST_PO": "shop-1", "CUST_PO_DATE": "0000-00-00", "IT_SO_ITEM": {"item": [item]},
        "ORDER_TYPE": "TA", "SALES_CHANNEL": "10", "SALES_DIVISION": "00", "SHIP_TO_PARTY": "1", "SOLD_TO_PARTY": "1",
    }  # fmt: skip
    with serve({"sap": recorder}) as running:
        client = SoapClient(
            "sap_soap", running["sap"].base_url, str(official), tools.clock, tools.cache_directory, namespaces={},
            read_seconds=60,
        )  # fmt: skip
        answer = client.call("ZBAPI_SALESORDER_CREATE", arguments, write=True)

    assert answer["SALES_NO"] == "0000004711"
    assert answer["DETAIL_MESSAGE"]["item"][0]["NUMBER"] == "555"
    [(action, body)] = recorder.posted
    assert action == f'"{TARGET}:ZWS_BAPI_SALESORDER_CREATE:ZBAPI_SALESORDER_CREATERequest"'
    [content] = etree.fromstring(body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    schema = etree.parse(official).find(f"{WSDL}types/{XSD}schema")
    validator = etree.XMLSchema(etree.fromstring(etree.tostring(schema)))
    validator.assertValid(etree.fromstring(etree.tostring(content)))


def features(root: etree._Element) -> dict[str, Any]:
    """How a WSDL is built, names apart."""
    schema = root.find(f"{WSDL}types/{XSD}schema")
    assert schema is not None
    rows = [node for node in schema.findall(f"{XSD}complexType") if not node.findall(f".//{XSD}element[@name='item']")]
    tables = [node for node in schema.findall(f"{XSD}complexType") if node not in rows]
    parameters = [
        [node.get("name") for node in element.iterfind(f".//{XSD}sequence/{XSD}element")]
        for element in schema.findall(f"{XSD}element")
    ]
    name = root.find(f"{WSDL}portType").get("name")  # type: ignore[union-attr]
    operations = root.findall(f".//{SOAP}operation")
    return {
        "target": (root.get("targetNamespace"), schema.get("targetNamespace")),
        "children are unqualified": schema.get("elementFormDefault") in (None, "unqualified"),
        "attributes": schema.get("attributeFormDefault"),
        "fields are mandatory": all(
            "minOccurs" not in field.attrib for row in rows for field in row.iterfind(f".//{XSD}element")
        ),
        "tables": {tuple(sorted(t.find(f".//{XSD}element").attrib.keys())) for t in tables},  # type: ignore[union-attr]
        "parameters in order": all(names == sorted(names) for names in parameters),
        "styles": {node.get("style") for node in root.iter(f"{SOAP}binding", f"{SOAP12}binding", f"{SOAP}operation")},
        "uses": {node.get("use") for node in root.iter(f"{SOAP}body", f"{SOAP12}body")},
        "actions": all(
            node.get("soapAction") == f"{TARGET}:{name}:{node.getparent().get('name')}Request" for node in operations
        ),
        "bindings": [node.tag for node in root.iter(f"{SOAP}binding", f"{SOAP12}binding")],
        "ports": [child.tag for port in root.iter(f"{WSDL}port") for child in port],
        "policies": sorted({node.tag for node in root.iter(f"{POLICY}Policy", f"{POLICY}UsingPolicy")}),
        "parts": [sorted({part.get("name", "") for part in root.iter(f"{WSDL}part")})],
        "sessions": [
            node.text for node in root.iter("{http://www.sap.com/webas/630/soap/features/session/}enableSession")
        ],
    }


def test_the_simulators_wsdl_is_built_as_the_official_one(official: Path, own: etree._Element) -> None:
    assert features(own) == features(etree.parse(official).getroot())


def test_simple_types_are_named_and_bounded_as_in_the_official_one(official: Path, own: etree._Element) -> None:
    def facets(root: etree._Element) -> dict[str, list[tuple[str, str]]]:
        return {
            str(node.get("name")): [(etree.QName(facet).localname, str(facet.get("value"))) for facet in node[0]]
            for node in root.iter(f"{XSD}simpleType")
        }

    real, simulated = facets(etree.parse(official).getroot()), facets(own)
    shared = real.keys() & simulated.keys()

    assert {"char10", "char35", "char40", "cuky5", "date10", "numeric6", "unit3", "decimal5.0"} <= shared
    assert {name: simulated[name] for name in shared} == {name: real[name] for name in shared}
