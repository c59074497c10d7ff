"""Makes shipments known, once each.

BigCommerce keeps no reference of ours unique: it stands in the shipment's comments and is looked for first, and a lost
reply is OutcomeUnknown. A shipment goes to one address of the order: lines for several become one shipment for each.

Whether the buyer is told is for the store to say: making a shipment sends what is switched on under Settings > Order
notifications, and the API has no switch for one shipment
(https://developer.bigcommerce.com/docs/store-operations/orders#creating-order-shipments).
"""

from collections.abc import Sequence
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import SourceId
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, StoreRef, StoreWritten
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.orders import OrderReader, gone, is_id, no_id
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.refusals import SYSTEM, concerns_all
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

# The carriers that BigCommerce itself links to: the reference of create-order-shipment.
PROVIDERS = ("auspost", "canadapost", "endicia", "fedex", "royalmail", "ups", "usps")
_NUMBER_CHARACTERS = 50
_LINK_CHARACTERS = 500


class Shipments:
    def __init__(self, client: BigCommerceClient, orders: OrderReader, settings: BigCommerceSettings) -> None:
        self._client = client
        self._orders = orders
        self._carriers = {name.lower(): carrier for name, carrier in settings.carriers.items()}

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> dict[str, StoreWritten]:
        written: dict[str, StoreWritten] = {}
        for place, draft in enumerate(drafts):
            try:
                written[draft.reference] = self._fulfil(draft)
            except SyncError as error:
                written[draft.reference] = error
                if concerns_all(error):
                    return written | {rest.reference: error for rest in drafts[place:]}
        return written

    def _fulfil(self, draft: FulfilmentDraft) -> StoreRef:
        if not is_id(draft.order_id):
            raise no_id(draft.order_id)
        record = f"order {draft.order_id}"
        path = f"/v2/orders/{draft.order_id}/shipments"
        ours = [read(wire.Shipment, row, record) for row in self._client.v2_pages(path, record=record)]
        ours = [one for one in ours if _mark(draft.reference) in one.comments]
        lines = self._orders.lines(draft.order_id)
        if not lines:
            raise gone(draft.order_id)
        done = {one.order_address_id for one in ours}
        if not ours or not done >= {line.order_address_id for line in lines if line.order_address_id}:
            _refuse_long_number(draft.parcels, record)
            due = _by_address(draft, _Open(lines, ours), record)
            for address, items in due.items():
                if address not in done:
                    answer = self._client.post(path, self._body(draft, address, items), record=record)
                    ours.append(read(wire.Shipment, answer.body, record))
        first = min(one.id for one in ours)
        return StoreRef(SourceId(str(first)), str(first))

    def _body(self, draft: FulfilmentDraft, address: int, items: list[dict[str, int]]) -> dict[str, Any]:
        return {
            "order_address_id": address,
            "items": items,
            "comments": _comments(draft),
            **self._tracking(draft.parcels),
        }

    def _tracking(self, parcels: Sequence[Parcel]) -> dict[str, str]:
        """Of the first parcel: a shipment has room for one. The ERP's link comes before one made of carrier and number."""
        if not parcels:
            return {"tracking_number": "", "shipping_provider": ""}
        parcel = parcels[0]
        name = parcel.carrier.strip().lower()
        body = {
            "tracking_number": parcel.number,
            "shipping_provider": name if name in PROVIDERS else "",
        }
        if name in self._carriers:
            body |= {"tracking_carrier": self._carriers[name], "shipping_provider": ""}
        if parcel.carrier:
            body["shipping_method"] = parcel.carrier
        if parcel.url.startswith(("https://", "http://")) and len(parcel.url) <= _LINK_CHARACTERS:
            body["tracking_link"] = parcel.url
        return body


def _mark(reference: str) -> str:
    """Closed on both sides, so that one reference is never found in another."""
    return f"[erpsync {reference}]"


def _comments(draft: FulfilmentDraft) -> str:
    more = [f"{parcel.carrier} {parcel.number}".strip() for parcel in draft.parcels[1:]]
    return " ".join([_mark(draft.reference), *(["Further parcels:", ", ".join(more)] if more else [])])


class _Open:
    """What of each line may be shipped under a reference: what is open, and what is shipped under it already, so that a
    second attempt finds the same shipments as the first."""

    def __init__(self, lines: Sequence[wire.Line], ours: Sequence[wire.Shipment]) -> None:
        self.lines = lines
        self._left = {line.id: int(line.quantity - line.quantity_shipped) for line in lines}
        for item in (item for shipment in ours for item in shipment.items):
            self._left[item.order_product_id] = self._left.get(item.order_product_id, 0) + item.quantity

    def take(self, line: wire.Line, wanted: int) -> int:
        """As much of `wanted` as there is."""
        taken = max(0, min(wanted, self._left[line.id]))
        self._left[line.id] -= taken
        return taken


def _by_address(draft: FulfilmentDraft, left: _Open, record: str) -> dict[int, list[dict[str, int]]]:
    found: dict[int, list[dict[str, int]]] = {}
    for line in draft.lines:
        missing = _whole(line, record)
        for match in _matches(line, left.lines, record):
            if quantity := left.take(match, missing):
                item = {"order_product_id": match.id, "quantity": quantity}
                found.setdefault(match.order_address_id, []).append(item)
                missing -= quantity
        if missing:
            what = f"{line.quantity:f} of {line.sku} were shipped, {missing} more than the order has open."
            raise _refused("shipped-too-much", record, what)
    return found


def _whole(line: FulfilledLine, record: str) -> int:
    if line.quantity != int(line.quantity) or line.quantity <= 0:
        raise _refused("shipment-not-whole", record, f"{line.quantity:f} of {line.sku} is no number of whole units.")
    return int(line.quantity)


def _matches(line: FulfilledLine, lines: Sequence[wire.Line], record: str) -> list[wire.Line]:
    if line.line_source_id is not None:
        found = [one for one in lines if str(one.id) == line.line_source_id]
    else:
        found = [one for one in lines if one.sku == line.sku]
    if not found:
        raise _refused("line-not-found", record, f"The order has no line of {line.sku} that could be shipped.")
    if not all(one.order_address_id for one in found):
        raise _refused("line-not-shipped", record, f"{line.sku} is picked up or downloaded, and not shipped.")
    return found


def _refuse_long_number(parcels: Sequence[Parcel], record: str) -> None:
    if parcels and len(parcels[0].number) > _NUMBER_CHARACTERS:
        what = f"The tracking number has more than {_NUMBER_CHARACTERS} characters, which BigCommerce does not take."
        raise _refused("tracking-number-too-long", record, what)


def _refused(code: str, record: str, what: str) -> Rejected:
    return Rejected(
        code,
        system=SYSTEM,
        record=record,
        what=what,
        next_step="Compare the ERP's shipment with the order in BigCommerce, enter it there by hand, then discard this.",
    )
