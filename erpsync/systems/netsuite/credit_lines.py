"""A refund's money as lines of a credit memo or return authorization, so that it credits what the buyer received.

Goods that came back are lines of their items: a stand-alone credit memo puts them back into stock
(https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/bridgehead_4337971641.html). What is refunded without
goods, shipping and goodwill are lines of `refund_item` and `shipping_item`, which move none.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.payments import RefundLine
from erpsync.ports.erp_records import RefundDraft
from erpsync.systems.netsuite.lines import SYSTEM, Line, Rounding, exact_rate, item_of, no_item
from erpsync.systems.netsuite.settings import NetSuiteSettings

# How far a tax rate worked out of amounts rounded to the cent may be from the one that is meant, in percent.
_RATE_TOLERANCE = Decimal("0.5")


def credit_lines(
    draft: RefundDraft, items: Mapping[Sku, Sequence[str]], settings: NetSuiteSettings
) -> tuple[Line, ...]:
    """Lines that come to the refund's total. Raises Rejected for a SKU without its item and for a charge without one,
    Skip where nothing was given back."""
    refund = draft.refund
    if not refund.total.rounded().amount:
        raise Skip("nothing-refunded", what="The refund gave no money back.", record=named(draft))
    rounding = Rounding(refund.total.currency)
    lines = [
        _goods(line, draft, items, settings, rounding, included=refund.taxes_included)
        for line in refund.lines
        if line.amount.amount or line.tax.amount
    ]
    if refund.shipping.amount:
        item = settings.shipping_item or settings.refund_item
        lines.append(_charge("shipping", refund.shipping, item, draft, settings, rounding))
    tax = refund.tax
    if settings.tax_handling == "item" and tax.amount:
        if not settings.tax_item:
            raise no_item("tax", "tax_item", tax, record=named(draft))
        lines.append(_charge("tax", tax, settings.tax_item, draft, settings, rounding))
    rest = Money(amount=refund.total.rounded().amount - rounding.given, currency=refund.total.currency)
    if rest.amount:
        lines.append(_charge("an adjustment", rest, settings.refund_item, draft, settings, rounding))
    return tuple(lines)


def named(draft: RefundDraft) -> str:
    """How messages name the refund."""
    return f"refund {draft.reference}"


def _goods(
    line: RefundLine,
    draft: RefundDraft,
    items: Mapping[Sku, Sequence[str]],
    settings: NetSuiteSettings,
    rounding: Rounding,
    *,
    included: bool,
) -> Line:
    net = line.amount.amount - (line.tax.amount if included else 0)
    came_back = line.restocked or settings.refund_as == "return_authorization"
    if came_back:
        item, quantity, words = item_of(line.sku, items, record=named(draft)), line.quantity, ""
    elif settings.refund_item:
        item, quantity, words = settings.refund_item, Decimal(1), f"{line.quantity:f} x {line.sku}"
    else:
        raise no_item("money for goods that did not come back", "refund_item", line.amount, record=named(draft))
    amount = rounding.take(net)
    tax, tax_code = _line_tax(line.tax.amount, net, draft, settings, rounding)
    return Line(item, amount, quantity, exact_rate(amount, quantity), tax, tax_code, words)


def _charge(
    name: str, money: Money, item: str, draft: RefundDraft, settings: NetSuiteSettings, rounding: Rounding
) -> Line:
    if not item:
        raise no_item(name, "refund_item", money, record=named(draft))
    amount = rounding.take(money.amount)
    tax, tax_code = _line_tax(Decimal(0), money.amount, draft, settings, rounding)
    return Line(item, amount, Decimal(1), amount, tax, tax_code)


def _line_tax(
    tax: Decimal, net: Decimal, draft: RefundDraft, settings: NetSuiteSettings, rounding: Rounding
) -> tuple[Decimal | None, str]:
    if settings.tax_handling == "item":
        return None, settings.tax_code
    percent = tax / net * 100 if net else Decimal(0)
    rates = sorted(settings.tax_codes, key=lambda rate: abs(Decimal(rate) - percent))
    near = rates and abs(Decimal(rates[0]) - percent) <= _RATE_TOLERANCE
    code = settings.tax_codes[rates[0]] if near else settings.tax_code
    if not code:
        raise Rejected(
            "tax-rate-not-mapped",
            system=SYSTEM,
            record=named(draft),
            what=f"No tax code is configured for about {percent:.1f} %.",
            next_step="Add that rate to `tax_codes` of this connection, or set `tax_code`; then replay.",
        )
    return rounding.take(tax), code
