"""Sales orders closed: what has not left will not, and what has stays."""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import Written
from erpsync.systems.odoo import refusals
from erpsync.systems.odoo.bulk import all_or_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.planning import number
from erpsync.systems.odoo.settling import Settler, ref
from erpsync.systems.odoo.wire import OrderRow, PickingRow

_ENDED = ["done", "cancel"]
# Odoo 14 to 18 would answer a cancellation with a form that asks whether to send the customer a mail.
WITHOUT_ASKING = {"disable_cancel_warning": True}


class Closer:
    """Odoo has no state for a closed order: its open transfers are cancelled, and then it is locked. Quotations, which
    nothing has left yet, are cancelled."""

    def __init__(self, client: OdooClient, settler: Settler) -> None:
        self._client = client
        self._settler = settler

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        by_id = {number(target_id): target_id for target_id in target_ids}
        rows = self._settler.orders(by_id)
        outcome: dict[int, Written] = {
            order_id: refusals.order_gone(f"sales order {target_id}")
            for order_id, target_id in by_id.items()
            if order_id not in rows
        }
        failed = self._end_transfers([each for each, row in rows.items() if row.state == "sale"], rows)
        failed |= self._each(
            [each for each, row in rows.items() if row.state in ("draft", "sent")], "action_cancel", rows
        )
        open_orders = [
            each for each, row in rows.items() if row.state == "sale" and not row.locked and each not in failed
        ]
        failed |= self._each(open_orders, self._lock, rows)
        outcome |= {order_id: failed.get(order_id, ref(row)) for order_id, row in rows.items()}
        return {target_id: outcome[number(target_id)] for target_id in target_ids}

    @property
    def _lock(self) -> str:
        """Up to Odoo 16 a locked order was one in the state "done"."""
        return "action_lock" if self._client.has(OrderRow, "locked") else "action_done"

    def _end_transfers(self, order_ids: Sequence[int], rows: Mapping[int, OrderRow]) -> dict[int, SyncError]:
        transfers: dict[int, list[int]] = {}
        for transfer in self._client.search_in(PickingRow, "sale_id", order_ids, ["state", "not in", _ENDED]):
            transfers.setdefault(transfer.sale_id or 0, []).append(transfer.id)

        def end(ids: list[int]) -> None:
            pickings = sorted({each for order_id in ids for each in transfers[order_id]})
            self._client.call(PickingRow.MODEL, "action_cancel", write=True, ids=pickings)

        return all_or_each(sorted(transfers), end, lambda order_id: f"sales order {rows[order_id].name}")

    def _each(self, order_ids: list[int], method: str, rows: Mapping[int, OrderRow]) -> dict[int, SyncError]:
        return all_or_each(
            order_ids,
            lambda ids: self._client.call(OrderRow.MODEL, method, write=True, ids=ids, context=WITHOUT_ASKING),
            lambda order_id: f"sales order {rows[order_id].name}",
        )
