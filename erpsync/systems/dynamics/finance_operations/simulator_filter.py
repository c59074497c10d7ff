"""What F&O understands of $filter, and what it does not: no `in`, no text functions, eq and ne alone for enumerations;
an asterisk in a text is a wildcard.
https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/odata#filter-details
"""

import fnmatch
import operator
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.systems.dynamics.finance_operations.simulator_schema import ENUMERATIONS, Entity, Field, Row
from erpsync.systems.dynamics.finance_operations.simulator_tables import Refused

Test: TypeAlias = Callable[[Row], bool]

_TOKENS = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<enum>Microsoft\.Dynamics\.DataEntities\.(?P<kind>\w+)'(?P<member>\w+)')"
    r"|(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*))"
)
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def compiled(entity: Entity, text: str) -> Test:
    """The filter as a test of rows. Raises Refused where F&O would."""
    parser = _Parser(entity, text)
    test = parser.either()
    if parser.more():
        raise _bad(f"Syntax error at position {parser.at} in '{text}'.")
    return test


class _Parser:
    def __init__(self, entity: Entity, text: str) -> None:
        self._entity = entity
        self._text = text
        self.at = 0

    def more(self) -> bool:
        return bool(self._text[self.at :].strip())

    def either(self) -> Test:
        tests = [self._all()]
        while self._word("or"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._word("not"):
            test = self._one()
            return lambda row: not test(row)
        token = self._next()
        if token["open"]:
            inner = self.either()
            if not self._next()["close"]:
                raise _bad(f"')' expected at position {self.at} in '{self._text}'.")
            return inner
        return self._comparison(str(token["word"]))

    def _comparison(self, name: str) -> Test:
        field = self._entity.fields.get(name)
        if field is None:
            raise _bad(
                f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.DataEntities.{self._entity.type}'."
            )
        sign = str(self._next()["word"])
        if sign not in _ORDERED:
            raise _bad(f"The operator '{sign}' is not supported.")
        wanted = self._literal(field, sign)
        if isinstance(wanted, str) and "*" in wanted and sign in ("eq", "ne"):
            return lambda row: fnmatch.fnmatchcase(str(row[name]).lower(), wanted.lower()) == (sign == "eq")
        compare = _ORDERED[sign]
        return lambda row: compare(_comparable(field, row[name]), _comparable(field, wanted))

    def _literal(self, field: Field, sign: str) -> Any:
        token = self._next()
        if field.kind in ENUMERATIONS:
            if (
                token["kind"] != field.kind
                or token["member"] not in ENUMERATIONS[field.kind]
                or sign not in ("eq", "ne")
            ):
                raise _bad(f"A binary operator with incompatible types was detected for the enumeration {field.kind}.")
            return token["member"]
        expected = {"text": "text", "date": "date", "dec": "number", "int": "number"}[field.kind]
        if not token[expected]:
            raise _bad(f"A binary operator with incompatible types was detected near position {self.at}.")
        literal = str(token[expected])
        return literal[1:-1].replace("''", "'") if field.kind == "text" else literal

    def _word(self, word: str) -> bool:
        match = re.match(rf"\s*{word}\b", self._text[self.at :])
        if match is None:
            return False
        self.at += match.end()
        return True

    def _next(self) -> dict[str, str | None]:
        match = _TOKENS.match(self._text, self.at)
        if match is None:
            raise _bad(f"Syntax error at position {self.at} in '{self._text}'.")
        self.at = match.end()
        return match.groupdict()


def _comparable(field: Field, value: Any) -> Any:
    if field.kind == "text":
        return str(value).lower()
    if field.kind == "date":
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return Decimal(str(value)) if field.kind in ("dec", "int") else value


def _bad(message: str) -> Refused:
    return Refused(400, message, "ODataException")
