"""The pages of pushes: what was set in stores, what waits for a person, and the step before a person decides."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from erpsync.domain.ids import ConnectionName
from erpsync.engine import pushes as pushing
from erpsync.ledger import connections, pushes, reads
from erpsync.ledger.pushes import ChangeState, Push, PushChange, PushKind, PushState
from erpsync.ports.spec import Role
from erpsync.web.console.views import Before, Id, address
from erpsync.web.console.visit import SEE_OTHER, OperatorOnly, Reader, Visit

PUSHES = "/console/pushes"
# Longer than any SKU, place or name.
Text = Annotated[str, Query(max_length=500)]

router = APIRouter(prefix=PUSHES, include_in_schema=False)


@router.get("")
def every_push(
    visit: Reader, kind: Annotated[PushKind | Literal[""], Query()] = "", store: Text = "", before: Before = 0
) -> Response:
    store = store.replace("\0", "")
    with visit.console.database.connect() as connection:
        rows = pushes.latest(connection, kind or None, reads.PAGE + 1, ConnectionName(store) if store else None, before)
        held = [] if before else pushes.held(connection)
        names = {row.name for row in connections.everyone(connection) if row.role == Role.STORE}
    asked = {key: value for key, value in {"kind": str(kind), "store": store}.items() if value}
    return visit.page(
        "pushes.html",
        held=[push for push in held if kind in ("", push.kind) and store in ("", push.store)],
        rows=[push for push in rows[: reads.PAGE] if push.state is not PushState.HELD],
        older=address(PUSHES, {**asked, "before": rows[reads.PAGE - 1].id}) if len(rows) > reads.PAGE else "",
        newest=address(PUSHES, asked) if before else "",
        asked=asked,
        kinds=[one.value for one in PushKind],
        stores=sorted({*names, store} - {""}),
    )


@router.get("/{push_id}")
def one_push(
    visit: Reader,
    push_id: Id,
    state: Annotated[ChangeState | Literal[""], Query()] = "",
    sku: Text = "",
    place: Text = "",
) -> Response:
    """`sku` and `place` are the last change of the page before."""
    after = (sku.replace("\0", ""), place.replace("\0", ""))
    with visit.console.database.connect() as connection:
        push = _existing(connection, push_id)
        tally = pushes.tally(connection, push_id)
        changes = pushes.changes(connection, push_id, reads.PAGE + 1, after, state or None)
        taken_back_by = pushes.taken_back_by(connection, push_id)
    here, asked = f"{PUSHES}/{push_id}", {"state": str(state)} if state else {}
    return visit.page(
        "push.html",
        push=push,
        tally=sorted(tally.items()),
        changes=changes[: reads.PAGE],
        taken_back_by=taken_back_by,
        state=state,
        first=address(here, asked) if sku else "",
        following=_following(here, asked, changes),
    )


@router.get("/{push_id}/confirm-apply")
def ask_to_apply(visit: OperatorOnly, push_id: Id) -> Response:
    return _ask(visit, push_id, PushState.HELD, "push_apply.html")


@router.get("/{push_id}/confirm-undo")
def ask_to_undo(visit: OperatorOnly, push_id: Id) -> Response:
    return _ask(visit, push_id, PushState.DONE, "push_undo.html")


def _ask(visit: Visit, push_id: int, state: PushState, template: str) -> Response:
    """The step before a person decides. A push that is in another state by now is shown instead."""
    with visit.console.database.connect() as connection:
        push = _existing(connection, push_id)
        tally = pushes.tally(connection, push_id)
        seen = pushing.look(connection, push)
    if push.state is not state:
        return RedirectResponse(f"{PUSHES}/{push_id}", SEE_OTHER)
    return visit.page(template, push=push, tally=sorted(tally.items()), seen=seen)


def _existing(connection: Connection, push_id: int) -> Push:
    push = pushes.get(connection, push_id)
    if push is None:
        raise HTTPException(404, f"There is no push {push_id}, or no longer.")
    return push


def _following(here: str, asked: dict[str, str], changes: list[PushChange]) -> str:
    if len(changes) <= reads.PAGE:
        return ""
    last = changes[reads.PAGE - 1]
    return address(here, {**asked, "sku": last.sku, "place": last.place})
