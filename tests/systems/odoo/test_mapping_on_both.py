"""Merchants' own fields, groups and delivery methods, on the simulator and on a real Odoo alike."""

from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import buyer, draft, item, order, shipping


def made(answer: object) -> RecordRef:
    assert isinstance(answer, RecordRef), answer
    return answer


def test_fields_of_the_order_are_overridden_when_it_is_made_and_amended(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(order_fields="origin = join('/', [number, note])")
    customer, before = odoo.customer(tag), order([item("SKU-0001")], "#7", note="gift")
    ref = made(erp.create_orders([draft(tag, before, customer)])[tag])
    assert odoo.order(ref.target_id)["origin"] == "#7/gift"
    after = draft(tag, order([item("SKU-0001")], "#7", note="no gift"), customer)
    erp.amend_orders({ref.target_id: after})
    assert odoo.order(ref.target_id)["origin"] == "#7/no gift"
    written = odoo.server.search("sale.order", [["id", "=", int(ref.target_id)]], "write_date")
    erp.amend_orders({ref.target_id: after})
    assert odoo.server.search("sale.order", [["id", "=", int(ref.target_id)]], "write_date") == written


def test_a_linked_record_is_given_by_its_id(odoo: Odoo, tag: str) -> None:
    [team] = odoo.server.call("crm.team", "create", vals_list=[{"name": f"Team {tag}"}])
    erp = odoo.erp(order_fields={"team_id/.id": f"'{team}'"})
    placed = draft(tag, order([item("SKU-0001")]), odoo.customer(tag))
    ref = made(erp.create_orders([placed])[tag])
    [row] = odoo.server.search("sale.order", [["id", "=", int(ref.target_id)]], "team_id")
    assert row["team_id"][0] == team
    assert erp.amend_orders({ref.target_id: placed}) == {ref.target_id: ref}


def test_fields_of_the_customer_are_filled(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(customer_fields={"ref": "reference"})
    ref = made(erp.upsert_customers([buyer(tag, f"{tag}@example.com")])[tag])
    [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "ref")
    assert row["ref"] == tag


def test_an_expression_that_fails_on_one_order_concerns_it_alone(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(order_fields={"origin": "lines"}), odoo.customer(tag)
    answer = erp.create_orders([draft(tag, order([item("SKU-0001")]), customer)])[tag]
    assert isinstance(answer, Rejected)
    assert (answer.code, "origin" in answer.problem.what) == ("field-expression-failed", True)


def test_a_field_that_odoo_has_not_is_found_by_check(odoo: Odoo) -> None:
    checks = odoo.erp(order_fields={"x_nowhere": "note"}, customer_fields={"write_date": "reference"}).check()
    wrong = {check.name: check for check in checks if not check.ok}
    assert wrong.keys() == {"order_fields", "customer_fields"}
    assert "x_nowhere" in wrong["order_fields"].detail
    assert all(check.next_step for check in wrong.values())


def test_groups_are_tags_and_other_tags_stay(odoo: Odoo, tag: str) -> None:
    names = [{"name": f"{name} {tag}"} for name in ("VIP", "Trade", "Default", "By hand")]
    vip, trade, default, by_hand = odoo.server.call("res.partner.category", "create", vals_list=names)
    erp = odoo.erp(customer_groups={"vip": vip, "trade": trade}, default_customer_group=default)

    def tags(*groups: str) -> tuple[RecordRef, set[int]]:
        draft = buyer(tag, f"{tag}@example.com", groups=groups)
        ref = made(erp.upsert_customers([draft])[tag])
        [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "category_id")
        return ref, set(row["category_id"])

    ref, now = tags("vip", "unheard of")
    assert now == {vip}
    odoo.server.call("res.partner", "write", ids=[int(ref.target_id)], vals={"category_id": [[6, 0, [vip, by_hand]]]})
    assert tags("trade")[1] == {trade, by_hand}
    told = [one for one in erp.customers_changed(Since()).records if one.reference == tag]
    assert [one.customer.groups for one in told] == [("trade",)]
    assert tags()[1] == {default, by_hand}


def test_a_groups_price_list_is_given_to_the_customer(odoo: Odoo, tag: str) -> None:
    [number] = odoo.server.call("product.pricelist", "create", vals_list=[{"name": f"Trade {tag}"}])
    erp = odoo.erp(customer_pricelists={"trade": number})
    ref = made(erp.upsert_customers([buyer(tag, f"{tag}@example.com", groups=("trade",))])[tag])
    [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "property_product_pricelist")
    assert row["property_product_pricelist"][0] == number


def test_a_shipping_method_becomes_the_orders_delivery_method(odoo: Odoo, tag: str) -> None:
    [product] = odoo.server.search("product.product", [["default_code", "=", "SHIPPING"]], "name")
    values = [{"name": f"{name} {tag}", "product_id": product["id"]} for name in ("Fast", "Slow")]
    fast, slow = odoo.server.call("delivery.carrier", "create", vals_list=values)
    erp, customer = odoo.erp(shipping_methods={"std": fast}, default_shipping_method=slow), odoo.customer(tag)
    for number, (charges, wanted) in enumerate((((shipping("4.90"),), fast), ((), slow))):
        reference = f"{tag}-{number}"
        placed = draft(reference, order([item("SKU-0001")], shipping_lines=charges), customer)
        ref = made(erp.create_orders([placed])[reference])
        [row] = odoo.server.search("sale.order", [["id", "=", int(ref.target_id)]], "carrier_id")
        assert row["carrier_id"][0] == wanted
    assert [check for check in erp.check() if not check.ok] == []


def test_a_preview_is_the_import_and_writes_nothing(odoo: Odoo, tag: str) -> None:
    customer = odoo.customer(tag)
    before = odoo.server.call("res.partner", "search_count", domain=[])
    placed = order([item("SKU-0001", "2", "6.90")], "#7", shipping=buyer(tag, "x@example.com").billing)
    preview = odoo.erp(order_fields={"origin": "number"}).preview_order(draft(tag, placed, customer))
    assert isinstance(preview, dict)
    row = dict(zip(preview["fields"], preview["data"][0], strict=True))
    assert (row["client_order_ref"], row["origin"], row["order_line/price_unit"]) == (tag, "#7", "6.90")
    assert Decimal(row["order_line/product_uom_qty"]) == 2
    assert odoo.server.call("res.partner", "search_count", domain=[]) == before
    assert odoo.server.search("sale.order", [["client_order_ref", "=", tag]], "name") == []
