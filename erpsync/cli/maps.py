"""`erpsync map`: what an order becomes on its way, without sending it."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import simplejson
import typer

from erpsync import bootstrap, mapping, questions
from erpsync.bootstrap import Assembly
from erpsync.cli import output
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.flows.preview import Preview
from erpsync.ledger import inbox, reads


@dataclass(frozen=True)
class _Subject:
    """The order asked for: where it comes from and goes to, and its newest delivery that is still kept."""

    source: ConnectionName
    target: ConnectionName
    source_id: SourceId
    body: bytes | None


def preview(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's number, or its id in the store.")],
    source: Annotated[
        str, typer.Option("--from", metavar="STORE", help="The store's connection.", show_default=False)
    ] = "",
    target: Annotated[str, typer.Option("--to", metavar="ERP", help="The ERP's connection.", show_default=False)] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read the order from the store, even where a delivery of it is kept.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an order as the store, erpsync and the ERP have it.

    Side by side, and nothing is written anywhere: this is how fields, lookup tables and charges are tried out. The order
    may be one that is already synced, or one that is a dead letter. Exit code 1 where the ERP would not get it; then the
    reason is shown.

    \b
    Examples:
      erpsync map preview 1001
      erpsync map preview 1001 --to erp --fresh
      erpsync map preview 450789469 --from shop --json
    """
    assembly = bootstrap.configured(pool_size=1)
    try:
        subject = _find(assembly, order, source, target)
        body = None if fresh else subject.body
        shown = questions.preview_order(assembly, subject.source, subject.target, subject.source_id, body)
    finally:
        assembly.database.dispose()
    if as_json:
        _document(subject, body, shown)
    else:
        _side_by_side(assembly, subject, body, shown)
    if shown.problem is not None:
        raise typer.Exit(ExitCode.NOT_WELL)


def _find(assembly: Assembly, order: str, source: str, target: str) -> _Subject:
    with assembly.database.connect() as connection:
        jobs = [
            job
            for job in reads.jobs(connection, flow="orders", search=order)
            if source in ("", job.source) and target in ("", job.target)
        ]
        places = {(ConnectionName(job.source), ConnectionName(job.target), SourceId(job.source_id)) for job in jobs}
        if not places:
            # An order that no delivery has told of yet can still be read from the store, by its id there.
            places = {
                (route.source, route.target, SourceId(order))
                for route in assembly.settings.routes
                if "orders" in route.flows and source in ("", route.source) and target in ("", route.target)
            }
        if len(places) != 1:
            raise WrongUsage(_which(order, sorted(places)))
        [(place_source, place_target, source_id)] = places
        kept = reads.deliveries(connection, place_source, source_id)
        bodies = inbox.body_of(connection, [kept[0].id]) if kept else {}
    return _Subject(place_source, place_target, source_id, next(iter(bodies.values()), None))


def _which(order: str, places: list[tuple[ConnectionName, ConnectionName, SourceId]]) -> str:
    if not places:
        return (
            "No route takes orders between these connections; `[[routes]]` in the configuration says which there are."
        )
    ways = ", ".join(f"--from {source} --to {target}" for source, target, _ in places)
    return f"Order {order} has several ways to go; say which is meant: {ways}."


def _document(subject: _Subject, body: bytes | None, shown: Preview) -> None:
    problem = shown.problem
    output.document(
        {
            "from": subject.source,
            "to": subject.target,
            "source_id": subject.source_id,
            "source": _json(body),
            "canonical": json.loads(shown.order.model_dump_json()),
            "erp": shown.payload,
            "problem": problem and {"code": problem.code, "what": problem.what, "next_step": problem.next_step},
            "notes": list(shown.notes),
        }
    )


def _side_by_side(assembly: Assembly, subject: _Subject, body: bytes | None, shown: Preview) -> None:
    title = assembly.bound[subject.target].spec.title
    source = _text(_json(body)) if body else "Read from the store now; no delivery of it is kept."
    payload = _text(shown.payload) if shown.problem is None else str(shown.problem)
    output.columns(
        {
            f"{subject.source}, as delivered" if body else f"{subject.source}": source,
            "canonical": _text(mapping.plain(shown.order)),
            f"{subject.target}, for {title}": payload,
        }
    )
    output.line("")
    for note in shown.notes:
        output.line(note)
    if shown.problem is not None:
        output.note(f"{title} would not get this order. {shown.problem}")


def _json(body: bytes | None) -> Any:
    if body is None:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _text(value: object) -> str:
    """One value a line, in the order in which it is given; what is empty says nothing and is left out."""
    return simplejson.dumps(_filled(value), use_decimal=True, ensure_ascii=False, indent=1)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item not in (None, "", [], {}, ())}
    return [_filled(item) for item in value] if isinstance(value, (list, tuple)) else value


GROUP = Group(
    "map",
    """Try out how orders are mapped.

    \b
    Example:
      erpsync map preview 1001
    """,
    {"preview": preview},
)
