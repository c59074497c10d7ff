"""NetSuite as an Erp. See `erpsync.ports.erp.Erp` for what each method promises."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import ConnectionName, Sku, TargetId
from erpsync.ports.checks import Check
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef, Written
from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite import checks, refusals
from erpsync.systems.netsuite.client import WRITE_LIMIT, SuiteTalk
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.lines import SYSTEM, named, ordered
from erpsync.systems.netsuite.mapper import amended_record, closing_record, customer_record, order_record
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import Customer, ReadRecord, Ref, SalesOrder, WriteResponse

Key = TypeVar("Key", bound=Hashable)
_OPEN = frozenset({"_pendingApproval", "_pendingFulfillment", "_undefined"})
_OVER = frozenset({"_cancelled", "_closed"})


class NetSuiteErp:
    """One account. Not shared between threads or processes."""

    def __init__(self, connection: ConnectionName, settings: NetSuiteSettings, tools: Tools) -> None:
        self._connection = connection
        self._settings = settings
        self._tools = tools
        self._client = SuiteTalk(settings, tools)
        self._items = Items(self._client, settings, tools.clock)

    def ping(self) -> None:
        self._client.server_time()

    def check(self) -> Sequence[Check]:
        return checks.run(self._client, self._settings, self._tools.clock)

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        ours = self._by_external_id("customer", [draft.reference for draft in drafts])
        emails = {
            draft.customer.email.strip().lower()
            for draft in drafts
            if ours[draft.reference] is None and draft.customer.email.strip()
        }
        by_email = {email: self._with_email(email) for email in sorted(emails)}
        return {
            draft.reference: by_email.get(draft.customer.email.strip().lower(), ())
            if (record := ours[draft.reference]) is None
            else (_ref(record),)
            for draft in drafts
        }

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        known = self._by_external_id("customer", [draft.reference for draft in drafts])
        records: dict[str, Customer] = {}
        results: dict[str, Written] = {}
        for draft in drafts:
            try:
                is_new = known[draft.reference] is None
                records[draft.reference] = customer_record(draft, self._settings, is_new=is_new)
            except Rejected as error:
                results[draft.reference] = error
        names = {draft.reference: f"customer {draft.reference}" for draft in drafts}
        return results | self._written("customer", records, names, self._client.upsert_list)

    def find_orders(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        found = self._by_external_id("salesOrder", references)
        return {reference: () if record is None else (_ref(record),) for reference, record in found.items()}

    def create_orders(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        items = self._items.find(_skus(drafts))
        records, results = _mapped(by_reference, lambda _, draft: order_record(draft, items, self._settings))
        return results | self._orders_written(by_reference, records, self._client.upsert_list)

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        items = self._items.find(_skus(drafts.values()))
        records, results = _mapped(
            drafts, lambda target_id, draft: amended_record(target_id, draft, items, self._settings)
        )
        return results | self._orders_written(drafts, records, self._client.update_list)

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        refs = [Ref(internalId=target_id, type="salesOrder") for target_id in target_ids]
        orders = dict(zip(target_ids, self._client.get_list(refs), strict=True))
        results: dict[TargetId, Written] = {}
        closing: dict[TargetId, SalesOrder] = {}
        names: dict[TargetId, str] = {}
        for target_id, order in orders.items():
            if order is None:
                results[target_id] = Skip("order-deleted", what="The sales order was deleted in NetSuite already.")
            elif _is_over(order):
                results[target_id] = _ref(order)
            elif _has_begun(order):
                results[target_id] = _too_late(order)
            else:
                names[target_id] = f"sales order {_ref(order).display}"
                closing[target_id] = closing_record(target_id, _open_lines(order))
        return results | self._written("salesOrder", closing, names, self._client.update_list)

    def _by_external_id(self, record_type: str, references: Sequence[str]) -> dict[str, ReadRecord | None]:
        unique = list(dict.fromkeys(references))
        records = self._client.get_list([Ref(externalId=reference, type=record_type) for reference in unique])
        return dict(zip(unique, records, strict=True))

    def _with_email(self, email: str) -> tuple[RecordRef, ...]:
        criteria = {"email": {"operator": "is", "searchValue": email}, "isInactive": {"searchValue": False}}
        found = self._client.search("Customer", criteria)
        return tuple(_ref(record) for record in found if (record["email"] or "").strip().lower() == email)

    def _orders_written(
        self,
        drafts: Mapping[Key, OrderDraft],
        records: Mapping[Key, SalesOrder],
        write: Callable[[Sequence[SalesOrder]], list[WriteResponse]],
    ) -> dict[Key, Written]:
        results = self._written("salesOrder", records, {key: named(drafts[key].order) for key in records}, write)
        for key, result in results.items():
            if isinstance(result, SyncError) and result.code == "invalid-key-or-ref":
                self._items.forget(_skus([drafts[key]]))
        return results

    def _written(
        self,
        record_type: str,
        records: Mapping[Key, SalesOrder] | Mapping[Key, Customer],
        names: Mapping[Key, str],
        write: Callable[..., list[WriteResponse]],
    ) -> dict[Key, Written]:
        """Writes the records in as few calls as may be, then asks how NetSuite calls those that it took."""
        results: dict[Key, Written] = {}
        ids: dict[Key, str] = {}
        keys = list(records)
        for start in range(0, len(keys), WRITE_LIMIT):
            part = keys[start : start + WRITE_LIMIT]
            for key, answer in zip(part, write([records[key] for key in part]), strict=True):
                internal_id = (answer["baseRef"] or {}).get("internalId")
                if refusals.code_of(answer["status"]):
                    results[key] = refusals.of_status(answer["status"], record=names[key])
                elif internal_id:
                    ids[key] = internal_id
                else:
                    results[key] = refusals.no_id(names[key])
        taken = self._client.get_list([Ref(internalId=id_, type=record_type) for id_ in ids.values()])
        for (key, id_), record in zip(ids.items(), taken, strict=True):
            results[key] = RecordRef(TargetId(id_), id_) if record is None else _ref(record)
        return results


def _mapped(
    drafts: Mapping[Key, OrderDraft], record: Callable[[Key, OrderDraft], SalesOrder]
) -> tuple[dict[Key, SalesOrder], dict[Key, Written]]:
    records: dict[Key, SalesOrder] = {}
    results: dict[Key, Written] = {}
    for key, draft in drafts.items():
        try:
            records[key] = record(key, draft)
        except Rejected as error:
            results[key] = error
    return records, results


def _skus(drafts: Iterable[OrderDraft]) -> list[Sku]:
    return [line.sku for draft in drafts for line in ordered(draft.order)]


def _ref(record: ReadRecord) -> RecordRef:
    name = record.get("tranId") or record.get("entityId") or record["internalId"]
    return RecordRef(TargetId(record["internalId"]), name)


def _open_lines(order: ReadRecord) -> list[int]:
    lines = (order["itemList"] or {"item": []})["item"]
    return [line["line"] for line in lines if line["line"] is not None and not line["isClosed"]]


def _is_over(order: ReadRecord) -> bool:
    return order["orderStatus"] in _OVER or not _open_lines(order)


def _has_begun(order: ReadRecord) -> bool:
    lines = (order["itemList"] or {"item": []})["item"]
    moved = any(line["quantityFulfilled"] or line["quantityBilled"] for line in lines)
    return moved or (order["orderStatus"] is not None and order["orderStatus"] not in _OPEN)


def _too_late(order: ReadRecord) -> Rejected:
    return Rejected(
        "order-already-fulfilled",
        system=SYSTEM,
        record=f"sales order {_ref(order).display}",
        what="The sales order has been fulfilled or billed, at least in part, and can no longer be cancelled.",
        next_step="Make a return authorization or close what is left of it in NetSuite by hand, then discard this job.",
    )
