"""How far sales orders are: what has left, under which number, and what was invoiced."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo import names
from erpsync.systems.odoo.changes import ALL, Reading, each_read, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, MoveDocumentRow, MoveRow, PickingRow, ProductRow, ProgressRow

_ENDED = ("done", "cancel")
_PATHS = ("write_date", "picking_ids.write_date", "order_line.invoice_lines.move_id.write_date")


@dataclass(frozen=True)
class _Surroundings:
    """What belongs to the orders of one page."""

    references: Mapping[int, str]
    """Ours, by the id of the order."""
    line_references: Mapping[int, str]
    """The store's line, by the id of the order's line."""
    lines: Mapping[int, Sequence[LineRow]]
    moves: Mapping[int, Sequence[MoveRow]]
    """By the id of the order's line."""
    pickings: Mapping[int, PickingRow]
    invoices: Mapping[int, MoveDocumentRow]
    products: Mapping[int, ProductRow]


class Progress:
    """The part of the Erp port that tells how far orders are."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def changed(self, since: Since) -> Page[OrderProgress]:
        reading = Reading.of(since, self._client, self._settings)
        orders = self._client.page(ProgressRow, reading.changed(*_PATHS), limit=self._settings.page_size)
        around = self._surroundings(orders.rows)
        records = each_read(orders.rows, lambda row: progress(row, around), lambda row: f"sales order {row.name}")
        return told(reading, orders, records)

    def _surroundings(self, orders: Sequence[ProgressRow]) -> _Surroundings:
        ids = [row.id for row in orders]
        lines: dict[int, list[LineRow]] = defaultdict(list)
        for line in self._client.search_in(LineRow, "order_id", ids):
            lines[line.order_id].append(line)
        each_line = [line for of_order in lines.values() for line in of_order]
        moves: dict[int, list[MoveRow]] = defaultdict(list)
        for move in self._client.search_in(MoveRow, "sale_line_id", [line.id for line in each_line]):
            moves[move.sale_line_id or 0].append(move)
        transfers = sorted({move.picking_id for of_line in moves.values() for move in of_line if move.picking_id})
        documents = sorted({number for row in orders for number in row.invoice_ids})
        products = sorted({line.product_id for line in each_line if line.product_id})
        own = self._lookups.external_names(ProgressRow.MODEL, ids)
        own_lines = self._lookups.external_names(LineRow.MODEL, [line.id for line in each_line])
        return _Surroundings(
            references={number: names.reference_of("order", name) for number, name in own.items()},
            line_references={number: _store_line(name) for number, name in own_lines.items()},
            lines=lines,
            moves=moves,
            pickings={row.id: row for row in self._client.search_in(PickingRow, "id", transfers)},
            invoices={row.id: row for row in self._client.search_in(MoveDocumentRow, "id", documents)},
            products={row.id: row for row in self._client.search_in(ProductRow, "id", products, context=ALL)},
        )


def progress(row: ProgressRow, around: _Surroundings) -> OrderProgress:
    invoices = tuple(
        Invoice(
            id=TargetId(str(document.id)),
            number=document.name,
            total=Money(amount=document.amount_total, currency=document.currency_id),
            issued_at=_day(document.invoice_date),
        )
        for number in row.invoice_ids
        if (document := around.invoices.get(number)) and _is_invoice(document)
    )
    return OrderProgress(
        order_id=TargetId(str(row.id)),
        display=row.name,
        reference=around.references.get(row.id, ""),
        state=_state(row, around, sum((each.total.amount for each in invoices), Decimal(0))),
        fulfilments=_fulfilments(row, around),
        invoices=invoices,
        changed_at=row.write_date,
    )


def _state(row: ProgressRow, around: _Surroundings, invoiced: Decimal) -> ErpOrderState:
    """By goods alone: services, charges and notes are delivered by nobody. `invoiced`: what the posted invoices come to; a
    credit note does not make an order any less invoiced."""
    if row.state == "cancel":
        return ErpOrderState.CANCELLED
    goods = [line for line in around.lines.get(row.id, ()) if _is_goods(line, around)]
    moves = [move for line in goods for move in around.moves.get(line.id, ())]
    sent = {line.id: max(line.qty_delivered, _sent(line, around)) for line in goods}
    if goods and all(sent[line.id] >= line.product_uom_qty for line in goods):
        billed = all(line.qty_invoiced_posted >= line.product_uom_qty for line in goods)
        return ErpOrderState.INVOICED if billed or 0 < row.amount_total <= invoiced else ErpOrderState.SHIPPED
    if moves and row.state == "sale" and all(move.state in _ENDED for move in moves):
        return ErpOrderState.CLOSED
    return ErpOrderState.PART_SHIPPED if any(sent.values()) else ErpOrderState.OPEN


def _is_goods(line: LineRow, around: _Surroundings) -> bool:
    product = around.products.get(line.product_id or 0)
    return product is not None and product.type != "service" and line.product_uom_qty > 0


def _sent(line: LineRow, around: _Surroundings) -> Decimal:
    """What has left, returned or not. Of a kit its components move, whose quantities say nothing about the line's."""
    moves = around.moves.get(line.id, ())
    return sum((each.quantity for each in moves if each.product_id == line.product_id and _has_left(each)), Decimal(0))


def _has_left(move: MoveRow) -> bool:
    return move.state == "done" and move.picking_code == "outgoing" and move.quantity > 0


def _fulfilments(row: ProgressRow, around: _Surroundings) -> tuple[Fulfilment, ...]:
    """A shipment for each transfer out of the house. Moves between the house's own places are not told."""
    shipped: dict[int, list[ShippedLine]] = defaultdict(list)
    for line in around.lines.get(row.id, ()):
        product = around.products.get(line.product_id or 0)
        left = [move for move in around.moves.get(line.id, ()) if _has_left(move)]
        if product is None or not left:
            continue
        quantities: dict[int, Decimal] = defaultdict(Decimal)
        for move in left:
            if move.product_id == line.product_id:
                quantities[move.picking_id or 0] += move.quantity
        if not quantities and line.qty_delivered > 0:
            quantities[max(move.picking_id or 0 for move in left)] = line.qty_delivered
        for picking_id, quantity in quantities.items():
            reference = around.line_references.get(line.id, "")
            made = ShippedLine(sku=Sku(product.default_code), quantity=quantity, line_reference=reference)
            shipped[picking_id].append(made)
    return tuple(
        Fulfilment(
            id=TargetId(str(picking_id)),
            order_id=TargetId(str(row.id)),
            shipped_at=around.pickings[picking_id].date_done,
            lines=tuple(lines),
            parcels=_parcels(around.pickings[picking_id]),
        )
        for picking_id, lines in sorted(shipped.items())
        if picking_id in around.pickings
    )


def _store_line(name: str) -> str:
    """Lines of items are named by order, kind, the store's line and SKU (see `booking`)."""
    parts = names.parts_of("line", name)
    return parts[2] if len(parts) > 3 and parts[1] == "item" else ""


def _parcels(picking: PickingRow) -> tuple[Parcel, ...]:
    """Carriers with several parcels put their numbers into one field, with commas between."""
    numbers = [number.strip() for number in picking.carrier_tracking_ref.split(",") if number.strip()]
    url = picking.carrier_tracking_url if picking.carrier_tracking_url.startswith("https://") else ""
    return tuple(Parcel(carrier=picking.carrier_id, number=number, url=url) for number in numbers)


def _is_invoice(document: MoveDocumentRow) -> bool:
    return document.move_type == "out_invoice" and document.state == "posted"


def _day(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
