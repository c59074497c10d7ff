"""What `erpsync doctor` asks of a NetSuite connection by REST."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.systems.netsuite import fields
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_mapper import SUITE_TAX
from erpsync.systems.netsuite.rest_writing import RestWriting
from erpsync.systems.netsuite.settings import CHARGES, NetSuiteSettings

# Far enough from what a signed proof survives that a drifting clock is noticed first.
_SKEW_SECONDS = 60.0
_CLOCK_STEP = "Set this machine's clock by NTP (timedatectl set-ntp true), then run `erpsync doctor` again."
_READS = {
    "customer": "customers",
    "salesOrder": "sales orders",
    "customerDeposit": "customer deposits",
    "itemFulfillment": "item fulfillments",
    "invoice": "invoices",
}
_CREDITS = {"credit_memo": "creditMemo", "return_authorization": "returnAuthorization"}
_QUERIES = {
    "subsidiary": "SELECT x.id AS id, x.name AS name FROM subsidiary x",
    "location": "SELECT x.id AS id, x.name AS name FROM location x",
    "currency": "SELECT x.id AS id, x.symbol AS name FROM currency x",
    "price level": "SELECT x.id AS id, x.name AS name FROM pricelevel x",
    "payment method": "SELECT x.id AS id, x.name AS name FROM paymentmethod x",
    "account": "SELECT x.id AS id, x.fullname AS name FROM account x",
    "customer category": "SELECT x.id AS id, x.name AS name FROM customercategory x",
    "shipping item": "SELECT x.id AS id, x.itemid AS name FROM shipitem x",
}
_ITEMS = "SELECT i.id AS id FROM item i WHERE i.id IN :items AND i.isinactive = 'F'"


def run(client: RestClient, settings: NetSuiteSettings) -> Sequence[Check]:
    """All questions; after a failed login only those that need none."""
    told: list[datetime] = []
    signed_in = _asked("signed in", lambda: told.append(client.server_time()), "NetSuite gives and accepts a token.")
    results = [signed_in, _clock_check(told[0] if told else client.replied_at, client)]
    if not signed_in.ok:
        return results
    may = "The role may read them. Whether it may write shows with the first one: only writing would prove it."
    kinds = {**_READS, _CREDITS[settings.refund_as]: "credits"}
    results += [_asked(f"may read {name}", partial(client.may_read, kind), may) for kind, name in kinds.items()]
    results += [_asked("may read items", partial(client.rows, _ITEMS, 1, items=[0]), may)]
    results += [_governance(client), _tax_check(client, settings)]
    results += _lookups(client, settings)
    results += [_item_check(client, name, getattr(settings, name)) for name in CHARGES if getattr(settings, name)]
    return [*results, *_field_checks(client, settings)]


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


def _clock_check(remote: datetime | None, client: RestClient) -> Check:
    if remote is None:
        return Check("clock", False, "NetSuite's time is not known.", "Mend the check above first.")
    skew = (client.clock.now() - remote).total_seconds()
    side = "ahead of" if skew > 0 else "behind"
    detail = f"This clock is {abs(skew):.0f} s {side} NetSuite's; what it signs must be of the present."
    return Check("clock", abs(skew) <= _SKEW_SECONDS, detail, "" if abs(skew) <= _SKEW_SECONDS else _CLOCK_STEP)


def _governance(client: RestClient) -> Check:
    try:
        limit = client.concurrency_limit()
    except SyncError as error:
        return Check("concurrency limit", False, error.problem.what, error.problem.next_step)
    told = "only administrators are told" if limit is None else f"{limit} requests at once for all integrations"
    return Check("concurrency limit", True, f"Account limit: {told}.")


def _tax_check(client: RestClient, settings: NetSuiteSettings) -> Check:
    def ask() -> None:
        if SUITE_TAX not in client.fields("salesOrder"):
            if settings.tax_handling == "lines":
                raise _Wrong(
                    "The account has no SuiteTax, and REST takes tax on lines only with it.",
                    "Set tax_handling = item, or transport = soap, on this connection.",
                )
            return
        writing = RestWriting(client, settings)
        for code in sorted({settings.tax_code, *settings.tax_codes.values()} - {""}):
            if settings.tax_handling == "lines":
                writing.tax_type(code)

    return _asked("tax", ask, f"Tax can be written as tax_handling = {settings.tax_handling} says.")


def _lookups(client: RestClient, settings: NetSuiteSettings) -> list[Check]:
    """One check for each setting that names records, by their ids."""
    one = {
        "subsidiary": ("subsidiary", [settings.subsidiary]),
        "location": ("location", [settings.location]),
        "stock_locations": ("location", list(settings.stock_locations)),
        "currencies": ("currency", list(settings.currencies.values())),
        "base_price_level": ("price level", [settings.base_price_level]),
        "price_lists": ("price level", list(settings.price_lists)),
        "payment_methods": ("payment method", [*settings.payment_methods.values(), settings.default_payment_method]),
        "payment_account": ("account", [settings.payment_account]),
        "customer_groups": ("customer category", [*settings.customer_groups.values(), settings.default_customer_group]),
        "shipping_methods": ("shipping item", [*settings.shipping_methods.values(), settings.default_shipping_method]),
    }
    asked = [(name, what, sorted({*wanted} - {""})) for name, (what, wanted) in one.items()]
    return [_lookup(client, name, what, wanted) for name, what, wanted in asked if wanted]


def _lookup(client: RestClient, setting: str, what: str, wanted: Sequence[str]) -> Check:
    def ask() -> None:
        rows = client.rows(_QUERIES[what])
        known = {row["id"] for row in rows}
        if setting == "price_lists":
            known |= {row.get("name", "") for row in rows}
        missing = [one for one in wanted if one not in known]
        if missing:
            raise _Wrong(
                f"NetSuite has no {what} {', '.join(missing)}, or the role may not see it.",
                f"Correct `{setting}` of this connection.",
            )

    return _asked(setting, ask, f"NetSuite has {', '.join(wanted)}.")


def _item_check(client: RestClient, setting: str, item: str) -> Check:
    def ask() -> None:
        if not client.rows(_ITEMS, items=[int(item)]):
            raise _Wrong(
                f"NetSuite has no active item with internal id {item}.", f"Correct `{setting}` of this connection."
            )

    return _asked(f"{setting} {item}", ask, "NetSuite has it.")


def _field_checks(client: RestClient, settings: NetSuiteSettings) -> list[Check]:
    """Fields that the merchant has filled. Those of lines are not in the list that NetSuite gives of an order's."""
    order = [place.name for place in map(fields.of_order, settings.order_fields) if not place.on_lines]
    wanted = {
        "order_fields": ("salesOrder", order),
        "payment_field": ("salesOrder", [settings.payment_field] if settings.payment_field else []),
        "customer_fields": ("customer", [fields.of_customer(name).name for name in settings.customer_fields]),
    }
    return [_field_check(client, setting, kind, names) for setting, (kind, names) in wanted.items() if names]


def _field_check(client: RestClient, setting: str, kind: str, names: Sequence[str]) -> Check:
    def ask() -> None:
        missing = [name for name in names if name not in client.fields(kind)]
        if missing:
            raise _Wrong(
                f"A {kind} of this account has no field {', '.join(missing)}.",
                f"Correct `{setting}` of this connection, or add the field in NetSuite.",
            )

    return _asked(setting, ask, f"NetSuite has {', '.join(names)}.")
