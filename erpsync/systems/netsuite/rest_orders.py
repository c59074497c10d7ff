"""Sales orders by REST: found, made, amended, cancelled, closed. What is sent is what goes by SOAP."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite import wire
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.lines import named
from erpsync.systems.netsuite.mapper import amended_record, closing_record, order_record
from erpsync.systems.netsuite.order_rules import order_deleted, skus, too_late, total_differs
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_mapper import plain
from erpsync.systems.netsuite.rest_wire import ReadLine, ReadOrder
from erpsync.systems.netsuite.rest_writing import Found, Outcome, RestWriting, refs
from erpsync.systems.netsuite.settings import NetSuiteSettings

Key = TypeVar("Key", bound=Hashable)
_KIND = "salesOrder"
_OPEN = frozenset({"A", "B", ""})
_OVER = frozenset({"C", "H"})
_AT_ONCE = 500
_ITEMS = "SELECT i.id AS id, i.itemid AS sku FROM item i WHERE i.isinactive = 'F' AND i.itemid IN :skus"
_ITEMS_BY_EXTERNAL_ID = (
    "SELECT i.id AS id, i.externalid AS sku FROM item i WHERE i.isinactive = 'F' AND i.externalid IN :skus"
)


class RestOrders:
    """One account's sales orders."""

    def __init__(self, client: RestClient, writing: RestWriting, settings: NetSuiteSettings) -> None:
        self._client = client
        self._writing = writing
        self._settings = settings

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        found = self._writing.by_reference(_KIND, references)
        return {reference: tuple(one.ref for one in orders) for reference, orders in found.items()}

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Answer]:
        by_reference = {draft.reference: draft for draft in drafts}
        items = self.items(skus(drafts))
        records, results = drafted(by_reference, lambda _, draft: order_record(draft, items, self._settings))
        names = {key: named(by_reference[key].order) for key in records}
        written = self._writing.create(_KIND, records, names)
        return results | _checked({key: draft.order for key, draft in by_reference.items()}, written)

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Answer]:
        """A line that stays is named by its number: of the others, those that match none are taken away.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545297048.html"""
        items = self.items(skus(drafts.values()))
        lines = {target_id: _lines_of(self._get(target_id)) for target_id in drafts}
        records, results = drafted(
            drafts, lambda target_id, draft: amended_record(target_id, draft, items, self._settings, lines[target_id])
        )
        written = self._writing.update(_KIND, records, {key: named(drafts[key].order) for key in records})
        return results | _checked({key: draft.order for key, draft in drafts.items()}, written)

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Answer]:
        """By closing every line: the status Cancelled cannot be set."""

        def lines(order: ReadOrder) -> list[int]:
            if _has_begun(order):
                raise too_late(order.get("tranId", ""))
            return [line["line"] for line in _open_lines(order)]

        return self._close(target_ids, lines)

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Answer]:
        """Every line where nothing has been delivered or billed. Else the goods of which some are to come: a line that
        is closed is not billed any more, so that those for what was delivered stay, and so do charges."""

        def lines(order: ReadOrder) -> list[int]:
            begun = _has_begun(order)
            return [line["line"] for line in _open_lines(order) if not begun or self._is_to_come(line)]

        return self._close(target_ids, lines)

    def preview(self, draft: OrderDraft) -> object:
        record = order_record(draft, self.items(skus([draft])), self._settings)
        body = self._writing.body(_KIND, record, named(draft.order))
        return plain({"externalId": draft.reference, **body})

    def items(self, skus: Iterable[Sku]) -> dict[Sku, tuple[str, ...]]:
        """The ids of all active items of each SKU, so that the caller sees when there are none or several. Capitals count,
        however NetSuite compares."""
        found: dict[Sku, tuple[str, ...]] = {sku: () for sku in skus if sku}
        query = _ITEMS_BY_EXTERNAL_ID if self._settings.sku_field == "external_id" else _ITEMS
        wanted = list(found)
        for start in range(0, len(wanted), _AT_ONCE):
            for row in self._client.rows(query, skus=wanted[start : start + _AT_ONCE]):
                sku = Sku(row["sku"])
                if sku in found:
                    found[sku] = (*found[sku], row["id"])
        return found

    def _close(
        self, target_ids: Sequence[TargetId], lines: Callable[[ReadOrder], list[int]]
    ) -> Mapping[TargetId, Answer]:
        results: dict[TargetId, Answer] = {}
        closing: dict[TargetId, Mapping[str, Any]] = {}
        names: dict[TargetId, str] = {}
        for target_id in target_ids:
            try:
                order = self._read(target_id)
                over = _status(order) in _OVER or not _open_lines(order)
                numbers = [] if over else lines(order)
            except (Rejected, Skip) as error:
                results[target_id] = error
                continue
            if numbers:
                names[target_id] = f"sales order {order.get('tranId', target_id)}"
                closing[target_id] = closing_record(target_id, numbers)
            else:
                results[target_id] = RecordRef(target_id, order.get("tranId", target_id))
        return results | refs(self._writing.update(_KIND, closing, names))

    def _read(self, target_id: TargetId) -> ReadOrder:
        order = self._get(target_id)
        if order is None:
            raise order_deleted()
        return order

    def _get(self, target_id: TargetId) -> ReadOrder | None:
        return cast("ReadOrder | None", self._client.get(_KIND, target_id, expandSubResources="true"))

    def _is_to_come(self, line: ReadLine) -> bool:
        item = (line.get("item") or {}).get("id", "")
        left = Decimal(line.get("quantity") or 0) > Decimal(line.get("quantityFulfilled") or 0)
        return item not in self._settings.charge_items and left


def _checked(orders: Mapping[Key, Order], outcomes: Mapping[Key, Outcome]) -> dict[Key, Answer]:
    """An account may charge tax of its own, which REST cannot always keep it from. So totals are compared."""
    results = refs(outcomes)
    for key, found in outcomes.items():
        total = orders[key].total.rounded().amount
        if isinstance(found, Found) and found.total is not None and found.total != total:
            results[key] = total_differs(orders[key], found.ref, found.total)
    return results


def _status(order: ReadOrder) -> str:
    return order.get("orderStatus", {}).get("id", "")


def _lines(order: ReadOrder) -> list[ReadLine]:
    return order.get("item", {}).get("items", [])


def _lines_of(order: ReadOrder | None) -> list[wire.ReadLine]:
    """The lines as the mapper knows them."""
    return [
        {
            "item": {"internalId": (line.get("item") or {}).get("id", ""), "name": None},
            "line": line["line"],
            "isClosed": line.get("isClosed", False),
        }
        for line in (_lines(order) if order else [])
    ]


def _open_lines(order: ReadOrder) -> list[ReadLine]:
    return [line for line in _lines(order) if not line.get("isClosed")]


def _has_begun(order: ReadOrder) -> bool:
    moved = any(line.get("quantityFulfilled") or line.get("quantityBilled") for line in _lines(order))
    return moved or _status(order) not in _OPEN
