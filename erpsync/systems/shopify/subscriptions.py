"""The store's webhooks as this app has made them through the API, and their repair.

Shopify deletes a subscription after eight failed deliveries in a row
(https://shopify.dev/docs/apps/build/webhooks/troubleshooting-webhooks). Subscriptions of `shopify.app.toml` and of the
admin are not listed (https://shopify.dev/docs/api/admin-graphql/2026-10/queries/webhookSubscriptions).
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.settings import ShopifySettings

# orders/updated comes with every change, payments, refunds, shipments and cancellations included; orders/create is the
# sale itself.
NEEDED_TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED")
_ELSEWHERE = "It is made in Shopify's admin or in shopify.app.toml, which the API does not list: look there."


class Subscriptions:
    def __init__(self, lists: ListReader, settings: ShopifySettings) -> None:
        self._lists = lists
        self._settings = settings

    def at(self, address: str) -> list[Subscription]:
        """Each needed topic as of deliveries to `address`; to any address where that is empty."""
        if self._settings.webhook_subscriptions == "elsewhere":
            return [Subscription(topic, address, SubscriptionState.ACTIVE, _ELSEWHERE) for topic in NEEDED_TOPICS]
        listed = self._listed()
        return [_judged(topic, address, _best(topic, address, listed)) for topic in NEEDED_TOPICS]

    def subscribe(self, address: str) -> Sequence[Subscription]:
        """See the port. Two workers at it make one subscription: Shopify refuses a second for a topic and an address."""
        if self._settings.webhook_subscriptions == "elsewhere":
            return self.at(address)
        if urlsplit(address).scheme != "https":
            raise Rejected(
                "webhook-address-refused",
                system=SYSTEM,
                what="Shopify delivers webhooks to https addresses only.",
                next_step="Give erpsync's web server a public https address, and write it as the connection's.",
            )
        listed = self._listed()
        for topic in NEEDED_TOPICS:
            known = _best(topic, address, listed)
            if _judged(topic, address, known).state is not SubscriptionState.ACTIVE:
                self._repair(topic, address, known)
            for surplus in listed:
                if surplus.topic == topic and surplus.uri == address and surplus is not known:
                    self._lists.client.call("Unsubscribe", {"id": surplus.id})
        return self.at(address)

    def _repair(self, topic: str, address: str, known: wire.WebhookSubscription | None) -> None:
        # What Shopify refuses here is seen when the list is read again, and told by its state.
        wanted: dict[str, object] = {"uri": address, "format": "JSON"}
        if known is None:
            self._lists.client.call("Subscribe", {"topic": topic, "subscription": wanted})
        else:
            wanted |= {"filter": "", "includeFields": []}
            self._lists.client.call("Resubscribe", {"id": known.id, "subscription": wanted})

    def _listed(self) -> list[wire.WebhookSubscription]:
        found = self._lists.all_of("Subscriptions", "webhookSubscriptions", {"topics": list(NEEDED_TOPICS)})
        try:
            return [wire.WebhookSubscription.model_validate(each) for each in found]
        except ValidationError:
            raise unreadable("The webhook subscriptions could not be read.") from None


def _best(topic: str, address: str, listed: Sequence[wire.WebhookSubscription]) -> wire.WebhookSubscription | None:
    """The topic's subscription that is well, else one at the address, else any."""
    of_topic = [each for each in listed if each.topic == topic]
    states = {SubscriptionState.ACTIVE: 0, SubscriptionState.DISABLED: 1, SubscriptionState.ELSEWHERE: 2}
    return min(of_topic, key=lambda each: states[_judged(topic, address, each).state], default=None)


def _judged(topic: str, address: str, known: wire.WebhookSubscription | None) -> Subscription:
    if known is None:
        return Subscription(topic, "", SubscriptionState.MISSING, "Shopify has no subscription of this app for it.")
    if address and known.uri != address:
        return Subscription(topic, known.uri, SubscriptionState.ELSEWHERE)
    if known.format != "JSON":
        return Subscription(topic, known.uri, SubscriptionState.DISABLED, "It delivers XML, which erpsync cannot read.")
    if known.filter:
        return Subscription(topic, known.uri, SubscriptionState.DISABLED, "Its filter keeps orders back.")
    trimmed = "It leaves fields out, so that orders are fetched in full." if known.include_fields else ""
    return Subscription(topic, known.uri, SubscriptionState.ACTIVE, trimmed)
