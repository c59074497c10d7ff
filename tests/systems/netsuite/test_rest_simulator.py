"""The simulated account's REST face refuses what NetSuite refuses. Asked without the adapter, which does none of this."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from erpsync.systems.netsuite.rest_sql import bound
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_records import CUSTOM_FIELDS
from tests.systems.netsuite.rest_stand import Plain, Response
from tests.systems.netsuite.stand import MovableClock

COLLECTION = "application/vnd.oracle.resource+json; type=collection"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def simulator(clock: MovableClock) -> NetSuiteSimulator:
    return NetSuiteSimulator(skus={"SKU-0001": Decimal("6.90")}, customers=3, now=clock.now)


@pytest.fixture
def plain(simulator: NetSuiteSimulator) -> Plain:
    opened = Plain(simulator)
    opened.sign_in()
    return opened


def test_a_right_proof_gets_a_token_for_an_hour(simulator: NetSuiteSimulator) -> None:
    answer = Plain(simulator).exchange(Plain(simulator).form())

    assert answer.status == 200
    assert answer.body["expires_in"] == "3600"
    assert answer.body["token_type"] == "bearer"


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"exp": -60}, {}),
        ({"iat": 600, "exp": 900}, {}),
        ({"exp": 3700}, {}),
        ({"aud": "https://765.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"}, {}),
        ({"iss": "another"}, {}),
        ({"scope": "restlets"}, {}),
        ({}, {"kid": "another"}),
        ({}, {"key": ec.generate_private_key(ec.SECP256R1())}),
    ],
    ids=["ended", "not yet", "too long", "account", "client", "scope", "certificate", "key"],
)
def test_a_wrong_proof_gets_none(
    simulator: NetSuiteSimulator, claims: dict[str, object], header: dict[str, object]
) -> None:
    now = int(datetime.now(UTC).timestamp())
    moved = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    answer = Plain(simulator).exchange(Plain(simulator).form(moved, **header))

    assert (answer.status, answer.body) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"client_assertion": "no.jwt.atall"}, "invalid_client"),
    ],
)
def test_another_kind_of_request_gets_none(simulator: NetSuiteSimulator, change: dict[str, str], error: str) -> None:
    answer = Plain(simulator).exchange({**Plain(simulator).form(), **change})

    assert (answer.status, answer.body) == (400, {"error": error})


def test_a_token_ends_with_its_hour(plain: Plain, clock: MovableClock) -> None:
    assert plain.ask("SELECT c.id FROM customer c").status == 200

    clock.moved = timedelta(minutes=61)

    ended = plain.ask("SELECT c.id FROM customer c")
    assert (ended.status, ended.code) == (401, "INVALID_LOGIN")


def test_values_are_text_and_nulls_are_left_out(plain: Plain) -> None:
    [row, *_] = plain.ask("SELECT c.id AS id, c.externalid AS externalid FROM customer c ORDER BY c.id").body["items"]

    assert row == {"links": [], "id": "5001"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT c.id FROM customer c LIMIT 5", "LIMIT"),
        ("SELECT c.id FROM customer c WHERE c.id = 1; DELETE FROM customer", ";"),
        ("DELETE FROM customer", "Only SELECT"),
        ("SELECT c.nickname FROM customer c", "Field 'nickname' was not found"),
        ("SELECT x.id FROM nowhere x", "Record 'nowhere' was not found"),
        ("SELECT c.id FROM customer c WHERE", "Invalid or unsupported search"),
        ("SELECT load_extension('x') FROM customer c", "Invalid or unsupported search"),
        ("SELECT ifnull(c.email, '') FROM customer c", "Invalid or unsupported search"),
        ("SELECT s.name FROM sqlite_master s", "Invalid or unsupported search"),
        (bound("SELECT c.id FROM customer c WHERE c.id IN :ids", ids=range(1001)), "1000"),
    ],
)
def test_what_suiteql_does_not_know_is_refused(plain: Plain, query: str, told: str) -> None:
    answer = plain.ask(query)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
    assert told in answer.detail


def test_a_query_needs_its_header_and_a_page_that_is_one(plain: Plain) -> None:
    query = "SELECT c.id FROM customer c"

    assert plain.ask(query, prefer="").code == "INVALID_HEADER"
    assert plain.ask(query, "limit=1001").code == "INVALID_PARAMETER"
    assert plain.ask(query, "limit=2&offset=1").code == "INVALID_PARAMETER"
    page = plain.ask(query, "limit=2&offset=2").body
    assert (page["count"], page["totalResults"], page["hasMore"]) == (1, 3, False)


def test_a_table_that_the_role_may_not_read_is_not_there(plain: Plain, simulator: NetSuiteSimulator) -> None:
    simulator.denied.add("customer")

    assert "Record 'customer' was not found" in plain.ask("SELECT c.id FROM customer c").detail


def order(**changes: object) -> dict[str, object]:
    line = {"item": {"id": "1001"}, "quantity": 1, "amount": 6.90}
    return {"entity": {"id": "5001"}, "tranDate": "2026-11-20", "item": {"items": [line]}, **changes}


def put(plain: Plain, **changes: object) -> Response:
    return plain.send("PUT", "/services/rest/record/v1/salesOrder/eid:shop-1?replace=item", order(**changes))


def test_an_upsert_answers_without_content_and_keeps_one_record(plain: Plain, simulator: NetSuiteSimulator) -> None:
    first, second = put(plain), put(plain)

    assert (first.status, first.body) == (204, None)
    assert first.headers["Location"] == second.headers["Location"]
    [made] = simulator.records()["salesOrders"]
    assert made["externalId"] == "shop-1"
    assert len(made["lines"]) == 1


def test_without_replace_lines_are_added_each_time(plain: Plain, simulator: NetSuiteSimulator) -> None:
    put(plain)

    plain.send("PUT", "/services/rest/record/v1/salesOrder/eid:shop-1", order())

    assert len(simulator.records()["salesOrders"][0]["lines"]) == 2


def test_tax_that_is_not_overridden_is_charged_by_the_account(plain: Plain, simulator: NetSuiteSimulator) -> None:
    put(plain)
    assert simulator.records()["salesOrders"][0]["total"] == "8.21"

    put(plain, taxDetailsOverride=True)
    assert simulator.records()["salesOrders"][0]["total"] == "6.9"


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"entty": {"id": "5001"}}, "INVALID_CONTENT", "entty"),
        ({"custbody_nowhere": "x"}, "INVALID_CONTENT", "custbody_nowhere"),
        ({"tranDate": "20/11/2026"}, "INVALID_CONTENT", "tranDate"),
        (
            {"item": {"items": [{"item": {"id": "1001"}, "taxCode": {"id": "5"}}]}},
            "INVALID_CONTENT",
            "item.items[0].taxCode",
        ),
        ({"shippingAddress": {"country": {"id": "_germany"}}}, "INVALID_CONTENT", "shippingAddress.country"),
        ({"entity": {"id": "99"}}, "INVALID_KEY_OR_REF", ""),
        ({"item": {"items": []}}, "USER_ERROR", ""),
    ],
)
def test_a_record_that_does_not_fit_is_refused(plain: Plain, changes: dict[str, object], code: str, path: str) -> None:
    refused = put(plain, **changes)

    assert (refused.status, refused.code) == (400, code)
    assert refused.body["o:errorDetails"][0].get("o:errorPath", "") == path


def submit(plain: Plain, count: int, key: str = "", prefer: str = "respond-async") -> Response:
    items = [order(externalId=f"shop-{number}") for number in range(count)]
    headers = {"Content-Type": COLLECTION, "Prefer": prefer, "X-NetSuite-Idempotency-Key": key}
    return plain.send("POST", "/services/rest/record/v1/salesOrder", {"items": items}, headers)


def test_a_job_takes_1_to_100_records_and_only_asynchronously(plain: Plain) -> None:
    assert submit(plain, 101).code == "INVALID_CONTENT"
    assert submit(plain, 0).code == "INVALID_CONTENT"
    assert submit(plain, 1, prefer="").code == "INVALID_HEADER"
    taken = submit(plain, 100)
    assert (taken.status, taken.headers["Location"]) == (202, "/services/rest/async/v1/job/1001")


def test_a_key_that_was_used_before_names_the_earlier_job(plain: Plain) -> None:
    first = submit(plain, 2, "key-1")
    again = submit(plain, 2, "key-1")

    assert (again.status, again.code) == (400, "IDEMPOTENCY_ERROR")
    assert again.headers["Location"] == first.headers["Location"]


def test_a_job_is_pending_until_it_has_run(plain: Plain, simulator: NetSuiteSimulator) -> None:
    simulator.rest.jobs.working.clear()
    path = submit(plain, 2).headers["Location"]
    assert plain.send("GET", path).body["completed"] is False

    simulator.rest.jobs.working.set()
    while not plain.send("GET", path).body["completed"]:
        pass

    assert plain.send("GET", f"{path}/task/1/result").body["status"] == 204
    assert len(simulator.records()["salesOrders"]) == 2


def test_a_role_without_the_right_is_told_so(plain: Plain, simulator: NetSuiteSimulator) -> None:
    simulator.denied.add("salesOrder")
    refused = put(plain)
    assert (refused.status, refused.code) == (403, "INSUFFICIENT_PERMISSION")

    simulator.denied.add("webServices")
    assert plain.ask("SELECT c.id FROM customer c").status == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/services/rest/record/v1/nothing/1", 404),
        ("GET", "/services/rest/record/v1/salesOrder/99", 404),
        ("PATCH", "/services/rest/record/v1/salesOrder/99", 404),
        ("DELETE", "/services/rest/record/v1/salesOrder/99", 405),
        ("GET", "/services/rest/async/v1/job/99", 404),
        ("GET", "/services/rest/other", 404),
    ],
)
def test_what_is_not_there_is_not_found(plain: Plain, method: str, path: str, status: int) -> None:
    assert plain.send(method, path, order() if method == "PATCH" else None).status == status


def test_a_customers_own_fields_stay_until_they_are_emptied_by_name(simulator: NetSuiteSimulator, plain: Plain) -> None:
    [customer, *_] = simulator.books.customers.values()
    path = f"/services/rest/record/v1/customer/{customer.internal_id}"
    first, second = CUSTOM_FIELDS["entityCustomField"]

    def held() -> dict[str, str]:
        fields = customer.values.get("customFieldList", {"customField": []})["customField"]
        return {field["scriptId"]: field["value"] for field in fields}

    assert plain.send("PATCH", path, {first: "one"}).status == 204
    assert plain.send("PATCH", path, {second: "two"}).status == 204
    assert held() == {first: "one", second: "two"}

    assert plain.send("PATCH", path, {first: None}).status == 204
    assert held() == {second: "two"}
    assert plain.send("PATCH", path, {second: None}).status == 204
    assert "customFieldList" not in customer.values
