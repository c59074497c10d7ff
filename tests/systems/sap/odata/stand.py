"""A served system with what tests need of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.sap.odata.adapter import SapODataErp
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.simulator import SapSimulator
from erpsync.testing.erp_contract import written
from tests.systems.sap.odata.edmx import Recorder

BUYER = Address(
    first_name="Ada",
    last_name="Lovelace",
    line1="Lindenstrasse 5",
    line2="Hinterhaus",
    city="Berlin",
    region_code="BE",
    postal_code="10969",
    country="DE",
    phone="+49 30 1234",
)


class MovableClock:
    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class System:
    """One served simulator. `erp` opens a fresh adapter, with settings changed by name."""

    simulator: SapSimulator
    recorder: Recorder
    faulty: FaultySimulator
    values: Mapping[str, str]
    tools: Tools

    def erp(self, **changes: object) -> SapODataErp:
        return SapODataErp(self.settings(**changes), self.tools)

    def settings(self, **changes: object) -> SapODataSettings:
        return SapODataSettings.model_validate({**self.values, "settle_seconds": "1", **changes})

    def fault(self, fault: Fault) -> Fault:
        return self.faulty.add(fault)

    def count(self, operation: str) -> int:
        return self.faulty.operations.get(operation, 0)

    def rows(self, name: str, **equal: object) -> list[dict[str, Any]]:
        rows = self.simulator.records()[name]
        return [row for row in rows if all(row[key] == value for key, value in equal.items())]

    def customer(self, name: str = "1") -> TargetId:
        draft = customer(name)
        return written(self.erp().upsert_customers([draft])[draft.reference]).target_id

    def draft(self, order: Order, customer_id: TargetId | None = None) -> OrderDraft:
        return OrderDraft(f"shop-{order.source_id}", order, customer_id or self.customer())

    def make(self, order: Order, **changes: object) -> RecordRef:
        draft = self.draft(order)
        return written(self.erp(**changes).create_orders([draft])[draft.reference])

    def order(self, reference: str) -> dict[str, Any]:
        [row] = self.rows("A_SalesOrder", PurchaseOrderByCustomer=reference)
        return row

    def total(self, reference: str) -> Decimal:
        [booked] = self.simulator.booked(reference)
        return booked.total


@contextmanager
def system(tools: Tools, **options: Any) -> Iterator[System]:
    simulator = SapSimulator(**options)
    recorder = Recorder(simulator)
    with serve({"sap": recorder}) as served:
        yield System(simulator, recorder, served["sap"].faulty, served["sap"].settings, tools)


def customer(name: str = "1", **changes: Any) -> CustomerDraft:
    fields = {"email": f"ada-{name}@example.com", "first_name": "Ada", "last_name": "Lovelace", **changes}
    person = Customer(source_id=SourceId(name), **fields)
    return CustomerDraft(f"shop-customer-{name}", person, BUYER, BUYER, "EUR")


def moving(tools: Tools) -> tuple[Tools, MovableClock]:
    clock = MovableClock()
    return replace(tools, clock=clock), clock


Open = Callable[..., System]
