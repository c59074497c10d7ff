"""The simulator against a real Odoo, past the adapter: the same question gets the same kind of answer."""

import xmlrpc.client
from collections.abc import Mapping
from typing import Any

import pytest

from tests.systems.odoo.conftest import Odoo

PARTNER = ["id", "name"]


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("no.such/search", {"domain": []}, 404, "werkzeug.exceptions.NotFound"),
        ("res.partner/nope", {}, 404, "werkzeug.exceptions.NotFound"),
        ("res.partner/_nope", {}, 403, "odoo.exceptions.AccessError"),
        ("sale.order/search", {}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("sale.order/search", {"domain": [], "bogus": 1}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("sale.order/load", {"ids": [1], "fields": [], "data": []}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("sale.order/search_read", {"domain": [], "fields": ["nofield"]}, 500, "builtins.ValueError"),
        ("sale.order/search_read", {"domain": [["nofield", "=", 1]]}, 500, "builtins.ValueError"),
        ("sale.order/load", {"fields": ["id", "nofield"], "data": [["x.y", "1"]]}, 500, "builtins.ValueError"),
        ("sale.order/write", {"ids": [99999999], "vals": {"origin": "x"}}, 404, "odoo.exceptions.MissingError"),
        ("sale.order/action_confirm", {"ids": [99999999]}, 404, "odoo.exceptions.MissingError"),
        ("sale.order/has_access", {"operation": "fly"}, 500, "builtins.AssertionError"),
        ("sale.order", {}, 404, "werkzeug.exceptions.NotFound"),
        (
            "res.partner/search",
            {"domain": [], "context": {"allowed_company_ids": [999]}},
            403,
            "odoo.exceptions.AccessError",
        ),
    ],
)
def test_errors_have_the_same_status_and_name(
    odoo: Odoo, path: str, body: Mapping[str, object], status: int, name: str
) -> None:
    answered, error = odoo.server.post(f"/json/2/{path}", body)
    assert (answered, error["name"]) == (status, name)
    assert error.keys() == {"name", "message", "arguments", "context", "debug"}
    assert "Traceback" in error["debug"]


def test_a_wrong_key_and_a_wrong_database(odoo: Odoo) -> None:
    status, error = odoo.server.post("/json/2/res.partner/search", {"domain": []}, key="0" * 40)
    assert (status, error["name"], error["message"]) == (401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
    status, page = odoo.server.post("/json/2/res.partner/search", {"domain": []}, database="nosuchdatabase")
    assert (status, page) == (404, {})


def test_empty_values_are_false_and_links_are_pairs(odoo: Odoo, tag: str) -> None:
    [number] = odoo.server.call("res.partner", "create", vals_list=[{"name": tag}])
    [row] = odoo.server.call("res.partner", "read", ids=[number], fields=["name", "email", "parent_id", "is_company"])
    assert row == {"id": number, "name": tag, "email": False, "parent_id": False, "is_company": False}
    [child] = odoo.server.call("res.partner", "create", vals_list=[{"name": "Below", "parent_id": number}])
    [row] = odoo.server.call("res.partner", "read", ids=[child], fields=["parent_id"])
    assert row["parent_id"] == [number, tag]
    assert odoo.server.call("res.partner", "read", ids=[99999999], fields=["name"]) == []


def test_times_have_no_microseconds(odoo: Odoo, tag: str) -> None:
    [number] = odoo.server.call("res.partner", "create", vals_list=[{"name": tag}])
    [row] = odoo.server.call("res.partner", "read", ids=[number], fields=["write_date"])
    assert len(row["write_date"]) == len("2026-01-01 00:00:00")


def test_client_order_ref_is_not_unique(odoo: Odoo, tag: str) -> None:
    values = {"partner_id": _partner(odoo, tag), "client_order_ref": tag}
    ids = odoo.server.call("sale.order", "create", vals_list=[values, values])
    assert len(set(ids)) == 2


def test_load_updates_by_external_id_and_doubles_lines_without_one(odoo: Odoo, tag: str) -> None:
    for with_ids, lines in ((True, 1), (False, 2)):
        name = f"{tag}-{with_ids}"
        answers = [_load(odoo, name, tag, line_id=f"erpsync.line__{name}" if with_ids else "") for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["messages"] == []
        assert len(_order_lines(odoo, answers[0]["ids"][0])) == lines


def test_load_writes_all_or_nothing_and_blames_each_record(odoo: Odoo, tag: str) -> None:
    columns = ["id", "name", "country_id/.id"]
    rows = [[f"erpsync.p__{tag}__{number}", tag, "99999999" if number in (1, 3) else ""] for number in range(5)]
    answer = odoo.server.call("res.partner", "load", fields=columns, data=rows)
    assert answer["ids"] is False
    assert [(each["record"], each["field"], each["type"]) for each in answer["messages"]] == [
        (1, "country_id", "error"),
        (3, "country_id", "error"),
    ]
    assert odoo.server.search("res.partner", [["name", "=", tag]], "name") == []


def test_load_empties_what_an_empty_cell_stands_for(odoo: Odoo, tag: str) -> None:
    columns, name = [*PARTNER, "phone"], f"erpsync.p__{tag}"
    [number] = odoo.server.call("res.partner", "load", fields=columns, data=[[name, tag, "1"]])["ids"]
    odoo.server.call("res.partner", "load", fields=PARTNER, data=[[name, tag]])
    assert odoo.server.search("res.partner", [["id", "=", number]], "phone")[0]["phone"] == "1"
    odoo.server.call("res.partner", "load", fields=columns, data=[[name, tag, ""]])
    assert odoo.server.search("res.partner", [["id", "=", number]], "phone")[0]["phone"] is False


def test_an_external_id_with_a_space_is_refused(odoo: Odoo, tag: str) -> None:
    answer = odoo.server.call("res.partner", "load", fields=PARTNER, data=[[f"erpsync.with space {tag}", tag]])
    assert answer["ids"] is False


def test_what_a_confirmed_order_forbids(odoo: Odoo, tag: str) -> None:
    answer = _load(odoo, tag, tag, line_id=f"erpsync.line__{tag}")
    [order_id] = answer["ids"]
    [line] = _order_lines(odoo, order_id)
    odoo.server.call("sale.order", "action_confirm", ids=[order_id])
    refusals = [
        ("sale.order", "action_confirm", {"ids": [order_id]}),
        ("sale.order", "write", {"ids": [order_id], "vals": {"pricelist_id": False}}),
        ("sale.order", "unlink", {"ids": [order_id]}),
        ("sale.order.line", "unlink", {"ids": [line["id"]]}),
        ("sale.order.line", "write", {"ids": [line["id"]], "vals": {"product_id": _product(odoo, "SKU-0002")}}),
    ]
    for model, method, body in refusals:
        status, error = odoo.server.post(f"/json/2/{model}/{method}", body)
        assert (status, error["name"]) == (422, "odoo.exceptions.UserError"), (model, method)
    odoo.deliver(order_id)
    body = {"ids": [line["id"]], "vals": {"product_uom_qty": 0.5}}
    assert odoo.server.post("/json/2/sale.order.line/write", body)[0] == 422
    # The trap: goods have left, and Odoo cancels all the same.
    odoo.server.call("sale.order", "action_cancel", ids=[order_id])
    assert odoo.server.search("sale.order", [["id", "=", order_id]], "state")[0]["state"] == "cancel"


def test_an_error_rolls_the_whole_call_back(odoo: Odoo, tag: str) -> None:
    values = [{"name": tag}, {"name": tag, "nofield": 1}]
    status, _ = odoo.server.post("/json/2/res.partner/create", {"vals_list": values})
    assert status == 500
    assert odoo.server.search("res.partner", [["name", "=", tag]], "name") == []


def test_deleting_a_record_frees_its_external_id(odoo: Odoo, tag: str) -> None:
    [number] = odoo.server.call("res.partner", "load", fields=PARTNER, data=[[f"erpsync.p__{tag}", tag]])["ids"]
    odoo.server.call("res.partner", "unlink", ids=[number])
    assert odoo.server.search("ir.model.data", [["name", "=", f"p__{tag}"]], "res_id") == []


@pytest.mark.parametrize(
    ("model", "method", "arguments", "code", "words"),
    [
        ("no.such", "search", [[]], 2, "Object no.such doesn't exist"),
        ("res.partner", "nope", [[]], 1, "AttributeError: The method 'res.partner.nope' does not exist"),
        ("res.partner", "_nope", [[]], 4, "Private methods"),
        ("res.partner", "search", [[["nofield", "=", 1]]], 1, "ValueError: Invalid field"),
        ("res.partner", "write", [[99999999], {"name": "x"}], 2, "Record does not exist or has been deleted."),
        ("sale.order", "action_confirm", [[99999999]], 2, "Record does not exist or has been deleted."),
    ],
)
def test_faults_are_the_same_over_xml_rpc(
    odoo: Odoo, model: str, method: str, arguments: list[object], code: int, words: str
) -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        odoo.server.execute(model, method, *arguments)
    assert (caught.value.faultCode, words in caught.value.faultString) == (code, True)


def test_an_answer_of_nothing_is_a_fault_after_the_fact(odoo: Odoo, tag: str) -> None:
    [order_id] = _load(odoo, tag, tag, line_id=f"erpsync.line__{tag}")["ids"]
    odoo.server.call("sale.order", "action_confirm", ids=[order_id])
    with pytest.raises(xmlrpc.client.Fault, match="cannot marshal None"):
        odoo.server.execute("sale.order", "action_lock", [order_id])
    assert odoo.server.search("sale.order", [["id", "=", order_id]], "locked")[0]["locked"] is True


def test_a_wrong_password_signs_in_as_nobody(odoo: Odoo) -> None:
    common = xmlrpc.client.ServerProxy(f"{odoo.server.url}/xmlrpc/2/common")
    assert common.authenticate(odoo.server.database, "admin", "f" * 40, {}) is False
    assert common.authenticate(odoo.server.database, "admin", odoo.server.api_key, {}) == 2
    version = common.version()
    assert isinstance(version, dict)
    assert version["server_version_info"][0] == 19


def test_a_credit_note_is_posted_once_and_a_payment_answers_nothing(odoo: Odoo, tag: str) -> None:
    partner, product = str(_partner(odoo, tag)), str(_product(odoo, "SKU-0001"))
    columns = ["id", "move_type", "partner_id/.id", "invoice_line_ids/id", "invoice_line_ids/product_id/.id"]
    row = [f"erpsync.refund__{tag}", "out_refund", partner, f"erpsync.refundline__{tag}", product]
    [number] = odoo.server.call("account.move", "load", fields=columns, data=[row])["ids"]
    assert odoo.server.call("account.move", "action_post", ids=[number]) is False
    status, error = odoo.server.post("/json/2/account.move/action_post", {"ids": [number]})
    assert (status, error["name"]) == (422, "odoo.exceptions.UserError")
    [bank] = odoo.server.search("account.journal", [["code", "=", "BNK1"]], "type")
    columns = ["id", "payment_type", "partner_type", "partner_id/.id", "amount", "journal_id/.id", "memo"]
    row = [f"erpsync.payment__{tag}", "inbound", "customer", partner, "20.00", str(bank["id"]), tag]
    [number] = odoo.server.call("account.payment", "load", fields=columns, data=[row])["ids"]
    assert odoo.server.call("account.payment", "action_post", ids=[number]) is None
    [payment] = odoo.server.search("account.payment", [["id", "=", number]], "state", "amount", "memo")
    assert (payment["state"], payment["amount"], payment["memo"]) == ("in_process", 20.0, tag)


def test_a_count_that_is_repeated_is_the_same_count(odoo: Odoo) -> None:
    [place] = odoo.server.search("stock.location", [["complete_name", "=", "WH/Stock"]], "usage")
    count = {"product_id": _product(odoo, "SKU-0045"), "location_id": place["id"], "inventory_quantity_auto_apply": 7}
    for _ in range(2):
        odoo.server.call("stock.quant", "create", vals_list=[count], context={"inventory_mode": True})
    wanted = [["product_id", "=", count["product_id"]], ["location_id", "child_of", [place["id"]]]]
    assert [row["quantity"] for row in odoo.server.search("stock.quant", wanted, "quantity")] == [7.0]


def test_a_delivery_is_planned_with_the_confirmation(odoo: Odoo, tag: str) -> None:
    [order_id] = _load(odoo, tag, tag, line_id=f"erpsync.line__{tag}")["ids"]
    odoo.server.call("sale.order", "action_confirm", ids=[order_id])
    [picking] = odoo.server.search("stock.picking", [["sale_id", "=", order_id]], "state")
    moves = odoo.server.search("stock.move", [["picking_id", "=", picking["id"]]], "picking_code", "product_uom_qty")
    assert [(row["picking_code"], row["product_uom_qty"]) for row in moves] == [("outgoing", 1.0)]
    odoo.server.call("stock.picking", "action_cancel", ids=[picking["id"]])
    assert odoo.server.search("stock.picking", [["id", "=", picking["id"]]], "state")[0]["state"] == "cancel"


def _load(odoo: Odoo, name: str, tag: str, *, line_id: str) -> dict[str, Any]:
    columns = ["id", "partner_id/.id", "order_line/id", "order_line/product_id/.id", "order_line/price_unit"]
    partner = str(_partner(odoo, tag))
    row = [f"erpsync.order__{name}", partner, line_id, str(_product(odoo, "SKU-0001")), "1.00"]
    answer: dict[str, Any] = odoo.server.call("sale.order", "load", fields=columns, data=[row])
    return answer


def _partner(odoo: Odoo, tag: str) -> int:
    [number] = odoo.server.call("res.partner", "load", fields=PARTNER, data=[[f"erpsync.partner__{tag}", tag]])["ids"]
    return int(number)


def _product(odoo: Odoo, sku: str) -> int:
    return int(odoo.server.search("product.product", [["default_code", "=", sku]], "name")[0]["id"])


def _order_lines(odoo: Odoo, order_id: int) -> list[dict[str, Any]]:
    return odoo.server.search("sale.order.line", [["order_id", "=", order_id]], "name")
