"""What `erpsync doctor` asks a shop that implements the contract."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.ports.checks import Check
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Clock
from erpsync.systems.custom import wire
from erpsync.systems.custom.client import CustomClient, read
from erpsync.systems.custom.reading import Reader
from erpsync.systems.custom.settings import CustomSettings

MAX_SKEW_SECONDS = 60


def inspect(client: CustomClient, settings: CustomSettings, clock: Clock) -> Sequence[Check]:
    """All checks; where the shop cannot be asked, what stands in the way. Raises nothing."""
    try:
        ping = read(client.get("/ping"), wire.Ping)
    except SyncError as error:
        name = "credentials" if error.code in ("credentials-refused", "forbidden") else "reachable"
        return [Check(name, False, error.problem.what, _fix(error))]
    return [
        Check("reachable", True, f"{ping.name} answers, by version {ping.contract} of the contract."),
        Check("credentials", True, "The shop believes our signature."),
        _clock(ping, client.date, clock),
        _abilities(ping, settings),
        _locations(ping, settings),
        _currency(ping, settings),
        _orders(client, settings),
        _webhooks(ping, settings),
    ]


def _fix(error: SyncError) -> str:
    if error.code != "credentials-refused":
        return error.problem.next_step
    return (
        "Give both sides the same `secret`; if they have, compare their clocks and what is signed: path and query as "
        "they are sent, after any proxy."
    )


def _clock(ping: wire.Ping, date: str, clock: Clock) -> Check:
    skew = _off(ping.now, clock)
    if skew <= MAX_SKEW_SECONDS:
        return Check("clock", True, f"This machine's clock and the shop's differ by {skew:.0f} s.")
    fix = "Set both by NTP: signatures are good for some minutes only."
    try:
        if _off(parsedate_to_datetime(date), clock) <= MAX_SKEW_SECONDS:
            fix = "The shop's web server has the right time, so `now` is made wrongly: it needs an offset, as in Z."
    except (ValueError, TypeError):
        pass  # no Date, or one without a zone: then nothing more is known
    return Check("clock", False, f"The time in the shop's ping is {skew:.0f} s off this machine's clock.", fix)


def _off(at: datetime, clock: Clock) -> float:
    return abs((at - clock.now()).total_seconds())


def _abilities(ping: wire.Ping, settings: CustomSettings) -> Check:
    lacking = [name for name in settings.abilities if name not in ping.abilities]
    if lacking:
        said = f"The settings name {', '.join(lacking)}, and the shop's ping does not."
        return Check("abilities", False, said, "Take it out of `abilities`, or let the shop implement and name it.")
    unused = [name for name in wire.ABILITIES if name in ping.abilities and name not in settings.abilities]
    more = f" It offers {', '.join(unused)} too; name them in `abilities` to use them." if unused else ""
    named = ", ".join(settings.abilities) or "orders alone"
    return Check("abilities", True, f"The shop implements what the settings name: {named}.{more}")


def _locations(ping: wire.Ping, settings: CustomSettings) -> Check:
    if "stock" in settings.abilities and not ping.locations:
        return Check("locations", False, "The shop names no place that holds stock.", "Let its ping tell `locations`.")
    return Check("locations", True, f"Stock is held at: {', '.join(ping.locations) or 'not told'}.")


def _currency(ping: wire.Ping, settings: CustomSettings) -> Check:
    if settings.currency and settings.currency != ping.currency:
        fix = "Correct `currency`, or take it out: it serves shops that are read from their database."
        return Check("currency", False, f"The shop's currency is {ping.currency}, not {settings.currency}.", fix)
    return Check("currency", True, f"The shop's prices are in {ping.currency}; each order tells its own.")


def _orders(client: CustomClient, settings: CustomSettings) -> Check:
    """One page is read as a poll does; and one order of it whole."""
    reader = Reader(client, settings)
    try:
        page = reader.changed("orders", wire.OrderHead, lambda head: head, Since())
        if page.unreadable:
            raise page.unreadable[0]
        if page.records:
            reader.order(SourceId(page.records[0].id))
    except SyncError as error:
        about = f"{error.problem.record}: " if error.problem.record else ""
        return Check("orders", False, about + error.problem.what, error.problem.next_step)
    return Check("orders", True, f"They are read; the first page has {len(page.records)}.")


def _webhooks(ping: wire.Ping, settings: CustomSettings) -> Check:
    if not settings.webhook_address or not ping.webhook_address:
        return Check("webhooks", True, "The shop does not tell where it delivers them; polls find what they miss.")
    if settings.webhook_address == ping.webhook_address:
        return Check("webhooks", True, "The shop delivers them to this connection's receiver.")
    return Check(
        "webhooks",
        False,
        "The shop delivers its webhooks to another address than `webhook_address`.",
        "Let the shop deliver to https://HOST/webhooks/CONNECTION; until then polls find what changed.",
    )
