"""What the tests of NetSuite by REST share: a served account, and plain requests to it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import jwt

from erpsync.domain.ids import TargetId
from erpsync.domain.orders import Order
from erpsync.ports.erp_records import OrderDraft
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.netsuite.adapter import NetSuiteErp
from erpsync.systems.netsuite.rest_adapter import NetSuiteRestErp
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.simulator import NetSuiteSimulator, create
from erpsync.systems.netsuite.simulator_rest import RestFace
from tests.systems.netsuite.stand import MovableClock

HOST = "netsuite.test"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"


@dataclass
class Account:
    """A served account. `clock` is this machine's; the account has its own."""

    simulator: NetSuiteSimulator
    served: Served
    tools: Tools
    clock: MovableClock

    def settings(self, **changes: Any) -> NetSuiteSettings:
        return NetSuiteSettings(**{**self.served.settings, **self.simulator.rest.settings(), **changes})

    def erp(self, **changes: Any) -> NetSuiteRestErp:
        return NetSuiteRestErp(self.settings(**changes), self.tools)

    def soap(self, **changes: Any) -> NetSuiteErp:
        """The same account by the other transport."""
        settings = NetSuiteSettings(**{**self.served.settings, **changes})
        return NetSuiteErp(settings, self.tools)

    def draft(self, order: Order, reference: str = "") -> OrderDraft:
        return OrderDraft(reference or f"shop-{order.source_id}", order, self.customer_id)

    def orders(self) -> list[dict[str, Any]]:
        return self.served.records()["salesOrders"]

    def fault(self, fault: Fault) -> Fault:
        return self.served.faulty.add(fault)

    def calls(self, operation: str) -> int:
        return self.served.faulty.operations.get(operation, 0)

    @property
    def customer_id(self) -> TargetId:
        return TargetId(self.served.records()["customers"][0]["internalId"])


@contextmanager
def account(
    tools: Tools, simulator: NetSuiteSimulator | None = None, clock: MovableClock | None = None, **face: Any
) -> Iterator[Account]:
    """`face` are settings of the REST face."""
    clock = clock or MovableClock()
    simulator = simulator or create()
    if face:
        simulator.rest = RestFace(simulator.books, simulator.access, simulator.denied, simulator.books.now, **face)
    with serve({"netsuite": simulator}) as served:
        yield Account(simulator, served["netsuite"], replace(tools, clock=clock), clock)


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """NetSuite's code of the error."""
        return str(self.body["o:errorDetails"][0]["o:errorCode"])

    @property
    def detail(self) -> str:
        return str(self.body["o:errorDetails"][0]["detail"])


class Plain:
    """Requests to the simulator as anybody may send them, without the adapter's care."""

    def __init__(self, simulator: NetSuiteSimulator) -> None:
        self._simulator = simulator
        self.token = ""

    def form(self, claims: Mapping[str, object] | None = None, **header: Any) -> dict[str, str]:
        """A request for a token that is right but for the given claims and header."""
        certificates = self._simulator.rest.certificates
        now = int(self._simulator.books.now().timestamp())
        right = {
            "iss": certificates.client_id,
            "scope": "rest_webservices",
            "aud": f"http://{HOST}{TOKEN_PATH}",
            "iat": now,
            "exp": now + 300,
        }
        key = header.pop("key", certificates.key)
        headers = {"kid": certificates.certificate_id, **header}
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({**right, **(claims or {})}, key, "ES256", headers=headers),
        }

    def sign_in(self) -> None:
        self.token = self.exchange(self.form()).body["access_token"]

    def exchange(self, form: Mapping[str, str]) -> Response:
        return self.send("POST", TOKEN_PATH, urlencode(form).encode())

    def ask(self, query: str, params: str = "limit=10", prefer: str = "transient") -> Response:
        headers = {"Prefer": prefer} if prefer else {}
        return self.send("POST", f"/services/rest/query/v1/suiteql?{params}", {"q": query}, headers)

    def send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Response:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": BytesIO(content),
            "wsgi.url_scheme": "http",
            "HTTP_HOST": HOST,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()},
            "CONTENT_TYPE": given["Content-Type"],
        }
        answered: list[Any] = []
        parts = self._simulator(environ, lambda status, headers: answered.extend((status, headers)))
        text = b"".join(parts)
        return Response(int(answered[0].split()[0]), dict(answered[1]), json.loads(text) if text else None)
