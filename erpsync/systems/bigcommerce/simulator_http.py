"""Requests and answers of the simulated API, and how each version of it spells errors, lists and times."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

Json = dict[str, Any]
ABOUT_ERRORS = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Response:
    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = field(default=())

    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, default=_plain).encode()


Handler = Callable[[Request], Response]


def v2_error(status: int, message: str, details: Json | None = None) -> Response:
    return Response(status, [{"status": status, "message": message, **({"details": details} if details else {})}])


def v3_error(status: int, title: str, errors: Json | None = None) -> Response:
    return Response(status, {"status": status, "title": title, "type": ABOUT_ERRORS, "errors": errors or {}})


def v2_list(request: Request, rows: Sequence[Json]) -> Response:
    """A page of at most 250, 50 unless asked; no content at all where there is none."""
    page, limit = _page(request, 250)
    shown = rows[(page - 1) * limit : page * limit]
    return Response(200, list(shown)) if shown else Response(204)


def v3_list(request: Request, rows: Sequence[Json], most: int = 250, *, cursors: bool = False) -> Response:
    """A page; with `cursors` by the id of the last row, which is what the cursor holds."""
    page, limit = _page(request, most)
    after = request.query.get("after")
    if after is not None and cursors:
        last = json.loads(base64.b64decode(after))["id"]
        left = [row for row in rows if row["id"] > last]
    else:
        left = list(rows[(page - 1) * limit :])
    shown = left[:limit]
    meta: Json = {}
    if after is None:
        pages = -(-len(rows) // limit)
        meta["pagination"] = {
            "total": len(rows),
            "count": len(shown),
            "per_page": limit,
            "current_page": page,
            "total_pages": pages,
            "links": {"current": f"?page={page}&limit={limit}"},
        }
    if cursors and page == 1:
        ends = [base64.b64encode(json.dumps({"id": row["id"]}).encode()).decode() for row in shown]
        meta["cursor_pagination"] = {"count": len(shown), "per_page": limit, "links": {}}
        if ends:
            meta["cursor_pagination"] |= {"start_cursor": ends[0], "end_cursor": ends[-1]}
    return Response(200, {"data": shown, "meta": meta})


def wanted(query: Mapping[str, str], name: str) -> set[str] | None:
    """The members of a list in the query, None where it is not asked for."""
    return set(query[name].split(",")) if name in query else None


def at(text: str) -> datetime:
    """A time as a query gives it, in either spelling that the documents allow."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def rfc(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(amount: Decimal) -> str:
    return f"{amount:.4f}"


def exact(value: Any) -> Any:
    """A number of a body as a Decimal, anything else as it is."""
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _page(request: Request, most: int) -> tuple[int, int]:
    return int(request.query.get("page", 1)), min(int(request.query.get("limit", 50)), most)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)  # v3 writes amounts as numbers
    raise TypeError(f"{type(value).__name__} is no JSON")
