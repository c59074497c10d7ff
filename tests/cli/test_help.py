"""What the command line says of itself."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.main import get_command

from erpsync import __version__
from erpsync.cli import COMMANDS, GROUPS, application
from tests.cli.conftest import Run


def _paths() -> Iterator[tuple[str, ...]]:
    yield ()
    for command in COMMANDS:
        yield (command.__name__,)
    for group in GROUPS:
        yield (group.name,)
        yield from ((group.name, name) for name in group.commands)


@pytest.mark.parametrize("path", list(_paths()), ids=" ".join)
def test_help_has_an_example_that_runs_that_command(run: Run, path: tuple[str, ...]) -> None:
    ran = run(*path, "--help")

    assert ran.code == 0
    _, _, after = ran.stdout.partition("Example")
    examples, _, _ = after.partition("Options:")
    assert " ".join(("erpsync", *path)) in examples


def test_no_command_is_missing_from_the_list_above() -> None:
    known = {path[0] for path in _paths() if path}

    assert set(get_command(application()).commands) == known  # type: ignore[attr-defined]


def test_first_help_names_the_exit_codes(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())

    assert "0 well, 1 something is not well or not possible, 2 wrong usage or configuration, 3 the database" in text


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"erpsync {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["jobs", "list", "--state", "lost"],
        ["jobs", "list", "--limit", "0"],
        ["jobs", "show", "twelve"],
        ["dead", "replay"],
        ["dead", "replay", "1", "--all"],
        ["dead", "replay", "1", "--code", "item-unknown"],
        ["dead", "discard"],
        ["dead", "show", "1", "--body", "--json"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_a_sentence_on_stderr(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)

    assert ran.code == 2
    assert ran.stdout == ""
    assert ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_module_runs_like_the_program() -> None:
    ran = subprocess.run([sys.executable, "-m", "erpsync", "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout == f"erpsync {__version__}\n"
