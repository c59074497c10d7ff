"""How Shopify's webhooks are believed and read.

Sources: https://shopify.dev/docs/apps/build/webhooks/subscribe/https (signature),
https://shopify.dev/changelog/updates-to-webhook-retry-mechanism (repeats carry the original body and trigger time),
https://shopify.dev/docs/api/webhooks/2026-10 (topics and bodies).
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.bodies import read_object
from erpsync.systems.shopify.settings import ShopifySettings

FLOW = "orders"
# Topics whose body is the whole order.
ORDER_TOPICS = frozenset(
    {
        "orders/create",
        "orders/updated",
        "orders/cancelled",
        "orders/paid",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)
# What a body must have to stand for the order. A subscription may leave fields out ("includeFields"), and then the order
# is fetched instead of being taken for one without customer or refunds.
_WHOLE = frozenset(
    {
        "name",
        "created_at",
        "updated_at",
        "currency",
        "taxes_included",
        "test",
        "cancelled_at",
        "closed_at",
        "email",
        "phone",
        "note",
        "financial_status",
        "payment_gateway_names",
        "customer",
        "billing_address",
        "shipping_address",
        "line_items",
        "shipping_lines",
        "refunds",
        "current_total_price_set",
        "current_total_tax_set",
        "current_total_duties_set",
        "current_total_additional_fees_set",
        "total_tip_received",
        "total_cash_rounding_payment_adjustment_set",
        "total_cash_rounding_refund_adjustment_set",
        "duties_included",
    }
)
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{8,100}")
_ZERO = re.compile(r"0+(\.0+)?")
_MOMENT: TypeAdapter[datetime] = TypeAdapter(wire.Moment)
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(wire.Identifier)


class ShopifyWebhooks:
    """Reads the deliveries of one store."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._shop = settings.shop
        self._currency = settings.currency
        self._secrets = tuple(secret.get_secret_value().encode() for secret in settings.webhook_secrets)

    def verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - Shopify signs no time
        """See the port. The signature covers the body alone, so nothing that matters is taken from a header unchecked."""
        try:
            given = base64.b64decode(delivery.headers.get("x-shopify-hmac-sha256", ""), validate=True)
        except (binascii.Error, ValueError):
            raise NotAuthentic("the signature is not base64") from None
        if not given:
            raise NotAuthentic("there is no signature")
        # Every secret is tried, so that the time taken does not tell which one matched.
        matches = [hmac.compare_digest(given, _sign(secret, delivery.body)) for secret in self._secrets]
        if not any(matches):
            raise NotAuthentic("the signature does not fit the body")
        if delivery.headers.get("x-shopify-shop-domain", "").strip().lower() != self._shop:
            raise NotAuthentic("the delivery is another store's")

    def delivery_key(self, delivery: Delivery) -> str:
        """Shopify's own id of the delivery, which repeats of it keep; the body's hash where there is none."""
        webhook_id = delivery.headers.get("x-shopify-webhook-id", "").strip()
        if _WEBHOOK_ID.fullmatch(webhook_id):
            return f"id:{webhook_id}"
        return (
            f"sha256:{hashlib.sha256(self.topic(delivery).encode(errors='replace') + b' ' + delivery.body).hexdigest()}"
        )

    def topic(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-shopify-topic", "").strip().lower()[:100]

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        """See the port. Topics that concern no order change nothing."""
        topic = self.topic(delivery)
        if topic in ORDER_TOPICS:
            body = read_object(delivery.body)
            source_id = _identifier(body, "id")
            version = _version(delivery, _moment(body, "updated_at"))
            return [_change(source_id, version, _name(body, source_id), carries_state=self._is_whole(body))]
        if topic == "orders/edited":
            edit = _edit(read_object(delivery.body))
            version = _version(delivery, edit.committed_at or edit.created_at)
            return [_change(edit.order_id, version, edit.order_id, carries_state=False)]
        if topic == "refunds/create":
            body = read_object(delivery.body)
            source_id = _identifier(body, "order_id")
            return [_change(source_id, _version(delivery, _moment(body, "created_at")), source_id, carries_state=False)]
        if topic == "orders/delete":
            body = read_object(delivery.body)
            source_id = _identifier(body, "id")
            # A real one has the id alone. The topic is not signed: an order's body under this one keeps its own time.
            return [_change(source_id, _version(delivery, _moment(body, "updated_at")), source_id, carries_state=False)]
        return []

    def _is_whole(self, body: Mapping[str, object]) -> bool:
        if not body.keys() >= _WHOLE:
            return False
        # A webhook tells the tip in the store's currency only.
        foreign = self._currency == "presentment" and body.get("presentment_currency") != body.get("currency")
        return not foreign or _ZERO.fullmatch(str(body["total_tip_received"])) is not None


def _sign(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def _change(source_id: str, version: datetime, number: str, *, carries_state: bool) -> Change:
    return Change(FLOW, SourceId(source_id), version, number, carries_state)


def _version(delivery: Delivery, changed_at: datetime | None) -> datetime:
    """Orders the changes of one order: by what the signed body says, and within its second by the trigger's time.

    `updated_at` has whole seconds, so two updates in one second tie; the one triggered later wins. The trigger's time
    is a header, and not signed: it moves the version within its second only, however far off it is. Neither a forged
    header nor a trigger that lagged behind its body can push an old body past a newer one. A repeat carries the body
    and the trigger time of the first attempt, and so has its version.
    """
    triggered_at = _triggered_at(delivery)
    base = changed_at or triggered_at
    if base is None:
        raise _unreadable("the body has no time, and neither has the header X-Shopify-Triggered-At")
    second = base.replace(microsecond=0)
    lag = (triggered_at - second).total_seconds() if triggered_at else 0.0
    # Strictly growing, between 0 and 1, and steepest where triggers really are: about the time of the change.
    return second + timedelta(seconds=0.5 + lag / (2 * (1 + abs(lag))))


def _triggered_at(delivery: Delivery) -> datetime | None:
    try:
        return _MOMENT.validate_python(delivery.headers.get("x-shopify-triggered-at", "").strip())
    except ValidationError:
        return None


def _identifier(body: Mapping[str, object], field: str) -> str:
    try:
        return _IDENTIFIER.validate_python(body.get(field))
    except ValidationError:
        raise _unreadable(f"the field {field} is not an id") from None


def _moment(body: Mapping[str, object], field: str) -> datetime | None:
    """A body without the time is fetched; one whose time cannot be read is broken."""
    if body.get(field) is None:
        return None
    try:
        return _MOMENT.validate_python(body[field])
    except ValidationError:
        raise _unreadable(f"the field {field} is not a time") from None


def _name(body: Mapping[str, object], source_id: str) -> str:
    name = body.get("name")
    return name[:40] if isinstance(name, str) and name else source_id


def _edit(body: Mapping[str, object]) -> wire.OrderEdit:
    try:
        return wire.OrderEdit.model_validate(body.get("order_edit"))
    except ValidationError:
        raise _unreadable("the field order_edit cannot be read") from None


def _unreadable(complaint: str) -> Rejected:
    return Rejected(
        "delivery-unreadable",
        system=SYSTEM,
        what=f"In the webhook, {complaint}.",
        next_step="Check the subscription's topic and API version in Shopify; the order is read again when it changes.",
    )
