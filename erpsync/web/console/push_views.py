"""The pages of pushes: what was set in stores, what waits for a person, and the step before a person decides."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from erpsync.domain.ids import ConnectionName
from erpsync.ledger import connections, pushes, reads
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.pushes import ChangeState, Push, PushKind, PushState
from erpsync.ports.spec import Role
from erpsync.web.console.views import Before, Id
from erpsync.web.console.visit import SEE_OTHER, OperatorOnly, Reader, Visit

Text = Annotated[str, Query(max_length=200)]

router = APIRouter(prefix="/console/pushes", include_in_schema=False)


@router.get("")
def every_push(
    visit: Reader,
    kind: Annotated[PushKind | Literal[""], Query()] = "",
    store: Text = "",
    before: Before = 0,
) -> Response:
    name = ConnectionName(store.replace("\0", ""))
    with visit.console.database.connect() as connection:
        rows = pushes.latest(connection, kind or None, reads.PAGE + 1, name or None, before)
        held = [] if before else [push for push in pushes.held(connection) if _is_asked_for(push, kind, name)]
        stores = [row.name for row in connections.everyone(connection) if row.role == Role.STORE]
    asked = {key: value for key, value in {"kind": str(kind), "store": name}.items() if value}
    return visit.page(
        "pushes.html",
        held=held,
        rows=[push for push in rows[: reads.PAGE] if push not in held],
        older=_address("", {**asked, "before": rows[reads.PAGE - 1].id}) if len(rows) > reads.PAGE else "",
        newest=_address("", asked) if before else "",
        asked=asked,
        kinds=[one.value for one in PushKind],
        stores=sorted({*stores, *([name] if name else [])}),
    )
