"""Refunds as credit memo requests, which SAP's users release and bill.

Our reference is PurchaseOrderByCustomer of the request; its items carry the order's. Nothing makes it unique: every write
looks first.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef, RefundDraft, Written
from erpsync.systems.sap.odata.amounts import cents
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.credits import refund_entity, refund_materials
from erpsync.systems.sap.odata.edm import any_of, fitted, query
from erpsync.systems.sap.odata.items import Materials
from erpsync.systems.sap.odata.mapper import ORDER_REFERENCE
from erpsync.systems.sap.odata.orders import Orders
from erpsync.systems.sap.odata.revising import post
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.totals import net_and_tax
from erpsync.systems.sap.odata.wire import CREDIT_MEMOS, Entity, Row, nested, text
from erpsync.systems.sap.odata.writing import Changed, write_all

_WITH_CONDITIONS = "to_Item/to_PricingElement"


class Refunds:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings, materials: Materials, orders: Orders) -> None:
        self._gateway = gateway
        self._settings = settings
        self._materials = materials
        self._orders = orders

    def post(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        rows, results = self._known(by_reference)
        new = {
            reference: draft
            for reference, draft in by_reference.items()
            if reference not in rows and reference not in results
        }
        entities = self._entities(new, results)
        writes = {reference: [post("A_CreditMemoRequest", entity)] for reference, entity in entities.items()}
        settle = self._settings.settle_seconds
        outcomes = write_all(
            self._gateway,
            CREDIT_MEMOS,
            writes,
            lambda reference: f"refund {reference}",
            self._settings.order_batch,
            settle,
        )
        numbers: dict[str, str] = {}
        for reference, outcome in outcomes.items():
            if isinstance(outcome, (SyncError, Changed)) or not text(outcome, "CreditMemoRequest"):
                results[reference] = outcome if isinstance(outcome, SyncError) else _no_number(reference, settle)
            else:
                numbers[reference] = text(outcome, "CreditMemoRequest")
        rows |= self._read(numbers)
        return results | {reference: self._verified(row, by_reference[reference]) for reference, row in rows.items()}

    def _known(self, drafts: Mapping[str, RefundDraft]) -> tuple[dict[str, Row], dict[str, Written]]:
        stored = {fitted(reference, ORDER_REFERENCE): reference for reference in drafts}
        found: dict[str, Row] = {}
        twice: dict[str, Written] = {}
        for row in self._rows("PurchaseOrderByCustomer", list(stored)):
            reference = stored.get(text(row, "PurchaseOrderByCustomer"))
            if reference is None:
                continue
            if reference in found:
                twice[reference] = _twice(reference, found[reference], row)
            found[reference] = row
        return {reference: row for reference, row in found.items() if reference not in twice}, twice

    def _entities(self, drafts: Mapping[str, RefundDraft], results: dict[str, Written]) -> dict[str, Entity]:
        if not drafts:
            return {}
        orders = self._orders.read([draft.order_id for draft in drafts.values()], "")
        numbers = [number for draft in drafts.values() for number in refund_materials(draft.refund, self._settings)]
        materials = self._materials.find(numbers)
        entities: dict[str, Entity] = {}
        for reference, draft in drafts.items():
            try:
                entities[reference] = refund_entity(draft, orders.get(draft.order_id), materials, self._settings)
            except Rejected as error:
                results[reference] = error
        return entities

    def _read(self, numbers: Mapping[str, str]) -> dict[str, Row]:
        """What was made, with its taxes; the answer to a creation need not tell them."""
        rows = {text(row, "CreditMemoRequest"): row for row in self._rows("CreditMemoRequest", list(numbers.values()))}
        return {reference: rows[number] for reference, number in numbers.items() if number in rows}

    def _rows(self, field: str, values: Sequence[str]) -> list[Row]:
        queries = [
            query("A_CreditMemoRequest", {"filter": chain, "expand": _WITH_CONDITIONS, "orderby": "CreditMemoRequest"})
            for chain, _ in any_of(field, values)
        ]
        return [row for answer in self._gateway.rows_of(CREDIT_MEMOS, queries) for row in answer]

    def _verified(self, row: Row, draft: RefundDraft) -> Written:
        number = text(row, "CreditMemoRequest")
        sums = net_and_tax(row, nested(row, "to_Item"))
        if sums is not None and sum(sums) == draft.refund.total.amount:
            return RecordRef(TargetId(number), number)
        net, tax = (cents(amount, draft.refund.total.currency) for amount in sums or (Decimal(0), Decimal(0)))
        return Rejected(
            "total-differs",
            system=SYSTEM,
            record=f"refund {draft.reference}",
            what=f"Credit memo request {number} comes to {net} + tax {tax} = {net + tax} in SAP; the buyer received "
            f"{draft.refund.total}.",
            next_step=f"Correct the conditions of {number} in SAP before it is billed (transaction VA02), then replay.",
        )


def _no_number(reference: str, settle_seconds: float) -> SyncError:
    return OutcomeUnknown(
        "no-number",
        system=SYSTEM,
        record=f"refund {reference}",
        what="SAP accepted the refund and did not tell its number.",
        settle_seconds=settle_seconds,
    )


def _twice(reference: str, one: Row, other: Row) -> Rejected:
    numbers = " and ".join(text(row, "CreditMemoRequest") for row in (one, other))
    return Rejected(
        "found-twice",
        system=SYSTEM,
        record=f"refund {reference}",
        what=f"SAP holds more than one credit memo request for it: {numbers}.",
        next_step="Reject all but one there and clear the others' customer reference, then replay.",
    )
