"""BigCommerce's order with its parts as the canonical order. Pure.

Which of an order's amounts contain tax is told by `is_tax_inclusive_pricing`, which older orders lack or have wrong (as has
the example of https://developer.bigcommerce.com/docs/rest-management/orders#get-an-order): of the two ways
to add an order up, the one that comes to its total is taken, the told one first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import SourceId
from erpsync.domain.money import minor_unit, total, zero
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.domain.parties import Address, Customer
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.order_lines import Basis, order_lines, shipping_lines
from erpsync.systems.bigcommerce.refusals import SYSTEM, unreadable
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

# https://developer.bigcommerce.com/docs/rest-management/orders/order-status
MEANINGS = {
    0: "skip",  # Incomplete: the shopper saw the payment page
    1: "skip",  # Pending: the checkout was begun and not completed
    2: "closed",  # Shipped
    4: "closed",  # Refunded
    5: "cancelled",
    6: "cancelled",  # Declined
    10: "closed",  # Completed
}
PAID = frozenset({"captured", "paid", "partially refunded", "refunded"})
_TEST_GATEWAY = "test payment gateway"
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Parts:
    """An order as it was read: its head and what belongs to it. `group` is the customer's, empty where none is known."""

    order: wire.Order
    lines: Sequence[wire.Line]
    shipping: Sequence[wire.Shipping] = ()
    fees: Sequence[wire.Fee] = ()
    taxes: Sequence[wire.Tax] = ()
    group: str = ""


def read_order(parts: Parts, settings: BigCommerceSettings) -> Order:
    """The canonical order. Raises Skip for one that is none, by rule, and Rejected for one that must not be taken as it is.
    Whether it adds up is for the flow."""
    order = parts.order
    record = f"order {order.id}"
    status = status_of(order, settings)
    if len([one for one in parts.shipping if _ships_to(parts, one)]) > 1 and settings.several_addresses == "reject":
        raise _several_addresses(record)
    return _order(parts, status, basis_of(parts))


def basis_of(parts: Parts) -> Basis:
    """In which currency the order is, and whether its prices contain tax. Raises Rejected where it has no currency."""
    order = parts.order
    if not _CURRENCY.fullmatch(order.currency):
        raise unreadable(f"order {order.id}", "default_currency_code", "is not a currency's three letters")
    told = Basis(order.currency, order.is_tax_inclusive_pricing)
    other = Basis(order.currency, not order.is_tax_inclusive_pricing)
    off = [abs(balance(_order(parts, OrderStatus.OPEN, way)).residual.amount) for way in (told, other)]
    # A cent a line is rounding, and no sign that the amounts were told wrongly.
    rounding = minor_unit(order.currency) * (len(parts.lines) + 1)
    return told if off[0] <= max(rounding, off[1]) else other


def status_of(order: wire.Order, settings: BigCommerceSettings) -> OrderStatus:
    """Raises Skip where the order is none yet, or not any more."""
    record = f"order {order.id}"
    meaning = settings.statuses.get(str(order.status_id), MEANINGS.get(order.status_id, "open"))
    if order.is_deleted:
        if settings.archived_orders == "cancel":
            return OrderStatus.CANCELLED
        raise Skip("order-archived", what="The order is archived in BigCommerce.", record=record)
    if meaning == "skip":
        raise Skip(
            "order-not-placed", what=f"Its status ({order.status_id}) is no order's by the rules.", record=record
        )
    return OrderStatus(meaning)


def _order(parts: Parts, status: OrderStatus, basis: Basis) -> Order:
    order, none = parts.order, zero(basis.currency)
    lines, spread = order_lines(order, parts.lines, parts.taxes, _rest_of_tax(parts), basis)
    shipping = shipping_lines(order, parts.shipping, parts.taxes, basis)
    fees = [order.handling_cost_inc_tax, order.wrapping_cost_inc_tax, *(fee.cost_inc_tax for fee in parts.fees)]
    canonical = Order(
        source_id=SourceId(str(order.id)),
        number=str(order.id),
        created_at=order.date_created,
        updated_at=order.date_modified,
        status=status,
        test=order.payment_method.strip().lower() == _TEST_GATEWAY,
        currency=basis.currency,
        taxes_included=basis.included,
        customer=_customer(order, parts.group),
        billing=address(order.billing_address),
        shipping=next((address(one) for one in parts.shipping if _ships_to(parts, one)), None),
        lines=lines,
        shipping_lines=shipping,
        tip=none,
        duties=none,
        fees=total([basis.money(fee) for fee in fees], basis.currency),
        rounding=none,
        total=basis.money(order.total_inc_tax),
        paid=_is_paid(order),
        payment_methods=_payment_methods(order),
        note=order.customer_message,
    )
    if spread is None or balance(canonical).residual != -spread.amount:
        return canonical
    # The order's own discount is on no line, and the total leaves it out: it is spread over them.
    return canonical.model_copy(update={"lines": spread.lines})


def _rest_of_tax(parts: Parts) -> Decimal:
    """What of the order's tax is not on its lines."""
    order = parts.order
    rest = order.shipping_cost_tax + order.handling_cost_tax + order.wrapping_cost_tax
    return rest + sum((fee.cost_tax for fee in parts.fees), Decimal(0))


def _ships_to(parts: Parts, shipping: wire.Shipping) -> bool:
    """Whether anything goes there: an order keeps an address whose lines were moved or removed."""
    return any(line.order_address_id == shipping.id for line in parts.lines) or len(parts.shipping) == 1


def _is_paid(order: wire.Order) -> bool:
    by_credit = order.store_credit_amount + order.gift_certificate_amount
    return order.payment_status.lower() in PAID or (by_credit > 0 and by_credit >= order.total_inc_tax)


def _payment_methods(order: wire.Order) -> tuple[str, ...]:
    """Store credit and gift certificates pay for an order: its total is before them."""
    methods = [order.payment_method] if order.payment_method else []
    if order.store_credit_amount:
        methods.append("store_credit")
    if order.gift_certificate_amount:
        methods.append("gift_certificate")
    return tuple(dict.fromkeys(methods))


def _customer(order: wire.Order, group: str) -> Customer:
    billing = order.billing_address
    return Customer(
        source_id=SourceId(str(order.customer_id)) if order.customer_id else None,
        email=billing.email,
        first_name=billing.first_name,
        last_name=billing.last_name,
        company=billing.company,
        phone=billing.phone,
        groups=(group,) if group else (),
    )


def address(found: wire.Address) -> Address | None:
    """None for one that says nothing."""
    mapped = Address(
        first_name=found.first_name,
        last_name=found.last_name,
        company=found.company,
        line1=found.street_1,
        line2=found.street_2,
        city=found.city,
        region=found.state,
        postal_code=found.zip,
        country=found.country_iso2,
        phone=found.phone,
    )
    return mapped if any(mapped.model_dump().values()) else None


def group_name(group_id: int | None, names: Mapping[str, str]) -> str:
    return "" if not group_id else names.get(str(group_id), str(group_id))


def _several_addresses(record: str) -> Rejected:
    return Rejected(
        "several-addresses",
        system=SYSTEM,
        record=record,
        what="The order ships to several addresses, and a sales order has one.",
        next_step='Split it in the control panel or enter it by hand; or set several_addresses = "first", '
        "restart the workers, and replay.",
    )
