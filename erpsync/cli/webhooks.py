"""`erpsync webhooks`: how stores and ERPs have the webhooks that erpsync needs."""

from collections.abc import Iterable
from typing import Annotated

import typer

from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.cli import output
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson, Cell
from erpsync.domain.ids import ConnectionName
from erpsync.ports.store_records import Subscription
from erpsync.ports.subscriptions import Subscriptions

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="CONNECTION", help="Only these connections; all by default.", show_default=False),
]


def list_webhooks(names: Names = None, as_json: AsJson = False) -> None:
    """Show each topic that erpsync needs, and whether it is there.

    As the store or the ERP has it. Exit code 1 where one does not deliver.

    \b
    Examples:
      erpsync webhooks list
      erpsync webhooks list shop --json
    """
    _show(names, as_json=as_json, subscribe=False)


def subscribe(names: Names = None, as_json: AsJson = False) -> None:
    """Make what is missing, revive what is off, renew what ends.

    Doing so again changes nothing. erpsync does it by itself every quarter of an hour where [web] public_url is set.

    \b
    Examples:
      erpsync webhooks subscribe
      erpsync webhooks subscribe shop
    """
    _show(names, as_json=as_json, subscribe=True)


def _show(names: list[str] | None, *, as_json: bool, subscribe: bool) -> None:
    assembly = bootstrap.configured(pool_size=1)
    try:
        found = {
            name: list(remote.subscribe(address) if subscribe else remote.subscriptions(address))
            for name, remote, address in _chosen(assembly, names)
        }
    finally:
        assembly.database.dispose()
    if as_json:
        output.document({"connections": found})
    else:
        output.table(("CONNECTION", "TOPIC", "STATE", "ADDRESS", "DETAIL"), _rows(found))
    if any(not one.delivers for each in found.values() for one in each):
        raise typer.Exit(ExitCode.NOT_WELL)


def _chosen(assembly: Assembly, asked: list[str] | None) -> list[tuple[ConnectionName, Subscriptions, str]]:
    if not assembly.settings.web.public_url:
        raise WrongUsage(
            'Set public_url in [web] to the address by which stores and ERPs reach this machine, as in "https://erpsync.example.com".'
        )
    found = assembly.subscribing()
    there = [name for name, _, _ in found]
    for name in asked or ():
        if name not in there:
            raise WrongUsage(
                f"{name!r} is not a connection whose webhooks can be made by its API; there are:"
                f" {', '.join(there) or 'none'}."
            )
    return [one for one in found if not asked or one[0] in asked]


def _rows(found: dict[ConnectionName, list[Subscription]]) -> Iterable[tuple[Cell, ...]]:
    for name, subscriptions in found.items():
        for one in subscriptions:
            yield name, one.topic, output.stated(one.state), one.address, one.detail


GROUP = Group(
    "webhooks",
    """See and repair the webhooks of stores and ERPs.

    \b
    Examples:
      erpsync webhooks list
      erpsync webhooks subscribe
    """,
    {"list": list_webhooks, "subscribe": subscribe},
)
