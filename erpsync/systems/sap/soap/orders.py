"""Sales orders: made once, amended, cancelled, closed. Each method may be repeated after any failure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.sap.soap import checks, finding, mapper, refusals, wire
from erpsync.systems.sap.soap.booking import Entry, mapped, write
from erpsync.systems.sap.soap.client import Wrapper
from erpsync.systems.sap.soap.rows import shown
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings


class Orders:
    """The orders' part of the Erp port."""

    def __init__(self, wrapper: Wrapper, settings: SapSoapSettings) -> None:
        self._wrapper = wrapper
        self._settings = settings

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        return finding.find(self._wrapper, finding.ORDER, references)

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        entries, refused = mapped(by_reference, lambda _, draft: self._entry(draft))
        existed: set[str] = set()
        answers = refused | write(self._wrapper, wire.ORDER_CREATE, entries, existed)
        # Made by an attempt whose reply was lost, perhaps of an earlier version: it becomes what the draft says.
        there = {ref.target_id: by_reference[key] for key in existed if isinstance(ref := answers[key], RecordRef)}
        amended = self.amend(there) if there else {}
        return answers | {draft.reference: amended[target_id] for target_id, draft in there.items()}

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        entries, refused = mapped(drafts, lambda target_id, draft: self._entry(draft, target_id))
        by_reference = {drafts[target_id].reference: target_id for target_id in entries}
        rows = {reference: entries[target_id] for reference, target_id in by_reference.items()}
        answers = write(self._wrapper, wire.ORDER_CHANGE, rows)
        return refused | {by_reference[reference]: answer for reference, answer in answers.items()}

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._ended(target_ids, mapper.CANCEL)

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._ended(target_ids, mapper.CLOSE)

    def preview(self, draft: OrderDraft) -> object:
        document = mapper.order(draft, self._settings)
        materials = sorted(set(document.materials.values()))
        absent = checks.absent(self._wrapper, "MATNR", materials, self._settings)
        if absent:
            raise Rejected(
                "sap-zerpsync-003",
                system=SYSTEM,
                record=mapper.label(draft),
                what=f"SAP has no material {', '.join(absent)} in this sales area.",
                next_step="Extend the material to this sales area (MM01, sales views) or correct the SKU in the store.",
            )
        return {
            name: [{key: _plain(value) for key, value in one.items()} for one in rows]
            for name, rows in document.tables().items()
        }

    def _entry(self, draft: OrderDraft, target_id: TargetId | None = None) -> Entry:
        document = mapper.order(draft, self._settings, target_id)
        return Entry(mapper.label(draft), document.tables(), document.materials, draft.order.total)

    def _ended(self, target_ids: Sequence[TargetId], action: str) -> dict[TargetId, Written]:
        def entry(target_id: TargetId, _: None) -> Entry:
            document = mapper.Document(mapper.closing(target_id, action, self._settings))
            return Entry(f"sales order {shown(target_id)}", document.tables())

        entries, refused = mapped(dict.fromkeys(target_ids), entry)
        answers = refused | write(self._wrapper, wire.ORDER_CHANGE, entries)
        return {key: _gone_already(answer) for key, answer in answers.items()}


def _gone_already(answer: Written) -> Written:
    """An order that was deleted needs no ending any more."""
    if isinstance(answer, Rejected) and answer.code == refusals.GONE:
        return Skip("order-deleted", what="The sales order was deleted in SAP already.", record=answer.problem.record)
    return answer


def _plain(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else value
