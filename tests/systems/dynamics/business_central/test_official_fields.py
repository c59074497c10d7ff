"""Every field that is written or read is one of Business Central's own.

The published OpenAPI description of v2.0 leaves entities out and still has the addresses of v1.0; what it lacks is
listed here with the page that has it.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from erpsync.domain.ids import Sku
from erpsync.ports.pages import Since
from erpsync.systems.dynamics.business_central import wire
from erpsync.systems.dynamics.business_central.wire import NO_ID
from erpsync.testing.erp_contract import everything, written
from tests.systems.dynamics.business_central.stand import (
    World,
    an_order,
    eur,
    line,
    payment_draft,
    refund_draft,
    returned,
)

_RESOURCES = "https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_"
_ADDRESS = frozenset(
    f"{who}{part}"
    for who in ("sellTo", "shipTo")
    for part in ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
)
_LINE = frozenset({"lineObjectNumber", "itemVariantId", "locationId"})
SCHEMAS = {
    "companies": "company",
    "customers": "customer",
    "items": "item",
    "itemCategories": "itemCategory",
    "paymentTerms": "paymentTerm",
    "shipmentMethods": "shipmentMethod",
    "currencies": "currency",
    "taxGroups": "taxGroup",
    "accounts": "account",
    "generalLedgerSetup": "generalLedgerSetup",
    "generalLedgerEntries": "generalLedgerEntry",
    "customerPaymentJournals": "customerPaymentJournal",
    "customerPayments": "customerPayment",
    "salesOrders": "salesOrder",
    "salesOrderLines": "salesOrderLine",
    "salesInvoices": "salesInvoice",
    "salesInvoiceLines": "salesInvoiceLine",
    "salesCreditMemos": "salesCreditMemo",
    "salesCreditMemoLines": "salesCreditMemoLine",
}
# Fields of v2.0 that the OpenAPI description lacks, by the page of the resource that has them.
NEWER: Mapping[str, tuple[str, frozenset[str]]] = {
    "items": (f"{_RESOURCES}item", frozenset({"baseUnitOfMeasureCode", "itemVariants"})),
    "salesOrders": (
        f"{_RESOURCES}salesorder",
        _ADDRESS | {"postingDate", "shortcutDimension1Code", "shortcutDimension2Code"},
    ),
    "salesOrderLines": (f"{_RESOURCES}salesorderline", _LINE),
    "salesInvoices": (f"{_RESOURCES}salesinvoice", frozenset()),
    "salesInvoiceLines": (f"{_RESOURCES}salesinvoiceline", _LINE),
    "salesCreditMemoLines": (f"{_RESOURCES}salescreditmemoline", _LINE),
}
# Resources that it lacks altogether.
ABSENT: Mapping[str, tuple[str, frozenset[str]]] = {
    "itemVariants": (f"{_RESOURCES}itemvariant", frozenset({"id", "itemId", "itemNumber", "code", "description"})),
    "locations": (f"{_RESOURCES}location", frozenset({"id", "code"})),
    "itemLedgerEntries": (f"{_RESOURCES}itemledgerentry", frozenset({"id", "entryNumber", "itemNumber"})),
    "salesShipments": (
        f"{_RESOURCES}salesshipment",
        frozenset({"id", "number", "externalDocumentNumber", "orderNumber", "postingDate", "lastModifiedDateTime"}),
    ),
    "salesShipmentLines": (
        f"{_RESOURCES}salesshipmentline",
        frozenset({"sequence", "lineType", "lineObjectNumber", "quantity"}),
    ),
}


@pytest.fixture(scope="session")
def official(contracts: Path) -> dict[str, Any]:
    """Schemas of API v2.0 by name."""
    text = (contracts / "dynamics" / "bc" / "bcoas2.0.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schemas: dict[str, Any] = yaml.load(text, Loader=loader)["components"]["schemas"]  # noqa: S506
    return schemas


def do_everything(world: World) -> None:
    """Every method of the port, with all that it may write or read."""
    world.simulator.put_variant("SKU-0005", "RED", "Red")
    erp = world.erp(
        location="EAST",
        currencies={"GBP": "GBP"},
        order_fields={"shortcutDimension1Code": "'WEB'", "salesperson": "'ADA'"},
    )
    order = an_order("1001", line("SKU-0005|RED", "2"), line("SKU-0002"), tip=eur("1.00"), rounding=eur("0.01"))
    ref = world.make(erp, order)
    erp.find_orders(["shop-1001"])
    erp.amend_orders(
        {
            ref.target_id: world.draft(
                erp, order.model_copy(update={"tip": eur("0.99"), "total": order.total - eur("0.01")})
            )
        }
    )
    world.simulator.ship(ref.target_id, {"SKU-0005|RED": Decimal(1)}, carrier="DHL", number="1")
    for read in (
        erp.customers_changed,
        erp.products_changed,
        erp.prices_changed,
        erp.stock_levels,
        erp.progress_changed,
    ):
        everything(read)  # type: ignore[arg-type]
    erp.stock_of([Sku("SKU-0005|RED"), Sku("SKU-0002"), Sku("SKU-9999")])
    erp.close_orders([ref.target_id])
    world.simulator.invoice(ref.target_id)
    refund = refund_draft(ref, returned("SKU-0005|RED", "10.00", "1.90"), shipping=eur("1.00"), total=eur("12.90"))
    written(erp.post_refunds([refund])[refund.reference])
    payment = payment_draft(ref, world.customer(erp))
    written(erp.post_payments([payment])[payment.reference])
    erp.cancel_orders([world.make(erp, an_order("1002")).target_id])
    erp.check()
    erp.progress_changed(Since())


def known(table: str, official: Mapping[str, Any]) -> Mapping[str, Any]:
    if table in ABSENT:
        return {field: {} for field in ABSENT[table][1]}
    newer: dict[str, Any] = {field: {} for field in NEWER.get(table, ("", frozenset()))[1]}
    return {**official[SCHEMAS[table]]["properties"], **newer}


def test_every_field_is_in_the_official_description_or_on_its_resources_page(
    world: World, official: dict[str, Any]
) -> None:
    do_everything(world)
    sent = [(table, field) for _, table, body in world.simulator.bodies for field in body or ()]
    nested = [
        (name, field)
        for _, _, body in world.simulator.bodies
        for name, lines in (body or {}).items()
        if isinstance(lines, list)
        for one in lines
        for field in one
    ]
    used = {*sent, *nested, *world.simulator.read_fields}
    used = {(table, field) for table, field in used if not table.startswith("page ")}
    assert {table for table, _ in used} == set(SCHEMAS) | set(ABSENT)
    assert sorted(one for one in used if one[1] not in known(one[0], official)) == []


def test_what_is_listed_as_lacking_is_lacking(official: dict[str, Any]) -> None:
    for table, (page, fields) in NEWER.items():
        assert page.startswith("https://learn.microsoft.com/")
        assert fields & set(official[SCHEMAS[table]]["properties"]) == set()
    assert not {"itemVariant", "location", "itemLedgerEntry", "salesShipment"} & set(official)


def test_every_value_sent_has_its_official_type_and_length(world: World, official: dict[str, Any]) -> None:
    do_everything(world)
    kinds = {"string": str, "number": (int, Decimal), "integer": int, "boolean": bool, "array": list}
    checked = 0
    for _, table, body in world.simulator.bodies:
        for field, value in (body or {}).items():
            rule = known(table, official).get(field, {})
            if "type" in rule:
                checked += 1
                assert isinstance(value, kinds[rule["type"]]), (table, field, value)
                assert not isinstance(value, str) or len(value) <= rule.get("maxLength", 1000), (table, field)
    assert checked > 50


def test_fields_that_merchants_may_fill_are_official(official: dict[str, Any]) -> None:
    assert wire.ORDER_FIELDS - set(known("salesOrders", official)) == set()
    assert wire.CUSTOMER_FIELDS - set(known("customers", official)) == set()
    assert official["salesOrder"]["properties"]["externalDocumentNumber"]["maxLength"] == 35
    assert official["customer"]["properties"]["number"]["maxLength"] == 20
    assert len(NO_ID) == 36
