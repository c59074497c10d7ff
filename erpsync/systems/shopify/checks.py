"""What `erpsync doctor` asks a Shopify store."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import SubscriptionState
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.client import Answer, ShopifyClient
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.reach import SCOPE, SEEN_WITHOUT
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.subscriptions import Subscriptions

# Reading orders with their customers, and writing metafields and tags on orders; then what each of the other flows needs:
# https://shopify.dev/docs/api/usage/access-scopes
NEEDED_SCOPES = ("read_orders", "write_orders", "read_customers")
FLOW_SCOPES = {
    "shipments": ("write_merchant_managed_fulfillment_orders", "read_locations"),
    "stock": ("read_products", "write_inventory", "read_locations"),
    "prices": ("write_products",),
    "products": ("write_products", "write_publications", "write_inventory", "read_locations", "write_files"),
}
MAX_SKEW_SECONDS = 60


def inspect(
    client: ShopifyClient, subscriptions: Subscriptions, places: Places, settings: ShopifySettings
) -> Sequence[Check]:
    """All checks; where the store cannot be asked, what stands in the way. Raises nothing."""
    try:
        answer = client.call("Inspect")
        inspection = wire.Inspection.model_validate(answer.data)
    except SyncError as error:
        return [Check("store", False, error.problem.what, error.problem.next_step)]
    except ValidationError:
        return [Check("store", False, "The answer is not Shopify's.", "Check `shop` and `base_url`.")]
    return [
        _store(inspection, settings),
        _version(answer, settings),
        _clock(answer, client.clock),
        _scopes(inspection),
        *[_flow_scopes(inspection, flow, needed) for flow, needed in FLOW_SCOPES.items()],
        _money(inspection, settings),
        _locations(places),
        _webhooks(subscriptions, settings),
    ]


def _store(inspection: wire.Inspection, settings: ShopifySettings) -> Check:
    if inspection.shop.domain == settings.shop:
        return Check("store", True, f"{settings.shop} answers, and accepts the token.")
    return Check(
        "store",
        False,
        f"The token is for {inspection.shop.domain}, not for {settings.shop}.",
        "Correct `shop`, or give this store's own credentials.",
    )


def _version(answer: Answer, settings: ShopifySettings) -> Check:
    served = answer.headers.get("X-Shopify-API-Version", "")
    if served == settings.api_version:
        return Check("API version", True, f"{served} is served as asked.")
    return Check(
        "API version",
        False,
        f"{settings.api_version} was asked for, and {served or 'an unnamed version'} answered.",
        "Shopify serves a version for a year and then answers with its oldest: update erpsync, and `api_version`.",
    )


def _clock(answer: Answer, clock: Clock) -> Check:
    try:
        skew = abs((parsedate_to_datetime(answer.headers.get("Date", "")) - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return Check("clock", True, "Shopify sent no time to compare with.")
    if skew <= MAX_SKEW_SECONDS:
        return Check("clock", True, f"This machine's clock and Shopify's differ by {skew:.0f} s.")
    return Check("clock", False, f"This machine's clock is {skew:.0f} s off Shopify's.", "Set it by NTP.")


def _scopes(inspection: wire.Inspection) -> Check:
    missing = _missing(inspection, NEEDED_SCOPES)
    if missing:
        return Check(
            "access scopes",
            False,
            f"The app lacks {', '.join(missing)}.",
            "Add them to the app and install its new version in the store.",
        )
    if _missing(inspection, (SCOPE,)):
        seen = f"The app sees the orders of {SEEN_WITHOUT.days} days; older ones and their shipments need {SCOPE}."
        return Check("access scopes", True, f"All needed are granted. {seen}")
    return Check("access scopes", True, "All needed are granted.")


def _flow_scopes(inspection: wire.Inspection, flow: str, needed: Sequence[str]) -> Check:
    missing = _missing(inspection, needed)
    if not missing:
        return Check(f"access scopes for {flow}", True, "All needed are granted.")
    return Check(
        f"access scopes for {flow}",
        False,
        f"The app lacks {', '.join(missing)}, without which no {flow} reach the store.",
        "Add them to the app and install its new version in the store; or leave that flow out of the connection.",
    )


def _missing(inspection: wire.Inspection, needed: Sequence[str]) -> list[str]:
    granted = {scope.handle for scope in inspection.installation.access_scopes}
    granted |= {scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_")}
    return [scope for scope in needed if scope not in granted]


def _money(inspection: wire.Inspection, settings: ShopifySettings) -> Check:
    shop = inspection.shop
    included = "contain" if shop.taxes_included else "do not contain"
    which = "that" if settings.currency == "shop" else "the currency that the customer saw"
    return Check(
        "currency and tax",
        True,
        f"The store's currency is {shop.currency}, and orders go to the ERP in {which}. Its prices {included} tax.",
    )


def _locations(places: Places) -> Check:
    try:
        known = places.all()
    except SyncError as error:
        return Check("locations", False, error.problem.what, error.problem.next_step)
    active = [each for each in known if each.active]
    if not active:
        return Check(
            "locations", False, "The store has no active location.", "Activate one in Shopify: Settings > Locations."
        )
    return Check("locations", True, f"The store has {', '.join(f'{each.id} ({each.name})' for each in active)}.")


def _webhooks(subscriptions: Subscriptions, settings: ShopifySettings) -> Check:
    if settings.webhook_subscriptions == "elsewhere":
        return Check("webhooks", True, "Made outside the API, which therefore cannot list them: look in Shopify.")
    try:
        known = subscriptions.at(settings.webhook_address)
    except SyncError as error:
        return Check("webhooks", False, error.problem.what, error.problem.next_step)
    lost = [each for each in known if each.state is not SubscriptionState.ACTIVE]
    if lost:
        where = f" at {settings.webhook_address}" if settings.webhook_address else ""
        states = ", ".join(f"{each.topic} ({each.state})" for each in lost)
        return Check(
            "webhooks",
            False,
            f"No subscription{where} that is well for {states}.",
            "A worker that knows its public address makes them by itself, within the hour; or, if they are in the admin or "
            'in shopify.app.toml, set webhook_subscriptions = "elsewhere".',
        )
    trimmed = [each.topic for each in known if each.detail]
    if trimmed:
        return Check(
            "webhooks", True, f"They exist. {', '.join(trimmed)} leave fields out, so that orders are fetched in full."
        )
    return Check("webhooks", True, "They exist, and point to the receiver.")
