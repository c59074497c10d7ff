"""A route's rules for single SKUs, and its kits, as its files have them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import Connection, delete, insert

from erpsync.domain.ids import ConnectionName
from erpsync.ledger.tables_stock import stock_kits, stock_rules

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Rule:
    """Of a SKU at one of the store's locations, empty for all of them. `safety` None: the route's; `unlimited`: it is not
    counted; `preorder` units more than there are may be sold; `pack` of the ERP's units make one of the store's."""

    sku: str
    location: str = ""
    safety: Decimal | None = None
    unlimited: bool = False
    preorder: Decimal = Decimal(0)
    pack: Decimal = Decimal(1)


@dataclass(frozen=True)
class Component:
    """So many of `component` are in one kit `sku`."""

    sku: str
    component: str
    quantity: Decimal


def replace(
    connection: Connection,
    erp: ConnectionName,
    store: ConnectionName,
    rules: Iterable[Rule],
    kits: Iterable[Component],
) -> None:
    """These instead of what there was. Of two rows for one thing the later counts."""
    ends = {"erp": erp, "store": store}
    for table, rows in (
        (stock_rules, {(rule.sku, rule.location): asdict(rule) for rule in rules}),
        (stock_kits, {(part.sku, part.component): asdict(part) for part in kits}),
    ):
        connection.execute(delete(table).where(table.c.erp == erp, table.c.store == store))
        values = [ends | row for row in rows.values()]
        for start in range(0, len(values), _ROWS_AT_ONCE):
            connection.execute(insert(table), values[start : start + _ROWS_AT_ONCE])
