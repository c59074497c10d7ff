"""What Shopify's answers say of its points: what a call was charged for, what is left, and how fast they come back.

https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits. A call is refused unless the bucket holds what it
might cost; what it did not cost is given back.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import Transient
from erpsync.ports.limits import Lesson, Level
from erpsync.systems.shopify import wire
from erpsync.transport.http import Reply


class Costs:
    """What calls cost, by earlier ones of their kind."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Decimal] = {}

    def expected(self, name: str, size: int) -> float:
        """In points; nothing where there was no such call."""
        if (name, size) in self._known:
            return float(self._known[name, size])
        known = self._known.items()
        return float(max((cost * size / other for (one, other), cost in known if one == name), default=Decimal(0)))

    def learn(self, name: str, size: int, cost: wire.Cost) -> None:
        self._known[name, size] = cost.requested


def lesson(reply: Reply, plain: Lesson) -> Lesson:
    """What an answer says of the bucket, a refusal too."""
    plain = replace(plain, throttled=plain.throttled or "THROTTLED" in _codes(_body(reply)))
    cost = cost_of(reply)
    if cost is None:
        return plain
    throttle = cost.throttle
    level = Level(float(throttle.currently_available), float(throttle.restore_rate), float(throttle.maximum_available))
    # What was not run costs nothing.
    return replace(plain, spent=float(cost.actual or 0), level=level)


def cost_of(reply: Reply) -> wire.Cost | None:
    extensions = _body(reply).get("extensions")
    try:
        return wire.Cost.model_validate(extensions.get("cost") if isinstance(extensions, dict) else None)
    except ValidationError:
        return None


def _body(reply: Reply) -> dict[str, Any]:
    """The answer, empty where it is not the API that answers."""
    try:
        body = reply.json()
    except Transient:
        return {}
    return body if isinstance(body, dict) else {}


def _codes(body: dict[str, Any]) -> list[object]:
    errors = body.get("errors")
    extensions = (
        [error.get("extensions") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )
    return [each.get("code") for each in extensions if isinstance(each, dict)]
