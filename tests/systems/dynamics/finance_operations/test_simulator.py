"""The simulated F&O enforces what Microsoft documents."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from erpsync.systems.dynamics.finance_operations.simulator_access import CLIENT_ID, CLIENT_SECRET, TENANT, Limits
from tests.systems.dynamics.finance_operations.stand import World, an_order, world


class Caller:
    """Plain HTTP, without the adapter."""

    def __init__(self, fo: World) -> None:
        self.base = fo.served.base_url
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        reply = requests.post(
            f"{self.base}/{TENANT}/oauth2/v2.0/token", data={**form, "scope": f"{self.base}/.default"}, timeout=60
        )
        self.headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}

    def get(self, entity: str, **query: str) -> requests.Response:
        text = urlencode({f"${name}" if name != "cross" else "cross-company": value for name, value in query.items()})
        return requests.get(f"{self.base}/data/{entity}?{text}", headers=self.headers, timeout=60)

    def post(self, entity: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(
            f"{self.base}/data/{entity}?cross-company=true", json=body, headers=self.headers, timeout=60
        )

    def batch(self, body: str, **headers: str) -> requests.Response:
        return requests.post(
            f"{self.base}/data/$batch",
            data=body.replace("\n", "\r\n").encode(),
            headers={**self.headers, "Content-Type": "multipart/mixed; boundary=b", **headers},
            timeout=60,
        )


@pytest.fixture
def caller(fo: World) -> Caller:
    return Caller(fo)


def reason(reply: requests.Response) -> str:
    return str(reply.json()["error"]["innererror"]["message"])


def test_without_cross_company_only_the_users_own_company_is_seen(fo: World, caller: Caller) -> None:
    fo.make(an_order("1"))
    assert caller.get("SalesOrderHeadersV2").json()["value"] == []
    assert len(caller.get("SalesOrderHeadersV2", cross="true").json()["value"]) == 1
    key = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='shop-1')"
    url = f"{caller.base}/data/{key}"
    assert requests.delete(url, headers=caller.headers, timeout=60).status_code == 404
    assert requests.delete(f"{url}?cross-company=true", headers=caller.headers, timeout=60).status_code == 204


def test_a_record_without_a_company_is_made_in_the_users_own(fo: World, caller: Caller) -> None:
    reply = caller.post("SalesOrderHeadersV2", {"OrderingCustomerAccountNumber": "US-TEST", "CurrencyCode": "EUR"})
    assert reply.status_code == 400
    assert "is not found in the related table" in reason(reply)


def test_a_second_record_under_a_key_is_refused_in_any_case(fo: World, caller: Caller) -> None:
    fo.make(an_order("1"))
    body = {"dataAreaId": "USMF", "SalesOrderNumber": "SHOP-1", "OrderingCustomerAccountNumber": "US-TEST"}
    assert "already exists" in reason(caller.post("SalesOrderHeadersV2", body))


def test_enumerations_dates_and_totals_have_their_quirks(fo: World, caller: Caller) -> None:
    fo.make(an_order("1"))
    fo.make(an_order("2"))
    fo.simulator.controls.invoice("shop-2")
    kind = "Microsoft.Dynamics.DataEntities.SalesStatus"
    found = caller.get("SalesOrderHeadersV2", filter=f"SalesOrderStatus eq {kind}'Invoiced'", cross="true").json()
    [row] = found["value"]
    assert (row["SalesOrderNumber"], row["RequestedShippingDate"][:10]) == ("shop-2", "1900-01-01")
    assert (row["AreTotalsCalculated"], row["OrderTotalAmount"]) == ("No", 0)
    fo.simulator.controls.calculate_totals()
    [row] = caller.get("SalesOrderHeadersV2", filter="SalesOrderNumber eq 'shop-2'", cross="true").json()["value"]
    assert Decimal(str(row["OrderTotalAmount"])) == an_order("2").total.amount


@pytest.mark.parametrize(
    "filter_",
    [
        "SalesOrderStatus eq 'Invoiced'",
        "SalesOrderStatus gt Microsoft.Dynamics.DataEntities.SalesStatus'Invoiced'",
        "SalesOrderNumber in ('a','b')",
        "contains(SalesOrderNumber,'a')",
        "NoSuchField eq 'a'",
        "SalesOrderNumber eq 'a",
        "SalesOrderNumber eq 5",
        "(SalesOrderNumber eq 'a'",
    ],
)
def test_filters_that_f_and_o_does_not_understand_are_refused(caller: Caller, filter_: str) -> None:
    assert caller.get("SalesOrderHeadersV2", filter=filter_, cross="true").status_code == 400


def test_an_asterisk_is_a_wildcard(fo: World, caller: Caller) -> None:
    fo.make(an_order("1"))
    assert (
        len(caller.get("SalesOrderHeadersV2", filter="SalesOrderNumber eq 'SHOP*'", cross="true").json()["value"]) == 1
    )
    negated = "not (SalesOrderNumber eq 'shop-1' or SalesOrderNumber eq 'x')"
    assert caller.get("SalesOrderHeadersV2", filter=negated, cross="true").json()["value"] == []


def test_fields_are_checked_one_by_one(caller: Caller) -> None:
    for body in (
        {"NoSuchField": "x"},
        {"CurrencyCode": 5},
        {"CurrencyCode": "EURO"},
        {"SalesOrderStatus": "Invoiced"},
        {"ArePricesIncludingSalesTax": "Maybe"},
        {"RequestedShippingDate": "tomorrow"},
    ):
        fixed = {"dataAreaId": "usmf", "OrderingCustomerAccountNumber": "US-TEST"}
        assert caller.post("SalesOrderHeadersV2", {**fixed, **body}).status_code == 400, body
    assert caller.post("ReleasedProductsV2", {"ItemNumber": "X"}).status_code == 405
    assert caller.post("NoSuchEntities", {}).status_code == 404


_CHANGE_SET = """--b
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

POST CustomersV3?cross-company=true HTTP/1.1
Content-Type: application/json

{"dataAreaId":"usmf","CustomerAccount":"ONE","OrganizationName":"One","CustomerGroupId":"10"}
--c
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

POST CustomersV3?cross-company=true HTTP/1.1
Content-Type: application/json

{"dataAreaId":"usmf","CustomerAccount":"TWO","OrganizationName":"Two","CustomerGroupId":"NOPE"}
--c--
"""
_READ = """--b
Content-Type: application/http
Content-Transfer-Encoding: binary

GET LegalEntities HTTP/1.1
Accept: application/json

"""


def test_a_change_set_is_done_as_a_whole_or_not_at_all(fo: World, caller: Caller) -> None:
    reply = caller.batch(f"{_CHANGE_SET}--b--\n")
    assert reply.status_code == 200
    assert reply.text.count("HTTP/1.1") == 1
    assert "Customer group" in reply.text
    assert "ONE" not in {row["CustomerAccount"] for row in fo.rows("CustomersV3")}


def test_a_batch_stops_at_a_failure_unless_it_is_told_to_go_on(caller: Caller) -> None:
    body = f"{_CHANGE_SET}{_READ}--b--\n"
    assert "LegalEntityId" not in caller.batch(body).text
    assert "LegalEntityId" in caller.batch(body, Prefer="odata.continue-on-error").text


def test_a_malformed_batch_is_refused(caller: Caller) -> None:
    assert caller.batch("nothing").status_code == 400
    assert caller.batch(f"{_CHANGE_SET.replace('Content-ID: 2', 'X: 2')}--b--\n").status_code == 400


def test_too_many_requests_are_refused_with_a_wait(tmp_path: Path) -> None:
    with world(tmp_path, limits=Limits(requests=2)) as fo:
        caller = Caller(fo)
        answers = [caller.get("LegalEntities") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert 0 < int(answers[2].headers["Retry-After"]) <= 300


def test_tokens_end_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    with world(tmp_path, token_seconds=0) as fo:
        assert Caller(fo).get("LegalEntities").status_code == 401


def test_a_number_that_the_sequence_does_not_allow_is_refused(numbered: World) -> None:
    body = {"dataAreaId": "usmf", "SalesOrderNumber": "MINE", "OrderingCustomerAccountNumber": "US-TEST"}
    assert "Number sequence" in reason(Caller(numbered).post("SalesOrderHeadersV2", body))
