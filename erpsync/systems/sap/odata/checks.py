"""What `erpsync doctor` asks of an S/4HANA connection. SAP's services read no customizing: a key that no service lists can
only be seen in use."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import both, text_literal
from erpsync.systems.sap.odata.items import Materials
from erpsync.systems.sap.odata.materials import sales_area_filter
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.wire import DELIVERIES, PARTNERS, PRICES, PRODUCTS, SALES_ORDERS, SERVICES

# OAuth and logs tolerate more; a clock this far off is one that nobody sets.
_SKEW_SECONDS = 60.0
_BY_HAND = "Correct it in this connection's settings, or make it in SAP; then run `erpsync doctor` again."


def run(gateway: Gateway, settings: SapODataSettings, clock: Clock) -> Sequence[Check]:
    """All questions; after a failed log-on only those that need none."""
    signed_in = _asked("signed in", gateway.ping, "SAP accepts the connection's user.")
    answered = gateway.replied_at is not None
    reachable = Check("reachable", True, "SAP answers.") if answered else _failed("reachable", signed_in)
    results = [reachable, signed_in, _clock(gateway.replied_at, clock)]
    if not signed_in.ok:
        return results
    services = [
        _asked(
            f"may read {service}",
            partial(gateway.ping, service),
            "The service is active and may be read. Whether it may be written shows with the first record.",
        )
        for service in SERVICES
    ]
    results += services
    # What a service lists can only be asked of one that answers; a clock that is off hides nothing.
    if all(check.ok for check in services):
        results += _configured(gateway, settings, clock)
    return results


def _configured(gateway: Gateway, settings: SapODataSettings, clock: Clock) -> Iterator[Check]:
    yield _sales_area(gateway, settings)
    yield from _company(gateway, settings)
    yield from _materials(gateway, settings, clock)
    yield from _locations(gateway, settings)
    yield from _fields(gateway, settings)
    yield _list_prices(gateway, settings)
    yield from _in_use(gateway, settings)


def _sales_area(gateway: Gateway, settings: SapODataSettings) -> Check:
    area = f"{settings.sales_organization}/{settings.distribution_channel}"

    def ask() -> str:
        page = gateway.page(
            PRODUCTS, "A_ProductSalesDelivery", filter=sales_area_filter(settings), top="1", inlinecount="allpages"
        )
        return f"{page.count or len(page.rows)} products are sold in {area}." if page.rows else ""

    return _found(f"sales area {area}", ask, f"SAP has no product in sales organization and channel {area}.")


def _company(gateway: Gateway, settings: SapODataSettings) -> Iterator[Check]:
    if settings.company:
        condition = f"CompanyCode eq {text_literal(settings.company)}"
        yield _found(
            f"company {settings.company}",
            lambda: "It has customers." if _any(gateway, PARTNERS, "A_CustomerCompany", condition) else "",
            f"No customer in SAP belongs to company code {settings.company}.",
        )
    condition = both(
        f"SalesOrganization eq {text_literal(settings.sales_organization)}",
        f"DistributionChannel eq {text_literal(settings.distribution_channel)}",
        f"Division eq {text_literal(settings.division)}",
    )
    yield _found(
        f"division {settings.division}",
        lambda: "It has customers." if _any(gateway, PARTNERS, "A_CustomerSalesArea", condition) else "",
        "No customer in SAP belongs to this sales organization, channel and division.",
    )


def _materials(gateway: Gateway, settings: SapODataSettings, clock: Clock) -> Iterator[Check]:
    for setting, number in settings.charge_materials.items():
        yield _found(
            f"{setting} {number}",
            partial(_sold, Materials(gateway, settings, clock), number),
            f"SAP sells no material {number} in this sales area.",
        )


def _locations(gateway: Gateway, settings: SapODataSettings) -> Iterator[Check]:
    for location in settings.stock_locations:
        plant, _, storage = location.partition("/")
        condition = f"Plant eq {text_literal(plant)}"
        entities = "A_ProductPlant"
        if storage:
            entities = "A_ProductStorageLocation"
            condition = both(condition, f"StorageLocation eq {text_literal(storage)}")
        yield _found(
            f"stock location {location}",
            partial(_kept, gateway, entities, condition),
            f"No product in SAP is kept at {location}.",
        )


def _fields(gateway: Gateway, settings: SapODataSettings) -> Iterator[Check]:
    """Fields of the merchant's own, against the metadata of the services that are to take or to tell them."""
    for setting, service, kind, names, creatable in (
        ("order_fields", SALES_ORDERS, "A_SalesOrderType", settings.order_fields, True),
        ("customer_fields", PARTNERS, "A_BusinessPartnerType", settings.customer_fields, True),
        ("tracking_field", DELIVERIES, "A_OutbDeliveryHeaderType", [settings.tracking_field], False),
    ):
        for name in names:
            yield _found(
                f"{setting} {name}",
                partial(_field, gateway, service, kind, name, creatable),
                f"{kind.removesuffix('Type')} has no field {name}" + (" that can be set." if creatable else "."),
            )


def _list_prices(gateway: Gateway, settings: SapODataSettings) -> Check:
    kind = settings.list_price_condition
    condition = f"ConditionType eq {text_literal(kind)}"
    return _found(
        f"list_price_condition {kind}",
        lambda: "It has records." if _any(gateway, PRICES, "A_SlsPrcgConditionRecord", condition) else "",
        f"SAP has no condition record of type {kind}.",
    )


def _in_use(gateway: Gateway, settings: SapODataSettings) -> Iterator[Check]:
    """Keys that only SAP's customizing lists. None in use is no fault: a new one has not been used yet."""
    tables: list[tuple[str, set[str], str, str, str]] = [
        ("currency", set(settings.currencies.values()), PARTNERS, "A_CustomerSalesArea", "Currency"),
        ("customer group", _values(settings.customer_groups), PARTNERS, "A_CustomerSalesArea", "CustomerGroup"),
        ("shipping method", _values(settings.shipping_methods), SALES_ORDERS, "A_SalesOrder", "ShippingCondition"),
        ("payment method", _values(settings.payment_methods), SALES_ORDERS, "A_SalesOrder", "PaymentMethod"),
        ("price list", set(settings.price_lists), PRICES, "A_SlsPrcgCndnRecdValidity", "PriceListType"),
    ]
    codes = _values(settings.tax_codes)
    if settings.tax_handling == "classification":
        tables.append(("tax code", codes, PRODUCTS, "A_ProductSalesTax", "TaxClassification"))
    else:
        tables.append(("tax code", codes, SALES_ORDERS, "A_SalesOrderItemPrElement", "ConditionType"))
    for name, values, service, entities, field in tables:
        for value in sorted(values):
            yield _use(gateway, f"{name} {value}", service, entities, f"{field} eq {text_literal(value)}")


def _values(table: dict[str, str]) -> set[str]:
    return set(table.values()) - {""}


def _use(gateway: Gateway, name: str, service: str, entities: str, condition: str) -> Check:
    try:
        used = _any(gateway, service, entities, condition)
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    told = (
        "SAP uses it."
        if used
        else "Nothing in SAP uses it yet, so it could not be proven; compare it with SAP's own list."
    )
    return Check(name, True, told)


def _any(gateway: Gateway, service: str, entities: str, condition: str) -> bool:
    return bool(gateway.page(service, entities, filter=condition, top="1").rows)


def _sold(materials: Materials, number: str) -> str:
    return "It is sold." if materials.find([number]) else ""


def _kept(gateway: Gateway, entities: str, condition: str) -> str:
    return "It has products." if _any(gateway, PRODUCTS, entities, condition) else ""


def _field(gateway: Gateway, service: str, kind: str, name: str, creatable: bool) -> str:
    return "SAP has it." if _has_field(gateway.metadata(service), kind, name, creatable=creatable) else ""


def _has_field(metadata: bytes, kind: str, name: str, *, creatable: bool) -> bool:
    entity = re.search(rf'<EntityType Name="{kind}".*?</EntityType>', metadata.decode("utf-8", "replace"), re.DOTALL)
    found = re.search(rf'<Property Name="{re.escape(name)}"[^>]*>', entity[0]) if entity else None
    return found is not None and not (creatable and 'sap:creatable="false"' in found[0])


def _asked(name: str, question: Callable[[], object], good: str) -> Check:
    try:
        question()
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return Check(name, True, good)


def _found(name: str, question: Callable[[], str], missing: str) -> Check:
    try:
        found = question()
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return Check(name, True, found) if found else Check(name, False, missing, _BY_HAND)


def _failed(name: str, cause: Check) -> Check:
    return Check(name, False, cause.detail, cause.next_step)


def _clock(remote: datetime | None, clock: Clock) -> Check:
    if remote is None:
        return Check("clock", False, "SAP's time is not known.", "Mend the checks above first.")
    skew = (clock.now() - remote).total_seconds()
    side = "ahead of" if skew > 0 else "behind"
    well = abs(skew) <= _SKEW_SECONDS
    step = "" if well else "Set both machines' clocks by NTP, then run `erpsync doctor` again."
    return Check("clock", well, f"This clock is {abs(skew):.0f} s {side} SAP's.", step)
