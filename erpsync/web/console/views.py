"""The pages that show. They read from the ledger and change nothing."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Path, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from erpsync.domain.states import JobState
from erpsync.flows.table import FLOWS
from erpsync.ledger import backfills, inbox, pushes, reads
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.pushes import Push
from erpsync.web.console.visit import Console, OperatorOnly, Reader

# PostgreSQL's bigint: a larger number is no row's.
MAX_ID = 2**63 - 1
# On the overview: enough to see what kind of trouble there is.
NEWEST = 5
READ_AT_ONCE = 500
REPLAYABLE = frozenset({JobState.DEAD, JobState.DISCARDED, JobState.SKIPPED, JobState.DONE})

Id = Annotated[int, Path(ge=1, le=MAX_ID)]
Before = Annotated[int, Query(ge=0, le=MAX_ID)]

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/style.css")
def style(request: Request) -> Response:
    console: Console = request.app.state.console
    return console.pages.style()


@router.get("")
@router.get("/")
def overview(visit: Reader) -> Response:
    now = visit.console.assembly.clock.now()
    with visit.console.database.connect() as connection:
        glance = reads.overview(connection, now)
        refusals = reads.refusals(connection)
        held = pushes.held(connection)
        letters = reads.dead_letters(connection, limit=NEWEST + len(held))
        under_way = backfills.everyone(connection, only_open=True)
    paused = [row for row in glance.connections if row.paused_at is not None]
    limits = visit.console.assembly.limits
    told = _held_by_letter(held, letters)
    seen = limits.look([row.name for row in glance.connections])
    return visit.page(
        "overview.html",
        limits=seen,
        limits_are_shared=limits.is_shared(),
        glance=glance,
        paused=paused,
        refusals=refusals,
        held=held,
        letters=[letter for letter in letters if letter.id not in told][:NEWEST],
        backfills=under_way,
        now=now,
        states=[state.value for state in JobState],
    )


@router.get("/jobs")
def jobs(
    visit: Reader,
    state: Annotated[JobState | Literal[""], Query()] = "",
    flow: Annotated[str, Query(max_length=50)] = "",
    search: Annotated[str, Query(max_length=200)] = "",
    before: Before = 0,
) -> Response:
    # PostgreSQL's text holds no NUL, so that none is found by one.
    flow, search = flow.replace("\0", ""), search.strip().replace("\0", "")
    with visit.console.database.connect() as connection:
        rows = reads.jobs(connection, state=state, flow=flow, search=search, before=before, limit=reads.PAGE + 1)
    asked = {key: value for key, value in {"state": str(state), "flow": flow, "search": search}.items() if value}
    return visit.page(
        "jobs.html",
        rows=rows[: reads.PAGE],
        older=address("/console/jobs", {**asked, "before": rows[reads.PAGE - 1].id}) if len(rows) > reads.PAGE else "",
        newest=address("/console/jobs", asked) if before else "",
        asked=asked,
        states=[state.value for state in JobState],
        flows=sorted({*FLOWS, *([flow] if flow else [])}),
    )


@router.get("/jobs/{job_id}")
def job(visit: Reader, job_id: Id) -> Response:
    with visit.console.database.connect() as connection:
        row = reads.job(connection, job_id)
        if row is None:
            raise HTTPException(404, f"There is no job {job_id}.")
        runs = reads.runs(connection, job_id)
        deliveries = reads.deliveries(connection, row.source, row.source_id)
        letters = reads.dead_letters_of(connection, job_id)
    return visit.page(
        "job.html",
        job=row,
        runs=runs,
        deliveries=deliveries,
        letters=letters,
        open_letter=_open(letters),
        replayable=row.state in REPLAYABLE,
    )


@router.get("/dead-letters")
def dead_letters(
    visit: Reader,
    show: Literal["open", "closed"] = "open",
    code: Annotated[str, Query(max_length=100)] = "",
    before: Before = 0,
) -> Response:
    closed = show == "closed"
    with visit.console.database.connect() as connection:
        rows = list(islice(_letters(connection, closed, code, before), reads.PAGE + 1))
        held = pushes.held(connection)
    asked = {key: value for key, value in {"show": show if closed else "", "code": code}.items() if value}
    shown = rows[: reads.PAGE]
    return visit.page(
        "dead_letters.html",
        rows=shown,
        held=_held_by_letter(held, shown),
        closed=closed,
        code=code,
        replayable=[letter.id for letter in shown if _can_replay(letter)],
        older=address("/console/dead-letters", {**asked, "before": rows[reads.PAGE - 1].id})
        if len(rows) > reads.PAGE
        else "",
        newest=address("/console/dead-letters", asked) if before else "",
    )


@router.get("/dead-letters/{letter_id}")
def dead_letter(visit: Reader, letter_id: Id) -> Response:
    with visit.console.database.connect() as connection:
        letter = reads.dead_letter(connection, letter_id)
        if letter is None:
            raise HTTPException(404, f"There is no dead letter {letter_id}.")
        delivery = reads.delivery(connection, letter.inbox_id) if letter.inbox_id is not None else None
        job = reads.job(connection, letter.job_id) if letter.job_id is not None else None
        others = reads.dead_letters_of(connection, letter.job_id) if letter.job_id is not None else []
        held = pushes.held(connection)
    return visit.page(
        "dead_letter.html",
        letter=letter,
        delivery=delivery,
        job=job,
        push=_held_by_letter(held, [letter]).get(letter.id),
        open_letter=_open(others),
        replayable=_can_replay(letter),
    )


@router.get("/dead-letters/{letter_id}/body")
def delivery_body(visit: OperatorOnly, letter_id: Id) -> Response:
    """The delivery as it came, as a file: a browser neither shows nor runs it."""
    with visit.console.database.connect() as connection:
        letter = reads.dead_letter(connection, letter_id)
        inbox_id = letter.inbox_id if letter is not None else None
        bodies = inbox.body_of(connection, [inbox_id]) if inbox_id is not None else {}
    if inbox_id is None or inbox_id not in bodies:
        raise HTTPException(404, f"Dead letter {letter_id} has no delivery that is still kept.")
    attachment = {"Content-Disposition": f'attachment; filename="delivery-{inbox_id}.txt"'}
    return Response(bodies[inbox_id], media_type="text/plain; charset=utf-8", headers=attachment)


def _letters(connection: Connection, closed: bool, code: str, before: int) -> Iterator[DeadLetter]:
    """Newest first, all or those with that code, read as far as they are asked for."""
    at_once = READ_AT_ONCE if code else reads.PAGE + 1
    while page := reads.dead_letters(connection, closed=closed, before=before, limit=at_once):
        yield from (letter for letter in page if code in ("", letter.code))
        before = page[-1].id


def _open(letters: Sequence[DeadLetter]) -> DeadLetter | None:
    return next((letter for letter in letters if letter.closed_at is None), None)


def _held_by_letter(held: Sequence[Push], letters: Sequence[DeadLetter]) -> dict[int, Push]:
    """The push that each of these dead letters tells of, where there is one."""
    by_letter = {push.letter: push for push in held}
    told = {letter.id: (letter.subject, letter.code) for letter in letters if letter.closed_at is None}
    return {letter_id: by_letter[said] for letter_id, said in told.items() if said in by_letter}


def _can_replay(letter: DeadLetter) -> bool:
    return letter.closed_at is None and (letter.job_id is not None or letter.inbox_id is not None)


def address(path: str, asked: Mapping[str, object]) -> str:
    """The page with what is asked of it."""
    return f"{path}?{urlencode(asked)}" if asked else path
