"""Requests signed by OAuth 1.0a."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import SecretStr
from requests import PreparedRequest, Request

from erpsync.ports.runtime import Tools
from erpsync.transport.oauth1 import RequestSigner

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Noon:
    def now(self) -> datetime:
        return NOON


def tools() -> Tools:
    numbers = count(1)
    return Tools(clock=Noon(), nonce=lambda: f"nonce-{next(numbers)}", cache_directory=Path("/nonexistent"))


def prepared(signer: RequestSigner, url: str, **more: object) -> PreparedRequest:
    return Request("POST" if more else "GET", url, auth=signer, **more).prepare()  # type: ignore[arg-type]


def test_the_query_is_signed_as_rfc_5849_says() -> None:
    signed = prepared(RequestSigner("ck_a", SecretStr("cs_b"), tools()), "http://127.0.0.1:81/shop/o?sku=A%2CB&b=1")
    values = dict(parse_qsl(urlsplit(str(signed.url)).query))
    signature = values.pop("oauth_signature")
    assert values["oauth_timestamp"] == str(int(NOON.timestamp()))
    assert values["oauth_signature_method"] == "HMAC-SHA256"
    parameters = "&".join(f"{quote(key, '')}={quote(value, '')}" for key, value in sorted(values.items()))
    base = "&".join(quote(part, "") for part in ("GET", "http://127.0.0.1:81/shop/o", parameters))
    assert signature == base64.b64encode(hmac.new(b"cs_b&", base.encode(), hashlib.sha256).digest()).decode()
    assert values["sku"] == "A,B"


def test_every_request_has_a_nonce_of_its_own() -> None:
    signer = RequestSigner("ck_a", SecretStr("cs_b"), tools())
    nonces = {dict(parse_qsl(urlsplit(str(prepared(signer, "http://h/o").url)).query))["oauth_nonce"] for _ in "123"}
    assert len(nonces) == 3
    assert {len(nonce) for nonce in nonces} == {32}


def test_a_json_body_is_sent_and_not_signed() -> None:
    one, two = (
        prepared(RequestSigner("ck_a", SecretStr("cs_b"), tools()), "http://h/o", json={"a": value}) for value in (1, 2)
    )
    assert one.body != two.body
    assert one.url == two.url


def test_the_address_the_server_knows_itself_by_is_signed_and_the_other_is_called() -> None:
    behind = RequestSigner(
        "ck_a",
        SecretStr("cs_b"),
        tools(),
        called_address="http://10.0.0.7:8080",
        own_address="http://shop.example.com/",
    )
    direct = RequestSigner("ck_a", SecretStr("cs_b"), tools())
    called = str(prepared(behind, "http://10.0.0.7:8080/wp-json/o?a=1").url)
    assert called.startswith("http://10.0.0.7:8080/wp-json/o?")
    assert urlsplit(called).query == urlsplit(str(prepared(direct, "http://shop.example.com/wp-json/o?a=1").url)).query


def test_the_secret_is_in_no_part_of_the_request() -> None:
    signed = prepared(RequestSigner("ck_a", SecretStr("cs_secret"), tools()), "http://h/o")
    assert "cs_secret" not in f"{signed.url}{signed.headers}"
