"""OData V2 query options over rows: $filter, $orderby, $top, $skip, $skiptoken, $select, $expand and $inlinecount."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from erpsync.systems.sap.odata.simulator_types import EntitySet

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(datetimeoffset|datetime|time)'([^']*)'|'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)[mMdDfL]?(?![\w])|([()])|(,)|([A-Za-z_]\w*))"
)
_PT = re.compile(r"PT(\d+)H(\d+)M(\d+)S")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_LITERALS = {"s": str, "d": Decimal, "D": date, "O": datetime, "T": time, "B": bool}


class BadRequest(Exception):
    """What the client asked for is not OData, or not of this entity set."""


def matching(expression: str, entities: EntitySet, *, ignore_case: bool = False) -> Test:
    """The rows that a $filter lets through, all of them where it is empty. Raises BadRequest."""
    if not expression:
        return lambda _: True
    parser = _Parser(expression, entities, ignore_case)
    test = parser.any_of()
    if parser.peek() is not None:
        raise BadRequest(f"unexpected {parser.peek()} in $filter")
    return test


def sort_key(entities: EntitySet, name: str) -> Callable[[Row], Any]:
    """Orders rows as SAP does: numbers held as text by their value, empty first."""
    if name not in entities.properties:
        raise BadRequest(f"unknown property {name} in $orderby")
    return lambda row: (row.get(name) is not None, comparable(row.get(name), ignore_case=False))


def comparable(value: Any, *, ignore_case: bool) -> Any:
    if isinstance(value, str):
        # Document and customer numbers are kept with leading zeros inside.
        padded = value.zfill(40) if value.isdigit() else value
        return padded.lower() if ignore_case else padded
    return value


class _Parser:
    def __init__(self, expression: str, entities: EntitySet, ignore_case: bool) -> None:
        self._entities = entities
        self._ignore_case = ignore_case
        self._tokens = _tokens(expression)
        self._at = 0

    def peek(self) -> Any:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self.peek() == ("word", "or"):
            self._at += 1
            tests.append(self._all_of())
        return lambda row: any(test(row) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self.peek() == ("word", "and"):
            self._at += 1
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        token = self._next()
        if token == ("mark", "("):
            test = self.any_of()
            self._expect(("mark", ")"))
            return test
        if token == ("word", "not"):
            inner = self._one()
            return lambda row: not inner(row)
        if token[0] != "word" or token[1] not in self._entities.properties:
            raise BadRequest(f"{self._entities.name} has no property {token[1]}")
        return self._comparison(token[1])

    def _comparison(self, name: str) -> Test:
        prop = self._entities.properties[name]
        if not prop.filterable:
            raise BadRequest(f"property {name} cannot be filtered")
        operator = self._next()[1]
        if operator not in _COMPARE:
            raise BadRequest(f"{operator} is not an operator")
        kind, literal = self._next()
        if kind == "word":
            literal = {"true": True, "false": False, "null": None}.get(literal, literal)
        if literal is not None and type(literal) is not _LITERALS[prop.kind]:
            raise BadRequest(f"property {name} is not compared with that kind of value")
        return self._test(name, operator, literal)

    def _test(self, name: str, operator: str, literal: Any) -> Test:
        compare = _COMPARE[operator]
        wanted = comparable(literal, ignore_case=self._ignore_case)

        def test(row: Row) -> bool:
            value = row.get(name)
            if value is None or literal is None:
                return compare(value, literal) if operator in ("eq", "ne") else False
            return compare(comparable(value, ignore_case=self._ignore_case), wanted)

        return test

    def _next(self) -> tuple[str, Any]:
        token = self.peek()
        if token is None:
            raise BadRequest("$filter ends too early")
        self._at += 1
        return token  # type: ignore[no-any-return]

    def _expect(self, wanted: tuple[str, str]) -> None:
        if self._next() != wanted:
            raise BadRequest(f"{wanted[1]} is missing in $filter")


def _tokens(expression: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    at = 0
    while expression[at:].strip():
        match = _TOKEN.match(expression, at)
        if match is None:
            raise BadRequest(f"$filter cannot be read at {at}")
        found.append(_token(match))
        at = match.end()
    return found


def _token(match: re.Match[str]) -> tuple[str, Any]:
    kind, value, text, number, mark, comma, word = match.groups()
    try:
        if kind == "datetime":
            return "value", datetime.fromisoformat(value).date()
        if kind == "datetimeoffset":
            return "value", datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(UTC)
        if kind == "time":
            hours, minutes, seconds = (int(part) for part in _PT.fullmatch(value).groups())  # type: ignore[union-attr]
            return "value", time(hours, minutes, seconds)
    except (ValueError, AttributeError):
        raise BadRequest(f"{value} is not a {kind}") from None
    if text is not None:
        return "value", text.replace("''", "'")
    if number is not None:
        return "value", Decimal(number)
    return ("mark", mark or comma) if mark or comma else ("word", word)
