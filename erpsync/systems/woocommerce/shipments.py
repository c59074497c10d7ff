"""Shipments, kept in order meta: core WooCommerce has no API for them.

Each has a meta of its own, named by our reference, so that two workers at two shipments of an order do not undo one
another; the list that shops and extensions read (`tracking_meta_key`) is made of those, beside what others put there. Its
items are as the Shipment Tracking extension has them (https://woocommerce.com/document/shipment-tracking/), with the
`products_list` of Advanced Shipment Tracking. The buyer is told by a customer note, which WooCommerce sends by e-mail
(https://woocommerce.github.io/woocommerce-rest-api-docs/#create-an-order-note).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import SourceId
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, StoreRef, StoreWritten
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.mapper import parse
from erpsync.systems.woocommerce.orders import OrderReader
from erpsync.systems.woocommerce.refusals import SYSTEM, gone, rejected
from erpsync.systems.woocommerce.settings import WooCommerceSettings

COMPLETED = "completed"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,150}")
_OFF = frozenset({"cancelled", "refunded", "failed", "trash"})
# Lists that another worker wrote over ours are mended this often at most.
_TRIES = 3
_JUST_NOW_SECONDS = 600


class Shipments:
    """See `erpsync.ports.store.Store.fulfil`."""

    def __init__(
        self, client: WooCommerceClient, orders: OrderReader, settings: WooCommerceSettings, clock: Clock
    ) -> None:
        self._client = client
        self._orders = orders
        self._settings = settings
        self._clock = clock
        self._off = _OFF | set(settings.cancelled_statuses)

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        """Looks at all orders at once, then writes shipment by shipment, until the shop does not answer any more."""
        answers: dict[str, StoreWritten] = {}
        orders = self._orders.raw([draft.order_id for draft in drafts])
        for place, draft in enumerate(drafts):
            try:
                payload = orders.get(draft.order_id)
                if payload is None:
                    raise gone(draft.order_id)
                answers[draft.reference], orders[draft.order_id] = self._fulfil(draft, payload)
            except Transient as error:
                rest = _not_tried() if isinstance(error, OutcomeUnknown) else error
                return answers | {draft.reference: error} | {one.reference: rest for one in drafts[place + 1 :]}
            except SyncError as error:
                answers[draft.reference] = error
        return answers

    def _fulfil(self, draft: FulfilmentDraft, payload: Mapping[str, Any]) -> tuple[StoreRef, Mapping[str, Any]]:
        order = parse(payload)
        key = self._key(draft.reference)
        known = order.meta(key) is not None
        if not known:
            payload = self._write(draft, key, order)
        payload = self._settled(payload)
        if draft.notify:
            # What was written before may have been told before; what was not cannot have been.
            self._tell(draft, order.id, may_be_told=known)
        display = ", ".join(parcel.number for parcel in draft.parcels if parcel.number) or draft.reference
        return StoreRef(SourceId(draft.reference), display), payload

    def _write(self, draft: FulfilmentDraft, key: str, order: wire.Order) -> Mapping[str, Any]:
        left = self._left(order)
        quantities = _quantities(draft, order, left)
        record = f"order {order.number[:40]}"
        if order.status in self._off:
            raise rejected(
                "order-is-off",
                f'The order has the status "{order.status}" in WooCommerce, and the ERP has shipped it.',
                "Settle with the customer what becomes of the goods; then discard this dead letter.",
                record,
            )
        if any(quantity > left.get(line_id, Decimal(0)) for line_id, quantity in quantities.items()):
            raise rejected(
                "too-much-shipped",
                "More would be shipped than was ordered and is not refunded or shipped yet.",
                "Compare the ERP's shipment with the order in WooCommerce; correct the one that is wrong, then replay.",
                record,
            )
        items = self._items(draft, order, quantities)
        ours = {"lines": {line_id: str(quantity) for line_id, quantity in quantities.items()}, "items": items}
        left = {line_id: quantity - quantities.get(line_id, Decimal(0)) for line_id, quantity in left.items()}
        body: dict[str, Any] = {"meta_data": [{"key": key, "value": ours}, self._list(order, items)]}
        return self._put(order, body | self._completion(order, left))

    def _settled(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Makes good what two workers at the same order have just missed, each having read it before the other wrote: the
        other's tracking in the list, and that the order is complete. What is missing for longer is a person's doing."""
        since = int(self._clock.now().timestamp()) - _JUST_NOW_SECONDS
        for _ in range(_TRIES):
            order = parse(payload)
            listed = {item.get("tracking_id") for item in _listed(order, self._settings.tracking_meta_key)}
            items = [item for shipment in self._known(order) for item in shipment.get("items") or []]
            recent = [item for item in items if int(item.get("date_shipped", 0)) > since]
            lost = [item for item in recent if item.get("tracking_id") not in listed]
            body: dict[str, Any] = {"meta_data": [self._list(order, lost)]} if lost else {}
            if recent:
                body |= self._completion(order, self._left(order))
            if not body:
                break
            payload = self._put(order, body)
        return payload

    def _completion(self, order: wire.Order, left: Mapping[str, Decimal]) -> dict[str, str]:
        """The status of an order of which nothing is left to be shipped; nothing where it has it."""
        if not self._settings.complete_when_shipped or any(quantity > 0 for quantity in left.values()):
            return {}
        done = {COMPLETED, *self._settings.closed_statuses, *self._off}
        return {} if order.status in done else {"status": COMPLETED}

    def _put(self, order: wire.Order, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The order as it is then. Raises OutcomeUnknown where the answer is something else."""
        answer = self._client.write("PUT", f"orders/{order.id}", body)
        if isinstance(answer, dict) and "line_items" in answer:
            return answer
        raise OutcomeUnknown(
            "reply-unreadable",
            system=SYSTEM,
            what="WooCommerce answered the write with something else than the order.",
            record=f"order {order.number[:40]}",
            settle_seconds=self._settings.settle_seconds,
        )

    def _tell(self, draft: FulfilmentDraft, order_id: str, *, may_be_told: bool) -> None:
        note = _note(draft.parcels, self._settings.shipment_note)
        if may_be_told:
            notes = self._client.get(f"orders/{order_id}/notes", {"type": "customer"})
            numbers = [parcel.number for parcel in draft.parcels if parcel.number] or [note]
            if any(all(number in str(each.get("note")) for number in numbers) for each in notes or []):
                return
        self._client.write("POST", f"orders/{order_id}/notes", {"note": note, "customer_note": True})

    def _left(self, order: wire.Order) -> dict[str, Decimal]:
        """What of each line is neither shipped nor refunded."""
        left = {line.id: line.quantity for line in order.line_items}
        back = self._orders.refunded(order) if order.refunds else {}
        for gone_of in (back, *(_decimals(shipment.get("lines")) for shipment in self._known(order))):
            for line_id, quantity in gone_of.items():
                if line_id in left:
                    left[line_id] -= quantity
        return left

    def _items(
        self, draft: FulfilmentDraft, order: wire.Order, quantities: Mapping[str, Decimal]
    ) -> list[dict[str, Any]]:
        """One item a parcel; what is in them is told with the first."""
        lines = {line.id: line for line in order.line_items}
        contents = [
            {"product": lines[line_id].product_id, "item_id": line_id, "qty": str(quantity)}
            for line_id, quantity in quantities.items()
        ]
        return [
            {
                "tracking_provider": "",
                "custom_tracking_provider": parcel.carrier,
                "custom_tracking_link": parcel.url,
                "tracking_number": parcel.number,
                "date_shipped": str(int(self._clock.now().timestamp())),
                "tracking_id": hashlib.sha256(f"{draft.reference}/{place}".encode()).hexdigest()[:32],
                "products_list": contents if place == 0 else [],
            }
            for place, parcel in enumerate(draft.parcels or (Parcel(),))
        ]

    def _list(self, order: wire.Order, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        key = self._settings.tracking_meta_key
        ours = {item["tracking_id"] for item in items}
        others = [item for item in _listed(order, key) if item.get("tracking_id") not in ours]
        return {"key": key, "value": [*others, *items]}

    def _known(self, order: wire.Order) -> list[Mapping[str, Any]]:
        """Our shipments of the order."""
        prefix = self._key("")
        return [meta.value for meta in order.meta_data if meta.key.startswith(prefix) and isinstance(meta.value, dict)]

    def _key(self, reference: str) -> str:
        name = reference
        if reference and not _PLAIN.fullmatch(reference):
            name = hashlib.sha256(reference.encode()).hexdigest()
        return f"_{self._settings.meta_prefix}_shipment_{name}"


def _not_tried() -> Unavailable:
    return Unavailable("not-tried", system=SYSTEM, what="The shop did not answer just before, and was asked no more.")


def _quantities(draft: FulfilmentDraft, order: wire.Order, left: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the shipment takes of each order line. An ERP that does not keep our lines' ids tells the SKU alone: it is taken
    from the lines that have it, one after the other, and what is too much from the last."""
    quantities: dict[str, Decimal] = {}
    for line in draft.lines:
        wanted = line.quantity
        line_ids = _lines_of(line, order)
        for line_id in line_ids:
            free = max(left[line_id] - quantities.get(line_id, Decimal(0)), Decimal(0))
            taken = wanted if line_id == line_ids[-1] else min(wanted, free)
            if taken:
                quantities[line_id] = quantities.get(line_id, Decimal(0)) + taken
            wanted -= taken
    return quantities


def _lines_of(line: FulfilledLine, order: wire.Order) -> list[str]:
    by_id = [each.id for each in order.line_items if each.id == line.line_source_id]
    found = by_id or [each.id for each in order.line_items if each.sku.strip() == line.sku]
    if found:
        return found
    raise rejected(
        "line-unknown",
        f"The order has no line with what was shipped (SKU {line.sku}).",
        "Compare the ERP's shipment with the order in WooCommerce; correct the one that is wrong, then replay.",
        f"order {order.number[:40]}",
    )


def _listed(order: wire.Order, key: str) -> list[dict[str, Any]]:
    """The tracking items there are. PHP makes a list with gaps an object in JSON."""
    value = order.meta(key)
    entries = list(value.values()) if isinstance(value, dict) else value
    return [item for item in entries if isinstance(item, dict)] if isinstance(entries, list) else []


def _decimals(quantities: object) -> dict[str, Decimal]:
    if not isinstance(quantities, dict):
        return {}
    return {str(line_id): Decimal(str(quantity)) for line_id, quantity in quantities.items()}


def _note(parcels: Sequence[Parcel], template: str) -> str:
    lines = [
        template.format(carrier=parcel.carrier, number=parcel.number, url=parcel.url)
        for parcel in parcels or (Parcel(),)
    ]
    return "\n".join(" ".join(line.split()) for line in lines)
