"""What the tests of Business Central share: a served company, adapters for it, and orders."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, OrderLine, TaxLine
from erpsync.domain.parties import Customer
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Start
from erpsync.sandbox.faults import FaultySimulator
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.dynamics.business_central.adapter import BusinessCentralErp
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings
from erpsync.systems.dynamics.business_central.simulator import BusinessCentralSimulator
from erpsync.testing import samples
from erpsync.testing.erp_contract import written


@dataclass
class Meddler:
    """Stands before the simulator and does something, once, just before a request of that operation."""

    simulator: BusinessCentralSimulator
    plans: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def before(self, operation: str, act: Callable[[], object]) -> None:
        self.plans.append((operation, act))

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        stream.seek(0)
        operation = self.operation(environ, body)
        for plan in [plan for plan in self.plans if plan[0] in operation]:
            self.plans.remove(plan)
            plan[1]()
        return self.simulator(environ, start_response)

    def settings(self, base_url: str) -> Mapping[str, str]:
        return self.simulator.settings(base_url)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.simulator.records()

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        return self.simulator.operation(environ, body)


@dataclass
class World:
    """A served company and what is needed to work with it."""

    simulator: BusinessCentralSimulator
    meddler: Meddler
    served: Served
    tools: Tools

    @property
    def faulty(self) -> FaultySimulator:
        return self.served.faulty

    def settings(self, **changes: Any) -> BusinessCentralSettings:
        return BusinessCentralSettings(**{**self.served.settings, "settle_seconds": 7, **changes})

    def erp(self, *, tools: Tools | None = None, **changes: Any) -> BusinessCentralErp:
        return BusinessCentralErp(self.settings(**changes), tools or self.tools)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.served.records()[table]

    def calls(self, starting: str = "") -> dict[str, int]:
        return {name: count for name, count in self.faulty.operations.items() if name.startswith(starting)}

    def customer(self, erp: BusinessCentralErp, reference: str = "shop-customer-1") -> TargetId:
        draft = customer_draft(reference)
        return written(erp.upsert_customers([draft])[reference]).target_id

    def draft(self, erp: BusinessCentralErp, order: Order, reference: str = "") -> OrderDraft:
        return OrderDraft(reference or f"shop-{order.source_id}", order, self.customer(erp))

    def make(self, erp: BusinessCentralErp, order: Order, reference: str = "") -> RecordRef:
        draft = self.draft(erp, order, reference)
        return written(erp.create_orders([draft])[draft.reference])

    def the_order(self) -> dict[str, Any]:
        [order] = self.rows("salesOrders")
        return order

    def lines(self) -> list[dict[str, Any]]:
        return self.rows("salesOrderLines")


@contextmanager
def world_of(tools: Tools, **options: Any) -> Iterator[World]:
    simulator = BusinessCentralSimulator(**options)
    meddler = Meddler(simulator)
    with serve({"erp": meddler}) as served:
        yield World(simulator, meddler, served["erp"], tools)


def customer_draft(reference: str = "shop-customer-1", **changes: Any) -> CustomerDraft:
    fields = {"email": f"{reference}@example.com", "first_name": "Ada", "last_name": "Byron"}
    address = samples.order().billing
    return CustomerDraft(reference, Customer.model_validate({**fields, **changes}), address, address, "EUR")


def eur(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def tax(amount: str, rate: str | None = "0.19") -> tuple[TaxLine, ...]:
    return (TaxLine(title="VAT", amount=eur(amount), rate=None if rate is None else Decimal(rate)),)


def line(sku: str = "SKU-0001", quantity: str = "1", price: str = "10.00", **more: object) -> OrderLine:
    return samples.line(sku, quantity, price, "EUR", **more)


def an_order(source_id: str = "1001", *lines: OrderLine, **more: object) -> Order:
    fields: dict[str, Any] = {"lines": lines or (line("SKU-0001", "2"), line("SKU-0002")), **more}
    return samples.order(source_id, **fields)


def refund_draft(
    ref: RecordRef, *lines: RefundLine, reference: str = "shop-refund-1", **changes: object
) -> RefundDraft:
    fields: dict[str, object] = {
        "source_id": SourceId("r1"),
        "order_source_id": SourceId("1001"),
        "created_at": samples.PLACED_AT + timedelta(days=3),
        "lines": lines,
        "shipping": zero("EUR"),
        "adjustment": zero("EUR"),
        "total": zero("EUR"),
    }
    refund = Refund.model_validate(fields | changes)
    return RefundDraft(reference, ref.target_id, "shop-1001", refund)


def returned(sku: str, amount: str, of_tax: str, quantity: str = "1", restocked: bool = True) -> RefundLine:
    return RefundLine(
        line_source_id=SourceId(f"line-{sku}"),
        sku=Sku(sku),
        quantity=Decimal(quantity),
        amount=eur(amount),
        tax=eur(of_tax),
        restocked=restocked,
    )


def payment_draft(
    ref: RecordRef, customer_id: TargetId, reference: str = "shop-payment-1", **changes: Any
) -> PaymentDraft:
    fields = {"source_id": "p1", "method": "card", "amount": eur("20.00"), "paid_at": samples.PLACED_AT}
    return PaymentDraft(reference, ref.target_id, customer_id, Payment.model_validate({**fields, **changes}))
