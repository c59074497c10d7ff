"""A refund as a credit memo request, for what the buyer received to the cent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.payments import Refund
from erpsync.ports.erp_records import RefundDraft
from erpsync.systems.sap.odata.amounts import (
    Position,
    cents,
    computed_tax,
    material_of,
    percent_of,
    tax_code,
)
from erpsync.systems.sap.odata.edm import date_value, decimal_value, fitted
from erpsync.systems.sap.odata.mapper import ORDER_REFERENCE, currency_of, item_conditions
from erpsync.systems.sap.odata.materials import Material, unknown
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import Entity, Row, results, text

_ITEM_TEXT = 40


@dataclass(frozen=True)
class _Part:
    sku: Sku
    quantity: Decimal
    text: str
    net: Decimal
    tax: Decimal


def refund_materials(refund: Refund, settings: SapODataSettings) -> list[str]:
    return [*(str(line.sku) for line in refund.lines), *settings.charge_materials.values()]


def refund_entity(
    draft: RefundDraft, order: Row | None, materials: Mapping[str, Material], settings: SapODataSettings
) -> Entity:
    """The request as one deep insert. Raises Rejected for what the settings or the sales area lack, or the arithmetic."""
    record = f"refund {draft.reference}"
    if order is None:
        raise _no_order(record, draft.order_id)
    refund = draft.refund
    currency = currency_of(refund.total.currency, settings, record=record)
    items = [
        _item(position, str((at + 1) * 10), materials, currency, draft, settings)
        for at, position in enumerate(_positions(draft, settings, record))
    ]
    entity: Entity = {
        "CreditMemoRequestType": settings.refund_type,
        "SalesOrganization": settings.sales_organization,
        "DistributionChannel": settings.distribution_channel,
        "OrganizationDivision": settings.division,
        "SoldToParty": text(order, "SoldToParty"),
        "PurchaseOrderByCustomer": fitted(draft.reference, ORDER_REFERENCE),
        "CustomerPurchaseOrderDate": date_value(refund.created_at.astimezone(settings.zone).date()),
        "TransactionCurrency": currency,
        "to_Item": results(*items),
    }
    if settings.refund_reason:
        entity["SDDocumentReason"] = settings.refund_reason
    return entity


def _positions(draft: RefundDraft, settings: SapODataSettings, record: str) -> list[Position]:
    """Goods by their lines, then shipping, then what is left of the total: adjustments and cents of tax."""
    refund = draft.refund
    currency = refund.total.currency
    included = refund.taxes_included
    parts = [
        _Part(
            line.sku,
            line.quantity or Decimal(1),
            refund.reason,
            cents(line.amount.amount - (line.tax.amount if included else 0), currency),
            cents(line.tax.amount, currency),
        )
        for line in refund.lines
    ]
    positions = [_position(part, f"line:{at}", settings, currency, record) for at, part in enumerate(parts)]
    if refund.shipping.amount:
        positions.append(_charge("shipping_charge", "Shipping", refund.shipping.amount, settings, currency, record))
    booked = sum((one.net + computed_tax(one, settings, currency) for one in positions), Decimal(0))
    rest = refund.total.amount - booked
    if rest:
        setting = "refund_charge" if settings.refund_charge else "fee_charge"
        positions.append(_charge(setting, "Adjustment", rest, settings, currency, record))
    return positions


def _charge(
    setting: str, label: str, amount: Decimal, settings: SapODataSettings, currency: str, record: str
) -> Position:
    kind, key = material_of(setting, settings, record=record)
    if kind != "material":
        # A header condition would be spread over the goods: money without goods needs an item.
        kind, key = material_of("refund_charge", settings, record=record)
    part = _Part(Sku(key), Decimal(1), label, cents(amount, currency), Decimal(0))
    return _position(part, label.lower(), settings, currency, record)


def _position(part: _Part, reference: str, settings: SapODataSettings, currency: str, record: str) -> Position:
    if not part.sku:
        raise Rejected(
            "no-sku",
            system=SYSTEM,
            record=record,
            what="A refunded line has no SKU.",
            next_step="Enter the credit memo request by hand in SAP, then discard this.",
        )
    percent = percent_of((), part.tax, part.net, settings, currency, record=record)
    code = tax_code(percent, settings, record=record)
    zero = Decimal(0)
    return Position(str(part.sku), part.quantity, part.text, part.net, zero, part.tax, percent, code, reference)


def _item(
    position: Position,
    number: str,
    materials: Mapping[str, Material],
    currency: str,
    draft: RefundDraft,
    settings: SapODataSettings,
) -> Entity:
    record = f"refund {draft.reference}"
    material = materials.get(position.material)
    if material is None:
        raise unknown(position.material, settings, record=record)
    iso = draft.refund.total.currency
    entity: Entity = {
        "CreditMemoRequestItem": number,
        "Material": material.number,
        "RequestedQuantity": decimal_value(position.quantity),
        "RequestedQuantityUnit": material.unit,
        "PurchaseOrderByCustomer": fitted(draft.order_reference, ORDER_REFERENCE),
        "to_PricingElement": results(*item_conditions(position, material.unit, currency, settings, iso, record=record)),
    }
    if position.text:
        entity["CreditMemoRequestItemText"] = position.text[:_ITEM_TEXT]
    if settings.tax_handling == "classification":
        entity["ProductTaxClassification1"] = position.tax_code
    return entity


def _no_order(record: str, order_id: str) -> Rejected:
    return Rejected(
        "order-deleted",
        system=SYSTEM,
        record=record,
        what=f"There is no sales order {order_id} in SAP any more.",
        next_step="Enter the credit memo request by hand in SAP, then discard this.",
    )
