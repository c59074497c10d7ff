"""Every request, and the simulator's own metadata, against SAP's metadata documents."""

from decimal import Decimal
from pathlib import Path

import pytest

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.orders import Order, TaxLine
from erpsync.systems.sap.odata.simulator_batch import Call
from erpsync.systems.sap.odata.simulator_types import DEFINITIONS, NOT_CREATABLE, entity_sets
from erpsync.testing.erp_contract import Stage, an_order, eur, everything, hard_order, line, stage_refund
from tests.systems.sap.odata.edmx import Edmx
from tests.systems.sap.odata.stage import CONDITIONS
from tests.systems.sap.odata.stand import BUYER, System, customer

OFFICIAL = (
    "API_SALES_ORDER_SRV",
    "API_BUSINESS_PARTNER",
    "API_PRODUCT_SRV",
    "API_MATERIAL_STOCK_SRV",
    "API_SLSPRICINGCONDITIONRECORD_SRV",
)
_TYPES = {
    "s": "Edm.String",
    "d": "Edm.Decimal",
    "D": "Edm.DateTime",
    "O": "Edm.DateTimeOffset",
    "T": "Edm.Time",
    "B": "Edm.Boolean",
}
_VAT = (TaxLine(title="VAT", amount=eur("9.31"), rate=Decimal("0.19")),)
_SAP = "{http://www.sap.com/Protocols/SAPData}"


@pytest.fixture(scope="session")
def official(contracts: Path) -> dict[str, Edmx]:
    return {service: Edmx(contracts / "sap" / "odata" / f"{service}.edmx") for service in OFFICIAL}


@pytest.fixture
def busy(sap: System) -> System:
    """A system of which everything has been asked that the adapter can ask."""
    for changes in ({}, {**CONDITIONS, "note_text": "TX01", "payment_text": "TX02", "order_origin": "SHOP"}):
        _sell(sap, changes, "c" if changes else "m")
    erp = sap.erp(price_lists="01", page_size=20)
    for read in (
        erp.customers_changed,
        erp.products_changed,
        erp.prices_changed,
        erp.stock_levels,
        erp.progress_changed,
    ):
        _, watermark = everything(read)  # type: ignore[arg-type]
        everything(read, watermark)  # type: ignore[arg-type]
    erp.stock_of([Sku(f"SKU-{number:04d}") for number in range(500)])
    erp.check()
    return sap


def _sell(sap: System, changes: dict[str, str], tag: str) -> None:
    erp = sap.erp(**changes)
    drafts = [customer(f"{tag}1"), customer(f"{tag}2", company="Analytical Engines Limited")]
    erp.upsert_customers(drafts)
    renamed = customer(f"{tag}1", last_name="Byron", email="byron@example.com", phone="+49 30 99")
    erp.upsert_customers([renamed])
    known = erp.find_customers([*drafts, customer("nobody")])
    buyer = known[drafts[0].reference][0].target_id
    orders = [hard_order(name) for name in ("discounts", "included", "tip", "shipping-taxed")]
    orders = [_addressed(order, f"{tag}-{order.source_id}") for order in orders]
    erp.create_orders([sap.draft(order, buyer) for order in orders])
    found = erp.find_orders([f"shop-{order.source_id}" for order in orders])
    [first, second, *_] = [found[f"shop-{order.source_id}"][0].target_id for order in orders]
    lines = (line("SKU-0001", "5", discount=eur("1.00"), taxes=_VAT), line("SKU-0003", "1"))
    changed = an_order("x", *lines, note="Now in another place", **({"shipping_lines": ()} if changes else {}))
    amended = _addressed(changed, f"{tag}-discounts", city="Potsdam")
    for _ in range(2):
        answer = erp.amend_orders({first: sap.draft(amended, buyer)})[first]
        assert not isinstance(answer, SyncError), answer
    sap.simulator.ship(first, {"SKU-0001": Decimal(1)}, carrier="DHL", number="0034")
    sap.simulator.invoice(first)
    erp.close_orders([first])
    erp.cancel_orders([second])
    ref = found[f"shop-{orders[0].source_id}"][0]
    stage = Stage(None, sap.simulator, None, None, None, "", "")  # type: ignore[arg-type]
    erp.post_refunds([stage_refund(stage, ref, orders[0])])


def _addressed(order: Order, source_id: str, **changes: str) -> Order:
    shipping = BUYER.model_copy(update=changes)
    fields = {
        "source_id": source_id,
        "shipping": shipping,
        "payment_methods": ("card",),
        "note": order.note or "Ring twice",
    }
    return order.model_copy(update=fields)


def test_every_request_is_one_that_saps_metadata_allows(busy: System, official: dict[str, Edmx]) -> None:
    checked = [(service, call) for service, call in busy.recorder.calls if service in official]
    misfits = [one for service, call in checked for one in official[service].misfits(call)]

    assert misfits == []
    done = {(service, call.method, call.url.partition("(")[0].partition("?")[0]) for service, call in checked}
    assert {
        ("API_SALES_ORDER_SRV", "POST", "A_SalesOrder"),
        ("API_SALES_ORDER_SRV", "PATCH", "A_SalesOrder"),
        ("API_SALES_ORDER_SRV", "PATCH", "A_SalesOrderItem"),
        ("API_SALES_ORDER_SRV", "PATCH", "A_SalesOrderItemPrElement"),
        ("API_SALES_ORDER_SRV", "PATCH", "A_SalesOrderPartnerAddress"),
        ("API_SALES_ORDER_SRV", "PATCH", "A_SalesOrderText"),
        ("API_SALES_ORDER_SRV", "DELETE", "A_SalesOrderItem"),
        ("API_SALES_ORDER_SRV", "DELETE", "A_SalesOrderHeaderPrElement"),
        ("API_BUSINESS_PARTNER", "POST", "A_BusinessPartner"),
        ("API_BUSINESS_PARTNER", "PATCH", "A_AddressEmailAddress"),
        ("API_MATERIAL_STOCK_SRV", "GET", "A_MatlStkInAcctMod"),
        ("API_SLSPRICINGCONDITIONRECORD_SRV", "GET", "A_SlsPrcgCndnRecdValidity"),
    } <= done


def test_the_checker_notices_what_sap_would_refuse(official: dict[str, Edmx]) -> None:
    orders = official["API_SALES_ORDER_SRV"]

    def post(body: str) -> list[str]:
        return orders.misfits(Call("POST", "A_SalesOrder", {}, body.encode()))

    assert post('{"SalesOrganization":"1010","to_Item":{"results":[{"RequestedQuantity":"2"}]}}') == []
    assert post('{"SalesOrganization":"10100"}') != []
    assert post('{"TotalNetAmount":"1.00"}') != []
    assert post('{"Reference":"1"}') != []
    assert post('{"to_Item":{"results":[{"RequestedQuantity":2}]}}') != []
    assert post('{"to_Lines":{"results":[]}}') != []
    for method, url in (
        ("GET", "A_SalesOrders"),
        ("GET", "A_SalesOrder?$filter=Reference%20eq%20'1'"),
        ("GET", "A_SalesOrder?$filter=LastChangeDateTime%20ge%20datetime'2026-01-01T00:00:00'"),
        ("GET", "A_SalesOrder?$expand=to_Lines"),
        ("GET", "A_SalesOrderItem('1')"),
        ("POST", "A_SalesOrderPartnerAddress"),
        ("PATCH", "A_SalesOrder('1')"),
    ):
        assert orders.misfits(Call(method, url, {}, b"")) != [], url


@pytest.mark.parametrize("service", OFFICIAL)
def test_the_simulator_is_a_part_of_saps_service(service: str, official: dict[str, Edmx]) -> None:
    theirs = official[service]
    assert service in DEFINITIONS
    for one in entity_sets().values():
        if one.service != service:
            continue
        kind = theirs.type_of(one.name)
        assert one.keys == theirs.keys[kind]
        creatable = theirs.sets[one.name].get(f"{_SAP}creatable") != "false"
        assert creatable or one.name in NOT_CREATABLE | {"A_SlsPrcgCndnRecdValidity", "A_MatlStkInAcctMod"}
        for navigation in one.navigations.values():
            assert theirs.navigations[kind][navigation.name] == f"{navigation.target}Type"
        for prop in one.properties.values():
            official_prop = theirs.types[kind][prop.name]
            assert official_prop.get("Type") == _TYPES[prop.kind], prop.name
            if prop.kind == "s":
                assert int(official_prop.get("MaxLength") or 0) == prop.length, prop.name
            if prop.kind == "d":
                facets = (official_prop.get("Precision"), official_prop.get("Scale"))
                assert facets == (str(prop.length), str(prop.scale)), prop.name
            assert (official_prop.get("ConcurrencyMode") == "Fixed") == prop.etag, prop.name
            assert (official_prop.get(f"{_SAP}creatable") != "false") == prop.settable, prop.name
            assert (official_prop.get(f"{_SAP}filterable") != "false") == prop.filterable, prop.name
