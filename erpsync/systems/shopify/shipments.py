"""Makes shipments known: once each, with one message to the buyer at most.

Shopify keeps no reference of ours on a fulfilment, and makes a second one when asked twice. So each shipment is looked up
first: by the metafield that says what it became, then by its tracking numbers and goods among the fulfilments that are
there, as after a lost reply. One without tracking numbers is announced in its metafield before it is made. The buyer is
told with the first fulfilment of a shipment, and only where nothing of the shipment is there yet.
"""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import Rejected, Transient
from erpsync.domain.ids import SourceId
from erpsync.ports.store_records import FulfilmentDraft, StoreRef, StoreWritten
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.order_reads import is_id, no_id
from erpsync.systems.shopify.reach import Reach
from erpsync.systems.shopify.shipping_plan import Kept, OrderShipments, Part, already_sent, goods_of, plan
from erpsync.systems.shopify.shipping_reads import ShippingReader, metafield_of
from erpsync.systems.shopify.turns import in_turn
from erpsync.systems.shopify.wire_shipping import FulfilmentInput, LineInput, PartInput, TrackingInput


class Shipments:
    def __init__(self, lists: ListReader, reach: Reach, namespace: str) -> None:
        self._client: ShopifyClient = lists.client
        self._reader = ShippingReader(lists, reach, namespace)
        self._namespace = namespace

    def make(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        """See the port. What stands in the way of all is raised, but for what was made before."""
        return in_turn(drafts, lambda draft: draft.reference, self._make)

    def _make(self, draft: FulfilmentDraft) -> StoreRef:
        if not is_id(draft.order_id):
            raise no_id(draft.order_id)
        order = self._reader.read(draft.order_id)
        known = order.kept.get(draft.reference)
        if known is not None and known.fulfilments:
            return _ref(known)
        goods = goods_of(draft)
        found, left = already_sent(draft, goods, order)
        parts = plan(draft, left, order)
        if parts and known is None and not _numbers(draft):
            self._keep(Kept(draft.reference, (), before=frozenset(each.id for each in order.sent)), order)
        made = [(each.id, each.name) for each in found]
        for part in parts:
            made.append(self._create(draft, part, order, notify=draft.notify and not made))
        if not made:
            raise _empty(draft)
        kept = Kept(draft.reference, tuple(gid for gid, _ in made), " + ".join(name for _, name in made))
        self._keep(kept, order)
        return _ref(kept)

    def _create(self, draft: FulfilmentDraft, part: Part, order: OrderShipments, *, notify: bool) -> tuple[str, str]:
        """The new fulfilment's id and name. Raises OutcomeUnknown where the reply was lost."""
        given = {"fulfilment": _input(draft, part, notify=notify)}
        payload = self._client.call("Fulfil", given, once=True).data.get("fulfillmentCreate") or {}
        fulfilment = payload.get("fulfillment")
        if isinstance(fulfilment, dict) and not payload.get("userErrors"):
            return str(fulfilment["id"]), str(fulfilment["name"])
        # Told by what has become of the order meanwhile, where something has: shipped by hand, held, edited.
        _, left = already_sent(draft, goods_of(draft), now := self._reader.read(draft.order_id))
        plan(draft, left, now)
        if now != order:
            raise Transient("order-changed", system=SYSTEM, what="The order changed while it was being fulfilled.")
        raise Rejected(
            "fulfilment-refused",
            system=SYSTEM,
            record=f"shipment {draft.reference} of order {draft.order_id}",
            what="Shopify refuses the fulfilment.",
            next_step="Try to fulfil the items on the order's page in Shopify, which says what is missing; then replay, or "
            "discard where that worked.",
        )

    def _keep(self, kept: Kept, order: OrderShipments) -> None:
        metafield = metafield_of(kept, order, self._namespace)
        payload = self._client.call("WriteBack", {"metafields": [metafield]}).data.get("metafieldsSet") or {}
        if payload.get("userErrors") != []:
            raise unreadable("The shipment could not be noted on the order.")


def _input(draft: FulfilmentDraft, part: Part, *, notify: bool) -> FulfilmentInput:
    given = FulfilmentInput(
        lineItemsByFulfillmentOrder=[
            PartInput(
                fulfillmentOrderId=fulfilment_order,
                fulfillmentOrderLineItems=[LineInput(id=line, quantity=units) for line, units in lines.items()],
            )
            for fulfilment_order, lines in part.lines.items()
        ],
        notifyCustomer=notify,
    )
    numbers = _numbers(draft)
    if numbers:
        tracking = TrackingInput(numbers=numbers)
        parcels = [parcel for parcel in draft.parcels if parcel.number.strip()]
        if parcels[0].carrier:
            tracking["company"] = parcels[0].carrier
        if all(parcel.url for parcel in parcels):
            tracking["urls"] = [parcel.url for parcel in parcels]
        given["trackingInfo"] = tracking
    return given


def _numbers(draft: FulfilmentDraft) -> list[str]:
    return [parcel.number.strip() for parcel in draft.parcels if parcel.number.strip()]


def _ref(kept: Kept) -> StoreRef:
    return StoreRef(SourceId(kept.fulfilments[0].rpartition("/")[2]), kept.display)


def _empty(draft: FulfilmentDraft) -> Rejected:
    return Rejected(
        "shipment-empty",
        system=SYSTEM,
        record=f"shipment {draft.reference} of order {draft.order_id}",
        what="The shipment holds nothing.",
        next_step="Look at the shipment in the ERP; discard the job where it is right.",
    )
