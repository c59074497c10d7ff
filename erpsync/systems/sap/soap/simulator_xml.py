"""Requests read and replies written as the ABAP web service runtime does: strictly by the function's interface."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from erpsync.systems.sap.soap.simulator_types import FUNCTIONS, STRUCTURES
from erpsync.systems.sap.soap.simulator_wsdl import TARGET

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_FIRST = re.compile(rb"<(?:\w[\w.-]*:)?Body[^>]*>\s*<(?:\w[\w.-]*:)?([\w.-]+)")


class BadRequest(Exception):
    """The request does not fit the interface. Its text is for the provider's error log, not for the caller."""


def called(body: bytes) -> str:
    """The function that a request asks for, without reading it whole."""
    found = _FIRST.search(body)
    return found[1].decode() if found else "unreadable"


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """The function and its parameters; tables as lists of rows. Raises BadRequest."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BadRequest("a document type is not allowed")
    try:
        envelope = fromstring(body)  # noqa: S314 - entities are refused above
    except ParseError as error:
        raise BadRequest(f"no well-formed XML: {error}") from None
    content = envelope.find(f"{{{ENVELOPE}}}Body")
    if envelope.tag != f"{{{ENVELOPE}}}Envelope" or content is None or len(content) != 1:
        raise BadRequest("no SOAP envelope with one body")
    namespace, _, name = content[0].tag[1:].partition("}")
    if namespace != TARGET or name not in FUNCTIONS:
        raise BadRequest(f"no operation {content[0].tag}")
    imports = dict(sorted(FUNCTIONS[name].imports.items()))
    return name, {node.tag: _parameter(node, imports[node.tag]) for node in _in_order(content[0], imports)}


def reply(name: str, values: Mapping[str, Any]) -> bytes:
    """The answer: every export parameter, every field of every row, initial where nothing is given."""
    root = Element(f"{{{ENVELOPE}}}Envelope")
    SubElement(root, f"{{{ENVELOPE}}}Header")
    answer = SubElement(SubElement(root, f"{{{ENVELOPE}}}Body"), f"{{{TARGET}}}{name}Response")
    for parameter, kind in sorted(FUNCTIONS[name].exports.items()):
        node = SubElement(answer, parameter)
        if kind not in STRUCTURES:
            node.text = _text(kind, values.get(parameter))
            continue
        for row in values.get(parameter, []):
            unknown = row.keys() - STRUCTURES[kind].keys()
            if unknown:
                raise KeyError(f"{kind} has no {sorted(unknown)}")
            item = SubElement(node, "item")
            for field, of in STRUCTURES[kind].items():
                SubElement(item, field).text = _text(of, row.get(field))
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def fault(code: str, text: str) -> bytes:
    root = Element(f"{{{ENVELOPE}}}Envelope")
    SubElement(root, f"{{{ENVELOPE}}}Header")
    node = SubElement(SubElement(root, f"{{{ENVELOPE}}}Body"), f"{{{ENVELOPE}}}Fault")
    SubElement(node, "faultcode").text = f"soap-env:{code}"
    SubElement(node, "faultstring").text = text
    SubElement(node, "detail")
    root.set("xmlns:soap-env", ENVELOPE)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _in_order(parent: Element, expected: Mapping[str, str]) -> list[Element]:
    """The children, which must be exactly those expected, unqualified and in order."""
    tags = [child.tag for child in parent]
    if tags != list(expected):
        raise BadRequest(f"{parent.tag}: expected {list(expected)}, found {tags}")
    return list(parent)


def _parameter(node: Element, kind: str) -> Any:
    if kind not in STRUCTURES:
        return _value(kind, node)
    fields = STRUCTURES[kind]
    if any(child.tag != "item" for child in node):
        raise BadRequest(f"{node.tag}: only item is allowed")
    return [{field.tag: _value(fields[field.tag], field) for field in _in_order(item, fields)} for item in node]


def _value(kind: str, node: Element) -> Any:
    text = node.text or ""
    if len(node):
        raise BadRequest(f"{node.tag} holds no elements")
    if kind == "I":
        if not re.fullmatch(r"-?\d{1,10}", text):
            raise BadRequest(f"{node.tag} is not an int")
        return int(text)
    if kind[0] == "P":
        return _packed(kind, text, node.tag)
    if kind == "D":
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise BadRequest(f"{node.tag} is not a date")
        return "" if text == "0000-00-00" else text
    length = int(kind[1:])
    if len(text) > length or (kind[0] == "N" and not re.fullmatch(r"\d*", text)):
        raise BadRequest(f"{node.tag} does not fit {kind}")
    return text.zfill(length) if kind[0] == "N" else text.rstrip(" ")


def _packed(kind: str, text: str, name: str) -> Decimal:
    digits, decimals = map(int, kind[1:].split("."))
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadRequest(f"{name} is not a decimal") from None
    if not re.fullmatch(r"-?\d+(\.\d+)?", text) or number != number.quantize(Decimal(1).scaleb(-decimals)):
        raise BadRequest(f"{name} does not fit {kind}")
    if abs(number) >= Decimal(10) ** (digits - decimals):
        raise BadRequest(f"{name} does not fit {kind}")
    return number


def _text(kind: str, value: Any) -> str:
    if kind == "I":
        return str(value or 0)
    if kind[0] == "P":
        return f"{Decimal(value or 0).quantize(Decimal(1).scaleb(-int(kind.split('.')[1]))):f}"
    if kind == "D":
        return value or "0000-00-00"
    text = str(value or "")
    return text.zfill(int(kind[1:])) if kind[0] == "N" else text[: int(kind[1:])]
