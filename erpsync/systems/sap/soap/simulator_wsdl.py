"""The WSDL of the wrapper's service, shaped as an ABAP system writes one: one document, rows with mandatory unqualified
children, parameters in alphabetical order, policies in between, the same binding for SOAP 1.1 and 1.2."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from erpsync.systems.sap.soap.simulator_types import FUNCTIONS, STRUCTURES

TARGET = "urn:sap-com:document:sap:rfc:functions"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_SOAP = {"": "http://schemas.xmlsoap.org/wsdl/soap/", "_soap12": "http://schemas.xmlsoap.org/wsdl/soap12/"}
_POLICY = "http://schemas.xmlsoap.org/ws/2004/09/policy"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_SESSION = "http://www.sap.com/webas/630/soap/features/session/"
_SECURITY = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
_PORT_TYPE = "ZERPSYNC"


def wsdl(address: str) -> bytes:
    """The service description, with calls going to `address`."""
    root = Element(f"{{{_WSDL}}}definitions", {"targetNamespace": TARGET, "xmlns:tns": TARGET, "xmlns:xsd": _XSD})
    SubElement(SubElement(root, f"{{{_WSDL}}}documentation"), "{http://www.sap.com/2007/03/sidl}sidl")
    SubElement(root, f"{{{_POLICY}}}UsingPolicy", {f"{{{_WSDL}}}required": "true"})
    _policies(root)
    schema = SubElement(
        SubElement(root, f"{{{_WSDL}}}types"),
        f"{{{_XSD}}}schema",
        {"attributeFormDefault": "qualified", "targetNamespace": TARGET},
    )
    _simple_types(schema)
    _structures(schema)
    for name, function in FUNCTIONS.items():
        _element(schema, name, function.imports)
        _element(schema, f"{name}Response", function.exports)
    for name in FUNCTIONS:
        for message, part in ((name, "parameters"), (f"{name}Response", "parameter")):
            node = SubElement(root, f"{{{_WSDL}}}message", {"name": message})
            SubElement(node, f"{{{_WSDL}}}part", {"name": part, "element": f"tns:{message}"})
    _port_type(root)
    for suffix, soap in _SOAP.items():
        _binding(root, suffix, soap)
    service = SubElement(root, f"{{{_WSDL}}}service", {"name": "zerpsync"})
    for suffix, soap in _SOAP.items():
        port = SubElement(
            service, f"{{{_WSDL}}}port", {"name": f"zerpsync{suffix}", "binding": f"tns:zerpsync{suffix}"}
        )
        SubElement(port, f"{{{soap}}}address", {"location": address})
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def soap_action(function: str) -> str:
    return f"{TARGET}:{_PORT_TYPE}:{function}Request"


def _policies(root: Element) -> None:
    for name in ("BN__zerpsync", "BN__zerpsync_soap12", "IF__ZERPSYNC", "OP__ZERPSYNC"):
        policy = SubElement(root, f"{{{_POLICY}}}Policy", {f"{{{_UTILITY}}}Id": name})
        every = SubElement(SubElement(policy, f"{{{_POLICY}}}ExactlyOne"), f"{{{_POLICY}}}All")
        if name.startswith("BN"):
            token = SubElement(SubElement(every, f"{{{_SECURITY}}}TransportBinding"), f"{{{_POLICY}}}Policy")
            SubElement(SubElement(token, f"{{{_SECURITY}}}HttpsToken"), f"{{{_SECURITY}}}HttpBasicAuthentication")
        elif name.startswith("IF"):
            session = SubElement(every, f"{{{_SESSION}}}Session")
            SubElement(session, f"{{{_SESSION}}}enableSession").text = "false"


def _refer(node: Element, policy: str) -> None:
    SubElement(SubElement(node, f"{{{_POLICY}}}Policy"), f"{{{_POLICY}}}PolicyReference", {"URI": f"#{policy}"})


def type_name(kind: str) -> str:
    """The XML type of a field, as ABAP names it."""
    first, rest = kind[0], kind[1:]
    named = {"C": f"tns:char{rest}", "N": f"tns:numeric{rest}", "W": f"tns:cuky{rest}", "U": f"tns:unit{rest}"}
    return {**named, "D": "tns:date10", "P": f"tns:decimal{rest}", "I": "xsd:int"}[first]


def _simple_types(schema: Element) -> None:
    kinds = {kind for fields in STRUCTURES.values() for kind in fields.values()}
    for function in FUNCTIONS.values():
        kinds |= {kind for kind in (*function.imports.values(), *function.exports.values()) if kind not in STRUCTURES}
    for kind in sorted(kinds - {"I"}, key=type_name):
        node = SubElement(schema, f"{{{_XSD}}}simpleType", {"name": type_name(kind).partition(":")[2]})
        base = "xsd:decimal" if kind[0] == "P" else "xsd:string"
        facets = SubElement(node, f"{{{_XSD}}}restriction", {"base": base})
        for facet, value in _facets(kind).items():
            SubElement(facets, f"{{{_XSD}}}{facet}", {"value": value})


def _facets(kind: str) -> dict[str, str]:
    if kind[0] == "P":
        digits, decimals = kind[1:].split(".")
        return {"totalDigits": digits, "fractionDigits": decimals}
    if kind == "D":
        return {"maxLength": "10", "pattern": r"\d\d\d\d-\d\d-\d\d"}
    return {"maxLength": kind[1:], **({"pattern": r"\d*"} if kind[0] == "N" else {})}


def _structures(schema: Element) -> None:
    for name, fields in STRUCTURES.items():
        sequence = _sequence(schema, f"ZERPSYNC_S_{name}")
        for field, kind in fields.items():
            SubElement(sequence, f"{{{_XSD}}}element", {"name": field, "type": type_name(kind)})
        item = {"name": "item", "type": f"tns:ZERPSYNC_S_{name}", "minOccurs": "0", "maxOccurs": "unbounded"}
        SubElement(_sequence(schema, f"ZERPSYNC_T_{name}"), f"{{{_XSD}}}element", item)


def _sequence(schema: Element, name: str) -> Element:
    node = SubElement(schema, f"{{{_XSD}}}complexType", {"name": name})
    return SubElement(node, f"{{{_XSD}}}sequence")


def _element(schema: Element, name: str, parameters: Mapping[str, str]) -> None:
    node = SubElement(SubElement(schema, f"{{{_XSD}}}element", {"name": name}), f"{{{_XSD}}}complexType")
    sequence = SubElement(node, f"{{{_XSD}}}sequence")
    for parameter, kind in sorted(parameters.items()):
        spelled = f"tns:ZERPSYNC_T_{kind}" if kind in STRUCTURES else type_name(kind)
        SubElement(sequence, f"{{{_XSD}}}element", {"name": parameter, "type": spelled})


def _port_type(root: Element) -> None:
    port_type = SubElement(root, f"{{{_WSDL}}}portType", {"name": _PORT_TYPE})
    _refer(port_type, "IF__ZERPSYNC")
    for name in FUNCTIONS:
        operation = SubElement(port_type, f"{{{_WSDL}}}operation", {"name": name})
        _refer(operation, "OP__ZERPSYNC")
        SubElement(operation, f"{{{_WSDL}}}input", {"message": f"tns:{name}"})
        SubElement(operation, f"{{{_WSDL}}}output", {"message": f"tns:{name}Response"})


def _binding(root: Element, suffix: str, soap: str) -> None:
    binding = SubElement(root, f"{{{_WSDL}}}binding", {"name": f"zerpsync{suffix}", "type": f"tns:{_PORT_TYPE}"})
    _refer(binding, f"BN__zerpsync{suffix}")
    transport = {"transport": "http://schemas.xmlsoap.org/soap/http", "style": "document"}
    SubElement(binding, f"{{{soap}}}binding", transport)
    for name in FUNCTIONS:
        operation = SubElement(binding, f"{{{_WSDL}}}operation", {"name": name})
        SubElement(operation, f"{{{soap}}}operation", {"soapAction": soap_action(name), "style": "document"})
        for way in ("input", "output"):
            SubElement(SubElement(operation, f"{{{_WSDL}}}{way}"), f"{{{soap}}}body", {"use": "literal"})
