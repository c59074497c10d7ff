"""A remote system to practise on: a WSGI application written from the vendor's documents, never from our mapper."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

Start: TypeAlias = Callable[..., Any]


class Simulator(Protocol):
    """Enforces what the real system enforces. Thread-safe: it is served by one thread a request."""

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]: ...

    def settings(self, base_url: str) -> Mapping[str, str]:
        """The connection settings, secrets included, by which an adapter reaches this simulator served at `base_url`."""
        ...

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        """Its own records by type, as plain JSON values: what tests and the demo count."""
        ...

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """The name of what a request asks for ("upsertList", "sale.order/load"), by which faults are aimed."""
        ...


@dataclass(frozen=True)
class Booked:
    """A sales order as the ERP has it. `state` is "open", "closed" or "cancelled"; `quantities` are of goods, by SKU."""

    id: str
    number: str
    reference: str
    state: str
    total: Decimal
    currency: str
    quantities: Mapping[str, Decimal]


class ErpControls(Protocol):
    """What an ERP's own users do and see, of a simulator or of a real system that tests may use.

    Its items SKU-0001 to SKU-0050 are active and may be ordered in EUR; there are taxes of 19, 7 and 0 percent.
    `seconds_ago` gives a change an older time than now, as a transaction has that took so long to commit.
    """

    @property
    def locations(self) -> tuple[str, ...]:
        """At least two places that hold stock, as `StockLevel.location` spells them."""
        ...

    def booked(self, reference: str) -> list[Booked]:
        """All sales orders with our reference."""
        ...

    def credited(self, reference: str) -> list[Decimal]:
        """The gross amount of each credit memo or return with our reference."""
        ...

    def paid(self, reference: str) -> list[Decimal]:
        """The amount of each payment with our reference."""
        ...

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        """Makes a customer, or renames the one of that address; returns its id."""
        ...

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        """Makes or changes an item; returns its id."""
        ...

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        """Sets the item's base price, in EUR."""
        ...

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        """Sets what a location holds of an item, and what of it the ERP's own orders have been promised."""
        ...

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        """Ships that much of a sales order, by SKU, under the carrier's number."""
        ...

    def invoice(self, order_id: str) -> None:
        """Invoices what has been shipped of a sales order, or all of it where nothing has."""
        ...


@dataclass(frozen=True)
class Hook:
    """A delivery that a store sends: headers as it spells them, and the raw body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Shown:
    """What a store's users see of an order besides its goods. `shipments` are by the numbers of their parcels."""

    state: str
    total: Decimal
    notes: str
    marks: tuple[str, ...]
    shipments: Mapping[str, Mapping[str, int]]
    messages: int
    """How often the buyer was told of a shipment."""


@dataclass(frozen=True)
class ShownProduct:
    """What buyers and the store's users see of the product that a SKU belongs to, and of that variant. Collections are in
    the store's order; `visible`: buyers can find it."""

    id: str
    title: str
    description: str
    visible: bool
    categories: tuple[str, ...]
    images: tuple[str, ...]
    options: Mapping[str, str]
    """The variant's value of each option of the product."""
    barcode: str
    weight_grams: Decimal | None


class StoreControls(Protocol):
    """What a store's users and buyers do and see, of a simulator.

    Its variants SKU-0001 to SKU-0050 are active, tracked, and priced in EUR. `seconds_ago` gives a change an older time
    than now. A store that is asked for something it does not have, such as a sale with an end, raises NotImplementedError.
    """

    @property
    def locations(self) -> tuple[str, ...]:
        """The places that hold stock, as `StockChange.location` spells them; at least one."""
        ...

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0) -> str:
        """A buyer orders and pays that much of each SKU; returns the order's id."""
        ...

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        """Changes quantities of lines, 0 takes a line out."""
        ...

    def cancel(self, order_id: str) -> None: ...

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        """Gives back the price of that much of each SKU with its tax; returns the amount."""
        ...

    def shown(self, order_id: str) -> Shown: ...

    def put_stock(self, sku: str, location: str, quantity: int) -> None: ...

    def stock(self, sku: str, location: str) -> int: ...

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        """Sets a base price and, from now plus `start_seconds` to now plus `end_seconds`, a promotion."""
        ...

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        """The base price and the promotion's, None where none is set."""
        ...

    def product(self, sku: str) -> list[ShownProduct]:
        """The products that have this SKU: none, one, or as many as were made."""
        ...

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str: ...

    def hooks(self) -> list[Hook]:
        """Takes the deliveries that are due to the subscriptions that there are."""
        ...

    def drop_subscriptions(self) -> None:
        """Switches off or deletes the webhooks, as the store does by itself after failures."""
        ...
