"""People and places: who ordered, who pays, where it goes."""

from pydantic import BaseModel, ConfigDict

from erpsync.domain.ids import SourceId


class Address(BaseModel):
    """A postal address as the store has it. `country` is ISO 3166-1 alpha-2; nothing else is normalised."""

    model_config = ConfigDict(frozen=True)

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    region_code: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class Customer(BaseModel):
    """A person or company that buys. A guest has no `source_id`; a till sale may not even have an e-mail address.

    `groups` are the store's names of what the customer belongs to, which the ERP's tables are keyed by.
    """

    model_config = ConfigDict(frozen=True)

    source_id: SourceId | None = None
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    groups: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)
