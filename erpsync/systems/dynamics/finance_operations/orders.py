"""Sales orders: found, made, amended, cancelled and closed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.dynamics.finance_operations import refusals, revising, standing
from erpsync.systems.dynamics.finance_operations.booking import Booking
from erpsync.systems.dynamics.finance_operations.client import FoClient, Write
from erpsync.systems.dynamics.finance_operations.items import Items
from erpsync.systems.dynamics.finance_operations.mapper import Document, order_document
from erpsync.systems.dynamics.finance_operations.numbers import number_for
from erpsync.systems.dynamics.finance_operations.revising import overruled
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.standing import Standing


class Orders:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings, items: Items, booking: Booking) -> None:
        self._client = client
        self._settings = settings
        self._items = items
        self._booking = booking

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._booking.find(references)

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        documents, results = self._documents({draft.reference: draft for draft in drafts})
        results |= self._booking.make(list(documents.values()))
        taken = self._booking.taken(list(documents.values()), results)
        results |= {reference: answer for reference, answer in taken.items() if isinstance(answer, Rejected)}
        # An order that is there already was made by a request whose reply was lost, perhaps from an older version.
        there = {answer.target_id: reference for reference, answer in taken.items() if isinstance(answer, RecordRef)}
        if there:
            by_reference = {draft.reference: draft for draft in drafts}
            amended = self.amend({target_id: by_reference[reference] for target_id, reference in there.items()})
            results |= {there[target_id]: answer for target_id, answer in amended.items()}
        return results

    def preview(self, draft: OrderDraft) -> object:
        documents, results = self._documents({draft.reference: draft})
        for answer in results.values():
            if isinstance(answer, SyncError):
                raise answer
        document = documents[draft.reference]
        number = {"SalesOrderNumber": number_for(draft.reference)} if self._settings.order_numbers == "ours" else {}
        return {
            "SalesOrderHeadersV2": _json({"dataAreaId": self._settings.company, **number, **document.header}),
            "SalesOrderLines": [_json(line) for line in document.lines],
        }

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        documents, results = self._documents(drafts)
        fields = tuple(sorted({name for document in documents.values() for name in document.header}))
        found = standing.read(self._client, list(documents), fields)
        changes: dict[TargetId, list[Write]] = {}
        for target_id, document in documents.items():
            try:
                changes[target_id] = revising.amendment(self._order(found, target_id), document)
            except Rejected as error:
                results[target_id] = error
        return {**results, **self._change(changes)}

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._end(target_ids, close=False)

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._end(target_ids, close=True)

    def _end(self, target_ids: Sequence[TargetId], *, close: bool) -> Mapping[TargetId, Written]:
        found = standing.read(self._client, list(target_ids))
        charges = frozenset(self._settings.charges.values())
        results: dict[TargetId, Written] = {}
        changes: dict[TargetId, list[Write]] = {}
        for target_id in target_ids:
            try:
                order = self._order(found, target_id)
                changes[target_id] = revising.closing(order, charges) if close else revising.cancellation(order)
            except Rejected as error:
                results[target_id] = error
        return {**results, **self._change(changes)}

    def _order(self, found: Mapping[str, Standing], target_id: TargetId) -> Standing:
        if target_id not in found:
            raise refusals.order_gone(target_id)
        return found[target_id]

    def _change(self, changes: Mapping[TargetId, list[Write]]) -> Mapping[TargetId, Written]:
        """Does each order's changes as a whole. Most of them say what shall be and could be done twice; a line that is
        added could not, so that a lost reply has to settle before the order is read and compared again."""
        work = {target_id: writes for target_id, writes in changes.items() if writes}
        answers = dict(zip(work, self._client.write(list(work.values()), unique=False), strict=True)) if work else {}
        results: dict[TargetId, Written] = {}
        for target_id in changes:
            answer = answers.get(target_id, [])
            if isinstance(answer, SyncError):
                results[target_id] = refusals.about(answer, f"sales order {target_id}")
                continue
            told = [
                words
                for write, row in zip(changes[target_id], answer, strict=False)
                if (words := overruled(write, row))
            ]
            record = f"sales order {target_id}"
            results[target_id] = (
                refusals.amounts_differ(record, target_id, "; ".join(told)) if told else RecordRef(target_id, target_id)
            )
        return results

    def _documents(self, drafts: Mapping[Any, OrderDraft]) -> tuple[dict[Any, Document], dict[Any, Written]]:
        """What each becomes; or why it cannot be booked."""
        items = self._items.find(line.sku for draft in drafts.values() for line in draft.order.lines)
        documents: dict[Any, Document] = {}
        refused: dict[Any, Written] = {}
        for key, draft in drafts.items():
            try:
                documents[key] = order_document(draft, items, self._settings)
            except Rejected as error:
                refused[key] = error
        return documents, refused


def _json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in row.items()}
