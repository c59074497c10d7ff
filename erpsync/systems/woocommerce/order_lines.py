"""What an order's lines, fees and taxes come to, to the cent.

WooCommerce rounds taxes by line or, by its setting, at the subtotal: then a line's own rounded tax is up to a cent off, and
only the sums by rate (`tax_lines`) are what the order's total is made of. Those are shared out over the lines.
A fee below zero is a discount (https://woocommerce.com/document/woocommerce-dynamic-pricing/ makes such): it is taken off
the lines in proportion, with its tax.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from html import unescape

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, minor_unit
from erpsync.domain.orders import OrderLine, TaxLine
from erpsync.systems.woocommerce import wire

Taxes = dict[str, Decimal]


@dataclass(frozen=True)
class Sums:
    """`fees` contain their taxes, for the canonical order has taxes on lines and shipping alone."""

    lines: tuple[OrderLine, ...]
    shipping_taxes: Mapping[str, tuple[TaxLine, ...]]
    fees: Money


def order_lines(order: wire.Order) -> Sums:
    unit = minor_unit(order.currency)
    lines = [line for line in order.line_items if line.quantity]
    cart = _shared([*lines, *order.fee_lines], {rate.rate_id: rate.tax_total for rate in order.tax_lines}, unit)
    shipping = _shared(order.shipping_lines, {rate.rate_id: rate.shipping_tax_total for rate in order.tax_lines}, unit)
    off = [fee for fee in order.fee_lines if fee.total < 0 and lines]
    charged = [fee for fee in order.fee_lines if fee not in off]
    discounts = _discounts(lines, off, cart, unit, included=order.prices_include_tax)
    rates = {rate.rate_id: rate for rate in order.tax_lines}
    return Sums(
        lines=tuple(_line(line, order, cart[line.id], discounts[line.id], rates) for line in lines),
        shipping_taxes={line.id: _tax_lines(shipping[line.id], rates, order.currency) for line in order.shipping_lines},
        fees=_money(sum((fee.total + sum(cart[fee.id].values()) for fee in charged), Decimal(0)), order.currency),
    )


def _line(
    line: wire.Line, order: wire.Order, taxes: Taxes, off: Decimal, rates: Mapping[str, wire.TaxRate]
) -> OrderLine:
    """`off` is the line's part of the negative fees, in the order's kind of prices; its taxes are in `taxes` already."""
    included = order.prices_include_tax
    before = line.subtotal + (line.subtotal_tax if included else 0)
    net = line.total + (line.total_tax if included else 0) + off
    # Rounded up where it does not come out even; the discount makes up for it.
    price = (max(before, net) / line.quantity).quantize(minor_unit(order.currency), ROUND_UP)
    return OrderLine(
        source_id=SourceId(line.id),
        sku=Sku(line.sku.strip()),
        title=unescape(line.name),
        quantity=line.quantity,
        unit_price=_money(price, order.currency),
        discount=_money(price * line.quantity - net, order.currency),
        taxes=_tax_lines(taxes, rates, order.currency),
    )


def _discounts(
    lines: Sequence[wire.Line], off: Sequence[wire.Fee], cart: dict[str, Taxes], unit: Decimal, *, included: bool
) -> dict[str, Decimal]:
    """What each line bears of the negative fees; their taxes are moved to the lines in `cart`."""
    borne = dict.fromkeys((line.id for line in lines), Decimal(0))
    weights = {line.id: line.total for line in lines}
    for fee in off:
        taxes = cart.pop(fee.id)
        for rate, tax in taxes.items():
            bearing = {line.id: cart[line.id][rate] for line in lines if cart[line.id].get(rate)}
            for line_id, part in _parts(tax, bearing or weights, unit).items():
                cart[line_id][rate] = cart[line_id].get(rate, Decimal(0)) + part
        amount = fee.total + (fee.total_tax if included else 0)
        for line_id, part in _parts(amount, weights, unit).items():
            borne[line_id] += part
    return borne


def _parts(amount: Decimal, weights: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """The amount, shared out by weight in whole units; the heaviest takes what rounding leaves."""
    whole = sum(weights.values(), Decimal(0))
    if not whole:
        weights = dict.fromkeys(weights, Decimal(1))
        whole = Decimal(len(weights))
    parts = {key: _rounded(amount * weight / whole, unit) for key, weight in weights.items()}
    heaviest = max(weights, key=lambda key: weights[key])
    parts[heaviest] += amount - sum(parts.values(), Decimal(0))
    return parts


def _shared(
    elements: Iterable[wire.Line | wire.Shipping | wire.Fee], sums: Mapping[str, Decimal], unit: Decimal
) -> dict[str, Taxes]:
    """The taxes of each element by rate, rounded so that each rate comes to its sum where only rounding is between."""
    exact = {element.id: _taxes(element) for element in elements}
    shared = {key: {rate: _rounded(tax, unit) for rate, tax in taxes.items()} for key, taxes in exact.items()}
    for rate, wanted in sums.items():
        bearing = [key for key, taxes in exact.items() if rate in taxes]
        missing = wanted - sum((shared[key][rate] for key in bearing), Decimal(0))
        step = unit if missing > 0 else -unit
        if not missing or abs(missing) > unit * len(bearing):
            continue
        # Those that lost most by rounding come first.
        bearing.sort(key=lambda key: (exact[key][rate] - shared[key][rate]) * step, reverse=True)
        for key in bearing[: int(missing / step)]:
            shared[key][rate] += step
    return shared


def _taxes(element: wire.Line | wire.Shipping | wire.Fee) -> Taxes:
    taxes: Taxes = {}
    for tax in element.taxes:
        taxes[tax.id] = taxes.get(tax.id, Decimal(0)) + tax.total
    if not taxes and element.total_tax:
        taxes[""] = element.total_tax
    return taxes


def _tax_lines(taxes: Taxes, rates: Mapping[str, wire.TaxRate], currency: str) -> tuple[TaxLine, ...]:
    found = []
    for rate_id, amount in taxes.items():
        rate = rates.get(rate_id)
        percent = rate.rate_percent if rate else None
        found.append(
            TaxLine(
                title=unescape(rate.label or rate.rate_code) if rate else "",
                amount=_money(amount, currency),
                rate=None if percent is None else (percent / 100).normalize() + Decimal(0),
            )
        )
    return tuple(found)


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency)
