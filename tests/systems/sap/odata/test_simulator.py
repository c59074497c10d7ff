"""The simulator by itself: what SAP refuses, it refuses."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from erpsync.testing.erp_contract import an_order
from tests.systems.sap.odata.stand import System

Send = Callable[..., requests.Response]


@pytest.fixture
def send(sap: System) -> Send:
    """A request to the sales order service, with a session and its csrf token."""
    session = requests.Session()
    session.auth = (sap.values["user"], sap.values["password"])
    root = f"{sap.values['url']}/sap/opu/odata/sap/API_SALES_ORDER_SRV"
    token = session.get(f"{root}/", headers={"X-CSRF-Token": "Fetch"}, timeout=60).headers["x-csrf-token"]

    def send_(method: str, path: str, json: Any = None, csrf: str = token, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return session.request(method, f"{root}/{path}", json=json, headers={"X-CSRF-Token": csrf, **named}, timeout=60)

    return send_


def order(sap: System, **changes: object) -> dict[str, object]:
    item = {"SalesOrderItem": "10", "Material": "SKU-0001", "RequestedQuantity": "1"}
    area = {"SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00"}
    return {**area, "SalesOrderType": "OR", "SoldToParty": sap.customer(), "to_Item": {"results": [item]}, **changes}


def test_a_write_without_the_sessions_token_is_refused(sap: System, send: Send) -> None:
    answer = send("POST", "A_SalesOrder", order(sap), csrf="stale")
    assert (answer.status_code, answer.headers["x-csrf-token"]) == (403, "Required")
    assert sap.rows("A_SalesOrder") == []


def test_an_order_is_priced_and_taxed_by_its_own_arithmetic(sap: System, send: Send) -> None:
    made = send("POST", "A_SalesOrder", order(sap)).json()["d"]
    assert (made["TotalNetAmount"], made["to_Item"]["results"][0]["TaxAmount"]) == ("10.000", "1.900")
    assert made["__metadata"]["etag"].startswith("W/\"datetimeoffset'20")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SalesOrganization": "2020"}, "V4/090"),
        ({"SoldToParty": "999"}, "VP/199"),
        ({"to_Item": {"results": []}}, "V1/320"),
        ({"to_Item": {"results": [{"Material": "NOTHING", "RequestedQuantity": "1"}]}}, "V1/382"),
        (
            {"to_Item": {"results": [{"Material": "SKU-0001", "RequestedQuantity": 1}]}},
            "/IWCOR/CX_DS_EDM_LITERAL_ERROR",
        ),
        ({"PurchaseOrderByCustomer": "x" * 36}, "SY/530"),
        ({"TotalNetAmount": "1.00"}, "/IWBEP/CM_MGW_RT/022"),
        ({"Nonsense": "1"}, "/IWCOR/CX_DS_EP_PROPERTY_ERROR"),
        ({"to_PricingElement": {"results": [{"ConditionType": "PMP0", "ConditionRateValue": "1"}]}}, "VE/005"),
    ],
)
def test_what_sap_does_not_take_leaves_nothing_behind(
    sap: System, send: Send, changes: Mapping[str, object], code: str
) -> None:
    answer = send("POST", "A_SalesOrder", order(sap, **changes))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert sap.rows("A_SalesOrder") == sap.rows("A_SalesOrderItem") == []


def test_a_change_needs_the_etag_of_what_it_changes(sap: System, send: Send) -> None:
    ref = sap.make(an_order("etag"))
    path = f"A_SalesOrder('{ref.target_id}')"
    assert send("PATCH", path, {"CustomerGroup": "01"}).status_code == 428
    assert send("PATCH", path, {"CustomerGroup": "01"}, If_Match='W/"old"').status_code == 412
    tag = send("GET", path).headers["etag"]
    assert send("PATCH", path, {"CustomerGroup": "01"}, If_Match=tag).status_code == 204
    assert send("PATCH", path, {"CustomerGroup": "02"}, If_Match=tag).status_code == 412


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Nonsense eq '1'",
        "$filter=SalesOrder eq 1",
        "$filter=(SalesOrder eq '1'",
        "$filter=SalesOrder eq '1' and",
        "$filter=LastChangeDateTime ge datetime'2026-01-01T00:00:00'",
        "$expand=to_Nothing",
        "$select=Nonsense",
        "$orderby=Nonsense",
        "$search=1",
    ],
)
def test_a_query_that_is_not_odata_is_refused(sap: System, send: Send, query: str) -> None:
    sap.make(an_order("queried"))
    assert send("GET", f"A_SalesOrder?{query}").status_code == 400


def test_rows_are_counted_and_paged(sap: System, send: Send) -> None:
    sap.simulator.service.max_rows = 2
    customer_id = sap.customer()
    sap.erp().create_orders([sap.draft(an_order(f"p{at}"), customer_id) for at in range(5)])
    first = send("GET", "A_SalesOrder?$inlinecount=allpages&$orderby=SalesOrder desc&$top=4").json()["d"]
    assert (first["__count"], [row["SalesOrder"] for row in first["results"]]) == ("5", ["5", "4"])
    following = first["__next"].rpartition("/")[2]
    assert [row["SalesOrder"] for row in send("GET", following).json()["d"]["results"]] == ["3", "2"]


def test_what_cannot_be_made_or_deleted_is_refused(sap: System, send: Send) -> None:
    ref = sap.make(an_order("kept"))
    sap.simulator.ship(ref.target_id, {"SKU-0001": 1})
    item = f"A_SalesOrderItem(SalesOrder='{ref.target_id}',SalesOrderItem='10')"
    assert send("POST", "A_SalesOrderPartnerAddress", {"SalesOrder": "1"}).status_code == 405
    assert send("DELETE", item).json()["error"]["code"] == "V1/781"
    assert send("PATCH", item, {"RequestedQuantity": "0"}).json()["error"]["code"] == "V1/785"
    assert send("GET", "A_SalesOrder('4711')").status_code == 404


def test_a_batch_of_too_many_operations_is_refused(sap: System) -> None:
    sap.simulator.max_operations = 2
    customer_id = sap.customer()
    drafts = [sap.draft(an_order(f"m{at}"), customer_id) for at in range(3)]
    answers = sap.erp(order_batch="2").create_orders(drafts)
    assert len({getattr(answer, "target_id", None) for answer in answers.values()} - {None}) == 3
