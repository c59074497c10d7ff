"""What `erpsync doctor` asks a WooCommerce shop."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from erpsync.domain.errors import SyncError, Transient
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.settings import LOCATION, WooCommerceSettings
from erpsync.systems.woocommerce.subscriptions import Subscriptions
from erpsync.transport.http import Reply

# OAuth signatures are refused from 15 minutes on; watermarks suffer long before.
MAX_SKEW_SECONDS = 60.0
_READS = ("orders", "products", "customers")
_WRITES = {"orders": "orders", "products": "products", "categories": "products/categories"}


def inspect(
    client: WooCommerceClient, subscriptions: Subscriptions, settings: WooCommerceSettings, clock: Clock
) -> Sequence[Check]:
    """What comes after the address or the key would only repeat their failure, and is left out then."""
    reachable, index = _reachable(client)
    if not reachable.ok:
        return [reachable]
    credentials = _asked("credentials", lambda: _credentials(client, settings))
    if not credentials.ok:
        return [reachable, *_site_address(index, settings), credentials]
    return [
        reachable,
        *_site_address(index, settings),
        credentials,
        *[_asked(f"reads {name}", lambda name=name: _reads(client, name)) for name in _READS],  # type: ignore[misc]
        *[_asked(f"writes {name}", lambda path=path: _writes(client, path)) for name, path in _WRITES.items()],  # type: ignore[misc]
        _asked("clock", lambda: _clock(client.clock(), clock)),
        _asked("currency", lambda: _currency(client)),
        _asked("taxes", lambda: _taxes(client)),
        _asked("stock", lambda: _stock(client)),
        _asked("webhooks", lambda: _webhooks(subscriptions, settings)),
    ]


def _asked(name: str, ask: Callable[[], str | Check]) -> Check:
    """A Check of that name: the answer is its sentence where it went well."""
    try:
        answer = ask()
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return answer if isinstance(answer, Check) else Check(name, True, answer)


def _reachable(client: WooCommerceClient) -> tuple[Check, dict[str, Any]]:
    try:
        reply = client.outside("/wp-json/")
        if reply.status == 200 and (index := _index(reply)):
            return _has_api(index), index
        if reply.status in (401, 403) and reply.headers.get("Content-Type", "").startswith("application/json"):
            return Check("reachable", True, "WordPress answers, and tells strangers nothing of its API."), {}
        plain = client.outside("/?rest_route=/")
    except SyncError as error:
        return Check("reachable", False, error.problem.what, error.problem.next_step), {}
    if 300 <= reply.status < 400:
        return _moved(reply), {}
    if plain.status == 200 and _index(plain):
        return Check(
            "reachable",
            False,
            'WordPress answers, but with "plain" permalinks, without which it ignores API keys.',
            "In WordPress, choose any other kind (Settings > Permalinks) and save; then run this again.",
        ), {}
    return Check(
        "reachable",
        False,
        f"There is no WordPress at this address, or its REST API is switched off ({reply.status}).",
        "Check `url`, the shop's sub-folder included; and whether a security plugin hides /wp-json/.",
    ), {}


def _has_api(index: dict[str, Any]) -> Check:
    if "wc/v3" in (index.get("namespaces") or []):
        return Check("reachable", True, "WordPress answers, and WooCommerce's REST API v3 is there.")
    return Check(
        "reachable",
        False,
        "WordPress answers, but without WooCommerce's REST API v3.",
        "Activate WooCommerce, or update it to 5.8 or later.",
    )


def _moved(reply: Reply) -> Check:
    target = urlsplit(reply.headers.get("Location", ""))
    where = f"{target.scheme}://{target.netloc}" if target.netloc else "another address"
    return Check(
        "reachable",
        False,
        f"The shop redirects to {where}.",
        "Write that as `url`, with the shop's sub-folder: a redirected request loses its signature.",
    )


def _site_address(index: dict[str, Any], settings: WooCommerceSettings) -> Iterator[Check]:
    """Where requests are signed, WordPress must be known by the address it knows itself by."""
    home = str(index.get("home") or "").rstrip("/")
    if not settings.signs or not home:
        return
    signed = settings.site_address or settings.url
    if _place(home) == _place(signed):
        yield Check("site address", True, "Requests are signed for the shop's own address.")
        return
    yield Check(
        "site address",
        False,
        f"Requests are signed for {signed}, and the shop knows itself as {home}.",
        f'Set site_address = "http://{urlsplit(home).netloc}{urlsplit(home).path}".',
    )


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.netloc.lower(), parts.path.rstrip("/")


def _credentials(client: WooCommerceClient, settings: WooCommerceSettings) -> str:
    client.clock()
    return "The key is accepted, by " + ("OAuth 1.0a." if settings.signs else "HTTP basic.")


def _reads(client: WooCommerceClient, path: str) -> str:
    client.list(path, {"per_page": "1", "_fields": "id"})
    return "Allowed."


def _writes(client: WooCommerceClient, path: str) -> str:
    """An empty batch changes nothing, and a key that may only read is refused with it."""
    client.write("POST", f"{path}/batch", {"update": []})
    return "Allowed."


def _clock(told: datetime, clock: Clock) -> str | Check:
    skew = abs((told - clock.now()).total_seconds())
    if skew <= MAX_SKEW_SECONDS:
        return f"This machine's clock and the shop's differ by {skew:.0f} s."
    return Check("clock", False, f"This machine's clock is {skew:.0f} s off the shop's.", "Set both by NTP.")


def _currency(client: WooCommerceClient) -> str:
    answer = client.get("data/currencies/current")
    return f"The shop's prices are in {answer.get('code') if isinstance(answer, dict) else 'an unknown currency'}."


def _taxes(client: WooCommerceClient) -> str:
    included = _setting(client, "tax", "woocommerce_prices_include_tax") == "yes"
    at_subtotal = _setting(client, "tax", "woocommerce_tax_round_at_subtotal") == "yes"
    return f"Prices are entered {'with' if included else 'without'} tax, and taxes are rounded " + (
        "at the subtotal." if at_subtotal else "line by line."
    )


def _stock(client: WooCommerceClient) -> str | Check:
    if _setting(client, "products", "woocommerce_manage_stock") == "yes":
        return f'Stock is managed; its one location is called "{LOCATION}".'
    return Check(
        "stock",
        False,
        "The shop does not manage stock and would ignore every quantity.",
        "Enable stock management (WooCommerce > Settings > Products > Inventory), or take stock out of the route.",
    )


def _webhooks(subscriptions: Subscriptions, settings: WooCommerceSettings) -> str | Check:
    found = subscriptions.now(settings.webhook_address)
    if not settings.webhook_address:
        active = [one for one in found if one.state is not SubscriptionState.MISSING]
        return (
            f"{len(active)} of {len(found)} are there; where they deliver to is not compared without webhook_address."
        )
    lost = [one for one in found if one.state is not SubscriptionState.ACTIVE]
    if not lost:
        return "They exist, are active, and deliver to the receiver."
    return Check(
        "webhooks",
        False,
        f"Not well: {', '.join(_told(one) for one in lost)}.",
        "They are made and revived by themselves while the workers run; until then polls find what changed. If WooCommerce "
        "disables them again, the receiver's address does not answer it: try it from the shop's server.",
    )


def _told(one: Subscription) -> str:
    return f"{one.topic} is {one.state}"


def _setting(client: WooCommerceClient, group: str, name: str) -> str:
    answer = client.get(f"settings/{group}/{name}")
    return str(answer.get("value", "")) if isinstance(answer, dict) else ""


def _index(reply: Reply) -> dict[str, Any]:
    try:
        answer = reply.json()
    except Transient:
        return {}
    return answer if isinstance(answer, dict) and "namespaces" in answer else {}
