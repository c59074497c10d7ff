"""What commands print: tables and sentences for people, one JSON document for scripts."""

import io
import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from erpsync.cli import tables

Cell: TypeAlias = str | Text
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts. Times are ISO 8601, UTC.")]

# A pipe has no width: there each row stays on a line of its own, for grep. COLUMNS says otherwise.
_PIPE_COLUMNS = 10_000
# Fewer columns than this break most values of a record.
_SIDE_BY_SIDE = 44
# Control signs, and those that turn the direction of writing: what a store sends shall not steer a terminal.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PADDING = re.compile("[ ]+((?:\x1b\\[[0-9;]*m)*)$", re.MULTILINE)
_STYLES = {
    "ok": "green",
    "done": "green",
    "running": "cyan",
    "skipped": "dim",
    "discarded": "dim",
    "not ok": "bold red",
    "dead": "bold red",
    "paused": "bold red",
    "unreadable": "bold red",
}


def tolerant_streams() -> None:
    """Makes signs that the terminal's encoding lacks appear escaped instead of as a trace."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def document(value: object) -> None:
    """Prints one JSON document. Records become objects with their fields' names as keys."""
    sys.stdout.write(json.dumps(value, default=_plain, indent=2) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Prints rows under headings. Nothing is cut off: what does not fit goes on in the next line."""
    console = _console()
    _emit(console, tables.laid_out(console, headings, [[_cell(value) for value in row] for row in rows]))


def fields(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Prints names and values, one pair a line, indented; pairs without a value are left out."""
    shown = tables.pairs([(clean(name), _cell(value)) for name, value in pairs if value])
    _emit(_console(), Padding(shown, (0, 0, 0, 2), expand=False))


def judged(state: str, about: str, sentence: str, next_step: str, about_width: int) -> None:
    """Prints one judgement: its state, what it is about, and below it the next step if there is one."""
    shown = Table.grid(padding=(0, tables.GAP, 0, 0))
    shown.add_column(width=6)
    shown.add_column(width=about_width)
    shown.add_column(overflow="fold")
    shown.add_row(stated(state), Text(clean(about)), Text(clean(sentence)))
    if next_step:
        shown.add_row("", "", Text(f"Next: {clean(next_step)}", "bold"))
    _emit(_console(), shown)


def columns(texts: Mapping[str, str]) -> None:
    """Prints texts side by side under their headings; one below the other where that would leave too little room."""
    console = _console()
    if console.width < _SIDE_BY_SIDE * len(texts) or console.width == _PIPE_COLUMNS:
        for name, text in texts.items():
            heading(name)
            line(text)
        return
    shown = Table.grid(padding=(0, tables.GAP, 0, 0), expand=True)
    for _ in texts:
        shown.add_column(ratio=1, overflow="fold")
    shown.add_row(*(Text(clean(name), "bold") for name in texts))
    shown.add_row(*(Text(clean(text)) for text in texts.values()))
    _emit(console, shown)


def heading(text: str) -> None:
    _emit(_console(), Text(f"\n{clean(text)}", "bold"))


def line(text: str, style: str = "") -> None:
    _emit(_console(), Text(clean(text), style))


def note(text: str) -> None:
    """Says something on stderr, where it is in nobody's way who reads stdout."""
    sys.stderr.write(f"{clean(text)}\n")


def stated(state: str) -> Text:
    return Text(clean(state), _STYLES.get(state, ""))


def moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ""


def ago(at: datetime, now: datetime) -> str:
    """`3 min ago`, or `in 40 s` for what is still to come."""
    seconds = (now - at).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def span(seconds: float) -> str:
    """A length of time in its largest whole unit, from 2 of it on."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def clean(text: str) -> str:
    """The text with every sign escaped that would steer a terminal."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _cell(value: Cell) -> Text:
    return value if isinstance(value, Text) else Text(clean(value))


def _console() -> Console:
    columns, _ = shutil.get_terminal_size((_PIPE_COLUMNS, 25))
    return Console(file=sys.stdout, width=columns, height=25, highlight=False, markup=False, emoji=False)


def _emit(console: Console, shown: RenderableType) -> None:
    with console.capture() as captured:
        console.print(shown)
    # Cells are padded to their column; nobody needs that at a line's end.
    sys.stdout.write(_PADDING.sub(r"\1", captured.get()))
    sys.stdout.flush()


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):  # as text, for a reader of JSON may take a number for a binary one
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in JSON")
