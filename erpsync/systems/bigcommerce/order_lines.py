"""An order's lines and shipping charges with their discounts and taxes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, minor_unit
from erpsync.domain.orders import OrderLine, ShippingLine, TaxLine
from erpsync.systems.bigcommerce import wire

# BigCommerce keeps four decimals; a unit price that does not divide evenly is told with two more.
_UNIT_PRICE = Decimal("0.000001")


@dataclass(frozen=True)
class Basis:
    """One way to read an order: its currency, and whether the prices contain tax."""

    currency: str
    included: bool

    def money(self, amount: Decimal) -> Money:
        """The amount in one spelling: "12.0000" is 12.00."""
        rounded = amount.quantize(minor_unit(self.currency), ROUND_HALF_UP)
        return Money(amount=rounded if rounded == amount else amount.normalize(), currency=self.currency)

    def cents(self, amount: Decimal) -> Money:
        return Money(amount=amount, currency=self.currency).rounded()


@dataclass(frozen=True)
class Spread:
    """The lines with the order's own discount on them, and how much that is."""

    lines: tuple[OrderLine, ...]
    amount: Money


def order_lines(
    order: wire.Order, lines: Sequence[wire.Line], taxes: Sequence[wire.Tax], rest_of_tax: Decimal, basis: Basis
) -> tuple[tuple[OrderLine, ...], Spread | None]:
    """The lines, and the lines as they are with that part of the order's discounts which no line tells; None where it is
    nothing. Orders made through the API have such: https://developer.bigcommerce.com/docs/rest-management/orders"""
    owed = basis.cents(order.total_tax - rest_of_tax)
    taxed = _taxes(lines, taxes, owed, basis)
    mapped = tuple(_line(line, taxed[line.id], basis) for line in lines)
    told = sum((discount.amount for line in lines for discount in line.applied_discounts), Decimal(0))
    missing = basis.cents(order.discount_amount + order.coupon_discount - told)
    if missing.amount <= 0 or not any(line.net.amount > 0 for line in mapped):
        return mapped, None
    shares = _shares(missing, [max(line.net.amount, Decimal(0)) for line in mapped])
    spread = [
        line.model_copy(update={"discount": line.discount + share}) for line, share in zip(mapped, shares, strict=True)
    ]
    return mapped, Spread(tuple(spread), missing)


def shipping_lines(
    order: wire.Order, shipping: Sequence[wire.Shipping], taxes: Sequence[wire.Tax], basis: Basis
) -> tuple[ShippingLine, ...]:
    """One for each address that costs something or has a method; the order's own sum where the addresses do not tell it."""
    whole = order.shipping_cost_inc_tax if basis.included else order.shipping_cost_ex_tax
    told = [one.cost_inc_tax if basis.included else one.cost_ex_tax for one in shipping]
    if sum(told, Decimal(0)) == whole and shipping:
        return tuple(
            _shipping(one, cost, one.cost_tax, taxes, basis)
            for one, cost in zip(shipping, told, strict=True)
            if cost or one.shipping_method not in ("", "None")
        )
    if not whole:
        return ()
    first = shipping[0] if shipping else wire.Shipping(id=0)
    return (_shipping(first, whole, order.shipping_cost_tax, taxes, basis),)


def _line(line: wire.Line, taxes: tuple[TaxLine, ...], basis: Basis) -> OrderLine:
    price, whole = (
        (line.price_inc_tax, line.total_inc_tax) if basis.included else (line.price_ex_tax, line.total_ex_tax)
    )
    if line.quantity and price * line.quantity != whole:
        price = (whole / line.quantity).quantize(_UNIT_PRICE, ROUND_HALF_UP)
    return OrderLine(
        source_id=SourceId(str(line.id)),
        sku=Sku(line.sku),
        title=line.name,
        quantity=line.quantity,
        unit_price=basis.money(price),
        discount=basis.money(sum((discount.amount for discount in line.applied_discounts), Decimal(0))),
        taxes=taxes,
        requires_shipping=line.type == "physical",
        gift_card=line.type == "giftcertificate",
    )


def _shipping(
    shipping: wire.Shipping, cost: Decimal, tax: Decimal, taxes: Sequence[wire.Tax], basis: Basis
) -> ShippingLine:
    rows = [row for row in taxes if row.line_item_type == "shipping" and row.order_address_id in (shipping.id, None)]
    charged = basis.cents(tax)
    lines = tuple(_tax(row, basis.cents(row.line_amount)) for row in rows)
    if sum((line.amount.amount for line in lines), Decimal(0)) != charged.amount:
        rate = rows[0].rate / 100 if len({row.rate for row in rows}) == 1 else None
        lines = (TaxLine(title=rows[0].name if rows else "Tax", amount=charged, rate=rate),) if charged.amount else ()
    return ShippingLine(
        source_id=SourceId(str(shipping.id or "")),
        code=shipping.shipping_method,
        title=shipping.shipping_method,
        price=basis.money(cost),
        discount=basis.money(Decimal(0)),
        taxes=lines,
    )


def _taxes(
    lines: Sequence[wire.Line], rows: Sequence[wire.Tax], owed: Money, basis: Basis
) -> dict[int, tuple[TaxLine, ...]]:
    """Each line's taxes, which together are what the order owes for its lines: as the rows tell them, else as the lines do,
    else in proportion. Rows are told without their line where taxes are automatic or the order was made by the API."""
    by_line: dict[int, list[TaxLine]] = {line.id: [] for line in lines}
    for row in rows:
        if row.line_item_type == "item" and row.order_product_id.isdecimal() and int(row.order_product_id) in by_line:
            by_line[int(row.order_product_id)].append(_tax(row, basis.cents(row.line_amount)))
    if _sum([tax.amount for taxes in by_line.values() for tax in taxes]) == owed.amount:
        return {key: tuple(taxes) for key, taxes in by_line.items()}
    amounts = [basis.cents(line.total_tax) for line in lines]
    if _sum(amounts) != owed.amount and lines:
        weights = [line.total_tax or line.total_inc_tax - line.total_ex_tax for line in lines]
        amounts = _shares(owed, weights if sum(weights) > 0 else [line.total_ex_tax for line in lines])
    return {line.id: _one_tax(by_line[line.id], rows, amount) for line, amount in zip(lines, amounts, strict=True)}


def _one_tax(told: Sequence[TaxLine], rows: Sequence[wire.Tax], amount: Money) -> tuple[TaxLine, ...]:
    if not amount.amount:
        return ()
    rates = {tax.rate for tax in told} or {row.rate / 100 for row in rows}
    names = [tax.title for tax in told] or [row.name for row in rows]
    return (TaxLine(title=names[0] if names else "Tax", amount=amount, rate=rates.pop() if len(rates) == 1 else None),)


def _tax(row: wire.Tax, amount: Money) -> TaxLine:
    return TaxLine(title=row.name, amount=amount, rate=(row.rate / 100).normalize() + Decimal(0))


def _shares(whole: Money, weights: Sequence[Decimal]) -> list[Money]:
    """The amount in parts that sum up to it, in proportion; the heaviest takes what rounding leaves."""
    together = sum(weights, Decimal(0))
    if not together:
        weights, together = [Decimal(1)] * len(weights), Decimal(len(weights))
    parts = [(whole * (weight / together)).rounded() for weight in weights]
    heaviest = max(range(len(weights)), key=lambda index: weights[index])
    parts[heaviest] = parts[heaviest] + Money(amount=whole.amount - _sum(parts), currency=whole.currency)
    return parts


def _sum(amounts: Sequence[Money]) -> Decimal:
    return sum((amount.amount for amount in amounts), Decimal(0))
