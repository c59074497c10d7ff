"""What the tests of SAP by SOAP share: a served system, adapters for it, and orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine
from erpsync.domain.payments import Refund, RefundLine
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.sap.soap.adapter import SapSoapErp
from erpsync.systems.sap.soap.settings import SapSoapSettings
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from erpsync.testing import samples

CREATE = "Z_ERPSYNC_ORDER_CREATE"
FIND = "Z_ERPSYNC_ORDER_FIND"


class MovableClock:
    """The real time, moved."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved


@dataclass
class World:
    """A served system and what is needed to connect to it."""

    simulator: SapSoapSimulator
    served: Served
    tools: Tools
    clock: MovableClock

    def settings(self, **changes: Any) -> SapSoapSettings:
        return SapSoapSettings(**{**self.served.settings, **changes})

    def erp(self, **changes: Any) -> SapSoapErp:
        return SapSoapErp(self.settings(**changes), self.tools)

    def fault(self, kind: FaultKind, operation: str = ".*", **more: Any) -> Fault:
        return self.served.faulty.add(Fault(kind, operation, **more))

    def calls(self, operation: str) -> int:
        return self.served.faulty.operations.get(operation, 0)

    def orders(self) -> list[dict[str, Any]]:
        return self.served.records()["orders"]

    def customer(self) -> TargetId:
        return TargetId(self.simulator.put_customer("Ada Byron", "ada@example.com"))

    def draft(self, order: Order) -> OrderDraft:
        return OrderDraft(f"shop-{order.source_id}", order, self.customer())

    def make(self, order: Order, **changes: Any) -> RecordRef:
        draft = self.draft(order)
        return written(self.erp(**changes).create_orders([draft])[draft.reference])


@contextmanager
def opened(tools: Tools, simulator: SapSoapSimulator | None = None) -> Iterator[World]:
    clock = MovableClock()
    with serve({"sap": simulator or SapSoapSimulator()}) as running:
        served = running["sap"]
        sap = served.faulty.simulator
        assert isinstance(sap, SapSoapSimulator)
        yield World(sap, served, replace(tools, clock=clock), clock)


def written(answer: Written) -> RecordRef:
    if isinstance(answer, SyncError):
        raise AssertionError(str(answer)) from answer
    return answer


def refused(answer: object) -> SyncError:
    assert isinstance(answer, SyncError), answer
    assert answer.problem.next_step
    return answer


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def line(sku: str = "SKU-0001", quantity: str = "1", price: str = "10.00", **more: object) -> OrderLine:
    return samples.line(sku, quantity, price, "EUR", **more)


def order(source_id: str = "1", *lines: OrderLine, **more: Any) -> Order:
    return samples.order(source_id, lines=lines or (line("SKU-0001", "2"), line("SKU-0002")), **more)


def refund(*lines: RefundLine, total: str, shipping: str = "0", adjustment: str = "0") -> Refund:
    return Refund(
        source_id=SourceId("r"),
        order_source_id=SourceId("1"),
        created_at=samples.PLACED_AT,
        lines=lines,
        shipping=eur(shipping),
        adjustment=eur(adjustment),
        total=eur(total),
    )


def returned(amount: str, tax: str, quantity: str = "1") -> RefundLine:
    values = {"line_source_id": "l", "sku": "SKU-0001", "restocked": True}
    return RefundLine.model_validate({**values, "quantity": Decimal(quantity), "amount": eur(amount), "tax": eur(tax)})
