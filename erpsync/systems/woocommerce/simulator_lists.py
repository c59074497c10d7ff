"""What all routes of the simulated shop share: answers, refusals, lists by the page, and batches.

As WooCommerce's classes WC_REST_Controller and WC_REST_CRUD_Controller do it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from erpsync.systems.woocommerce.simulator_shapes import only

T = TypeVar("T")
MOST = 100


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    total: int | None = None
    per_page: int = 10


class Trouble(Exception):
    """A WP_Error."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}
        super().__init__(code)


def listed(records: list[T], shape: Callable[[T], dict[str, Any]], query: Mapping[str, str]) -> Answer:
    """A page of them. WordPress sorts by date, latest first, unless it is told otherwise."""
    per_page = number(query, "per_page", 10)
    if not 1 <= per_page <= MOST:
        raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): per_page", params={"per_page": "1..100"})
    page = number(query, "page", 1)
    shapes = [shape(record) for record in records]
    key = "id" if query.get("orderby") == "id" else "date_created_gmt"
    shapes.sort(key=lambda one: (one.get(key) or "", one["id"]), reverse=query.get("order", "desc") == "desc")
    offset = number(query, "offset", (page - 1) * per_page)
    fields = [name for name in query.get("_fields", "").split(",") if name]
    rows = [only(one, fields) for one in shapes[offset : offset + per_page]]
    return Answer(200, rows, len(shapes), per_page)


def batch(
    body: Any,
    limit: int,
    shape: Callable[[T], dict[str, Any]],
    change: Callable[[Mapping[str, Any]], T],
    make: Callable[[Mapping[str, Any]], T] | None = None,
) -> Answer:
    """Its rows are not checked against the schema, as a single record is; what is made comes before what is changed."""
    ways = {"create": make, "update": change} if make is not None else {"update": change}
    rows = {name: body.get(name) or [] for name in ways} if isinstance(body, dict) else {}
    if sum(map(len, rows.values())) > limit:
        raise Trouble(413, "woocommerce_rest_request_entity_too_large", "Unable to accept that many items.")
    told: dict[str, list[dict[str, Any]]] = {}
    for name, way in ways.items():
        for row in rows.get(name, []):
            try:
                told.setdefault(name, []).append(shape(way(row)))
            except Trouble as trouble:
                told.setdefault(name, []).append({"id": row.get("id", 0), "error": trouble.body})
    return Answer(200, told or [])


def in_time(query: Mapping[str, str], created_at: datetime, modified_at: datetime, offset: timedelta) -> bool:
    """Whether a record is within the query's limits, every one of which leaves out its own second. `offset` is how far the
    shop's own time is from UTC."""
    gmt = query.get("dates_are_gmt") in ("true", "1")
    for name, moment, sign in (
        ("after", created_at, 1),
        ("before", created_at, -1),
        ("modified_after", modified_at, 1),
        ("modified_before", modified_at, -1),
    ):
        told = moment if gmt else moment + offset
        if name in query and (told - _asked(query[name], offset)).total_seconds() * sign <= 0:
            return False
    return True


def number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Trouble(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: "not an integer"})
    return int(text)


def _asked(text: str, offset: timedelta) -> datetime:
    """What has a zone is turned to the shop's own time, though it is then compared with UTC where that is asked for."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC) + offset
