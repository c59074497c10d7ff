"""Reads orders with their parts, and what was paid and refunded of them.

The list of orders gives many in one call, each with its consignments (addresses, lines) and fees. Their taxes are a call
for each order that has any. https://developer.bigcommerce.com/docs/rest-management/orders#get-all-orders
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from erpsync.domain.errors import Skip, SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.domain.payments import Payment
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.bigcommerce import money, wire
from erpsync.systems.bigcommerce.client import MAX_LIST, BigCommerceClient, chunks
from erpsync.systems.bigcommerce.mapper import PAID, Parts, basis_of, group_name, read_order
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.refusals import concerns_all, unreadable
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

_WHOLE = {"include": "consignments.line_items,fees", "consignment_structure": "object"}
# Ids that lie this close are asked for as a range; what lies between them is read for nothing.
_SPAN = 3


class OrderReader:
    def __init__(self, client: BigCommerceClient, settings: BigCommerceSettings) -> None:
        self._client = client
        self._settings = settings

    def read(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        """See the port. Orders that were read before a call failed are kept."""
        found: dict[SourceId, Order | SyncError] = {}
        ids = [source_id for source_id in dict.fromkeys(source_ids) if is_id(source_id)]
        found |= {source_id: no_id(source_id) for source_id in source_ids if not is_id(source_id)}
        heads = self._heads(ids)
        groups = self._groups(list(heads.values()))
        for place, source_id in enumerate(ids):
            head = heads.get(source_id)
            try:
                found[source_id] = read_order(self._parts(source_id, head, groups), self._settings)
            except SyncError as error:
                if concerns_all(error):
                    if not found:
                        raise
                    return found | dict.fromkeys(ids[place:], error)
                found[source_id] = error
        return found

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        found: dict[SourceId, OrderMoney | SyncError] = {
            source_id: no_id(source_id) for source_id in source_ids if not is_id(source_id)
        }
        ids = [source_id for source_id in dict.fromkeys(source_ids) if is_id(source_id)]
        refunds = self._refunds(ids)
        for source_id in ids:
            try:
                found[source_id] = self._money(source_id, refunds.get(source_id, []))
            except SyncError as error:
                if concerns_all(error):
                    raise
                found[source_id] = error
        return found

    def head(self, source_id: SourceId) -> wire.Order:
        """The order without its parts. Raises Skip where it is gone."""
        record = f"order {source_id}"
        body = self._client.find(f"/v2/orders/{source_id}", record=record).body
        if body is None:
            raise gone(source_id)
        return read(wire.Order, body, record)

    def lines(self, source_id: SourceId) -> list[wire.Line]:
        record = f"order {source_id}"
        rows = self._client.v2_pages(f"/v2/orders/{source_id}/products", record=record)
        return [read(wire.Line, row, record) for row in rows]

    def _heads(self, ids: Sequence[SourceId]) -> dict[SourceId, Any]:
        """The orders' payloads with their consignments and fees; those that the list leaves out are asked for singly."""
        if len(ids) < 2:
            return {}
        numbers = sorted(int(source_id) for source_id in ids)
        if numbers[-1] - numbers[0] >= min(_SPAN * len(ids), MAX_LIST):
            return {}
        span = {"min_id": str(numbers[0]), "max_id": str(numbers[-1]), "sort": "id:asc", "limit": str(MAX_LIST)}
        rows = self._client.get("/v2/orders", {**span, **_WHOLE}).body or []
        wanted = set(ids)
        return {SourceId(str(row["id"])): row for row in rows if str(row.get("id")) in wanted}

    def _parts(self, source_id: SourceId, head: Any, groups: Mapping[str, str]) -> Parts:
        """`head` is the order's payload where the list told it."""
        record = f"order {source_id}"
        if head is None:
            head = self._client.find(f"/v2/orders/{source_id}", _WHOLE, record=record).body
            if head is None:
                raise gone(source_id)
        order = read(wire.Order, head, record)
        consignments = head.get("consignments")
        lines, shipping = _consigned(consignments, record) if isinstance(consignments, dict) else ([], [])
        if not lines or sum(line.quantity for line in lines) != order.items_total:
            # Line items may be left out where they are no consignment's, as those of orders made by the API.
            lines = self.lines(source_id) or lines
        if not shipping and any(line.order_address_id for line in lines):
            shipping = self._addresses(source_id)
        fees = head.get("fees")
        taxes = self._taxes(source_id) if order.total_tax else []
        group = groups.get(str(order.customer_id), "")
        if not group and self._settings.customer_groups and order.customer_id:
            group = self._groups([head]).get(str(order.customer_id), "")
        return Parts(
            order=order,
            lines=lines,
            shipping=shipping,
            fees=[read(wire.Fee, fee, record) for fee in (fees if isinstance(fees, list) else [])],
            taxes=taxes,
            group=group,
        )

    def _addresses(self, source_id: SourceId) -> list[wire.Shipping]:
        record = f"order {source_id}"
        rows = self._client.v2_pages(f"/v2/orders/{source_id}/shipping_addresses", record=record)
        return [read(wire.Shipping, row, record) for row in rows]

    def _taxes(self, source_id: SourceId) -> list[wire.Tax]:
        record = f"order {source_id}"
        params = {"details": "true", "limit": str(MAX_LIST)}
        rows = self._client.find(f"/v2/orders/{source_id}/taxes", params, record=record).body or []
        return [read(wire.Tax, row, record) for row in rows]

    def _groups(self, heads: Sequence[Any]) -> dict[str, str]:
        """The groups of the orders' customers by customer, where the settings ask for them."""
        customers = sorted({str(head.get("customer_id")) for head in heads if head and head.get("customer_id")})
        if not self._settings.customer_groups or not customers:
            return {}
        groups: dict[str, str] = {}
        for chunk in chunks(customers):
            for row in self._client.pages("/v3/customers", {"id:in": ",".join(chunk)}):
                groups[str(row.get("id"))] = group_name(row.get("customer_group_id"), self._settings.customer_groups)
        return groups

    def _refunds(self, ids: Sequence[SourceId]) -> dict[SourceId, list[Any]]:
        found: dict[SourceId, list[Any]] = {}
        for chunk in chunks(list(ids)):
            for row in self._client.pages("/v3/orders/payment_actions/refunds", {"order_id:in": ",".join(chunk)}):
                found.setdefault(SourceId(str(row.get("order_id"))), []).append(row)
        return found

    def _money(self, source_id: SourceId, refunds: Sequence[Any]) -> OrderMoney:
        record = f"order {source_id}"
        body = self._client.find(f"/v3/orders/{source_id}/transactions", record=record).body or {}
        transactions = [read(wire.Transaction, row, record) for row in body.get("data") or []]
        paid = money.payments(transactions)
        if not refunds:
            return OrderMoney(payments=paid or self._unrecorded(self.head(source_id), transactions))
        parts = self._parts(source_id, None, {})
        basis = basis_of(parts)
        given = [money.refund(read(wire.Refund, row, record), parts.lines, basis) for row in refunds]
        return OrderMoney(payments=paid or self._unrecorded(parts.order, transactions), refunds=tuple(given))

    def _unrecorded(self, order: wire.Order, transactions: Sequence[wire.Transaction]) -> tuple[Payment, ...]:
        """An order paid by hand has no transaction. One with transactions that bring nothing in is not paid by them."""
        if transactions or order.payment_status.lower() not in PAID:
            return ()
        return money.whole_payment(order)


def gone(source_id: SourceId) -> Skip:
    return Skip("order-gone", what="The order no longer exists in BigCommerce.", record=f"order {source_id}")


def is_id(source_id: SourceId) -> bool:
    return source_id.isascii() and source_id.isdecimal() and len(source_id) < 16


def no_id(source_id: SourceId) -> SyncError:
    return unreadable(f"order {source_id[:40]}", "id", "is not an id of BigCommerce's: it must be a number")


def _consigned(consignments: Mapping[str, Any], record: str) -> tuple[list[wire.Line], list[wire.Shipping]]:
    shipping = _rows(consignments.get("shipping"))
    mail = consignments.get("email")
    gifts = _rows(mail.get("gift_certificates")) if isinstance(mail, dict) else []
    holders = chain(shipping, _rows(consignments.get("pickups")), _rows(consignments.get("downloads")), gifts)
    # Where line items are not expanded they are links, which have no id.
    lines = [row for holder in holders for row in _rows(holder.get("line_items")) if "id" in row]
    return (
        [read(wire.Line, row, record) for row in {row["id"]: row for row in lines}.values()],
        [read(wire.Shipping, row, record) for row in shipping],
    )


def _rows(value: Any) -> list[Any]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
