"""What a connection to a shop of one's own needs to know."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from erpsync.ports.settings import Address, Table, TimeZone, long_secret
from erpsync.systems.custom.columns import (
    AddressColumns,
    CustomerTable,
    Declared,
    FulfilmentLineTable,
    FulfilmentTable,
    LineTable,
    OrderTable,
    PriceTable,
    StockTable,
)
from erpsync.systems.custom.wire import ABILITIES

_DATABASES = ("postgresql", "postgres", "mysql", "mariadb")
_STATUSES = frozenset({"open", "closed", "cancelled", "ignored"})


def _listed(value: Any) -> Any:
    """A list, or text with commas."""
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class CustomSettings(BaseModel):
    """One shop. With `url` erpsync calls it; with `database` it reads and writes its tables; with neither the shop only
    sends webhooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr | None = Field(
        default=None,
        description="Signs the shop's webhooks and our calls; at least 32 characters. Without one no webhook is taken.",
    )
    previous_secret: SecretStr | None = Field(
        default=None,
        description="The secret before: while it is here, either is accepted and calls are signed by both.",
    )
    replay_window_seconds: int = Field(
        default=300, ge=10, le=3600, description="How old a webhook's timestamp may be, and how far ahead."
    )
    url: Address = Field(
        default="", description="Where the shop implements the contract: https://shop.example/erpsync."
    )
    abilities: Names = Field(
        default=(), description=f"What the shop implements besides orders, of: {', '.join(ABILITIES)}."
    )
    webhook_address: str = Field(
        default="", description="Public https address of this connection's receiver; `doctor` compares it with ping."
    )
    page_size: int = Field(default=100, ge=1, le=250, description="Records a page when reading what changed.")
    overlap_seconds: int = Field(
        default=120, ge=10, description="How far a poll looks back: longer than the shop's longest transaction."
    )
    timeout_seconds: float = Field(default=30.0, gt=0, le=240, description="How long the shop may take to answer.")

    database: SecretStr | None = Field(
        default=None, description="Address of the shop's database: postgresql://USER:PASSWORD@HOST/NAME, or mysql://."
    )
    currency: str = Field(
        default="", pattern=r"^([A-Z]{3})?$", description="Currency of prices, and of orders without a column for it."
    )
    taxes_included: bool = Field(default=True, description="Whether prices in the tables contain the tax.")
    time_zone: TimeZone = Field(
        default="UTC", description="Of times that the database keeps without one: Europe/Vienna."
    )
    statuses: Table = Field(
        default={}, description="The shop's statuses, each as open, closed, cancelled or ignored (a basket, a draft)."
    )
    orders: Declared[OrderTable] | None = Field(default=None, description="The orders' table and columns.")
    order_lines: Declared[LineTable] | None = Field(default=None, description="The order lines' table and columns.")
    billing: Declared[AddressColumns] = Field(
        default=AddressColumns(), description="Columns of the orders' table with the billing address."
    )
    shipping: Declared[AddressColumns] = Field(
        default=AddressColumns(), description="Columns of the orders' table with the shipping address."
    )
    customers: Declared[CustomerTable] | None = Field(default=None, description="The accounts' table and columns.")
    stock: Declared[StockTable] | None = Field(default=None, description="The stock's table and columns.")
    prices: Declared[PriceTable] | None = Field(default=None, description="The prices' table and columns.")
    fulfilments: Declared[FulfilmentTable] | None = Field(default=None, description="The shipments' table and columns.")
    fulfilment_lines: Declared[FulfilmentLineTable] | None = Field(
        default=None, description="The table and columns of what is in a shipment."
    )

    @field_validator("abilities")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [one for one in value if one not in ABILITIES]
        if unknown:
            raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(ABILITIES)}")
        return value

    _long = field_validator("secret", "previous_secret")(long_secret)

    @field_validator("database")
    @classmethod
    def _a_known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme.partition("+")[0] not in _DATABASES:
            raise ValueError("is not an address such as postgresql://USER:PASSWORD@HOST/NAME or mysql://")
        return value

    @field_validator("statuses")
    @classmethod
    def _known_statuses(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [name for name, meaning in value.items() if meaning not in _STATUSES]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} must be one of {', '.join(sorted(_STATUSES))}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.url and self.database is not None:
            raise ValueError("has both url and database; a shop is reached by one of them")
        if self.secret is None and self.database is None:
            raise ValueError("needs secret: webhooks are believed, and calls are signed, by it")
        if self.abilities and not self.url:
            raise ValueError("has abilities and no url; they are what the shop implements there")
        if self.database is None:
            return self
        if self.orders is None or self.order_lines is None or not self.currency:
            raise ValueError("has database, and then needs orders, order_lines and currency too")
        if (self.fulfilments is None) is not (self.fulfilment_lines is None):
            raise ValueError("has one of fulfilments and fulfilment_lines; shipments need both")
        if self.orders.status and not self.statuses:
            raise ValueError("has a column of the orders' status, and then needs statuses, which translates it")
        return self

    @property
    def way(self) -> Literal["push", "http", "database"]:
        if self.database is not None:
            return "database"
        return "http" if self.url else "push"

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets in use, the current one first."""
        both = (self.secret, self.previous_secret)
        return tuple(one.get_secret_value().encode() for one in both if one is not None)
