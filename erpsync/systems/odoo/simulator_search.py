"""Search domains and how records are shown, as Odoo has them.

Source: https://www.odoo.com/documentation/19.0/developer/reference/backend/orm.html, section Search domains.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from erpsync.systems.odoo.simulator_models import MODELS, Kind, kind_of
from erpsync.systems.odoo.simulator_records import Database, Record, value_error

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True)
class _Term:
    path: str
    operator: str
    wanted: Any


def search(database: Database, model: str, domain: Iterable[Any], active_test: bool = True) -> list[Record]:
    """Matching records by id. Archived ones only where the domain or the context asks for them."""
    terms = [each if isinstance(each, str) else _prepared(*each) for each in domain]
    named = {term.path for term in terms if isinstance(term, _Term)}
    for path in named:
        if kind_of(model, path.partition(".")[0]) is None:
            raise value_error(f"Invalid field {model}.{path} in condition")
    hidden = active_test and "active" in MODELS[model] and "active" not in named
    rows = sorted(database.tables[model].values(), key=lambda row: int(row["id"]))
    return [row for row in rows if not (hidden and not row["active"]) and _matches(database, model, row, terms)]


def read(database: Database, model: str, rows: Sequence[Record], names: Iterable[str]) -> list[Record]:
    """As JSON-2 shows them: false for what is empty, [id, name] for a link."""
    kinds: dict[str, Kind] = {}
    for name in names:
        kind = kind_of(model, name)
        if kind is None:
            raise value_error(f"Invalid field {name!r} on {model!r}")
        kinds[name] = kind
    shown = [{name: _shown(database, model, row, name, kind) for name, kind in kinds.items()} for row in rows]
    return [{"id": row["id"], **each} for row, each in zip(rows, shown, strict=True)]


def display_name(database: Database, model: str, number: int) -> str:
    record = database.tables[model].get(number, {})
    code = f"[{record['default_code']}] " if record.get("default_code") else ""
    return f"{code}{record.get('name') or ''}"


def _shown(database: Database, model: str, record: Record, name: str, kind: Kind) -> Any:
    if name == "display_name":
        return display_name(database, model, record["id"])
    if kind.type == "one2many":
        return [line["id"] for line in database.below(kind.model, kind.inverse, record["id"])]
    value = record[name]
    if kind.type == "many2one":
        return [value, display_name(database, kind.model, value)] if value else False
    if kind.type in ("float", "monetary"):
        return float(value or 0)
    return False if value is None else value


def _matches(database: Database, model: str, row: Record, terms: Iterable[Any]) -> bool:
    """Prefix notation; terms without an operator before them are joined by "and"."""
    remaining = list(terms)
    result = True
    while remaining:
        result = _holds(database, model, row, remaining) and result
    return result


def _holds(database: Database, model: str, row: Record, remaining: list[Any]) -> bool:
    term = remaining.pop(0)
    if term in ("|", "&"):
        left, right = (_holds(database, model, row, remaining) for _ in range(2))
        return left or right if term == "|" else left and right
    if term == "!":
        return not _holds(database, model, row, remaining)
    if term.operator == "child_of":
        return _lies_below(database, model, row, term)
    return any(_compare(value, term, model) for value in _values(database, model, row, term.path))


def _values(database: Database, model: str, row: Record, path: str) -> list[Any]:
    """All that a path leads to: several where it goes over lines or links; nothing counts as an empty value."""
    name, _, rest = path.partition(".")
    kind = kind_of(model, name)
    if kind is None:
        raise value_error(f"Invalid field {model}.{name} in condition")
    if not rest:
        return [row[name]]
    if kind.type == "one2many":
        linked = database.below(kind.model, kind.inverse, row["id"])
    else:
        numbers = row[name] if kind.type == "many2many" else [row[name]]
        linked = [found for number in numbers if (found := database.tables[kind.model].get(number or 0))]
    return [value for each in linked for value in _values(database, kind.model, each, rest)] or [None]


def _lies_below(database: Database, model: str, row: Record, term: _Term) -> bool:
    """child_of, of locations: a location counts as below itself."""
    kind = kind_of(model, term.path)
    location = row if kind is None or not kind.model else database.tables[kind.model].get(row[term.path] or 0)
    above = (location or {}).get("parent_path") or ""
    return any(str(number) in above.split("/") for number in term.wanted)


def _prepared(path: str, operator: str, wanted: Any) -> _Term:
    """Ready to be compared with many rows."""
    if operator in ("in", "not in"):
        return _Term(path, operator, frozenset(None if each is False else each for each in wanted))
    return _Term(path, operator, wanted)


def _compare(value: Any, term: _Term, model: str) -> bool:
    operator = term.operator
    if operator in ("in", "not in"):
        return (value in term.wanted) is (operator == "in")
    if operator in ("=", "!="):
        same = value == term.wanted or (not value and term.wanted is False)
        return same is (operator == "=")
    if operator in ("like", "ilike", "=like", "=ilike"):
        pattern = str(term.wanted) if operator.startswith("=") else f"%{term.wanted}%"
        return _like(str(value or ""), pattern, re.IGNORECASE if "ilike" in operator else 0)
    if operator in (">", ">=", "<", "<="):
        return value is not None and _ORDER[operator](value, term.wanted)
    raise value_error(f"Invalid operator {operator!r} in condition on {model}.{term.path}")


def _like(text: str, pattern: str, flags: int) -> bool:
    """As in SQL: % is any text, _ any character, and a backslash makes either of them plain."""
    parts = re.findall(r"\\.|[%_]|[^%_\\]+|\\$", pattern)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None
