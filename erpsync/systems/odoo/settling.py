"""An order's total made the store's, to the cent; then the order confirmed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef, Written
from erpsync.systems.odoo import booking, mapper, names, refusals
from erpsync.systems.odoo.bulk import Record, all_or_each, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.planning import Plan
from erpsync.systems.odoo.revising import remove_lines
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, OrderRow

_QUOTATION = ("draft", "sent")


@dataclass(frozen=True)
class _Difference:
    """What Odoo's total lacks, and the line that has taken up such a difference before."""

    row: OrderRow
    amount: Decimal
    line: LineRow | None

    @property
    def on_line(self) -> Decimal:
        """What the rounding line must come to."""
        return self.amount + (self.line.price_unit * self.line.product_uom_qty if self.line else Decimal(0))


class Settler:
    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def settle(self, plans: Mapping[int, Plan], known: Mapping[int, OrderRow] | None = None) -> dict[int, Written]:
        """Compares each order's total in Odoo with the store's, books what rounding explains, refuses the rest, and
        confirms what comes out, where the settings say so. `known`: the orders, where they have just been read."""
        answers: dict[int, Written] = {}
        rows = self.orders(plans) if known is None else known
        for order_id, plan in plans.items():
            if order_id not in rows:
                answers[order_id] = refusals.order_gone(plan.label)
            elif rows[order_id].currency_id != plan.draft.order.currency:
                answers[order_id] = refusals.currency_differs(plan.draft.order, rows[order_id])
        open_plans = {order_id: plan for order_id, plan in plans.items() if order_id not in answers}
        answers |= self._round({order_id: rows[order_id] for order_id in open_plans}, open_plans)
        equal = {order_id: rows[order_id] for order_id in open_plans if order_id not in answers}
        if self._settings.confirm:
            quotations = [order_id for order_id, row in equal.items() if row.state in _QUOTATION]
            answers |= self._confirm(quotations, plans)
        return answers | {order_id: ref(row) for order_id, row in equal.items() if order_id not in answers}

    def orders(self, order_ids: Collection[int]) -> dict[int, OrderRow]:
        return {row.id: row for row in self._client.search_in(OrderRow, "id", sorted(order_ids))}

    def _round(self, rows: Mapping[int, OrderRow], plans: Mapping[int, Plan]) -> dict[int, Written]:
        differences = self._differences(rows, plans)
        if not differences:
            return {}
        answers: dict[int, Written] = {}
        records: dict[str, Record] = {}
        obsolete: dict[int, _Difference] = {}
        for order_id, difference in differences.items():
            amount = difference.on_line
            if amount == 0:
                obsolete[order_id] = difference
                continue
            line = self._line(plans[order_id], difference)
            if isinstance(line, Rejected):
                answers[order_id] = line
            else:
                records[str(order_id)] = Record(plans[order_id].label, {".id": str(order_id)}, (line,))
        loaded = load_each(self._client, OrderRow.MODEL, records, rounds=3)
        answers |= {int(key): answer for key, answer in loaded.items() if isinstance(answer, SyncError)}
        answers |= all_or_each(
            list(obsolete),
            lambda ids: self._remove([obsolete[order_id] for order_id in ids]),
            lambda order_id: plans[order_id].label,
        )
        return answers | self._still_different([each for each in differences if each not in answers], plans)

    def _differences(self, rows: Mapping[int, OrderRow], plans: Mapping[int, Plan]) -> dict[int, _Difference]:
        amounts = {each: mapper.lacking(plans[each].draft.order, row) for each, row in rows.items()}
        wrong = {order_id: amount for order_id, amount in amounts.items() if amount}
        if not wrong:
            return {}
        by_name = {names.rounding_name(plans[order_id].draft.reference): order_id for order_id in wrong}
        known = self._lookups.by_external_name(LineRow.MODEL, by_name)
        lines = {line.order_id: line for line in self._client.search_in(LineRow, "id", sorted(known.values()))}
        return {
            order_id: _Difference(rows[order_id], amount, lines.get(order_id)) for order_id, amount in wrong.items()
        }

    def _line(self, plan: Plan, difference: _Difference) -> dict[str, str] | Rejected:
        if abs(difference.on_line) > self._settings.rounding_limit:
            advice = f"the difference exceeds rounding_limit ({self._settings.rounding_limit})."
            return refusals.total_differs(plan.draft.order, difference.row, difference.amount, advice)
        if not self._settings.rounding_product:
            advice = "set rounding_product of the Odoo connection to have such cents booked."
            return refusals.total_differs(plan.draft.order, difference.row, difference.amount, advice)
        try:
            line = booking.rounding_line(plan.draft, difference.on_line, plan.catalogue, self._settings)
            return plan.line_cells((line,), self._settings)[0]
        except Rejected as error:
            return error

    def _remove(self, differences: list[_Difference]) -> None:
        quotation = [each.line.id for each in differences if each.line and each.row.state in _QUOTATION]
        confirmed = [each.line.id for each in differences if each.line and each.row.state not in _QUOTATION]
        remove_lines(self._client, quotation, confirmed)

    def _still_different(self, order_ids: list[int], plans: Mapping[int, Plan]) -> dict[int, Written]:
        answers: dict[int, Written] = {}
        for order_id, row in self.orders(order_ids).items():
            order = plans[order_id].draft.order
            if lacking := mapper.lacking(order, row):
                answers[order_id] = refusals.total_differs(order, row, lacking, "the rounding line did not help.")
        return answers

    def _confirm(self, order_ids: list[int], plans: Mapping[int, Plan]) -> dict[int, Written]:
        """Odoo 19 refuses to confirm twice, so what counts is the state afterwards, whoever confirmed."""
        failed = all_or_each(
            order_ids,
            lambda ids: self._client.call(OrderRow.MODEL, "action_confirm", write=True, ids=ids),
            lambda order_id: plans[order_id].label,
        )
        confirmed = {order_id: row for order_id, row in self.orders(failed).items() if row.state == "sale"}
        return {
            order_id: ref(confirmed[order_id]) if order_id in confirmed else failed[order_id] for order_id in failed
        }


def ref(row: OrderRow) -> RecordRef:
    return RecordRef(TargetId(str(row.id)), row.name)
