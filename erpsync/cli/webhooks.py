"""`erpsync webhooks`: how the stores have the webhooks that erpsync needs."""

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
from erpsync.ports.store_records import Subscription, SubscriptionState

Stores = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STORE]...", help="Only these connections; all by default.", show_default=False),
]


def list_webhooks(stores: Stores = None, as_json: AsJson = False) -> None:
    """Show each topic that erpsync needs, and how the store has it.

    Exit code 1 where one is not active.

    \b
    Examples:
      erpsync webhooks list
      erpsync webhooks list shop --json
    """
    _show(stores, as_json=as_json, subscribe=False)


def subscribe(stores: Stores = None, as_json: AsJson = False) -> None:
    """Make what is missing, revive what is switched off.

    Doing so again changes nothing. erpsync does it by itself every quarter of an hour where [web] public_url is set.

    \b
    Examples:
      erpsync webhooks subscribe
      erpsync webhooks subscribe shop
    """
    _show(stores, as_json=as_json, subscribe=True)


def _show(stores: list[str] | None, *, as_json: bool, subscribe: bool) -> None:
    assembly = bootstrap.configured(pool_size=1)
    try:
        found = {name: _of(assembly, name, address, subscribe) for name, address in _chosen(assembly, stores)}
    finally:
        assembly.database.dispose()
    if as_json:
        output.document({"stores": found})
    else:
        output.table(("STORE", "TOPIC", "STATE", "ADDRESS", "DETAIL"), _rows(found))
    if any(one.state is not SubscriptionState.ACTIVE for each in found.values() for one in each):
        raise typer.Exit(ExitCode.NOT_WELL)


def _of(assembly: Assembly, name: ConnectionName, address: str, subscribe: bool) -> list[Subscription]:
    store = assembly.store(name)
    return list(store.subscribe(address) if subscribe else store.subscriptions(address))


def _chosen(assembly: Assembly, asked: list[str] | None) -> list[tuple[ConnectionName, str]]:
    if not assembly.settings.web.public_url:
        raise WrongUsage(
            'Set public_url in [web] to the address by which stores reach this machine, as in "https://erpsync.example.com".'
        )
    there = dict(assembly.subscribing())
    for name in asked or ():
        if name not in there:
            raise WrongUsage(
                f"{name!r} is not a store whose webhooks can be made by its API; there are: {', '.join(there) or 'none'}."
            )
    return [(name, address) for name, address in there.items() if not asked or name in asked]


def _rows(found: dict[ConnectionName, list[Subscription]]) -> Iterable[tuple[Cell, ...]]:
    for name, subscriptions in found.items():
        for one in subscriptions:
            yield name, one.topic, output.stated(one.state), one.address, one.detail


GROUP = Group(
    "webhooks",
    """See and repair the stores' webhooks.

    \b
    Examples:
      erpsync webhooks list
      erpsync webhooks subscribe
    """,
    {"list": list_webhooks, "subscribe": subscribe},
)
