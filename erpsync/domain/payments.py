"""Money that came in for an order and money that went back."""

from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, total


class Payment(BaseModel):
    """A payment of an order. `method` is the store's name of the gateway, which the ERP's tables are keyed by."""

    model_config = ConfigDict(frozen=True)

    source_id: SourceId
    method: str
    amount: Money
    paid_at: AwareDatetime


class RefundLine(BaseModel):
    """What is refunded of one order line. `amount` includes the tax where the order's prices do."""

    model_config = ConfigDict(frozen=True)

    line_source_id: SourceId
    sku: Sku
    quantity: Decimal
    amount: Money
    tax: Money
    restocked: bool


class Refund(BaseModel):
    """Money given back for an order. `adjustment` is what belongs to no line; `total` is what the buyer received."""

    model_config = ConfigDict(frozen=True)

    source_id: SourceId
    order_source_id: SourceId
    created_at: AwareDatetime
    lines: tuple[RefundLine, ...]
    shipping: Money
    adjustment: Money
    total: Money
    reason: str = ""

    @property
    def tax(self) -> Money:
        return total([line.tax for line in self.lines], self.total.currency)

    @property
    def taxes_included(self) -> bool:
        """Whether the lines' amounts contain their tax, which stores do not say of a refund: its total does. False where
        there is no tax."""
        amounts = total([line.amount for line in self.lines], self.total.currency) + self.shipping + self.adjustment
        off = (self.total - amounts).amount
        return abs(off) < abs(off - self.tax.amount)
