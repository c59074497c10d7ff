"""How the lines of an existing sales order become those that are wanted, with as few changes as may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from erpsync.systems.dynamics.wire import Row, SalesLine

_NOTHING = Decimal(0)
_COMPARED = ("quantity", "unitPrice", "discountAmount", "taxCode")


@dataclass(frozen=True)
class Change:
    """One line to be added (POST, without `line`), changed (PATCH) or removed (DELETE)."""

    method: str
    line: Row | None
    body: Mapping[str, Any] | None


def changes(order: Row, wanted: Sequence[SalesLine]) -> list[Change]:
    """Removals come last, so that an order is never without lines."""
    left = [line for line in order["salesOrderLines"] if line["lineType"] in ("Item", "Account")]
    result: list[Change] = []
    for want in wanted:
        line = _first(left, want)
        if line is None:
            result.append(Change("POST", None, cast(Row, want)))
            continue
        left.remove(line)
        different = {name: want[name] for name in _COMPARED if line.get(name) != want[name]}  # type: ignore[literal-required]
        if different:
            result.append(Change("PATCH", line, different))
    return result + [Change("DELETE", line, None) for line in left]


def exceeding(order: Row, wanted: Sequence[SalesLine]) -> list[str]:
    """The items of which more has been shipped or invoiced than is now wanted."""
    kept: dict[str, Decimal] = {}
    for want in wanted:
        item = want.get("itemId", "")
        kept[item] = kept.get(item, _NOTHING) + want["quantity"]
    gone: dict[str, tuple[str, Decimal]] = {}
    for line in order["salesOrderLines"]:
        if line["lineType"] == "Item":
            _, before = gone.get(line["itemId"], ("", _NOTHING))
            gone[line["itemId"]] = (line["lineObjectNumber"], before + _gone(line))
    return [number for item, (number, quantity) in gone.items() if quantity > kept.get(item, _NOTHING)]


def moved(order: Row) -> bool:
    """Something of the order has been shipped or invoiced."""
    return any(_gone(line) for line in order["salesOrderLines"])


def _gone(line: Row) -> Decimal:
    return max(Decimal(line.get("shippedQuantity") or 0), Decimal(line.get("invoicedQuantity") or 0))


def _first(lines: Sequence[Row], want: SalesLine) -> Row | None:
    """The line of the same item or account; among several, one of the same quantity first."""
    same = [line for line in lines if _object(line) == (want.get("itemId") or want.get("accountId"))]
    return next((line for line in same if line["quantity"] == want["quantity"]), same[0] if same else None)


def _object(line: Row) -> str:
    return str(line["itemId"] if line["lineType"] == "Item" else line["accountId"])
