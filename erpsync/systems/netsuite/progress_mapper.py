"""Sales orders with their item fulfilments and invoices, as progress. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.systems.netsuite.order_rules import invoiced, status_unknown
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import DeletedRecord, ReadRecord, id_of, name_of
from erpsync.systems.netsuite.writing import ref

_STATES = {
    "_pendingApproval": ErpOrderState.OPEN,
    "_pendingFulfillment": ErpOrderState.OPEN,
    "_partiallyFulfilled": ErpOrderState.PART_SHIPPED,
    "_pendingBillingPartFulfilled": ErpOrderState.PART_SHIPPED,
    "_pendingBilling": ErpOrderState.SHIPPED,
    "_fullyBilled": ErpOrderState.INVOICED,
    "_closed": ErpOrderState.CLOSED,
    "_cancelled": ErpOrderState.CANCELLED,
}
# Carriers whose packages NetSuite keeps in lists of their own, with the carrier in each field's name.
_PACKAGES = {"packageList": "", "packageUpsList": "Ups", "packageUspsList": "Usps", "packageFedExList": "FedEx"}
_CARRIERS = {"Ups": "UPS", "Usps": "USPS", "FedEx": "FedEx"}


def is_fulfilment(record: ReadRecord) -> bool:
    """Whether a transaction is an item fulfilment, which alone of those asked for has packages."""
    return "packageList" in record


def is_order(record: ReadRecord) -> bool:
    """Whether a transaction is a sales order, which alone of those asked for has an order status."""
    return "orderStatus" in record


def order_progress(
    order: ReadRecord, belonging: Sequence[ReadRecord], skus: Mapping[str, Sku], settings: NetSuiteSettings
) -> OrderProgress:
    """A sales order with what was made from it. `skus` are those of the items in it. Raises Rejected for a status or a
    currency that is not understood."""
    shown = ref(order)
    state = _STATES.get(order["orderStatus"] or "")
    if state is None:
        raise status_unknown(shown.display, str(order["orderStatus"]))
    shipments = [record for record in belonging if is_fulfilment(record) and record["shipStatus"] in (None, "_shipped")]
    invoices = [record for record in belonging if not is_fulfilment(record)]
    return OrderProgress(
        order_id=shown.target_id,
        display=shown.display,
        reference=order["externalId"] or "",
        state=state,
        fulfilments=tuple(_fulfilment(record, shown.target_id, skus) for record in shipments),
        invoices=tuple(_invoice(record, settings) for record in invoices),
        changed_at=order["lastModifiedDate"],
    )


def gone(deleted: DeletedRecord) -> OrderProgress | None:
    """A deleted sales order, which nobody will deliver."""
    told = deleted["record"]
    if told is None or not told["internalId"]:
        return None
    return OrderProgress(
        order_id=TargetId(told["internalId"]),
        display=told["name"] or told["internalId"],
        reference=told["externalId"] or "",
        state=ErpOrderState.CANCELLED,
        changed_at=deleted["deletedDate"],
    )


def items_of(record: ReadRecord) -> list[str]:
    """The ids of the items in a fulfilment."""
    held = record["itemList"]
    return [id_ for line in (held and held["item"]) or [] if (id_ := id_of(line["item"]))]


def _fulfilment(record: ReadRecord, order_id: TargetId, skus: Mapping[str, Sku]) -> Fulfilment:
    held = record["itemList"]
    lines = [
        ShippedLine(sku=skus[item], quantity=line["quantity"])
        for line in (held and held["item"]) or []
        if (item := id_of(line["item"])) in skus and line["quantity"]
    ]
    return Fulfilment(
        id=TargetId(record["internalId"]),
        order_id=order_id,
        shipped_at=record["shippedDate"] or record["tranDate"],
        lines=tuple(lines),
        parcels=tuple(_parcels(record)),
    )


def _parcels(record: ReadRecord) -> list[Parcel]:
    method = name_of(record["shipMethod"])
    lists: Mapping[str, object] = {name: record.get(name) for name in _PACKAGES}
    parcels = []
    for name, suffix in _PACKAGES.items():
        held = lists[name]
        for package in (held.get(f"package{suffix}") if isinstance(held, Mapping) else None) or []:
            number = package.get(f"packageTrackingNumber{suffix}")
            if number:
                parcels.append(Parcel(carrier=_CARRIERS.get(suffix) or method, number=number))
    return parcels


def _invoice(record: ReadRecord, settings: NetSuiteSettings) -> Invoice:
    shown = ref(record)
    total = invoiced(shown.display, record["total"] or Decimal(0), id_of(record["currency"]), settings)
    return Invoice(id=shown.target_id, number=shown.display, total=total, issued_at=record["tranDate"])
