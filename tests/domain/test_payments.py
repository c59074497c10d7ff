"""Whether a refund's amounts contain their tax is told by its total alone."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money
from erpsync.domain.payments import Refund, RefundLine


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@pytest.mark.parametrize(
    ("amount", "tax", "shipping", "adjustment", "total", "included"),
    [
        ("10.00", "1.90", "0", "0", "11.90", False),
        ("11.90", "1.90", "0", "0", "11.90", True),
        ("10.00", "1.90", "4.90", "0.10", "16.90", False),
        ("11.90", "1.90", "4.90", "-1.00", "15.80", True),
        ("10.00", "1.90", "0", "0", "11.89", False),
        ("10.00", "0", "0", "0", "10.00", False),
    ],
)
def test_the_total_tells(amount: str, tax: str, shipping: str, adjustment: str, total: str, included: bool) -> None:
    line = RefundLine(
        line_source_id=SourceId("1"),
        sku=Sku("A"),
        quantity=Decimal(1),
        amount=euros(amount),
        tax=euros(tax),
        restocked=True,
    )
    refund = Refund(
        source_id=SourceId("r"),
        order_source_id=SourceId("o"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        lines=(line,),
        shipping=euros(shipping),
        adjustment=euros(adjustment),
        total=euros(total),
    )
    assert refund.taxes_included is included
