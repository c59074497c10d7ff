"""The simulated account's records as plain JSON values: what tests and the demo count."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import Deposit, Transaction

_STATUS = {
    "_pendingApproval": "Pending Approval",
    "_pendingFulfillment": "Pending Fulfillment",
    "_partiallyFulfilled": "Partially Fulfilled",
    "_pendingBillingPartFulfilled": "Pending Billing/Partially Fulfilled",
    "_pendingBilling": "Pending Billing",
    "_fullyBilled": "Billed",
    "_closed": "Closed",
    "_cancelled": "Cancelled",
}


def described(books: Books) -> dict[str, list[dict[str, Any]]]:
    """All records by type; amounts as text."""
    with books.lock:
        return {
            "salesOrders": [transaction(order) for order in books.of_kind("salesOrder")],
            "customers": [
                {"internalId": c.internal_id, "externalId": c.external_id, **plain(c.values)}
                for c in books.customers.values()
            ],
            "items": [
                {"internalId": item.internal_id, "itemId": item.sku, "isInactive": item.inactive}
                for item in books.items.values()
            ],
            "creditMemos": [transaction(memo) for memo in books.of_kind("creditMemo")],
            "returnAuthorizations": [transaction(memo) for memo in books.of_kind("returnAuthorization")],
            "customerDeposits": [_deposit(deposit) for deposit in books.deposits.values()],
        }


def transaction(found: Transaction) -> dict[str, Any]:
    return {
        "internalId": found.internal_id,
        "externalId": found.external_id,
        "tranId": found.number,
        "orderStatus": found.status,
        "status": _STATUS.get(found.status, ""),
        **plain(found.values),
        "entity": found.values["entity"].get("internalId") or found.values["entity"].get("externalId"),
        "lines": [
            {
                "line": line.line,
                "item": line.item.sku,
                "quantity": f"{line.quantity:f}",
                "rate": None if line.rate is None else f"{line.rate:f}",
                "amount": f"{line.amount:f}",
                "tax": f"{line.tax:f}",
                "description": line.description,
                "isClosed": line.closed,
                "custom": plain(line.custom),
            }
            for line in found.lines
        ],
        "total": f"{found.total:f}",
    }


def plain(value: Any) -> Any:
    """JSON values of what was written, without the names of types."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items() if name != "$type"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


def status_name(status: str) -> str:
    """A sales order's status as people see it."""
    return _STATUS.get(status, "")


def _deposit(deposit: Deposit) -> dict[str, Any]:
    known = {"internalId": deposit.internal_id, "externalId": deposit.external_id, "tranId": deposit.number}
    return {**known, **plain(deposit.values)}
