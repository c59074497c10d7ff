"""Client credentials over real sockets: when a token is asked for, and what becomes of refusals."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from erpsync.domain.errors import OutcomeUnknown, SyncError, Throttled, Transient, Unavailable
from erpsync.testing.clock import TestClock
from erpsync.transport.http import HttpClient
from erpsync.transport.oauth import ClientCredentials

SECRET = "s3cret&with=signs"


@dataclass
class Remote:
    """A token endpoint and an API that takes the latest token only."""

    server: HTTPServer
    clock: TestClock
    lasts: object = 3600
    answer: Response | None = None
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    refused: int = 0
    """How many requests are still to be answered 401."""

    def __post_init__(self) -> None:
        self.server.expect_request("/token").respond_with_handler(self._token)
        self.server.expect_request("/thing").respond_with_handler(self._thing)
        self.http = HttpClient("erp", self.server.url_for(""), self.clock, settle_seconds=7)
        self.tokens = ClientCredentials(
            "erp", self.server.url_for("/token"), "the-app", SecretStr(SECRET), scope="erp/.default", clock=self.clock
        )

    def call(self, method: str = "GET", **more: object) -> int:
        return self.tokens.call(self.http, method, "/thing", write=method != "GET", **more).status  # type: ignore[arg-type]

    def _token(self, request: Request) -> Response:
        self.forms.append(parse_qs(request.get_data(as_text=True)))
        if self.answer is not None:
            return self.answer
        body = {"token_type": "Bearer", "expires_in": self.lasts, "access_token": f"token-{len(self.forms)}"}
        return Response(json.dumps(body), content_type="application/json")

    def _thing(self, request: Request) -> Response:
        self.used.append(request.headers["Authorization"])
        if self.refused:
            self.refused -= 1
            return Response(status=401)
        return Response("{}", status=200)


@pytest.fixture
def remote(httpserver: HTTPServer) -> Remote:
    return Remote(httpserver, TestClock())


def test_one_token_serves_many_calls(remote: Remote) -> None:
    assert [remote.call() for _ in range(3)] == [200, 200, 200]
    assert remote.used == ["Bearer token-1"] * 3
    [form] = remote.forms
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["the-app"],
        "client_secret": [SECRET],
        "scope": ["erp/.default"],
    }


def test_a_token_is_renewed_before_it_ends(remote: Remote) -> None:
    remote.call()
    remote.clock.advance(3600 - 301)
    remote.call()
    assert len(remote.forms) == 1
    remote.clock.advance(2)
    remote.call()
    assert remote.used[-1] == "Bearer token-2"


@pytest.mark.parametrize(("lasts", "renewed_after"), [(60, 30), ("3599", 3299)])
def test_short_tokens_and_times_as_text_are_understood(remote: Remote, lasts: object, renewed_after: int) -> None:
    remote.lasts = lasts
    remote.call()
    remote.clock.advance(renewed_after - 1)
    remote.call()
    assert len(remote.forms) == 1
    remote.clock.advance(1)
    remote.call()
    assert len(remote.forms) == 2


def test_a_token_refused_before_its_time_is_renewed_once(remote: Remote) -> None:
    remote.call()
    remote.refused = 1
    assert remote.call("POST", json_body={"a": 1}) == 200
    assert remote.used == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_second_refusal_is_the_end_of_it(remote: Remote) -> None:
    remote.refused = 2
    with pytest.raises(Unavailable) as refused:
        remote.call("POST", json_body={"a": 1})
    assert refused.value.code == "credentials-refused"
    assert len(remote.used) == 2
    remote.refused = 2
    assert remote.call(returns=(401,)) == 401


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            401,
            {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET}"},
            Unavailable,
            "AADSTS7000215",
        ),
        (
            400,
            {"error": "unauthorized_client", "error_description": "AADSTS700016: x"},
            Unavailable,
            "unauthorized_client",
        ),
        (404, {}, Unavailable, "404"),
        (400, {"error": "temporarily_unavailable"}, Throttled, "patience"),
        (200, {"expires_in": 3600}, Transient, "no token"),
        (200, {"access_token": "x", "expires_in": "soon"}, Transient, "no token"),
        (200, [], Transient, "no token"),
    ],
)
def test_what_the_token_endpoint_refuses_is_said_without_secrets(
    remote: Remote, status: int, body: object, kind: type[SyncError], said: str
) -> None:
    remote.answer = Response(json.dumps(body), status=status, content_type="application/json")
    with pytest.raises(kind) as refused:
        remote.call("POST", json_body={"a": 1})
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
    assert remote.used == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: Response(status=429, headers={"Retry-After": "17"}), Throttled),
        (lambda: Response(status=503, headers={"Retry-After": "17"}), Unavailable),
        (lambda: Response(status=502), Unavailable),
    ],
)
def test_a_token_endpoint_in_trouble_leaves_no_write_in_doubt(
    remote: Remote, answer: Callable[[], Response], kind: type[SyncError]
) -> None:
    remote.answer = answer()
    with pytest.raises(kind) as trouble:
        remote.call("POST", json_body={"a": 1})
    assert not isinstance(trouble.value, OutcomeUnknown)
    assert remote.used == []


def test_the_token_itself_is_shown_nowhere(remote: Remote) -> None:
    remote.call()
    assert "token-1" not in repr(remote.tokens)
    assert SECRET not in repr(vars(remote.tokens))
