"""The shop's webhooks as it has them: made, revived, moved.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks. After some failures in a row (the seventh, seen
on 10.0.2) WooCommerce disables a webhook by itself; status "active" revives it.
"""

from collections.abc import Iterable, Sequence

from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.client import MOST_PER_CALL, WooCommerceClient
from erpsync.systems.woocommerce.settings import WooCommerceSettings

TOPICS = ("order.created", "order.updated", "order.restored")
_STATES = {
    SubscriptionState.ACTIVE: 0,
    SubscriptionState.DISABLED: 1,
    SubscriptionState.ELSEWHERE: 2,
}


class Subscriptions:
    def __init__(self, client: WooCommerceClient, settings: WooCommerceSettings) -> None:
        self._client = client
        self._settings = settings

    def now(self, address: str) -> Sequence[Subscription]:
        hooks = self._hooks()
        return [_state(topic, self._best(topic, hooks, address), address) for topic in TOPICS]

    def make(self, address: str) -> Sequence[Subscription]:
        """See `erpsync.ports.subscriptions.Subscriptions.subscribe`. Of two that would do, one is used and the other left.
        One that is well is written too: its secret cannot be read back, and may be the one before."""
        hooks = self._hooks()
        for topic in TOPICS:
            hook = self._best(topic, hooks, address)
            wanted = {
                "status": "active",
                "delivery_url": address,
                "secret": self._settings.webhook_secret.get_secret_value(),
            }
            if hook is None:
                self._client.write("POST", "webhooks", {"name": self._name(topic), "topic": topic, **wanted})
            else:
                self._client.write("PUT", f"webhooks/{hook.id}", wanted)
        return self.now(address)

    def _hooks(self) -> list[wire.Webhook]:
        rows, page = [], 1
        while True:
            listed = self._client.list("webhooks", {"per_page": str(MOST_PER_CALL), "page": str(page)})
            rows += listed.rows
            if len(listed.rows) < MOST_PER_CALL:
                return [wire.Webhook.model_validate(row) for row in rows]
            page += 1

    def _best(self, topic: str, hooks: Iterable[wire.Webhook], address: str) -> wire.Webhook | None:
        """One that delivers to us, else one that was ours by its name."""
        ours = [
            hook
            for hook in hooks
            if hook.topic == topic and (hook.delivery_url == address or hook.name == self._name(topic))
        ]
        return min(ours, key=lambda hook: _STATES[_state(topic, hook, address).state], default=None)

    def _name(self, topic: str) -> str:
        return f"{self._settings.meta_prefix} {topic}"


def _state(topic: str, hook: wire.Webhook | None, address: str) -> Subscription:
    if hook is None:
        return Subscription(topic, "", SubscriptionState.MISSING)
    if hook.delivery_url != address:
        return Subscription(topic, hook.delivery_url, SubscriptionState.ELSEWHERE, f"webhook {hook.id}")
    state = SubscriptionState.ACTIVE if hook.status == "active" else SubscriptionState.DISABLED
    return Subscription(topic, hook.delivery_url, state, f"webhook {hook.id} is {hook.status}")
