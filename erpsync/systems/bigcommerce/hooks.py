"""The store's webhooks as erpsync needs them: https://developer.bigcommerce.com/docs/integrations/webhooks.

BigCommerce switches a webhook off after 48 hours of failures, or 90 days without an event. It lists those of this
API account alone. Ours are known by their header; another's of the same account are left as they are.
"""

from collections.abc import Sequence

from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

# "updated" comes with every change, of the status as well:
# https://developer.bigcommerce.com/docs/integrations/webhooks/events#orders
TOPICS = ("store/order/created", "store/order/updated", "store/order/archived", "store/order/refund/created")


class Hooks:
    def __init__(self, client: BigCommerceClient, settings: BigCommerceSettings) -> None:
        self._client = client
        self._header = settings.webhook_header
        self._secret = settings.webhook_secrets[0]

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        found = self._found()
        return [self._state(topic, address, found.get(topic, [])) for topic in TOPICS]

    def subscribe(self, address: str) -> Sequence[Subscription]:
        found = self._found()
        for topic in TOPICS:
            hooks = found.get(topic, [])
            if self._state(topic, address, hooks).state is SubscriptionState.ACTIVE:
                continue
            body = {"scope": topic, "destination": address, "is_active": True, "headers": {self._header: self._secret}}
            # One topic has one webhook at an address, whoever made it: that one is taken over before a second is refused.
            hook = next((one for one in hooks if one.destination == address), None)
            hook = hook or next((one for one in hooks if self._is_ours(one)), None)
            if hook is None:
                self._client.post("/v3/hooks", body)
            else:
                self._client.put(f"/v3/hooks/{hook.id}", body)
        return self.subscriptions(address)

    def _found(self) -> dict[str, list[wire.Hook]]:
        found: dict[str, list[wire.Hook]] = {}
        for row in self._client.pages("/v3/hooks", {}):
            hook = read(wire.Hook, row, f"webhook {row.get('id')}")
            found.setdefault(hook.scope, []).append(hook)
        return found

    def _state(self, topic: str, address: str, hooks: Sequence[wire.Hook]) -> Subscription:
        here = [hook for hook in hooks if hook.destination == address]
        if any(hook.is_active and self._brings_secret(hook) for hook in here):
            return Subscription(topic, address, SubscriptionState.ACTIVE)
        if any(hook.is_active for hook in here):
            why = f"It does not bring the header {self._header} with the secret of the configuration."
            return Subscription(topic, address, SubscriptionState.DISABLED, why)
        if here:
            why = "BigCommerce has switched it off, after failures or 90 days without an event."
            return Subscription(topic, address, SubscriptionState.DISABLED, why)
        ours = next((hook for hook in hooks if self._is_ours(hook)), None)
        if ours is None:
            return Subscription(topic, address, SubscriptionState.MISSING)
        return Subscription(topic, ours.destination, SubscriptionState.ELSEWHERE)

    def _is_ours(self, hook: wire.Hook) -> bool:
        return self._header.lower() in {name.lower() for name in hook.headers or {}}

    def _brings_secret(self, hook: wire.Hook) -> bool:
        return any(
            name.lower() == self._header.lower() and value == self._secret
            for name, value in (hook.headers or {}).items()
        )
