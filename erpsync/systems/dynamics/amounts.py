"""An order's money in the arithmetic of Dynamics, which computes tax itself: nothing is sent unless it comes out.

Line amount = quantity x unit price, rounded, less the line's discount. Where prices contain tax, the total is the sum of
the lines; else tax is added, rounded once per tax code over all its lines (VAT amount lines in Business Central:
https://learn.microsoft.com/en-us/dynamics365/business-central/finance-setup-vat; sales tax per code and invoice in
Finance & Operations).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import minor_unit
from erpsync.domain.orders import Order, OrderLine, ShippingLine, TaxLine
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.names import SYSTEM
from erpsync.systems.dynamics.settings import DynamicsSettings

# Unit-Amount Rounding Precision of a new company:
# https://learn.microsoft.com/en-us/dynamics365/business-central/finance-set-up-currencies
_PRICE_UNIT = Decimal("0.00001")
_NOTHING = Decimal(0)
_PERCENT = Decimal(100)


@dataclass(frozen=True)
class Line:
    """One line to be posted: an item by `sku`, or else the `charge` of the settings. `rate` is in percent."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    rate: str
    sku: Sku | None = None
    charge: str = ""
    title: str = ""


def order_lines(order: Order, settings: DynamicsSettings, *, prices_include_tax: bool) -> list[Line]:
    """The order's lines, shipping and extras, which come to its total in Dynamics to the cent.

    Raises Rejected for a rate or charge that the settings do not name, and where the sum is not the order's total.
    """
    record = named(order)
    lines = [_item(line, order, settings, prices_include_tax) for line in order.lines]
    lines += [_shipping(line, order, settings, prices_include_tax) for line in order.shipping_lines if line.net.amount]
    extras = (
        ("tip_charge", "Tip", order.tip.amount),
        ("duty_charge", "Duties", order.duties.amount),
        ("fee_charge", "Fees", order.fees.amount),
        ("rounding_charge", "Rounding", order.rounding.amount),
    )
    for name, title, amount in extras:
        if amount:
            lines.append(charge_line(settings, name, title, amount, record))
    stated = order.total.rounded().amount
    computed = total_of(lines, order.currency, prices_include_tax=prices_include_tax)
    residual = stated - computed
    if residual and abs(residual) <= settings.rounding_tolerance:
        lines.append(charge_line(settings, "rounding_charge", "Rounding difference", residual, record))
        computed = total_of(lines, order.currency, prices_include_tax=prices_include_tax)
    if computed != stated:
        raise does_not_balance(lines, computed, stated, order.currency, record)
    return lines


def total_of(lines: Sequence[Line], currency: str, *, prices_include_tax: bool) -> Decimal:
    """What Dynamics makes of these lines, tax included."""
    by_rate: dict[str, Decimal] = {}
    for line in lines:
        by_rate[line.rate] = by_rate.get(line.rate, _NOTHING) + line_amount(line, currency)
    total = sum(by_rate.values(), _NOTHING)
    if prices_include_tax:
        return total
    return total + sum((_rounded(net * Decimal(rate) / _PERCENT, currency) for rate, net in by_rate.items()), _NOTHING)


def line_amount(line: Line, currency: str) -> Decimal:
    return _rounded(line.quantity * line.unit_price, currency) - line.discount


def charge_line(settings: DynamicsSettings, name: str, title: str, amount: Decimal, record: str) -> Line:
    """An untaxed line of the charge called `name` in the settings; a negative amount is a negative quantity."""
    charge = getattr(settings, name)
    if not charge:
        raise refusals.missing_charge(name, record)
    quantity = Decimal(1) if amount > 0 else Decimal(-1)
    return Line(quantity, abs(amount), _NOTHING, _known_rate("0", settings, record), charge=charge, title=title)


def priced(
    quantity: Decimal, price: Decimal, discount: Decimal, target: Decimal, currency: str
) -> tuple[Decimal, Decimal]:
    """A unit price and a discount by which the line amount is `target`: the store's own where they give that."""
    if _rounded(quantity * price, currency) - discount == target and price == price.quantize(_PRICE_UNIT):
        return price, discount
    before = quantity * price - discount
    scaled = price * target / before if before else price
    exact = target / quantity if not discount and quantity else scaled
    for rounding in (ROUND_HALF_UP, ROUND_UP):
        unit = exact.quantize(_PRICE_UNIT, rounding)
        less = _rounded(quantity * unit, currency) - target
        if less >= 0:  # a discount below zero is refused
            break
    return unit, less


def rate_of(taxes: Sequence[TaxLine], net: Decimal, settings: DynamicsSettings, record: str) -> str:
    """The key of `settings.taxes` for a line taxed so; `net` is its amount without tax."""
    charged = sum((tax.amount.amount for tax in taxes), _NOTHING)
    if not charged:
        return _known_rate("0", settings, record)
    rates = [tax.rate for tax in taxes]
    if all(rate is not None for rate in rates):
        percent = sum((rate for rate in rates if rate is not None), _NOTHING) * _PERCENT
        return _known_rate(_plain(percent), settings, record)
    # Told in amounts only: the rate that gives this amount to the cent.
    fitting = [key for key in settings.taxes if abs(net * Decimal(key) / _PERCENT - charged) <= Decimal("0.01")]
    if len(fitting) == 1:
        return fitting[0]
    return _known_rate(_plain((charged / net * _PERCENT).quantize(Decimal("0.01")) if net else charged), settings, record)


def named(order: Order) -> str:
    return f"order {order.number}"


def does_not_balance(
    lines: Sequence[Line], computed: Decimal, stated: Decimal, currency: str, record: str
) -> Rejected:
    amounts = " + ".join(f"{line_amount(line, currency)} ({line.rate} %)" for line in lines)
    return Rejected(
        "does-not-balance",
        system=SYSTEM,
        record=record,
        what=f"Dynamics would compute {computed} {currency} from {amounts}; the store says {stated}.",
        next_step="Check prices_include_tax and taxes against the tax setup in Dynamics, or allow a rounding_tolerance "
        "of up to 0.05 with a rounding_charge; then replay.",
    )


def _item(line: OrderLine, order: Order, settings: DynamicsSettings, include: bool) -> Line:
    rate, target = _target(line.taxes, line.net.amount, order, settings, include)
    price, discount = priced(line.quantity, line.unit_price.amount, line.discount.amount, target, order.currency)
    as_charge = line.gift_card and settings.gift_card_charge
    return Line(
        line.quantity,
        price,
        discount,
        rate,
        sku=None if as_charge else line.sku,
        charge=settings.gift_card_charge if as_charge else "",
        title=line.title,
    )


def _shipping(line: ShippingLine, order: Order, settings: DynamicsSettings, include: bool) -> Line:
    if not settings.shipping_charge:
        raise refusals.missing_charge("shipping_charge", named(order))
    rate, target = _target(line.taxes, line.net.amount, order, settings, include)
    price, discount = priced(Decimal(1), line.price.amount, line.discount.amount, target, order.currency)
    return Line(Decimal(1), price, discount, rate, charge=settings.shipping_charge, title=line.title)


def _target(
    taxes: Sequence[TaxLine], amount: Decimal, order: Order, settings: DynamicsSettings, include: bool
) -> tuple[str, Decimal]:
    """The line's rate, and its amount with or without tax as Dynamics wants it."""
    charged = sum((tax.amount.amount for tax in taxes), _NOTHING)
    net = amount - charged if order.taxes_included else amount
    rate = rate_of(taxes, net, settings, named(order))
    return rate, _rounded(net + charged if include else net, order.currency)


def _known_rate(rate: str, settings: DynamicsSettings, record: str) -> str:
    known: Mapping[Decimal, str] = {Decimal(key): key for key in settings.taxes}
    if Decimal(rate) not in known:
        raise refusals.missing_entry("taxes", rate, record)
    return known[Decimal(rate)]


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)
