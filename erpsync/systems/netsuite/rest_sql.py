"""Values in SuiteQL. REST takes a query as one text without parameters, so values are written into it, quoted here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True)
class Moment:
    """A date and time without a zone, as SuiteQL compares them: "2026-01-31 12:00:00"."""

    text: str


Value: TypeAlias = str | int | Decimal | Moment | Sequence[str] | Sequence[int]

# In lower case: the formats of TO_CHAR and TO_DATE have colons before capitals.
_PLACE = re.compile(r":([a-z][a-z_]*)\b")


def bound(query: str, **values: Value) -> str:
    """The query with each `:name` replaced by its value: text quoted, numbers as they are, a sequence as a list for IN.

    Raises KeyError for a name without a value, ValueError for an empty sequence.
    """
    return _PLACE.sub(lambda place: _literal(values[place[1]]), query)


def ids(texts: Sequence[str]) -> list[int]:
    """Internal ids, which NetSuite keeps as numbers. Raises ValueError for what is none."""
    return [int(text) for text in texts]


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Moment):
        return f"TO_DATE({_literal(value.text)}, 'YYYY-MM-DD HH24:MI:SS')"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not value:
        raise ValueError("an empty list matches nothing; do not ask")
    return f"({', '.join(_literal(one) for one in value)})"
