"""What `erpsync doctor` asks of a NetSuite connection."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite import fields
from erpsync.systems.netsuite.account_checks import (
    CLOCK_STEP,
    Wrong,
    asked,
    clock_check,
    concurrency_check,
    configured,
    skew_seconds,
)
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

# The types of record that a setting's ids may be of. Custom forms and shipping items cannot be asked for.
_KINDS = {
    "subsidiary": ("subsidiary",),
    "location": ("location",),
    "stock_locations": ("location",),
    "currencies": ("currency",),
    "tax_codes": ("salesTaxItem", "taxGroup"),
    "base_price_level": ("priceLevel",),
    "price_lists": ("priceLevel",),
    "payment_methods": ("paymentMethod",),
    "payment_account": ("account",),
    "customer_groups": ("customerCategory",),
}
_NOBODY = "erpsync-doctor-no-such-record"
# What NetSuite calls the custom fields whose script ids begin so.
_CUSTOM_FIELDS = {
    "custbody": "transactionBodyCustomField",
    "custcol": "transactionColumnCustomField",
    "custentity": "entityCustomField",
}


def run(client: SuiteTalk, settings: NetSuiteSettings, clock: Clock) -> Sequence[Check]:
    """All questions; after a failed login only those that need none."""
    told: list[datetime] = []
    signed_in = asked("signed in", lambda: told.append(_sign_in(client, clock)), "NetSuite accepts the token.")
    results = [
        asked("address", lambda: _compare_address(client, settings), "The address is the account's own."),
        signed_in,
        clock_check(told[0] if told else client.replied_at(), clock, f"it accepts {TOLERANCE_SECONDS} s"),
    ]
    if not signed_in.ok:
        return results
    results += [
        asked(
            f"may read {name}",
            question,
            "The role may read it. Whether it may write shows with the first order: only writing would prove it.",
        )
        for name, question in _permissions(client, settings).items()
    ]
    results.append(concurrency_check(client.concurrency_limit))
    results += [_exists(client, setting, id_) for setting, id_ in _to_ask(settings)]
    results += [_price_level_exists(client, name) for name in settings.price_lists if not name.isdigit()]
    results += [_item_exists(client, name, getattr(settings, name)) for name in CHARGES if getattr(settings, name)]
    results += _custom_fields(client, settings)
    return results


def _sign_in(client: SuiteTalk, clock: Clock) -> datetime:
    try:
        return client.server_time()
    except SyncError as error:
        skew = skew_seconds(client.replied_at(), clock)
        if error.code == "credentials-refused" and skew is not None and abs(skew) > TOLERANCE_SECONDS:
            raise Wrong(f"NetSuite refused the token: this clock is off by {abs(skew):.0f} s.", CLOCK_STEP) from None
        raise


def _compare_address(client: SuiteTalk, settings: NetSuiteSettings) -> None:
    told = client.web_services_address()
    if urlsplit(told).netloc != urlsplit(settings.address).netloc:
        raise Wrong(
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


def _to_ask(settings: NetSuiteSettings) -> list[tuple[str, str]]:
    """Each setting with each of its ids. A price level that is given by its name is looked for by it."""
    ids = configured(settings)
    return [(setting, id_) for setting in _KINDS for id_ in ids[setting] if setting != "price_lists" or id_.isdigit()]


def _exists(client: SuiteTalk, setting: str, internal_id: str) -> Check:
    kinds = _KINDS[setting]

    def ask() -> None:
        if all(
            record is None for record in client.get_list([Ref(internalId=internal_id, type=kind) for kind in kinds])
        ):
            raise Wrong(
                f"NetSuite has no {kinds[0]} with internal id {internal_id}.",
                f"Correct `{setting}` of this connection.",
            )

    return asked(f"{setting} {internal_id}", ask, "NetSuite has it.")


def _item_exists(client: SuiteTalk, setting: str, internal_id: str) -> Check:
    criteria = {"internalId": any_of([internal_id])}

    def ask() -> None:
        if not search(client, "Item", criteria):
            raise Wrong(
                f"NetSuite has no item with internal id {internal_id}.", f"Correct `{setting}` of this connection."
            )

    return asked(f"{setting} {internal_id}", ask, "NetSuite has it.")


def _price_level_exists(client: SuiteTalk, name: str) -> Check:
    def ask() -> None:
        if not search(client, "PriceLevel", {"name": {"operator": "is", "searchValue": name}}):
            raise Wrong(f'NetSuite has no price level "{name}".', "Correct `price_lists` of this connection.")

    return asked(f"price_lists {name}", ask, "NetSuite has it.")


def _custom_fields(client: SuiteTalk, settings: NetSuiteSettings) -> list[Check]:
    places = [*map(fields.of_order, settings.order_fields), *map(fields.of_customer, settings.customer_fields)]
    names = [*(place.name for place in places if place.custom), *filter(None, [settings.payment_field])]
    checks = []
    for prefix, kind in _CUSTOM_FIELDS.items():
        wanted = {name for name in names if name.startswith(prefix)}
        if wanted:
            checks.append(asked(f"fields {prefix}_*", partial(_all_there, client, kind, wanted), "NetSuite has them."))
    return checks


def _all_there(client: SuiteTalk, kind: str, wanted: set[str]) -> None:
    missing = sorted(wanted - custom_fields(client, kind))
    if missing:
        raise Wrong(
            f"NetSuite has no custom field {', '.join(missing)}.",
            "Correct `order_fields`, `customer_fields` or `payment_field` of this connection, or make the field under "
            "Customization > Lists, Records, & Fields.",
        )
