"""`erpsync dead`: what needs a person."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer
from sqlalchemy import Connection

from erpsync.bootstrap import Assembly
from erpsync.cli import ledger, letters, output, person, wake
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.group import Group
from erpsync.cli.jobs import MAX_ROWS
from erpsync.cli.output import AsJson, Cell
from erpsync.engine import operations
from erpsync.engine.operations import NotPossible
from erpsync.ledger import reads
from erpsync.ledger.dead_letters import DeadLetter

Id = typer.Argument(metavar="ID", help="As `dead list` shows it.")
Code = Annotated[str, typer.Option(help="Only those with this code.", show_default=False)]


def list_letters(
    code: Code = "",
    closed: Annotated[bool, typer.Option("--closed", help="Those that were closed, instead of the open ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_ROWS, help="How many at most.")] = reads.PAGE,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first.

    A dead letter is what was given up until a person acts.

    \b
    Examples:
      erpsync dead list
      erpsync dead list --code unknown-sku
      erpsync dead list --closed --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        found = list(islice(_read(connection, code, closed=closed), limit + 1))
        now = assembly.clock.now()
    shown = found[:limit]
    if as_json:
        output.document({"dead_letters": shown, "more": len(found) > limit})
    elif not shown:
        output.line(f"There is no {'closed' if closed else 'open'} dead letter{_with(code)}.")
    else:
        what = "CLOSED" if closed else "SINCE"
        output.table(("LETTER", "SUBJECT", "CODE", what, "PROBLEM"), (_row(letter, now) for letter in shown))
        if len(found) > limit:
            output.note(f"These are the newest {limit}; --limit shows more.")
        if not closed:
            output.note("`erpsync dead show ID` tells the next step.")


def show(
    letter_id: Annotated[int, Id],
    body: Annotated[
        bool, typer.Option("--body", help="Write the delivery's raw body to stdout, and nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a dead letter and its next step.

    And the delivery that it is about, where that could not be read. A body holds what the store sent, personal data
    included: mind where you put it.

    \b
    Examples:
      erpsync dead show 7
      erpsync dead show 7 --json
      erpsync dead show 7 --body > delivery.json
    """
    if body and as_json:
        raise WrongUsage("--body writes the body alone: leave out --json.")
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        letter = letters.existing(connection, letter_id)
        if body:
            letters.write_body(letters.body_of(connection, letter))
            return
        delivery = letters.delivery_of(connection, letter)
    if as_json:
        output.document({"dead_letter": letter, "delivery": delivery})
    else:
        letters.show(letter, delivery)


def replay(
    letter_ids: Annotated[list[int] | None, Id] = None,
    everything: Annotated[bool, typer.Option("--all", help="All open ones, or those of them with --code.")] = False,
    code: Code = "",
    as_json: AsJson = False,
) -> None:
    """Run again what dead letters are about.

    Do so once their reason is put right. The target is looked at first: what is there already is amended, never made
    twice.

    \b
    Examples:
      erpsync dead replay 7
      erpsync dead replay 7 8 9
      erpsync dead replay --all --code unknown-sku
    """
    if bool(letter_ids) == everything:
        raise WrongUsage("Name dead letters by their ids, or say --all; `erpsync dead list` shows them.")
    if code and not everything:
        raise WrongUsage("--code goes with --all, not with ids.")
    with ledger.opened() as assembly:
        chosen = list(dict.fromkeys(letter_ids or _open_ids(assembly, code)))
        announcer = wake.announcer() if chosen else wake.Announcer(None)
        runtime, actor = assembly.runtime(announcer), person.actor()
        refused = _each(chosen, lambda one: operations.replay_dead_letter(runtime, one, actor))
    done = [one for one in chosen if one not in refused]
    if as_json:
        output.document({"replayed": done, "not_possible": _reasons(refused), "told_workers": announcer.heard})
    elif not chosen:
        output.line(f"There is no open dead letter{_with(code)}: nothing to replay.")
    elif done:
        output.line(f"Replayed {_named(done)}.")
        output.note("What still cannot be done is back in `erpsync dead list` soon.")
    if done and not announcer.heard:
        output.note(wake.BY_SWEEP)
    _end(refused)


def discard(
    letter_ids: Annotated[list[int], Id],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close dead letters, undone.

    Asks before it does so. Their records are not synced any more, whatever the store tells of them, until
    `erpsync jobs replay`.

    \b
    Examples:
      erpsync dead discard 7
      erpsync dead discard 7 8 --yes
    """
    chosen = list(dict.fromkeys(letter_ids))
    person.agree(
        f"Discard {_named(chosen)}, and no longer sync what {'it is' if len(chosen) == 1 else 'they are'} about?",
        yes=yes,
    )
    with ledger.opened() as assembly:
        runtime, actor = assembly.runtime(wake.Announcer(None)), person.actor()
        refused = _each(chosen, lambda one: operations.discard_dead_letter(runtime, one, actor))
    done = [one for one in chosen if one not in refused]
    if as_json:
        output.document({"discarded": done, "not_possible": _reasons(refused)})
    elif done:
        output.line(f"Discarded {_named(done)}.")
    _end(refused)


def _read(connection: Connection, code: str, *, closed: bool) -> Iterator[DeadLetter]:
    """All of them, newest first, page by page."""
    before = 0
    while page := reads.dead_letters(connection, closed=closed, before=before, limit=MAX_ROWS):
        yield from (letter for letter in page if code in ("", letter.code))
        before = page[-1].id


def _open_ids(assembly: Assembly, code: str) -> list[int]:
    """Oldest first, as they came."""
    with assembly.database.connect() as connection:
        return sorted(letter.id for letter in _read(connection, code, closed=False))


def _each(chosen: Sequence[int], act: Callable[[int], None]) -> dict[int, str]:
    """Acts on one after the other, each in a transaction of its own; returns why it could not be, where it could not."""
    refused = {}
    for letter_id in chosen:
        try:
            act(letter_id)
        except NotPossible as error:
            refused[letter_id] = str(error)
    return refused


def _end(refused: dict[int, str]) -> None:
    for reason in refused.values():
        output.note(reason)
    if refused:
        raise typer.Exit(ExitCode.NOT_WELL)


def _reasons(refused: dict[int, str]) -> list[dict[str, object]]:
    return [{"id": letter_id, "reason": reason} for letter_id, reason in refused.items()]


def _named(ids: Sequence[int]) -> str:
    numbers = ", ".join(map(str, ids))
    return f"dead letter {numbers}" if len(ids) == 1 else f"{len(ids)} dead letters ({numbers})"


def _with(code: str) -> str:
    return f" with the code {code}" if code else ""


def _row(letter: DeadLetter, now: datetime) -> tuple[Cell, ...]:
    since = output.span((now - letter.created_at).total_seconds())
    when = f"{letter.closed_as} by {letter.closed_by}" if letter.closed_at else since
    return str(letter.id), letter.subject, letter.code, when, letter.problem


GROUP = Group(
    "dead",
    """See and settle what needs a person.

    \b
    Examples:
      erpsync dead list
      erpsync dead replay 7
    """,
    {"list": list_letters, "show": show, "replay": replay, "discard": discard},
)
