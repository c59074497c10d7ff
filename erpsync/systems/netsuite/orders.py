"""Sales orders: found, made, amended, cancelled, closed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.lines import named
from erpsync.systems.netsuite.mapper import amended_record, closing_record, order_record
from erpsync.systems.netsuite.order_rules import order_deleted, skus, too_late, total_differs
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadLine, ReadRecord, Ref, Written, id_of
from erpsync.systems.netsuite.writing import Outcome, Writing, ref

Key = TypeVar("Key", bound=Hashable)
_TYPE = "salesOrder"
_OPEN = frozenset({"_pendingApproval", "_pendingFulfillment", "_undefined"})
_OVER = frozenset({"_cancelled", "_closed"})


class Orders:
    """One account's sales orders."""

    def __init__(self, client: SuiteTalk, writing: Writing, items: Items, settings: NetSuiteSettings) -> None:
        self._client = client
        self._writing = writing
        self._items = items
        self._settings = settings

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        found = self._writing.by_external_id(_TYPE, references)
        return {reference: () if record is None else (ref(record),) for reference, record in found.items()}

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Answer]:
        by_reference = {draft.reference: draft for draft in drafts}
        items = self._items.find(skus(drafts))
        records, results = drafted(by_reference, lambda _, draft: order_record(draft, items, self._settings))
        names = {key: named(by_reference[key].order) for key in records}
        return results | self._checked(by_reference, self._writing.upserted(_TYPE, records, names))

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Answer]:
        items = self._items.find(skus(drafts.values()))
        kept = self._client.get_list([Ref(internalId=target_id, type=_TYPE) for target_id in drafts])
        lines = {target_id: _lines(order) if order else [] for target_id, order in zip(drafts, kept, strict=True)}
        records, results = drafted(
            drafts,
            lambda target_id, draft: amended_record(target_id, draft, items, self._settings, lines[target_id]),
        )
        names = {key: named(drafts[key].order) for key in records}
        return results | self._checked(drafts, self._writing.updated(_TYPE, records, names))

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Answer]:
        """By closing every line: SuiteTalk cannot set the status Cancelled."""

        def lines(order: ReadRecord) -> list[int]:
            if _has_begun(order):
                raise too_late(ref(order).display)
            return [line["line"] for line in _open_lines(order) if line["line"] is not None]

        return self._close(target_ids, lines)

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Answer]:
        """Every line where nothing has been delivered or billed. Else the goods of which some are to come: a line that
        is closed is not billed any more, so that those for what was delivered stay, and so do charges."""

        def lines(order: ReadRecord) -> list[int]:
            left = [line for line in _open_lines(order) if not _has_begun(order) or self._is_to_come(line)]
            return [line["line"] for line in left if line["line"] is not None]

        return self._close(target_ids, lines)

    def preview(self, draft: OrderDraft) -> object:
        return _shown(order_record(draft, self._items.find(skus([draft])), self._settings))

    def _close(
        self, target_ids: Sequence[TargetId], lines: Callable[[ReadRecord], list[int]]
    ) -> Mapping[TargetId, Answer]:
        orders = self._client.get_list([Ref(internalId=target_id, type=_TYPE) for target_id in target_ids])
        results: dict[TargetId, Answer] = {}
        closing: dict[TargetId, Written] = {}
        names: dict[TargetId, str] = {}
        for target_id, order in zip(target_ids, orders, strict=True):
            try:
                if order is None:
                    raise order_deleted()
                numbers = [] if order["orderStatus"] in _OVER or not _open_lines(order) else lines(order)
            except SyncError as error:
                results[target_id] = error
                continue
            if numbers:
                names[target_id] = f"sales order {ref(order).display}"
                closing[target_id] = closing_record(target_id, numbers)
            else:
                results[target_id] = ref(order)
        return results | self._writing.update(_TYPE, closing, names)

    def _is_to_come(self, line: ReadLine) -> bool:
        item = id_of(line["item"])
        return item not in self._settings.charge_items and (line["quantity"] or 0) > (line["quantityFulfilled"] or 0)

    def _checked(self, drafts: Mapping[Key, OrderDraft], outcomes: Mapping[Key, Outcome]) -> dict[Key, Answer]:
        """Compares totals, as an account may charge tax by itself; forgets items that NetSuite did not know any more."""
        results: dict[Key, Answer] = {}
        for key, found in outcomes.items():
            if isinstance(found, SyncError):
                results[key] = found
                if found.code == "invalid-key-or-ref":
                    self._items.forget(skus([drafts[key]]))
                continue
            order, total = drafts[key].order, found.get("total")
            results[key] = ref(found)
            if total is not None and total != order.total.rounded().amount:
                results[key] = total_differs(order, ref(found), total)
        return results


def _open_lines(order: ReadRecord) -> list[ReadLine]:
    return [line for line in _lines(order) if not line["isClosed"]]


def _lines(order: ReadRecord) -> list[ReadLine]:
    held = order["itemList"]
    return (held and held["item"]) or []


def _has_begun(order: ReadRecord) -> bool:
    moved = any(line["quantityFulfilled"] or line["quantityBilled"] for line in _lines(order))
    return moved or (order["orderStatus"] is not None and order["orderStatus"] not in _OPEN)


def _shown(value: object) -> object:
    """The record as plain JSON values, amounts as text."""
    if isinstance(value, Mapping):
        return {str(name): _shown(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value
