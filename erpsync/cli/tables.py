"""How rows are laid out: in columns where these are wide enough for every word, else one below the other."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

GAP = 2


def laid_out(console: Console, headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> RenderableType:
    """Rows under headings, or each as a block of its own where the console is too narrow for columns. Nothing is cut
    off, and no word broken that fits into a line."""
    columns = [[Text(heading), *cells] for heading, *cells in zip(headings, *rows, strict=True)]
    natural = [max(_width(cell) for cell in column) for column in columns]
    least = [max(_longest_word(cell) for cell in column) for column in columns]
    room = console.width - GAP * (len(columns) - 1)
    if sum(least) > room:
        return Group(*(block for row in rows for block in (pairs(tuple(zip(headings, row, strict=True))), Text(""))))
    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading, width in zip(headings, _shared(least, natural, room), strict=True):
        shown.add_column(heading, width=width, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    return shown


def pairs(named: Sequence[tuple[str, Text]]) -> Table:
    """Names and values, a pair a line."""
    shown = Table.grid(padding=(0, GAP, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in named:
        shown.add_row(name, value)
    return shown


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Every column's least width, and of the room that is left as much as it can use, those that need least first."""
    widths = list(least)
    left = room - sum(least)
    wanting = sorted(range(len(widths)), key=lambda one: natural[one] - least[one])
    for served, column in enumerate(wanting):
        more = min(natural[column] - least[column], left // (len(wanting) - served))
        widths[column] += more
        left -= more
    return widths


def _width(cell: Text) -> int:
    return max((cell_len(line) for line in cell.plain.splitlines()), default=0)


def _longest_word(cell: Text) -> int:
    return max((cell_len(word) for word in cell.plain.split()), default=0)
