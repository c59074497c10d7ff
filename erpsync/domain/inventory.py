"""Stock as an ERP tells of it."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from erpsync.domain.ids import Sku


class StockLevel(BaseModel):
    """What the ERP holds of a SKU at one of its locations, in its stock unit. `reserved` is promised to its open orders,
    whether it is set aside for them or not."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    location: str
    on_hand: Decimal
    reserved: Decimal = Decimal(0)
    unit: str = ""
