"""What the commands for stock and prices share: showing pushes, letting one go on, taking one back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer

from erpsync.cli import ledger, output, person, wake
from erpsync.cli.output import Cell
from erpsync.domain.ids import ConnectionName
from erpsync.engine import pushes as pushing
from erpsync.engine.operations import NotPossible
from erpsync.ledger import pushes
from erpsync.ledger.pushes import ChangeState, Push, PushChange, PushKind, PushState

MAX_ROWS = 1_000
# Enough to see what a push is about.
ROWS = 50

Run = Annotated[int, typer.Argument(metavar="RUN", help="The push's id, as `list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, max=MAX_ROWS, help="How many at most.")]
Of = Annotated[str, typer.Option("--connection", help="Only pushes to this store.", show_default=False)]
After = Annotated[str, typer.Option("--after", help="Only SKUs after this one.", show_default=False)]


def listed(kind: PushKind, store: str, limit: int, *, as_json: bool) -> None:
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        found = pushes.latest(connection, kind, limit, ConnectionName(store) if store else None)
        now = assembly.clock.now()
    if as_json:
        output.document({"pushes": found})
        return
    if not found:
        output.line("Nothing has been pushed yet.")
        return
    output.table(("RUN", "TO", "STATE", "SINCE", "CHANGES", "OF", "WHY"), [_row(push, now) for push in found])


def planned(kind: PushKind, push_id: int, limit: int, after: str, *, as_json: bool) -> None:
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        push = _existing(pushes.get(connection, push_id), kind, push_id)
        tally = pushes.tally(connection, push_id)
        changes = pushes.changes(connection, push_id, limit + 1, (after, "\U0010ffff" if after else ""))
        now = assembly.clock.now()
    if as_json:
        output.document({"push": push, "tally": tally, "changes": changes[:limit], "more": len(changes) > limit})
        return
    output.line(f"Push {push.id}: {push.kind} from {push.erp} to {push.store}", "bold")
    output.fields(_facts(push, tally, now))
    _show(push, changes, limit)
    if push.state is PushState.HELD:
        output.note(f"Is it right? `erpsync {kind} apply {push.id}`. If not, correct it in {push.erp}.")


def applied(kind: PushKind, push_id: int, *, yes: bool, as_json: bool) -> None:
    with ledger.opened() as assembly:
        with assembly.database.connect() as connection:
            push = _existing(pushes.get(connection, push_id), kind, push_id)
            changes = pushes.changes(connection, push_id, ROWS + 1, state=ChangeState.PLANNED)
            seen = pushing.look(connection, push)
        if not (yes or as_json):
            _show(push, changes, ROWS)
        person.agree(f"Send push {push.id}, though {push.reason}?" if push.reason else f"Send push {push.id}?", yes=yes)
        announcer = wake.announcer()
        pushing.apply(assembly.runtime(announcer), push_id, person.actor(), seen)
    _told(
        {"applied": push_id},
        f"Push {push_id} is sent. See `erpsync {kind} plan {push_id}`.",
        announcer,
        as_json=as_json,
    )


def undone(kind: PushKind, push_id: int, *, yes: bool, as_json: bool) -> None:
    with ledger.opened() as assembly:
        with assembly.database.connect() as connection:
            push = _existing(pushes.get(connection, push_id), kind, push_id)
        person.agree(
            f"Set back what push {push.id} has set in {push.store}, where nothing has changed it since?", yes=yes
        )
        announcer = wake.announcer()
        back = pushing.undo(assembly.runtime(announcer), push_id, person.actor())
    sentence = f"Push {back} takes push {push_id} back. See `erpsync {kind} plan {back}`."
    _told({"undone": push_id, "by": back}, sentence, announcer, as_json=as_json)


def left_out(found: Mapping[str, Sequence[str]], limit: int, nothing: str, *, as_json: bool) -> None:
    """SKUs that are not synced, by the reason why, up to `limit` of each; `nothing` is said where there are none."""
    if as_json:
        output.document(found)
        return
    if not any(found.values()):
        output.line(nothing)
    for why, skus in found.items():
        if skus:
            output.heading(f"{why[0].upper()}{why[1:]}" + (f" (the first {limit})" if len(skus) == limit else ""))
            output.line(", ".join(skus))


def _show(push: Push, changes: Sequence[PushChange], limit: int) -> None:
    shown = changes[:limit]
    output.table(
        ("SKU", "AT", "NOW" if push.state is PushState.HELD else "BEFORE", "THEN", "STATE", "NOTE"), map(_change, shown)
    )
    if len(changes) > limit:
        output.note(f"These are {limit}; `erpsync {push.kind} plan {push.id} --after {shown[-1].sku}` shows more.")


def _existing(push: Push | None, kind: PushKind, push_id: int) -> Push:
    if push is None or push.kind is not kind:
        raise NotPossible(f"There is no push {push_id} of {kind}; `erpsync {kind} list` shows those that there are.")
    return push


def _told(document: dict[str, int], sentence: str, announcer: wake.Announcer, *, as_json: bool) -> None:
    if as_json:
        output.document({**document, "told_workers": announcer.heard})
        return
    output.line(sentence)
    if not announcer.heard:
        output.note(wake.BY_SWEEP)


def _row(push: Push, now: datetime) -> Sequence[Cell]:
    state = output.stated(push.state)
    since = output.ago(push.created_at, now)
    return (str(push.id), push.store, state, since, str(push.changed), str(push.catalogue or ""), push.reason)


def _facts(push: Push, tally: dict[ChangeState, int], now: datetime) -> list[tuple[str, Cell]]:
    return [
        ("state", output.stated(push.state)),
        ("why", push.reason),
        ("begun", output.ago(push.created_at, now)),
        ("SKUs", f"{push.changed} of {push.catalogue}" if push.catalogue else ""),
        ("changes", ", ".join(f"{number} {state}" for state, number in sorted(tally.items()))),
        ("allowed by", push.approved_by),
    ]


def _change(change: PushChange) -> Sequence[Cell]:
    before = "" if change.before is None else f"{change.before:f}"
    return (change.sku, change.place, before, f"{change.after:f}", output.stated(change.state), change.note)
