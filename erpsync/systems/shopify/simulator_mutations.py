"""What an app may change on the simulated store's orders, and its webhook subscriptions.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet, .../tagsAdd,
.../webhookSubscriptionCreate, .../fulfillmentCreate
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from erpsync.systems.shopify.simulator_catalogue import Product
from erpsync.systems.shopify.simulator_errors import need, refuse_size, user_error
from erpsync.systems.shopify.simulator_orders import Order, gid
from erpsync.systems.shopify.simulator_root import Root
from erpsync.systems.shopify.simulator_shipping import ShippingRefused, is_done
from erpsync.systems.shopify.simulator_views import fulfilment

METAFIELDS_PER_CALL = 25
MAX_TAG = 40
_GID = re.compile(r"gid://shopify/([A-Z][A-Za-z]+)/([0-9]+)")
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{3,255}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")


class OrderMutations:
    """Not thread-safe by itself. `changed(order, topics)` is told of what happened to an order."""

    def __init__(
        self,
        root: Root,
        scopes: frozenset[str],
        subscriptions: list[dict[str, Any]],
        changed: Callable[..., None],
        *,
        metafields_touch: bool,
    ) -> None:
        self.shop = root.shop
        self.subscriptions = subscriptions
        self._root = root
        self._scopes = scopes
        self._changed = changed
        self._metafields_touch = metafields_touch

    def fields(self) -> dict[str, Any]:
        return {
            "webhookSubscriptions": self._listed,
            "metafieldsSet": lambda _info, metafields: self._set_metafields(metafields),
            "tagsAdd": lambda _info, id, tags: self._tag(id, tags, "tagsAdd"),
            "tagsRemove": lambda _info, id, tags: self._tag(id, tags, "tagsRemove"),
            "webhookSubscriptionCreate": lambda _info, topic, webhookSubscription: self._subscribe(
                {"topic": topic} | webhookSubscription
            ),
            "webhookSubscriptionUpdate": lambda _info, id, webhookSubscription: self._resubscribe(
                id, webhookSubscription
            ),
            "webhookSubscriptionDelete": lambda _info, id: self._unsubscribe(id),
            "fulfillmentCreate": lambda _info, fulfillment, message=None: self._fulfil(fulfillment),  # noqa: ARG005
        }

    # --- subscriptions

    def _listed(
        self,
        info: object,  # noqa: ARG002
        first: int | None = None,
        after: str | None = None,
        topics: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        if first is None:
            raise GraphQLError("you must provide one of first or last")
        nodes = [each for each in self.subscriptions if topics is None or each["topic"] in topics]
        start = int(after) if after else 0
        shown = nodes[start : start + first]
        end = start + len(shown)
        return {"nodes": shown, "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(end)}}

    def _subscribe(self, wanted: dict[str, Any]) -> dict[str, Any]:
        errors = self._address_errors(wanted, None)
        if errors:
            return {"userErrors": errors, "webhookSubscription": None}
        made = subscription(self.shop.next_id(), wanted)
        self.subscriptions.append(made)
        return {"userErrors": [], "webhookSubscription": made}

    def _resubscribe(self, identity: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        known = next((each for each in self.subscriptions if each["id"] == identity), None)
        if known is None:
            missing = user_error(["id"], "Webhook subscription does not exist")
            return {"userErrors": [missing], "webhookSubscription": None}
        errors = self._address_errors({**known, **wanted}, known)
        if not errors:
            known.update(wanted)
        return {"userErrors": errors, "webhookSubscription": known}

    def _unsubscribe(self, identity: str) -> dict[str, Any]:
        kept = [each for each in self.subscriptions if each["id"] != identity]
        gone = len(kept) < len(self.subscriptions)
        self.subscriptions[:] = kept
        errors = [] if gone else [user_error(["id"], "Webhook subscription does not exist")]
        return {"userErrors": errors, "deletedWebhookSubscriptionId": identity if gone else None}

    def _address_errors(self, wanted: Mapping[str, Any], known: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        need(self._scopes, "webhookSubscriptionCreate", "read_orders")
        uri = str(wanted.get("uri") or "")
        if not uri.startswith("https://"):
            return [user_error(["webhookSubscription", "uri"], "Address protocol http:// is not supported")]
        for each in self.subscriptions:
            same = all(each[name] == wanted.get(name, "JSON") for name in ("topic", "uri", "format"))
            if each is not known and same:
                return [user_error(["webhookSubscription", "uri"], "Address for this topic has already been taken")]
        return []

    # --- tags

    def _tag(self, identity: str, tags: Sequence[str], name: str) -> dict[str, Any]:
        need(self._scopes, name, "write_orders")
        order = self._owner(identity)
        if order is None:
            return {"node": None, "userErrors": [user_error(["id"], "Order does not exist")]}
        if any(len(tag) > MAX_TAG or "," in tag for tag in tags):
            return {"node": None, "userErrors": [user_error(["tags"], "Tag is invalid")]}
        given = {tag.lower() for tag in tags}
        kept = [tag for tag in order.tags if tag.lower() not in given]
        after = kept if name == "tagsRemove" else [*kept, *tags]
        if sorted(after) != sorted(order.tags):
            order.tags = after
            self._changed(self.shop.touch(order), "orders/updated")
        return {"node": self._root.view(order).node(), "userErrors": []}

    # --- metafields

    def _set_metafields(self, metafields: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        for kind, scope in (("Order", "write_orders"), ("Product", "write_products")):
            if any(f"/{kind}/" in each["ownerId"] for each in metafields):
                need(self._scopes, "metafieldsSet", scope)
        refuse_size(len(metafields), METAFIELDS_PER_CALL)
        errors = [error for i, each in enumerate(metafields) if (error := self._metafield_error(i, each))]
        if errors:
            return {"metafields": [], "userErrors": errors}
        return {"metafields": [self._set_metafield(each) for each in metafields], "userErrors": []}

    def _metafield_error(self, place: int, metafield: Mapping[str, str]) -> dict[str, Any] | None:
        def error(name: str, code: str, message: str) -> dict[str, Any]:
            return user_error(["metafields", str(place), name], message, elementIndex=None, code=code)

        if self._holder(metafield["ownerId"]) is None:
            return error("ownerId", "INVALID", "Owner does not exist.")
        if not _NAMESPACE.fullmatch(metafield.get("namespace", "")):
            return error("namespace", "TOO_SHORT", "Namespace is too short (minimum is 3 characters)")
        if not _KEY.fullmatch(metafield["key"]):
            return error("key", "TOO_SHORT", "Key is too short (minimum is 2 characters)")
        if metafield.get("type") not in ("json", "single_line_text_field"):
            return error("type", "INVALID_TYPE", "Type is not included in the list")
        if not metafield["value"].strip():
            return error("value", "BLANK", "Value can't be blank.")
        if metafield["type"] == "json" and not _is_json(metafield["value"]):
            return error("value", "INVALID_VALUE", "Value is invalid JSON.")
        return None

    def _set_metafield(self, metafield: Mapping[str, str]) -> dict[str, Any]:
        holder = self._holder(metafield["ownerId"])
        assert holder is not None  # noqa: S101 - checked before
        name = f"{metafield['namespace']}.{metafield['key']}"
        known = holder.metafields.get(name)
        identity = known["id"] if known else gid("Metafield", self.shop.next_id())
        holder.metafields[name] = {"id": identity, "type": metafield["type"], "value": metafield["value"]}
        if self._metafields_touch and isinstance(holder, Order):
            self._changed(self.shop.touch(holder), "orders/updated")
        return {"__typename": "Metafield", **metafield, "id": identity}

    # --- shipments

    def _fulfil(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        need(self._scopes, "fulfillmentCreate", "write_merchant_managed_fulfillment_orders")
        tracking = wanted.get("trackingInfo") or {}
        parts = [
            {
                "id": _number(part["fulfillmentOrderId"]),
                "lines": {_number(line["id"]): line["quantity"] for line in part["fulfillmentOrderLineItems"]}
                if part.get("fulfillmentOrderLineItems")
                else None,
            }
            for part in wanted["lineItemsByFulfillmentOrder"]
        ]
        asked = {
            "parts": parts,
            "notify": wanted.get("notifyCustomer", False),
            "company": tracking.get("company") or "",
            "numbers": tracking.get("numbers") or [each for each in [tracking.get("number")] if each],
            "urls": tracking.get("urls") or [each for each in [tracking.get("url")] if each],
        }
        try:
            order, made = self.shop.shipments.create(self._root.orders(), asked, self.shop.now())
        except ShippingRefused as refused:
            return {"fulfillment": None, "userErrors": [user_error(refused.field, str(refused))]}
        topic = "orders/fulfilled" if is_done(order) else "orders/partially_fulfilled"
        self._changed(self.shop.touch(order), topic, "orders/updated")
        return {"fulfillment": fulfilment(made, self._root.view(order).line), "userErrors": []}

    def _holder(self, identity: str) -> Order | Product | None:
        found = _GID.fullmatch(identity)
        if found and found[1] == "Product":
            return self.shop.catalogue.products.get(int(found[2]))
        return self._owner(identity)

    def _owner(self, identity: str) -> Order | None:
        found = _GID.fullmatch(identity)
        return self._root.orders().get(int(found[2])) if found and found[1] == "Order" else None


def subscription(number: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", number),
        "format": "JSON",
        "includeFields": [],
        "filter": None,
        **wanted,
    }


def _number(identity: str) -> int:
    return int(identity.rpartition("/")[2])


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
