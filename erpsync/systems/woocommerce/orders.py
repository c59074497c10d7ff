"""Reads orders in bulk, with their refunds where they have any, and writes meta on many at once."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.store_records import OrderMoney
from erpsync.systems.woocommerce import after_sale, wire
from erpsync.systems.woocommerce.client import MOST_PER_CALL, WooCommerceClient
from erpsync.systems.woocommerce.mapper import parse, read_order
from erpsync.systems.woocommerce.refusals import gone
from erpsync.systems.woocommerce.settings import WooCommerceSettings

_ID = re.compile(r"[1-9][0-9]{0,17}")


class OrderReader:
    """Not shared between threads."""

    def __init__(self, client: WooCommerceClient, settings: WooCommerceSettings) -> None:
        self._client = client
        self._settings = settings

    def raw(self, source_ids: Sequence[SourceId]) -> dict[SourceId, Mapping[str, Any]]:
        """Those of the orders that are there, as WooCommerce tells them. `include` takes a list with commas; `include[]`
        would break the signature. Orders in the trash are not there."""
        ids = [source_id for source_id in dict.fromkeys(source_ids) if _is_id(source_id)]
        found: dict[SourceId, Mapping[str, Any]] = {}
        size = self._settings.page_size
        for start in range(0, len(ids), size):
            some = ids[start : start + size]
            query = {"include": ",".join(some), "per_page": str(size), "status": "any"}
            rows = self._client.list("orders", query).rows
            found |= {SourceId(str(row.get("id"))): row for row in rows}
        return found

    def read(self, source_ids: Sequence[SourceId]) -> dict[SourceId, Order | SyncError]:
        raw = self.raw(source_ids)
        return {source_id: self._order(source_id, raw.get(source_id)) for source_id in source_ids}

    def money(self, source_ids: Sequence[SourceId]) -> dict[SourceId, OrderMoney | SyncError]:
        """A call for each order that has refunds."""
        raw = self.raw(source_ids)
        answers: dict[SourceId, OrderMoney | SyncError] = {}
        for source_id in source_ids:
            payload = raw.get(source_id)
            try:
                if payload is None:
                    raise gone(source_id)
                order = parse(payload)
                refunds = self._refunds(order) if order.refunds else []
                answers[source_id] = after_sale.read_money(order, refunds, restock=self._settings.refunds_restock)
            except SyncError as error:
                answers[source_id] = error
        return answers

    def refunded(self, order: wire.Order) -> dict[str, Decimal]:
        """How many of each line were given back."""
        return after_sale.refunded(order, self._refunds(order))

    def write_meta(self, metas: Mapping[SourceId, Mapping[str, Any]]) -> dict[SourceId, SyncError | None]:
        """Sets meta by key: it is changed where it is there, and taken away where it shall be None. Twice is harmless."""
        rows = [
            {"id": int(source_id), "meta_data": [{"key": key, "value": value} for key, value in meta.items()]}
            for source_id, meta in metas.items()
            if _is_id(source_id)
        ]
        answers = self._client.update_all("orders", rows) if rows else {}
        told: dict[SourceId, SyncError | None] = {}
        for source_id in metas:
            answer = answers.get(source_id, gone(source_id))
            told[source_id] = answer if isinstance(answer, SyncError) else None
        return told

    def _order(self, source_id: SourceId, payload: Mapping[str, Any] | None) -> Order | SyncError:
        if payload is None:
            return gone(source_id)
        try:
            return read_order(payload, self._settings)
        except SyncError as error:
            return error

    def _refunds(self, order: wire.Order) -> list[dict[str, Any]]:
        return self._client.list(f"orders/{order.id}/refunds", {"per_page": str(MOST_PER_CALL)}).rows


def _is_id(source_id: str) -> bool:
    return _ID.fullmatch(source_id) is not None
