"""What the tests of F&O share: a served company, and orders for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.orders import Order
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.dynamics.finance_operations.adapter import FinanceOperationsErp
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.simulator import FinanceOperationsSimulator
from erpsync.testing.erp_contract import an_order, line

__all__ = ["an_order", "line"]
BUYER = TargetId("US-TEST")
CREATE = r"batch POST SalesOrderHeadersV2.*"


@dataclass
class MovableClock:
    moved: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved


@dataclass(frozen=True)
class World:
    """A simulated environment being served, in which one customer is known."""

    served: Served
    simulator: FinanceOperationsSimulator
    tools: Tools

    def settings(self, **changes: Any) -> FinanceOperationsSettings:
        return FinanceOperationsSettings.model_validate({**self.served.settings, "settle_seconds": "7", **changes})

    def erp(self, **changes: Any) -> FinanceOperationsErp:
        return FinanceOperationsErp(self.settings(**changes), self.tools)

    def fail(self, operation: str = CREATE, kind: FaultKind = FaultKind.LOST_REPLY, **more: Any) -> Fault:
        return self.served.faulty.add(Fault(kind, operation=operation, **more))

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self.simulator.records()[entity]

    def header(self, number: str) -> dict[str, Any]:
        [found] = [row for row in self.rows("SalesOrderHeadersV2") if row["SalesOrderNumber"] == number]
        return found

    def lines(self, number: str) -> list[dict[str, Any]]:
        return [row for row in self.rows("SalesOrderLines") if row["SalesOrderNumber"] == number]

    def make(self, order: Order, **changes: Any) -> RecordRef:
        one = draft(order)
        return made(self.erp(**changes).create_orders([one])[one.reference])

    def calls(self, start: str) -> int:
        return sum(count for name, count in self.served.faulty.operations.items() if name.startswith(start))


@contextmanager
def world(cache_directory: Path, clock: MovableClock | None = None, **simulated: Any) -> Iterator[World]:
    simulator = FinanceOperationsSimulator(**simulated)
    tools = Tools(clock or MovableClock(), lambda: "nonce-of-a-test-0123456789", cache_directory)
    with serve({"erp": simulator}) as served:
        found = World(served["erp"], simulator, tools)
        simulator.controls.release("SKU-0100", "A thing of two rates", SalesPrice=Decimal("7.50"))
        _customer(simulator)
        yield found


def _customer(simulator: FinanceOperationsSimulator) -> None:
    row = {"dataAreaId": "usmf", "CustomerAccount": BUYER, "PartyType": "Person", "PersonFirstName": "Ada"}
    simulator._tables.insert("CustomersV3", {**row, "CustomerGroupId": "10", "SalesCurrencyCode": "EUR"})


def draft(order: Order, customer_id: TargetId = BUYER) -> OrderDraft:
    return OrderDraft(f"shop-{order.source_id}", order, customer_id)


def made(answer: Written) -> RecordRef:
    assert isinstance(answer, RecordRef), answer
    return answer


def refused(answer: Written, code: str) -> SyncError:
    """The error, which must tell a person what to do and nothing of one."""
    assert isinstance(answer, SyncError), answer
    assert answer.code == code, answer
    assert len(answer.problem.next_step) > 8
    assert answer.problem.what.endswith(".")
    for private in ("Lovelace", "example.com", "St James"):
        assert private not in str(answer)
    return answer
