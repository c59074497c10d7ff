"""The WSDL and XSD documents that the simulator publishes, written from `simulator_schema` with its own address."""

from xml.etree.ElementTree import Element, SubElement, tostring

from erpsync.systems.netsuite.simulator_schema import (
    FAULTS,
    OPERATIONS,
    XSD,
    Field,
    Type,
    elements,
    namespace,
    prefixes,
    simple_types,
    types,
)

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_SEARCHES = ("search", "searchMoreWithId")
_BARE = ("getServerTime", "getAccountGovernanceInfo")


def xsd(prefix: str, version: str, base_url: str) -> bytes:
    """The schema of one namespace."""
    root = _root(f"{{{XSD}}}schema", version)
    root.set("targetNamespace", namespace(prefix, version))
    root.set("elementFormDefault", "qualified")
    for other in prefixes():
        if other != prefix:
            place = {"namespace": namespace(other, version), "schemaLocation": _address(other, version, base_url)}
            SubElement(root, f"{{{XSD}}}import", place)
    for name in sorted(simple_types()):
        if name.startswith(f"{prefix}:"):
            simple = SubElement(root, f"{{{XSD}}}simpleType", {"name": _local(name)})
            SubElement(simple, f"{{{XSD}}}restriction", {"base": "xsd:string"})
    for name, found in types().items():
        if name.startswith(f"{prefix}:"):
            _complex_type(root, found)
    for name, type_name in elements().items():
        if name.startswith(f"{prefix}:"):
            SubElement(root, f"{{{XSD}}}element", {"name": _local(name), "type": _q(type_name)})
    return _written(root)


def wsdl(version: str, base_url: str) -> bytes:
    """The service description of one endpoint version."""
    root = _root(f"{{{_WSDL}}}definitions", version)
    root.set("targetNamespace", namespace("platform", version))
    schema = SubElement(SubElement(root, f"{{{_WSDL}}}types"), f"{{{XSD}}}schema")
    for prefix in prefixes():
        place = {"namespace": namespace(prefix, version), "schemaLocation": _address(prefix, version, base_url)}
        SubElement(schema, f"{{{XSD}}}import", place)
    headers = _message(root, "headers", {})
    for part in ("tokenPassport", "preferences", "searchPreferences", "documentInfo"):
        SubElement(headers, f"{{{_WSDL}}}part", {"name": part, "element": _q(f"messages:{part}")})
    for operation in OPERATIONS:
        _message(root, f"{operation}Request", {"parameters": f"messages:{operation}"})
        _message(root, f"{operation}Response", {"parameters": f"messages:{operation}Response"})
    for fault in FAULTS:
        _message(root, fault, {"fault": f"faults:{fault[0].lower()}{fault[1:]}"})
    _port_type(root)
    _binding(root)
    service = SubElement(root, f"{{{_WSDL}}}service", {"name": "NetSuiteService"})
    port = SubElement(service, f"{{{_WSDL}}}port", {"name": "NetSuitePort", "binding": "platform:NetSuiteBinding"})
    SubElement(port, f"{{{_SOAP}}}address", {"location": f"{base_url}/services/NetSuitePort_{version}"})
    return _written(root)


def _root(tag: str, version: str) -> Element:
    root = Element(tag)
    # Written out: the prefixes stand in attribute values, where ElementTree does not see them.
    for prefix in ["platform", *prefixes()]:
        root.set(f"xmlns:{_nc(prefix)}", namespace(prefix, version))
    root.set("xmlns:xsd", XSD)
    return root


def _complex_type(root: Element, found: Type) -> None:
    node = SubElement(root, f"{{{XSD}}}complexType", {"name": _local(found.name)})
    if found.abstract:
        node.set("abstract", "true")
    inner = node
    if found.text or found.base:
        content = SubElement(node, f"{{{XSD}}}{'simpleContent' if found.text else 'complexContent'}")
        inner = SubElement(content, f"{{{XSD}}}extension", {"base": _q(found.text or found.base)})
    if found.fields:
        sequence = SubElement(inner, f"{{{XSD}}}sequence")
        for field in found.fields:
            _field(sequence, field)
    for name, type_name in found.attributes:
        SubElement(inner, f"{{{XSD}}}attribute", {"name": name, "type": _q(type_name)})


def _field(sequence: Element, field: Field) -> None:
    node = SubElement(sequence, f"{{{XSD}}}element")
    if field.reference:
        node.set("ref", _q(f"{field.namespace}:{field.name}"))
    else:
        node.set("name", field.name)
        node.set("type", _q(field.type))
    if not field.required:
        node.set("minOccurs", "0")
    if field.many:
        node.set("maxOccurs", "unbounded")


def _message(root: Element, name: str, parts: dict[str, str]) -> Element:
    message = SubElement(root, f"{{{_WSDL}}}message", {"name": name})
    for part, element in parts.items():
        SubElement(message, f"{{{_WSDL}}}part", {"name": part, "element": _q(element)})
    return message


def _port_type(root: Element) -> None:
    port_type = SubElement(root, f"{{{_WSDL}}}portType", {"name": "NetSuitePortType"})
    for operation in OPERATIONS:
        node = SubElement(port_type, f"{{{_WSDL}}}operation", {"name": operation})
        for tag, suffix in (("input", "Request"), ("output", "Response")):
            name = f"{operation}{suffix}"
            SubElement(node, f"{{{_WSDL}}}{tag}", {"name": name, "message": f"platform:{name}"})
        for fault in FAULTS:
            SubElement(node, f"{{{_WSDL}}}fault", {"name": fault, "message": f"platform:{fault}"})


def _binding(root: Element) -> None:
    attributes = {"name": "NetSuiteBinding", "type": "platform:NetSuitePortType"}
    binding = SubElement(root, f"{{{_WSDL}}}binding", attributes)
    http = "http://schemas.xmlsoap.org/soap/http"
    SubElement(binding, f"{{{_SOAP}}}binding", {"style": "document", "transport": http})
    for operation in OPERATIONS:
        node = SubElement(binding, f"{{{_WSDL}}}operation", {"name": operation})
        SubElement(node, f"{{{_SOAP}}}operation", {"soapAction": operation})
        incoming = ["tokenPassport"]
        if operation not in _BARE:
            incoming.append("searchPreferences" if operation in _SEARCHES else "preferences")
        for tag, suffix, parts in (("input", "Request", incoming), ("output", "Response", ["documentInfo"])):
            side = SubElement(node, f"{{{_WSDL}}}{tag}", {"name": f"{operation}{suffix}"})
            for part in parts:
                header = {"message": "platform:headers", "part": part, "use": "literal"}
                SubElement(side, f"{{{_SOAP}}}header", header)
            SubElement(side, f"{{{_SOAP}}}body", {"use": "literal"})
        for fault in FAULTS:
            side = SubElement(node, f"{{{_WSDL}}}fault", {"name": fault})
            SubElement(side, f"{{{_SOAP}}}fault", {"name": fault, "use": "literal"})


def _address(prefix: str, version: str, base_url: str) -> str:
    return f"{base_url}/xsd/v{version}_0/{prefix}.xsd"


def _q(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{_nc(prefix)}:{local}"


def _nc(prefix: str) -> str:
    return prefix.replace(".", "-")


def _local(name: str) -> str:
    return name.partition(":")[2]


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
