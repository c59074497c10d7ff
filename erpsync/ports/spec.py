"""How a system presents itself to the rest: one SPEC a folder, found by the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, TypeAdapter

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.store import Store
from erpsync.ports.subscriptions import Subscriptions
from erpsync.ports.webhooks import Webhooks


class Role(StrEnum):
    STORE = "store"
    ERP = "erp"


class Ability(StrEnum):
    """What a flow may ask of an ERP. One that a system lacks has a sentence in `Capabilities.missing`."""

    CUSTOMERS_CHANGED = "customers changed"
    PRODUCTS_CHANGED = "products changed"
    PRICES_CHANGED = "base prices changed"
    STOCK_LEVELS = "stock levels"
    AMEND_ORDERS = "amend orders"
    CANCEL_ORDERS = "cancel orders"
    CLOSE_ORDERS = "close orders"
    PROGRESS = "order status, fulfilments and invoices"
    REFUNDS = "refunds"
    PAYMENTS = "payments"


class StoreAbility(StrEnum):
    """What a flow may ask of a store."""

    READ_ORDERS = "read orders at any time"
    WRITE_BACK = "the ERP's number written back"
    SUBSCRIBE = "register and repair webhooks"
    CUSTOMERS_CHANGED = "customers changed"
    VARIANTS = "products and variants"
    PRODUCTS = "make, change and archive products"
    MONEY = "payments and refunds of orders"
    STOCK = "set stock"
    BASE_PRICES = "set base prices"
    FULFIL = "fulfilments with tracking"
    MARK_ORDERS = "mark held orders"


Missing: TypeAlias = Mapping[Ability | StoreAbility, str]
"""Abilities that a system lacks, each with what happens instead."""


@dataclass(frozen=True)
class Capabilities:
    """What a system can do, read by flows and `doctor` alike; never an `if name ==` elsewhere.

    `order_batch`: orders that one call may carry, to be found as to be made. `unique_references`: the remote itself refuses
    a second record with our reference, so that writing again after a lost reply is harmless; where it does not, the
    connection's `settle_seconds` counts. `stock_is_diffed`: the ERP tells no change time for stock, so every poll reads
    all of it. `compares_stock`: the store itself compares, in the same step as it sets stock; one without is read just
    before, and a sale in between is overwritten. `missing`: abilities it lacks, each with what happens instead.
    """

    order_batch: int = 1
    unique_references: bool = False
    stock_is_diffed: bool = False
    compares_stock: bool = False
    missing: Missing = field(default_factory=dict)


@dataclass(frozen=True)
class SystemSpec:
    """A system as the registry knows it. Importing it imports no driver: the factories do, when they are called.

    `settings` is a frozen pydantic model; fields of type SecretStr are accepted only as references to the environment
    or to a file. `open_store`, `open_erp`: the adapter for one connection, by role. `capabilities_of`: those of one
    connection, where its settings choose between several; `capabilities` is what the documentation shows.
    `open_webhooks`, `open_subscriptions`: what the system sends, and an ERP's care for it (a store's is in its port); None
    where the connection's settings say that it sends none. `handshake`: the parameter of an address whose value the system
    wants back before it sends webhooks there; empty where it asks for nothing.
    `settle_seconds`: how long a connection's remote may still be at work on a request whose reply was lost; 0 where
    writing again is harmless. `allowance`: what a connection may ask of its remote, before the remote says more.
    """

    name: str
    title: str
    role: Role
    settings: type[BaseModel]
    capabilities: Capabilities
    open_store: Callable[[ConnectionName, Any, Tools], Store] | None = None
    open_erp: Callable[[ConnectionName, Any, Tools], Erp] | None = None
    open_webhooks: Callable[[ConnectionName, Any], Webhooks | None] | None = None
    open_subscriptions: Callable[[ConnectionName, Any, Tools], Subscriptions | None] | None = None
    open_simulator: Callable[[], Simulator] | None = None
    capabilities_of: Callable[[Any], Capabilities] | None = None
    handshake: str = ""
    settle_seconds: Callable[[Any], float] = lambda _settings: 0.0
    allowance: Callable[[Any], Allowance] = lambda _settings: Allowance()
    variants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Ways to reach the system that differ in protocol or product, each with the settings that choose it; what the
    documentation has a column for, and the contract suite runs on."""
    openapi: Callable[[], dict[str, Any]] | None = None
    """The system's contract as an OpenAPI document, where it is ours to publish."""

    def ways(self) -> dict[str, Capabilities]:
        """What it can do, by the words that name it: one entry for each variant, or one alone."""
        if self.capabilities_of is None or not self.variants:
            return {f"{self.title} {name}".strip(): self.capabilities for name in self.variants or ("",)}
        return {
            f"{self.title} {name}": self.capabilities_of(_unchecked(self.settings, choice))
            for name, choice in self.variants.items()
        }


def _unchecked(settings: type[BaseModel], choice: Mapping[str, Any]) -> BaseModel:
    """Settings with these values and the defaults: enough to tell what a choice between protocols means."""
    kinds: dict[str, Any] = {
        key: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for key, field in settings.model_fields.items()
    }
    values: dict[str, Any] = {key: TypeAdapter(kinds[key]).validate_python(value) for key, value in choice.items()}
    return settings.model_construct(None, **values)
