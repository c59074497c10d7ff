"""Sales orders: found by reference, made, and made equal to what they are now in the store.

SAP keeps PurchaseOrderByCustomer neither unique nor as a key, so a lost answer is waited out (`settle_seconds`) and looked
up again before anything is written.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.sap.odata.amounts import named
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import any_of, fitted, key, query
from erpsync.systems.sap.odata.items import Materials
from erpsync.systems.sap.odata.mapper import ORDER_REFERENCE, order_entity
from erpsync.systems.sap.odata.revising import patch, post, revision
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.totals import net_and_tax, total_differs
from erpsync.systems.sap.odata.wire import SALES_ORDERS, Entity, Row, etag, nested, text
from erpsync.systems.sap.odata.writing import Changed, write_all
from erpsync.transport.batch import Request

KeyT = TypeVar("KeyT", bound=str)

WITH_ITEMS = "to_Item"
WITH_CONDITIONS = "to_Item/to_PricingElement"
WITH_ALL = "to_Item/to_PricingElement,to_PricingElement,to_Partner/to_Address,to_Text"


class Orders:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings, materials: Materials) -> None:
        self._gateway = gateway
        self._settings = settings
        self._materials = materials

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        """By exact equality: SAP's own comparison may ignore case, by the database's collation."""
        stored = {reference: fitted(reference, ORDER_REFERENCE) for reference in references}
        found: dict[str, list[RecordRef]] = {value: [] for value in stored.values()}
        options = {"select": "SalesOrder,PurchaseOrderByCustomer", "orderby": "SalesOrder"}
        queries = [
            query("A_SalesOrder", {"filter": chain, **options})
            for chain, _ in any_of("PurchaseOrderByCustomer", stored.values())
        ]
        for rows in self._gateway.rows_of(SALES_ORDERS, queries):
            for row in rows:
                value = text(row, "PurchaseOrderByCustomer")
                if value in found:
                    found[value].append(ref(row))
        return {reference: tuple(found[value]) for reference, value in stored.items()}

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        entities, results = self._mapped(by_reference)
        writes = {reference: [post("A_SalesOrder", entity)] for reference, entity in entities.items()}
        made = self._write(writes, {reference: named(draft.order) for reference, draft in by_reference.items()})
        rows: dict[str, Row] = {}
        for reference, outcome in made.items():
            if isinstance(outcome, SyncError):
                results[reference] = outcome
            elif not isinstance(outcome, Mapping) or not text(outcome, "SalesOrder"):
                results[reference] = self._no_number(named(by_reference[reference].order))
            else:
                rows[reference] = outcome
        return results | self._verified(rows, by_reference)

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        entities, results = self._mapped(drafts)
        pending = list(entities)
        current: dict[TargetId, Row] = {}
        for last in (False, True):
            current |= self.read(pending, WITH_ALL)
            outcomes = self._revise(pending, current, drafts, entities, results)
            pending = [target_id for target_id, outcome in outcomes.items() if isinstance(outcome, Changed)]
            if pending and last:
                results |= {target_id: _changed_twice(named(drafts[target_id].order)) for target_id in pending}
            changed = [target_id for target_id, outcome in outcomes.items() if isinstance(outcome, Mapping)]
            current |= self.read(changed, WITH_CONDITIONS)
        rows = {target_id: row for target_id, row in current.items() if target_id not in results}
        return results | self._verified(rows, drafts)

    def preview(self, draft: OrderDraft) -> Entity:
        entities, results = self._mapped({draft.reference: draft})
        for result in results.values():
            if isinstance(result, SyncError):
                raise result
        return entities[draft.reference]

    def read(self, target_ids: Sequence[str], expand: str) -> dict[TargetId, Row]:
        """Those sales orders that there are, with what `expand` names."""
        queries = [query("A_SalesOrder", {"filter": f, "expand": expand}) for f, _ in any_of("SalesOrder", target_ids)]
        rows = [row for answer in self._gateway.rows_of(SALES_ORDERS, queries) for row in answer]
        return {TargetId(text(row, "SalesOrder")): row for row in rows}

    def _mapped(self, drafts: Mapping[KeyT, OrderDraft]) -> tuple[dict[KeyT, Entity], dict[KeyT, Written]]:
        skus = [str(line.sku) for draft in drafts.values() for line in draft.order.lines]
        materials = self._materials.find([*skus, *self._settings.charge_materials.values()])
        entities: dict[KeyT, Entity] = {}
        refused: dict[KeyT, Written] = {}
        for draft_key, draft in drafts.items():
            try:
                entities[draft_key] = order_entity(draft, materials, self._settings)
            except Rejected as error:
                refused[draft_key] = error
        return entities, refused

    def _revise(
        self,
        pending: Sequence[TargetId],
        current: Mapping[TargetId, Row],
        drafts: Mapping[TargetId, OrderDraft],
        entities: Mapping[TargetId, Entity],
        results: dict[TargetId, Written],
    ) -> dict[TargetId, Row | SyncError | Changed]:
        writes: dict[TargetId, Sequence[Request]] = {}
        for target_id in pending:
            name = named(drafts[target_id].order)
            try:
                if target_id not in current:
                    raise _gone(name, target_id)
                if requests := revision(current[target_id], entities[target_id], self._settings, record=name):
                    writes[target_id] = requests
            except SyncError as error:
                results[target_id] = error
        outcomes = self._write(writes, {target_id: named(drafts[target_id].order) for target_id in writes})
        results |= {target_id: outcome for target_id, outcome in outcomes.items() if isinstance(outcome, SyncError)}
        return outcomes

    def _write(
        self, writes: Mapping[KeyT, Sequence[Request]], names: Mapping[KeyT, str]
    ) -> dict[KeyT, Row | SyncError | Changed]:
        settings = self._settings
        outcomes = write_all(
            self._gateway, SALES_ORDERS, writes, names.__getitem__, settings.order_batch, settings.settle_seconds
        )
        if any(isinstance(outcome, Rejected) for outcome in outcomes.values()):
            self._materials.forget()
        return outcomes

    def _verified(self, rows: Mapping[KeyT, Row], drafts: Mapping[KeyT, OrderDraft]) -> dict[KeyT, Written]:
        """Each order if its total in SAP is the store's, else what differs; and its delivery block set or taken off."""
        results: dict[KeyT, Written] = {}
        blocks: dict[KeyT, str] = {}
        untold = [text(row, "SalesOrder") for row in rows.values() if net_and_tax(row, nested(row, "to_Item")) is None]
        again = self.read(untold, WITH_CONDITIONS)
        for draft_key, made in rows.items():
            row = again.get(TargetId(text(made, "SalesOrder")), made)
            order, mine = drafts[draft_key].order, self._settings.mismatch_block
            sums = net_and_tax(row, nested(row, "to_Item"))
            # What people rejected in SAP is not in its total any more, and shall not be.
            rejected = any(text(item, "SalesDocumentRjcnReason") for item in nested(row, "to_Item"))
            right = rejected or (sums is not None and sum(sums) == order.total.amount)
            blocked = bool(mine) and text(row, "DeliveryBlockReason") == mine
            if mine and right == blocked:
                blocks[draft_key] = "" if right else mine
            remains = "Its delivery is blocked." if mine else "Set `mismatch_block` to block such orders."
            results[draft_key] = ref(row) if right else total_differs(order, sums, ref(row).display, remains)
        return results | self._block(blocks, rows)

    def _block(self, blocks: Mapping[KeyT, str], rows: Mapping[KeyT, Row]) -> dict[KeyT, Written]:
        """An order that could not be blocked, or released, says so: it is tried again."""
        writes = {draft_key: [_blocking(rows[draft_key], reason)] for draft_key, reason in blocks.items()}
        names = {draft_key: f"sales order {text(rows[draft_key], 'SalesOrder')}" for draft_key in blocks}
        failed: dict[KeyT, Written] = {}
        try:
            outcomes = self._write(writes, names)
        except SyncError as error:
            # The other orders of the call are made, and their answers stand.
            return dict.fromkeys(blocks, error)
        for draft_key, outcome in outcomes.items():
            if isinstance(outcome, Changed):
                failed[draft_key] = _changed_twice(names[draft_key])
            elif isinstance(outcome, SyncError):
                failed[draft_key] = outcome
        return failed

    def _no_number(self, name: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            "no-number",
            system=SYSTEM,
            record=name,
            what="SAP accepted the order and did not tell its number.",
            settle_seconds=self._settings.settle_seconds,
        )


def ref(row: Row) -> RecordRef:
    number = text(row, "SalesOrder")
    return RecordRef(TargetId(number), number)


def _blocking(row: Row, reason: str) -> Request:
    url = f"A_SalesOrder{key(SalesOrder=text(row, 'SalesOrder'))}"
    return patch(url, {"DeliveryBlockReason": reason}, etag(row))


def _gone(name: str, target_id: TargetId) -> Rejected:
    return Rejected(
        "order-deleted",
        system=SYSTEM,
        record=name,
        what=f"There is no sales order {target_id} in SAP any more.",
        next_step="Unlink the order so that it is made anew, or discard this.",
    )


def _changed_twice(name: str) -> Transient:
    return Transient(
        "changed-meanwhile", system=SYSTEM, record=name, what="It was changed in SAP while it was written."
    )
