"""Brings sales orders to the store's total: reads what Business Central computed and mends cents by the rounding line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.ports.erp_records import OrderDraft
from erpsync.systems.dynamics.business_central import lines
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request, one_of, text
from erpsync.systems.dynamics.business_central.lines import ROUNDING
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import OrderLine, select

WITH_LINES: Mapping[str, str] = {"$expand": f"salesOrderLines($select={select(OrderLine)})"}
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Made:
    """A sales order that is there, and the draft that it is to equal."""

    draft: OrderDraft
    id: str
    number: str

    @property
    def record(self) -> str:
        return f"{lines.named(self.draft.order)}, sales order {self.number}"


class Totals:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings) -> None:
        self._client = client
        self._settings = settings

    def settle(self, made: Sequence[Made]) -> list[tuple[Made, SyncError | None]]:
        """Each order with None where its total is the store's now. Rejected where it cannot be; the order stays."""
        results: dict[str, SyncError | None] = {}
        requests: list[Request] = []
        touched: list[Made] = []
        for one, order in self._read(made, results):
            try:
                request = self._mending(one, order)
            except Rejected as refusal:
                results[one.number] = refusal
                continue
            results[one.number] = None
            if request is not None:
                requests.append(request)
                touched.append(one)
        for one, answer in zip(touched, self._client.try_batch(requests), strict=True):
            results[one.number] = answer.error
        for one, order in self._read([one for one in touched if results[one.number] is None], results):
            results[one.number] = self._still_off(one, order)
        return [(one, results[one.number]) for one in made]

    def rounding_of(self, order: Any) -> OrderLine | None:
        """The order's rounding line."""
        account = self._settings.charge("rounding_account")
        return next(
            (
                line
                for line in order["salesOrderLines"]
                if (line["lineType"], line["lineObjectNumber"]) == account and line["description"] == ROUNDING
            ),
            None,
        )

    def _read(self, made: Sequence[Made], results: dict[str, SyncError | None]) -> list[tuple[Made, Any]]:
        """The orders as they are; an order that could not be read has its error in `results`."""
        requests = [
            Request("GET", "salesOrders", {**WITH_LINES, "$filter": f"number eq {text(one.number)}"}) for one in made
        ]
        found = []
        for one, answer in zip(made, self._client.try_batch(requests), strict=True):
            # The orders are made: what concerns the reading must not look as if nothing had been done.
            if answer.error is not None or not answer.rows:
                results[one.number] = _unread(one, answer.error)
            else:
                found.append((one, answer.rows[0]))
        return found

    def _mending(self, one: Made, order: Any) -> Request | None:
        present = self.rounding_of(order)
        line = lines.rounding_line(
            record=one.record,
            wanted=one.draft.order.total,
            computed=Decimal(order["totalAmountIncludingTax"]),
            base=one.draft.order.rounding.amount,
            present=Decimal(present["unitPrice"]) if present else _NOTHING,
            figures=_figures(one, order),
            settings=self._settings,
        )
        if line is None:
            return None
        if present is None:
            return Request("POST", f"salesOrders({one.id})/salesOrderLines", body=line.payload(), record=one.record)
        path = f"salesOrderLines({present['id']})"
        etag = present["@odata.etag"]  # type: ignore[typeddict-item]
        if not line.unit_price:
            return Request("DELETE", path, etag=etag, record=one.record)
        return Request("PATCH", path, body={"unitPrice": line.unit_price}, etag=etag, record=one.record)

    def _still_off(self, one: Made, order: Any) -> SyncError | None:
        """Tax on the rounding line, say, moves the total again."""
        computed = Decimal(order["totalAmountIncludingTax"])
        if computed == one.draft.order.total.rounded().amount:
            return None
        return Rejected(
            "total-differs",
            system=SYSTEM,
            record=one.record,
            what=f"With its rounding line Business Central still computes {computed}: {_figures(one, order)}.",
            next_step="Give `tax_codes` a code for 0 % that charges nothing, for the rounding line; then replay.",
        )


def _figures(one: Made, order: Any) -> str:
    goods = ", ".join(f"{line['lineObjectNumber']} {line['amountIncludingTax']}" for line in order["salesOrderLines"])
    return (
        f"its lines with tax are {goods}, net {order['totalAmountExcludingTax']} + tax {order['totalTaxAmount']}; "
        f"the store's {lines.figures_of(one.draft.order)}"
    )


def _unread(one: Made, error: SyncError | None) -> Transient:
    why = error.problem.what if error else "It was not found."
    return Transient(
        "total-not-verified",
        system=SYSTEM,
        record=one.record,
        what=f"Sales order {one.number} is made, but its total could not be read. {why}",
        retry_after_seconds=error.retry_after_seconds if isinstance(error, Transient) else None,
    )


def by_number(
    client: BusinessCentral, entity: str, field: str, numbers: Sequence[str], params: Mapping[str, str]
) -> list[Any]:
    """All records of an entity that belong to the sales orders of these numbers."""
    requests = [Request("GET", entity, {**params, "$filter": some}) for some in one_of(field, numbers)]
    return [row for answer in client.batch(requests) for row in answer.rows]
