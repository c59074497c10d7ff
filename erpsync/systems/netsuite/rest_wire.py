"""What crosses the wire by REST. Records are spelled by `rest_mapper` from those of `wire`; these are the answers."""

from typing import Any, TypeAlias, TypedDict

Json: TypeAlias = dict[str, Any]
"""A record as REST spells it: references {"id": ...}, sublists {"items": [...]}, custom fields by script id."""

Row: TypeAlias = dict[str, str]
"""A row of SuiteQL: every value text, NULLs absent, names in small letters."""


class Choice(TypedDict, total=False):
    """A reference, or one of a list of values."""

    id: str
    refName: str


class ReadLine(TypedDict, total=False):
    """A line of a sales order that was read."""

    line: int
    item: Choice
    quantity: Any
    isClosed: bool
    quantityFulfilled: Any
    quantityBilled: Any


class ReadLines(TypedDict, total=False):
    items: list[ReadLine]


class ReadOrder(TypedDict, total=False):
    """A sales order, read with expandSubResources."""

    id: str
    tranId: str
    orderStatus: Choice
    item: ReadLines
