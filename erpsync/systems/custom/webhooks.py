"""How a shop's webhooks are believed and read."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.systems.custom import wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.mapper import order_of, unreadable
from erpsync.systems.custom.settings import CustomSettings
from erpsync.transport import signing

FLOW = "orders"
_TEN_YEARS = 10 * 366 * 86400.0


class CustomWebhooks:
    """Reads the deliveries of one shop."""

    def __init__(self, settings: CustomSettings) -> None:
        self._secrets = settings.secrets
        self._window_seconds = settings.replay_window_seconds
        self._pushes = settings.way == "push"

    def verify(self, delivery: Delivery, now: datetime) -> None:
        if not self._secrets:
            raise NotAuthentic("this connection has no secret, and so takes no webhooks")
        signing.verify_webhook(self._secrets, delivery.headers, delivery.body, now, self._window_seconds)

    def delivery_key(self, delivery: Delivery) -> str:
        """By what the event says of itself rather than by its id alone: a middleware that gives all events of an order
        one id (the order's, say) would otherwise lose all but the first."""
        try:
            event = wire.Event.model_validate_json(delivery.body)
        except ValidationError:
            return f"body:{hashlib.sha256(delivery.body).hexdigest()}"
        told = (event.id, event.type, event.occurred_at.isoformat(), event.order.id, _changed_at(event).isoformat())
        return f"event:{hashlib.sha256(repr(told).encode()).hexdigest()}"

    def topic(self, delivery: Delivery) -> str:
        try:
            return wire.Event.model_validate_json(delivery.body).type
        except ValidationError:
            return ""

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        event = read_event(delivery.body)
        order = event.order
        gone = event.type == "order.deleted"
        whole = isinstance(order, wire.Order)
        if self._pushes and not whole and not gone:
            raise Rejected(
                "order-not-told",
                system=SYSTEM,
                record=f"order {order.id}",
                what="The event has the order's id alone, and the connection has no `url` to fetch it from.",
                next_step="Let the shop send the whole order; or set `url`, restart, then replay.",
            )
        version = _version(event) if self._pushes else _changed_at(event)
        number = order.number if isinstance(order, wire.Order) else order.id
        # That it is gone is all there is to know of a deleted order.
        return [Change(FLOW, SourceId(order.id), version, number, carries_state=whole or gone)]


def order_from_event(body: bytes, *, pushes: bool) -> Order:
    """The order that an event tells whole. Raises Skip where it says that the order is deleted."""
    event = read_event(body)
    if event.type == "order.deleted":
        raise Skip("order-gone", what="The shop has deleted the order.", record=f"order {event.order.id}")
    if not isinstance(event.order, wire.Order):
        raise Rejected(
            "order-not-told",
            system=SYSTEM,
            record=f"order {event.order.id}",
            what="The event has the order's id alone.",
            next_step="Let the shop send the whole order again.",
        )
    return order_of(event.order, _version(event) if pushes else None)


def read_event(body: bytes) -> wire.Event:
    """Raises Rejected naming the field that is wrong."""
    try:
        return wire.Event.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(error, "webhook", wire.Event) from None


def _changed_at(event: wire.Event) -> datetime:
    """A deletion is later than any state of the order."""
    if isinstance(event.order, wire.Order) and event.type == "order.changed":
        return event.order.updated_at
    return event.occurred_at


def _version(event: wire.Event) -> datetime:
    """By `updated_at` to the second and within it by when the event occurred.

    A shop that only pushes is asked nothing, so of two events that tie the ledger could keep neither's state. Many tools
    know seconds only, and an order that is sent again unchanged must count as later than before. The place within the
    second grows with the time from the change to the event, by its logarithm: some years fit in.
    """
    changed_at = _changed_at(event)
    second = changed_at.replace(microsecond=0)
    waited = min(max((event.occurred_at - second).total_seconds(), 0.0), _TEN_YEARS)
    return second + timedelta(microseconds=int(999_999 * math.log1p(waited) / math.log1p(_TEN_YEARS)))
