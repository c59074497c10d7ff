"""`erpsync stock`: what was set in stores, what waits for a person, and what is not counted."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from erpsync import bootstrap, questions
from erpsync.cli import ledger, output, pushes
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson, Cell
from erpsync.domain.ids import ConnectionName, Sku
from erpsync.flows.stock_explained import Explanation, Part
from erpsync.ledger import stock
from erpsync.ledger.pushes import PushKind

Erp = Annotated[str, typer.Argument(metavar="ERP", help="The ERP's connection.")]
Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's connection.")]


def list_pushes(store: pushes.Of = "", limit: pushes.Limit = pushes.ROWS, as_json: AsJson = False) -> None:
    """List pushes of stock, newest first.

    A push is one run of changes to a store, kept with what was there before. Those that changed nothing are left out.

    \b
    Examples:
      erpsync stock list
      erpsync stock list --connection shop --json
    """
    pushes.listed(PushKind.STOCK, store, limit, as_json=as_json)


def plan(run: pushes.Run, limit: pushes.Limit = pushes.ROWS, after: pushes.After = "", as_json: AsJson = False) -> None:
    """Show what a push does, or would do if it were applied.

    \b
    Examples:
      erpsync stock plan 12
      erpsync stock plan 12 --after SKU-0050
      erpsync stock plan 12 --limit 1000 --json
    """
    pushes.planned(PushKind.STOCK, run, limit, after, as_json=as_json)


def apply(run: pushes.Run, yes: pushes.Yes = False, as_json: AsJson = False) -> None:
    """Send a push that is held.

    The quantities are worked out again as they are sent, so that what was sold meanwhile is not handed back. Asks before
    it does so.

    \b
    Examples:
      erpsync stock apply 12
      erpsync stock apply 12 --yes
    """
    pushes.applied(PushKind.STOCK, run, yes=yes, as_json=as_json)


def undo(run: pushes.Run, yes: pushes.Yes = False, as_json: AsJson = False) -> None:
    """Take a push back.

    Sets what was there before, where nothing has changed it since. These SKUs are left alone then until the ERP tells
    something new of them. Asks before it does so.

    \b
    Examples:
      erpsync stock undo 12
      erpsync stock undo 12 --yes
    """
    pushes.undone(PushKind.STOCK, run, yes=yes, as_json=as_json)


def unknown(
    erp: Erp,
    store: Store,
    limit: pushes.Limit = pushes.ROWS,
    as_json: AsJson = False,
) -> None:
    """Show the SKUs whose stock is not synced.

    Because only one side has them, or because several variants of the store have the same.

    \b
    Examples:
      erpsync stock unknown erp shop
      erpsync stock unknown erp shop --limit 1000 --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        terms = stock.Terms(ConnectionName(erp), ConnectionName(store), ())
        found = stock.unknown(connection, terms, limit)
    nothing = "Each SKU that either side tells of is one variant in the store and known to the ERP."
    pushes.left_out(found, limit, nothing, as_json=as_json)


def explain(
    erp: Erp,
    store: Store,
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The SKU, spelt as the store and the ERP have it.")],
    as_json: AsJson = False,
) -> None:
    """Show why the store has the quantity of a SKU that it has.

    What the ERP holds, what is kept back, which sales the ERP has not seen, what comes out by the route's rules, and what
    the store has. From the ledger: neither the store nor the ERP is asked.

    \b
    Examples:
      erpsync stock explain erp shop SKU-0050
      erpsync stock explain erp shop SKU-0050 --json
    """
    assembly = bootstrap.configured(pool_size=1)
    try:
        found = questions.explain_stock(assembly, ConnectionName(erp), ConnectionName(store), Sku(sku))
    finally:
        assembly.database.dispose()
    if as_json:
        output.document(found)
    else:
        _show(found)


def _show(found: Explanation) -> None:
    if found.unsynced:
        output.line(f"{found.sku} is not synced from {found.erp} to {found.store}. {found.unsynced}", "bold")
    for place in found.places:
        output.heading(f"{place.location}: {place.quantity}")
        for step in place.steps:
            output.line(f"  {step}")
        output.line(f"  {place.note}")
    if found.places or found.left_alone:
        output.heading(f"What {found.store} has")
        output.table(("AT", "HAS", "LAST SET OR READ", "WHEN", "LAST PUSH"), _stood(found))
    for part in found.parts:
        output.heading(f"What {found.erp} holds of {part.sku}")
        output.table(("AT", "ON HAND", "RESERVED", "UNIT", "AS OF"), _held(part))
        if part.unseen:
            output.heading(f"Sold of {part.sku}, not in {found.erp}'s figures yet")
            output.table(("ORDER", "STORE", "STATE", "SKU", "SOLD", "ERP KNOWS", "TAKES", "SINCE"), _unseen(part))
    if found.changes:
        output.heading("What pushes did to it, the newest first")
        output.table(("RUN", "AT", "BEFORE", "THEN", "STATE", "WHEN", "NOTE"), _changes(found))


def _stood(found: Explanation) -> Iterator[Sequence[Cell]]:
    rows = [(place.location, place.has, place.told) for place in found.places]
    rows += [(row.location, row.quantity, row) for row in found.left_alone]
    for location, has, told in rows:
        as_told = (
            ("", "", "") if told is None else (_number(told.quantity), output.moment(told.at), _push(told.push_id))
        )
        yield (location, _number(has), *as_told)


def _held(part: Part) -> Iterator[Sequence[Cell]]:
    for level in part.levels:
        yield (level.location, f"{level.on_hand:f}", f"{level.reserved:f}", level.unit, output.moment(level.as_of))


def _unseen(part: Part) -> Iterator[Sequence[Cell]]:
    for one in part.unseen:
        sale = one.sale
        state = output.stated(sale.state or "")
        numbers = (f"{sale.quantity:f}", f"{sale.known_quantity:f}", f"{one.takes:f}")
        yield (sale.number or sale.source_id, sale.store, state, sale.sku, *numbers, output.moment(sale.since))


def _changes(found: Explanation) -> Iterator[Sequence[Cell]]:
    for change in found.changes:
        before = "" if change.before is None else f"{change.before:f}"
        state, when = output.stated(change.state), output.moment(change.at)
        yield (str(change.push_id), change.place, before, f"{change.after:f}", state, when, change.note)


def _number(quantity: int | None) -> str:
    return "" if quantity is None else str(quantity)


def _push(push_id: int | None) -> str:
    return "" if push_id is None else f"push {push_id}"


GROUP = Group(
    "stock",
    """See what stock was set in stores; settle what is held.

    \b
    Examples:
      erpsync stock list
      erpsync stock plan 12
      erpsync stock apply 12
    """,
    {"list": list_pushes, "plan": plan, "apply": apply, "undo": undo, "unknown": unknown, "explain": explain},
)
