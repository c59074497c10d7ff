"""The subscriptions to a company's changes. Each ends after three days unless it is renewed, and Business Central deletes
one whose receiver answers with anything but success, 408, 429 or 5xx. To make and to renew it wants a handshake.
Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-subscriptions
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from pydantic import SecretStr, TypeAdapter, ValidationError

from erpsync.domain.errors import Rejected, Unavailable
from erpsync.domain.ids import ConnectionName
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.systems.dynamics.business_central.client import Answer, BusinessCentral, Request
from erpsync.systems.dynamics.business_central.settings import SYSTEM
from erpsync.systems.dynamics.business_central.webhooks import FLOWS, client_state, subscribed_to
from erpsync.systems.dynamics.business_central.wire import Payload, WebhookSubscription

# Two days of the three are left to try again in.
RENEW = timedelta(days=2)
_COLLECTION = "subscriptions"
_MOMENT = TypeAdapter(datetime)


class BusinessCentralSubscriptions:
    """See `erpsync.ports.subscriptions.Subscriptions`. Ours are those to our address, and those with our client state."""

    def __init__(self, name: ConnectionName, secret: SecretStr, client: BusinessCentral, clock: Clock) -> None:
        self._state = client_state(name, secret)
        self._client = client
        self._clock = clock

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        found = self._found(address)
        return [self._shown(topic, address, found.get(topic)) for topic in FLOWS]

    def subscribe(self, address: str) -> Sequence[Subscription]:
        found = self._found(address)
        for topic in FLOWS:
            there = found.get(topic)
            if self._shown(topic, address, there).state is not SubscriptionState.ACTIVE:
                self._put(topic, address, there)
        return self.subscriptions(address)

    def _found(self, address: str) -> dict[str, WebhookSubscription]:
        """Ours by topic: those that deliver to the address, or have our client state; the former first."""
        company = self._client.company()["id"].lower()
        rows: list[WebhookSubscription] = self._client.read_shared(_COLLECTION)
        ours = [row for row in rows if row["notificationUrl"] == address or row["clientState"] == self._state]
        found: dict[str, WebhookSubscription] = {}
        for row in sorted(ours, key=lambda row: (row["notificationUrl"] != address, row["subscriptionId"])):
            place = subscribed_to(row["resource"])
            if place is not None and place[0] == company:
                found.setdefault(place[1], row)
        return found

    def _shown(self, topic: str, address: str, row: WebhookSubscription | None) -> Subscription:
        if row is None:
            return Subscription(topic, address, SubscriptionState.MISSING)
        if row["notificationUrl"] != address:
            return Subscription(topic, row["notificationUrl"], SubscriptionState.ELSEWHERE)
        if row["clientState"] != self._state:
            why = "It does not bring the client state that follows from webhook_secret."
            return Subscription(topic, address, SubscriptionState.DISABLED, why)
        left = _moment(row) - self._clock.now()
        if left <= timedelta():
            return Subscription(topic, address, SubscriptionState.DISABLED, "It has ended, for it was not renewed.")
        state = SubscriptionState.EXPIRING if left < RENEW else SubscriptionState.ACTIVE
        return Subscription(topic, address, state, f"It ends at {row['expirationDateTime']} unless it is renewed.")

    def _put(self, topic: str, address: str, there: WebhookSubscription | None) -> None:
        resource = f"/api/v2.0/companies({self._client.company()['id']})/{topic}"
        body: Payload = {"notificationUrl": address, "resource": resource, "clientState": self._state}
        if there is not None:
            path = f"{_COLLECTION}('{quote(there['subscriptionId'], safe='')}')"
            answer = self._client.write_shared(Request("PATCH", path, body=body, etag="*", record=topic))
            if answer.status != 404:
                _check(topic, answer)
                return
        _check(topic, self._client.write_shared(Request("POST", _COLLECTION, body=body, record=topic)))


def _check(topic: str, answer: Answer) -> None:
    if isinstance(answer.error, Rejected):
        raise Rejected(
            "webhook-refused",
            system=SYSTEM,
            record=f"webhook for {topic}",
            what=f"{answer.error.problem.what} It makes a webhook only after it has reached the receiver.",
            next_step="See that `public_url` in [web] leads to erpsync from the internet, by a certificate that all know;"
            " then run `erpsync webhooks subscribe`.",
        )
    if answer.error is not None:
        raise answer.error


def _moment(row: WebhookSubscription) -> datetime:
    try:
        return _MOMENT.validate_python(row["expirationDateTime"])
    except ValidationError:
        what = "Business Central does not say when a webhook ends."
        raise Unavailable("answer-unreadable", system=SYSTEM, what=what) from None
