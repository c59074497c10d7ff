"""Which fulfilments are a shipment's already, and which are to be made. Pure.

A fulfilment is made for fulfilment orders of one location and one way of delivery
(https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate); a shipment that spans several becomes
several, under the same tracking numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import FulfilmentDraft
from erpsync.systems.shopify.amounts import SYSTEM

# An order line's id, or its SKU where the ERP has kept no id.
Goods: TypeAlias = str
_BY_SKU = "SKU "


@dataclass(frozen=True)
class ToShip:
    id: str
    line: str
    sku: str
    remaining: int

    def is_of(self, goods: Goods) -> bool:
        return goods in (self.line, _BY_SKU + self.sku)


@dataclass(frozen=True)
class Waiting:
    """A fulfilment order. `obstacle` is why nothing can be shipped for it, empty where it can."""

    id: str
    location: str
    method: str
    obstacle: str
    lines: tuple[ToShip, ...]


@dataclass(frozen=True)
class Sent:
    """A fulfilment. `lines` are line id, SKU and quantity."""

    id: str
    name: str
    cancelled: bool
    numbers: frozenset[str]
    lines: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Kept:
    """What is kept on the order of one of our shipments: the fulfilments that it became, none while it is being made;
    `before` are those that were there when it began."""

    reference: str
    fulfilments: tuple[str, ...]
    display: str = ""
    before: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OrderShipments:
    id: str
    sent: tuple[Sent, ...]
    waiting: tuple[Waiting, ...]
    kept: Mapping[str, Kept]


@dataclass
class Part:
    """A fulfilment to be made: by fulfilment order, how much of which of its lines."""

    lines: dict[str, dict[str, int]] = field(default_factory=dict)


def goods_of(draft: FulfilmentDraft) -> dict[Goods, int]:
    """How much of what is shipped. Raises Rejected for a quantity that Shopify cannot hold."""
    wanted: dict[Goods, int] = {}
    for line in draft.lines:
        goods = str(line.line_source_id) if line.line_source_id else _BY_SKU + line.sku
        if line.quantity != int(line.quantity) or line.quantity <= 0:
            raise _refused(
                draft,
                "quantity-not-whole",
                f"It holds {line.quantity} of SKU {line.sku}, and Shopify ships whole units only.",
                "Correct the shipment in the ERP, or make it known in Shopify by hand; then replay or discard.",
            )
        wanted[goods] = wanted.get(goods, 0) + int(line.quantity)
    return wanted


def already_sent(
    draft: FulfilmentDraft, goods: Mapping[Goods, int], order: OrderShipments
) -> tuple[list[Sent], dict[Goods, int]]:
    """The fulfilments that must be this shipment's, and what is left to be made known.

    Those with the same tracking numbers whose goods are all in the shipment; without numbers those that appeared since it
    was begun. What another of our shipments became is never taken.
    """
    begun = order.kept.get(draft.reference)
    taken = {each for kept in order.kept.values() for each in kept.fulfilments}
    numbers = frozenset(parcel.number.strip() for parcel in draft.parcels if parcel.number.strip())
    left, found = dict(goods), []
    for sent in order.sent:
        if sent.cancelled or sent.id in taken or sent.numbers != numbers:
            continue
        if not numbers and (begun is None or sent.id in begun.before):
            continue
        rest = _less(left, sent)
        if rest is not None:
            left = rest
            found.append(sent)
    return found, {each: quantity for each, quantity in left.items() if quantity}


def plan(draft: FulfilmentDraft, left: Mapping[Goods, int], order: OrderShipments) -> list[Part]:
    """The fulfilments to be made, those of the draft's own location first. Raises Rejected where goods are missing."""
    parts: dict[tuple[str, str], Part] = {}
    used: dict[str, int] = {}
    waiting = sorted(order.waiting, key=lambda each: each.location != draft.location)
    for goods, quantity in left.items():
        for fulfilment_order in waiting:
            if fulfilment_order.obstacle:
                continue
            for line in fulfilment_order.lines:
                units = min(quantity, line.remaining - used.get(line.id, 0)) if line.is_of(goods) else 0
                if units > 0:
                    part = parts.setdefault((fulfilment_order.location, fulfilment_order.method), Part())
                    lines = part.lines.setdefault(fulfilment_order.id, {})
                    lines[line.id] = lines.get(line.id, 0) + units
                    used[line.id] = used.get(line.id, 0) + units
                    quantity -= units
        if quantity:
            raise _missing(draft, goods, quantity, order.waiting)
    return list(parts.values())


def _less(left: Mapping[Goods, int], sent: Sent) -> dict[Goods, int] | None:
    """What is left after the fulfilment, None where it holds something else."""
    rest = dict(left)
    for line, sku, quantity in sent.lines:
        goods = line if line in rest else _BY_SKU + sku
        if rest.get(goods, 0) < quantity:
            return None
        rest[goods] -= quantity
    return rest


def _missing(draft: FulfilmentDraft, goods: Goods, quantity: int, waiting: Sequence[Waiting]) -> Rejected:
    obstacles = [
        each.obstacle
        for each in waiting
        if each.obstacle and any(line.is_of(goods) and line.remaining for line in each.lines)
    ]
    what = goods if goods.startswith(_BY_SKU) else f"line {goods}"
    if obstacles:
        return _refused(
            draft,
            "fulfilment-blocked",
            f"{quantity} of {what} cannot be shipped in Shopify: {obstacles[0]}.",
            "Release it or move it to a location of the store in Shopify (the order's page), then replay; or discard, "
            "where it was made known by other means.",
        )
    return _refused(
        draft,
        "shipped-too-much",
        f"{quantity} of {what} more would be shipped than the order still has to ship.",
        "Compare the order's fulfilments in Shopify with the ERP's shipments: it may have been fulfilled by hand, edited, "
        "or refunded, or lie with another company's fulfilment service that this app may not see. Then replay or discard.",
    )


def _refused(draft: FulfilmentDraft, code: str, what: str, next_step: str) -> Rejected:
    record = f"shipment {draft.reference} of order {draft.order_id}"
    return Rejected(code, system=SYSTEM, record=record, what=what, next_step=next_step)
