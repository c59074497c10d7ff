"""How output fits where it goes."""

import subprocess
import sys

import pytest

from erpsync.cli import output
from tests.cli.conftest import Run
from tests.cli.everything import Seeded


@pytest.mark.parametrize("columns", [30, 60, 80, 120])
@pytest.mark.parametrize("command", [["jobs", "list"], ["dead", "list"], ["status"]], ids=" ".join)
def test_nothing_is_lost_and_no_line_is_too_long_in_a_narrow_pipe(
    run: Run, surroundings: pytest.MonkeyPatch, seeded: Seeded, columns: int, command: list[str]
) -> None:
    wide = run(*command).stdout
    surroundings.setenv("COLUMNS", str(columns))

    narrow = run(*command).stdout

    assert max(map(len, narrow.splitlines())) <= columns
    assert "\x1b" not in narrow
    assert "…" not in narrow
    words = {word for word in wide.split() if not word.isdigit()} if columns >= 60 else {"netsuite", "shop-eu"}
    if command == ["dead", "list"]:
        words -= {"netsuite"}
    assert words - set(narrow.split()) == set()


def test_a_reader_that_leaves_early_causes_no_trace(run: Run, seeded: Seeded) -> None:
    listing = f"{sys.executable} -m erpsync jobs list --json | head -n 1"

    ran = subprocess.run(listing, shell=True, capture_output=True, text=True, check=True)  # noqa: S602

    assert ran.stdout == "{\n"
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_spans(seconds: float, words: str) -> None:
    assert output.span(seconds) == words
