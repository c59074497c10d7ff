"""Sales orders that are there already: made equal to their drafts, cancelled, closed.

Everything is read first and written with the ETags read; where somebody else was quicker (409 or 412) it is read again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request
from erpsync.systems.dynamics.business_central.differences import differing
from erpsync.systems.dynamics.business_central.mapper import goods_of
from erpsync.systems.dynamics.business_central.orders import Orders, Planned
from erpsync.systems.dynamics.business_central.refusals import CHANGED_MEANWHILE
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.totals import WITH_LINES, Made, Totals, by_number
from erpsync.systems.dynamics.business_central.wire import Payload

_ROUNDS = 8
# What an order keeps: Business Central makes all lines anew for another customer.
_FIXED = frozenset({"customerId"})


class Revising:
    def __init__(
        self, client: BusinessCentral, settings: BusinessCentralSettings, orders: Orders, totals: Totals
    ) -> None:
        self._client = client
        self._settings = settings
        self._orders = orders
        self._totals = totals

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> dict[TargetId, Written]:
        planned = self._orders.plan(list(drafts.values()))
        results: dict[TargetId, Written] = {}
        waiting: dict[TargetId, Planned] = {}
        for number, draft in drafts.items():
            plan = planned[draft.reference]
            if isinstance(plan, SyncError):
                results[number] = plan
            else:
                waiting[number] = plan
        made: list[Made] = []
        for _ in range(_ROUNDS):
            orders = self._read(list(waiting))
            results |= self._gone({number: plan for number, plan in waiting.items() if number not in orders})
            waiting = {number: plan for number, plan in waiting.items() if number in orders}
            waiting, equal = self._write(waiting, orders, results)
            made += equal
            if not waiting:
                break
        results |= {number: _in_use(number) for number in waiting}
        for one, error in self._totals.settle(made):
            results[TargetId(one.number)] = error or RecordRef(TargetId(one.number), one.number)
        return results

    def cancel(self, numbers: Sequence[TargetId]) -> dict[TargetId, Written]:
        """Deletes what was not shipped: Business Central has no cancelled order, and keeps a deleted one in Archived Sales
        Orders where Sales & Receivables Setup says Archive Orders."""
        orders = self._read(numbers)
        posted = self._posted([number for number in numbers if number not in orders])
        results: dict[TargetId, Written] = {}
        doomed: dict[TargetId, Any] = {}
        for number in numbers:
            order = orders.get(number)
            if order is None:
                results[number] = _shipped(number) if number in posted else RecordRef(number, number)
            elif any(line["shippedQuantity"] or line["invoicedQuantity"] for line in order["salesOrderLines"]):
                results[number] = _shipped(number)
            else:
                doomed[number] = order
        return results | self._delete(doomed)

    def close(self, numbers: Sequence[TargetId]) -> dict[TargetId, Written]:
        """Lowers each quantity to what was shipped. An order of which nothing was is deleted; one that is gone is closed
        already. Shipping and other charges stay, to be invoiced or not as people decide."""
        orders = self._read(numbers)
        results: dict[TargetId, Written] = {number: RecordRef(number, number) for number in numbers}
        untouched = {number: order for number, order in orders.items() if not _anything_shipped(order)}
        requests: list[tuple[TargetId, Request]] = []
        for number, order in orders.items():
            if number not in untouched:
                goods = goods_of(order["salesOrderLines"], self._settings)
                requests += [(number, _lowered(line, number)) for line in goods if _remaining(line)]
        answers = self._client.batch([request for _, request in requests])
        for (number, _), answer in zip(requests, answers, strict=True):
            if answer.error is not None:
                results[number] = answer.error
        return results | self._delete(untouched)

    def _read(self, numbers: Sequence[TargetId]) -> dict[TargetId, Any]:
        return {
            TargetId(order["number"]): order
            for order in by_number(self._client, "salesOrders", "number", numbers, WITH_LINES)
        }

    def _posted(self, numbers: Sequence[TargetId]) -> set[str]:
        params = {"$select": "orderNumber"}
        found = [
            row["orderNumber"]
            for entity in ("salesShipments", "salesInvoices")
            for row in by_number(self._client, entity, "orderNumber", numbers, params)
        ]
        return set(found)

    def _write(
        self, waiting: Mapping[TargetId, Planned], orders: Mapping[TargetId, Any], results: dict[TargetId, Written]
    ) -> tuple[dict[TargetId, Planned], list[Made]]:
        """One round: what must be looked at again, and what equals its draft now but for the rounding."""
        requests: list[tuple[TargetId, Request]] = []
        for number, plan in waiting.items():
            try:
                requests += [(number, request) for request in self._changes(plan, orders[number])]
            except Rejected as refusal:
                results[number] = refusal
        errors: dict[TargetId, list[SyncError]] = defaultdict(list)
        again: set[TargetId] = set()
        answers = self._client.batch([request for _, request in requests])
        for (number, _), answer in zip(requests, answers, strict=True):
            if answer.status in CHANGED_MEANWHILE:
                again.add(number)
            elif answer.error is not None:
                errors[number].append(answer.error)
        results.update({number: _worst(found) for number, found in errors.items()})
        done = [number for number in waiting if number not in again and number not in results]
        made = [Made(waiting[number].draft, orders[number]["id"], number) for number in done]
        return {number: waiting[number] for number in again if number not in results}, made

    def _changes(self, plan: Planned, order: Any) -> list[Request]:
        """What makes the order equal its plan, the rounding line apart, which the totals see to."""
        requests = []
        header = {key: value for key, value in differing(plan.header, order).items() if key not in _FIXED}
        if header:
            requests.append(
                Request(
                    "PATCH", f"salesOrders({order['id']})", body=header, etag=order["@odata.etag"], record=plan.record
                )
            )
        rounding = self._totals.rounding_of(order)
        present: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
        for line in order["salesOrderLines"]:
            if line is not rounding and line["lineType"] != "Comment":
                key = (line["lineType"], line["lineObjectNumber"].upper(), line["itemVariantId"])
                present[key].append(line)
        added = []
        for wanted in plan.lines:
            if wanted.is_rounding:
                continue
            if not present[wanted.key]:
                path = f"salesOrders({order['id']})/salesOrderLines"
                added.append(Request("POST", path, body=wanted.payload(), record=plan.record))
                continue
            line = present[wanted.key].pop(0)
            # All of them where one differs, since they change one another.
            if differing(wanted.amounts(), line):
                requests.append(_on_line("PATCH", line, plan.record, wanted.amounts()))
        left = [line for of_key in present.values() for line in of_key]
        for line in left:
            if line["shippedQuantity"]:
                raise _line_shipped(plan.record, order["number"], line["lineObjectNumber"])
        return [*requests, *added, *(_on_line("DELETE", line, plan.record) for line in left)]

    def _gone(self, plans: Mapping[TargetId, Planned]) -> dict[TargetId, Written]:
        """An order that Business Central has finished is right where it was invoiced at the store's total."""
        if not plans:
            return {}
        params = {"$select": "orderNumber,totalAmountIncludingTax,currencyCode"}
        invoiced: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        for row in by_number(self._client, "salesInvoices", "orderNumber", list(plans), params):
            currency = self._settings.iso_currency(row["currencyCode"])
            invoiced[row["orderNumber"]].append((currency, Decimal(row["totalAmountIncludingTax"])))
        results: dict[TargetId, Written] = {}
        for number, plan in plans.items():
            order = plan.draft.order
            found = [amount for currency, amount in invoiced[number] if currency == order.currency]
            if found and sum(found) == order.total.rounded().amount:
                results[number] = RecordRef(number, number)
            else:
                results[number] = _finished(plan.record, number, bool(invoiced[number]))
        return results

    def _delete(self, orders: Mapping[TargetId, Any]) -> dict[TargetId, Written]:
        requests = [
            Request("DELETE", f"salesOrders({order['id']})", etag=order["@odata.etag"], record=f"sales order {number}")
            for number, order in orders.items()
        ]
        answers = self._client.batch(requests)
        return {
            number: RecordRef(number, number) if answer.error is None or answer.status == 404 else answer.error
            for number, answer in zip(orders, answers, strict=True)
        }


def _on_line(method: str, line: Any, record: str, body: Payload | None = None) -> Request:
    return Request(method, f"salesOrderLines({line['id']})", body=body, etag=line["@odata.etag"], record=record)


def _lowered(line: Any, number: TargetId) -> Request:
    record = f"sales order {number}"
    if line["shippedQuantity"]:
        return _on_line("PATCH", line, record, {"quantity": line["shippedQuantity"]})
    return _on_line("DELETE", line, record)


def _remaining(line: Any) -> bool:
    return bool(line["shippedQuantity"] < line["quantity"])


def _anything_shipped(order: Any) -> bool:
    return any(line["shippedQuantity"] or line["invoicedQuantity"] for line in order["salesOrderLines"])


def _worst(errors: Sequence[SyncError]) -> SyncError:
    """What nobody knows the end of comes first: it asks for time."""
    return next((error for error in errors if isinstance(error, OutcomeUnknown)), errors[0])


def _in_use(number: TargetId) -> Transient:
    what = "The sales order was changed by somebody else each time it was read."
    return Transient("in-use", system=SYSTEM, record=f"sales order {number}", what=what)


def _shipped(number: TargetId) -> Rejected:
    return Rejected(
        "already-shipped",
        system=SYSTEM,
        record=f"sales order {number}",
        what=f"Goods of sales order {number} have been shipped or invoiced, so it cannot be cancelled.",
        next_step="Take the goods back with a sales return order or a credit memo in Business Central, or refund the order "
        "in the store; then discard this job.",
    )


def _line_shipped(record: str, number: str, item: str) -> Rejected:
    return Rejected(
        "already-shipped",
        system=SYSTEM,
        record=record,
        what=f"Sales order {number} has shipped {item}, which the store's order does not have any more.",
        next_step="Take the goods back in Business Central by hand, bring the order in line, then discard this job.",
    )


def _finished(record: str, number: TargetId, invoiced: bool) -> Rejected:
    how = "was invoiced at another total and is finished" if invoiced else "is not there any more"
    return Rejected(
        "order-finished",
        system=SYSTEM,
        record=record,
        what=f"Sales order {number} {how} in Business Central, so it cannot be changed.",
        next_step="Correct it there with a credit memo or a new order by hand, then discard this job.",
    )
