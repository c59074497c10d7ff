"""What holds for every answer: its headers, and that the published contract says what is really answered."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def test_every_answer_carries_the_security_headers(site: Any) -> None:
    answers = [
        site.deliver(),
        site.deliver(x_shop_hmac="f"),
        site.deliver(connection="nobody"),
        site.deliver(connection="broken"),
        site.deliver(b"x" * 100_001),
        *(
            site.send(path, None, {}, "GET")
            for path in ("/health", "/ready", "/openapi.json", "/nowhere", "/webhooks/x")
        ),
        *(site.visitor().get(path) for path in ("/", "/console", "/console/sign-in", "/console/nowhere")),
        site.visitor().post("/console/sign-in", name="x" * 20_000),
        site.signed_in().get("/console"),
    ]
    assert {answer.status_code for answer in answers} == {200, 303, 401, 404, 405, 413, 500}
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.request.url
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_loads_scripts_from_elsewhere(site: Any) -> None:
    for path in ("/docs", "/redoc"):
        assert site.send(path, None, {}, "GET").status_code == 404


@pytest.fixture
def contract(site: Any) -> Callable[[str, str, Any], None]:
    """Checks an answer against what the document says of its address and status."""
    document = site.send("/openapi.json", None, {}, "GET").json()

    def check(path: str, method: str, answer: Any) -> None:
        responses = document["paths"][path][method]["responses"]
        schema = responses[str(answer.status_code)]["content"][answer.headers["Content-Type"]]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        jsonschema.validate(answer.json(), document["components"]["schemas"][name] | {"additionalProperties": False})

    return check


def test_the_contract_says_what_a_webhook_is_answered(site: Any, contract: Any) -> None:
    answers = [
        site.deliver(x_shop_delivery="a"),
        site.deliver(x_shop_delivery="a"),
        site.deliver(x_shop_hmac="f"),
        site.deliver(connection="nobody"),
        site.deliver(connection="erp"),
        site.deliver(connection="broken"),
        site.deliver(b"x" * 100_001),
    ]
    with site.database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
    answers.append(site.deliver())
    assert [answer.status_code for answer in answers] == [200, 200, 401, 404, 404, 500, 413, 503]
    for answer in answers:
        contract("/webhooks/{connection}", "post", answer)


def test_the_contract_promises_nothing_else(site: Any) -> None:
    document = site.send("/openapi.json", None, {}, "GET").json()
    here = {path for path, item in document["paths"].items() if item["servers"][0]["url"] == "/"}
    assert here == {"/webhooks/{connection}", "/health", "/ready"}
    # The others are what a shop implements that has no system of ours.
    assert {"/ping", "/orders", "/stock"} <= set(document["paths"]) - here
    post = document["paths"]["/webhooks/{connection}"]["post"]
    assert set(post["responses"]) == {"200", "401", "404", "408", "413", "500", "503"}
    assert [parameter["name"] for parameter in post["parameters"]] == ["connection"]
    assert post["requestBody"]["required"]


def test_the_contract_says_what_the_probes_answer(site: Any, contract: Any) -> None:
    contract("/health", "get", site.send("/health", None, {}, "GET"))
    contract("/ready", "get", site.send("/ready", None, {}, "GET"))
    with site.database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    answer = site.send("/ready", None, {}, "GET")
    assert answer.status_code == 503
    contract("/ready", "get", answer)
