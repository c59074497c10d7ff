"""Reads orders and their money by id, refunds being a second read for those that have any."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.shopify.amounts import SYSTEM, Side
from erpsync.systems.shopify.mapper import read_order
from erpsync.systems.shopify.money import read_money
from erpsync.systems.shopify.nodes import Node, NodeReader
from erpsync.systems.shopify.reach import Reach

T = TypeVar("T")
_ID = re.compile(r"[0-9]{1,25}")


class OrderReader:
    def __init__(self, nodes: NodeReader, reach: Reach, side: Side) -> None:
        self._nodes = nodes
        self._reach = reach
        self._side: Side = side

    def orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        def order(node: Node, refunds: Sequence[Node]) -> Order:
            return read_order(node | {"refunds": refunds}, self._side)

        return self._read(source_ids, "Orders", "Refunds", order)

    def money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        def money(node: Node, refunds: Sequence[Node]) -> OrderMoney:
            return read_money(node, refunds, self._side)

        return self._read(source_ids, "Payments", "RefundMoney", money)

    def _read(
        self,
        source_ids: Sequence[SourceId],
        of_order: str,
        of_refund: str,
        make: Callable[[Node, Sequence[Node]], T],
    ) -> Mapping[SourceId, T | SyncError]:
        gids = {source_id: order_gid(source_id) for source_id in source_ids if is_id(source_id)}
        nodes = self._nodes.read(of_order, list(gids.values())) if gids else {}
        refunds = self._refunds(of_refund, [node for node in nodes.values() if isinstance(node, dict)])
        return {
            source_id: self._made(source_id, nodes[gids[source_id]], refunds, make)
            if source_id in gids
            else no_id(source_id)
            for source_id in source_ids
        }

    def _refunds(self, what: str, orders: Sequence[Node]) -> Mapping[str, Node | SyncError | None]:
        gids = [gid for order in orders for gid in _refund_gids(order)]
        try:
            return self._nodes.read(what, gids)
        except SyncError as error:
            # The orders without refunds have been read and need not be read again.
            return dict.fromkeys(gids, error)

    def _made(
        self,
        source_id: SourceId,
        node: Node | SyncError | None,
        refunds: Mapping[str, Node | SyncError | None],
        make: Callable[[Node, Sequence[Node]], T],
    ) -> T | SyncError:
        if isinstance(node, SyncError):
            return node
        try:
            return self._reach.missing(source_id) if node is None else make(node, _refunds_of(node, refunds))
        except SyncError as error:
            return error


def _refunds_of(order: Node, refunds: Mapping[str, Node | SyncError | None]) -> list[Node]:
    found: list[Node] = []
    for gid in _refund_gids(order):
        refund = refunds[gid]
        if refund is None:
            raise Transient("record-incomplete", system=SYSTEM, what="A refund of the order is missing.")
        if isinstance(refund, SyncError):
            raise refund
        found.append(refund)
    return found


def is_id(source_id: str) -> bool:
    return _ID.fullmatch(source_id) is not None


def order_gid(source_id: str) -> str:
    return f"gid://shopify/Order/{source_id}"


def no_id(source_id: SourceId) -> Rejected:
    return Rejected(
        "order-unreadable",
        system=SYSTEM,
        record=f"order {source_id[:40]}",
        what="The id is not an id of Shopify's: it must be a number.",
        next_step="Discard the job, and ask for the order by the number at the end of its address in the admin.",
    )


def _refund_gids(order: Node) -> list[str]:
    return [refund["id"] for refund in order.get("refunds") or []]
