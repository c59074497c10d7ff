"""The simulated store's lists: Shopify's search syntax, as far as it is used, and pages by key.

Sources: https://shopify.dev/docs/api/usage/search-syntax, https://shopify.dev/docs/api/usage/pagination-graphql. A cursor
holds the last record's sort value and id, so that records which move do not move the others.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from graphql import GraphQLError

T = TypeVar("T")
Read = Callable[[Any], Any]
MAX_PAGE = 250
_TERM = re.compile(r"""(\w+):(>=|<=|>|<)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s'"]+))""")


def matching(records: Sequence[T], query: str | None, fields: Mapping[str, Read]) -> list[T]:
    """The records that the query finds: terms side by side must all hold, of those joined by OR one."""
    wanted = [[_parse(term, fields) for term in group] for group in _groups(query or "")]
    return [record for record in records if all(any(holds(record) for holds in group) for group in wanted)]


def page(
    info: Any, records: Sequence[T], key: Read, view: Callable[[T], Any], *, first: int | None, after: str | None
) -> dict[str, Any]:
    """A connection's page of `records` in the order of `key`. In a bulk operation there are no pages."""
    bulk = info.context == "bulk"
    if first is None and not bulk:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if first is not None and first > MAX_PAGE:
        raise GraphQLError(f"first cannot exceed {MAX_PAGE}", extensions={"code": "BAD_REQUEST"})
    ordered = sorted(records, key=key)
    if after is not None:
        last = _opened(after)
        ordered = [record for record in ordered if _plain(key(record)) > last]
    shown = ordered if bulk or first is None else ordered[:first]
    nodes = [view(record) for record in shown]
    return {
        "nodes": nodes,
        "edges": [{"node": node} for node in nodes],
        "pageInfo": {
            "hasNextPage": len(shown) < len(ordered),
            "endCursor": _sealed(key(shown[-1])) if shown else None,
        },
    }


def connection(records: Sequence[Any], view: Callable[[Any], Any], key: Callable[[Any], Any]) -> Callable[..., Any]:
    """A list of the API's, paged by `key`."""
    return lambda info, first=None, after=None, **_: page(info, records, key, view, first=first, after=after)


def _groups(query: str) -> list[list[re.Match[str]]]:
    groups: list[list[re.Match[str]]] = []
    joined = False
    position = 0
    for found in _TERM.finditer(query):
        between = query[position : found.start()].strip().strip("()").strip()
        if between not in ("", "AND", "OR"):
            raise GraphQLError(f"Invalid search syntax near '{between}'")
        joined = between == "OR"
        groups[-1:] = [[*groups[-1], found]] if joined and groups else [*groups[-1:], [found]]
        position = found.end()
    if query[position:].strip().strip(")"):
        raise GraphQLError("Invalid search syntax")
    return groups


def _parse(term: re.Match[str], fields: Mapping[str, Read]) -> Callable[[Any], bool]:
    name, sign = term[1], term[2] or "="
    text = next(part for part in term.groups()[2:] if part is not None)
    if name not in fields:
        raise GraphQLError(f"Invalid search field '{name}'")
    read = fields[name]
    text = re.sub(r"\\(.)", r"\1", text)

    def holds(record: Any) -> bool:
        value = read(record)
        if isinstance(value, datetime):
            return _compare(sign, value, datetime.fromisoformat(text))
        if isinstance(value, int):
            return _compare(sign, value, int(text))
        # As in Shopify's own search, case does not matter: the caller compares exactly.
        return str(value).lower() == text.lower()

    return holds


def _compare(sign: str, one: Any, other: Any) -> bool:
    return bool({"=": one == other, ">": one > other, ">=": one >= other, "<": one < other, "<=": one <= other}[sign])


def _plain(key: Any) -> list[Any]:
    return [part.isoformat() if isinstance(part, datetime) else part for part in key]


def _sealed(key: Any) -> str:
    return base64.b64encode(json.dumps(_plain(key)).encode()).decode()


def _opened(cursor: str) -> list[Any]:
    try:
        return list(json.loads(base64.b64decode(cursor)))
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.") from None
