"""What the tests of NetSuite share: a served account with a witness to its messages, and orders for it."""

import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lxml import etree

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine, OrderStatus, ShippingLine, balance
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Start
from erpsync.sandbox.runner import Served
from erpsync.systems.netsuite.adapter import NetSuiteErp
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.testing.barrier import Flag

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OFFICIAL = "2023_2"


class MovableClock:
    """The real time, moved."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved


@dataclass
class Witness:
    """Stands between client and simulator and keeps every SOAP message, both ways."""

    simulator: NetSuiteSimulator
    messages: list[bytes] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        stream.seek(0)
        reply = b"".join(self.simulator(environ, start_response))
        if environ["REQUEST_METHOD"] == "POST":
            self.messages += [body, reply]
        return [reply]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return self.simulator.settings(base_url)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.simulator.records()

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        return self.simulator.operation(environ, body)


class FirstWaits:
    """Between looking for a record and making it: the first write under `reference` waits there, and all others pass."""

    def __init__(self, reference: str) -> None:
        self.here, self.let_on = Flag("the first write"), Flag("that the first write may go on")
        self._reference = reference
        self._first = threading.Lock()

    def __call__(self, external_id: str) -> None:
        if external_id == self._reference and self._first.acquire(blocking=False):
            self.here.hoist()
            self.let_on.wait()


def misfits(messages: Iterable[bytes], schema: etree.XMLSchema) -> list[str]:
    """What does not validate: each header, each body and each fault's detail by itself."""
    found = []
    for message in messages:
        # Only the namespaces tell endpoint versions apart, for what erpsync uses.
        root = etree.fromstring(message.replace(b"_2025_2", f"_{OFFICIAL}".encode()))
        parts = [*root.iterfind(f"{SOAP}Header/*"), *root.iterfind(f"{SOAP}Body/*")]
        for part in parts:
            faults = [*part.iterfind("detail/*")]
            for single in faults if part.tag == f"{SOAP}Fault" else [part]:
                if not schema.validate(etree.fromstring(etree.tostring(single))):
                    found.append(f"{single.tag}: {schema.error_log.last_error}")
    return found


@dataclass
class World:
    """A served account and what is needed to connect to it."""

    witness: Witness
    served: Served
    tools: Tools
    clock: MovableClock
    endpoint: Mapping[str, str]

    @property
    def simulator(self) -> NetSuiteSimulator:
        return self.witness.simulator

    def settings(self, **changes: Any) -> NetSuiteSettings:
        return NetSuiteSettings(**{**self.served.settings, **self.endpoint, **changes})

    def erp(self, **changes: Any) -> NetSuiteErp:
        return NetSuiteErp(self.settings(**changes), self.tools)

    def orders(self) -> list[dict[str, Any]]:
        return self.served.records()["salesOrders"]

    @property
    def customer_id(self) -> TargetId:
        return TargetId(self.served.records()["customers"][0]["internalId"])

    def draft(self, order: Order, reference: str = "") -> OrderDraft:
        return OrderDraft(reference or f"shop-{order.source_id}", order, self.customer_id)


def eur(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def order_line(sku: str = "SKU-0001", quantity: str = "1", price: str = "6.90", **changes: Any) -> OrderLine:
    values: dict[str, Any] = {
        "source_id": SourceId(secrets.token_hex(4)),
        "sku": Sku(sku),
        "title": "Article",
        "quantity": Decimal(quantity),
        "unit_price": eur(price),
        "discount": eur("0"),
    }
    return OrderLine(**{**values, **changes})


def shipping_line(price: str = "4.90", **changes: Any) -> ShippingLine:
    values: dict[str, Any] = {
        "source_id": SourceId("s1"),
        "code": "standard",
        "title": "Standard",
        "price": eur(price),
        "discount": eur("0"),
    }
    return ShippingLine(**{**values, **changes})


ADDRESS = Address(
    first_name="Customer", last_name="1", line1="Street 1", city="Town", postal_code="10000", country="DE", phone="0"
)


def order(number: str = "1001", *lines: OrderLine, **changes: Any) -> Order:
    """An order whose total is what its parts come to."""
    values: dict[str, Any] = {
        "source_id": SourceId(number),
        "number": number,
        "created_at": datetime(2026, 11, 20, 12, 30, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 20, 12, 31, tzinfo=UTC),
        "status": OrderStatus.OPEN,
        "currency": "EUR",
        "taxes_included": True,
        "customer": Customer(email="customer-1@example.com", first_name="Customer", last_name="1"),
        "billing": ADDRESS,
        "shipping": ADDRESS,
        "lines": lines or (order_line(),),
        "tip": eur("0"),
        "duties": eur("0"),
        "fees": eur("0"),
        "rounding": eur("0"),
        "total": eur("0"),
    }
    unsettled = Order(**{**values, **changes})
    if "total" in changes:
        return unsettled
    return unsettled.model_copy(update={"total": balance(unsettled).computed})


def customer_draft(reference: str = "shop-customer-1", **changes: Any) -> CustomerDraft:
    values: dict[str, Any] = {"email": "new@example.com", "first_name": "New", "last_name": "Customer"}
    return CustomerDraft(reference, Customer(**{**values, **changes}), ADDRESS, ADDRESS, "EUR")
