"""Sales orders that are cancelled or closed: SAP has no status for either, but a rejection reason on each item.

Source: https://help.sap.com/docs/SAP_S4HANA_CLOUD, Sales Order (A2X), property SalesDocumentRjcnReason of an item.
"""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import Written
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import key
from erpsync.systems.sap.odata.orders import WITH_ITEMS, Orders, ref
from erpsync.systems.sap.odata.revising import is_delivered, patch
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import SALES_ORDERS, Row, etag, nested, text
from erpsync.systems.sap.odata.writing import Changed, write_all
from erpsync.transport.batch import Request

_COMPLETE = "C"
_NOT_BILLED = ("", "A")


class Endings:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings, orders: Orders) -> None:
        self._gateway = gateway
        self._settings = settings
        self._orders = orders

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Rejects every item. An order of which anything was delivered or billed is Rejected with what to do."""
        return self._end(target_ids, cancel=True)

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Rejects what is not wholly delivered; SAP keeps what was delivered of an item, and its billing. Once something
        was delivered, charges stay to be billed; before, they go with the goods."""
        return self._end(target_ids, cancel=False)

    def _end(self, target_ids: Sequence[TargetId], *, cancel: bool) -> Mapping[TargetId, Written]:
        rows = self._orders.read(target_ids, WITH_ITEMS)
        results: dict[TargetId, Written] = {}
        writes: dict[TargetId, list[Request]] = {}
        for target_id in target_ids:
            row = rows.get(target_id)
            if row is None:
                results[target_id] = Skip("order-deleted", what="The sales order was deleted in SAP already.")
                continue
            items = _to_reject(nested(row, "to_Item"), cancel=cancel)
            if not items:
                results[target_id] = ref(row)
            elif not self._settings.rejection_reason:
                results[target_id] = _no_reason(target_id)
            elif cancel and any(_has_begun(item) for item in nested(row, "to_Item")):
                results[target_id] = _too_late(target_id)
            else:
                writes[target_id] = [self._rejection(target_id, item) for item in items]
        return results | self._written(writes, rows)

    def _rejection(self, target_id: TargetId, item: Row) -> Request:
        url = f"A_SalesOrderItem{key(SalesOrder=target_id, SalesOrderItem=text(item, 'SalesOrderItem'))}"
        return patch(url, {"SalesDocumentRjcnReason": self._settings.rejection_reason}, etag(item))

    def _written(
        self, writes: Mapping[TargetId, list[Request]], rows: Mapping[TargetId, Row]
    ) -> dict[TargetId, Written]:
        settings = self._settings
        outcomes = write_all(
            self._gateway,
            SALES_ORDERS,
            writes,
            lambda target_id: f"sales order {target_id}",
            settings.order_batch,
            settings.settle_seconds,
        )
        return {target_id: _written(outcome, rows[target_id]) for target_id, outcome in outcomes.items()}


def _written(outcome: Row | SyncError | Changed, row: Row) -> Written:
    if isinstance(outcome, Changed):
        what = "It was changed in SAP while it was written."
        return Transient("changed-meanwhile", system=SYSTEM, record=f"sales order {ref(row).display}", what=what)
    return outcome if isinstance(outcome, SyncError) else ref(row)


def _to_reject(items: Sequence[Row], *, cancel: bool) -> list[Row]:
    live = [item for item in items if not text(item, "SalesDocumentRjcnReason")]
    if cancel or not any(is_delivered(item) for item in items):
        return live
    # Items without a delivery status are services.
    return [item for item in live if text(item, "DeliveryStatus") not in ("", _COMPLETE)]


def _has_begun(item: Row) -> bool:
    return is_delivered(item) or text(item, "OrderRelatedBillingStatus") not in _NOT_BILLED


def _no_reason(target_id: TargetId) -> Rejected:
    return Rejected(
        "rejection-reason-missing",
        system=SYSTEM,
        record=f"sales order {target_id}",
        what="`rejection_reason` of this connection is empty, and SAP cancels by rejecting items.",
        next_step="Set `rejection_reason` to one of SAP's reasons (table TVAG), restart the workers, then replay.",
    )


def _too_late(target_id: TargetId) -> Rejected:
    return Rejected(
        "order-already-delivered",
        system=SYSTEM,
        record=f"sales order {target_id}",
        what="A delivery or an invoice exists for it, at least for a part, so that it can no longer be cancelled.",
        next_step="Delete or reverse the delivery, or make a customer return, in SAP; reject what is left by hand, then "
        "discard this.",
    )
