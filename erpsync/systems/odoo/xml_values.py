"""XML-RPC's values: read without entities or document types, with doubles as the exact Decimals they are written as.

Source: http://xmlrpc.com/spec.md; Odoo writes a double by its shortest repr, false for every empty value, times as text.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.parsers import expat
from xmlrpc.client import ResponseError, Unmarshaller, dumps

# XML 1.0 has no way to write them.
_CONTROL_CHARACTERS = dict.fromkeys(set(range(32)) - {9, 10, 13})
_INT_MAX = 2**31 - 1


class NotXmlRpc(Exception):
    """The bytes are no XML-RPC answer, or hold what an answer has no use for."""


def _end_double(values: Unmarshaller, data: str) -> None:
    values.append(Decimal(data))
    values._value = False


class _Values(Unmarshaller):
    """Fed by a parser of our own, which refuses what is unsafe."""

    def __init__(self) -> None:
        super().__init__()
        self.dispatch = {**Unmarshaller.dispatch, "double": _end_double}


def encoded(method: str, params: list[object]) -> bytes:
    """A call. Decimals and integers beyond 32 bits go as doubles, None as false, which is Odoo's word for empty."""
    plain = tuple(_plain(value) for value in params)
    return dumps(plain, method, encoding="utf-8").encode("utf-8", "xmlcharrefreplace")


def decoded(body: bytes) -> Any:
    """The value answered. Raises xmlrpc.client.Fault, or NotXmlRpc."""
    values = _Values()
    values.xml("", None)
    parser = expat.ParserCreate()
    parser.StartElementHandler = values.start
    parser.EndElementHandler = values.end
    parser.CharacterDataHandler = values.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body, True)
        [value] = values.close()
    except (expat.ExpatError, ResponseError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        raise NotXmlRpc(type(error).__name__) from error
    return value


def _refuse(*_: object) -> None:
    raise NotXmlRpc("document type")


def _plain(value: object) -> Any:
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > _INT_MAX):
        return float(value)
    if isinstance(value, str):
        return value.translate(_CONTROL_CHARACTERS)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
