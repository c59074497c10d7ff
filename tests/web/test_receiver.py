"""What a store is answered, and what the inbox holds then."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog

ALL = "SELECT connection, delivery_key, topic, body FROM inbox ORDER BY id"


def test_a_good_delivery_is_kept_whole_before_it_is_confirmed(site: Any) -> None:
    body = b'{"id": "1",  "note": "\xc3\xa9"}\n'
    answer = site.deliver(body, x_shop_delivery="a")
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    assert site.rows(ALL) == [("shop", "a", "orders/create", body)]


def test_workers_are_called_after_the_commit_and_once(site: Any) -> None:
    site.deliver(x_shop_delivery="a")
    site.deliver(x_shop_delivery="a")
    assert site.wake.rows_at_intake == [1]


def test_a_repeat_is_a_duplicate_and_another_connections_is_not(site: Any) -> None:
    answers = [site.deliver(x_shop_delivery="a", connection=name) for name in ("shop", "shop", "second")]
    assert [answer.json()["status"] for answer in answers] == ["stored", "duplicate", "stored"]
    assert {answer.status_code for answer in answers} == {200}
    assert site.rows("SELECT connection FROM inbox ORDER BY id") == [("shop",), ("second",)]


def test_concurrent_repeats_are_one_row(site: Any) -> None:
    together = threading.Barrier(8)
    headers = site.signed(b"{}", x_shop_delivery="a")

    def deliver(_: int) -> str:
        together.wait(60)
        return site.send("/webhooks/shop", b"{}", headers).json()["status"]

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(deliver, range(8)))
    assert statuses == ["duplicate"] * 7 + ["stored"]
    assert site.rows("SELECT count(*) FROM inbox") == [(1,)]


def test_different_deliveries_at_once_are_all_kept(site: Any) -> None:
    def deliver(number: int) -> str:
        body = b'{"n": %d}' % number
        headers = site.signed(body)
        # As a store does it. A machine that is very slow does not keep up with so many at once.
        while (answer := site.send("/webhooks/shop", body, headers)).status_code == 503:
            pass
        return str(answer.json()["status"])

    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(deliver, range(60)))
    assert statuses <= {"stored", "duplicate"}
    assert site.rows("SELECT count(*), count(DISTINCT body) FROM inbox") == [(60, 60)]


def test_what_cannot_be_read_is_kept_all_the_same(site: Any) -> None:
    answer = site.deliver(b"\x00\xff not JSON")
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    assert site.rows("SELECT body, state FROM inbox") == [(b"\x00\xff not JSON", "new")]


def test_an_empty_body_is_kept(site: Any) -> None:
    assert site.deliver(b"").status_code == 200
    assert site.rows("SELECT body FROM inbox") == [(b"",)]


@pytest.mark.parametrize("hmac", ["0" * 64, "", "\xff", "not hexadecimal"])
def test_a_wrong_signature_gets_the_reason_and_nothing_else(site: Any, hmac: str) -> None:
    answer = site.deliver(b'{"id": "1"}', x_shop_hmac=hmac.encode("latin-1"))
    assert (answer.status_code, answer.json()) == (401, {"detail": "The signature does not match the body."})
    assert site.rows(ALL) == []
    site.eventually(
        "SELECT connection, reason, count FROM refusals", [("shop", "The signature does not match the body.", 1)]
    )


def test_a_changed_body_is_refused(site: Any) -> None:
    headers = site.signed(b'{"total": "10"}')
    assert site.send("/webhooks/shop", b'{"total": "99"}', headers).status_code == 401


def test_refusals_are_counted_and_invented_names_are_not_kept(site: Any) -> None:
    for _ in range(3):
        site.send("/webhooks/shop", b"{}", {})
    unknown = site.deliver(connection="%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    other = site.deliver(connection="nobody")
    silent = site.deliver(connection="erp")
    assert [unknown.status_code, other.status_code, silent.status_code] == [404, 404, 404]
    assert other.json() == {"detail": "There is no such connection."}
    assert silent.json() == {"detail": "This connection sends no webhooks."}
    site.eventually(
        "SELECT connection, reason, count FROM refusals ORDER BY connection, reason",
        [
            ("?", "There is no such connection.", 1),
            ("erp", "This connection sends no webhooks.", 1),
            ("shop", "The delivery is not signed.", 3),
        ],
    )
    assert unknown.json() == {"detail": "There is nothing at this address."}  # %2F is a slash: another address
    assert site.rows(ALL) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_told_what_the_address_is_for(site: Any, method: str) -> None:
    answer = site.send("/webhooks/shop", None, {}, method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    if method != "HEAD":
        assert answer.json() == {
            "detail": "Stores deliver webhooks to this address by POST; there is nothing to read here."
        }


def test_a_fault_of_a_system_is_a_500_that_the_store_repeats(site: Any) -> None:
    answer = site.deliver(b'{"name": "Ada"}', connection="broken")
    assert answer.status_code == 500
    assert answer.json() == {
        "detail": "Something went wrong inside erpsync. It is in the log; nothing was changed halfway."
    }
    assert site.rows(ALL) == []


def test_headers_are_kept_without_those_that_prove_the_sender(site: Any) -> None:
    secrets = {
        "Authorization": "Bearer s3cret",
        "Cookie": "s=s3cret",
        "Proxy-Authorization": "s3cret",
        "X-Access-Token": "s3cret",
        "X-Client-Secret": "s3cret",
        "X-Webhook-Signature": "s3cret",
        "X-Api-Key": "s3cret",
    }
    many = {f"X-Filler-{n}": "f" for n in range(70)}
    headers = site.signed(b"{}") | secrets | {"X-Long": "l" * 3000} | many
    assert site.send("/webhooks/shop", b"{}", headers).status_code == 200
    [(kept,)] = site.rows("SELECT headers FROM inbox")
    assert "s3cret" not in json.dumps(kept)
    assert not {"x-shop-hmac", "authorization", "cookie"} & kept.keys()
    assert kept["x-shop-topic"] == "orders/create"
    assert kept["x-long"] == "l" * 1000
    assert len(kept) == 60


def test_logs_tell_the_outcome_and_nothing_of_the_content(site: Any) -> None:
    body = b'{"email": "ada@example.com"}'
    with structlog.testing.capture_logs() as events:
        site.deliver(body, cookie="c00kie")
        site.deliver(body, x_shop_hmac="f0rged")
        site.deliver(body, connection="inv3nted")
    assert [(event["connection"], event["outcome"], event["bytes"]) for event in events] == [
        ("shop", "stored", len(body)),
        ("shop", "The signature does not match the body.", len(body)),
        ("?", "There is no such connection.", 0),
    ]
    for word in ("ada@", "c00kie", "f0rged", "inv3nted", "between the shop"):
        assert word not in str(events)
