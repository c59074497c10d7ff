"""`[routes.prices]`: how a route prices."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from erpsync.config_stock import Quantity

Step = Annotated[Quantity, Field(gt=0)]
Percent = Annotated[Quantity, Field(le=100)]


class PriceTable(BaseModel):
    """One `[routes.prices]` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    price_lists: Mapping[str, str] = Field({"": ""}, examples=[{"RETAIL": "", "WHOLESALE": "Trade"}])
    currency: str = Field("", examples=["EUR"])
    tax_percent: Quantity = Decimal(0)
    tax: Literal["as-is", "add", "remove"] = "as-is"
    rounding: Step | None = Field(None, examples=[0.05])
    ending: Step | None = Field(None, examples=[0.99])
    largest_fall_percent: Percent = Decimal(30)

    @field_validator("price_lists", mode="after")
    @classmethod
    def _no_place_twice(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for place in value.values():
            if list(value.values()).count(place) > 1:
                text = "several of the ERP's lists feed the store's list {place}: which of them counts?"
                raise PydanticCustomError("lists", text, {"place": repr(place)})
        return value

    @field_validator("currency", mode="after")
    @classmethod
    def _is_a_code(cls, value: str) -> str:
        if value and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
            raise PydanticCustomError("currency", 'a currency is three capital letters, as in currency = "EUR"')
        return value

    @field_validator("tax", mode="after")
    @classmethod
    def _needs_a_percentage(cls, value: str, info: ValidationInfo) -> str:
        if value != "as-is" and not info.data.get("tax_percent"):
            raise PydanticCustomError("tax", "tax_percent must say how much, as in tax_percent = 19")
        return value
