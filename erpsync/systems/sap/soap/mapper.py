"""Drafts as the wrapper's rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from erpsync.domain import address_fields
from erpsync.domain.errors import Rejected
from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Address
from erpsync.mapping import Value, customer_values, order_values
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RefundDraft
from erpsync.systems.sap.soap import pricing, wire
from erpsync.systems.sap.soap.rows import alpha, row
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings
from erpsync.systems.sap.soap.wire import Row

AMEND, CANCEL, CLOSE = "A", "C", "X"
"""What is done to an order that is there (ACTION)."""
_LINE = 132  # characters of a text line (TDLINE)
# Characters in the wrapper's rows, alike for addresses and customers.
_NAME = 40
_STREET = {"STREET": 60, "STREET2": 40}
_PLACE = {"CITY": 40, "POST_CODE": 10, "PHONE": 30, "EMAIL": 241}


@dataclass(frozen=True)
class Document:
    """One order or credit memo request, as rows of the wrapper's tables."""

    header: Row
    items: Sequence[Row] = ()
    conditions: Sequence[Row] = ()
    addresses: Sequence[Row] = ()
    texts: Sequence[Row] = ()
    extras: Sequence[Row] = ()
    materials: Mapping[int, str] = field(default_factory=dict)
    """SKUs by item number, by which refusals name them."""

    def tables(self) -> dict[str, Sequence[Row]]:
        return {
            "IT_ORDER": [self.header],
            "IT_ITEM": self.items,
            "IT_COND": self.conditions,
            "IT_ADDRESS": self.addresses,
            "IT_TEXT": self.texts,
            "IT_EXTRA": self.extras,
        }


def label(draft: OrderDraft) -> str:
    return f"order {draft.order.number}"


def order(draft: OrderDraft, settings: SapSoapSettings, target_id: TargetId | None = None) -> Document:
    """A sales order to be made, or with `target_id` to be amended. Raises Rejected."""
    record, key = label(draft), draft.reference
    priced = pricing.of_order(draft.order, settings)
    header = {
        "REFERENCE": key,
        "ACTION": AMEND if target_id else "",
        "VBELN": alpha(target_id or ""),
        "AUART": settings.order_type,
        "VKORG": settings.sales_organization,
        "VTWEG": settings.distribution_channel,
        "SPART": settings.division,
        "KUNNR": alpha(draft.customer_id),
        "BSTKD": key,
        "BSTDK": booked_on(draft.order.created_at, settings),
        "WAERK": currency(draft.order.currency, settings, record),
        "VSBED": _shipping(draft, settings),
        "ABGRU": settings.cancel_reason,
        "LIFSK": settings.delivery_block,
        "TOTAL": draft.order.total.rounded().amount,
    }
    places = {"WE": draft.order.shipping, "RE": draft.order.billing}
    extras = order_values(settings.order_fields, draft, system=SYSTEM)
    return Document(
        row(wire.ORDER, record, header),
        _items(key, record, priced, settings),
        _conditions(key, record, priced, str(header["WAERK"])),
        [_address(key, record, role, place, draft, settings) for role, place in places.items() if place],
        _note(key, record, draft.order.note, settings),
        _extras(key, record, extras),
        {one.number: one.material for one in priced.positions},
    )


def closing(target_id: TargetId, action: str, settings: SapSoapSettings) -> Row:
    """The header by which a sales order is cancelled or closed. Raises Rejected."""
    record = f"sales order {target_id}"
    if not settings.cancel_reason:
        raise Rejected(
            "setting-missing",
            system=SYSTEM,
            record=record,
            what="SAP cancels an order by a reason for rejection, and cancel_reason is not set.",
            next_step="Set cancel_reason of this connection (ABGRU), restart the workers and replay.",
        )
    values = {"REFERENCE": target_id, "ACTION": action, "VBELN": alpha(target_id), "ABGRU": settings.cancel_reason}
    return row(wire.ORDER, record, values)


def refund(draft: RefundDraft, settings: SapSoapSettings) -> Document:
    """A credit memo request for a sales order. Raises Rejected."""
    record = refund_label(draft)
    priced = pricing.of_refund(draft.refund, settings, record)
    header = {
        "REFERENCE": draft.reference,
        "VBELN": alpha(draft.order_id),
        "AUART": settings.credit_type,
        "VKORG": settings.sales_organization,
        "VTWEG": settings.distribution_channel,
        "SPART": settings.division,
        "BSTKD": draft.reference[-35:],
        "BSTDK": booked_on(draft.refund.created_at, settings),
        "WAERK": currency(draft.refund.total.currency, settings, record),
        "AUGRU": settings.credit_reason,
        "TOTAL": draft.refund.total.rounded().amount,
    }
    return Document(
        row(wire.ORDER, record, header),
        _items(draft.reference, record, priced, settings),
        _conditions(draft.reference, record, priced, str(header["WAERK"])),
        texts=_note(draft.reference, record, draft.refund.reason, settings),
        materials={one.number: one.material for one in priced.positions},
    )


def refund_label(draft: RefundDraft) -> str:
    return f"refund {draft.refund.source_id}"


def payment_label(draft: PaymentDraft) -> str:
    return f"payment {draft.payment.source_id}"


def payment(draft: PaymentDraft, settings: SapSoapSettings) -> Row:
    """An incoming payment: the method's clearing account to the customer. Raises Rejected."""
    record = payment_label(draft)
    account = settings.payment_methods.get(draft.payment.method) or settings.default_payment_method
    if not settings.company or not account:
        name = "payment_methods" if settings.company else "company"
        raise Rejected(
            "setting-missing",
            system=SYSTEM,
            record=record,
            what=f"A payment by {draft.payment.method} needs {name}, which does not say what to book.",
            next_step=f"Complete {name} of this connection, restart the workers and replay.",
        )
    values = {
        "REFERENCE": draft.reference,
        "BUKRS": settings.company,
        "BLART": settings.payment_document_type,
        "KUNNR": alpha(draft.customer_id),
        "VBELN": alpha(draft.order_id),
        "HKONT": alpha(account),
        "BUDAT": booked_on(draft.payment.paid_at, settings),
        "BLDAT": booked_on(draft.payment.paid_at, settings),
        "WRBTR": draft.payment.amount.rounded().amount,
        "WAERS": currency(draft.payment.amount.currency, settings, record),
    }
    return row(wire.PAYMENT_ROW, record, values)


def customer(draft: CustomerDraft, settings: SapSoapSettings, target_id: str = "") -> tuple[Row, list[Row]]:
    """A customer and its own fields. Raises Rejected."""
    record = f"customer {draft.reference}"
    place = draft.billing or draft.shipping or Address()
    buyer = draft.customer
    company = buyer.company or place.company
    groups = (settings.customer_groups.get(group, "") for group in buyer.groups)
    values = {
        "REFERENCE": draft.reference,
        "KUNNR": target_id,
        "MODEL": alpha(settings.model_customer),
        "BUKRS": settings.company,
        "VKORG": settings.sales_organization,
        "VTWEG": settings.distribution_channel,
        "SPART": settings.division,
        "COMPANY": _cut(company),
        "FIRSTNAME": _cut(buyer.first_name or place.first_name),
        # SAP makes no customer without a name; a guest at the till may have none.
        "LASTNAME": _cut(buyer.last_name or place.last_name) or ("" if company else draft.reference[-_NAME:]),
        "WAERS": currency(draft.currency, settings, record),
        "KDGRP": next((group for group in groups if group), settings.default_customer_group),
        **_place(place, buyer.phone or place.phone, buyer.email, settings, record),
    }
    extras = customer_values(settings.customer_fields, draft, system=SYSTEM)
    return row(wire.CUSTOMER, record, values), _extras(draft.reference, record, extras)


def booked_on(moment: datetime, settings: SapSoapSettings) -> date:
    return moment.astimezone(ZoneInfo(settings.time_zone)).date()


def currency(code: str, settings: SapSoapSettings, record: str) -> str:
    if code not in settings.currencies:
        raise Rejected(
            "unknown-currency",
            system=SYSTEM,
            record=record,
            what=f"No currency of SAP is given for {code}.",
            next_step=f"Add {code} to currencies of this connection, restart the workers and replay.",
        )
    return settings.currencies[code]


def _shipping(draft: OrderDraft, settings: SapSoapSettings) -> str:
    codes = (settings.shipping_methods.get(line.code, "") for line in draft.order.shipping_lines)
    return next((code for code in codes if code), settings.default_shipping_method)


def _items(key: str, record: str, priced: pricing.Priced, settings: SapSoapSettings) -> list[Row]:
    return [
        row(
            wire.ITEM,
            record,
            {
                "REFERENCE": key,
                "POSNR": one.number,
                "MATNR": one.material,
                "KWMENG": one.quantity,
                "WERKS": settings.plant,
                "LGORT": settings.storage_location,
                "ARKTX": _cut(one.text),
            },
        )
        for one in priced.positions
    ]


def _conditions(key: str, record: str, priced: pricing.Priced, waers: str) -> list[Row]:
    return [
        row(
            wire.CONDITION,
            record,
            {
                "REFERENCE": key,
                "POSNR": one.item,
                "KSCHL": one.kind,
                "KBETR": one.value,
                "WAERS": waers,
                "KPEIN": Decimal(one.per),
                "MWSKZ": one.tax_code,
            },
        )
        for one in priced.conditions
    ]


def _address(key: str, record: str, role: str, place: Address, draft: OrderDraft, settings: SapSoapSettings) -> Row:
    name = place.company or place.full_name or draft.order.customer.full_name
    values = {
        "REFERENCE": key,
        "PARVW": role,
        "NAME1": _cut(name),
        "NAME2": _cut(place.full_name) if place.company else "",
        **_place(place, place.phone, draft.order.customer.email, settings, record),
    }
    return row(wire.ADDRESS, record, values)


def _place(place: Address, phone: str, email: str, settings: SapSoapSettings, record: str) -> dict[str, str]:
    whole = {"CITY": place.city, "POST_CODE": place.postal_code, "PHONE": phone, "EMAIL": email}
    return {
        **address_fields.street((place.line1, place.line2), _STREET, system=SYSTEM, record=record),
        **address_fields.whole(whole, _PLACE, system=SYSTEM, record=record),
        "COUNTRY": place.country,
        # SAP has its own region codes for most countries and refuses others: only those that are the same are sent.
        "REGION": place.region_code if place.country in settings.region_countries else "",
    }


def _cut(text: str) -> str:
    """A name, or an item's text, as far as SAP has room for it: the material has a text of its own."""
    return " ".join(text.split())[:_NAME].rstrip()


def _note(key: str, record: str, note: str, settings: SapSoapSettings) -> list[Row]:
    """The whole note, in lines as SAP's texts have them."""
    lines = [line[start : start + _LINE] for line in note.split("\n") for start in range(0, max(len(line), 1), _LINE)]
    texts = lines if note.strip() else []
    return [row(wire.TEXT, record, {"REFERENCE": key, "TDID": settings.note_text_id, "TDLINE": line}) for line in texts]


def _extras(key: str, record: str, values: Mapping[str, Value]) -> list[Row]:
    return [
        row(wire.EXTRA, record, {"REFERENCE": key, "FIELD": name, "VALUE": _text(value)})
        for name, value in values.items()
        if value is not None
    ]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "X" if value else ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
