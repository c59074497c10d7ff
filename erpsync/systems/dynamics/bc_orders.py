"""Sales orders in Business Central."""

from collections.abc import Mapping, Sequence
from typing import cast

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp import OrderDraft, RecordRef, Written
from erpsync.systems.dynamics import refusals, wire
from erpsync.systems.dynamics.amounts import named
from erpsync.systems.dynamics.bc_lines import changes, exceeding, moved
from erpsync.systems.dynamics.client import BATCH_LIMIT, Answer, Call
from erpsync.systems.dynamics.lookups import Company
from erpsync.systems.dynamics.mapper import order_id_of, order_record
from erpsync.systems.dynamics.names import SYSTEM, stored_reference
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

_READ_ORDER = {"select": "id,number,externalDocumentNumber", "expand": "salesOrderLines"}


class Orders:
    def __init__(self, company: Company, settings: DynamicsSettings) -> None:
        self._company = company
        self._settings = settings

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        """Among open orders and among invoices: an order is deleted once all of it is invoiced."""
        stored = {reference: stored_reference(reference) for reference in references}
        orders, invoices = self._company.found_in(
            [
                ("salesOrders", "externalDocumentNumber", {"select": "id,number,externalDocumentNumber"}),
                ("salesInvoices", "externalDocumentNumber", {"select": "id,externalDocumentNumber,orderId,orderNumber"}),
            ],
            stored.values(),
        )
        found: dict[str, dict[str, RecordRef]] = {}
        for row in orders:
            found.setdefault(row["externalDocumentNumber"], {})[row["number"]] = _ref(row)
        for row in invoices:
            number = row.get("orderNumber")
            if number:  # an invoice without an order was made by hand
                ref = RecordRef(TargetId(order_id_of(row)), number)
                found.setdefault(row["externalDocumentNumber"], {}).setdefault(number, ref)
        return {reference: tuple(found.get(key, {}).values()) for reference, key in stored.items()}

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        lookups = self._company.lookups(draft.order for draft in drafts)
        results: dict[str, Written] = {}
        calls: dict[str, Call] = {}
        for draft in drafts:
            try:
                record = order_record(draft, lookups, self._settings)
            except Rejected as error:
                results[draft.reference] = error
                continue
            path = self._company.at("salesOrders", select="id,number,totalAmountIncludingTax")
            calls[draft.reference] = Call("POST", path, cast(Row, record))
        by_reference = {draft.reference: draft for draft in drafts}
        answers = self._company.odata.batch(list(calls.values()), write=True)
        wrong: dict[str, Row] = {}
        for (reference, _), answer in zip(calls.items(), answers, strict=True):
            draft = by_reference[reference]
            if not answer.ok:
                results[reference] = _refused(answer, named(draft.order))
            elif answer.body["totalAmountIncludingTax"] != draft.order.total.rounded().amount:
                wrong[reference] = answer.body
            else:
                results[reference] = _ref(answer.body)
        if any(isinstance(result, Rejected) for result in results.values()):
            self._company.forget()
        return results | self._take_back(wrong, by_reference)

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        lookups = self._company.lookups(draft.order for draft in drafts.values())
        results: dict[TargetId, Written] = {}
        for target_id, order in self._read(list(drafts)).items():
            draft = drafts[target_id]
            record = named(draft.order)
            if isinstance(order, SyncError):
                results[target_id] = order
                continue
            if order is None:
                results[target_id] = self._vanished(target_id, record)
                continue
            try:
                wanted = order_record(draft, lookups, self._settings)
                results[target_id] = self._change(order, wanted, record)
            except Rejected as error:
                results[target_id] = error
        return results

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Business Central has no cancelled order: one that has not begun is deleted, as its users do it."""
        results: dict[TargetId, Written] = {}
        deletes: dict[TargetId, tuple[Row, Call]] = {}
        for target_id, order in self._read(target_ids).items():
            if isinstance(order, SyncError):
                results[target_id] = order
            elif order is None:
                gone = self._vanished(target_id, f"sales order {target_id}")
                deleted = gone.code == "order-gone"
                results[target_id] = RecordRef(target_id, target_id) if deleted else gone
            elif moved(order):
                results[target_id] = _too_late(order)
            else:
                path = self._company.at(f"salesOrders({target_id})")
                deletes[target_id] = (order, Call("DELETE", path, etag=order["@odata.etag"]))
        answers = self._company.odata.batch([call for _, call in deletes.values()], write=True)
        for (target_id, (order, _)), answer in zip(deletes.items(), answers, strict=True):
            done = answer.ok or answer.status == 404
            results[target_id] = _ref(order) if done else _refused(answer, f"sales order {order['number']}")
        return results

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Cuts every line to what has been shipped; an order of which nothing has, is deleted."""
        results: dict[TargetId, Written] = {}
        unshipped: list[TargetId] = []
        for target_id, order in self._read(target_ids).items():
            if isinstance(order, SyncError):
                results[target_id] = order
            elif order is None:
                results[target_id] = RecordRef(target_id, target_id)  # invoiced in full, or deleted: closed already
            elif not moved(order):
                unshipped.append(target_id)
            else:
                calls = [
                    Call("PATCH", self._line_path(order, line), {"quantity": line["shippedQuantity"]}, line["@odata.etag"])
                    for line in order["salesOrderLines"]
                    if line["lineType"] == "Item" and line["quantity"] > line["shippedQuantity"]
                ]
                results[target_id] = self._all_or_nothing(order, calls, f"sales order {order['number']}")
        return results | self.cancel(unshipped)

    def _read(self, target_ids: Sequence[TargetId]) -> dict[TargetId, Row | None | SyncError]:
        """Each order with its lines; None where there is none."""
        unique = list(dict.fromkeys(target_ids))
        calls = [Call("GET", self._company.at(f"salesOrders({id_})", **_READ_ORDER)) for id_ in unique]
        read: dict[TargetId, Row | None | SyncError] = {}
        for id_, answer in zip(unique, self._company.odata.batch(calls, write=False), strict=True):
            if answer.status == 404:
                read[id_] = None
            elif answer.ok:
                read[id_] = answer.body
            else:
                read[id_] = refusals.of_answer(answer.status, answer.body, record=f"sales order {id_}", write=False)
        return read

    def _change(self, order: Row, wanted: wire.SalesOrder, record: str) -> Written:
        over = exceeding(order, wanted["salesOrderLines"])
        if over:
            return _shipped_more(order, over)
        header = {name: value for name, value in wanted.items() if name not in _FIXED}
        path = self._company.at(f"salesOrders({order['id']})")
        calls = [Call("PATCH", path, header, order["@odata.etag"])]
        for change in changes(order, wanted["salesOrderLines"]):
            at = f"{path}/salesOrderLines" if change.line is None else self._line_path(order, change.line)
            etag = "" if change.line is None else change.line["@odata.etag"]
            calls.append(Call(change.method, at, change.body, etag))
        return self._all_or_nothing(order, calls, record)

    def _all_or_nothing(self, order: Row, calls: Sequence[Call], record: str) -> Written:
        if len(calls) > BATCH_LIMIT:
            return _too_many(len(calls), record)
        if calls:
            answers = self._company.odata.batch(calls, write=True, atomic=True)
            failed = next((answer for answer in answers if not answer.ok), None)
            if failed is not None:
                return _refused(failed, record)
        return _ref(order)

    def _line_path(self, order: Row, line: Row) -> str:
        return self._company.at(f"salesOrders({order['id']})/salesOrderLines({line['id']})")

    def _take_back(self, wrong: Mapping[str, Row], drafts: Mapping[str, OrderDraft]) -> dict[str, Written]:
        """Deletes orders that came out at another sum than was computed: the settings misjudge the tax setup."""
        calls = [
            Call("DELETE", self._company.at(f"salesOrders({row['id']})"), etag=row["@odata.etag"]) for row in wrong.values()
        ]
        results: dict[str, Written] = {}
        answers = self._company.odata.batch(calls, write=True)
        for (reference, row), answer in zip(wrong.items(), answers, strict=True):
            order = drafts[reference].order
            kept = "" if answer.ok else f" Sales order {row['number']} could not be deleted again."
            results[reference] = Rejected(
                "total-differs",
                system=SYSTEM,
                record=named(order),
                what=f"Business Central computed {row['totalAmountIncludingTax']} {order.currency}, the store says "
                f"{order.total}.{kept}",
                next_step="Check prices_include_tax and taxes against the customer's Prices Including VAT and the VAT "
                "posting setup, then replay.",
            )
        return results

    def _vanished(self, target_id: TargetId, record: str) -> Rejected:
        """Why there is no such order: invoiced in full, or deleted by someone."""
        path = self._company.at("salesInvoices", filter=f"orderId eq {target_id}", select="id,number,orderNumber", top="1")
        invoices = self._company.odata.rows(self._company.odata.get(path))
        if invoices:
            return Rejected(
                "order-already-invoiced",
                system=SYSTEM,
                record=record,
                what=f"The order has been shipped and invoiced in full (invoice {invoices[0]['number']}).",
                next_step="Correct it with a credit memo in Business Central, then discard this job.",
            )
        return Rejected(
            "order-gone",
            system=SYSTEM,
            record=record,
            what="The sales order was deleted in Business Central.",
            next_step="Enter it again by hand if it is still wanted, or discard this job.",
        )


_FIXED = frozenset({"externalDocumentNumber", "orderDate", "customerId", "currencyCode", "salesOrderLines"})


def _ref(row: Row) -> RecordRef:
    return RecordRef(TargetId(row["id"]), row["number"])


def _refused(answer: Answer, record: str) -> SyncError:
    return refusals.of_answer(answer.status, answer.body, record=record, write=True)


def _too_late(order: Row) -> Rejected:
    return Rejected(
        "order-already-fulfilled",
        system=SYSTEM,
        record=f"sales order {order['number']}",
        what="The sales order has been shipped or invoiced, at least in part, and can no longer be cancelled.",
        next_step="Take what was shipped back by a sales return order in Business Central, then discard this job.",
    )


def _shipped_more(order: Row, skus: Sequence[str]) -> Rejected:
    return Rejected(
        "order-already-shipped",
        system=SYSTEM,
        record=f"sales order {order['number']}",
        what=f"More has been shipped than the order now asks for ({', '.join(skus)}).",
        next_step="Take the goods back by a sales return order in Business Central, then discard this job.",
    )


def _too_many(count: int, record: str) -> Rejected:
    return Rejected(
        "too-many-changes",
        system=SYSTEM,
        record=record,
        what=f"The change touches {count} parts of the order; Business Central takes {BATCH_LIMIT} in one transaction.",
        next_step="Make the change by hand in Business Central, then discard this job.",
    )
