"""The contract's records as the canonical ones. Pure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine, OrderStatus, ShippingLine, TaxLine
from erpsync.domain.parties import Address, Customer
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.store_records import FulfilmentDraft, OrderMoney, StoreCustomer, StorePrice, StoreVariant
from erpsync.systems.custom import wire
from erpsync.systems.custom.capabilities import SYSTEM


def order_of(order: wire.Order, version: datetime | None = None) -> Order:
    """The canonical order. Whether it adds up is for the flow. `version` takes the place of `updated_at`."""
    currency = order.currency
    return Order(
        source_id=SourceId(order.id),
        number=order.number,
        created_at=order.created_at,
        updated_at=version or order.updated_at,
        status=OrderStatus(order.status),
        test=order.test,
        currency=currency,
        taxes_included=order.taxes_included,
        customer=_customer(order.customer),
        billing=_address(order.billing_address),
        shipping=_address(order.shipping_address),
        lines=tuple(_line(line, currency) for line in order.lines if line.quantity),
        shipping_lines=tuple(_shipping(line, currency) for line in order.shipping_lines),
        tip=_money(order.tip, currency),
        duties=_money(order.duties, currency),
        fees=_money(order.fees, currency),
        rounding=_money(order.rounding, currency),
        total=_money(order.total, currency),
        paid=order.paid,
        payment_methods=order.payment_methods or tuple(dict.fromkeys(payment.method for payment in order.payments)),
        note=order.note,
    )


def money_of(order: wire.Order) -> OrderMoney:
    """What came in for the order and what went back."""
    currency = order.currency
    payments = [
        Payment(source_id=SourceId(one.id), method=one.method, amount=_money(one.amount, currency), paid_at=one.paid_at)
        for one in order.payments
    ]
    return OrderMoney(tuple(payments), tuple(_refund(one, order) for one in order.refunds))


def variant_of(variant: wire.Variant) -> StoreVariant:
    promotion = variant.promotion
    price = StorePrice(
        base=_money(variant.price, variant.currency),
        promotion=_money(promotion.price, variant.currency) if promotion else None,
        promotion_from=promotion.starts_at if promotion else None,
        promotion_until=promotion.ends_at if promotion else None,
    )
    return StoreVariant(
        sku=Sku(variant.sku),
        id=SourceId(variant.id),
        product_id=SourceId(variant.product_id),
        title=variant.title,
        price=price,
        tracked=variant.tracked,
        active=variant.active,
        stock=variant.stock,
        changed_at=variant.updated_at,
    )


def customer_of(customer: wire.Customer) -> StoreCustomer:
    billing, shipping = _address(customer.billing_address), _address(customer.shipping_address)
    return StoreCustomer(_customer(customer), billing, shipping, customer.updated_at)


def fulfilment_from(draft: FulfilmentDraft) -> wire.Fulfilment:
    return wire.Fulfilment(
        lines=tuple(
            wire.FulfilmentLine(line_id=line.line_source_id, sku=line.sku, quantity=line.quantity)
            for line in draft.lines
        ),
        parcels=tuple(
            wire.Parcel(carrier=parcel.carrier, number=parcel.number, url=parcel.url) for parcel in draft.parcels
        ),
        notify=draft.notify,
        location=draft.location,
    )


def unreadable(error: ValidationError, record: str, model: type[BaseModel]) -> Rejected:
    """What a person needs to find the field: its place and what is wanted there, never what was found."""
    return Rejected(
        "record-unreadable",
        system=SYSTEM,
        record=record,
        what=f"It is not the contract's {model.__name__}: {complaints(error)}.",
        next_step="Let the shop's developer correct it by docs/custom-shop/README.md, then let the shop send it again.",
    )


def complaints(error: ValidationError) -> str:
    """The first few fields that are wrong, and what is wanted there."""
    return "; ".join(f"{_place(one['loc'])} {_complaint(one['type'], one['msg'])}" for one in error.errors()[:3])


def _place(path: Sequence[int | str]) -> str:
    # pydantic names the kind of an event's order after the field itself.
    parts = [*path[:1], *path[2:]] if path[:1] == ("order",) and path[1:2] in (("order",), ("id",)) else path
    return ".".join(map(str, parts)) or "the body"


def _complaint(kind: str, message: str) -> str:
    known = {"missing": "is missing", "extra_forbidden": "is not a field of the contract"}
    # Messages of these kinds may quote the value.
    quoting = kind.startswith(("datetime", "timezone", "date", "time", "literal", "json"))
    said = "has a value that is not allowed" if quoting else message.removeprefix("Value error, ")
    return known.get(kind, said[:1].lower() + said[1:])


def _line(line: wire.Line, currency: str) -> OrderLine:
    return OrderLine(
        source_id=SourceId(line.id),
        sku=Sku(line.sku),
        title=line.title,
        quantity=line.quantity,
        unit_price=_money(line.unit_price, currency),
        discount=_money(line.discount, currency),
        taxes=_taxes(line.taxes, currency),
        requires_shipping=line.requires_shipping,
        gift_card=line.gift_card,
    )


def _shipping(line: wire.Shipping, currency: str) -> ShippingLine:
    return ShippingLine(
        source_id=SourceId(line.id),
        code=line.code,
        title=line.title,
        price=_money(line.price, currency),
        discount=_money(line.discount, currency),
        taxes=_taxes(line.taxes, currency),
    )


def _taxes(taxes: Sequence[wire.Tax], currency: str) -> tuple[TaxLine, ...]:
    return tuple(TaxLine(title=tax.title, amount=_money(tax.amount, currency), rate=tax.rate) for tax in taxes)


def _refund(refund: wire.Refund, order: wire.Order) -> Refund:
    currency = order.currency
    lines = tuple(
        RefundLine(
            line_source_id=SourceId(line.line_id),
            sku=Sku(line.sku),
            quantity=line.quantity,
            amount=_money(line.amount, currency),
            tax=_money(line.tax, currency),
            restocked=line.restocked,
        )
        for line in refund.lines
    )
    return Refund(
        source_id=SourceId(refund.id),
        order_source_id=SourceId(order.id),
        created_at=refund.created_at,
        lines=lines,
        shipping=_money(refund.shipping, currency),
        adjustment=_money(refund.adjustment, currency),
        total=_money(refund.total, currency),
        reason=refund.reason,
    )


def _customer(person: wire.Person) -> Customer:
    return Customer(
        source_id=SourceId(person.id) if person.id else None,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        company=person.company,
        phone=person.phone,
        groups=person.groups,
    )


def _address(address: wire.Address | None) -> Address | None:
    return None if address is None else Address.model_validate(address.model_dump())


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency)
