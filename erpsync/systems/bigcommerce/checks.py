"""What `erpsync doctor` asks a BigCommerce store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import SubscriptionState
from erpsync.systems.bigcommerce.catalogue import Catalogue
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.hooks import Hooks
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

MAX_SKEW_SECONDS = 60
_CLOSED = ("suspended", "cancelled", "closed", "deleted")
# An empty list changes nothing, and is refused as such only after the token's right to write was looked at.
_READS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("Orders: read", "/v2/orders", {"limit": "1"}),
    ("Order Transactions: read", "/v3/orders/1/transactions", {}),
    ("Products: read", "/v3/catalog/products", {"limit": "1"}),
    ("Store Inventory: read", "/v3/inventory/items", {"limit": "1"}),
    ("Customers: read", "/v3/customers", {"limit": "1"}),
)
_WRITES: tuple[tuple[str, str, object], ...] = (
    ("Orders: modify", "/v3/orders/metafields", []),
    ("Products: modify", "/v3/catalog/variants", []),
    ("Store Inventory: modify", "/v3/inventory/adjustments/absolute", {"reason": "erpsync doctor", "items": []}),
)


def ping(client: BigCommerceClient) -> datetime:
    """The time by BigCommerce's clock. Raises what keeps it from answering."""
    body = client.get("/v2/time").body or {}
    return datetime.fromtimestamp(int(body.get("time", 0)), UTC)


def inspect(
    client: BigCommerceClient, catalogue: Catalogue, hooks: Hooks, settings: BigCommerceSettings, clock: Clock
) -> Sequence[Check]:
    """All checks; where the store cannot be asked, what stands in the way. Raises nothing that a remote can cause."""
    try:
        skew = _skew(ping(client), clock)
    except SyncError as error:
        name = "credentials" if error.code == "credentials-refused" else "reachable"
        return [Check(name, False, error.problem.what, error.problem.next_step)]
    return [
        Check("reachable", True, "BigCommerce answers."),
        Check("credentials", True, "It accepts the access token."),
        skew,
        _asked("store", lambda: _store(client, settings)),
        *(_asked(name, partial(_read, client, path, params)) for name, path, params in _READS),
        *(_asked(name, partial(_write, client, path, body)) for name, path, body in _WRITES),
        _asked("locations", lambda: _locations(catalogue)),
        _asked("webhooks", lambda: _webhooks(hooks, settings)),
    ]


def _asked(name: str, ask: Callable[[], Check | None]) -> Check:
    try:
        return ask() or Check(name, True, "The API account may.")
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)


def _read(client: BigCommerceClient, path: str, params: Mapping[str, str]) -> None:
    client.find(path, params)


def _write(client: BigCommerceClient, path: str, body: object) -> None:
    try:
        client.put(path, body)
    except SyncError as error:
        if error.code != "request-refused":
            raise


def _skew(told: datetime, clock: Clock) -> Check:
    skew = abs((told - clock.now()).total_seconds())
    if skew <= MAX_SKEW_SECONDS:
        return Check("clock", True, f"This machine's clock and BigCommerce's differ by {skew:.0f} s.")
    return Check("clock", False, f"This machine's clock is {skew:.0f} s off BigCommerce's.", "Set it by NTP.")


def _store(client: BigCommerceClient, settings: BigCommerceSettings) -> Check:
    body = client.get("/v2/store").body or {}
    if body.get("id") != settings.store_hash:
        return Check(
            "store", False, "The token is for another store.", "Correct `store_hash`, or give this store's own token."
        )
    if str(body.get("status", "")).lower() in _CLOSED:
        return Check(
            "store", False, f"The store is {body['status']}.", "Its owner must open it again in the control panel."
        )
    tax = "with" if body.get("is_price_entered_with_tax") else "without"
    return Check("store", True, f"It sells in {body.get('currency')}; prices are entered {tax} tax.")


def _locations(catalogue: Catalogue) -> Check:
    found = catalogue.locations()
    enabled = [one for one in found if one.enabled]
    if not enabled:
        return Check(
            "locations",
            False,
            "The store has no enabled location to hold stock.",
            "Enable one under Settings > Locations.",
        )
    named = ", ".join(f"{one.code or one.id} ({one.label or 'no name'})" for one in enabled)
    return Check("locations", True, f"Stock may be set at {named}.")


def _webhooks(hooks: Hooks, settings: BigCommerceSettings) -> Check:
    if not settings.webhook_address:
        return Check("webhooks", True, "Not compared: give `webhook_address` to have them checked.")
    bad = [one for one in hooks.subscriptions(settings.webhook_address) if one.state is not SubscriptionState.ACTIVE]
    if not bad:
        return Check("webhooks", True, "They are there, and bring the secret to the receiver.")
    named = ", ".join(f"{one.topic} is {one.state}" for one in bad)
    details = " ".join(dict.fromkeys(one.detail for one in bad if one.detail))
    return Check(
        "webhooks",
        False,
        f"{named}. {details}".strip(),
        "Run erpsync: it makes and repairs them by itself. If they go off again, the receiver's address cannot be "
        "reached from the internet.",
    )
