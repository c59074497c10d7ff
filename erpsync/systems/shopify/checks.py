"""What `erpsync doctor` asks a Shopify store."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.client import Answer, ShopifyClient
from erpsync.systems.shopify.settings import ShopifySettings

# Reading orders with their customers, and writing metafields on orders:
# https://shopify.dev/docs/api/usage/access-scopes
NEEDED_SCOPES = ("read_orders", "write_orders", "read_customers")
# orders/updated comes with every change, payments and cancellations included; orders/create is the sale itself.
NEEDED_TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED")
MAX_SKEW_SECONDS = 60


def inspect(client: ShopifyClient, settings: ShopifySettings, clock: Clock) -> Sequence[Check]:
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
        _clock(answer, clock),
        _scopes(inspection),
        _webhooks(inspection, settings),
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
    granted = {scope.handle for scope in inspection.installation.access_scopes}
    granted |= {scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_")}
    missing = [scope for scope in NEEDED_SCOPES if scope not in granted]
    if missing:
        return Check(
            "access scopes",
            False,
            f"The app lacks {', '.join(missing)}.",
            "Add them to the app and install its new version in the store.",
        )
    if "read_all_orders" not in granted:
        return Check("access scopes", True, "All needed are granted. Orders older than 60 days need read_all_orders.")
    return Check("access scopes", True, "All needed are granted.")


def _webhooks(inspection: wire.Inspection, settings: ShopifySettings) -> Check:
    if settings.webhook_subscriptions == "elsewhere":
        return Check("webhooks", True, "Made outside the API, which therefore cannot list them: look in Shopify.")
    found = [each for each in inspection.subscriptions.nodes if _is_ours(each, settings)]
    missing = [topic for topic in NEEDED_TOPICS if topic not in {each.topic for each in found}]
    if missing:
        where = f" at {settings.webhook_address}" if settings.webhook_address else ""
        return Check(
            "webhooks",
            False,
            f"No subscription{where} in JSON for {', '.join(missing)}.",
            "Create them with webhookSubscriptionCreate; or, if they are in the admin or in shopify.app.toml, set "
            'webhook_subscriptions = "elsewhere".',
        )
    trimmed = [each.topic for each in found if each.include_fields]
    if trimmed:
        return Check(
            "webhooks", True, f"They exist. {', '.join(trimmed)} leave fields out, so that orders are fetched in full."
        )
    return Check("webhooks", True, "They exist, and point to the receiver.")


def _is_ours(subscription: wire.WebhookSubscription, settings: ShopifySettings) -> bool:
    return subscription.format == "JSON" and settings.webhook_address in ("", subscription.uri)
