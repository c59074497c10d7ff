"""What Shopify's answers say of its points: what a call was charged for, what is left, and how fast they come back.

https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits. A call is refused unless the bucket holds what it
might cost; what it did not cost is given back.
"""

from dataclasses import replace
from decimal import Decimal

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
    cost = cost_of(reply)
    if cost is None:
        return plain
    throttle = cost.throttle
    level = Level(float(throttle.currently_available), float(throttle.restore_rate), float(throttle.maximum_available))
    throttled = plain.throttled or _says_throttled(reply.json())
    # What was not run costs nothing.
    return replace(plain, throttled=throttled, spent=float(cost.actual or 0), level=level)


def cost_of(reply: Reply) -> wire.Cost | None:
    try:
        body = reply.json()
    except Transient:
        return None
    extensions = body.get("extensions") if isinstance(body, dict) else None
    try:
        return wire.Cost.model_validate(extensions.get("cost") if isinstance(extensions, dict) else None)
    except ValidationError:
        return None


def _says_throttled(body: dict[str, object]) -> bool:
    errors = body.get("errors")
    codes = [error.get("extensions", {}).get("code") for error in errors] if isinstance(errors, list) else []
    return "THROTTLED" in codes
