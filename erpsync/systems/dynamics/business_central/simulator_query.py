"""The part of OData V4 queries that Business Central answers: $filter, $orderby, $top, $select, $expand, and pages.

Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/webservices/use-filter-expressions-in-odata-uris
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.systems.dynamics.business_central.simulator_tables import CHILDREN, TABLES, Refusal, Row

Test: TypeAlias = Callable[[Row], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punct>[()])|(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?![\w.:-])"
    r"|(?P<literal>[-+0-9A-Fa-f][0-9A-Za-z.:+-]*))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: bool(one == other),
    "ne": lambda one, other: bool(one != other),
    "gt": lambda one, other: bool(one > other),
    "ge": lambda one, other: bool(one >= other),
    "lt": lambda one, other: bool(one < other),
    "le": lambda one, other: bool(one <= other),
}


def chosen(table: str, rows: Sequence[Row], params: Mapping[str, str]) -> list[Row]:
    """The rows that the query asks for, in its order."""
    known = {"$filter", "$orderby", "$top", "$select", "$expand", "$skiptoken"}
    for name in params:
        if name.startswith("$") and name not in known:
            raise Refusal(400, "BadRequest", f"The query parameter '{name}' is not supported.")
    test = parse(table, params["$filter"]) if "$filter" in params else lambda _: True
    found = [row for row in rows if test(row)]
    for part in reversed(params.get("$orderby", "").split(",")):
        name, _, direction = part.strip().partition(" ")
        if name:
            _known(table, name)
            found.sort(key=lambda row, name=name: row[name], reverse=direction == "desc")  # type: ignore[misc]
    return found[: int(params["$top"])] if "$top" in params else found


def shown(table: str, row: Row, params: Mapping[str, str], children: Callable[[str, str, str], list[Row]]) -> Row:
    """The row with the fields selected and the children expanded. `children(table, field, id)` finds them."""
    names = [name for name in params.get("$select", "").split(",") if name]
    for name in names:
        _known(table, name)
    answer = {name: row[name] for name in names or TABLES[table]}
    if "@odata.etag" in row:
        answer["@odata.etag"] = row["@odata.etag"]
    for name, inner in _expansions(params.get("$expand", "")):
        if name not in CHILDREN.get(table, {}):
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on type '{table}'.")
        child, field = CHILDREN[table][name]
        answer[name] = [shown(child, one, inner, children) for one in children(child, field, row["id"])]
    return answer


def parse(table: str, text: str) -> Test:
    """A $filter as a test of rows. Raises Refusal where Business Central could not read it."""
    tokens = []
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _syntax(text)
        tokens.append(found)
        position = found.end()
    test, rest = _either(table, tokens)
    if rest:
        raise _syntax(text)
    return test


def _either(table: str, tokens: list[re.Match[str]]) -> tuple[Test, list[re.Match[str]]]:
    test, tokens = _both(table, tokens)
    while tokens and tokens[0]["word"] == "or":
        other, tokens = _both(table, tokens[1:])
        test = _joined(any, test, other)
    return test, tokens


def _both(table: str, tokens: list[re.Match[str]]) -> tuple[Test, list[re.Match[str]]]:
    test, tokens = _term(table, tokens)
    while tokens and tokens[0]["word"] == "and":
        other, tokens = _term(table, tokens[1:])
        test = _joined(all, test, other)
    return test, tokens


def _joined(how: Callable[[list[bool]], bool], one: Test, other: Test) -> Test:
    return lambda row: how([one(row), other(row)])


def _term(table: str, tokens: list[re.Match[str]]) -> tuple[Test, list[re.Match[str]]]:
    if tokens and tokens[0]["punct"] == "(":
        test, rest = _either(table, tokens[1:])
        if not rest or rest[0]["punct"] != ")":
            raise _syntax("(")
        return test, rest[1:]
    if len(tokens) < 3 or tokens[1]["word"] not in _COMPARE:
        raise _syntax(" ".join(token[0] for token in tokens))
    name = tokens[0]["word"] or ""
    _known(table, name)
    compare = _COMPARE[tokens[1]["word"]]
    value = _literal(TABLES[table][name].kind, tokens[2])
    return (lambda row: compare(row[name], value)), tokens[3:]


def _literal(kind: str, token: re.Match[str]) -> Any:
    if (kind in ("text", "code")) != (token["text"] is not None):
        raise _syntax(token[0])
    if token["text"] is not None:
        value = token["text"][1:-1].replace("''", "'")
        return value.upper() if kind == "code" else value
    written = token["word"] or token["literal"]
    if kind == "bool":
        return written == "true"
    if kind in ("int", "decimal"):
        return Decimal(written)
    return written


def _expansions(text: str) -> list[tuple[str, dict[str, str]]]:
    """`name($select=a,b),other` as names with their own parameters."""
    found = []
    for match in re.finditer(r"([A-Za-z]+)(?:\(([^()]*)\))?(?:,|$)", text):
        inner = dict(part.split("=", 1) for part in (match[2] or "").split(";") if "=" in part)
        found.append((match[1], inner))
    return found


def _known(table: str, name: str) -> None:
    if name not in TABLES[table]:
        raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on type 'Microsoft.NAV.{table}'.")


def _syntax(text: str) -> Refusal:
    return Refusal(400, "BadRequest_NotFound", f"Syntax error in '{text[:40]}'.")
