"""The simulator attacked, and held to its promises, by plain requests."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from erpsync.sandbox.faults import FaultySimulator
from erpsync.systems.odoo import SPEC
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from erpsync.testing.barrier import Meeting, together
from tests.odoo_server import OdooServer

GOOD = {"Authorization": f"bearer {API_KEY}", "X-Odoo-Database": DATABASE, "Content-Type": "application/json"}
BODY = b'{"domain": [], "limit": 1}'


@pytest.fixture
def url(faulty: tuple[OdooServer, FaultySimulator]) -> str:
    return f"{faulty[0].url}/json/2/res.partner/search"


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "User not authenticated"),
        ("Basic abc", "User not authenticated"),
        ("bearer", "User not authenticated"),
        ("bearer ", "User not authenticated"),
        (f"bearer {API_KEY}0", "Invalid apikey"),
        (f"bearer {API_KEY[:-1]}", "Invalid apikey"),
        (f"bearer {API_KEY.upper()}", "Invalid apikey"),
        ("bearer é", "Invalid apikey"),
    ],
)
def test_nobody_gets_in_without_the_key(url: str, authorization: str, message: str) -> None:
    headers: dict[str, str | bytes] = {**GOOD, "Authorization": authorization.encode("latin-1")}
    reply = requests.post(url, BODY, headers=headers, timeout=60)
    assert (reply.status_code, reply.json()["message"].startswith(message)) == (401, True)


def test_the_scheme_may_be_written_in_capitals(url: str) -> None:
    headers = {**GOOD, "Authorization": f"Bearer {API_KEY}"}
    assert requests.post(url, BODY, headers=headers, timeout=60).status_code == 200


def test_without_a_database_header_the_only_database_answers(url: str) -> None:
    headers = {name: value for name, value in GOOD.items() if name != "X-Odoo-Database"}
    assert requests.post(url, BODY, headers=headers, timeout=60).json() == [1]


@pytest.mark.parametrize(
    ("method", "body", "content_type", "status"),
    [
        ("GET", b"", "application/json", 404),
        ("POST", b"{bad", "application/json", 400),
        ("POST", b"\xff\xfe", "application/json", 400),
        ("POST", b"[]", "application/json", 422),
        ("POST", BODY, "text/plain", 415),
        ("POST", BODY, "application/x-www-form-urlencoded", 415),
    ],
)
def test_requests_that_are_no_calls(url: str, method: str, body: bytes, content_type: str, status: int) -> None:
    reply = requests.request(method, url, data=body, headers={**GOOD, "Content-Type": content_type}, timeout=60)
    assert reply.status_code == status


def test_one_call_runs_into_another_that_makes_the_same_external_id() -> None:
    """Both arrive, one waits for the other, and cannot see what it made."""
    meeting = Meeting(2)
    simulator = OdooSimulator(between=lambda _: meeting.arrive())
    body = {"fields": ["id", "name"], "data": [["erpsync.one", "One"], ["erpsync.two", "Two"]]}
    ended = together(*[lambda: call(simulator, "res.partner/load", body)] * 2)
    loser, winner = sorted((each.result() for each in ended), key=lambda answer: bool(answer["ids"]))
    assert (loser["ids"], len(winner["ids"])) == (False, 2)
    assert ["could not serialize" in message["message"] for message in loser["messages"]] == [True, True]
    assert call(simulator, "res.partner/load", body)["ids"] == winner["ids"]
    assert sum(row["name"] in ("One", "Two") for row in simulator.records()["res.partner"]) == 2


def test_calls_at_once_lose_nothing() -> None:
    simulator = OdooSimulator()
    before = len(simulator.records()["res.partner"])
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda n: call(simulator, "res.partner/create", {"vals_list": [{"name": f"N{n}"}]}), range(80))
        )
    assert len({number for [number] in made}) == 80
    assert len(simulator.records()["res.partner"]) == before + 80


def test_the_seed_is_the_one_that_all_simulators_share() -> None:
    records = OdooSimulator().records()
    products = {row["default_code"]: row["list_price"] for row in records["product.product"]}
    assert (products["SKU-0001"], products["SKU-0050"], "SKU-9999" in products) == (6.9, 55.9, False)
    emails = {row["email"] for row in records["res.partner"]}
    assert emails == {f"customer-{number}@example.com" for number in range(1, 11)}
    assert records["sale.order"] == []


def test_its_settings_are_what_a_connection_needs() -> None:
    assert SPEC.open_simulator is not None
    simulator = SPEC.open_simulator()
    settings = OdooSettings.model_validate(dict(simulator.settings("http://127.0.0.1:1")))
    assert settings.database == DATABASE
    assert len(settings.taxes) == len(settings.taxes_included) == 2


def test_requests_are_named_for_aiming_faults() -> None:
    simulator = OdooSimulator()
    assert simulator.operation({"PATH_INFO": "/json/2/sale.order/load"}, b"") == "sale.order/load"
    assert simulator.operation({"PATH_INFO": "/web/version"}, b"") == "web/version"


def test_the_documented_example_gets_the_documented_answer(contracts: Path, url: str) -> None:
    example = json.loads((contracts / "odoo" / "json2_examples.json").read_text())
    base = url.removesuffix("/json/2/res.partner/search")
    wanted = example["request"]
    assert wanted["headers"].keys() == GOOD.keys()
    headers = {**wanted["headers"], "Authorization": GOOD["Authorization"], "X-Odoo-Database": DATABASE}
    call_body = {"vals_list": [{"name": "Deco Addict", "is_company": True}]}
    requests.post(f"{base}/json/2/res.partner/create", json=call_body, headers=GOOD, timeout=60)
    reply = requests.request(
        wanted["method"], base + wanted["path"], data=json.dumps(wanted["body"]), headers=headers, timeout=60
    )
    assert [row.keys() for row in reply.json()] == [row.keys() for row in example["response_200"]]
    assert [row["name"] for row in reply.json()] == ["Deco Addict"]
    refused = requests.post(url, BODY, headers={**GOOD, "Authorization": "bearer x"}, timeout=60)
    documented = example["response_401"]
    assert refused.json().keys() == documented.keys()
    assert {name: refused.json()[name] for name in ("name", "message", "arguments", "context")} == {
        name: documented[name] for name in ("name", "message", "arguments", "context")
    }
    version = requests.get(f"{base}/web/version", timeout=60).json()
    assert version == example["version_probe"]["response"]


def call(simulator: OdooSimulator, operation: str, body: object) -> Any:
    """One call without a server in between."""
    from_wire = json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/json/2/{operation}",
        "HTTP_AUTHORIZATION": f"bearer {API_KEY}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(from_wire)),
        "wsgi.input": _Body(from_wire),
    }
    return json.loads(b"".join(simulator(environ, lambda *_: None)))


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, length: int) -> bytes:
        return self._content[:length]
