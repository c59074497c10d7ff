"""What `erpsync doctor` asks of a NetSuite connection."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite import fields
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.passport import TOLERANCE_SECONDS
from erpsync.systems.netsuite.queries import (
    any_of,
    availability,
    custom_fields,
    may_read_deleted,
    one_of,
    search,
    search_page,
)
from erpsync.systems.netsuite.settings import CHARGES, NetSuiteSettings
from erpsync.systems.netsuite.wire import Ref

# Far enough from the limit that a drifting clock is noticed before NetSuite refuses it.
_SKEW_SECONDS = 60.0
_NOBODY = "erpsync-doctor-no-such-record"
# What NetSuite calls the custom fields whose script ids begin so.
_CUSTOM_FIELDS = {
    "custbody": "transactionBodyCustomField",
    "custcol": "transactionColumnCustomField",
    "custentity": "entityCustomField",
}
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
        for name, question in _permissions(client, settings).items()
    ]
    results.append(_governance(client))
    results += [_exists(client, setting, refs) for setting, refs in _configured(settings)]
    results += [_price_level_exists(client, name) for name in settings.price_lists if not name.isdigit()]
    results += [_item_exists(client, name, getattr(settings, name)) for name in CHARGES if getattr(settings, name)]
    results += _custom_fields(client, settings)
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


def _permissions(client: SuiteTalk, settings: NetSuiteSettings) -> dict[str, Callable[[], object]]:
    def nobody(record_type: str) -> Callable[[], object]:
        return lambda: client.get_list([Ref(externalId=_NOBODY, type=record_type)])

    nothing = {"internalIdNumber": {"operator": "equalTo", "searchValue": 0}}
    shipped = {**nothing, "type": one_of(["_itemFulfillment", "_invoice"])}
    returns = settings.refund_as == "return_authorization"
    return {
        "sales orders": nobody("salesOrder"),
        "customers": lambda: search(client, "Customer", nothing),
        "items": lambda: search(client, "Item", nothing),
        "item fulfilments and invoices": lambda: search(client, "Transaction", shipped),
        "return authorizations" if returns else "credit memos": nobody(
            "returnAuthorization" if returns else "creditMemo"
        ),
        "customer deposits": nobody("customerDeposit"),
        "stock": partial(_read_some_stock, client),
        "deleted records": partial(may_read_deleted, client),
    }


def _read_some_stock(client: SuiteTalk) -> None:
    some, _ = search_page(client, "Item", {"type": one_of(["_inventoryItem"])}, 5)
    availability(client, [item["internalId"] for item in some])


def _governance(client: SuiteTalk) -> Check:
    try:
        limit = client.concurrency_limit()
    except SyncError as error:
        return Check("concurrency limit", False, error.problem.what, error.problem.next_step)
    told = (
        "only administrators are told" if limit is None else f"{limit} requests at once for all integrations together"
    )
    return Check("concurrency limit", True, f"Account limit: {told}.")


def _configured(settings: NetSuiteSettings) -> list[tuple[str, list[Ref]]]:
    """Each configured id with the record types that it may be. Custom forms and shipping items cannot be asked for."""
    kinds: list[tuple[str, Iterable[str], tuple[str, ...]]] = [
        ("subsidiary", [settings.subsidiary], ("subsidiary",)),
        ("location", [settings.location], ("location",)),
        ("stock_locations", settings.stock_locations, ("location",)),
        ("currencies", settings.currencies.values(), ("currency",)),
        ("tax_codes", [settings.tax_code, *settings.tax_codes.values()], ("salesTaxItem", "taxGroup")),
        ("base_price_level", [settings.base_price_level], ("priceLevel",)),
        ("price_lists", filter(str.isdigit, settings.price_lists), ("priceLevel",)),
        ("payment_methods", [settings.default_payment_method, *settings.payment_methods.values()], ("paymentMethod",)),
        ("payment_account", [settings.payment_account], ("account",)),
        (
            "customer_groups",
            [settings.default_customer_group, *settings.customer_groups.values()],
            ("customerCategory",),
        ),
    ]
    return [
        (setting, [Ref(internalId=id_, type=kind) for kind in record_types])
        for setting, ids, record_types in kinds
        for id_ in sorted({*ids} - {""})
    ]


def _exists(client: SuiteTalk, setting: str, refs: list[Ref]) -> Check:
    internal_id = refs[0]["internalId"]

    def ask() -> None:
        if all(record is None for record in client.get_list(refs)):
            raise _Wrong(
                f"NetSuite has no {refs[0]['type']} with internal id {internal_id}.",
                f"Correct `{setting}` of this connection.",
            )

    return _asked(f"{setting} {internal_id}", ask, "NetSuite has it.")


def _item_exists(client: SuiteTalk, setting: str, internal_id: str) -> Check:
    criteria = {"internalId": any_of([internal_id])}

    def ask() -> None:
        if not search(client, "Item", criteria):
            raise _Wrong(
                f"NetSuite has no item with internal id {internal_id}.", f"Correct `{setting}` of this connection."
            )

    return _asked(f"{setting} {internal_id}", ask, "NetSuite has it.")


def _price_level_exists(client: SuiteTalk, name: str) -> Check:
    def ask() -> None:
        if not search(client, "PriceLevel", {"name": {"operator": "is", "searchValue": name}}):
            raise _Wrong(f'NetSuite has no price level "{name}".', "Correct `price_lists` of this connection.")

    return _asked(f"price_lists {name}", ask, "NetSuite has it.")


def _custom_fields(client: SuiteTalk, settings: NetSuiteSettings) -> list[Check]:
    places = [*map(fields.of_order, settings.order_fields), *map(fields.of_customer, settings.customer_fields)]
    names = [*(place.name for place in places if place.custom), *filter(None, [settings.payment_field])]
    checks = []
    for prefix, kind in _CUSTOM_FIELDS.items():
        wanted = {name for name in names if name.startswith(prefix)}
        if wanted:
            checks.append(_asked(f"fields {prefix}_*", partial(_all_there, client, kind, wanted), "NetSuite has them."))
    return checks


def _all_there(client: SuiteTalk, kind: str, wanted: set[str]) -> None:
    missing = sorted(wanted - custom_fields(client, kind))
    if missing:
        raise _Wrong(
            f"NetSuite has no custom field {', '.join(missing)}.",
            "Correct `order_fields`, `customer_fields` or `payment_field` of this connection, or make the field under "
            "Customization > Lists, Records, & Fields.",
        )
