"""The pages of stock: what is not synced on a route and what its count goes by, and why one SKU has what it has."""

from fastapi import APIRouter, HTTPException
from starlette.responses import RedirectResponse, Response

from erpsync import questions
from erpsync.domain.ids import ConnectionName, Sku
from erpsync.engine.operations import NotPossible
from erpsync.flows.stock import settled_before
from erpsync.ledger import reads, stock
from erpsync.ledger.stock import Terms
from erpsync.web.console.push_views import Text
from erpsync.web.console.visit import SEE_OTHER, Reader

STOCK = "/console/stock"
# Rows are counted up to here. How many more there are is nothing that anybody works through by hand.
MOST = 1_000

router = APIRouter(prefix=STOCK, include_in_schema=False)


@router.get("")
def routes(visit: Reader) -> Response:
    found = [(route.target, route.source) for route in questions.stock_routes(visit.console.assembly)]
    if len(found) == 1:
        [(erp, store)] = found
        return RedirectResponse(f"{STOCK}/{erp}/{store}", SEE_OTHER)
    return visit.page("stock_routes.html", routes=found)


@router.get("/{erp}/{store}")
def route(visit: Reader, erp: str, store: str) -> Response:
    if (erp, store) not in [(one.target, one.source) for one in questions.stock_routes(visit.console.assembly)]:
        raise HTTPException(404, f"No route of the configuration takes stock from {erp} to {store}.")
    terms = Terms(ConnectionName(erp), ConnectionName(store), ())
    now = visit.console.assembly.clock.now()
    with visit.console.database.connect() as connection:
        unknown = stock.unknown(connection, terms, MOST + 1)
        doubted = reads.doubted(connection, terms.store, settled_before(connection, terms.store, now), MOST + 1)
        sales = reads.open_sales(connection, terms.erp, MOST + 1)
    return visit.page(
        "stock.html",
        erp=erp,
        store=store,
        unknown=unknown,
        doubted=doubted,
        sales=sales,
        most=MOST,
        shown=reads.PAGE,
    )


@router.get("/{erp}/{store}/sku")
def one_sku(visit: Reader, erp: str, store: str, sku: Text = "") -> Response:
    sku = sku.strip().replace("\0", "")
    if not sku:
        return RedirectResponse(f"{STOCK}/{erp}/{store}", SEE_OTHER)
    try:
        found = questions.explain_stock(visit.console.assembly, ConnectionName(erp), ConnectionName(store), Sku(sku))
    except NotPossible as error:
        raise HTTPException(404, str(error)) from error
    return visit.page("stock_sku.html", erp=erp, store=store, found=found)
