"""What was sold stays sold where Odoo reserves nothing for it: not before people say so, and not for a quotation."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from erpsync.domain.ids import Sku
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo, of_simulator
from tests.systems.odoo.drafts import draft, item, order

SKU = Sku("SKU-0042")
PLACE = "WH/Stock"


@pytest.fixture
def by_hand(odoo: Odoo) -> Iterator[Odoo]:
    """Deliveries are reserved when people say so."""
    kinds = odoo.server.search("stock.picking.type", [["code", "=", "outgoing"]], "name")
    ids = [row["id"] for row in kinds]
    assert ids
    odoo.server.call("stock.picking.type", "write", ids=ids, vals={"reservation_method": "manual"})
    yield odoo
    odoo.server.call("stock.picking.type", "write", ids=ids, vals={"reservation_method": "at_confirm"})


def free(odoo: Odoo, **settings: object) -> Decimal:
    """As the SKU alone is asked for, and as a reading of everything tells it."""
    erp = odoo.erp(stock_locations=PLACE, **settings)
    [told] = erp.stock_of([SKU])
    since = Since()
    while True:
        page = erp.stock_levels(since)
        if found := [level for level in page.records if level.sku == SKU]:
            assert found == [told]
            return told.on_hand - told.reserved
        assert page.cursor
        since = Since(cursor=page.cursor)


def sold(odoo: Odoo, tag: str, **settings: object) -> RecordRef:
    drafts = [draft(tag, order([item(SKU, "2")]), odoo.customer(tag))]
    made = odoo.erp(**settings).create_orders(drafts)[tag]
    assert isinstance(made, RecordRef)
    return made


def state(odoo: Odoo, ref: RecordRef) -> object:
    return odoo.order(ref.target_id)["state"]


def test_a_confirmed_order_that_people_have_not_reserved_takes_from_what_is_free(by_hand: Odoo, tag: str) -> None:
    before = free(by_hand)
    ref = sold(by_hand, tag)
    lines = [["sale_line_id.order_id", "=", int(ref.target_id)]]
    assert [row["state"] for row in by_hand.server.search("stock.move", lines, "state")] == ["confirmed"]
    assert free(by_hand) == before - 2
    by_hand.deliver(int(ref.target_id))
    assert free(by_hand) == before - 2


def test_an_order_that_is_cancelled_gives_back_what_it_took(by_hand: Odoo, tag: str) -> None:
    before = free(by_hand)
    ref = sold(by_hand, tag)
    assert isinstance(by_hand.erp().cancel_orders([ref.target_id])[ref.target_id], RecordRef)
    assert free(by_hand) == before


def test_a_quotation_that_waits_for_a_person_takes_from_what_is_free(odoo: Odoo, tag: str) -> None:
    before = free(odoo, confirm=False)
    ref = sold(odoo, tag, confirm=False)
    assert state(odoo, ref) == "draft"
    assert free(odoo, confirm=False) == before - 2
    odoo.server.call("sale.order", "action_confirm", ids=[int(ref.target_id)])
    assert free(odoo, confirm=False) == before - 2
    odoo.server.call("sale.order", "action_cancel", ids=[int(ref.target_id)])
    assert free(odoo, confirm=False) == before


def test_what_people_have_entered_themselves_is_left_to_them(by_hand: Odoo, tag: str) -> None:
    before = free(by_hand, confirm=False)
    [product] = by_hand.server.search("product.product", [["default_code", "=", SKU]], "name")
    partner = int(by_hand.customer(tag))
    for confirmed in (False, True):
        [number] = by_hand.server.call("sale.order", "create", vals_list=[{"partner_id": partner}])
        line = {"order_id": number, "product_id": product["id"], "product_uom_qty": 3}
        by_hand.server.call("sale.order.line", "create", vals_list=[line])
        if confirmed:
            by_hand.server.call("sale.order", "action_confirm", ids=[number])
    assert free(by_hand, confirm=False) == before


def test_a_sku_that_two_products_have_is_named_and_neither_of_them_tells_its_stock(odoo: Odoo, tag: str) -> None:
    twin = {"name": "Twin", "default_code": tag, "is_storable": True}
    _, second = odoo.server.call("product.product", "create", vals_list=[twin, twin])
    erp = odoo.erp(stock_locations=PLACE)

    def polled() -> tuple[list[str], set[str]]:
        page = erp.stock_levels(Since())
        records, problems = list(page.records), list(page.unreadable)
        while page.cursor:
            page = erp.stock_levels(Since(cursor=page.cursor))
            records, problems = [*records, *page.records], [*problems, *page.unreadable]
        return [one.location for one in records if one.sku == tag], {one.code for one in problems if tag in str(one)}

    assert (erp.stock_of([Sku(tag)]), polled()) == ([], ([], {"ambiguous-sku"}))
    odoo.server.call("product.product", "write", ids=[second], vals={"active": False})
    assert ([one.location for one in erp.stock_of([Sku(tag)])], polled()) == ([PLACE], ([PLACE], set()))


@pytest.mark.parametrize("release", [14, 16, 17, 18])
def test_older_odoos_tell_by_other_names_what_is_reserved(release: int, tools: Tools, tag: str) -> None:
    simulator = OdooSimulator(release=release)
    with serve({"odoo": simulator}) as served:
        newest = of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)
        odoo = replace(newest, settings_for=partial(newest.settings_for, protocol="xmlrpc"))
        simulator.put_stock(SKU, PLACE, Decimal(1))
        before = free(odoo)
        sold(odoo, tag)
        # One of the two is there and reserved; the other is still to come.
        assert free(odoo) == before - 2
