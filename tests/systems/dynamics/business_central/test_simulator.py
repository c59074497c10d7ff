"""The simulator asked as Microsoft's documents describe it, by plain requests that know nothing of the adapter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from erpsync.ports.runtime import Tools
from tests.systems.dynamics.business_central.stand import World, world_of


class Client:
    """A client of API v2.0 as its documentation has one."""

    def __init__(self, world: World) -> None:
        given = world.served.settings
        self.world = world
        self.session = requests.Session()
        self.session.trust_env = False
        form = {
            "grant_type": "client_credentials",
            "client_id": given["client_id"],
            "client_secret": given["client_secret"],
            "scope": "https://api.businesscentral.dynamics.com/.default",
        }
        token = self.session.post(given["token_url"], data=form, timeout=60).json()
        assert (token["token_type"], token["expires_in"]) == ("Bearer", world.simulator.tokens.seconds)
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.root = f"{given['base_url']}/v2.0/{given['tenant']}/{given['environment']}"
        [company] = [row for row in self.get("companies") if row["name"] == given["company"]]
        self.company = f"companies({company['id']})"

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.root}/api/v2.0/{path}", timeout=60, **more)

    def get(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows

    def of_company(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.call(method, f"{self.company}/{path}", **more)

    def customer(self) -> str:
        answer = self.of_company("POST", "customers", json={"displayName": "Adatum"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def order(self, **more: Any) -> requests.Response:
        body = {"customerId": self.customer(), "externalDocumentNumber": "po-1", **more}
        return self.of_company("POST", "salesOrders", json=body)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    client = Client(world)
    yield client
    client.session.close()


def code_of(answer: requests.Response) -> str:
    error = answer.json()["error"]
    assert "CorrelationId:" in error["message"]
    return str(error["code"])


def test_without_a_good_token_nothing_is_answered(client: Client) -> None:
    client.world.simulator.tokens.revoke()
    answer = client.call("GET", "companies")
    assert (answer.status_code, code_of(answer)) == (401, "Authentication_InvalidCredentials")


def test_a_token_ends(tools: Tools) -> None:
    with world_of(tools, token_seconds=0) as world, pytest.raises(AssertionError, match="401"):
        Client(world)


def test_fields_are_held_to_the_page(client: Client) -> None:
    for body, code in (
        ({"colour": "red"}, "BadRequest"),
        ({"number": "1"}, "Application_FieldValidationException"),
        ({"externalDocumentNumber": "x" * 36}, "Application_StringExceededLength"),
        ({"orderDate": "soon"}, "BadRequest"),
        ({"pricesIncludeTax": "yes"}, "BadRequest"),
        ({"currencyCode": "XXX"}, "Application_DialogException"),
    ):
        answer = client.order(**body)
        assert (answer.status_code, code_of(answer)) == (400, code), body
    [item] = client.get(f"{client.company}/items", **{"$filter": "number eq 'sku-0001'"})
    answer = client.of_company(
        "PATCH", f"items({item['id']})", json={"inventory": 5}, headers={"If-Match": item["@odata.etag"]}
    )
    assert (answer.status_code, code_of(answer)) == (400, "Application_FieldValidationException")
    assert client.world.rows("salesOrders") == []


def test_external_document_numbers_are_kept_in_capitals_and_may_repeat(client: Client) -> None:
    numbers = {client.order().json()["number"] for _ in range(2)}
    found = client.get(f"{client.company}/salesOrders", **{"$filter": "externalDocumentNumber eq 'Po-1'"})
    assert {row["number"] for row in found} == numbers
    assert {row["externalDocumentNumber"] for row in found} == {"PO-1"}


def test_a_customers_number_is_unique(client: Client) -> None:
    body = {"displayName": "Adatum", "number": "web-1"}
    assert client.of_company("POST", "customers", json=body).json()["number"] == "WEB-1"
    answer = client.of_company("POST", "customers", json=body)
    assert (answer.status_code, code_of(answer)) == (400, "Internal_EntityWithSameKeyExists")


def test_a_deep_insert_is_made_whole_or_not_at_all(client: Client) -> None:
    good = {"lineType": "Item", "lineObjectNumber": "SKU-0001", "quantity": 2}
    answer = client.order(salesOrderLines=[good, {**good, "lineObjectNumber": "NOSUCH"}])
    assert answer.status_code == 400
    assert (client.world.rows("salesOrders"), client.world.lines()) == ([], [])
    answer = client.order(salesOrderLines=[good])
    assert (answer.status_code, answer.json()["totalAmountExcludingTax"]) == (201, 22.0)
    assert answer.json()["totalAmountIncludingTax"] == 26.18


def test_changes_need_the_latest_etag(client: Client) -> None:
    order = client.order().json()
    path = f"salesOrders({order['id']})"
    assert client.of_company("PATCH", path, json={"email": "a@b.c"}).status_code == 400
    stale = {"If-Match": order["@odata.etag"]}
    assert client.of_company("PATCH", path, json={"email": "a@b.c"}, headers=stale).status_code == 200
    answer = client.of_company("PATCH", path, json={"email": "d@b.c"}, headers=stale)
    assert (answer.status_code, code_of(answer)) == (409, "Request_EntityChanged")
    assert client.of_company("DELETE", path, headers={"If-Match": "*"}).status_code == 204
    assert client.of_company("DELETE", path, headers={"If-Match": "*"}).status_code == 404


def test_a_tax_code_after_the_price_changes_a_price_that_contains_tax(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "SKU-0001", "quantity": 1}
    wrong = client.order(pricesIncludeTax=True, salesOrderLines=[{**line, "unitPrice": 119, "taxCode": "VAT7"}])
    right = client.order(pricesIncludeTax=True, salesOrderLines=[{**line, "taxCode": "VAT7", "unitPrice": 119}])
    assert (wrong.json()["totalAmountIncludingTax"], right.json()["totalAmountIncludingTax"]) == (107.0, 119.0)


def batch(client: Client, *inner: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    requests_ = [{"id": f"r{number}", "headers": {}, **one} for number, one in enumerate(inner)]
    answer = client.call("POST", "$batch", json={"requests": requests_}, headers=headers)
    assert answer.status_code == 200, answer.text
    responses: list[dict[str, Any]] = answer.json()["responses"]
    return responses


def customers(client: Client) -> list[dict[str, Any]]:
    url = f"{client.company}/customers"
    bodies: list[dict[str, str]] = [{"displayName": "One"}, {"displayName": ""}, {"displayName": "Three"}]
    return [{"method": "POST", "url": url, "body": body} for body in bodies]


def test_a_batch_stops_at_the_first_error_unless_asked_to_go_on(client: Client) -> None:
    assert [one["status"] for one in batch(client, *customers(client))] == [201, 400]
    going_on = batch(client, *customers(client), Prefer="odata.continue-on-error")
    assert [(one["id"], one["status"]) for one in going_on] == [("r0", 201), ("r1", 400), ("r2", 201)]
    assert len(client.world.rows("customers")) == 3


def test_an_isolated_batch_is_undone_by_its_first_error(client: Client) -> None:
    answers = batch(client, *customers(client), Prefer="odata.continue-on-error", Isolation="snapshot")
    assert [one["status"] for one in answers] == [201, 400]
    assert client.world.rows("customers") == []


def test_a_batch_holds_a_hundred(client: Client) -> None:
    one = {"id": "1", "method": "GET", "url": "companies", "headers": {}}
    assert client.call("POST", "$batch", json={"requests": [one] * 100}).status_code == 200
    assert client.call("POST", "$batch", json={"requests": [one] * 101}).status_code == 400


def test_pages_are_as_large_as_asked_and_linked(client: Client) -> None:
    answer = client.of_company("GET", "items?$select=number", headers={"Prefer": "odata.maxpagesize=20"})
    numbers = [row["number"] for row in answer.json()["value"]]
    while link := answer.json().get("@odata.nextLink"):
        answer = client.session.get(link, headers={"Prefer": "odata.maxpagesize=20"}, timeout=60)
        numbers += [row["number"] for row in answer.json()["value"]]
    assert (len(numbers), len(set(numbers))) == (50, 50)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("number gt 'SKU-0048'", 2),
        ("number ge 'SKU-0048' and (unitPrice lt 59 or unitPrice eq 60)", 2),
        ("blocked eq true", 0),
        ("lastModifiedDateTime gt 2020-01-01T00:00:00Z and type eq 'Inventory'", 50),
    ],
)
def test_filters_are_understood(client: Client, where: str, count: int) -> None:
    assert len(client.get(f"{client.company}/items", **{"$filter": where})) == count


@pytest.mark.parametrize(
    "where", ["number", "number eq", "colour eq 'red'", "number eq 5", "(number eq 'A'", "number like 'A'"]
)
def test_filters_that_cannot_be_read_are_refused(client: Client, where: str) -> None:
    assert client.of_company("GET", "items", params={"$filter": where}).status_code == 400


def test_more_at_once_than_allowed_wait_in_the_queue_and_beyond_it_are_refused(tools: Tools) -> None:
    with world_of(tools, concurrent=1, queue=1, retry_after_seconds=3) as world:
        clients = [Client(world) for _ in range(2)]
        with ThreadPoolExecutor(1) as pool:
            with world.simulator.limits.place():
                waiting = pool.submit(clients[0].call, "GET", "companies")
                assert world.simulator.limits.until_waiting(1)
                refused = clients[1].call("GET", "companies")
                assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
                assert not waiting.done()
            assert waiting.result(60).status_code == 200
        for client in clients:
            client.session.close()


def test_an_order_is_shipped_invoiced_and_then_gone(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "SKU-0001", "quantity": 2}
    order = client.order(salesOrderLines=[line]).json()
    client.world.simulator.ship(order["number"], {"SKU-0001": Decimal(1)}, carrier="dhl", number="7")
    answer = client.of_company("DELETE", f"salesOrders({order['id']})", headers={"If-Match": "*"})
    assert answer.status_code == 400
    page = client.session.get(
        f"{client.root}/ODataV4/Company('CRONUS EU')/PostedSalesShipments", params={"$top": "1"}, timeout=60
    )
    assert [(row["Shipping_Agent_Code"], row["Package_Tracking_No"]) for row in page.json()["value"]] == [("DHL", "7")]
    client.world.simulator.ship(order["number"], {"SKU-0001": Decimal(1)})
    client.world.simulator.invoice(order["number"])
    assert client.get(f"{client.company}/salesOrders") == []
    [invoice] = client.get(f"{client.company}/salesInvoices")
    assert (invoice["orderNumber"], invoice["totalAmountIncludingTax"]) == (order["number"], 26.18)
