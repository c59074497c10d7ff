"""Reads and writes SOAP by `simulator_schema`, strictly: unknown and misplaced elements are errors."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias, cast
from xml.etree.ElementTree import Element, ParseError, SubElement, XMLPullParser, tostring

from erpsync.systems.netsuite.simulator_schema import (
    Field,
    all_attributes,
    all_fields,
    elements,
    extends,
    namespace,
    prefixes,
    simple_types,
    types,
)

Values: TypeAlias = dict[str, Any]
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


class BadXml(Exception):
    """The message does not fit the schema. `str()` says where and why."""


def parse(body: bytes) -> tuple[list[Element], list[Element]]:
    """The children of a SOAP envelope's header and body. Values of xsi:type are expanded to {namespace}Name."""
    if b"<!DOCTYPE" in body:
        raise BadXml("a document type declaration is not allowed")
    root = _parsed(body)
    if root.tag != f"{{{_ENVELOPE}}}Envelope":
        raise BadXml("not a SOAP 1.1 envelope")
    header, content = root.find(f"{{{_ENVELOPE}}}Header"), root.find(f"{{{_ENVELOPE}}}Body")
    if content is None:
        raise BadXml("no body")
    return list(header) if header is not None else [], list(content)


def read(element: Element, version: str) -> Values:
    """The content of a global element. Raises BadXml."""
    name = _name(element.tag, version)
    if name not in elements():
        raise BadXml(f"{element.tag} is not known")
    value = _read(element, elements()[name], version, name)
    return value if isinstance(value, dict) else {"": value}


def write(name: str, values: Mapping[str, Any], version: str) -> Element:
    """The global element `name` ("prefix:name") with these values."""
    prefix, _, local = name.partition(":")
    element = Element(f"{{{namespace(prefix, version)}}}{local}")
    _write(element, elements()[name], values, version)
    return element


def envelope(body: Element, header: Element | None = None) -> bytes:
    """A reply."""
    root = Element(f"{{{_ENVELOPE}}}Envelope")
    if header is not None:
        SubElement(root, f"{{{_ENVELOPE}}}Header").append(header)
    SubElement(root, f"{{{_ENVELOPE}}}Body").append(body)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def fault(message: str, detail: Element | None = None) -> bytes:
    """A SOAP fault."""
    node = Element(f"{{{_ENVELOPE}}}Fault")
    code = SubElement(node, "faultcode", {"xmlns:soapenv": _ENVELOPE})
    code.text = "soapenv:Server.userException"
    SubElement(node, "faultstring").text = message
    inner = SubElement(node, "detail")
    if detail is not None:
        inner.append(detail)
    return envelope(node)


def _parsed(body: bytes) -> Element:
    # Only the parser's events tell which prefix stands for which namespace where an xsi:type is met.
    parser: XMLPullParser[Any] = XMLPullParser(("start-ns", "end-ns", "start"))
    scopes: list[tuple[str, str]] = []
    root: Element | None = None
    try:
        parser.feed(body)
        parser.close()
    except ParseError as error:
        raise BadXml(f"not well-formed: {error}") from error
    for event, value in cast(Iterable[tuple[str, Any]], parser.read_events()):
        if event == "start-ns":
            scopes.append(value)
        elif event == "end-ns":
            scopes.pop()
        else:
            root = value if root is None else root
            _expand_type(value, scopes)
    if root is None:
        raise BadXml("empty")
    return root


def _expand_type(element: Element, scopes: list[tuple[str, str]]) -> None:
    key = f"{{{_XSI}}}type"
    if key in element.attrib:
        prefix, _, name = element.attrib[key].rpartition(":")
        uri = next((uri for known, uri in reversed(scopes) if known == prefix), "")
        element.set(key, f"{{{uri}}}{name}")


def _read(element: Element, type_name: str, version: str, path: str) -> Any:
    if type_name.startswith("xsd:") or type_name in simple_types():
        if len(element):
            raise BadXml(f"{path}: has children")
        return _value(element.text or "", type_name, path)
    actual = _actual_type(element, type_name, version, path)
    found = types()[actual]
    values: Values = {"$type": actual.partition(":")[2]}
    known = all_attributes(actual)
    for key, value in element.attrib.items():
        if key.startswith(f"{{{_XSI}}}"):
            continue
        if key not in known:
            raise BadXml(f"{path}: attribute {key} is not known")
        values[key] = _value(value, known[key], f"{path}@{key}")
    if found.text:
        return {**values, "": _value(element.text or "", found.text, path)}
    if (element.text or "").strip():
        raise BadXml(f"{path}: has text")
    return values | _children(element, actual, version, path)


def _children(element: Element, type_name: str, version: str, path: str) -> Values:
    values: Values = {}
    fields = all_fields(type_name)
    position = 0
    for child in element:
        place = next((i for i in range(position, len(fields)) if _tag(fields[i], version) == child.tag), None)
        if place is None:
            early = any(_tag(field, version) == child.tag for field in fields)
            raise BadXml(f"{path}: {child.tag} is {'out of order or repeated' if early else 'not known'}")
        field = fields[place]
        value = _read(child, field.type, version, f"{path}/{field.name}")
        if field.many:
            values.setdefault(field.name, []).append(value)
        else:
            values[field.name] = value
        position = place if field.many else place + 1
    for field in fields:
        if field.required and field.name not in values:
            raise BadXml(f"{path}: {field.name} is missing")
    return values


def _actual_type(element: Element, declared: str, version: str, path: str) -> str:
    given = element.attrib.get(f"{{{_XSI}}}type")
    actual = _name(given, version) if given else declared
    if actual not in types() or not extends(actual, declared):
        raise BadXml(f"{path}: {given} is not a {declared}")
    if types()[actual].abstract:
        raise BadXml(f"{path}: {declared} is abstract, say which by xsi:type")
    return actual


def _value(text: str, type_name: str, path: str) -> Any:
    stripped = text.strip()
    try:
        if type_name == "xsd:boolean":
            return {"true": True, "1": True, "false": False, "0": False}[stripped]
        if type_name == "xsd:double":
            return Decimal(stripped)
        if type_name in ("xsd:int", "xsd:long"):
            return int(stripped)
        if type_name == "xsd:dateTime":
            return datetime.fromisoformat(stripped)
    except (KeyError, ValueError, InvalidOperation) as error:
        raise BadXml(f"{path}: {stripped!r} is not a {type_name}") from error
    return text


def _write(element: Element, type_name: str, values: Mapping[str, Any], version: str) -> None:
    given = values.get("$type")
    actual = type_name if given is None else given
    if actual != type_name:
        prefix, _, local = actual.partition(":")
        element.set("xmlns:actual", namespace(prefix, version))
        element.set(f"{{{_XSI}}}type", f"actual:{local}")
    fields = all_fields(actual)
    attributes = all_attributes(actual)
    unknown = set(values) - {field.name for field in fields} - set(attributes) - {"$type"}
    if unknown:
        raise KeyError(f"{actual} has no {sorted(unknown)}")
    for name in attributes:
        if values.get(name) is not None:
            element.set(name, _text(values[name]))
    for field in fields:
        value = values.get(field.name)
        for single in value if isinstance(value, list) else [] if value is None else [value]:
            child = SubElement(element, _tag(field, version))
            if isinstance(single, Mapping):
                _write(child, field.type, single, version)
            else:
                child.text = _text(single)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _tag(field: Field, version: str) -> str:
    return f"{{{namespace(field.namespace, version)}}}{field.name}"


def _name(tag: str, version: str) -> str:
    uri, _, local = tag.removeprefix("{").rpartition("}")
    prefix = next((prefix for prefix in prefixes() if namespace(prefix, version) == uri), "")
    return f"{prefix}:{local}"
