"""An order's money as pricing conditions that come to its total to the cent. Pure.

A price has the currency's own decimals in SAP, but may be "per" any whole quantity: an item of 3 pieces for 10.00 is
10.00 per 3, not 3.33 and a cent lost. Everything else is a fixed amount (calculation type B).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn

from erpsync.domain.errors import Rejected
from erpsync.domain.money import minor_unit
from erpsync.domain.orders import Order, OrderLine, TaxLine, tax_percent
from erpsync.domain.payments import Refund, RefundLine
from erpsync.ports.settings import entry_of
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings

HEADER = 0
"""The item number of a condition that is for the whole document."""
_MOST_PER = 99999  # KPEIN has five digits.
# How far a refund's parts may miss its total; more is no rounding.
_REFUND_SLACK = Decimal("0.05")


@dataclass(frozen=True)
class Condition:
    """One manual condition: `value` for `per` units, or a fixed amount where `per` is 0."""

    item: int
    kind: str
    value: Decimal
    per: int = 0
    tax_code: str = ""


@dataclass(frozen=True)
class Position:
    """One item of a document."""

    number: int
    material: str
    quantity: Decimal
    text: str = ""


@dataclass(frozen=True)
class Priced:
    """What a document holds."""

    positions: tuple[Position, ...]
    conditions: tuple[Condition, ...]


def of_order(order: Order, settings: SapSoapSettings) -> Priced:
    """The items and conditions of an order. Raises Rejected naming the setting that is missing, or what cannot be."""
    return _Pricing(settings, order.currency, f"order {order.number}").order(order)


def of_refund(refund: Refund, settings: SapSoapSettings, record: str) -> Priced:
    """The same for what a buyer received back."""
    return _Pricing(settings, refund.total.currency, record).refund(refund)


class _Pricing:
    """Collects one document."""

    def __init__(self, settings: SapSoapSettings, currency: str, record: str) -> None:
        self._settings = settings
        self._unit = minor_unit(currency)
        self._record = record
        self._positions: list[Position] = []
        self._conditions: list[Condition] = []
        self._sum = Decimal(0)

    def order(self, order: Order) -> Priced:
        for line in order.lines:
            if line.quantity:
                self._line(line, order.taxes_included)
        for charge in order.shipping_lines:
            tax = self._tax(HEADER, charge.taxes)
            net = charge.net.amount - (tax if order.taxes_included else 0)
            self._fixed(HEADER, "shipping_condition", net)
        self._fixed(HEADER, "tip_condition", order.tip.amount)
        self._fixed(HEADER, "duty_condition", order.duties.amount)
        self._fixed(HEADER, "fee_condition", order.fees.amount)
        wanted = (
            order.total.amount if self._settings.tax_handling == "store" else order.total.amount - self._all_tax(order)
        )
        self._round(wanted - self._sum, order.rounding.amount)
        return Priced(tuple(self._positions), tuple(self._conditions))

    def refund(self, refund: Refund) -> Priced:
        total = refund.total.amount
        apart = refund.shipping.amount + refund.adjustment.amount
        amounts = sum((line.amount.amount for line in refund.lines), Decimal(0)) + apart
        residual = total - amounts - (0 if refund.taxes_included else refund.tax.amount)
        if abs(residual) > _REFUND_SLACK:
            self._refuse(
                "does-not-balance",
                f"The refund's lines, shipping and adjustment come to {total - residual}, but {total} was refunded.",
                "Make the credit memo request in SAP by hand, then discard this dead letter.",
            )
        for line in refund.lines:
            if line.amount.amount:
                self._returned(line, refund.taxes_included)
            elif not refund.taxes_included:
                apart += line.tax.amount
        self._goodwill(self._rounded(apart + residual))
        return Priced(tuple(self._positions), tuple(self._conditions))

    def _line(self, line: OrderLine, included: bool) -> None:
        item = self._add(line.sku, line.quantity, line.title)
        tax = self._tax(item, line.taxes)
        net = line.net.amount - (tax if included else 0)
        discount = line.discount.amount
        if included and discount and line.net.amount:
            discount = discount * net / line.net.amount
        discount = self._rounded(discount)
        unit = None if included else line.unit_price.amount
        self._price(item, net + discount, line.quantity, unit)
        self._fixed(item, "discount_condition", -discount)

    def _returned(self, line: RefundLine, included: bool) -> None:
        """Money for a line of which nothing comes back is for `refund_material`, taxed as the line was."""
        material = line.sku if line.quantity else self._settings.refund_material or self._missing("refund_material")
        quantity = line.quantity or Decimal(1)
        item = self._add(material, quantity, "")
        net = line.amount.amount - (line.tax.amount if included else 0)
        self._price(item, net, quantity, None)
        if line.tax.amount and self._settings.tax_handling == "store":
            self._fixed(
                item, "tax_condition", line.tax.amount, self._nearest_code(line.tax.amount / net if net else None)
            )

    def _goodwill(self, amount: Decimal) -> None:
        if amount > 0:
            material = self._settings.refund_material or self._missing("refund_material")
            self._price(self._add(material, Decimal(1), ""), amount, Decimal(1), amount)
        elif amount < 0:
            self._fixed(HEADER, "rounding_condition", amount)

    def _add(self, sku: str, quantity: Decimal, text: str) -> int:
        number = 10 * (len(self._positions) + 1)
        if not sku:
            self._refuse(
                "unknown-sku", f"Item {number} has no SKU.", "Give the product a SKU in the store, then replay."
            )
        self._positions.append(Position(number, sku, quantity, text))
        return number

    def _price(self, item: int, amount: Decimal, quantity: Decimal, unit: Decimal | None) -> None:
        """A price by which the item comes to `amount`; where no price does, the cents are left to the rounding."""
        whole = quantity == quantity.to_integral_value() and quantity <= _MOST_PER
        if unit is not None and unit == self._rounded(unit):
            value, per = unit, 1
        elif whole:
            value, per = self._rounded(amount), int(quantity)
        else:
            value, per = self._rounded(amount / quantity), 1
        self._conditions.append(Condition(item, self._settings.price_condition, value, per))
        self._sum += self._rounded(value * quantity / per)

    def _tax(self, item: int, taxes: Iterable[TaxLine]) -> Decimal:
        """Books the store's tax, where it counts, and returns how much it is."""
        found = Decimal(0)
        for tax in taxes:
            amount = self._rounded(tax.amount.amount)
            found += amount
            if amount and self._settings.tax_handling == "store":
                self._fixed(item, "tax_condition", amount, self._code(tax))
        return found

    def _code(self, tax: TaxLine) -> str:
        percent = tax_percent([tax])
        if percent is None:
            self._refuse(
                "tax-rate-missing",
                "The store tells no rate for a tax of the order.",
                'Set tax_handling = "erp" to let SAP compute the tax, or book the order by hand.',
            )
        code = entry_of(self._settings.tax_codes, percent, None)
        if code is None:
            shown = f"{percent.normalize():f}"
            self._refuse(
                "unknown-tax-rate",
                f"No tax code is given for {shown} percent.",
                f'Add "{shown}" to tax_codes of this connection, restart the workers and replay.',
            )
        return code

    def _nearest_code(self, rate: Decimal | None) -> str:
        """A refund's line tells its tax, not the rate: the one it is nearest to, cents considered."""
        codes = self._settings.tax_codes
        near = sorted(codes, key=lambda percent: abs(Decimal(percent) / 100 - (rate or 0)))
        if not near or rate is None or abs(Decimal(near[0]) / 100 - rate) > Decimal("0.02"):
            self._refuse(
                "unknown-tax-rate",
                "The refund's tax belongs to no rate in tax_codes.",
                "Add the rate to tax_codes of this connection, restart the workers and replay.",
            )
        return codes[near[0]]

    def _fixed(self, item: int, setting: str, amount: Decimal, tax_code: str = "") -> None:
        amount = self._rounded(amount)
        if not amount:
            return
        kind = getattr(self._settings, setting) or self._missing(setting)
        self._conditions.append(Condition(item, kind, amount, tax_code=tax_code))
        self._sum += amount

    def _round(self, residual: Decimal, stated: Decimal) -> None:
        """The store's rounding, and fractions of cents that went with each price."""
        if abs(residual - stated) > self._unit * max(len(self._conditions), 1):
            self._refuse(
                "does-not-balance",
                f"The order's prices come to {self._sum}, which leaves {residual} to its total.",
                "Compare the order in the store with these figures; correct it there, then replay.",
            )
        self._fixed(HEADER, "rounding_condition", residual)

    def _all_tax(self, order: Order) -> Decimal:
        taxes = [tax for line in order.lines for tax in line.taxes if line.quantity]
        taxes += [tax for charge in order.shipping_lines for tax in charge.taxes]
        return sum((self._rounded(tax.amount.amount) for tax in taxes), Decimal(0))

    def _rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self._unit, ROUND_HALF_UP)

    def _missing(self, setting: str) -> NoReturn:
        self._refuse(
            "setting-missing",
            f"The record has an amount that needs {setting}, which is not set.",
            f"Set {setting} of this connection, restart the workers and replay.",
        )

    def _refuse(self, code: str, what: str, next_step: str) -> NoReturn:
        raise Rejected(code, system=SYSTEM, record=self._record, what=what, next_step=next_step)
