"""What the adapter does with orders, on the simulator and on a real Odoo alike."""

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine
from erpsync.ports.erp_records import RecordRef
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import ELSEWHERE, HOME, draft, item, order, shipping


def made(answer: object) -> RecordRef:
    assert isinstance(answer, RecordRef), answer
    return answer


def refused(answer: object) -> Rejected:
    assert isinstance(answer, Rejected), answer
    return answer


def test_an_order_is_made_confirmed_and_found(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    lines = [item("SKU-0001", "2", "6.90"), item("SKU-0002", "1", "7.90")]
    ref = made(erp.create_orders([draft(tag, order(lines, "#1001"), customer)])[tag])
    assert erp.find_orders([tag, f"{tag}-other"]) == {tag: (ref,), f"{tag}-other": ()}
    booked = odoo.order(ref.target_id)
    assert (booked["name"], booked["state"], booked["amount_total"]) == (ref.display, "sale", 21.70)
    assert (booked["client_order_ref"], booked["origin"]) == (tag, "#1001")
    assert odoo.lines(ref.target_id) == [("Title of SKU-0001", 2.0, 6.9), ("Title of SKU-0002", 1.0, 7.9)]


def test_a_repeat_finds_the_order_and_changes_nothing(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    drafts = [draft(tag, order([item("SKU-0001"), item("SKU-0002")]), customer)]
    first = made(erp.create_orders(drafts)[tag])
    before = odoo.order(first.target_id), odoo.lines(first.target_id)
    assert odoo.erp().create_orders(drafts) == {tag: first}
    assert (odoo.order(first.target_id), odoo.lines(first.target_id)) == before
    assert len(odoo.server.search("sale.order", [["client_order_ref", "=", tag]], "name")) == 1


def test_with_confirm_off_the_order_stays_a_quotation(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(confirm=False)
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001")]), odoo.customer(tag))])[tag])
    booked = odoo.order(ref.target_id)
    assert (booked["state"], booked["date_order"]) == ("draft", "2026-03-01 23:30:00")


def test_the_number_can_take_the_references_place(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp(customer_reference="number")
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001")], "#77"), odoo.customer(tag))])[tag])
    booked = odoo.order(ref.target_id)
    assert (booked["client_order_ref"], booked["origin"]) == ("#77", tag)
    assert erp.find_orders([tag]) == {tag: (ref,)}


def test_references_that_look_alike_are_kept_apart(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    references = [f"{tag} 1", f"{tag}.1", f"{tag}_1", f"{tag},1", f"{tag}_201", f"{tag}é", f"{tag}É", f"{tag}-1"]
    answers = erp.create_orders([draft(each, order([item("SKU-0001")]), customer) for each in references])
    assert len({made(answers[each]).target_id for each in references}) == len(references)
    assert erp.find_orders(references) == {each: (answers[each],) for each in references}


def test_an_order_entered_by_hand_with_the_reference_is_found_too(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001")]), customer)])[tag])
    values = {"partner_id": int(customer), "client_order_ref": tag}
    [by_hand] = odoo.server.call("sale.order", "create", vals_list=[values])
    assert [each.target_id for each in erp.find_orders([tag])[tag]] == [ref.target_id, str(by_hand)]


def test_an_order_entered_by_hand_is_never_given_our_lines(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    values = {"partner_id": int(customer), "client_order_ref": tag}
    [by_hand] = odoo.server.call("sale.order", "create", vals_list=[values])
    [found] = erp.find_orders([tag])[tag]
    error = refused(
        erp.amend_orders({found.target_id: draft(tag, order([item("SKU-0001")]), customer)})[found.target_id]
    )
    assert error.code == "order-not-ours"
    assert odoo.lines(str(by_hand)) == []


def test_two_lines_that_look_alike_are_two_lines(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    twice = draft(tag, order([item("SKU-0001"), item("SKU-0001")]), customer)
    ref = made(erp.create_orders([twice])[tag])
    assert erp.amend_orders({ref.target_id: twice}) == {ref.target_id: ref}
    assert odoo.lines(ref.target_id) == [("Title of SKU-0001", 1.0, 10.0)] * 2


def test_an_external_id_comes_once_in_a_call(odoo: Odoo, tag: str) -> None:
    """What the numbering of such lines is for."""
    columns = ["id", "partner_id/.id", "order_line/id", "order_line/product_id/.id"]
    [product] = odoo.server.search("product.product", [["default_code", "=", "SKU-0001"]], "name")
    line = [f"erpsync.line__{tag}", str(product["id"])]
    rows = [[f"erpsync.order__{tag}", str(odoo.customer(tag)), *line], ["", "", *line]]
    assert odoo.server.call("sale.order", "load", fields=columns, data=rows)["ids"] is False


def test_an_unknown_sku_is_refused_alone(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    good, bad = f"{tag}-good", f"{tag}-bad"
    lines = [item("SKU-0001"), item("SKU-9999")]
    answers = erp.create_orders(
        [draft(bad, order(lines, "#2"), customer), draft(good, order([item("SKU-0002")], "#3"), customer)]
    )
    error = refused(answers[bad])
    assert (error.code, error.problem.record) == ("unknown-sku", "order #2")
    assert "SKU-9999 (line 2)" in error.problem.what
    assert made(answers[good])
    assert erp.find_orders([bad, good]) == {bad: (), good: (answers[good],)}


def test_a_line_without_sku_is_refused(odoo: Odoo, tag: str) -> None:
    answer = odoo.erp().create_orders([draft(tag, order([item("")]), odoo.customer(tag))])[tag]
    assert refused(answer).code == "unknown-sku"


def test_a_sku_that_two_products_have_is_refused(odoo: Odoo, tag: str) -> None:
    twins = [{"name": f"Twin {number}", "default_code": f"TWIN-{tag}"} for number in (1, 2)]
    odoo.server.call("product.product", "create", vals_list=twins)
    answer = odoo.erp().create_orders([draft(tag, order([item(f"TWIN-{tag}")]), odoo.customer(tag))])[tag]
    assert refused(answer).code == "ambiguous-sku"


def test_a_customer_who_is_gone_stops_that_order_alone(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    lost, kept = f"{tag}-lost", f"{tag}-kept"
    answers = erp.create_orders(
        [draft(lost, order([item("SKU-0001")]), "99999999"), draft(kept, order([item("SKU-0001")]), customer)]
    )
    assert refused(answers[lost]).code == "customer-gone"
    assert made(answers[kept])


def test_one_bad_record_among_fifty_fails_alone(odoo: Odoo, tag: str) -> None:
    """What only Odoo's import can find: the warehouse is fine, the price list of one currency is not."""
    erp, customer = odoo.erp(pricelists={"USD": 99999999}), odoo.customer(tag)
    drafts = [draft(f"{tag}-{number}", order([item("SKU-0001")], f"#{number}"), customer) for number in range(50)]
    drafts[7] = draft(f"{tag}-7", in_dollars(drafts[7].order), customer)
    answers = erp.create_orders(drafts)
    error = refused(answers[f"{tag}-7"])
    assert (error.code, error.problem.record) == ("refused", "order #7")
    assert "pricelist_id" in error.problem.what
    assert all(isinstance(answer, RecordRef) for reference, answer in answers.items() if reference != f"{tag}-7")
    found = erp.find_orders([each.reference for each in drafts])
    assert [len(found[each.reference]) for each in drafts] == [1] * 7 + [0] + [1] * 42


def test_an_order_in_a_currency_that_is_not_set_up_waits_as_a_quotation(odoo: Odoo, tag: str) -> None:
    placed = draft(tag, in_dollars(order([item("SKU-0001")])), odoo.customer(tag))
    assert refused(odoo.erp().create_orders([placed])[tag]).code == "currency-differs"
    [found] = odoo.erp().find_orders([tag])[tag]
    assert odoo.order(found.target_id)["state"] == "draft"
    [dollar] = odoo.server.search("res.currency", [["name", "=", "USD"]], "name")
    pricelist = {"name": tag, "currency_id": dollar["id"]}
    [number] = odoo.server.call("product.pricelist", "create", vals_list=[pricelist])
    assert odoo.erp(pricelists={"USD": number}).create_orders([placed]) == {tag: found}
    booked = odoo.order(found.target_id)
    assert (booked["state"], booked["amount_total"]) == ("sale", 10.0)
    assert odoo.lines(found.target_id) == [("Title of SKU-0001", 1.0, 10.0)]


@pytest.mark.parametrize(
    ("lines", "included"),
    [
        ([item("SKU-0001", "3", "6.99", rate="0.19"), item("SKU-0002", "7", "0.33", rate="0.07")], True),
        ([item("SKU-0001", "3", "19.99", discount="5.00", rate="0.19")], True),
        ([item("SKU-0001", "3", "3.33", discount="1.00")], True),
        ([item("SKU-0001", "4", "7.90", discount="3.16", rate="0.19", included=False)], False),
        ([item("SKU-0001", "3", "0.05", rate="0.19", included=False)], False),
        ([item(f"SKU-{n:04}", "1", "0.05", rate="0.19", included=False) for n in range(1, 5)], False),
        ([item("SKU-0001", "3", "9.995")], True),
        ([item("SKU-0001", "0.5", "9.99")], True),
    ],
)
@pytest.mark.parametrize("discount_product", ["DISCOUNT", ""])
def test_the_total_is_the_stores_to_the_cent(
    odoo: Odoo, tag: str, lines: list[OrderLine], included: bool, discount_product: str
) -> None:
    placed = order(lines, included=included)
    erp = odoo.erp(discount_product=discount_product)
    ref = made(erp.create_orders([draft(tag, placed, odoo.customer(tag))])[tag])
    booked = odoo.order(ref.target_id)
    assert (booked["state"], booked["amount_total"]) == ("sale", float(placed.total.amount))


def test_shipping_tip_fees_rounding_and_note_are_booked(odoo: Odoo, tag: str) -> None:
    placed = order(
        [item("SKU-0001", "1", "10.00", rate="0.19")],
        shipping_lines=(shipping("4.90", rate="0.19"),),
        tip="2.00",
        duties="1.10",
        fees="0.50",
        rounding="-0.02",
        note="Leave it with the neighbours",
    )
    ref = made(odoo.erp().create_orders([draft(tag, placed, odoo.customer(tag))])[tag])
    assert odoo.lines(ref.target_id) == [
        ("Title of SKU-0001", 1.0, 10.0),
        ("Shipping: Standard", 1.0, 4.9),
        ("Tip", 1.0, 2.0),
        ("Duties", 1.0, 1.1),
        ("Fees", 1.0, 0.5),
        ("Rounding", 1.0, -0.02),
        ("Leave it with the neighbours", 0.0, 0.0),
    ]
    assert odoo.order(ref.target_id)["amount_total"] == 18.48


@pytest.mark.parametrize("included", [True, False])
def test_tax_can_be_a_line_of_its_own(odoo: Odoo, tag: str, included: bool) -> None:
    placed = order([item("SKU-0001", "3", "9.99", rate="0.0825", included=included)], included=included)
    erp = odoo.erp(tax_handling="line", taxes={}, taxes_included={})
    ref = made(erp.create_orders([draft(tag, placed, odoo.customer(tag))])[tag])
    assert odoo.order(ref.target_id)["amount_total"] == float(placed.total.amount)
    assert ("Tax", 1.0, float(placed.tax.amount)) in odoo.lines(ref.target_id)


def test_a_tax_rate_that_is_not_mapped_is_refused(odoo: Odoo, tag: str) -> None:
    answer = odoo.erp().create_orders([draft(tag, order([item("SKU-0001", rate="0.05")]), odoo.customer(tag))])[tag]
    assert refused(answer).code == "unknown-tax-rate"


def test_a_total_that_differs_leaves_a_quotation_and_the_arithmetic(odoo: Odoo, tag: str) -> None:
    """The store says 1.00 of tax where the rate gives 1.90."""
    wrong = order([item("SKU-0001", "1", "10.00", rate="0.19", tax="1.00", included=False)], included=False)
    customer = odoo.customer(tag)
    error = refused(odoo.erp().create_orders([draft(tag, wrong, customer)])[tag])
    assert error.code == "total-differs"
    assert "10.0 + tax 1.9 = 11.9 EUR in Odoo, a difference of -0.90" in error.problem.what.replace("11.90", "11.9")
    [found] = odoo.erp().find_orders([tag])[tag]
    assert odoo.order(found.target_id)["state"] == "draft"
    right = order([item("SKU-0001", "1", "10.00", rate="0.19", included=False)], included=False)
    assert odoo.erp().create_orders([draft(tag, right, customer)]) == {tag: found}
    assert odoo.order(found.target_id)["state"] == "sale"


def test_cents_of_rounding_are_booked_only_where_a_product_for_them_is_set(odoo: Odoo, tag: str) -> None:
    """The store rounds the tax of each line, 6 x 0.01; Odoo that of the order, 0.18 x 0.19 = 0.03."""
    lines = [item(f"SKU-{n:04}", "1", "0.03", rate="0.19", included=False) for n in range(1, 7)]
    placed, customer = order(lines, included=False), odoo.customer(tag)
    error = refused(odoo.erp(rounding_product="").create_orders([draft(tag, placed, customer)])[tag])
    assert (error.code, "rounding_product" in error.problem.next_step) == ("total-differs", True)
    ref = made(odoo.erp().create_orders([draft(tag, placed, customer)])[tag])
    assert odoo.order(ref.target_id)["amount_total"] == 0.24
    assert [line[0] for line in odoo.lines(ref.target_id)][-1] == "Rounding difference"


def test_a_confirmed_order_is_amended(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    before = [item("SKU-0001", "2", "6.90"), item("SKU-0002", "1", "7.90"), item("SKU-0003", "1", "8.90")]
    ref = made(erp.create_orders([draft(tag, order(before), customer)])[tag])
    after = [item("SKU-0001", "3", "6.50"), item("SKU-0003", "1", "8.90"), item("SKU-0004", "2", "9.90")]
    changed = draft(tag, order(after, tip="1.00"), customer)
    assert erp.amend_orders({ref.target_id: changed}) == {ref.target_id: ref}
    assert sorted(odoo.lines(ref.target_id)) == [
        ("Tip", 1.0, 1.0),
        ("Title of SKU-0001", 3.0, 6.5),
        ("Title of SKU-0003", 1.0, 8.9),
        ("Title of SKU-0004", 2.0, 9.9),
    ]
    assert odoo.order(ref.target_id)["amount_total"] == float(changed.order.total.amount)
    state = odoo.server.search("sale.order.line", [["order_id", "=", int(ref.target_id)]], "write_date")
    assert odoo.erp().amend_orders({ref.target_id: changed}) == {ref.target_id: ref}
    assert odoo.server.search("sale.order.line", [["order_id", "=", int(ref.target_id)]], "write_date") == state


def test_a_line_taken_off_comes_back(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    both, one = [item("SKU-0001"), item("SKU-0002")], [item("SKU-0001")]
    ref = made(erp.create_orders([draft(tag, order(both), customer)])[tag])
    for lines in (one, both):
        assert erp.amend_orders({ref.target_id: draft(tag, order(lines), customer)}) == {ref.target_id: ref}
        assert len(odoo.lines(ref.target_id)) == len(lines)
        assert odoo.order(ref.target_id)["amount_total"] == 10.0 * len(lines)


def test_a_line_may_change_its_sku_after_confirmation(odoo: Odoo, tag: str) -> None:
    """Odoo forbids it for its own line, so the line becomes another one."""
    erp, customer = odoo.erp(), odoo.customer(tag)
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001", source_id="1")]), customer)])[tag])
    swapped = draft(tag, order([item("SKU-0002", source_id="1")]), customer)
    assert erp.amend_orders({ref.target_id: swapped}) == {ref.target_id: ref}
    assert [line[0] for line in odoo.lines(ref.target_id)] == ["Title of SKU-0002"]


def test_a_quotation_is_amended_and_its_lines_are_deleted(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(confirm=False), odoo.customer(tag)
    ref = made(
        erp.create_orders([draft(tag, order([item("SKU-0001"), item("SKU-0002")], note="Hello"), customer)])[tag]
    )
    assert erp.amend_orders({ref.target_id: draft(tag, order([item("SKU-0002", "2")]), customer)}) == {
        ref.target_id: ref
    }
    rows = odoo.server.search("sale.order.line", [["order_id", "=", int(ref.target_id)]], "name")
    assert [row["name"] for row in rows] == ["Title of SKU-0002"]


def test_rounding_cents_follow_an_amendment(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    six = [item(f"SKU-{n:04}", "1", "0.03", rate="0.19", included=False) for n in range(1, 7)]
    ref = made(erp.create_orders([draft(tag, order(six, included=False), customer)])[tag])
    for lines in (six[:5], [item("SKU-0001", "1", "1.00")], six):
        placed = order(lines, included=False)
        assert erp.amend_orders({ref.target_id: draft(tag, placed, customer)}) == {ref.target_id: ref}
        assert odoo.order(ref.target_id)["amount_total"] == float(placed.total.amount)


def test_less_than_was_delivered_is_refused(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001", "5"), item("SKU-0002")]), customer)])[tag])
    odoo.deliver(int(ref.target_id))
    fewer = draft(tag, order([item("SKU-0001", "2"), item("SKU-0002")]), customer)
    gone = draft(tag, order([item("SKU-0001", "5")]), customer)
    for changed in (fewer, gone):
        assert refused(erp.amend_orders({ref.target_id: changed})[ref.target_id]).code == "already-delivered"
    assert odoo.order(ref.target_id)["amount_total"] == 60.0
    more = draft(tag, order([item("SKU-0001", "6"), item("SKU-0002")]), customer)
    assert erp.amend_orders({ref.target_id: more}) == {ref.target_id: ref}


def test_a_locked_order_is_refused_only_where_something_differs(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    same = draft(tag, order([item("SKU-0001")]), customer)
    ref = made(erp.create_orders([same])[tag])
    odoo.server.call("sale.order", "action_lock", ids=[int(ref.target_id)])
    assert erp.amend_orders({ref.target_id: same}) == {ref.target_id: ref}
    other = draft(tag, order([item("SKU-0001", "2")]), customer)
    assert refused(erp.amend_orders({ref.target_id: other})[ref.target_id]).code == "order-locked"
    assert refused(erp.cancel_orders([ref.target_id])[ref.target_id]).code == "order-locked"


def test_cancelling_twice_is_one_cancellation(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    references = [f"{tag}-{number}" for number in range(3)]
    answers = erp.create_orders([draft(each, order([item("SKU-0001")]), customer) for each in references])
    refs = [made(answers[each]) for each in references]
    ids = [ref.target_id for ref in refs]
    for _ in range(2):
        assert erp.cancel_orders(ids) == {ref.target_id: ref for ref in refs}
    assert {odoo.order(number)["state"] for number in ids} == {"cancel"}
    again = draft(references[0], order([item("SKU-0002")]), customer)
    assert refused(erp.amend_orders({ids[0]: again})[ids[0]]).code == "order-cancelled"
    assert erp.create_orders([again]) == {references[0]: refs[0]}


def test_what_has_left_or_is_invoiced_is_not_cancelled(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    references = [f"{tag}-sent", f"{tag}-billed", f"{tag}-neither"]
    answers = erp.create_orders([draft(each, order([item("SKU-0001")]), customer) for each in references])
    sent, billed, neither = (made(answers[each]) for each in references)
    odoo.deliver(int(sent.target_id))
    odoo.invoice(int(billed.target_id))
    answer = erp.cancel_orders([sent.target_id, billed.target_id, neither.target_id])
    assert refused(answer[sent.target_id]).code == "order-shipped"
    assert refused(answer[billed.target_id]).code == "order-invoiced"
    assert answer[neither.target_id] == neither
    states = [odoo.order(ref.target_id)["state"] for ref in (sent, billed, neither)]
    assert states == ["sale", "sale", "cancel"]


def test_an_order_that_is_gone_is_refused(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    gone = draft(tag, order([item("SKU-0001")]), customer)
    for number in (TargetId("99999999"), TargetId("not-a-number")):
        assert refused(erp.cancel_orders([number])[number]).code == "record-gone"
        assert refused(erp.amend_orders({number: gone})[number]).code == "record-gone"


def test_another_address_is_another_contact_and_the_customers_own_is_not_touched(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(), odoo.customer(tag)
    first, second = f"{tag}-1", f"{tag}-2"
    answers = erp.create_orders(
        [
            draft(first, order([item("SKU-0001")], billing=HOME, shipping=HOME), customer),
            draft(second, order([item("SKU-0001")], billing=HOME, shipping=ELSEWHERE), customer),
        ]
    )
    at_home, sent_away = (odoo.order(made(answers[each]).target_id) for each in (first, second))
    assert _id_of(at_home["partner_shipping_id"]) == _id_of(at_home["partner_invoice_id"]) == int(customer)
    assert _id_of(sent_away["partner_invoice_id"]) == int(customer)
    contact = _id_of(sent_away["partner_shipping_id"])
    names = ("type", "name", "street", "street2", "zip", "city", "country_code", "parent_id")
    [row] = odoo.server.search("res.partner", [["id", "=", contact]], *names)
    assert (row["type"], row["name"], row["street"], row["street2"]) == ("delivery", "Other", "Road 2", "Yard")
    assert (row["zip"], row["city"], row["country_code"]) == ("1010", "Wien", "AT")
    assert _id_of(row["parent_id"]) == int(customer)
    ref = made(answers[first])
    moved = draft(first, order([item("SKU-0001")], billing=HOME, shipping=ELSEWHERE), customer)
    assert erp.amend_orders({ref.target_id: moved}) == {ref.target_id: ref}
    assert _id_of(odoo.order(ref.target_id)["partner_shipping_id"]) == contact


def test_lines_that_people_add_in_odoo_stay(odoo: Odoo, tag: str) -> None:
    erp, customer = odoo.erp(confirm=False), odoo.customer(tag)
    ref = made(erp.create_orders([draft(tag, order([item("SKU-0001")]), customer)])[tag])
    [product] = odoo.server.search("product.product", [["default_code", "=", "SKU-0005"]], "name")
    values = {"order_id": int(ref.target_id), "product_id": product["id"], "name": "Gift", "price_unit": 0}
    odoo.server.call("sale.order.line", "create", vals_list=[values])
    erp.amend_orders({ref.target_id: draft(tag, order([item("SKU-0001", "2")]), customer)})
    assert odoo.lines(ref.target_id) == [("Title of SKU-0001", 2.0, 10.0), ("Gift", 1.0, 0.0)]


def in_dollars(placed: Order) -> Order:
    lines = tuple(
        line.model_copy(update={"unit_price": dollars(line.unit_price), "discount": dollars(line.discount)})
        for line in placed.lines
    )
    amounts = {name: dollars(getattr(placed, name)) for name in ("tip", "duties", "fees", "rounding", "total")}
    return placed.model_copy(update={"currency": "USD", "lines": lines, **amounts})


def dollars(money: Money) -> Money:
    return money.model_copy(update={"currency": "USD"})


def _id_of(link: object) -> int:
    assert isinstance(link, list)
    return int(link[0])
