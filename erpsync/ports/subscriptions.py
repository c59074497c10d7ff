"""A remote's webhooks as it has them: made, looked after and renewed by its API."""

from collections.abc import Sequence
from typing import Protocol

from erpsync.ports.store_records import Subscription


class Subscriptions(Protocol):
    """The webhooks of a store or an ERP. Methods block; both may raise Transient errors and Rejected."""

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        """How the remote has each topic that erpsync needs, as of deliveries to `address`."""
        ...

    def subscribe(self, address: str) -> Sequence[Subscription]:
        """Makes what is missing, revives what is switched off, renews what ends, moves what delivers elsewhere; the
        subscriptions as they are then. Doing so again is harmless."""
        ...
