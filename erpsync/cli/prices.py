"""`erpsync prices`: what was set in stores, what waits for a person or for a promotion's end, and what is left out."""

from collections.abc import Sequence
from typing import Annotated

import typer

from erpsync.cli import ledger, output, pushes
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson, Cell
from erpsync.domain.ids import ConnectionName
from erpsync.engine.operations import NotPossible
from erpsync.flows import price_terms
from erpsync.ledger import prices, staged_prices
from erpsync.ledger.pushes import PushKind
from erpsync.ledger.staged_prices import StagedPrice


def list_pushes(store: pushes.Of = "", limit: pushes.Limit = pushes.ROWS, as_json: AsJson = False) -> None:
    """List pushes of prices, newest first.

    A push is one run of changes to a store, kept with what was there before. Prices that would fall too far wait in a push
    that is held, beside which the others go on.

    \b
    Examples:
      erpsync prices list
      erpsync prices list --connection shop --json
    """
    pushes.listed(PushKind.PRICES, store, limit, as_json=as_json)


def plan(run: pushes.Run, limit: pushes.Limit = pushes.ROWS, after: pushes.After = "", as_json: AsJson = False) -> None:
    """Show what a push does, or would do if it were applied.

    Where it says AT, there is the store's price list; nothing means its base prices.

    \b
    Examples:
      erpsync prices plan 12
      erpsync prices plan 12 --after SKU-0050
      erpsync prices plan 12 --limit 1000 --json
    """
    pushes.planned(PushKind.PRICES, run, limit, after, as_json=as_json)


def apply(run: pushes.Run, yes: pushes.Yes = False, as_json: AsJson = False) -> None:
    """Send a push that is held.

    Each price as `plan` shows it: where the ERP has told another one since, that one is planned anew. Asks before it does
    so.

    \b
    Examples:
      erpsync prices apply 12
      erpsync prices apply 12 --yes
    """
    pushes.applied(PushKind.PRICES, run, yes=yes, as_json=as_json)


def undo(run: pushes.Run, yes: pushes.Yes = False, as_json: AsJson = False) -> None:
    """Take a push back.

    Sets what was there before, where nothing has changed it since and no promotion stands in the way. These prices are left
    alone then until the ERP tells something new of them. Asks before it does so.

    \b
    Examples:
      erpsync prices undo 12
      erpsync prices undo 12 --yes
    """
    pushes.undone(PushKind.PRICES, run, yes=yes, as_json=as_json)


def staged(
    store: Annotated[str, typer.Option("--connection", help="Only prices of this store.", show_default=False)] = "",
    limit: pushes.Limit = pushes.ROWS,
    after: pushes.After = "",
    as_json: AsJson = False,
) -> None:
    """List the base prices that wait for a promotion to end.

    The store cannot hold them beside the promotion, which is never touched. They are set by themselves once it is over.

    \b
    Examples:
      erpsync prices staged
      erpsync prices staged --connection shop --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        found = staged_prices.listed(connection, limit + 1, ConnectionName(store) if store else None, after)
    # `--after` names a SKU, which may wait at several places: none of it may be left behind.
    skus = list(dict.fromkeys(one.sku for one in found))[:limit]
    shown = [one for one in found if one.sku in skus]
    more = len(found) > len(shown)
    if as_json:
        output.document({"staged": shown, "more": more})
    elif not shown:
        output.line("No base price waits for a promotion to end.")
    else:
        output.table(("SKU", "STORE", "AT", "PRICE", "UNTIL", "SINCE"), map(_row, shown))
        if more:
            output.note(f"These are the first {limit} SKUs; `--after {shown[-1].sku}` shows more, and so does --limit.")


def unsynced(
    erp: Annotated[str, typer.Argument(metavar="ERP", help="The ERP's connection.")],
    store: Annotated[str, typer.Argument(metavar="STORE", help="The store's connection.")],
    limit: pushes.Limit = pushes.ROWS,
    as_json: AsJson = False,
) -> None:
    """Show the SKUs whose prices are not synced, and why.

    \b
    Examples:
      erpsync prices unsynced erp shop
      erpsync prices unsynced erp shop --limit 1000 --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        terms = price_terms.last_terms(connection, ConnectionName(erp), ConnectionName(store))
        if terms is None:
            raise NotPossible(f"No prices have been taken from {erp} to {store} yet.")
        found = prices.unsynced(connection, terms, limit)
    pushes.left_out(found, limit, "The price of each SKU of either side is synced.", as_json=as_json)


def _row(price: StagedPrice) -> Sequence[Cell]:
    until = output.moment(price.until) if price.until else "it ends"
    return (
        price.sku,
        price.store,
        price.place,
        f"{price.price:f} {price.currency}",
        until,
        output.moment(price.since),
    )


GROUP = Group(
    "prices",
    """See what prices were set in stores; settle those held.

    \b
    Examples:
      erpsync prices list
      erpsync prices plan 12
      erpsync prices staged
    """,
    {"list": list_pushes, "plan": plan, "apply": apply, "undo": undo, "staged": staged, "unsynced": unsynced},
)
