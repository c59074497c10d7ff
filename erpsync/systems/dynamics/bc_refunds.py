"""A refund's money as lines of a credit memo that comes to what the buyer received."""

from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.money import total
from erpsync.domain.orders import TaxLine
from erpsync.domain.payments import Refund, RefundLine
from erpsync.systems.dynamics.amounts import Line, charge_line, does_not_balance, priced, rate_of, total_of
from erpsync.systems.dynamics.names import SYSTEM
from erpsync.systems.dynamics.settings import DynamicsSettings

_NOTHING = Decimal(0)


def refund_lines(refund: Refund, settings: DynamicsSettings, record: str) -> list[Line]:
    """What came back as items; what did not, and what belongs to no line, as `refund_charge`.

    A refund does not say whether its amounts contain tax: its own sum does. Raises Rejected where neither way adds up.
    """
    currency = refund.total.currency
    included = _tax_is_included(refund, record)
    lines: list[Line] = []
    for line in refund.lines:
        net = line.amount.amount - (line.tax.amount if included else _NOTHING)
        target = net + (line.tax.amount if settings.prices_include_tax else _NOTHING)
        if target:
            lines.append(_line(line, net, target, settings, record, currency))
    extras = (("shipping_charge", "Shipping", refund.shipping), ("refund_charge", "Adjustment", refund.adjustment))
    for name, title, amount in extras:
        if amount.amount:
            lines.append(charge_line(settings, name, title, amount.amount, record))
    stated = refund.total.rounded().amount
    computed = total_of(lines, currency, prices_include_tax=settings.prices_include_tax)
    residual = stated - computed
    if residual and abs(residual) <= settings.rounding_tolerance:
        lines.append(charge_line(settings, "rounding_charge", "Rounding difference", residual, record))
    elif residual:
        raise does_not_balance(lines, computed, stated, currency, record)
    return lines


def _line(
    line: RefundLine, net: Decimal, target: Decimal, settings: DynamicsSettings, record: str, currency: str
) -> Line:
    rate = rate_of((TaxLine(title="", amount=line.tax),), net, settings, record)
    quantity = line.quantity or Decimal(1)
    price, discount = priced(quantity, target / quantity, _NOTHING, target, currency)
    if line.restocked:
        return Line(quantity, price, discount, rate, sku=line.sku)
    if not settings.refund_charge:
        charge_line(settings, "refund_charge", "", target, record)  # raises, naming the setting
    return Line(quantity, price, discount, rate, charge=settings.refund_charge, title=f"Refund {line.sku}")


def _tax_is_included(refund: Refund, record: str) -> bool:
    currency = refund.total.currency
    amounts = total([line.amount for line in refund.lines], currency) + refund.shipping + refund.adjustment
    tax = total([line.tax for line in refund.lines], currency)
    cent = Decimal("0.05")
    if abs((refund.total - amounts).amount) <= cent:
        return True
    if abs((refund.total - amounts - tax).amount) <= cent:
        return False
    raise Rejected(
        "does-not-balance",
        system=SYSTEM,
        record=record,
        what=f"Lines, shipping and adjustment come to {amounts}, with tax to {amounts + tax}; the store refunded "
        f"{refund.total}.",
        next_step="Make the credit memo by hand in Business Central, then discard this job.",
    )
