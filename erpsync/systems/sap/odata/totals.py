"""What a document comes to in SAP, and whether that is what the store has. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order, balance
from erpsync.systems.sap.odata.amounts import cents, named
from erpsync.systems.sap.odata.edm import number
from erpsync.systems.sap.odata.settings import SYSTEM
from erpsync.systems.sap.odata.wire import Row, nested, text

# ConditionClass of taxes (domain KOAID).
_TAXES = "D"


def net_and_tax(document: Row, items: Sequence[Row]) -> tuple[Decimal, Decimal] | None:
    """TotalNetAmount, and the taxes of the items that are not rejected; None where the rows do not tell the taxes.

    Releases before 2021 have no TaxAmount on items: there it is the sum of the tax conditions.
    """
    taxes = [_tax(item) for item in items if not text(item, "SalesDocumentRjcnReason")]
    known = [tax for tax in taxes if tax is not None]
    if len(known) != len(taxes) or not items:
        return None
    return number(document.get("TotalNetAmount")), sum(known, Decimal(0))


def total_differs(order: Order, sums: tuple[Decimal, Decimal] | None, display: str, remains: str) -> Rejected:
    """The arithmetic of an order that SAP adds up differently; `sums` is None where SAP does not tell its taxes."""
    if sums is None:
        return Rejected(
            "total-unknown",
            system=SYSTEM,
            record=named(order),
            what=f"SAP does not tell what sales order {display} comes to: its items show no taxes. {remains}",
            next_step="Let the connection's user see the conditions of sales orders, then replay.",
        )
    net, tax = (cents(amount, order.currency) for amount in sums)
    return Rejected(
        "total-differs",
        system=SYSTEM,
        record=named(order),
        what=f"Sales order {display} comes to {net} + tax {tax} = {net + tax} {order.currency} in SAP, {order.total} in "
        f"the store (difference {cents(order.total.amount, order.currency) - net - tax}): {balance(order)}. {remains}",
        next_step=f"Compare the conditions of {display} with these figures: prices, discounts or taxes that SAP adds by "
        "itself must be inactive next to manual ones. Correct the order or the pricing procedure, then replay.",
    )


def _tax(item: Row) -> Decimal | None:
    if item.get("TaxAmount") is not None:
        return number(item["TaxAmount"])
    conditions = nested(item, "to_PricingElement")
    if not conditions:
        return None
    return sum(
        (
            number(one.get("ConditionAmount"))
            for one in conditions
            if text(one, "ConditionClass") == _TAXES
            and not text(one, "ConditionInactiveReason")
            and not one.get("ConditionIsForStatistics")
        ),
        Decimal(0),
    )
