"""Money: an exact amount with its currency, rounded by the currency's own exponent."""

from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel, ConfigDict, field_validator

# ISO 4217 currencies whose minor unit is not 1/100, list one of 2024-06-25 (https://www.six-group.com/iso4217).
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class Money(BaseModel):
    """An amount in major units of `currency` (ISO 4217). Arithmetic between two currencies raises ValueError."""

    model_config = ConfigDict(frozen=True)

    amount: Decimal
    currency: str

    @field_validator("amount", mode="before")
    @classmethod
    def _never_float(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError("money is never read from a float; parse JSON with parse_float=Decimal")
        return value

    @field_validator("currency")
    @classmethod
    def _three_capitals(cls, value: str) -> str:
        if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
            raise ValueError("a currency is three capital letters, as in ISO 4217")
        return value

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(amount=self.amount * factor, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(amount=-self.amount, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.rounded().amount:f} {self.currency}"

    def rounded(self) -> "Money":
        """Half up to the currency's minor unit."""
        return Money(amount=self.amount.quantize(minor_unit(self.currency), ROUND_HALF_UP), currency=self.currency)

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of `currency`: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-_EXPONENTS.get(currency, 2))


def zero(currency: str) -> Money:
    return Money(amount=Decimal(0), currency=currency)


def total(amounts: "list[Money] | tuple[Money, ...]", currency: str) -> Money:
    """The sum of `amounts`, zero of `currency` when there are none."""
    result = zero(currency)
    for amount in amounts:
        result = result + amount
    return result
