"""`erpsync stock`: what was set in stores, what waits for a person, and what is not counted."""

from typing import Annotated

import typer

from erpsync.cli import ledger, output, pushes
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson
from erpsync.domain.ids import ConnectionName
from erpsync.ledger import stock
from erpsync.ledger.pushes import PushKind


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
    erp: Annotated[str, typer.Argument(metavar="ERP", help="The ERP's connection.")],
    store: Annotated[str, typer.Argument(metavar="STORE", help="The store's connection.")],
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
    if as_json:
        output.document(found)
        return
    if not any(found.values()):
        output.line("Each SKU that either side tells of is one variant in the store and known to the ERP.")
        return
    for why, skus in found.items():
        if skus:
            output.heading(f"{why[0].upper()}{why[1:]}" + (f" (the first {limit})" if len(skus) == limit else ""))
            output.line(", ".join(skus))


GROUP = Group(
    "stock",
    """What was set in stores, and what waits for a person.

    \b
    Examples:
      erpsync stock list
      erpsync stock plan 12
      erpsync stock apply 12
    """,
    {"list": list_pushes, "plan": plan, "apply": apply, "undo": undo, "unknown": unknown},
)
