"""Makes sales orders that exist equal their plans: lines added, changed and taken off, addresses changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erpsync.domain.errors import SyncError
from erpsync.systems.odoo import fields, mapper, names, refusals
from erpsync.systems.odoo.booking import Line
from erpsync.systems.odoo.bulk import Record, all_or_each, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.planning import Plan
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, OrderRow


@dataclass(frozen=True)
class _Revision:
    """What has to change on one order."""

    cells: Mapping[str, str]
    changed: Sequence[Line]
    obsolete: Sequence[LineRow]
    below_delivered: bool

    @property
    def is_empty(self) -> bool:
        return not (self.cells or self.changed or self.obsolete)


class Reviser:
    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def revise(self, rows: Mapping[int, OrderRow], plans: Mapping[int, Plan]) -> dict[int, SyncError]:
        """Changes what differs and nothing else: an order that says the same already is not touched. Lines that people
        added in Odoo stay. Returns the orders that cannot be changed, and why."""
        if not rows:
            return {}
        ours = self._lookups.external_names(OrderRow.MODEL, list(rows))
        own_fields = self._own_fields(list(rows), plans)
        lines = self._client.search_in(LineRow, "order_id", sorted(rows))
        line_names = self._lookups.external_names(LineRow.MODEL, [line.id for line in lines])
        refused: dict[int, SyncError] = {}
        revisions: dict[int, _Revision] = {}
        for order_id, row in rows.items():
            plan = plans[order_id]
            if order_id not in ours:
                if mapper.differs(plan.draft.order, row):
                    refused[order_id] = refusals.order_not_ours(plan.label, row)
                continue
            booked = {
                line_names[line.id]: line for line in lines if line.order_id == order_id and line.id in line_names
            }
            revision = self._compare(row, plan, booked, own_fields.get(order_id, {}))
            if revision.is_empty:
                continue
            if row.locked:
                refused[order_id] = refusals.order_locked(plan.label, row)
            elif revision.below_delivered:
                refused[order_id] = refusals.already_delivered(plan.label)
            else:
                revisions[order_id] = revision
        return refused | self._write(revisions, rows, plans)

    def _own_fields(self, order_ids: list[int], plans: Mapping[int, Plan]) -> dict[int, Mapping[str, object]]:
        """What Odoo has in the merchant's own fields now."""
        wanted = sorted({fields.field_name(column) for number in order_ids for column in plans[number].fields})
        if not wanted:
            return {}
        answer = self._client.call(OrderRow.MODEL, "read", write=False, ids=order_ids, fields=wanted)
        return {each["id"]: each for each in answer} if isinstance(answer, list) else {}

    def _compare(
        self, row: OrderRow, plan: Plan, booked: Mapping[str, LineRow], own_fields: Mapping[str, object]
    ) -> _Revision:
        wanted = {line.name: line for line in plan.lines}
        kept = {*wanted, names.rounding_name(plan.draft.reference)}
        changed = [
            line
            for name, line in wanted.items()
            if name not in booked or not line.is_booked_as(booked[name], self._settings)
        ]
        obsolete = [
            line
            for name, line in booked.items()
            if name not in kept and not (row.state == "sale" and not line.display_type and line.product_uom_qty == 0)
        ]
        lowered = [booked[line.name].qty_delivered > line.quantity for line in changed if line.name in booked]
        return _Revision(
            cells={**self._cells(row, plan), **_differing(plan.fields, own_fields)},
            changed=changed,
            obsolete=obsolete,
            below_delivered=any(lowered) or any(line.qty_delivered > 0 for line in obsolete),
        )

    def _cells(self, row: OrderRow, plan: Plan) -> dict[str, str]:
        """Only what differs: Odoo asks people to look at the delivery whenever its address is written."""
        now = {"partner_invoice_id": row.partner_invoice_id, "partner_shipping_id": row.partner_shipping_id}
        cells = {f"{name}/.id": str(contact) for name, contact in plan.addresses.items() if now[name] != contact}
        if row.currency_id != plan.draft.order.currency and row.state != "sale":
            cells |= plan.price_list
        reference = mapper.customer_reference(plan.draft, self._settings)
        return cells if row.client_order_ref == reference else {**cells, "client_order_ref": reference}

    def _write(
        self, revisions: Mapping[int, _Revision], rows: Mapping[int, OrderRow], plans: Mapping[int, Plan]
    ) -> dict[int, SyncError]:
        records = {
            str(order_id): Record(
                plans[order_id].label,
                {".id": str(order_id), **revision.cells},
                plans[order_id].line_cells(revision.changed, self._settings),
            )
            for order_id, revision in revisions.items()
            if revision.cells or revision.changed
        }
        loaded = load_each(self._client, OrderRow.MODEL, records, rounds=3)
        failed = {int(key): answer for key, answer in loaded.items() if isinstance(answer, SyncError)}
        return failed | self._take_off(
            {
                order_id: each.obsolete
                for order_id, each in revisions.items()
                if each.obsolete and order_id not in failed
            },
            rows,
        )

    def _take_off(
        self, obsolete: Mapping[int, Sequence[LineRow]], rows: Mapping[int, OrderRow]
    ) -> dict[int, SyncError]:
        def take_off(order_ids: list[int]) -> None:
            for_good = [
                line.id
                for order_id in order_ids
                for line in obsolete[order_id]
                if rows[order_id].state != "sale" or line.display_type
            ]
            emptied = [line.id for order_id in order_ids for line in obsolete[order_id] if line.id not in for_good]
            remove_lines(self._client, for_good, emptied)

        return all_or_each(list(obsolete), take_off, lambda order_id: f"sales order {rows[order_id].name}")


def _differing(cells: Mapping[str, str], now: Mapping[str, object]) -> dict[str, str]:
    return {
        column: cell
        for column, cell in cells.items()
        if not fields.is_cell_of(column, cell, now.get(fields.field_name(column), False))
    }


def remove_lines(client: OdooClient, for_good: Sequence[int], emptied: Sequence[int]) -> None:
    """Odoo deletes lines from quotations only; on a confirmed order they stay, with a quantity of 0."""
    if for_good:
        client.call(LineRow.MODEL, "unlink", write=True, ids=for_good)
    if emptied:
        client.call(LineRow.MODEL, "write", write=True, ids=emptied, vals={"product_uom_qty": 0})
