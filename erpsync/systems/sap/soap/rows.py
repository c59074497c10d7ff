"""Rows for the web service: every field in ABAP's form, lengths kept. What does not fit is refused by name, not cut."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.systems.sap.soap.settings import SYSTEM
from erpsync.systems.sap.soap.wire import Field, Row, Structure

NO_DATE = "0000-00-00"
"""ABAP's initial date in XML."""


def row(structure: Structure, record: str, values: Mapping[str, object]) -> Row:
    """A whole row: `values`, and the initial value of every other field. Raises Rejected naming a field that does not
    fit; its content is never part of the text."""
    unknown = values.keys() - structure.keys()
    if unknown:
        raise KeyError(f"no such fields: {sorted(unknown)}")
    return {name: _written(field, values.get(name), record) for name, field in structure.items()}


def alpha(value: str, length: int = 10) -> str:
    """A number as tables hold it, with leading zeros (conversion exit ALPHA); anything else as it is."""
    text = value.strip()
    return text.zfill(length) if text.isdigit() else text


def shown(value: str) -> str:
    """The same as screens show it."""
    return (value.lstrip("0") or value) if value.isdigit() else value


def _written(field: Field, value: object, record: str) -> object:
    if field.kind == "D":
        return value.isoformat() if isinstance(value, date) else NO_DATE
    if field.kind == "P":
        return _packed(field, value if isinstance(value, Decimal) else Decimal(0), record)
    if field.kind == "N":
        return str(value or 0).zfill(field.length)
    text = "" if value is None else str(value)
    # A line break or a tab cannot be shown in a CHAR field, and SAP's screens cut there.
    text = (" ".join(text.split()) if any(ord(one) < 32 for one in text) else text).rstrip()
    if len(text) > field.length:
        raise Rejected(
            "too-long",
            system=SYSTEM,
            record=record,
            what=f"{field.name} would be {len(text)} characters; SAP takes {field.length}.",
            next_step="Shorten that text in the store (or the expression that makes it), then replay.",
        )
    return text


def _packed(field: Field, value: Decimal, record: str) -> Decimal:
    normal = value.quantize(Decimal(1).scaleb(-field.decimals))
    if normal != value or len(normal.as_tuple().digits) > field.length:
        raise Rejected(
            "number-does-not-fit",
            system=SYSTEM,
            record=record,
            what=f"{field.name} {value:f} does not fit {field.length} digits with {field.decimals} decimals.",
            next_step="Correct the quantity or the amount in the store, then replay.",
        )
    return normal
