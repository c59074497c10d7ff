"""How fast a store may be asked: what BigCommerce's X-Rate-Limit-* headers leave of a window is spread over the rest of it.

https://docs.bigcommerce.com/developer/docs/overview/api-fundamentals/rate-limits: 150 requests in 30 s (Standard, Plus)
or 450 (Pro), by plan and resource on Enterprise; all apps of a store share the store's quota.
"""

from collections.abc import Mapping
from dataclasses import replace

from erpsync.domain.errors import Throttled
from erpsync.ports.limits import Lesson, Window
from erpsync.transport.http import Reply

# Others use the same store: below this share of the quota nothing more is asked before the window ends.
_RESERVE = 0.04
# Above this share there is no need to hurry slowly.
_AMPLE = 0.5


def lesson(reply: Reply, plain: Lesson) -> Lesson:
    """What a reply tells. A plan without limits sends no headers."""
    wait_seconds = patience_seconds(reply.headers) if plain.throttled else None
    if wait_seconds is not None:
        plain = replace(plain, wait_seconds=wait_seconds)
    left, quota = (
        _number(reply.headers, "X-Rate-Limit-Requests-Left"),
        _number(reply.headers, "X-Rate-Limit-Requests-Quota"),
    )
    reset = _number(reply.headers, "X-Rate-Limit-Time-Reset-Ms")
    if left is None or quota is None or not reset:
        return plain
    reserve = max(1, round(quota * _RESERVE))
    window = Window(float(left - reserve), float(quota - reserve), reset / 1000, spread=quota * _AMPLE - reserve)
    return replace(plain, level=window)


def throttled(seconds: float | None) -> Throttled:
    """The store's quota is used up; None where it is not told for how long."""
    return Throttled(
        "throttled",
        system="bigcommerce",
        what="The store's quota of requests is used up for now.",
        retry_after_seconds=seconds,
    )


def patience_seconds(headers: Mapping[str, str]) -> float | None:
    """How long a 429 asks to wait: milliseconds in one header, seconds in the older ones; None where it does not say."""
    reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms")
    if reset is not None:
        return reset / 1000
    seconds = _number(headers, "X-Retry-After")
    return None if seconds is None else float(seconds)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isdecimal() else None
