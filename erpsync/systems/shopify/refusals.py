"""What Shopify's refusals mean.

Sources: https://shopify.dev/docs/api/usage/response-codes and https://shopify.dev/docs/api/usage/limits
"""

import re
from collections.abc import Sequence

from erpsync.domain.errors import Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM

_CODE = re.compile(r"[A-Za-z_]{1,60}")
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")
# An answer to "how long" where Shopify gives none: a second restores at least a hundred points.
DEFAULT_PATIENCE_SECONDS = 2.0
# With 50,000 variants a shop may make 1,000 more a day; there is no code for it:
# https://shopify.dev/docs/api/usage/rate-limits#resource-based-rate-limits
_DAILY_LIMIT = "variant creation limit"
_DAILY_PATIENCE_SECONDS = 3600.0

_SHOP_STATES = {
    402: ("shop-frozen", "The store is frozen (402).", "The store's owner must settle the bill with Shopify."),
    403: (
        "shop-forbidden",
        "Shopify refuses all access to the store (403).",
        "Check the app's access scopes and whether Shopify has marked the store; ask Shopify's support.",
    ),
    404: (
        "shop-not-found",
        "Shopify knows no such store or API version (404).",
        "Check `shop` and `api_version` of this connection, and whether the store still exists.",
    ),
    423: (
        "shop-locked",
        "The store is locked (423).",
        "Wait; if it stays so, the store's owner must ask Shopify's support why it was locked.",
    ),
    430: (
        "request-blocked",
        "Shopify took the requests for an attack (430).",
        "Check that nothing else uses this address and this app; ask Shopify's support.",
    ),
}


class TooCostly(Rejected):
    """The query asks for more than one query may cost. Asking for fewer records helps."""


def of_status(status: int) -> SyncError | None:
    """The error for a status that `transport` leaves to be read; None for 200."""
    if status == 200:
        return None
    if status in _SHOP_STATES:
        code, what, next_step = _SHOP_STATES[status]
        return Unavailable(code, system=SYSTEM, what=what, next_step=f"{next_step} Waiting records then go on.")
    if 300 <= status < 400:
        return Unavailable(
            "shop-moved",
            system=SYSTEM,
            what=f"The address redirects elsewhere ({status}).",
            next_step="Write the store's permanent .myshopify.com name as `shop`.",
        )
    return Transient("answer-unexpected", system=SYSTEM, what=f"Shopify answered {status}.")


def of_errors(errors: Sequence[wire.GraphqlError], cost: wire.Cost | None) -> SyncError:
    """The error for a reply's `errors`, the one that says most first."""
    by_code = {_code(error): error for error in reversed(errors)}
    if any(_is_daily_limit(str(error.get("message"))) for error in errors):
        return _daily_limit()
    if "THROTTLED" in by_code:
        return throttled(cost)
    if "MAX_COST_EXCEEDED" in by_code:
        return TooCostly(
            "query-too-costly",
            system=SYSTEM,
            what="The query costs more than Shopify allows for one.",
            next_step="Report it: a single record should never cost that much.",
        )
    if "ACCESS_DENIED" in by_code:
        return _denied(by_code["ACCESS_DENIED"])
    if "SHOP_INACTIVE" in by_code:
        return Unavailable(
            "shop-inactive",
            system=SYSTEM,
            what="The store is not active.",
            next_step="The store's owner must open it again in Shopify. Waiting records then go on.",
        )
    if "TOO_MANY_PARALLEL_REQUESTS_FOR_THIS_PRODUCT" in by_code:
        return Transient(
            "product-busy", system=SYSTEM, what="Shopify is at work on the same product for somebody else."
        )
    if by_code.keys() & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Transient("server-error", system=SYSTEM, what="Shopify reports an error of its own.")
    return Rejected(
        "query-refused",
        system=SYSTEM,
        what=f"Shopify refused the request ({', '.join(sorted(by_code)) or 'no code'}).",
        next_step="Run `erpsync doctor`: the API version may no longer be served. Shopify's message is in the app's logs "
        "in the Dev Dashboard.",
    )


def refuse_daily_limit(messages: Sequence[str]) -> None:
    """Raises Throttled where one of a write's refusals is that the shop may make no more variants today."""
    if any(map(_is_daily_limit, messages)):
        raise _daily_limit()


def throttled(cost: wire.Cost | None) -> Throttled:
    """How long until the bucket holds what the query asks for, by what Shopify says of both."""
    seconds = DEFAULT_PATIENCE_SECONDS
    if cost is not None and cost.throttle.restore_rate > 0:
        missing = cost.requested - cost.throttle.currently_available
        seconds = max(float(missing / cost.throttle.restore_rate), 0.1)
    return throttled_for(seconds)


def throttled_for(seconds: float) -> Throttled:
    return Throttled(
        "throttled", system=SYSTEM, what="The app has used up its points for now.", retry_after_seconds=seconds
    )


def _is_daily_limit(message: str) -> bool:
    return _DAILY_LIMIT in message.lower()


def _daily_limit() -> Throttled:
    return Throttled(
        "variants-of-the-day",
        system=SYSTEM,
        what="Shopify lets the shop make no more variants today.",
        next_step="Nothing: it goes on by itself as the day passes. Shopify's support can raise the limit.",
        retry_after_seconds=_DAILY_PATIENCE_SECONDS,
    )


def _denied(error: wire.GraphqlError) -> Rejected:
    extensions = error.get("extensions") or {}
    scopes = _SCOPE.findall(extensions.get("requiredAccess") or error.get("message") or "")
    if not scopes:
        return Rejected(
            "permission-missing",
            system=SYSTEM,
            what="Shopify denies the app protected customer data.",
            next_step="Request access to protected customer data for the app (Dev Dashboard > API access), then replay.",
        )
    return Rejected(
        "permission-missing",
        system=SYSTEM,
        what=f"The app lacks the access scope {' or '.join(dict.fromkeys(scopes))}.",
        next_step="Add the scope to the app, install the new version in the store, then replay.",
    )


def _code(error: wire.GraphqlError) -> str:
    code = (error.get("extensions") or {}).get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "UNKNOWN"
