"""`/metrics`, for Prometheus: the ledger at a glance and the limits of the connections, in its text format
(https://prometheus.io/docs/instrumenting/exposition_formats/).

Whoever may sign in to the console may read them, by HTTP basic authentication; where nobody may, there is no such page.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.requests import Request
from starlette.responses import Response

from erpsync.engine.limits.records import Seen
from erpsync.ledger import reads
from erpsync.ledger.reads import Overview
from erpsync.web.console.visit import Console

router = APIRouter(include_in_schema=False)
_basic = HTTPBasic(realm="erpsync", auto_error=False)
_ASK = {"WWW-Authenticate": 'Basic realm="erpsync", charset="UTF-8"'}

Sample = tuple[Mapping[str, str], float]


@router.get("/metrics")
def metrics(request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> Response:
    console: Console = request.app.state.console
    _check(console, request, given)
    limits = console.assembly.limits
    with console.database.connect() as connection:
        glance = reads.overview(connection, console.assembly.clock.now())
        jobs = reads.jobs_by_flow(connection)
    seen = limits.look([row.name for row in glance.connections])
    lines = [*_of_ledger(glance, jobs), *_of_limits(seen, limits.is_shared())]
    return Response("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4; charset=utf-8")


def _check(console: Console, request: Request, given: HTTPBasicCredentials | None) -> None:
    """Raises HTTPException 401, or 429 for who tries passwords."""
    if given is None:
        raise HTTPException(401, "Give the name and password of an operator of the console.", _ASK)
    address = request.client.host if request.client else "?"
    wait = console.throttle.attempt(given.username, address)
    if wait > 0:
        raise HTTPException(429, "Too many attempts.", {"Retry-After": str(int(wait) + 1)})
    if console.accounts.sign_in({}, given.username, given.password) is None:
        raise HTTPException(401, "The name or the password is wrong.", _ASK)
    console.throttle.forget(given.username, address)


def _of_ledger(glance: Overview, jobs: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    counts = [({"flow": flow, "state": state}, float(n)) for flow, state, n in jobs]
    yield from _family("jobs", "gauge", "Jobs of the ledger.", counts)
    inbox = [({"state": state}, float(n)) for state, n in glance.inbox.items()]
    yield from _family("inbox", "gauge", "Deliveries of stores.", inbox)
    yield from _family("dead_letters", "gauge", "Open dead letters.", [({}, glance.dead_letters)])
    yield from _family("oldest_due_seconds", "gauge", "Age of the oldest due job.", [({}, glance.oldest_due_seconds)])
    paused = [({"connection": row.name}, float(row.paused_at is not None)) for row in glance.connections]
    yield from _family("connection_paused", "gauge", "1 while the connection is paused.", paused)


def _of_limits(limits: Mapping[str, Seen], is_shared: bool) -> Iterator[str]:
    yield from _family("limits_shared", "gauge", "0 while workers limit themselves without Redis.", [({}, is_shared)])
    buckets = [
        ({"connection": name, "operation": operation}, bucket)
        for name, seen in limits.items()
        for operation, bucket in seen.buckets.items()
    ]
    for metric, text, values in (
        (
            "limit_tokens",
            "What may be asked at once; below zero: what others wait for.",
            [b.tokens for _, b in buckets],
        ),
        ("limit_rate", "Tokens that come back a second.", [b.per_second for _, b in buckets]),
        ("limit_rate_configured", "Of these, without throttles.", [b.configured_per_second for _, b in buckets]),
    ):
        yield from _family(metric, "gauge", text, zip((labels for labels, _ in buckets), values, strict=True))
    for metric, kind, text, field in (
        ("limit_in_flight", "gauge", "Requests under way.", "in_flight"),
        ("limit_slots", "gauge", "Requests that may be under way; 0: any number.", "slots"),
        ("limit_wait_seconds", "gauge", "How long nothing is asked of the connection.", "waits_seconds"),
        ("limit_throttles_total", "counter", "Answers that asked for fewer requests.", "throttles"),
        ("limit_pauses_total", "counter", "Calls that paused for their place.", "pauses"),
        ("limit_paused_seconds_total", "counter", "How long they paused.", "paused_seconds"),
        ("limit_put_back_total", "counter", "Calls put back, to be made later.", "put_back"),
    ):
        samples = [({"connection": name}, float(getattr(seen, field))) for name, seen in limits.items()]
        yield from _family(metric, kind, text, samples)


def _family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP erpsync_{name} {text}"
    yield f"# TYPE erpsync_{name} {kind}"
    for labels, value in samples:
        told = ",".join(f'{label}="{_escaped(each)}"' for label, each in labels.items())
        yield f"erpsync_{name}{{{told}}} {float(value):.15g}" if told else f"erpsync_{name} {float(value):.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
