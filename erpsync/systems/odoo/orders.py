"""Sales orders: found, made once, amended, cancelled while nothing has left.

Each method may be repeated after any failure at any point: what an earlier attempt did is found and finished.
"""

from collections.abc import Collection, Mapping, Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef, Written
from erpsync.systems.odoo import mapper, names, refusals
from erpsync.systems.odoo.bulk import all_or_each
from erpsync.systems.odoo.client import CHUNK, Domain, OdooClient
from erpsync.systems.odoo.closing import WITHOUT_ASKING, Closer
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.making import make_once
from erpsync.systems.odoo.planning import Plan, Planner, number
from erpsync.systems.odoo.revising import Reviser
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.settling import Settler, ref
from erpsync.systems.odoo.wire import LineRow, OrderRow


class Orders:
    """The orders' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups
        self._planner = Planner(client, settings, lookups)
        self._reviser = Reviser(client, settings, lookups)
        self._settler = Settler(client, settings, lookups)

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        wanted = {names.order_name(reference): reference for reference in references}
        known = self._lookups.by_external_name(OrderRow.MODEL, wanted)
        by_id = {order_id: wanted[name] for name, order_id in known.items()}
        found: dict[str, tuple[RecordRef, ...]] = dict.fromkeys(references, ())
        for row in self._rows(by_id, sorted(found)):
            found[by_id.get(row.id, row.client_order_ref)] += (ref(row),)
        return found

    def preview(self, draft: OrderDraft) -> object:
        """The import that would make the order, without the contacts that its addresses would have to be made."""
        plan = self._planner.preview(draft)
        record = plan.record(self._settings)
        own, of_lines = record.columns
        return {
            "model": OrderRow.MODEL,
            "method": "load",
            "fields": [*own, *of_lines],
            "data": record.rows(record.columns),
            "then": "action_confirm" if self._settings.confirm else "",
        }

    def _rows(self, ids: Collection[int], references: Sequence[str]) -> list[OrderRow]:
        """People enter orders by hand during an outage, with the reference that they see on the others."""
        if self._settings.customer_reference != "reference":
            return list(self._settler.orders(ids).values())
        rows: dict[int, OrderRow] = {}
        for start in range(0, len(references), CHUNK):
            some = list(references[start : start + CHUNK])
            domain: Domain = ["|", ["client_order_ref", "in", some], ["id", "in", sorted(ids)]]
            rows |= {row.id: row for row in self._client.search(OrderRow, domain)}
        return [rows[order_id] for order_id in sorted(rows)]

    def create(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        # In order, so that two calls with the same orders wait for each other instead of locking each other out.
        planned = self._planner.plan(
            {draft.reference: draft for draft in sorted(drafts, key=lambda each: each.reference)}
        )
        answers, plans = _split(planned)
        made, failed = make_once(
            self._client,
            self._lookups,
            OrderRow.MODEL,
            {reference: names.order_name(reference) for reference in plans},
            lambda reference: plans[reference].record(self._settings),
        )
        answers |= failed
        by_id = {order_id: plans[reference] for reference, order_id in made.items()}
        outcome = self._finish(by_id)
        return answers | {reference: outcome[order_id] for reference, order_id in made.items()}

    def amend(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        answers, plans = _split(self._planner.plan({str(target_id): draft for target_id, draft in drafts.items()}))
        by_id = {number(target_id): plan for target_id, plan in plans.items()}
        rows = self._settler.orders(by_id)
        outcome: dict[int, Written] = {}
        for order_id, plan in by_id.items():
            if order_id not in rows:
                outcome[order_id] = refusals.order_gone(plan.label)
            elif rows[order_id].state == "cancel":
                outcome[order_id] = refusals.order_cancelled(plan.label, rows[order_id])
        still = {order_id: plan for order_id, plan in by_id.items() if order_id not in outcome}
        outcome |= self._reviser.revise({order_id: rows[order_id] for order_id in still}, still)
        outcome |= self._settler.settle({order_id: plan for order_id, plan in still.items() if order_id not in outcome})
        answers |= {target_id: outcome[number(target_id)] for target_id in plans}
        return {target_id: answers[target_id] for target_id in drafts}

    def cancel(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        by_id = {number(target_id): target_id for target_id in target_ids}
        rows = self._settler.orders(by_id)
        outcome: dict[int, Written] = {}
        for order_id, target_id in by_id.items():
            if order_id not in rows:
                outcome[order_id] = refusals.order_gone(f"sales order {target_id}")
            elif rows[order_id].state == "cancel":
                outcome[order_id] = ref(rows[order_id])
            elif rows[order_id].locked:
                outcome[order_id] = refusals.order_locked(f"sales order {rows[order_id].name}", rows[order_id])
        outcome |= self._moved({order_id: row for order_id, row in rows.items() if order_id not in outcome})
        doomed = [order_id for order_id in by_id if order_id not in outcome]
        failed = all_or_each(
            doomed,
            lambda ids: self._client.call(OrderRow.MODEL, "action_cancel", write=True, ids=ids, context=WITHOUT_ASKING),
            lambda order_id: f"sales order {rows[order_id].name}",
        )
        for order_id, row in self._settler.orders(doomed).items():
            cancelled = row.state == "cancel"
            outcome[order_id] = ref(row) if cancelled else failed.get(order_id, refusals.not_cancelled(row))
        for order_id in doomed:
            outcome.setdefault(order_id, refusals.order_gone(f"sales order {by_id[order_id]}"))
        return {target_id: outcome[number(target_id)] for target_id in target_ids}

    def close(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return Closer(self._client, self._settler).close(target_ids)

    def _moved(self, rows: Mapping[int, OrderRow]) -> dict[int, SyncError]:
        """Orders of which something has been delivered or invoiced. Odoo itself would cancel them all the same."""
        moved: dict[int, SyncError] = {}
        for line in self._client.search_in(LineRow, "order_id", sorted(rows)):
            row = rows[line.order_id]
            if line.qty_delivered > 0:
                moved[row.id] = refusals.order_shipped(row)
            elif line.qty_invoiced_posted > 0:
                moved.setdefault(row.id, refusals.order_invoiced(row))
        return moved

    def _finish(self, plans: Mapping[int, Plan]) -> dict[int, Written]:
        """Brings orders that are quotations yet to their end; orders beyond that belong to Odoo's users."""
        rows = self._settler.orders(plans)
        outcome: dict[int, Written] = {
            order_id: ref(row) for order_id, row in rows.items() if row.state not in ("draft", "sent")
        }
        quotations = {order_id: plan for order_id, plan in plans.items() if order_id not in outcome}
        differing = {
            order_id: rows[order_id]
            for order_id, plan in quotations.items()
            if order_id in rows and mapper.differs(plan.draft.order, rows[order_id])
        }
        outcome |= self._reviser.revise(differing, plans)
        settled = {order_id: plan for order_id, plan in quotations.items() if order_id not in outcome}
        return outcome | self._settler.settle(settled, None if differing else rows)


def _split(planned: Mapping[str, Plan | SyncError]) -> tuple[dict[str, Written], dict[str, Plan]]:
    refused: dict[str, Written] = {key: each for key, each in planned.items() if isinstance(each, SyncError)}
    return refused, {key: each for key, each in planned.items() if isinstance(each, Plan)}
