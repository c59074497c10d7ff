"""An order's money as lines of a sales order, so that what NetSuite adds up is what the customer paid.

NetSuite's total is the sum of the lines' amounts, the shipping cost and the tax. Amounts are therefore sent, not left
to be computed; the rate goes along where rate times quantity is that amount exactly. All parts are rounded together:
each is at most one minor unit off, and their sum is the rounded sum of the unrounded parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money, minor_unit, total
from erpsync.domain.orders import Order, OrderLine, TaxLine, balance, tax_percent
from erpsync.ports.settings import entry_of
from erpsync.systems.netsuite.settings import NetSuiteSettings

SYSTEM = "netsuite"
# A rate is kept by NetSuite with at most 8 decimals.
_RATE_UNIT = Decimal("0.00000001")
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line of the sales order. `tax` is None where the line carries no tax of its own."""

    item: str
    amount: Decimal
    quantity: Decimal | None = None
    rate: Decimal | None = None
    tax: Decimal | None = None
    tax_code: str = ""
    description: str = ""


@dataclass(frozen=True)
class Lines:
    """What the sales order charges. `shipping_cost` is what its header says besides the lines."""

    lines: tuple[Line, ...]
    shipping_cost: Decimal


class Rounding:
    """Rounds a series of amounts so that the sum of the rounded is the rounded sum."""

    def __init__(self, currency: str) -> None:
        self._unit = minor_unit(currency)
        self._exact = _NOTHING
        self.given = _NOTHING

    def take(self, amount: Decimal) -> Decimal:
        self._exact += amount
        rounded = self._exact.quantize(self._unit, ROUND_HALF_UP) - self.given
        self.given += rounded
        return rounded

    def whole(self, amount: Decimal) -> Decimal:
        """`amount` in minor units, by itself."""
        return amount.quantize(self._unit, ROUND_HALF_UP)


def sales_order_lines(order: Order, items: Mapping[Sku, Sequence[str]], settings: NetSuiteSettings) -> Lines:
    """The order's lines, discounts, shipping, charges and tax. `items` are the ids of all items that have a SKU.

    Raises Rejected for a SKU with no item or with several, for a charge without an item, and where the sum is not the
    order's total.
    """
    rounding = Rounding(order.currency)
    lines: list[Line] = []
    for line in ordered(order):
        place = f"{named(order)}, line {order.lines.index(line) + 1}"
        lines += _item_lines(line, order, item_of(line.sku, items, record=place), settings, rounding)
    shipping_lines, shipping_cost = _shipping(order, settings, rounding)
    lines += shipping_lines
    lines += _charges(order, settings, rounding)
    if settings.tax_handling == "item" and order.tax.amount:
        lines.append(_charge("tax", "tax_item", order.tax, settings.tax_item, order, settings, rounding))
    if rounding.given != order.total.rounded().amount:
        raise _does_not_add_up(order, rounding.given)
    return Lines(tuple(lines), shipping_cost)


def _item_lines(line: OrderLine, order: Order, item: str, settings: NetSuiteSettings, rounding: Rounding) -> list[Line]:
    net = line.net.amount - _contained_tax(line.taxes, order)
    discount = line.discount.amount if settings.discount_item else _NOTHING
    if discount and line.net.amount:
        # Where prices contain tax, so does the discount: in the same proportion as the line.
        discount = rounding.whole(discount * net / line.net.amount)
    amount = rounding.take(net + discount)
    tax, tax_code = _line_tax(line.taxes, order, settings, rounding)
    posted = Line(item, amount, line.quantity, exact_rate(amount, line.quantity), tax, tax_code)
    if not discount:
        return [posted]
    less = rounding.take(-discount)
    untaxed = None if tax is None else _NOTHING
    return [posted, Line(settings.discount_item, less, None, less, untaxed, tax_code)]


def _shipping(order: Order, settings: NetSuiteSettings, rounding: Rounding) -> tuple[list[Line], Decimal]:
    lines = []
    cost = _NOTHING
    for shipping in order.shipping_lines:
        net = shipping.net.amount - _contained_tax(shipping.taxes, order)
        if settings.shipping_item:
            amount = rounding.take(net)
            tax, tax_code = _line_tax(shipping.taxes, order, settings, rounding)
            line = Line(settings.shipping_item, amount, Decimal(1), amount, tax, tax_code)
            lines.append(replace(line, description=shipping.title))
            continue
        if settings.tax_handling == "lines" and _sum(shipping.taxes, order).amount:
            # The header takes a tax code for shipping but no tax amount, so the total could differ by a cent.
            raise no_item("tax on shipping", "shipping_item", _sum(shipping.taxes, order), record=named(order))
        cost += rounding.take(net)
    return lines, cost


def _charges(order: Order, settings: NetSuiteSettings, rounding: Rounding) -> list[Line]:
    charges = (
        ("tip", "tip_item", order.tip, settings.tip_item),
        ("duties", "duty_item", order.duties, settings.duty_item),
        ("fees", "fee_item", order.fees, settings.fee_item),
        ("rounding", "rounding_item", order.rounding, settings.rounding_item),
    )
    return [
        _charge(name, setting, money, item, order, settings, rounding)
        for name, setting, money, item in charges
        if money.amount
    ]


def _charge(
    name: str,
    setting: str,
    money: Money,
    item: str,
    order: Order,
    settings: NetSuiteSettings,
    rounding: Rounding,
) -> Line:
    if not item:
        raise no_item(name, setting, money, record=named(order))
    amount = rounding.take(money.amount)
    tax, tax_code = _line_tax((), order, settings, rounding)
    return Line(item, amount, Decimal(1), amount, tax, tax_code)


def _line_tax(
    taxes: tuple[TaxLine, ...], order: Order, settings: NetSuiteSettings, rounding: Rounding
) -> tuple[Decimal | None, str]:
    if settings.tax_handling == "item":
        return None, settings.tax_code
    percent = tax_percent(taxes)
    code = entry_of(settings.tax_codes, percent, settings.tax_code)
    if not code:
        raise _no_tax_code(percent, record=named(order))
    return rounding.take(_sum(taxes, order).amount), code


def _contained_tax(taxes: tuple[TaxLine, ...], order: Order) -> Decimal:
    return _sum(taxes, order).amount if order.taxes_included else _NOTHING


def _sum(taxes: tuple[TaxLine, ...], order: Order) -> Money:
    return total([tax.amount for tax in taxes], order.currency)


def exact_rate(amount: Decimal, quantity: Decimal) -> Decimal | None:
    """The rate that comes to exactly this amount, None where there is none that NetSuite can keep."""
    if not quantity:
        return None
    rate = (amount / quantity).quantize(_RATE_UNIT).normalize()
    return rate if rate * quantity == amount else None


def ordered(order: Order) -> list[OrderLine]:
    """The lines that are sold: an edited order may keep lines of quantity zero."""
    return [line for line in order.lines if line.quantity != 0 or line.net.amount != 0]


def named(order: Order) -> str:
    """How messages name the order."""
    return f"order #{order.number.lstrip('#')}"


def item_of(sku: Sku, items: Mapping[Sku, Sequence[str]], *, record: str) -> str:
    """The id of the one item that has this SKU. Raises Rejected where there is none, or several."""
    found = items.get(sku, ())
    if len(found) == 1:
        return found[0]
    if not sku:
        raise Rejected(
            "no-sku",
            system=SYSTEM,
            record=record,
            what="The line has no SKU.",
            next_step="Give the product a SKU in the store and the same to an item in NetSuite; then replay.",
        )
    if not found:
        raise Rejected(
            "unknown-sku",
            system=SYSTEM,
            record=record,
            what=f"NetSuite has no active item for SKU {sku}.",
            next_step="Create the item in NetSuite, or correct the SKU in the store or the item; then replay.",
        )
    raise Rejected(
        "ambiguous-sku",
        system=SYSTEM,
        record=record,
        what=f"NetSuite has {len(found)} active items for SKU {sku}: internal ids {', '.join(found)}.",
        next_step="Rename or inactivate all but one of them in NetSuite, then replay.",
    )


def no_item(name: str, setting: str, money: Money, *, record: str) -> Rejected:
    """For an amount that no item is configured for."""
    return Rejected(
        "no-item-for-charge",
        system=SYSTEM,
        record=record,
        what=f"There is {name} of {money} and no item is configured for it.",
        next_step=f"Set `{setting}` of this connection to the internal id of an item for it; then replay.",
    )


def _no_tax_code(percent: Decimal | None, *, record: str) -> Rejected:
    if percent is None:
        what = "The store does not tell a tax line's rate."
        next_step = "Set `tax_code` of this connection, which is for such lines as well; then replay."
    else:
        rate = f"{percent.normalize():f}"
        what = f"No tax code is configured for {rate} %."
        next_step = f'Add "{rate}" to `tax_codes` of this connection, or set `tax_code`; then replay.'
    return Rejected("tax-rate-not-mapped", system=SYSTEM, record=record, what=what, next_step=next_step)


def _does_not_add_up(order: Order, computed: Decimal) -> Rejected:
    return Rejected(
        "does-not-add-up",
        system=SYSTEM,
        record=named(order),
        what=f"The sales order would come to {computed} {order.currency}: {balance(order)}.",
        next_step="Compare these figures with the order in the store; correct the order there, then replay.",
    )
