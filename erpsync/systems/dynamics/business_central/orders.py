"""Sales orders: found by our reference, made with all their lines by one request each.

A sales order vanishes when all of it is shipped and invoiced: Business Central deletes it and keeps the posted documents.
So it is looked for among shipments and invoices too, and known by its number, which those carry; its id dies with it.
Source: https://learn.microsoft.com/dynamics365/business-central/sales-how-sell-products
"""

from collections.abc import Sequence
from dataclasses import dataclass

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.dynamics.business_central import lines, mapper
from erpsync.systems.dynamics.business_central.client import Answer, BusinessCentral, Request, one_of
from erpsync.systems.dynamics.business_central.lines import Line
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.references import code_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.totals import Made, Totals
from erpsync.systems.dynamics.business_central.wire import Payload

# Where an order leaves its reference, and the field that holds its number there.
_TRACES = (("salesOrders", "number"), ("salesShipments", "orderNumber"), ("salesInvoices", "orderNumber"))


@dataclass(frozen=True)
class Planned:
    """What a draft becomes: the header, and all lines."""

    draft: OrderDraft
    header: Payload
    lines: tuple[Line, ...]

    @property
    def record(self) -> str:
        return lines.named(self.draft.order)


class Orders:
    """Finds and makes sales orders."""

    def __init__(
        self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups, totals: Totals
    ) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups
        self._totals = totals

    def find(self, references: Sequence[str]) -> dict[str, tuple[RecordRef, ...]]:
        """One request: orders, shipments and invoices with any of the references."""
        codes = {reference: code_of(reference) for reference in references}
        filters = one_of("externalDocumentNumber", dict.fromkeys(codes.values()))
        requests = [
            Request("GET", entity, {"$select": f"{number},externalDocumentNumber", "$filter": some})
            for entity, number in _TRACES
            for some in filters
        ]
        numbers: dict[str, dict[str, None]] = {code: {} for code in codes.values()}
        for request, answer in zip(requests, self._client.batch(requests), strict=True):
            field = dict(_TRACES)[request.path]
            for row in answer.rows:
                # Invoices that people wrote by hand have no order.
                if row[field] and row["externalDocumentNumber"] in numbers:
                    numbers[row["externalDocumentNumber"]][row[field]] = None
        return {
            reference: tuple(RecordRef(TargetId(number), number) for number in numbers[code])
            for reference, code in codes.items()
        }

    def plan(self, drafts: Sequence[OrderDraft]) -> dict[str, Planned | SyncError]:
        """Looks up what the drafts refer to. One bad draft fails alone."""
        items = self._lookups.items(line.sku for draft in drafts for line in draft.order.lines if line.sku)
        planned: dict[str, Planned | SyncError] = {}
        for draft in drafts:
            try:
                record = lines.named(draft.order)
                header = mapper.order_header(
                    draft,
                    self._settings,
                    self._lookups.shipment_method_id(self._shipping_method(draft), record),
                    self._lookups.payment_terms_id(record),
                )
                location_id = self._lookups.location_id(record)
                of_order = lines.order_lines(draft.order, items, self._settings, location_id)
                planned[draft.reference] = Planned(draft, header, tuple(of_order))
            except Rejected as refusal:
                planned[draft.reference] = refusal
        return planned

    def create(self, drafts: Sequence[OrderDraft]) -> dict[str, Written]:
        """One request makes all; a second reads what Business Central computed, a third mends cents where they differ."""
        planned = self.plan(drafts)
        ready = [plan for plan in planned.values() if isinstance(plan, Planned)]
        written: dict[str, Written] = {
            reference: plan for reference, plan in planned.items() if isinstance(plan, SyncError)
        }
        answers = self._client.batch(
            [
                Request("POST", "salesOrders", body=mapper.order_payload(plan.header, plan.lines), record=plan.record)
                for plan in ready
            ]
        )
        made: list[Made] = []
        for plan, answer in zip(ready, answers, strict=True):
            if answer.error is not None:
                written[plan.draft.reference] = answer.error
            else:
                made.append(_made(plan.draft, answer))
        return written | self._checked(made)

    def preview(self, draft: OrderDraft) -> Planned:
        """Raises Rejected as `create` would return it."""
        plan = self.plan([draft])[draft.reference]
        if isinstance(plan, SyncError):
            raise plan
        return plan

    def _checked(self, made: Sequence[Made]) -> dict[str, Written]:
        """Each order at the store's total; one that cannot be is taken back and refused."""
        written: dict[str, Written] = {}
        for order, refusal in self._totals.settle(made):
            if isinstance(refusal, Rejected):
                written[order.draft.reference] = self._taken_back(order, refusal)
            else:
                written[order.draft.reference] = refusal or RecordRef(TargetId(order.number), order.number)
        return written

    def _taken_back(self, order: Made, refusal: Rejected) -> SyncError:
        """The refusal, once the order is deleted again; else what keeps it from being deleted, to be tried once more."""
        request = Request("DELETE", f"salesOrders({order.id})", etag="*", record=order.record)
        [answer] = self._client.try_batch([request])
        if isinstance(answer.error, Transient):
            return answer.error
        gone = answer.error is None or answer.status == 404
        fate = "was deleted again" if gone else "could not be deleted again: delete it by hand"
        problem = refusal.problem
        return Rejected(
            problem.code,
            system=SYSTEM,
            record=lines.named(order.draft.order),
            what=f"{problem.what} Sales order {order.number}, made for it, {fate}.",
            next_step=problem.next_step,
        )

    def _shipping_method(self, draft: OrderDraft) -> str:
        code = next((line.code for line in draft.order.shipping_lines), "")
        return self._settings.shipping_methods.get(code, self._settings.default_shipping_method)


def _made(draft: OrderDraft, answer: Answer) -> Made:
    return Made(draft, answer.body["id"], answer.body["number"])
