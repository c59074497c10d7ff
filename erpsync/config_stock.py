"""`[routes.stock]`: how a route counts stock."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError


def _number(value: object) -> object:
    """TOML's numbers are binary: as text they are what was written."""
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


Quantity = Annotated[Decimal, BeforeValidator(_number), Field(ge=0)]
Share = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1)]


class StockTable(BaseModel):
    """One `[routes.stock]` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    locations: Mapping[str, Mapping[str, Share]] = Field({}, examples=[{"WH": {"main": 1}}])
    safety: Quantity = Decimal(0)
    safety_at: Mapping[str, Quantity] = Field({}, examples=[{"main": 2}])
    units: Mapping[str, Quantity] = Field({}, examples=[{"BOX": 12}])
    orders_count: Literal["created", "shipped"] = "created"
    rules_file: Path | None = Field(None, examples=["stock-rules.csv"])
    kits_file: Path | None = Field(None, examples=["kits.csv"])
    zero_share: Share = Decimal("0.05")
    moved_share: Share = Decimal("0.30")

    @field_validator("locations", mode="after")
    @classmethod
    def _no_unit_twice(cls, value: Mapping[str, Mapping[str, Decimal]]) -> Mapping[str, Mapping[str, Decimal]]:
        for place, shares in value.items():
            if sum(shares.values()) > 1:
                text = "the shares of {place} are more than 1 together: its stock would be promised twice"
                raise PydanticCustomError("shares", text, {"place": place})
        return value
