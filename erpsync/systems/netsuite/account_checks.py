"""What `erpsync doctor` asks of an account by either transport, and how it puts the answers."""

from collections.abc import Callable
from datetime import datetime

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite.settings import NetSuiteSettings

CLOCK_STEP = "Set this machine's clock by NTP (timedatectl set-ntp true), then run `erpsync doctor` again."
# Far enough from what NetSuite puts up with that a drifting clock is noticed before it refuses.
_SKEW_SECONDS = 60.0


class Wrong(Exception):
    """The answer is there, and it is bad."""

    def __init__(self, detail: str, next_step: str) -> None:
        self.detail = detail
        self.next_step = next_step
        super().__init__(detail)


def asked(name: str, question: Callable[[], object], good: str) -> Check:
    """The check of a question that raises Wrong where the answer is bad. `good` is said where it is not."""
    try:
        question()
    except Wrong as wrong:
        return Check(name, False, wrong.detail, wrong.next_step)
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return Check(name, True, good)


def skew_seconds(remote: datetime | None, clock: Clock) -> float | None:
    """How far this machine's clock is ahead of NetSuite's, None where that is not known."""
    return None if remote is None else (clock.now() - remote).total_seconds()


def clock_check(remote: datetime | None, clock: Clock, tolerated: str) -> Check:
    """`tolerated` is a clause: how exact NetSuite wants the time."""
    skew = skew_seconds(remote, clock)
    if skew is None:
        return Check("clock", False, "NetSuite's time is not known.", "Mend the checks above first.")
    side = "ahead of" if skew > 0 else "behind"
    detail = f"This clock is {abs(skew):.0f} s {side} NetSuite's; {tolerated}."
    return Check("clock", abs(skew) <= _SKEW_SECONDS, detail, "" if abs(skew) <= _SKEW_SECONDS else CLOCK_STEP)


def concurrency_check(limit: Callable[[], int | None]) -> Check:
    """How many requests the account takes at once, where the role is told."""
    try:
        most = limit()
    except SyncError as error:
        return Check("concurrency limit", False, error.problem.what, error.problem.next_step)
    told = "only administrators are told" if most is None else f"{most} requests at once for all integrations together"
    return Check("concurrency limit", True, f"Account limit: {told}.")


def configured(settings: NetSuiteSettings) -> dict[str, list[str]]:
    """What each setting that names records of the account names, by internal id; price levels by name as well."""
    named = {
        "subsidiary": [settings.subsidiary],
        "location": [settings.location],
        "stock_locations": settings.stock_locations,
        "currencies": settings.currencies.values(),
        "tax_codes": [settings.tax_code, *settings.tax_codes.values()],
        "base_price_level": [settings.base_price_level],
        "price_lists": settings.price_lists,
        "payment_methods": [settings.default_payment_method, *settings.payment_methods.values()],
        "payment_account": [settings.payment_account],
        "customer_groups": [settings.default_customer_group, *settings.customer_groups.values()],
        "shipping_methods": [settings.default_shipping_method, *settings.shipping_methods.values()],
    }
    return {setting: sorted({*ids} - {""}) for setting, ids in named.items()}
