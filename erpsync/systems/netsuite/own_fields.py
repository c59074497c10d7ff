"""The merchant's own fields in SuiteTalk records, by `order_fields` and `customer_fields`. Pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from erpsync.mapping import Value
from erpsync.systems.netsuite import fields, wire
from erpsync.systems.netsuite.fields import Kind, Place

_CUSTOM_TYPES = {
    Kind.TEXT: "String",
    Kind.NUMBER: "Double",
    Kind.INTEGER: "Long",
    Kind.CHECKBOX: "Boolean",
    Kind.DATE: "Date",
    Kind.SELECT: "Select",
}


def fill(record: Any, values: Mapping[Place, Value], name: str) -> None:
    """Sets the merchant's own fields, over whatever is there. What is empty is left out: SuiteTalk empties a field by its
    name in nullFieldList, not by an empty text."""
    for place, value in values.items():
        if value is None or value == "":
            continue
        kind, converted = fields.converted(place, value, record=name)
        if not place.custom:
            record[place.name] = {"internalId": converted} if kind is Kind.SELECT else converted
            continue
        holders = record["itemList"]["item"] if place.on_lines else [record]
        for holder in holders:
            held = holder.setdefault("customFieldList", {"customField": []})["customField"]
            held[:] = [field for field in held if field["scriptId"] != place.name]
            held.append(custom_field(place, kind, converted))


def custom_field(place: Place, kind: Kind, value: str | Decimal | bool | datetime) -> wire.CustomField:
    held = wire.Ref(internalId=str(value)) if kind is Kind.SELECT else value
    return {"$type": f"core:{_CUSTOM_TYPES[kind]}CustomFieldRef", "scriptId": place.name, "value": held}
