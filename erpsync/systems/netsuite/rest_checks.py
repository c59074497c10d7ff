"""What `erpsync doctor` asks of a NetSuite connection by REST."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from erpsync.ports.checks import Check
from erpsync.systems.netsuite import fields
from erpsync.systems.netsuite.account_checks import Wrong, asked, clock_check, concurrency_check, configured
from erpsync.systems.netsuite.order_rules import CREDITS
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_mapper import SUITE_TAX
from erpsync.systems.netsuite.rest_writing import RestWriting
from erpsync.systems.netsuite.settings import CHARGES, NetSuiteSettings

_READS = {
    "customer": "customers",
    "salesOrder": "sales orders",
    "customerDeposit": "customer deposits",
    "itemFulfillment": "item fulfillments",
    "invoice": "invoices",
}
_KINDS = {
    "subsidiary": "subsidiary",
    "location": "location",
    "stock_locations": "location",
    "currencies": "currency",
    "base_price_level": "price level",
    "price_lists": "price level",
    "payment_methods": "payment method",
    "payment_account": "account",
    "customer_groups": "customer category",
    "shipping_methods": "shipping item",
}
_TABLES = {
    "subsidiary": ("subsidiary", "name"),
    "location": ("location", "name"),
    "currency": ("currency", "symbol"),
    "price level": ("pricelevel", "name"),
    "payment method": ("paymentmethod", "name"),
    "account": ("account", "fullname"),
    "customer category": ("customercategory", "name"),
    "shipping item": ("shipitem", "itemid"),
}
_NAMES = "SELECT x.id AS id, x.{column} AS name FROM {table} x WHERE x.id > :after ORDER BY x.id"
_STOCK = "SELECT a.item AS item FROM aggregateItemLocation a WHERE a.item IN :items"
_PLACES = "SELECT l.id AS id FROM location l WHERE l.isinactive = 'F'"
_ITEMS = "SELECT i.id AS id FROM item i WHERE i.id IN :items AND i.isinactive = 'F'"


def run(client: RestClient, settings: NetSuiteSettings) -> Sequence[Check]:
    """All questions; after a failed login only those that need none."""
    told: list[datetime] = []
    signed_in = asked("signed in", lambda: told.append(client.server_time()), "NetSuite gives and accepts a token.")
    remote = told[0] if told else client.replied_at
    results = [signed_in, clock_check(remote, client.clock, "what it signs must be of the present")]
    if not signed_in.ok:
        return results
    may = "The role may read them. Whether it may write shows with the first one: only writing would prove it."
    kinds = {**_READS, CREDITS[settings.refund_as]: "credits"}
    results += [asked(f"may read {name}", partial(client.may_read, kind), may) for kind, name in kinds.items()]
    results += [asked("may read items", partial(client.rows, _ITEMS, 1, items=[0]), may)]
    results += [asked("may read stock", partial(_read_stock, client, settings), may)]
    results += [concurrency_check(client.concurrency_limit), _tax_check(client, settings)]
    results += _lookups(client, settings)
    results += [_item_check(client, name, getattr(settings, name)) for name in CHARGES if getattr(settings, name)]
    return [*results, *_field_checks(client, settings)]


def _read_stock(client: RestClient, settings: NetSuiteSettings) -> None:
    client.rows(_STOCK, 1, items=[0])
    if not settings.stock_locations and not client.rows(_PLACES, 1):
        raise Wrong(
            "NetSuite tells of no location, and by REST stock is told of locations alone.",
            "Let the role see the locations; or, where the account has none, set transport = soap on this connection.",
        )


def _tax_check(client: RestClient, settings: NetSuiteSettings) -> Check:
    def ask() -> None:
        if SUITE_TAX not in client.fields("salesOrder"):
            if settings.tax_handling == "lines":
                raise Wrong(
                    "The account has no SuiteTax, and REST takes tax on lines only with it.",
                    "Set tax_handling = item, or transport = soap, on this connection.",
                )
            return
        writing = RestWriting(client, settings)
        for code in configured(settings)["tax_codes"]:
            if settings.tax_handling == "lines":
                writing.tax_type(code)

    return asked("tax", ask, f"Tax can be written as tax_handling = {settings.tax_handling} says.")


def _lookups(client: RestClient, settings: NetSuiteSettings) -> list[Check]:
    """One check for each setting that names records, by their ids."""
    ids = configured(settings)
    return [_lookup(client, name, what, ids[name]) for name, what in _KINDS.items() if ids[name]]


def _lookup(client: RestClient, setting: str, what: str, wanted: Sequence[str]) -> Check:
    def ask() -> None:
        table, column = _TABLES[what]
        # A chart of accounts may have more rows than one answer takes.
        rows = client.all_rows(_NAMES.format(table=table, column=column), "id")
        known = {row["id"] for row in rows}
        if setting == "price_lists":
            known |= {row.get("name", "") for row in rows}
        missing = [one for one in wanted if one not in known]
        if missing:
            raise Wrong(
                f"NetSuite has no {what} {', '.join(missing)}, or the role may not see it.",
                f"Correct `{setting}` of this connection.",
            )

    return asked(setting, ask, f"NetSuite has {', '.join(wanted)}.")


def _item_check(client: RestClient, setting: str, item: str) -> Check:
    def ask() -> None:
        if not client.rows(_ITEMS, items=[int(item)]):
            raise Wrong(
                f"NetSuite has no active item with internal id {item}.", f"Correct `{setting}` of this connection."
            )

    return asked(f"{setting} {item}", ask, "NetSuite has it.")


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
            raise Wrong(
                f"A {kind} of this account has no field {', '.join(missing)}.",
                f"Correct `{setting}` of this connection, or add the field in NetSuite.",
            )

    return asked(setting, ask, f"NetSuite has {', '.join(names)}.")
