"""Who sits at the terminal, and what they say when asked."""

import os
import pwd
import sys

import typer

from erpsync.cli.failures import WrongUsage


def actor() -> str:
    """The name for the audit: the operating system's user, by its id and not by what the environment claims."""
    number = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"
    except KeyError:  # containers run under ids that have no name
        return f"cli:uid-{number}"


def watches() -> bool:
    """Whether somebody sees what a command prints as it goes on."""
    return sys.stderr.isatty() and sys.stdout.isatty()


def agree(question: str, *, yes: bool) -> None:
    """Returns where the person agrees or has said so beforehand. Raises typer.Abort where not, and WrongUsage where
    there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(f"{question} Nobody is at a terminal to say so: add --yes.")
    typer.confirm(question, abort=True, err=True)
