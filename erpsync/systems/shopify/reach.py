"""Which orders the app may see: an order that Shopify does not find is gone, or only out of the app's reach.

Without the access scope read_all_orders an app sees the orders of the last 60 days alone
(https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order), and lists and reads older ones as if there were none
(https://github.com/Shopify/shopify-api-ruby/issues/596).
"""

from datetime import datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import SourceId
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.lists import unreadable

SCOPE = "read_all_orders"
SEEN_WITHOUT = timedelta(days=60)


class Reach:
    """Of one app in one store. The scope is asked for when it matters, and again until it is there."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client
        self._sees_all = False

    def missing(self, source_id: SourceId) -> SyncError:
        """Why Shopify finds no such order. Raises what keeps the app's scopes from being read."""
        record = f"order {source_id}"
        if self._sees_all_orders():
            return Skip("order-gone", what="The order no longer exists in Shopify.", record=record)
        return Rejected(
            "order-out-of-reach",
            system=SYSTEM,
            record=record,
            what=f"Shopify shows the app no such order: it was deleted, or is older than {SEEN_WITHOUT.days} days.",
            next_step=f"Where it is there in Shopify's admin, add the access scope {SCOPE} to the app, install its new "
            "version in the store, and replay; else discard.",
        )

    def require(self, start: datetime) -> None:
        """Raises Rejected where orders from `start` on are wanted, and the app sees the later ones alone."""
        if start >= self._client.clock.now() - SEEN_WITHOUT or self._sees_all_orders():
            return
        raise Rejected(
            "orders-out-of-reach",
            system=SYSTEM,
            what=f"The app sees the orders of the last {SEEN_WITHOUT.days} days alone, and older ones were asked for.",
            next_step=f"Add the access scope {SCOPE} to the app and install its new version in the store, or cancel and "
            "ask for later orders.",
        )

    def _sees_all_orders(self) -> bool:
        if not self._sees_all:
            try:
                told = wire.Inspection.model_validate(self._client.call("Inspect").data)
            except ValidationError:
                raise unreadable("The app's access scopes were not told.") from None
            self._sees_all = SCOPE in {scope.handle for scope in told.installation.access_scopes}
        return self._sees_all
