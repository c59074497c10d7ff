"""The command line: each command parses, calls one function, prints."""

from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from erpsync import __version__
from erpsync.cli import backfill, db, dead, jobs, maps, output, prices, products, stock, webhooks
from erpsync.cli.demo import demo
from erpsync.cli.doctor import doctor
from erpsync.cli.failures import EXPECTED, explain
from erpsync.cli.group import Group
from erpsync.cli.running import adopt_addresses
from erpsync.cli.sandbox import sandbox
from erpsync.cli.status import status
from erpsync.cli.systems import systems
from erpsync.cli.up import up

# Every command of one word: its function's name is its name, its docstring its help.
COMMANDS = (
    up,
    status,
    doctor,
    systems,
    sandbox,
    demo,
)
GROUPS: tuple[Group, ...] = (
    jobs.GROUP,
    dead.GROUP,
    backfill.GROUP,
    maps.GROUP,
    products.GROUP,
    prices.GROUP,
    stock.GROUP,
    webhooks.GROUP,
    db.GROUP,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command line, by default this process's own, and exits with an ExitCode."""
    output.tolerant_streams()
    try:
        get_command(application()).main(args=arguments, prog_name="erpsync")
    except EXPECTED as error:
        explained = explain(error)
        if explained is None:
            raise
        code, sentence = explained
        output.note(sentence)
        raise SystemExit(code) from None


def application() -> typer.Typer:
    """All commands, as typer knows them."""
    application = _typer()
    application.callback()(_erpsync)
    for command in COMMANDS:
        application.command()(command)
    for group in GROUPS:
        commands = _typer()
        for name, function in group.commands.items():
            commands.command(name)(function)
        application.add_typer(commands, name=group.name, help=group.help)
    return application


def _typer() -> typer.Typer:
    # Plain help: it reads the same in a terminal, a pipe and a log. Plain traces: pretty ones print local variables.
    return typer.Typer(
        add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"erpsync {__version__}")
        raise typer.Exit


def _erpsync(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keep online stores and ERPs in sync.

    Exit codes: 0 well, 1 something is not well or not possible, 2 wrong usage or configuration, 3 the database cannot
    be reached.

    \b
    Examples:
      erpsync doctor                  what is wrong, each with its fix
      erpsync up                      run everything on this machine
      erpsync status                  how the work goes
      erpsync dead list               what needs a person
      erpsync jobs list --search 1001 what became of an order
    """
    if context.invoked_subcommand not in (up.__name__, demo.__name__):  # which start servers of their own
        adopt_addresses()
