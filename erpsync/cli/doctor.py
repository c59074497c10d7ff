"""`erpsync doctor`: what is wrong, each with its fix."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import typer

from erpsync import config
from erpsync.bootstrap import Assembly
from erpsync.cli import checks, ledger, output
from erpsync.cli.checks import Finding
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.output import AsJson
from erpsync.domain.errors import ConfigurationError
from erpsync.domain.ids import ConnectionName

_ABOUT_WIDTH = len(checks.CONFIGURATION)


def doctor(
    connections: Annotated[
        list[str] | None,
        typer.Argument(metavar="CONNECTION", help="Only these connections; all by default.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong, each with its fix.

    Checks the configuration, PostgreSQL, the broker, the workers and every connection, and changes nothing. Exit code 1
    where any is not well.

    \b
    Examples:
      erpsync doctor
      erpsync doctor shop erp
      erpsync doctor --json
    """
    assembly, findings = checks.of_configuration()
    names = _chosen(assembly, connections or [])
    well = report(_all(assembly, findings, names), as_json=as_json)
    if not well:
        raise typer.Exit(ExitCode.NOT_WELL)


def report(findings: Iterable[Finding], *, as_json: bool) -> bool:
    """Prints findings, for people each as soon as it is there; returns whether all are well."""
    if as_json:
        return _report_document(list(findings))
    bad = total = 0
    said: set[tuple[str, str]] = set()
    for finding in findings:
        check = finding.check
        total, bad = total + 1, bad + (not check.ok)
        # One fix for several checks of the same thing is told once.
        step = "" if check.ok or (finding.about, check.next_step) in said else check.next_step
        said.add((finding.about, step))
        state = "ok" if check.ok else "not ok"
        output.judged(state, finding.about, f"{check.name}: {check.detail}", step, _ABOUT_WIDTH)
    output.line(f"\nNot ok: {bad} of {total} checks." if bad else f"\nOk: all {total} checks.")
    return not bad


def _report_document(findings: Sequence[Finding]) -> bool:
    well = all(finding.check.ok for finding in findings)
    listed = [
        {
            "about": finding.about,
            "name": finding.check.name,
            "ok": finding.check.ok,
            "detail": finding.check.detail,
            "next_step": finding.check.next_step,
        }
        for finding in findings
    ]
    output.document({"ok": well, "checks": listed})
    return well


def _chosen(assembly: Assembly | None, asked: Sequence[str]) -> list[ConnectionName]:
    if assembly is None:
        return []
    for name in asked:
        if name not in assembly.bound:
            there = ", ".join(assembly.bound) or "none"
            raise WrongUsage(f"There is no connection {name!r} in {config.config_file()}; there are: {there}.")
    return [ConnectionName(name) for name in asked] or list(assembly.bound)


def _all(assembly: Assembly | None, findings: Iterable[Finding], names: Sequence[ConnectionName]) -> Iterator[Finding]:
    """Each part is checked even where those before it are not well, as far as it can be."""
    yield from findings
    if not config.database_url():
        yield checks.of_no_database()
    else:
        try:
            with ledger.opened() as opened:
                yield from checks.of_database(opened.database, opened.clock)
        except ConfigurationError:
            pass  # said among the findings already
    if url := config.broker_url():
        yield from checks.of_broker(url)
    if assembly is not None:
        yield from checks.of_connections(assembly, names)
        assembly.database.dispose()
