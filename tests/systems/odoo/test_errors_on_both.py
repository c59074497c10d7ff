"""How refusals reach us, and what `doctor` finds, on the simulator and on a real Odoo alike."""

import pytest

from erpsync.domain.errors import Rejected, SyncError, Unavailable
from erpsync.domain.fulfilments import ErpOrderState
from erpsync.domain.ids import SourceId
from erpsync.domain.payments import Payment, Refund
from erpsync.ports.erp_records import PaymentDraft, RecordRef, RefundDraft
from erpsync.ports.pages import Since
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import ORDERED_AT, buyer, draft, eur, item, order

WRONG_KEY = "f" * 40


def test_ping_answers(odoo: Odoo) -> None:
    odoo.erp().ping()


def test_a_wrong_key_is_the_connections_fault_not_the_orders(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(api_key=WRONG_KEY)
    for call in (erp.ping, lambda: erp.create_orders([draft(tag, order([item("SKU-0001")]), "1")])):
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.code == "credentials-refused"
        assert WRONG_KEY not in str(caught.value)


def test_a_database_that_does_not_exist_makes_records_wait(odoo: Odoo) -> None:
    with pytest.raises(Unavailable) as caught:
        odoo.erp(database="nosuchdatabase").ping()
    assert caught.value.code == "database-unknown"


def test_a_missing_permission_is_named(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(api_key=odoo.new_key("user"))
    customer = odoo.customer(tag)
    for call in (
        lambda: erp.find_orders([tag]),
        lambda: erp.create_orders([draft(tag, order([item("SKU-0001")]), customer)]),
    ):
        with pytest.raises(Rejected) as caught:
            call()
        assert caught.value.code == "permission-missing"


def test_a_missing_permission_within_the_import_is_named_too(odoo: Odoo, tag: str) -> None:
    """load() answers 200 and hides the refusal among its messages."""
    erp = odoo.erp(api_key=odoo.new_key("user", "sales", "external_ids"))
    answer = erp.upsert_customers([buyer(tag, f"{tag}@example.com", billing=None)])[tag]
    assert isinstance(answer, Rejected)
    assert answer.code == "permission-missing"


def test_the_rights_that_the_readme_lists_are_enough(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(api_key=odoo.new_key("user", "sales", "contacts", "invoicing", "external_ids"))
    assert [check for check in erp.check() if not check.ok] == []
    customer = erp.upsert_customers([buyer(f"{tag}-buyer", f"{tag}@example.com")])[f"{tag}-buyer"]
    assert isinstance(customer, RecordRef)
    placed = draft(tag, order([item("SKU-0001"), item("SKU-0002")]), customer.target_id)
    ref = erp.create_orders([placed])[tag]
    assert isinstance(ref, RecordRef)
    fewer = draft(tag, order([item("SKU-0001")]), customer.target_id)
    assert erp.amend_orders({ref.target_id: fewer}) == {ref.target_id: ref}
    paid = Payment(source_id=SourceId(tag), method="card", amount=eur("10.00"), paid_at=ORDERED_AT)
    payment = PaymentDraft(tag, ref.target_id, customer.target_id, paid)
    assert isinstance(erp.post_payments([payment])[tag], RecordRef)
    given = Refund(
        source_id=SourceId(tag),
        order_source_id=placed.order.source_id,
        created_at=ORDERED_AT,
        lines=(),
        shipping=eur("0"),
        adjustment=eur("10.00"),
        total=eur("10.00"),
    )
    refund = RefundDraft(tag, ref.target_id, tag, given)
    assert isinstance(erp.post_refunds([refund])[tag], RecordRef)
    assert erp.close_orders([ref.target_id]) == {ref.target_id: ref}
    [told] = [one for one in erp.progress_changed(Since()).records if one.order_id == ref.target_id]
    assert told.state is ErpOrderState.CLOSED
    for read in (erp.customers_changed, erp.products_changed, erp.prices_changed, erp.stock_levels):
        assert read(Since()).records
    other = draft(f"{tag}-2", order([item("SKU-0001")]), customer.target_id)
    made = erp.create_orders([other])[f"{tag}-2"]
    assert isinstance(made, RecordRef)
    assert erp.cancel_orders([made.target_id]) == {made.target_id: made}


def test_check_finds_nothing_wrong_with_a_good_connection(odoo: Odoo) -> None:
    warehouse = odoo.server.search("stock.warehouse", [], "name")[0]
    [company] = odoo.server.search("res.company", [], "name")
    checks = odoo.erp(warehouse=warehouse["id"], company=company["id"]).check()
    assert [check for check in checks if not check.ok] == []
    assert {"reachable", "version", "clock", "credentials", "permissions", "fields", "company", "warehouse"} <= {
        check.name for check in checks
    }
    assert sum(check.name == "products" for check in checks) == 6


def test_check_stops_at_a_wrong_key(odoo: Odoo) -> None:
    checks = odoo.erp(api_key=WRONG_KEY).check()
    assert [(check.name, check.ok) for check in checks][-1] == ("credentials", False)
    assert "Renew" in checks[-1].next_step


@pytest.mark.parametrize("protocol", ["json2", "xmlrpc"])
def test_a_company_that_is_not_the_users_is_the_connections_fault_and_named(
    odoo: Odoo, tag: str, protocol: str
) -> None:
    erp = odoo.erp(company=99999999, protocol=protocol)
    with pytest.raises(Unavailable) as caught:
        erp.create_orders([draft(tag, order([item("SKU-0001")]), odoo.customer(tag))])
    assert caught.value.code == "company-refused"
    wrong = [check for check in erp.check() if not check.ok]
    assert wrong
    assert all("`company`" in check.detail and "Allowed Companies" in check.next_step for check in wrong)


def test_check_lists_missing_permissions(odoo: Odoo) -> None:
    checks = {check.name: check for check in odoo.erp(api_key=odoo.new_key("user")).check()}
    assert not checks["permissions"].ok
    assert "create sale.order" in checks["permissions"].detail
    assert "read ir.model.data" in checks["permissions"].detail


def test_check_finds_wrong_products_taxes_and_ids(odoo: Odoo) -> None:
    settings = odoo.settings_for()
    swapped = {"taxes": settings.taxes_included, "taxes_included": {}}
    checks = odoo.erp(charge_product="NO-SUCH", sales_team=99999999, **swapped).check()
    wrong = [check for check in checks if not check.ok]
    assert [check.name for check in wrong] == ["sales_team", "products", "taxes"]
    assert "NO-SUCH (charge_product)" in wrong[1].detail
    assert "included in the price" in wrong[2].detail
    assert all(check.next_step for check in wrong)


def test_no_error_text_holds_a_traceback_or_a_persons_data(odoo: Odoo, tag: str) -> None:
    customer = odoo.customer(tag)
    erp = odoo.erp(pricelists={"EUR": 99999999})
    answer = erp.create_orders([draft(tag, order([item("SKU-0001")]), customer)])[tag]
    assert isinstance(answer, SyncError)
    for word in ("Traceback", "File ", "Customer One", "example.com"):
        assert word not in str(answer)
