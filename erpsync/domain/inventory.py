"""Stock: what the ERP says it has, and what of it may be promised."""

from decimal import ROUND_FLOOR, Decimal

from pydantic import BaseModel, ConfigDict

from erpsync.domain.ids import Sku


class StockLevel(BaseModel):
    """What the ERP holds of a SKU at one of its locations, in its stock unit. `reserved` is promised to its own orders."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    location: str
    on_hand: Decimal
    reserved: Decimal = Decimal(0)
    unit: str = ""


def available(level: StockLevel, *, safety: Decimal, unseen: Decimal) -> int:
    """Whole units that a store may promise: on hand - reserved - safety stock - `unseen`, never below zero.

    `unseen` is what the store has sold in orders that the ERP does not know yet; without it a poll would hand the store
    back the units it has just sold.
    """
    free = level.on_hand - level.reserved - safety - unseen
    return max(0, int(free.to_integral_value(ROUND_FLOOR)))
