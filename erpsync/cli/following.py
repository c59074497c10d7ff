"""How far backfills are: once, or as a bar at a terminal and a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from erpsync.cli import output, tables
from erpsync.cli.output import Cell
from erpsync.ledger.backfills import BackfillState, ChunkRow, Progress

_LOOK_SECONDS = 1.0
_LINE_SECONDS = 10.0
_BAR_WIDTH = 30


@dataclass(frozen=True)
class Pace:
    """How quickly a backfill goes, seen from a moment at which so many of its records were through already."""

    since: datetime
    through: int

    def per_second(self, shown: Progress, now: datetime) -> float:
        seconds = ((shown.ended_at or now) - self.since).total_seconds()
        return max(through(shown) - self.through, 0) / seconds if seconds > 0 else 0.0

    def seconds_left(self, shown: Progress, now: datetime) -> float | None:
        """None where nobody can tell yet."""
        all_told, rate = expected(shown), self.per_second(shown, now)
        if shown.state != BackfillState.RUNNING or all_told is None or rate == 0:
            return None
        return (all_told - through(shown)) / rate


def through(shown: Progress) -> int:
    """Records that need nothing more of it: read, and their jobs at an end."""
    return max(shown.read - shown.waiting, 0)


def expected(shown: Progress) -> int | None:
    """How many records it will come to, by the chunks that are read; None where none is."""
    return shown.read * shown.chunks // shown.chunks_done if shown.chunks_done else None


def document(shown: Progress, now: datetime) -> dict[str, object]:
    """For scripts: with its pace since it was begun."""
    pace = Pace(shown.created_at, 0)
    return asdict(shown) | {
        "errors": shown.errors,
        "per_second": round(pace.per_second(shown, now), 3),
        "seconds_left": None if (left := pace.seconds_left(shown, now)) is None else round(left),
    }


def sentence(shown: Progress, pace: Pace, now: datetime) -> str:
    """chunks 13 of 31, 12345 read, 9876 through, 210 a second, 3 min left, 2 errors"""
    parts = [f"chunks {shown.chunks_done} of {shown.chunks}", f"{shown.read} read"]
    parts.append(f"{shown.known} there already" if shown.dry_run else f"{through(shown)} through")
    if rate := pace.per_second(shown, now):
        parts.append(f"{rate:.0f} a second" if rate >= 2 else f"{rate * 60:.0f} a minute")
    if (left := pace.seconds_left(shown, now)) is not None:
        parts.append(f"{output.span(left)} left")
    parts.append(output.count(shown.errors, "error") if shown.errors else "no error")
    return ", ".join(parts)


def begun(shown: Progress) -> str:
    does = "counts" if shown.dry_run else "reads"
    to = f" for {shown.target}" if shown.target else ""
    chunks = output.count(shown.chunks, "chunk")
    return f"Backfill {shown.id} {does} {shown.flow} of {shown.source}{to}, {_range(shown)}, in {chunks}."


def row(shown: Progress, now: datetime) -> tuple[Cell, ...]:
    return (
        str(shown.id),
        f"{shown.flow}{' (dry run)' * shown.dry_run}",
        shown.source,
        output.stated(shown.state),
        output.ago(shown.created_at, now),
        sentence(shown, Pace(shown.created_at, 0), now),
    )


def show(shown: Progress, failed: Sequence[ChunkRow], now: datetime) -> None:
    output.line(f"Backfill {shown.id}: {shown.flow} of {shown.source}{', a dry run' * shown.dry_run}", "bold")
    output.fields(_facts(shown, now))
    if failed:
        output.heading("What could not be read")
        output.table(
            ("CHUNK", "RANGE", "PROBLEM", "NEXT"),
            ((str(one.ordinal), _range(one), f"{one.problem} ({one.problem_code})", one.next_step) for one in failed),
        )


def follow(look: Callable[[], Sequence[Progress]], clock: Callable[[], datetime], *, silent: bool = False) -> None:
    """Shows backfills on stderr until each has ended or is paused."""
    console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    paces = {shown.id: Pace(clock(), through(shown)) for shown in look()}
    if silent or not console.is_terminal:
        _lines(look, clock, paces, silent=silent)
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            shown = look()
            live.update(Group(*(_bar(one, paces[one.id], clock()) for one in shown)), refresh=True)
            if not _any_runs(shown):
                return
            time.sleep(_LOOK_SECONDS)


def _lines(
    look: Callable[[], Sequence[Progress]], clock: Callable[[], datetime], paces: dict[int, Pace], *, silent: bool
) -> None:
    said_at = float("-inf")
    while True:
        shown = look()
        runs = _any_runs(shown)
        if not silent and (not runs or time.monotonic() - said_at >= _LINE_SECONDS):
            said_at = time.monotonic()
            for one in shown:
                output.note(f"backfill {one.id}: {sentence(one, paces[one.id], clock())}")
        if not runs:
            return
        time.sleep(_LOOK_SECONDS)


def _any_runs(shown: Sequence[Progress]) -> bool:
    return any(one.state == BackfillState.RUNNING for one in shown)


def _bar(shown: Progress, pace: Pace, now: datetime) -> RenderableType:
    all_told = expected(shown)
    pulse = all_told is None and shown.state == BackfillState.RUNNING
    bar = ProgressBar(total=max(all_told or 0, 1), completed=through(shown), width=_BAR_WIDTH, pulse=pulse)
    ended = shown.state == BackfillState.DONE
    percent = 100 if ended else min(100 * through(shown) // all_told, 99) if all_told else 0
    line = Table.grid(padding=(0, tables.GAP, 0, 0))
    line.add_row(Text(output.clean(f"{shown.id}: {shown.flow} of {shown.source}")), bar, Text(f"{percent} %"))
    return Group(line, Text(f"   {sentence(shown, pace, now)}", "bold red" if shown.errors else ""))


def _facts(shown: Progress, now: datetime) -> Iterable[tuple[str, Cell]]:
    yield "state", output.stated(shown.state)
    yield "how far", sentence(shown, Pace(shown.created_at, 0), now)
    yield "range", _range(shown)
    yield "only for", shown.target or ""
    yield "moved", "" if shown.dry_run else f"{shown.moved} jobs, {shown.waiting} of them on their way"
    yield "in hand", output.count(shown.chunks_running, "chunk") if shown.chunks_running else ""
    yield "unreadable", f"{shown.unreadable}; see `erpsync dead list`" if shown.unreadable else ""
    yield "dead", f"{shown.dead}; see `erpsync dead list`" if shown.dead else ""
    yield "asked for by", f"{shown.asked_by}, {output.moment(shown.created_at)}"
    yield "ended", output.moment(shown.ended_at)
    if shown.state == BackfillState.PAUSED or shown.chunks_failed:
        yield "then", f"erpsync backfill resume {shown.id}"


def _range(shown: Progress | ChunkRow) -> str:
    begin = f"from {output.moment(shown.begins_at)}" if shown.begins_at else "from the first"
    return f"{begin} to {output.moment(shown.ends_at)}"
