"""`erpsync products`: how an ERP's products and a store's belong together."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from erpsync import bootstrap, questions
from erpsync.bootstrap import Assembly
from erpsync.cli import ledger, output, person, wake
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson
from erpsync.config import Route
from erpsync.domain.errors import SyncError
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.engine import operations
from erpsync.flows.product_matches import Found, Row


def match(
    connection: Annotated[
        str, typer.Option("--connection", metavar="NAME", help="Only routes of this store or ERP.", show_default=False)
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="List what is matched, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which SKUs of an ERP and a store belong together, which do not, and which are ambiguous.

    Reads both catalogues whole and writes to neither: run it before a route gets the flow "products". Only what is spelt
    alike is taken for the same. What is ambiguous is left alone until a person has settled it; then exit code 1.

    \b
    Examples:
      erpsync products match
      erpsync products match --connection shop --all
      erpsync products match --json
    """
    assembly = bootstrap.configured(pool_size=2)
    try:
        found = [(route, _rows(assembly, route)) for route in _chosen(assembly, connection)]
    finally:
        assembly.database.dispose()
    if as_json:
        output.document({"routes": [_document(route, rows, everything) for route, rows in found]})
    else:
        for route, rows in found:
            _show(route, rows, everything)
    if any(_is_not_well(rows) for _, rows in found):
        raise typer.Exit(ExitCode.NOT_WELL)


def forget(
    erp: Annotated[str, typer.Argument(metavar="ERP", help="The ERP's connection.")],
    store: Annotated[str, typer.Argument(metavar="STORE", help="The store's connection.")],
    product_id: Annotated[str, typer.Argument(metavar="PRODUCT_ID", help="The product's id in the ERP.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget which product of a store one of the ERP's is.

    And its variants. For one that was deleted in the store, or is linked to the wrong one: its next change in the ERP, or
    a replay, finds it by its SKUs or makes it anew. Changes nothing in the store or the ERP. Asks before it does so.

    \b
    Examples:
      erpsync products forget erp shop 4711
      erpsync products forget erp shop 4711 --yes --json
    """
    person.agree(f"Forget which product of {store} the product {product_id} of {erp} is?", yes=yes)
    with ledger.opened() as assembly:
        forgotten = operations.forget_product(
            assembly.runtime(wake.Announcer(None)),
            ConnectionName(erp),
            ConnectionName(store),
            SourceId(product_id),
            person.actor(),
        )
    if as_json:
        output.document({"forgotten": forgotten})
        return
    was = f"was product {forgotten.store_product_id} of {store}, with {forgotten.variants} linked variants"
    output.line(f"Forgot product {product_id} of {erp}: it {was}.")
    output.note("Its next change finds it by its SKUs or makes it anew; `erpsync dead replay` does so at once.")


def _chosen(assembly: Assembly, asked: str) -> list[Route]:
    found = [route for route in assembly.settings.routes if asked in ("", route.source, route.target)]
    if not found:
        there = sorted({name for route in assembly.settings.routes for name in (route.source, route.target)})
        raise WrongUsage(f"No route has such a connection; there are: {', '.join(there) or 'none'}.")
    return found


def _rows(assembly: Assembly, route: Route) -> list[Row] | SyncError:
    """What an end cannot do is its route's answer, not that of the others."""
    try:
        return list(questions.match_products(assembly, route))
    except SyncError as error:
        return error


def _is_not_well(rows: list[Row] | SyncError) -> bool:
    return isinstance(rows, SyncError) or any(row.found in (Found.AMBIGUOUS, Found.UNREADABLE) for row in rows)


def _show(route: Route, rows: list[Row] | SyncError, everything: bool) -> None:
    output.heading(f"{route.target} to {route.source}")
    if isinstance(rows, SyncError):
        output.line(str(rows))
        return
    output.line(", ".join(f"{number} {found}" for found, number in _counts(rows).items()))
    shown = [row for row in rows if everything or row.found is not Found.MATCHED]
    if shown:
        output.line("")
        headings = ("FOUND", "SKU", "TITLE", "ERP PRODUCT", "STORE PRODUCT", "DETAIL")
        output.table(headings, _cells(shown))


def _cells(rows: Iterable[Row]) -> Iterable[tuple[str, ...]]:
    return ((row.found, row.sku, row.title, row.erp_product, row.store_product, row.detail) for row in rows)


def _document(route: Route, rows: list[Row] | SyncError, everything: bool) -> dict[str, object]:
    ends = {"erp": route.target, "store": route.source}
    if isinstance(rows, SyncError):
        return {**ends, "problem": rows.problem}
    return {
        **ends,
        "counts": _counts(rows),
        "rows": [row for row in rows if everything or row.found is not Found.MATCHED],
    }


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    counted = Counter(row.found for row in rows)
    return {found: counted[found] for found in Found if counted[found] or found is not Found.UNREADABLE}


GROUP = Group(
    "products",
    """See and settle which products belong together.

    \b
    Examples:
      erpsync products match
      erpsync products forget erp shop 4711
    """,
    {"match": match, "forget": forget},
)
