"""What `erpsync doctor` asks of a NetSuite connection."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.passport import TOLERANCE_SECONDS
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import Ref

# Far enough from the limit that a drifting clock is noticed before NetSuite refuses it.
_SKEW_SECONDS = 60.0
_NOBODY = "erpsync-doctor-no-such-record"
_ITEMS = ("tax_item", "discount_item", "shipping_item", "tip_item", "duty_item", "fee_item", "rounding_item")
_CLOCK_STEP = "Set this machine's clock by NTP (timedatectl set-ntp true), then run `erpsync doctor` again."


def run(client: SuiteTalk, settings: NetSuiteSettings, clock: Clock) -> Sequence[Check]:
    """All questions; after a failed login only those that need none."""
    told: list[datetime] = []
    signed_in = _asked("signed in", lambda: told.append(_sign_in(client, clock)), "NetSuite accepts the token.")
    results = [
        _asked("address", lambda: _compare_address(client, settings), "The address is the account's own."),
        signed_in,
        _clock_check(told[0] if told else client.replied_at(), clock),
    ]
    if not signed_in.ok:
        return results
    results += [
        _asked(
            f"may read {name}",
            question,
            "The role may read it. Whether it may write shows with the first order: only writing would prove it.",
        )
        for name, question in _permissions(client).items()
    ]
    results.append(_governance(client))
    results += [_exists(client, setting, ref) for setting, ref in _configured(settings)]
    results += [_item_exists(client, name, getattr(settings, name)) for name in _ITEMS if getattr(settings, name)]
    return results


class _Wrong(Exception):
    """The answer is there, and it is bad."""

    def __init__(self, detail: str, next_step: str) -> None:
        self.detail = detail
        self.next_step = next_step
        super().__init__(detail)


def _asked(name: str, question: Callable[[], object], good: str) -> Check:
    try:
        question()
    except _Wrong as wrong:
        return Check(name, False, wrong.detail, wrong.next_step)
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return Check(name, True, good)


def _sign_in(client: SuiteTalk, clock: Clock) -> datetime:
    try:
        return client.server_time()
    except SyncError as error:
        skew = _skew(client.replied_at(), clock)
        if error.code == "credentials-refused" and skew is not None and abs(skew) > TOLERANCE_SECONDS:
            raise _Wrong(f"NetSuite refused the token: this clock is off by {abs(skew):.0f} s.", _CLOCK_STEP) from None
        raise


def _clock_check(remote: datetime | None, clock: Clock) -> Check:
    skew = _skew(remote, clock)
    if skew is None:
        return Check("clock", False, "NetSuite's time is not known.", "Mend the checks above first.")
    side = "ahead of" if skew > 0 else "behind"
    detail = f"This clock is {abs(skew):.0f} s {side} NetSuite's; it accepts {TOLERANCE_SECONDS} s."
    return Check("clock", abs(skew) <= _SKEW_SECONDS, detail, "" if abs(skew) <= _SKEW_SECONDS else _CLOCK_STEP)


def _skew(remote: datetime | None, clock: Clock) -> float | None:
    return None if remote is None else (clock.now() - remote).total_seconds()


def _compare_address(client: SuiteTalk, settings: NetSuiteSettings) -> None:
    told = client.web_services_address()
    if urlsplit(told).netloc != urlsplit(settings.address).netloc:
        raise _Wrong(
            f"NetSuite says that this account's web services are at {told}, the connection uses {settings.address}.",
            "Check `account` of this connection; or set `base_url` to the address that NetSuite tells.",
        )


def _permissions(client: SuiteTalk) -> dict[str, Callable[[], object]]:
    return {
        "sales orders": lambda: client.get_list([Ref(externalId=_NOBODY, type="salesOrder")]),
        "customers": lambda: client.search("Customer", {"email": {"operator": "is", "searchValue": _NOBODY}}),
        "items": lambda: client.search("Item", {"itemId": {"operator": "is", "searchValue": _NOBODY}}),
    }


def _governance(client: SuiteTalk) -> Check:
    try:
        limit = client.concurrency_limit()
    except SyncError as error:
        return Check("concurrency limit", False, error.problem.what, error.problem.next_step)
    told = "NetSuite does not tell it" if limit is None else f"{limit} requests at once for all integrations together"
    return Check("concurrency limit", True, f"Account limit: {told}.")


def _configured(settings: NetSuiteSettings) -> list[tuple[str, list[Ref]]]:
    """Each configured id with the record types that it may be. Custom forms and shipping items cannot be asked for."""
    tax_codes = {settings.tax_code, *settings.tax_codes.values()} - {""}
    return [
        *(("subsidiary", [Ref(internalId=i, type="subsidiary")]) for i in [settings.subsidiary] if i),
        *(("location", [Ref(internalId=i, type="location")]) for i in [settings.location] if i),
        *(("currencies", [Ref(internalId=i, type="currency")]) for i in settings.currencies.values() if i),
        *(
            ("tax codes", [Ref(internalId=i, type="salesTaxItem"), Ref(internalId=i, type="taxGroup")])
            for i in sorted(tax_codes)
        ),
    ]


def _exists(client: SuiteTalk, setting: str, refs: list[Ref]) -> Check:
    internal_id = refs[0]["internalId"]

    def ask() -> None:
        if all(record is None for record in client.get_list(refs)):
            raise _Wrong(
                f"NetSuite has no {refs[0]['type']} with internal id {internal_id}.",
                f"Correct `{setting.replace(' ', '_')}` of this connection.",
            )

    return _asked(f"{setting} {internal_id}", ask, "NetSuite has it.")


def _item_exists(client: SuiteTalk, setting: str, internal_id: str) -> Check:
    criteria = {"internalId": {"operator": "anyOf", "searchValue": [{"internalId": internal_id}]}}

    def ask() -> None:
        if not client.search("Item", criteria):
            raise _Wrong(
                f"NetSuite has no item with internal id {internal_id}.", f"Correct `{setting}` of this connection."
            )

    return _asked(f"{setting} {internal_id}", ask, "NetSuite has it.")
