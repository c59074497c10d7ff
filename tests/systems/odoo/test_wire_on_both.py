"""The simulator against a real Odoo, past the adapter: the same question gets the same kind of answer."""

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
