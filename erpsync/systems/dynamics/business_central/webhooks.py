"""How a company's notifications are believed and read. They say that a record changed and not how, so each is a nudge.

Item ledger entries, shipments and locations are not among what can be subscribed to. Stock that moves for a sales order
changes the order; other postings of goods reach the general ledger where Automatic Cost Posting is on, and those of
purchase invoices in any case. The rest is found by the poll.
Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-subscriptions
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, SecretStr, ValidationError

from erpsync.domain.ids import ConnectionName
from erpsync.ports.webhooks import Delivery, NotAuthentic, Nudge

HANDSHAKE = "validationToken"
FLOWS: Mapping[str, tuple[str, ...]] = {
    "items": ("products", "prices"),
    "salesOrders": ("fulfilments", "stock"),
    "generalLedgerEntries": ("stock",),
}
"""What is subscribed to, and the flows that each tells of."""

# Environments before version 19 begin a body with it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RESOURCE = re.compile(r"companies\(([0-9A-Fa-f-]{36})\)/(\w+)")


class _Notification(BaseModel):
    """Subscriptions of others, without a client state, may share a delivery with ours."""

    clientState: str | None = None
    resource: str | None = None


class _Notifications(BaseModel):
    value: list[_Notification]


class BusinessCentralWebhooks:
    """Reads the notifications of one connection. See `erpsync.ports.webhooks.Webhooks`."""

    def __init__(self, name: ConnectionName, secret: SecretStr) -> None:
        self._state = client_state(name, secret)

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """One delivery holds notifications of several subscriptions to one address; those of others are passed over."""
        del now
        if not self._ours(delivery):
            raise NotAuthentic("no notification brings the client state of our subscriptions")

    def delivery_key(self, delivery: Delivery) -> str:
        return f"notifications:{hashlib.sha256(delivery.body).hexdigest()}"

    def topic(self, delivery: Delivery) -> str:
        return ", ".join(self._collections(delivery))[:100]

    def changes(self, delivery: Delivery) -> Sequence[Nudge]:
        flows = [flow for name in self._collections(delivery) for flow in FLOWS.get(name, ())]
        return [Nudge(flow) for flow in dict.fromkeys(flows)]

    def _collections(self, delivery: Delivery) -> list[str]:
        found = [subscribed_to(one.resource or "") for one in self._ours(delivery)]
        return sorted({one[1] for one in found if one is not None})

    def _ours(self, delivery: Delivery) -> list[_Notification]:
        try:
            told = _Notifications.model_validate_json(delivery.body.removeprefix(_BYTE_ORDER_MARK)).value
        except ValidationError:
            return []
        return [one for one in told if hmac.compare_digest((one.clientState or "").encode(), self._state.encode())]


def client_state(name: ConnectionName, secret: SecretStr) -> str:
    """What our subscriptions are known by. It comes back in each body, which the inbox keeps as it came: so it is not the
    secret itself, and whoever reads it there can do nothing with it but make erpsync poll."""
    return hmac.new(secret.get_secret_value().encode(), f"clientState {name}".encode(), hashlib.sha256).hexdigest()


def subscribed_to(resource: str) -> tuple[str, str] | None:
    """Id of the company, in small letters, and name of the collection that a resource lies in."""
    found = _RESOURCE.search(resource)
    return (found[1].lower(), found[2]) if found else None
